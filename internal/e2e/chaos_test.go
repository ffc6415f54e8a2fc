package e2e

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/smtp"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dkimd/internal/verifiers"
	"dkimd/keys"
)

var chaosMessages = flag.Int("chaos", 300, "how many messages TestChaos sends")

// chaosConfig trusts the clients of TestChaos, and leaves no way for a message to
// go out unsigned.
const chaosConfig = `
[[network]]
cidr = ["127.0.0.5"]
domains = ["*"]
[sign]
on_bad_key = "tempfail"
expiry = "14d"
[milter]
stop_timeout = "5s"
`

// chaos is a machine under faults, the mail that it is sent, and what arrives.
type chaos struct {
	*story
	clock   clock  // of dkimd
	more    string // of the configuration
	n       int    // dkimds started
	retired []*dkimd
	random  *rand.Rand // of the faults

	mu        sync.Mutex
	domains   []string   // whose mail has to be signed
	left      int        // messages that are still to be sent
	keep      int        // how many of them are for later
	wake      *sync.Cond // who waits for keep
	over      bool       // the test: clients give up
	sent      map[string]*fate
	arrived   map[string]int
	vanished  int // clients that were gone in mid-message
	deferrals int
	problems  []string

	verifier verifiers.Verifier
	records  map[string]string // that it has learnt
}

// fate is what a client knows of its message.
type fate struct {
	accepted bool
	lost     int // attempts whose reply was lost: Postfix may have accepted them
}

// Whatever happens to dkimd, its store and its clients, Postfix loses no message
// that it has accepted, and all that arrives is signed.
func TestChaos(t *testing.T) {
	c := &chaos{
		random:  rand.New(rand.NewPCG(1, 1)),
		left:    *chaosMessages,
		keep:    *chaosMessages,
		sent:    map[string]*fate{},
		arrived: map[string]int{},
		records: map[string]string{},
	}
	c.wake = sync.NewCond(&c.mu)
	c.clock = startClock(t)
	dns := startDNS(t)
	c.more = chaosConfig + dns.config(t, tempDir(t))
	c.story = &story{dns: dns, machine: startMachine(t, options{
		dkimd:   c.more,
		postfix: []string{"mynetworks = 127.0.0.0/8"},
		program: c.clock.program(t),
		disk:    "16m",
	})}
	for range 5 {
		c.addDomain(t)
	}
	c.publish(t, c.run(t, 0, "genkey", provenDomain, "--activate", "--unverified", "--json"))
	c.domains = append(c.domains, provenDomain)
	c.verifier = verifiers.DKIMPyAhead(t, clockMoves)
	before := c.figures(t)

	stop := make(chan struct{})
	stopSink := sync.OnceFunc(func() { close(stop) })
	t.Cleanup(stopSink)
	var sink, clients sync.WaitGroup
	sink.Go(func() { c.receive(t, stop) })
	for i := range 8 {
		clients.Go(func() { c.client(rand.New(rand.NewPCG(2, uint64(i)))) })
	}
	t.Cleanup(func() { // should it fail
		c.mu.Lock()
		c.left, c.over = 0, true
		c.wake.Broadcast()
		c.mu.Unlock()
		clients.Wait()
	})
	happened := c.letHappen(t)
	clients.Wait()

	c.waitForQueue(t)
	stopSink()
	sink.Wait()
	c.balance(t)
	c.compare(t, before)
	c.endAll(t)
	for _, fault := range slices.Sorted(maps.Keys(happened)) {
		t.Logf("%4d × %s", happened[fault], fault)
	}
}

