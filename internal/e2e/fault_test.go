package e2e

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"dkimd/internal/mta"
)

// A fault is what happens to a file of one domain.
type fault struct {
	name  string
	state bool // to the state file, instead of the private key
	do    func(path string) error
	// What becomes of the domain's mail while it lasts, if the keys are not in
	// memory, or if they are: the reason, or "signed".
	cold, warm      string
	problem, remedy string // in the error, besides the path
}

// Remedies that errors name.
const (
	backup    = "restore it from a backup"
	backupKey = backup + ", or make a new key pair"
	rights    = "give it the owner and group of its directory, and the mode 0640"
)

var faults = []fault{
	{"a private key that is unreadable", false, chmod(0), "store_error", "signed", "permission denied", rights},
	{"a private key of another user", false, own(0), "store_error", "signed", "permission denied", rights},
	{"a private key that is cut", false, cut(40), "bad_key", "signed", "not PEM", backupKey},
	{"a private key that is empty", false, cut(0), "bad_key", "signed", "not PEM", backupKey},
	{"a public key in its place", false, replace(publicKey), "bad_key", "signed", `"PUBLIC KEY"`, backupKey},
	{"a key of another algorithm in its place", false, replace(rsaKey), "bad_key", "signed", "not the private key of the record's public key", backupKey},
	{"another key in its place", false, replace(otherKey), "bad_key", "signed", "not the private key of the record's public key", backupKey},
	{"a directory in its place", false, directory, "bad_key", "signed", "not a regular file", backupKey},
	{"a private key that is gone", false, os.Remove, "bad_key", "signed", "no such file", backupKey},
	{"a state that is unreadable", true, chmod(0), "store_error", "signed", "permission denied", rights},
	{"a state of another user", true, own(0), "store_error", "signed", "permission denied", rights},
	{"a state that is cut", true, cut(40), "bad_key", "bad_key", "unexpected end of JSON", backup},
	{"a state that is empty", true, cut(0), "bad_key", "bad_key", "unexpected end of JSON", backup},
	{"garbage in place of the state", true, garbage, "bad_key", "bad_key", "invalid character", backup},
	{"a directory in place of the state", true, directory, "bad_key", "bad_key", "not a regular file", backup},
	{"a state that is gone", true, os.Remove, "no_key", "no_key", "", ""},
}

func chmod(mode os.FileMode) func(string) error {
	return func(path string) error { return os.Chmod(path, mode) }
}

func own(uid int) func(string) error {
	return func(path string) error { return os.Chown(path, uid, uid) }
}

func cut(size int64) func(string) error {
	return func(path string) error { return os.Truncate(path, size) }
}

func garbage(path string) error { return os.WriteFile(path, []byte("\x00\xff not JSON"), 0o640) }

func directory(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o755)) }

// replace puts PEM into a file.
func replace(make func() (kind string, der []byte, err error)) func(string) error {
	return func(path string) error {
		kind, der, err := make()
		if err != nil {
			return err
		}
		return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o640)
	}
}

func publicKey() (string, []byte, error) {
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	return "PUBLIC KEY", der, err
}

func otherKey() (string, []byte, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	return "PRIVATE KEY", der, err
}

func rsaKey() (string, []byte, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	return "PRIVATE KEY", der, err
}

