package e2e

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dkimd/internal/verifiers"
)

// dkimdConfig is the configuration of dkimd. Of mail without a login, that of
// the host itself and that of a relay are trusted with a domain each.
const dkimdConfig = `[[listener]]
address = "unix:%s/dkimd/dkimd.sock"
mode = "0660"
group = "postfix"

[keys]
store = "%s"
algorithms = ["rsa", "ed25519"]

[http]
listen = "127.0.0.1:%d"

[log]
format = "json"

[[network]]
cidr = ["127.0.0.1"]
domains = ["hosting.example"]

[[network]]
cidr = ["127.0.0.3"]
domains = ["example.jp"]
`

// machine is a mail server of a hosting company: Postfix, and dkimd beside it.
type machine struct {
	*postfix
	*dkimd
	hop     *nextHop
	program string // that is dkimd
	store   string
	config  string
	http    int               // port of dkimd's metrics
	records map[string]string // value by host

	verifiers []verifiers.Verifier
	// past are messages that are not to go through dkimd.
	past map[string]bool
}

// options are what differs from machine to machine.
type options struct {
	dkimd    string            // more of its configuration
	services map[string]string // more services of Postfix
	postfix  []string          // settings
	program  string            // that is dkimd; empty: as it is installed
	disk     string            // size of the store's file system; empty: it has none of its own
	hop      *nextHop          // zero: one with 8BITMIME and SMTPUTF8
	relayTo  *postfix          // before hop
}

// startMachine starts a machine with active keys for three domains.
func startMachine(t testing.TB, o options) *machine {
	t.Helper()
	if o.hop == nil {
		o.hop = startNextHop(t, "8BITMIME", "SMTPUTF8")
	}
	if o.program == "" {
		o.program = program(t, "dkimd")
	}
	port := o.hop.port()
	if o.relayTo != nil {
		port = o.relayTo.ports[port25]
	}
	m := &machine{postfix: newPostfix(t, port, o.services), hop: o.hop, program: o.program, verifiers: verifiers.All(t), past: map[string]bool{}}
	m.set(t, append([]string{
		"smtpd_milters = unix:/dkimd/dkimd.sock", // as seen from inside of the chroot
		"milter_default_action = tempfail",
	}, o.postfix...)...)

	m.makeSocketDir(t)
	m.store = filepath.Join(m.dir, "store")
	if o.disk != "" {
		mountDisk(t, m.store, o.disk)
	}
	m.config = filepath.Join(m.dir, "dkimd.toml")
	m.http = freePorts(t, 1)[0]
	m.configure(t, o.dkimd)
	m.records = genkey(t, m.config, "example.jp", "example.com", "hosting.example")

	m.postfix.start(t)
	m.startDkimd(t)
	t.Cleanup(func() { m.checkLog(t) })
	return m
}

// makeSocketDir makes the directory of the socket as systemd-tmpfiles does.
func (m *machine) makeSocketDir(t testing.TB) {
	t.Helper()
	dir := filepath.Join(m.queue, "dkimd")
	owner, err := user.Lookup("dkimd")
	if err != nil {
		t.Fatal(err)
	}
	group, err := user.LookupGroup("postfix")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(dir, int(number(t, owner.Uid)), int(number(t, group.Gid))); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, os.ModeSetgid|0o750); err != nil {
		t.Fatal(err)
	}
}

// configure writes dkimd's configuration, with more at its end.
func (m *machine) configure(t testing.TB, more string) {
	t.Helper()
	writeFile(t, m.config, fmt.Sprintf(dkimdConfig, m.queue, m.store, m.http)+more)
}

func (m *machine) startDkimd(t testing.TB) {
	t.Helper()
	m.dkimd = startDkimd(t, m.program, m.config, filepath.Join(m.dir, "dkimd.log"))
}

// line returns the one line that dkimd has logged of a message.
func (m *machine) line(t testing.TB, id string) map[string]any {
	t.Helper()
	lines := m.find(t, "queue_id", id)
	if len(lines) != 1 {
		t.Fatalf("dkimd has %d lines of %s, want 1: %v", len(lines), id, lines)
	}
	return lines[0]
}