// balance compares what Postfix has accepted with what has arrived.
func (c *chaos) balance(t *testing.T) {
	t.Helper()
	duplicates := 0
	for to, fate := range c.sent {
		n := c.arrived[to]
		switch {
		case fate.accepted && n == 0:
			t.Errorf("the message to %s was accepted and is lost", to)
		case n > 1+fate.lost:
			t.Errorf("the message to %s arrived %d times, and %d replies were lost", to, n, fate.lost)
		case n > 1:
			duplicates += n - 1
		}
		delete(c.arrived, to)
	}
	for to, n := range c.arrived {
		t.Errorf("a message to %s arrived %d times that nobody has sent whole", to, n)
	}
	for _, problem := range c.problems {
		t.Error(problem)
	}
	t.Logf("%d messages accepted, all arrived and signed; %d attempts deferred, %d clients vanished, %d duplicates, each traced to a lost reply",
		len(c.sent), c.deferrals, c.vanished, duplicates)
}

func (c *chaos) problem(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

// receive verifies all that arrives at the next hop by dkimpy, one in a hundred by all
// verifiers.
func (c *chaos) receive(t testing.TB, stop <-chan struct{}) {
	seen := 0 // not ahead of the real clock
	for stopped := false; !stopped; {
		select {
		case <-stop:
			stopped = true
		case <-time.After(50 * time.Millisecond):
		}
		for _, m := range c.hop.takeAll() {
			c.verify(t, m, c.verifier)
			if signedAt := time.Unix(timeTag(t, string(m.text), "t"), 0); !signedAt.After(time.Now()) {
				if seen++; seen%100 == 0 {
					c.verify(t, m, c.verifiers...)
				}
			}
			c.mu.Lock()
			for _, to := range m.to {
				c.arrived[to]++
			}
			c.mu.Unlock()
		}
	}
}

// takeAll empties the next hop and returns what it had.
func (n *nextHop) takeAll() []mail {
	n.mu.Lock()
	defer n.mu.Unlock()
	mails := n.mails
	n.mails = nil
	return mails
}

// verify has a message verified, which has to have two signatures that all accept.
func (c *chaos) verify(t testing.TB, m mail, by ...verifiers.Verifier) {
	for _, host := range signatureHosts(m.text) {
		c.learn(host)
	}
	for _, v := range by {
		results := v.Verify(t, m.text, c.records)
		if len(results) != 2 {
			c.problem("the message to %s has %d signatures, want 2:\n%s", m.to, len(results), m.text)
		}
		for _, r := range results {
			if v.Knows(r.Algorithm) && !r.OK {
				c.problem("%s refuses the signature %s of %s: %s\n%s", v.Name, r.Selector, r.Domain, r.Detail, m.text)
			}
		}
	}
}

// learn reads the record at a host, and those of the domain's other keys, in whatever
// state.
func (c *chaos) learn(host string) {
	if _, ok := c.records[host]; ok {
		return
	}
	_, domain, _ := strings.Cut(host, "._domainkey.")
	d, _, err := keys.OpenDir(c.store).Read(domain)
	if err != nil {
		c.problem("the record at %s: %v", host, err)
		return
	}
	for _, k := range d.Keys {
		r := d.Record(k)
		c.records[r.Host()] = r.Key.Value()
	}
}

// take returns one more message to send, when it is time, until there are no
// more.
func (c *chaos) take(random *rand.Rand) (domain, to string, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.left > 0 && c.left <= c.keep {
		c.wake.Wait()
	}
	if c.left == 0 {
		return "", "", false
	}
	c.left--
	to = newRecipient()
	c.sent[to] = &fate{}
	return c.domains[random.IntN(len(c.domains))], to, true
}

func (c *chaos) isOver() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.over
}