// Whatever happens to the files of one domain, the mail of all others is signed,
// and when they are mended, its own is, too, without a restart.
func TestFaults(t *testing.T) {
	m := startMachine(t, options{})
	domain := func(i int, kind string) string { return fmt.Sprintf("%s%d.example", kind, i) }
	genkeys := []string{"genkey", "--algorithm", "ed25519", "--selector", "s", "--activate", "--unverified"}
	for i := range faults {
		genkeys = append(genkeys, domain(i, "cold"), domain(i, "warm"))
	}
	if code, _, stderr := dkimctl(t, "root", m.config, genkeys...); code != 0 {
		t.Fatal(stderr)
	}
	path := func(f fault, domain string) string {
		if f.state {
			return filepath.Join(m.store, "state", domain+".json")
		}
		return filepath.Join(m.store, "private", domain, "s.1.pem")
	}
	each := func(do func(f fault, domain, want, path string)) {
		for i, f := range faults {
			cold, warm := domain(i, "cold"), domain(i, "warm")
			do(f, cold, f.cold, path(f, cold))
			do(f, warm, f.warm, path(f, warm))
		}
	}

	c := m.milter(t)
	send := func(domain string) (signed bool) {
		t.Helper()
		r, err := c.Send(submitted(domain))
		if err != nil {
			t.Fatal(err)
		}
		return len(r.Inserted) > 0
	}
	// expect sends a message of each domain, and checks what becomes of it, and
	// what is counted. Mail that is unsigned for one reason is deferred, other mail
	// is not.
	expect := func(deferred string) {
		t.Helper()
		want := map[string]float64{}
		got := m.moved(t, func() {
			each(func(f fault, domain, reason, path string) {
				message := submitted(domain)
				r, err := c.Send(message)
				if err != nil {
					t.Fatal(err)
				}
				line := m.line(t, message.QueueID)
				if reason == "signed" {
					if len(r.Inserted) != 1 || line["msg"] != "signed" {
						t.Errorf("%s: the mail of %s is not signed: %+v, %v", f.name, domain, r, line)
					}
					return
				}
				if line["reason"] != reason {
					t.Errorf("%s: %v, want %s", f.name, line, reason)
				}
				if reason != "no_key" {
					checkError(t, f, line, path)
				}
				outcome := "unsigned"
				if reason == deferred {
					outcome = "tempfail"
				}
				want[fmt.Sprintf("{outcome=%q,reason=%q}", outcome, reason)]++
				refused := strings.HasPrefix(r.Reply, "451 4.7.5 "+message.QueueID+": ")
				if len(r.Inserted) > 0 || refused != (reason == deferred) || !refused && r.Answer != mta.Accept {
					t.Errorf("%s: Postfix is answered %+v for the mail of %s", f.name, r, domain)
				}
			})
		})
		delete(got, `{outcome="signed",reason=""}`)
		if !maps.Equal(got, want) {
			t.Errorf("counted as %v, want %v", got, want)
		}
	}

	each(func(f fault, domain, _, _ string) {
		if strings.HasPrefix(domain, "warm") && !send(domain) {
			t.Errorf("%s is not signed", domain)
		}
	})
	stop := make(chan struct{})
	others := make(chan error, 2)
	for _, domain := range []string{"example.jp", "example.com"} {
		go func() { others <- m.sendUntil(stop, domain) }()
	}
	each(func(f fault, _, _, path string) {
		runCommand(t, exec.Command("cp", "-a", path, path+".backup"))
		if err := f.do(path); err != nil {
			t.Fatal(err)
		}
	})
	// The last of them was asked for last: when dkimd looks at it again, it does so
	// at all.
	last := domain(len(faults)-1, "warm")
	waitFor(t, "dkimd to see that the state of "+last+" is gone", func() bool { return !send(last) })
	expect("store_error")
	warnings := m.find(t, "msg", "the key store cannot be read: signing goes on with the keys in memory")
	for i, f := range faults {
		if !f.state || f.warm != "signed" {
			continue
		}
		warns := func(line map[string]any) bool { return line["domain"] == domain(i, "warm") }
		if n := slices.IndexFunc(warnings, warns); n < 0 {
			t.Errorf("%s: dkimd does not warn that it goes on with the key in memory", f.name)
		} else {
			checkError(t, f, warnings[n], path(f, domain(i, "warm")))
		}
	}
	if status, text := m.get(t, "/readyz"); status != 200 || !strings.Contains(text, "warning: a damaged key left mail unsigned") {
		t.Errorf("/readyz answers %d %s", status, text)
	}

	m.configure(t, "[sign]\non_store_error = \"accept\"\non_bad_key = \"tempfail\"\n")
	m.signal(t, syscall.SIGHUP)
	m.waitForLine(t, "the configuration is reloaded")
	expect("bad_key")

	each(func(_ fault, _, _, path string) {
		runCommand(t, exec.Command("rm", "-rf", path))
		runCommand(t, exec.Command("mv", path+".backup", path))
	})
	each(func(f fault, domain, _, _ string) {
		waitFor(t, f.name+": a signed mail of "+domain, func() bool { return send(domain) })
	})
	close(stop)
	for range cap(others) {
		if err := <-others; err != nil {
			t.Error(err)
		}
	}
	to := newRecipient() // and through Postfix
	m.checkSigned(t, m.login(t, port465, taro).mustSend(t, taro, to, message(taro, to)), to, "example.jp")
}

// checkError checks that a line of the log says what is wrong with which file, and
// what to do.
func checkError(t *testing.T, f fault, line map[string]any, path string) {
	t.Helper()
	text, _ := line["error"].(string)
	for _, part := range []string{path, f.problem, f.remedy} {
		if !strings.Contains(text, part) {
			t.Errorf("%s: the error does not name %q: %q", f.name, part, text)
		}
	}
}

// milter connects to dkimd as Postfix does.
func (m *machine) milter(t testing.TB) *mta.Conn {
	t.Helper()
	c, err := m.dialMilter()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func (m *machine) dialMilter() (*mta.Conn, error) {
	c, err := mta.Dial("unix", filepath.Join(m.queue, "dkimd/dkimd.sock"), mta.Postfix6)
	if err != nil {
		return nil, err
	}
	if _, err := c.Connect(mta.Client{Addr: customer}); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// submitted returns a message that the owner of a domain submits.
func submitted(domain string) mta.Message {
	from := "taro@" + domain
	return mta.Message{From: from, Recipients: []string{"hanako@receiver.example"}, Login: from,
		QueueID: fmt.Sprintf("F%d", recipients.Add(1)), Text: []byte(message(from, "hanako@receiver.example"))}
}

// sendUntil sends mail of a domain without a pause until it is told to stop. Each
// message has to be signed, with an RSA and an Ed25519 key.
func (m *machine) sendUntil(stop <-chan struct{}, domain string) error {
	c, err := m.dialMilter()
	if err != nil {
		return err
	}
	defer c.Close()
	for n := 0; ; n++ {
		select {
		case <-stop:
			if n == 0 {
				return errors.New("no mail was sent")
			}
			return nil
		default:
		}
		if r, err := c.Send(submitted(domain)); err != nil || len(r.Inserted) != 2 {
			return fmt.Errorf("message %d of %s: %+v, %w", n, domain, r, err)
		}
	}
}
