package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"dkimd/internal/testenv"
)

// debianChroot is what Debian runs before it starts Postfix: it puts into the
// queue directory what services need that are locked in there.
const debianChroot = "/usr/lib/postfix/configure-instance.sh"

// password is that of every login.
const password = "a secret"

// mainCF is what every Postfix here has.
const mainCF = `compatibility_level = 3.6
queue_directory = %[1]s/queue
data_directory = %[1]s/data
maillog_file_prefixes = %[1]s
maillog_file = %[1]s/mail.log
enable_long_queue_ids = yes
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_peername_lookup = no
alias_maps =
local_recipient_maps =
mydestination =
myorigin = hosting.example
myhostname = mail.hosting.example
mynetworks = 127.0.0.1/32, 127.0.0.3/32
relay_domains = example.jp
smtpd_client_event_limit_exceptions = 127.0.0.0/8
smtpd_tls_cert_file = %[1]s/cert.pem
smtpd_tls_key_file = %[1]s/key.pem
cyrus_sasl_config_path = %[1]s/etc/sasl
relayhost = [127.0.0.1]:%[2]d
`

// forCustomers are the options of submission services, as Debian suggests them.
const forCustomers = " -o smtpd_sasl_auth_enable=yes -o smtpd_tls_auth_only=yes -o smtpd_relay_restrictions=" +
	" -o smtpd_recipient_restrictions=reject_non_fqdn_recipient,permit_sasl_authenticated,reject" +
	" -o milter_macro_daemon_name=ORIGINATING"

// Services of every Postfix here.
const (
	port25  = "smtp"
	port587 = "submission"
	port465 = "submissions"
)

var services = map[string]string{
	port25:  "",
	port587: "-o smtpd_tls_security_level=encrypt" + forCustomers,
	port465: "-o smtpd_tls_wrappermode=yes" + forCustomers,
}

// postfix is a Postfix instance of the test's own, its services chrooted as in
// Debian.
type postfix struct {
	dir      string
	etc      string
	queue    string
	ports    map[string]int  // by service
	tlsFirst map[string]bool // services that begin with TLS
	roots    *x509.CertPool
	logins   []string
}

// newPostfix sets up a Postfix that relays all mail to a port on this host. It
// has more services than the usual if they are given, each with its options.
func newPostfix(t testing.TB, relayTo int, more map[string]string) *postfix {
	t.Helper()
	testenv.NeedRoot(t)
	testenv.NeedProgram(t, "postfix", "sendmail", "saslpasswd2", debianChroot)
	dir := tempDir(t)
	p := &postfix{
		dir:    dir,
		etc:    filepath.Join(dir, "etc"),
		queue:  filepath.Join(dir, "queue"),
		roots:  x509.NewCertPool(),
		logins: []string{"taro@example.jp", "hanako@example.com", "jiro@new.example"},
	}
	for _, dir := range []string{p.etc, filepath.Join(p.etc, "sasl"), p.queue, filepath.Join(dir, "data")} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	owner, err := user.Lookup("postfix")
	if err != nil {
		t.Fatal(err)
	}
	uid, gid := int(number(t, owner.Uid)), int(number(t, owner.Gid))
	if err := os.Chown(filepath.Join(dir, "data"), uid, -1); err != nil {
		t.Fatal(err)
	}
	writeFile(t, p.mainCF(), fmt.Sprintf(mainCF, dir, relayTo))
	p.set(t)
	p.writeServices(t, more)
	p.makeCertificate(t)

	runCommand(t, p.command(debianChroot))
	p.makeLogins(t, gid)
	return p
}

// writeServices writes master.cf: Debian's, but with our own ports.
func (p *postfix) writeServices(t testing.TB, more map[string]string) {
	t.Helper()
	debian, err := os.ReadFile("/usr/share/postfix/master.cf.dist")
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for line := range strings.Lines(string(debian)) {
		if !regexp.MustCompile(`^smtp +inet `).MatchString(line) {
			text.WriteString(line)
		}
	}
	all := maps.Clone(services)
	maps.Copy(all, more)
	p.ports, p.tlsFirst = map[string]int{}, map[string]bool{}
	free := freePorts(t, len(all))
	for i, name := range slices.Sorted(maps.Keys(all)) {
		p.ports[name] = free[i]
		p.tlsFirst[name] = strings.Contains(all[name], "smtpd_tls_wrappermode=yes")
		fmt.Fprintf(&text, "127.0.0.1:%d inet n - y - - smtpd %s\n", free[i], all[name])
	}
	writeFile(t, filepath.Join(p.etc, "master.cf"), text.String())
}

