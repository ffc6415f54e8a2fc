// Package dnscheck compares the wanted record of a key with what every name
// server of its zone answers, and says what is wrong in words for customers.
//
// The truth is with the servers that have authority, so these are asked
// directly. A recursive resolver says which servers a top-level domain has and
// which addresses a server; it is asked for the record itself only when all
// servers have it: earlier, its negative answer would stay in its cache. All that
// comes from DNS may be hostile: questions, sizes and time are bounded, and
// nothing of it reaches a text unescaped.
package dnscheck

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"

	"dkimd/keys/finding"
	"dkimd/keys/record"
)

// Options say how a Checker asks. The zero value is good.
type Options struct {
	Resolver    string        // ADDR or ADDR:PORT; empty: those of /etc/resolv.conf
	Timeout     time.Duration // of one question; 0: 5 s
	PerServer   int           // how many questions a server is asked at once; 0: 4
	Unreachable bool          // a record is proven though some name server was away
	// Elsewhere are name servers where customers enter records by mistake. They
	// are asked when no name server of the zone has the record.
	Elsewhere []string
	// Dial opens connections, of which those for UDP are a net.PacketConn; nil: the
	// system's.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// A Checker checks records. It remembers the addresses of name servers, and
// those that do not answer, so make a new one for each run. It is safe for
// concurrent use.
type Checker struct {
	resolvers   []netip.AddrPort
	timeout     time.Duration
	perServer   int
	unreachable bool
	elsewhere   []string
	dial        func(ctx context.Context, network, address string) (net.Conn, error)

	mu        sync.Mutex
	servers   map[netip.AddrPort]*server
	addresses map[string][]netip.Addr // of a name
	roots     map[string][]string     // the names of the servers of a top-level domain
}

// New returns a Checker.
func New(o Options) (*Checker, error) {
	resolvers, err := resolvers(o.Resolver)
	if err != nil {
		return nil, fmt.Errorf("dnscheck: %w", err)
	}
	c := &Checker{
		resolvers:   resolvers,
		timeout:     o.Timeout,
		perServer:   o.PerServer,
		unreachable: o.Unreachable,
		elsewhere:   o.Elsewhere,
		dial:        o.Dial,
		servers:     map[netip.AddrPort]*server{},
		addresses:   map[string][]netip.Addr{},
		roots:       map[string][]string{},
	}
	if c.timeout <= 0 {
		c.timeout = 5 * time.Second
	}
	if c.dial == nil {
		c.dial = new(net.Dialer).DialContext
	}
	if c.perServer <= 0 {
		c.perServer = 4
	}
	return c, nil
}

func resolvers(resolver string) ([]netip.AddrPort, error) {
	if addrPort, err := netip.ParseAddrPort(resolver); err == nil {
		return []netip.AddrPort{addrPort}, nil
	}
	hosts, port := []string{resolver}, "53"
	if resolver == "" {
		config, err := dns.ClientConfigFromFile("/etc/resolv.conf")
		if err != nil {
			return nil, err
		}
		hosts, port = config.Servers, config.Port
	}
	var addrs []netip.AddrPort
	for _, host := range hosts {
		addrPort, err := netip.ParseAddrPort(net.JoinHostPort(host, port))
		if err != nil {
			return nil, fmt.Errorf("resolver %q is neither an address nor one with a port", host)
		}
		addrs = append(addrs, addrPort)
	}
	return addrs, nil
}

// Verdict is what a check comes to.
type Verdict string

// The verdicts. A record is Proven by this check alone; servers behind anycast
// and those that lag show only with time, so whoever needs certainty checks twice.
const (
	Proven       Verdict = "proven"        // every name server has our record
	NotPublished Verdict = "not_published" // no name server has anything there
	Wrong        Verdict = "wrong"         // what is there is not our record, or not everywhere
	Unclear      Verdict = "unclear"       // DNS gave no answer that decides
)

var verdicts = map[Verdict]finding.Text{
	Proven:       {En: "every name server has it", Ja: "全ネームサーバーで確認できました"},
	NotPublished: {En: "no name server has it", Ja: "まだ登録されていません"},
	Wrong:        {En: "it is not as it should be", Ja: "登録内容に誤りがあります"},
	Unclear:      {En: "DNS gave no answer that decides", Ja: "DNS の応答がなく判定できません"},
}

// Text says what the verdict is about the record, to people.
func (v Verdict) Text() finding.Text { return verdicts[v] }

// Result is what a check found.
type Result struct {
	Verdict  Verdict           `json:"verdict"`
	Zone     string            `json:"zone,omitempty"` // that the record's host is in
	Servers  []Server          `json:"servers"`
	Findings []finding.Finding `json:"findings"`
}

// Server is one address of a name server, and what it answered.
type Server struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	Host    string `json:"host"`   // what it was asked for: the record's host, or the target of a CNAME
	Answer  string `json:"answer"` // for people, escaped and cut
}

