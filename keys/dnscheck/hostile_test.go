package dnscheck

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/miekg/dns"

	"dkimd/keys/finding"
)

// rr makes a resource record.
func rr(t testing.TB, format string, args ...any) dns.RR {
	t.Helper()
	rr, err := dns.NewRR(fmt.Sprintf(format, args...))
	if err != nil {
		t.Fatal(err)
	}
	return rr
}

// A name server that belongs to an attacker costs a bounded number of questions,
// proves nothing, and writes nothing to a terminal.
func TestHostileServers(t *testing.T) {
	wanted := newRecord("s1", "evil.test", private)
	escape := `\027[2J\255\000`
	tests := []struct {
		name   string
		answer func(reply *dns.Msg, name string, qtype uint16, count int)
		code   finding.Code
	}{
		{"endless CNAMEs", func(reply *dns.Msg, name string, qtype uint16, count int) {
			if qtype == dns.TypeTXT {
				reply.Answer = append(reply.Answer, rr(t, "%s CNAME n%d.evil.test.", name, count))
			}
		}, CNAMELoop},
		{"endless delegations", func(reply *dns.Msg, name string, qtype uint16, count int) {
			if qtype == dns.TypeA {
				return
			}
			reply.Authoritative, reply.Answer, reply.Ns = false, nil, nil
			for labels := dns.SplitDomainName(name); len(labels) > 1; labels = labels[1:] {
				reply.Ns = append(reply.Ns, rr(t, "%s. NS ns%d.evil.test.", strings.Join(labels, "."), count))
			}
		}, ""},
		{"delegation upwards", func(reply *dns.Msg, _ string, qtype uint16, _ int) {
			if qtype == dns.TypeA {
				return
			}
			reply.Authoritative, reply.Answer = false, nil
			reply.Ns = []dns.RR{rr(t, ". NS ns.evil.test.")}
		}, ""},
		{"a thousand records", func(reply *dns.Msg, name string, qtype uint16, _ int) {
			for i := range 1000 {
				if qtype == dns.TypeTXT && strings.HasPrefix(name, "s1.") {
					reply.Answer = append(reply.Answer, rr(t, `%s TXT "%d%s"`, name, i, escape))
				}
			}
		}, SeveralRecords},
		{"a huge record", func(reply *dns.Msg, name string, qtype uint16, _ int) {
			if qtype == dns.TypeTXT && strings.HasPrefix(name, "s1.") {
				reply.Answer = append(reply.Answer, rr(t, "%s TXT%s", name, strings.Repeat(` "`+strings.Repeat("A", 255)+`"`, 240)))
			}
		}, NotDKIM},
		{"escape sequences", func(reply *dns.Msg, name string, qtype uint16, _ int) {
			if qtype == dns.TypeTXT && strings.HasPrefix(name, "s1.") {
				reply.Answer = append(reply.Answer, rr(t, `%s TXT "v=DKIM1;k=%s;p=%s"`, name, escape, escape))
			}
		}, BadCharacters},
		{"escape sequences in a name", func(reply *dns.Msg, name string, qtype uint16, _ int) {
			if qtype == dns.TypeTXT && strings.HasPrefix(name, "s1.") {
				reply.Answer = append(reply.Answer, rr(t, `%s CNAME %s.evil.test.`, name, escape))
			}
		}, CNAMEInsteadOfTXT},
		{"a thousand servers", func(reply *dns.Msg, name string, qtype uint16, _ int) {
			for i := range 1000 {
				if qtype == dns.TypeNS {
					reply.Answer = append(reply.Answer, rr(t, `%s NS n%d%s.evil.test.`, name, i, escape))
				}
			}
		}, GaveUp},
		{"a thousand addresses", func(reply *dns.Msg, name string, qtype uint16, _ int) {
			for i := range 1000 {
				if qtype == dns.TypeA {
					reply.Answer = append(reply.Answer, rr(t, `%s A 10.0.%d.%d`, name, i/250, i%250))
				}
			}
		}, NothingThere},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var questions atomic.Int32
			w := world{}
			evil := relay(t, "", func(w dns.ResponseWriter, question *dns.Msg) bool {
				q := question.Question[0]
				name := strings.ToLower(q.Name)
				reply := new(dns.Msg).SetReply(question)
				reply.Authoritative = true
				reply.Ns = []dns.RR{rr(t, "evil.test. SOA ns.evil.test. root.evil.test. 1 1 1 1 1")}
				n := questions.Add(1)
				switch {
				case q.Qtype == dns.TypeNS:
					reply.Answer = []dns.RR{rr(t, "%s NS ns.evil.test.", name)}
				case q.Qtype == dns.TypeA:
					reply.Answer = []dns.RR{rr(t, "%s A 192.0.2.66", name)}
				}
				if name != "test." && name != "ns.evil.test." || q.Qtype == dns.TypeA {
					test.answer(reply, q.Name, q.Qtype, int(n))
				}
				reply.Compress = true
				if isUDP(w) && reply.Len() > dns.MinMsgSize {
					reply = new(dns.Msg).SetReply(question)
					reply.Truncated = true
				}
				w.WriteMsg(reply)
				return false
			})
			for _, addr := range append(addressesOf(1000), "192.0.2.66", "192.0.2.53") {
				w[addr] = evil
			}
			c := w.checker(t, Options{PerServer: 16})
			result := c.Check(t.Context(), wanted, nil)
			if result.Verdict == Proven {
				t.Errorf("proven: %s", aloud(result))
			}
			found := test.code == ""
			for _, f := range result.Findings {
				checkTexts(t, f)
				found = found || f.Code == test.code
			}
			if !found {
				t.Errorf("not %s: %s", test.code, aloud(result))
			}
			for _, s := range result.Servers {
				checkTexts(t, finding.Finding{Text: finding.Text{En: s.Name, Ja: s.Host}, Hint: finding.Text{En: s.Answer, Ja: s.Address}})
			}
			if n := questions.Load(); n > 3*maxQuestions {
				t.Errorf("%d questions", n)
			}
		})
	}
}

