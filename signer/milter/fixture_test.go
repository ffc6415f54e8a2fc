package milter_test

import (
	"crypto"
	"fmt"
	stdlog "log"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dkimd/internal/mta"
	"dkimd/keys"
	"dkimd/keys/record"
	"dkimd/signer"
	"dkimd/signer/milter"
)

// Clients and logins of the tests' settings.
var (
	trusted  = mta.Client{Addr: "192.0.2.1"} // may send as example.jp
	stranger = mta.Client{Addr: "203.0.113.9"}
)

const (
	taro = "taro@example.jp"
	text = "From: Taro <taro@example.jp>\r\nTo: hanako@example.com\r\nSubject: hello\r\n\r\nhello\r\n"
)

// fixture is a server with a key store of its own, and what it logs.
type fixture struct {
	testing.TB
	*milter.Server
	path      string // of the store
	store     *keys.Dir
	settings  milter.Settings
	endpoints []milter.Endpoint
	log       *logged
}

// rsaKey is made once, since that takes long.
var rsaKey = sync.OnceValues(func() (crypto.Signer, error) { return keys.Generate(record.RSA, 2048) })

// newFixture returns a server that does not listen yet. Its store has an active
// RSA and an active Ed25519 key for example.jp, an active Ed25519 key for
// b.example, and a pending one for pending.example.
func newFixture(t testing.TB) *fixture {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store")
	f := &fixture{TB: t, Server: milter.NewServer(), path: path, store: keys.OpenDir(path), log: &logged{}}
	if err := f.store.Create(nil); err != nil {
		t.Fatal(err)
	}
	rsa, err := rsaKey()
	if err != nil {
		t.Fatal(err)
	}
	f.add("example.jp", "rsa", rsa, true)
	for domain, active := range map[string]bool{"example.jp": true, "b.example": true, "pending.example": false} {
		private, err := keys.Generate(record.Ed25519, 0)
		if err != nil {
			t.Fatal(err)
		}
		f.add(domain, "ed", private, active)
	}
	log := slog.New(slog.NewJSONHandler(f.log, nil))
	stdlog.SetOutput(slog.NewLogLogger(log.Handler(), slog.LevelWarn).Writer()) // go-milter's lines
	t.Cleanup(func() {
		stdlog.SetOutput(os.Stderr)
		if strings.Contains(f.log.String(), "panic") {
			t.Errorf("a panic: %s", f.log)
		}
	})
	f.settings = milter.Settings{
		Log: log,
		Rules: &signer.Rules{
			Authenticated:   true,
			LoginMatch:      signer.Enforce,
			LoginSeparators: "@",
			Options:         signer.Options{Body: "relaxed"},
			Networks: []signer.Network{{
				Prefixes: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("127.0.0.0/8")},
				Domains:  []string{"example.jp"},
			}},
			TempFailStoreError: true,
		},
		Ring:                  keys.NewKeyring(f.store),
		MaxConnections:        100,
		MaxConnectionsPerPeer: 100,
		IdleTimeout:           time.Hour,
		FrameTimeout:          time.Minute,
	}
	return f
}

// in returns the same server for another test, a part of the one it was made in.
func (f *fixture) in(t testing.TB) *fixture {
	other := *f
	other.TB = t
	return &other
}

func (f *fixture) add(domain, selector string, private crypto.Signer, active bool) {
	f.Helper()
	move := keys.Move{Time: time.Now(), By: "test", Why: "test"}
	_, err := f.store.Update(domain, func(c *keys.Change) error {
		if _, err := c.Add(selector, private, move); err != nil || !active {
			return err
		}
		return c.Activate(len(c.Keys)-1, move)
	})
	if err != nil {
		f.Fatal(err)
	}
}

// start returns a server that listens on a unix socket, and on more endpoints if
// there are any, until the test ends.
func start(t testing.TB, more ...milter.Endpoint) *fixture {
	t.Helper()
	f := newFixture(t)
	f.endpoints = append(more, milter.Endpoint{Network: "unix", Address: socketPath(t, "milter"), Mode: 0o600})
	f.apply()
	f.Cleanup(func() { f.Shutdown(ended()) })
	return f
}

