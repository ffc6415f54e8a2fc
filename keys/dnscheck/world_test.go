package dnscheck

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"dkimd/internal/nameserver"
	"dkimd/internal/testenv"
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

// zone is a zone below test.
type testCase struct {
	name    string // of the zone, without .test
	servers string // that it is delegated to; empty: ns1 ns2
	header  string // SOA and NS; empty: header(7)
	one     string // other records on ns1
	other   string // all records on ns2, if they differ; "none": it does not have the zone
	verdict Verdict
	codes   string
}

// header is the beginning of a zone on ns1 and ns2.
func header(serial int) string {
	return fmt.Sprintf("@ SOA ns1.test. root.test. %d 3600 600 86400 120\n@ NS ns1.test.\n@ NS ns2.test.\n", serial)
}

// world maps the addresses of name servers to where they really are.
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
			top += fmt.Sprintf("%s NS %s\n", c.name, server)
		}
		origin := fmt.Sprintf("$TTL 300\n$ORIGIN %s.test.\n", c.name)
		files["one."+c.name] = origin + c.header + c.one
		fmt.Fprintf(&one, "zone \"%s.test\" { type primary; file \"one.%[1]s\"; };\n", c.name)
		if c.other != "none" {
			files["other."+c.name] = origin + c.other
			fmt.Fprintf(&other, "zone \"%s.test\" { type primary; file \"other.%[1]s\"; };\n", c.name)
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
	forward := func(zone, port string) string {
		return fmt.Sprintf("zone %q { type forward; forward only; forwarders { 127.0.0.1 port %s; }; };\n", zone, port)
	}
	forwards := forward(".", w[topAddr])
	for _, c := range cases {
		forwards += forward(c.name+".test", w[oneAddr])
	}
	w[resolverAddr] = nameserver.StartBIND(t, "view resolver {\nrecursion yes;\n"+forwards+"};\n", nil)
	return w
}

// dial connects to the real place of an address.
func (w world) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, ok := w[host]
	if !ok {
		return nil, fmt.Errorf("the test has no server at %s", address)
	}
	return new(net.Dialer).DialContext(ctx, network, "127.0.0.1:"+port)
}

// checker returns a checker that lives in this world.
func (w world) checker(t testing.TB) *Checker {
	t.Helper()
	c, err := New(Options{Resolver: resolverAddr, Timeout: 2 * time.Second, Dial: w.dial})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
