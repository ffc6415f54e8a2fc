package e2e

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dkimd/internal/mta"
	"dkimd/keys"
)

// A fault is what happens to a file of one domain.
type fault struct {
	name  string
	state bool // to the state file, instead of the private key
	do    func(path string) error
	// What becomes of the domain's mail while it lasts, if the keys are not in
	// memory, or if they are: the reason, or "signed".
	cold, warm string
	problem    string // in the error
}

var faults = []fault{
	{"a private key that is unreadable", false, chmod(0), "store_error", "signed", "permission denied"},
	{"a private key that is cut", false, func(path string) error { return os.Truncate(path, 40) }, "bad_key", "signed", "not PEM"},
	{"a private key that is empty", false, func(path string) error { return os.Truncate(path, 0) }, "bad_key", "signed", "not PEM"},
	{"a public key in its place", false, replace(publicKey), "bad_key", "signed", `"PUBLIC KEY"`},
	{"a key of another algorithm in its place", false, replace(rsaKey), "bad_key", "signed", "not the private key of the record's public key"},
	{"another key in its place", false, replace(otherKey), "bad_key", "signed", "not the private key of the record's public key"},
	{"a directory in its place", false, directory, "bad_key", "signed", "not a regular file"},
	{"a private key that is gone", false, os.Remove, "bad_key", "signed", "no such file"},
	{"a state that is unreadable", true, chmod(0), "store_error", "signed", "permission denied"},
	{"a state that is cut", true, func(path string) error { return os.Truncate(path, 40) }, "bad_key", "bad_key", "unexpected end of JSON"},
	{"a directory in place of the state", true, directory, "bad_key", "bad_key", "not a regular file"},
	{"a state that is gone", true, os.Remove, "no_key", "no_key", ""},
}

func chmod(mode os.FileMode) func(string) error {
	return func(path string) error { return os.Chmod(path, mode) }
}

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
	domains := []string{"genkey", "--algorithm", "ed25519", "--selector", "s", "--activate", "--unverified"}
	for i := range faults {
		domains = append(domains, domain(i, "cold"), domain(i, "warm"))
	}
	if code, _, stderr := dkimctl(t, "root", m.config, domains...); code != 0 {
		t.Fatal(stderr)
	}

	others := make(chan error)
	stop := make(chan struct{})
	go func() { others <- m.sendUntil(stop, "example.jp") }()

	c := m.milter(t)
	// expect sends a message of a domain, of which this has to become.
	expect := func(when, domain string, f fault, want, path string) {
		t.Helper()
		message := submitted(domain)
		r, err := c.Send(message)
		if err != nil {
			t.Fatal(err)
		}
		line := m.line(t, message.QueueID)
		if want == "signed" {
			if len(r.Inserted) != 1 || line["msg"] != "signed" {
				t.Errorf("%s, %s: it is not signed: %+v, %v", f.name, when, r, line)
			}
			return
		}
		if len(r.Inserted) > 0 || line["reason"] != want {
			t.Errorf("%s, %s: %v, want %s", f.name, when, line, want)
		}
		if deferred := strings.HasPrefix(r.Reply, "451 4.7.5 "+message.QueueID+": "); deferred != (want == "store_error") {
			t.Errorf("%s, %s: Postfix is answered %+v", f.name, when, r)
		}
		text, _ := line["error"].(string)
		for _, part := range []string{f.problem, path} {
			if want != "no_key" && !strings.Contains(text, part) {
				t.Errorf("%s, %s: the error does not name %q: %q", f.name, when, part, text)
			}
		}
		if want == "bad_key" && !strings.Contains(text, "restore it from a backup") {
			t.Errorf("%s, %s: the error does not say what to do: %q", f.name, when, text)
		}
	}
	path := func(f fault, domain string) string {
		if f.state {
			return filepath.Join(m.store, "state", domain+".json")
		}
		return filepath.Join(m.store, "private", domain, "s.1.pem")
	}
	each := func(kinds string, do func(f fault, domain, kind, path string)) {
		for i, f := range faults {
			for kind := range strings.FieldsSeq(kinds) {
				do(f, domain(i, kind), kind, path(f, domain(i, kind)))
			}
		}
	}

	each("warm", func(f fault, domain, _, path string) { expect("before", domain, f, "signed", path) })
	each("cold warm", func(f fault, _, _, path string) {
		runCommand(t, exec.Command("cp", "-a", path, path+".backup"))
		if err := f.do(path); err != nil {
			t.Fatal(err)
		}
	})
	time.Sleep(keys.Freshness)
	each("cold warm", func(f fault, domain, kind, path string) {
		want := f.cold
		if kind == "warm" {
			want = f.warm
		}
		expect(kind, domain, f, want, path)
	})
	response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/readyz", m.http))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if text, err := io.ReadAll(response.Body); err != nil || response.StatusCode != 200 || !bytes.Contains(text, []byte("warning: a damaged key")) {
		t.Errorf("/readyz: %d %s, %v", response.StatusCode, text, err)
	}

	each("cold warm", func(_ fault, _, _, path string) {
		runCommand(t, exec.Command("rm", "-rf", path))
		runCommand(t, exec.Command("mv", path+".backup", path))
	})
	time.Sleep(keys.Freshness)
	each("cold warm", func(f fault, domain, kind, path string) { expect(kind+" and mended", domain, f, "signed", path) })

	close(stop)
	if err := <-others; err != nil {
		t.Error(err)
	}
	to := newRecipient() // and through Postfix
	m.checkSigned(t, m.login(t, port465, taro).mustSend(t, taro, to, message(taro, to)), to, "example.jp")
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