// socketPath returns a path for a socket, short enough for the kernel.
func socketPath(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "milter")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, name)
}

// apply makes the server work with the fixture's settings as they are now.
func (f *fixture) apply() {
	f.Helper()
	if err := f.Apply(new(f.settings), f.endpoints); err != nil {
		f.Fatal(err)
	}
}

// dial connects to the last endpoint, as an MTA that offers this.
func (f *fixture) dial(offer mta.Offer) *mta.Conn {
	f.Helper()
	last := f.endpoints[len(f.endpoints)-1]
	c, err := mta.Dial(last.Network, last.Address, offer)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { c.Close() })
	return c
}

// connectAs is dial and the connection of a client.
func (f *fixture) connectAs(offer mta.Offer, client mta.Client) *mta.Conn {
	f.Helper()
	c := f.dial(offer)
	if r, err := c.Connect(client); err != nil || r.Final() {
		f.Fatalf("%+v, %v", r, err)
	}
	return c
}

// connect is connectAs with what Postfix offers.
func (f *fixture) connect(client mta.Client) *mta.Conn {
	f.Helper()
	return f.connectAs(mta.Postfix6, client)
}

var queueIDs atomic.Int64

// message returns one with a queue id that no other has.
func message(login, text string) mta.Message {
	return mta.Message{From: taro, Recipients: []string{"hanako@example.com"}, Login: login, QueueID: fmt.Sprintf("Q%d", queueIDs.Add(1)), Text: []byte(text)}
}

// expectSigned sends a message, and fails unless it leaves with signatures of
// all active keys that verify.
func (f *fixture) expectSigned(c *mta.Conn, m mta.Message) mta.Result {
	f.Helper()
	r, err := c.Send(m)
	if err != nil {
		f.Fatal(err)
	}
	f.verify(r, m.Text)
	line := f.log.about(f, m.QueueID)
	if line["msg"] != "signed" {
		f.Fatalf("the log has %v", line)
	}
	return r
}

// verify fails unless the result makes of a text a message that is signed.
func (f *fixture) verify(r mta.Result, text []byte) {
	f.Helper()
	signed, err := r.Apply(text)
	if err != nil {
		f.Fatal(err)
	}
	results, err := signer.Verify(signer.ParseMessage(signed), f.lookup)
	if err != nil {
		f.Fatal(err)
	}
	if r.Answer != mta.Accept || len(results) == 0 || len(results) != len(r.Inserted) {
		f.Fatalf("%d signatures: %+v", len(results), r)
	}
	for _, result := range results {
		if result.Err != nil {
			f.Errorf("d=%s s=%s: %v", result.Domain, result.Selector, result.Err)
		}
	}
}

// lookup returns the record at a host, as it should be in DNS.
func (f *fixture) lookup(host string) ([]string, error) {
	selector, domain, _ := strings.Cut(host, "._domainkey.")
	d, _, err := f.store.Read(domain)
	if err != nil {
		return nil, err
	}
	i := d.Pick(selector)
	if i < 0 {
		return nil, fmt.Errorf("no record at %s", host)
	}
	return []string{d.Record(d.Keys[i]).Key.Value()}, nil
}

// expectUnsigned sends a message, and fails unless it is accepted as it is, for
// this reason, before its body.
func (f *fixture) expectUnsigned(c *mta.Conn, m mta.Message, reason signer.Reason) {
	f.Helper()
	r, err := c.Send(m)
	if err != nil {
		f.Fatal(err)
	}
	if r.Answer != mta.Accept || r.Step != mta.EndOfHeader || len(r.Inserted) > 0 {
		f.Fatalf("%+v", r)
	}
	line := f.log.about(f, m.QueueID)
	if line["msg"] != "unsigned" || line["reason"] != string(reason) {
		f.Fatalf("the log has %v, want unsigned, %s", line, reason)
	}
}

// quit ends a connection on which nothing must have been said unasked.
func (f *fixture) quit(c *mta.Conn) {
	f.Helper()
	if err := c.Quit(); err != nil {
		f.Fatal(err)
	}
}