// checkSigned checks that a message arrived at the next hop with a signature of
// each key of a domain, and no other, and that dkimd says so.
func (m *machine) checkSigned(t testing.TB, id, to, domain string) {
	t.Helper()
	text := m.hop.wait(t, to).text
	verifiers.Check(t, m.verifiers, text, m.records, domain)

	var selectors []string
	for host := range m.records {
		if selector, ok := strings.CutSuffix(host, "._domainkey."+domain); ok {
			selectors = append(selectors, selector)
		}
	}
	slices.Sort(selectors)
	if all := m.signers(t, text); !slices.Equal(all, slices.Repeat([]string{domain}, len(selectors))) {
		t.Errorf("the mail to %s is signed by %v, want %s with %v:\n%s", to, all, domain, selectors, text)
	}
	line := m.line(t, id)
	if line["msg"] != "signed" || line["domain"] != domain || line["selector"] != strings.Join(selectors, ",") {
		t.Errorf("dkimd logs %v of a mail that %s signs with %v", line, domain, selectors)
	}
}

// signers returns the domains of a message's signatures, as far as they are ours.
func (m *machine) signers(t testing.TB, text []byte) []string {
	t.Helper()
	ours := map[string]bool{}
	for host := range m.records {
		_, domain, _ := strings.Cut(host, "._domainkey.")
		ours[domain] = true
	}
	var domains []string
	for _, r := range m.verifiers[0].Verify(t, text, m.records) {
		if ours[r.Domain] {
			domains = append(domains, r.Domain)
		}
	}
	return domains
}

// checkUnsigned checks that a message arrived at the next hop unsigned, and that
// dkimd says why.
func (m *machine) checkUnsigned(t testing.TB, id, to, reason string) {
	t.Helper()
	m.checkNoSignature(t, to)
	if line := m.line(t, id); line["msg"] != "unsigned" || line["reason"] != reason {
		t.Errorf("dkimd logs %v of a mail that is unsigned for the reason %s", line, reason)
	}
}

// checkPast checks that a message arrived at the next hop without having come
// by dkimd.
func (m *machine) checkPast(t testing.TB, to string) {
	t.Helper()
	m.checkNoSignature(t, to)
	id := arrivedAs(t, m.hop.wait(t, to))
	m.past[id] = true
}

func (m *machine) checkNoSignature(t testing.TB, to string) {
	t.Helper()
	text := m.hop.wait(t, to).text
	if all := m.signers(t, text); len(all) > 0 {
		t.Errorf("the mail to %s is signed by %v:\n%s", to, all, text)
	}
}

var receivedID = regexp.MustCompile(`(?ms)^Received:.*?\sid (\w+)`)

// arrivedAs returns the queue id under which Postfix sent a mail.
func arrivedAs(t testing.TB, m mail) string {
	t.Helper()
	match := receivedID.FindSubmatch(m.text)
	if match == nil {
		t.Fatalf("no queue id in\n%s", m.text)
	}
	return string(match[1])
}

// checkLog checks that dkimd has exactly one line of each message that Postfix
// took, but for those that were not to go through dkimd.
func (m *machine) checkLog(t testing.TB) {
	t.Helper()
	lines := map[string][]map[string]any{}
	for _, line := range m.lines(t) {
		if line["msg"] != "signed" && line["msg"] != "unsigned" {
			continue
		}
		id, _ := line["queue_id"].(string)
		if id == "" {
			t.Errorf("a line of a message without its queue id: %v", line)
		}
		lines[id] = append(lines[id], line)
	}
	accepted := m.accepted(t)
	if len(accepted) == 0 {
		t.Error("Postfix took no message")
	}
	for _, id := range accepted {
		want := 1
		if m.past[id] {
			want = 0
		}
		if len(lines[id]) != want {
			t.Errorf("dkimd has %d lines of the message %s, want %d: %v", len(lines[id]), id, want, lines[id])
		}
	}
}
