package dnscheck

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"
)

// dials counts the connections to each address.
type dials struct {
	mu              sync.Mutex
	open, most, all map[string]int
}

type countedTCP struct {
	net.Conn
	closed func()
}

func (c countedTCP) Close() error {
	c.closed()
	return c.Conn.Close()
}

type countedUDP struct {
	*net.UDPConn
	closed func()
}

func (c countedUDP) Close() error {
	c.closed()
	return c.UDPConn.Close()
}

// count makes the checker's connections count.
func (c *Checker) count() *dials {
	d := &dials{open: map[string]int{}, most: map[string]int{}, all: map[string]int{}}
	dial := c.dial
	c.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		d.mu.Lock()
		d.open[address]++
		d.all[address]++
		d.most[address] = max(d.most[address], d.open[address])
		d.mu.Unlock()
		closed := func() {
			d.mu.Lock()
			d.open[address]--
			d.mu.Unlock()
		}
		conn, err := dial(ctx, network, address)
		if err != nil {
			closed()
			return nil, err
		}
		if udp, ok := conn.(*net.UDPConn); ok {
			return countedUDP{udp, closed}, nil
		}
		return countedTCP{conn, closed}, nil
	}
	return d
}

func TestServersAreAskedPolitely(t *testing.T) {
	w := newWorld(t, []testCase{{name: "given", one: published(goodValue)}}, "")
	c := w.checker(t, Options{PerServer: 2})
	d := c.count()
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if r := c.Check(t.Context(), newRecord("s1", "given.test", private), nil); r.Verdict != Proven {
				t.Error(aloud(r))
			}
		})
	}
	wg.Wait()
	for address, most := range d.most {
		if most > 2 {
			t.Errorf("%s is asked %d questions at once", address, most)
		}
	}
}

func TestSilentServersAreLeftAlone(t *testing.T) {
	w := newWorld(t, []testCase{{name: "half", servers: "ns1 ns2 ns5", one: published(goodValue)}}, "ns5 A 192.0.2.5\n")
	w["192.0.2.5"] = "1" // nobody listens there
	c := w.checker(t, Options{})
	d := c.count()
	for range 20 {
		r := c.Check(t.Context(), newRecord("s1", "half.test", private), nil)
		if r.Verdict != Unclear || codes(r.Findings) != "server_silent" {
			t.Fatal(aloud(r))
		}
	}
	if n := d.all["192.0.2.5:53"]; n != maxSilences*tries {
		t.Errorf("a dead server was asked %d times, want %d", n, maxSilences*tries)
	}
}

func TestResolvers(t *testing.T) {
	for _, test := range []struct{ resolver, want string }{
		{"192.0.2.53", "192.0.2.53:53"},
		{"192.0.2.53:5353", "192.0.2.53:5353"},
		{"2001:db8::53", "[2001:db8::53]:53"},
		{"[2001:db8::53]:5353", "[2001:db8::53]:5353"},
		{"dns.example.jp", ""},
		{"192.0.2.53:", ""},
	} {
		addrs, err := resolvers(test.resolver)
		switch {
		case test.want == "" && (err == nil || !strings.Contains(err.Error(), test.resolver)):
			t.Errorf("%s: %v, %v", test.resolver, addrs, err)
		case test.want != "" && (err != nil || len(addrs) != 1 || addrs[0].String() != test.want):
			t.Errorf("%s: %v, %v", test.resolver, addrs, err)
		}
	}
}
