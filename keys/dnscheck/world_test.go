package dnscheck

import (
	"context"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"

	"dkimd/internal/nameserver"
	"dkimd/internal/testenv"
	"dkimd/keys/record"
)

// The name servers of the world that tests check in, each a BIND of its own.
const (
	topAddr      = "192.0.2.1"  // ns.test: the root, and the zone test
	oneAddr      = "192.0.2.2"  // ns1.test: the zones below test
	otherAddr    = "192.0.2.3"  // ns2.test: the same zones, if it is as it should be
	resolverAddr = "192.0.2.53" // a resolver that remembers
)

const rootZone = `$TTL 300
. SOA ns.test. root.test. 1 3600 600 86400 60
. NS ns.test.
test. NS ns.test.
ns.test. A 192.0.2.1
`

const testZone = `$TTL 300
$ORIGIN test.
@ SOA ns root 1 3600 600 86400 60
@ NS ns
ns A 192.0.2.1
ns1 A 192.0.2.2
ns2 A 192.0.2.3
ns3 A 192.0.2.1 ; does not have the zones below test
`

// The zone bogus.test has a DS record, it seems to the resolver, and is not signed.
const resolverOptions = `
recursion yes;
dnssec-validation yes;
trust-anchors { bogus.test static-ds 1 13 2 "0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF"; };
`

// testCase is a zone below test, and what a check should find in it.
type testCase struct {
	name    string     // of the zone, without .test
	domain  string     // that is checked, if it is below the zone
	servers string     // that the zone is delegated to; empty: ns1 ns2; "none": not in test
	header  string     // SOA and NS; empty: header(7)
	one     string     // other records on ns1; "none": it does not have the zone
	other   string     // all records on ns2, if they differ; "none": it does not have the zone
	tinydns bool       // neither has the zone, but tinydns
	key     record.Key // empty: the usual one
	via     string     // that a CNAME should lead to
	verdict Verdict
	codes   string
}

// header is the beginning of a zone on ns1 and ns2.
func header(serial int) string {
	return fmt.Sprintf("@ SOA ns1.test. root.test. %d 3600 600 86400 120\n@ NS ns1.test.\n@ NS ns2.test.\n", serial)
}

// world maps the addresses of name servers to where they really are: a port on
// 127.0.0.1, or an address with a port.
type world map[string]string

// newWorld starts the name servers, with the zones of these cases and more
// records of the zone test.
func newWorld(t testing.TB, cases []testCase, more string) world {
	t.Helper()
	testenv.NeedProgram(t, "named")
	top := testZone + more
	var one, other strings.Builder
	files := map[string]string{}
	for _, c := range cases {
		if c.header == "" {
			c.header = header(7)
		}
		if c.other == "" {
			c.other = c.header + c.one
		}
		if c.servers == "" {
			c.servers = "ns1 ns2"
		}
		for server := range strings.FieldsSeq(c.servers) {
			if server != "none" {
				top += fmt.Sprintf("%s NS %s\n", c.name, server)
			}
		}
		origin := fmt.Sprintf("$TTL 300\n$ORIGIN %s.test.\n", c.name)
		if c.one != "none" {
			files["one."+c.name] = origin + c.header + c.one
			fmt.Fprintf(&one, "zone \"%s.test\" { type primary; file \"one.%[1]s\"; check-names ignore; allow-update { 127.0.0.1; }; };\n", c.name)
		}
		if c.other != "none" {
			files["other."+c.name] = origin + c.other
			fmt.Fprintf(&other, "zone \"%s.test\" { type primary; file \"other.%[1]s\"; check-names ignore; };\n", c.name)
		}
	}
	w := world{}
	w[topAddr] = nameserver.StartBIND(t, `
zone "." { type primary; file "root"; };
zone "test" { type primary; file "test"; };
`, map[string]string{"root": rootZone, "test": top})
	w[oneAddr] = nameserver.StartBIND(t, one.String(), files)
	w[otherAddr] = nameserver.StartBIND(t, other.String(), files)

	// A resolver would ask at port 53, so it is told where the zones are.
	forward := func(zone, addr, port string) string {
		return fmt.Sprintf("zone %q { type forward; forward only; forwarders { %s port %s; }; };\n", zone, addr, port)
	}
	forwards := forward(".", "127.0.0.1", w[topAddr])
	for _, c := range cases {
		switch {
		case c.tinydns:
			forwards += forward(c.name+".test", tinydnsAddr, "53")
		case c.one == "none":
			forwards += forward(c.name+".test", "127.0.0.1", w[otherAddr])
		default:
			forwards += forward(c.name+".test", "127.0.0.1", w[oneAddr])
		}
	}
	w[resolverAddr] = nameserver.StartBIND(t, "view resolver {"+resolverOptions+forwards+"};\n", nil)
	return w
}