// client sends messages until there are no more: each again and again until it is
// accepted, as every MTA does. Some clients vanish.
func (c *chaos) client(random *rand.Rand) {
	var conn *client
	hangUp := func() {
		if conn != nil {
			conn.Close()
			conn = nil
		}
	}
	defer hangUp()
	for {
		domain, to, ok := c.take(random)
		if !ok {
			return
		}
		from := "taro@" + domain
		text := message(from, to) + strings.Repeat("all work and no play\r\n", random.IntN(200))
		for accepted := false; !accepted && !c.isOver(); {
			if random.IntN(10) == 0 {
				hangUp()
			}
			if conn == nil {
				var err error
				if conn, err = c.dialAs("127.0.0.5"); err != nil {
					c.problem("Postfix cannot be reached: %v", err)
					return
				}
			}
			if random.IntN(20) == 0 {
				c.vanish(conn, from, text, random)
				hangUp()
				continue
			}
			_, err := conn.send(from, to, text)
			accepted = err == nil
			c.mu.Lock()
			c.sent[to].accepted = accepted
			var reply *textproto.Error
			switch {
			case accepted:
			case !errors.As(err, &reply):
				c.sent[to].lost++
				hangUp()
			default:
				c.deferrals++
				if reply.Code >= 500 {
					c.problems = append(c.problems, fmt.Sprintf("Postfix refuses a message: %v", err))
				}
				hangUp() // as many do
			}
			c.mu.Unlock()
			if !accepted {
				time.Sleep(time.Duration(random.IntN(100)) * time.Millisecond)
			}
		}
	}
}

// vanish begins a message and goes.
func (c *chaos) vanish(conn *client, from, text string, random *rand.Rand) {
	if conn.begin(from, newRecipient()) == nil {
		conn.Text.W.WriteString(text[:random.IntN(len(text))])
		conn.Text.W.Flush()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.vanished++
}

// pass sends a message that has to be accepted, whatever happens.
func (c *chaos) pass(t testing.TB, domain string) {
	t.Helper()
	conn, err := c.dialAs("127.0.0.5")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	from, to := "taro@"+domain, newRecipient()
	c.mu.Lock()
	c.sent[to] = &fate{accepted: true}
	c.mu.Unlock()
	conn.mustSend(t, from, to, message(from, to))
}

// dialAs connects to port 25 from an address on this host.
func (c *chaos) dialAs(from string) (*client, error) {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: clientTimeout}
	conn, err := dialer.Dial("tcp", c.addr(port25))
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(clientTimeout))
	s, err := smtp.NewClient(conn, "127.0.0.1")
	if err != nil {
		conn.Close()
		return nil, err
	}
	return &client{s}, s.Hello("client.example")
}

// addDomain makes the keys of one more domain, whose mail is sent from then on.
func (c *chaos) addDomain(t testing.TB) {
	t.Helper()
	c.mu.Lock()
	domain := fmt.Sprintf("d%d.example", len(c.domains))
	c.mu.Unlock()
	genkey(t, c.config, domain)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.domains = append(c.domains, domain)
}

// Figures in which a leak shows.
const (
	goroutines = "go_goroutines"
	openFDs    = "process_open_fds"
	memory     = "process_resident_memory_bytes"
)

// maxGrowth is how much more memory dkimd may have at the end, the race detector's
// part included.
const maxGrowth = 128 << 20

// figures returns those of a dkimd without a connection.
func (c *chaos) figures(t testing.TB) map[string]float64 {
	t.Helper()
	var figures map[string]float64
	waitFor(t, "dkimd to have no connection", func() bool {
		figures = c.metrics(t)
		return figures["dkimd_connections"] == 0
	})
	return figures
}

// compare checks that dkimd is back to the figures of before.
func (c *chaos) compare(t testing.TB, before map[string]float64) {
	t.Helper()
	var after map[string]float64
	waitFor(t, "dkimd to have no more goroutines and descriptors than before", func() bool {
		after = c.figures(t)
		return after[goroutines] <= before[goroutines] && after[openFDs] <= before[openFDs]
	})
	if after[memory] > before[memory]+maxGrowth {
		t.Errorf("dkimd has %.0f bytes of memory, before %.0f", after[memory], before[memory])
	}
	signed := `dkimd_messages_total{outcome="signed",reason=""}`
	t.Logf("before: %.0f goroutines, %.0f descriptors, %.0f MB; after the last %.0f messages: %.0f, %.0f, %.0f MB",
		before[goroutines], before[openFDs], before[memory]/1e6, after[signed], after[goroutines], after[openFDs], after[memory]/1e6)
}