func addressesOf(n int) []string {
	var addrs []string
	for i := range n {
		addrs = append(addrs, fmt.Sprintf("10.0.%d.%d", i/250, i%250))
	}
	return addrs
}

// FuzzReply: no answer makes what reads it panic, or show more than it should.
func FuzzReply(f *testing.F) {
	for _, rrs := range [][]dns.RR{
		{rr(f, `s1._domainkey.example.jp. TXT "v=DKIM1;p=" "\027[2J\255"`)},
		{rr(f, `s1._domainkey.example.jp. CNAME \027\255.example.jp.`)},
		{rr(f, "example.jp. SOA ns.example.jp. root.example.jp. 1 2 3 4 5"), rr(f, "example.jp. NS ns.example.jp.")},
		{rr(f, "ns.example.jp. A 192.0.2.1"), rr(f, "ns.example.jp. AAAA 2001:db8::1")},
	} {
		m := new(dns.Msg).SetQuestion("s1._domainkey.example.jp.", dns.TypeTXT)
		m.Response, m.Answer, m.Ns, m.Extra = true, rrs, rrs, rrs
		packed, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(packed)
	}
	const name = "s1._domainkey.example.jp."
	f.Fuzz(func(t *testing.T, packed []byte) {
		var reply dns.Msg
		if err := reply.Unpack(packed); err != nil {
			return
		}
		a := answer{name: name}
		a.values, a.target = recordsOf(&reply, name)
		below, names := delegation(&reply, "jp.", name)
		shownAll := []string{a.String(), shown(below), rcode(&reply), shown(apexOf(&reply, "jp.", name))}
		for _, n := range names {
			shownAll = append(shownAll, shown(n))
		}
		for _, s := range shownAll {
			if strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0xfffd }) {
				t.Errorf("%q", s)
			}
		}
		if len(addresses(reply.Answer, "")) > maxAddresses || len(a.values) > maxRecords || len(names) > maxServers+1 {
			t.Error("out of bounds")
		}
		answers(&reply, new(dns.Msg).SetQuestion(name, dns.TypeTXT))
		negativeTTL(&reply)
	})
}

func TestWaysOut(t *testing.T) {
	for _, test := range []struct {
		local, remote string
		can           bool
	}{
		{"192.0.2.1", "198.51.100.1", true},
		{"10.0.0.1", "198.51.100.1", true}, // there is NAT
		{"2001:db8::1", "2001:db8:1::1", true},
		{"fd00::2", "2001:db8:1::1", false},
		{"fd00::2", "fd00::3", true},
		{"::1", "::1", true},
	} {
		local := net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(test.local), 1024))
		if can := canReach(local, netip.MustParseAddr(test.remote)); can != test.can {
			t.Errorf("from %s to %s: %v", test.local, test.remote, can)
		}
	}
}