const dnsPort = 53

// Bounds of one check, whatever DNS says.
const (
	maxTime      = time.Minute
	maxQuestions = 400
	maxServers   = 16 // names of a zone
	maxAddresses = 16 // of a name
	maxAliases   = 8  // CNAMEs in a row
	maxRecords   = 16 // at one name
)

// check is one check under way.
type check struct {
	*Checker
	wanted record.Record
	others []record.Record
	left   atomic.Int32 // questions

	result  Result
	aliases []string            // the record's host and the targets of CNAMEs that were followed
	targets map[string][]string // of the CNAMEs at a name, by what servers say
	first   []answer            // what the servers of the record's own zone have
	found   []answer            // what the servers have, at the end of all CNAMEs
	away    bool                // some name server was not there to confirm
}

// Check compares the wanted record with what DNS serves. Others are the domain's
// other keys, which explain what is found in its place.
func (c *Checker) Check(ctx context.Context, wanted record.Record, others []record.Record) Result {
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	k := c.check(wanted, others)
	k.look(ctx, dns.Fqdn(wanted.Host()))
	k.result.Verdict = k.judge(ctx)
	if ctx.Err() != nil || k.left.Load() < 0 {
		k.find(GaveUp)
	}
	if k.has(GaveUp) && k.result.Verdict == Proven {
		k.result.Verdict = Unclear
	}
	finding.Sort(k.result.Findings)
	return k.result
}

func (c *Checker) check(wanted record.Record, others []record.Record) *check {
	k := &check{Checker: c, wanted: wanted, others: others, targets: map[string][]string{}}
	k.result = Result{Servers: []Server{}, Findings: []finding.Finding{}}
	k.left.Store(maxQuestions)
	return k
}

// CheckSpare looks whether a CNAME, behind which there is no key yet, leads to where
// one will be.
func (c *Checker) CheckSpare(ctx context.Context, spare record.Record) []finding.Finding {
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	k := c.check(spare, nil)
	host := dns.Fqdn(spare.Host())
	z, err := k.zone(ctx, host)
	if err != nil {
		return nil // the check of a key says so
	}
	for _, a := range k.askServers(ctx, z, host) {
		if a.err == nil && !k.isAlias(a.target) {
			k.find(SpareCNAMEMissing)
		}
	}
	return k.result.Findings
}

// question asks one server, within the bounds of the check.
func (k *check) question(ctx context.Context, addr netip.Addr, name string, qtype uint16) (*dns.Msg, error) {
	if k.left.Add(-1) < 0 {
		return nil, errEnough
	}
	if _, ok := dns.IsDomainName(name); !ok {
		return nil, fmt.Errorf("%q is no domain name", name)
	}
	question := new(dns.Msg).SetQuestion(name, qtype)
	question.RecursionDesired = false
	return k.ask(ctx, netip.AddrPortFrom(addr, dnsPort), question)
}