// dial connects to the real place of an address.
func (w world) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	place, ok := w[host]
	if !ok && strings.Contains(host, ":") {
		return nil, syscall.ENETUNREACH
	}
	if !ok {
		return nil, fmt.Errorf("the test has no server at %s", address)
	}
	if !strings.Contains(place, ":") {
		place = "127.0.0.1:" + place
	}
	return new(net.Dialer).DialContext(ctx, network, place)
}

// checker returns a checker that lives in this world.
func (w world) checker(t testing.TB, o Options) *Checker {
	t.Helper()
	o.Dial = w.dial
	if o.Resolver == "" {
		o.Resolver = resolverAddr
	}
	if o.Timeout == 0 {
		o.Timeout = 3 * time.Second
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// checkAll checks each case.
func checkAll(t *testing.T, c *Checker, cases []testCase) {
	for _, test := range cases {
		if test.verdict == "" {
			continue // a part of another
		}
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.check(t, c)
		})
	}
}

func (test testCase) check(t *testing.T, c *Checker) {
	t.Helper()
	domain := test.name + ".test"
	if test.domain != "" {
		domain = test.domain + "." + domain
	}
	wanted := newRecord("s1", domain, private)
	wanted.Via = test.via
	if test.key.Algorithm != "" {
		wanted.Key = test.key
	}
	others := []record.Record{newRecord("s0", domain, old), newRecord("s1", domain, foreign)}
	result := c.Check(t.Context(), wanted, others)
	if got := codes(result.Findings); got != test.codes || result.Verdict != test.verdict {
		t.Errorf("want %s, %q, got %s", test.verdict, test.codes, aloud(result))
	}
	for _, f := range result.Findings {
		checkTexts(t, f)
		if text := f.Text.En + f.Text.Ja + f.Hint.En + f.Hint.Ja; strings.Contains(text, "{") {
			t.Errorf("something is not filled in: %s", text)
		}
	}
}

// relay answers at a port like the name server at another one does, but for what
// change makes of a question: it returns false to say nothing at all, and may
// answer itself.
func relay(t testing.TB, to string, change func(w dns.ResponseWriter, question *dns.Msg) bool) (port string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	packets, err := net.ListenPacket("udp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	handler := dns.HandlerFunc(func(w dns.ResponseWriter, question *dns.Msg) {
		if !change(w, question) {
			return
		}
		client := dns.Client{Net: "tcp"}
		if reply, _, err := client.Exchange(question, "127.0.0.1:"+to); err == nil {
			w.WriteMsg(reply)
		}
	})
	for _, server := range []*dns.Server{{Listener: listener, Handler: handler}, {PacketConn: packets, Handler: handler}} {
		started, ended := make(chan struct{}), make(chan struct{})
		server.NotifyStartedFunc = func() { close(started) }
		go func() {
			server.ActivateAndServe()
			close(ended)
		}()
		<-started
		t.Cleanup(func() {
			server.Shutdown()
			<-ended
		})
	}
	_, port, _ = net.SplitHostPort(listener.Addr().String())
	return port
}

func isUDP(w dns.ResponseWriter) bool { return w.LocalAddr().Network() == "udp" }