// freePorts returns ports that nobody listens on.
func freePorts(t testing.TB, n int) []int {
	t.Helper()
	var ports []int
	for range n {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		ports = append(ports, ln.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// makeCertificate makes the certificate of the services, signed by itself.
func (p *postfix) makeCertificate(t testing.TB) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "mail.hosting.example"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	writeFile(t, filepath.Join(p.dir, "cert.pem"), string(cert))
	writeFile(t, filepath.Join(p.dir, "key.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})))
	p.roots.AppendCertsFromPEM(cert)
}

// makeLogins makes the SASL logins, in a file that smtpd finds in its chroot.
func (p *postfix) makeLogins(t testing.TB, gid int) {
	t.Helper()
	writeFile(t, filepath.Join(p.etc, "sasl/smtpd.conf"),
		"pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: /etc/sasldb2\nmech_list: PLAIN\n")
	db := filepath.Join(p.queue, "etc/sasldb2")
	for _, login := range p.logins {
		name, realm, _ := strings.Cut(login, "@")
		cmd := exec.Command("saslpasswd2", "-p", "-c", "-f", db, "-u", realm, name)
		cmd.Stdin = strings.NewReader(password)
		runCommand(t, cmd)
	}
	if err := os.Chown(db, 0, gid); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(db, 0o640); err != nil {
		t.Fatal(err)
	}
}

// command returns a program of Postfix that works on this instance.
func (p *postfix) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "MAIL_CONFIG="+p.etc)
	return cmd
}

func (p *postfix) mainCF() string { return filepath.Join(p.etc, "main.cf") }

// set changes main.cf: "name = value".
func (p *postfix) set(t testing.TB, settings ...string) {
	t.Helper()
	if len(settings) > 0 {
		runCommand(t, p.command("postconf", append([]string{"-e"}, settings...)...))
	}
	// Postfix waits for seconds until a file is no longer new.
	old := time.Now().Add(-time.Minute)
	if err := os.Chtimes(p.mainCF(), old, old); err != nil {
		t.Fatal(err)
	}
}

// start starts Postfix, which is stopped at the end of the test.
func (p *postfix) start(t testing.TB) {
	t.Helper()
	t.Cleanup(func() {
		if p.running() {
			p.stop(t)
		}
		if t.Failed() {
			t.Logf("Postfix's log:\n%s", p.log(t))
		}
	})
	runCommand(t, exec.Command("postfix", "-c", p.etc, "start"))
}

func (p *postfix) stop(t testing.TB) {
	t.Helper()
	runCommand(t, exec.Command("postfix", "-c", p.etc, "stop"))
	waitFor(t, "Postfix to stop", func() bool { return !p.running() })
}

func (p *postfix) running() bool {
	return exec.Command("postfix", "-c", p.etc, "status").Run() == nil
}

// restart changes main.cf of a running Postfix.
func (p *postfix) restart(t testing.TB, settings ...string) {
	t.Helper()
	p.stop(t)
	p.set(t, settings...)
	runCommand(t, exec.Command("postfix", "-c", p.etc, "start"))
}

// addr returns where a service listens.
func (p *postfix) addr(service string) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.ports[service]))
}

// waitForQueue waits until all that Postfix took has arrived.
func (p *postfix) waitForQueue(t testing.TB) {
	t.Helper()
	waitFor(t, "the queue to be empty", func() bool {
		return strings.Contains(runCommand(t, p.command("postqueue", "-p")), "Mail queue is empty")
	})
}

func (p *postfix) log(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.dir, "mail.log"))
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

var queued = regexp.MustCompile(`/qmgr\[\d+\]: (\w+): from=<`)

// accepted returns the queue ids of all messages that Postfix has taken.
func (p *postfix) accepted(t testing.TB) []string {
	t.Helper()
	var ids []string
	for _, match := range queued.FindAllStringSubmatch(p.log(t), -1) {
		ids = append(ids, match[1])
	}
	slices.Sort(ids)
	return slices.Compact(ids) // a message that is deferred stands there again
}
