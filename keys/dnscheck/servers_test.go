package dnscheck

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"dkimd/keys/record"
)

// published returns the TXT record of a value in a zone file.
func published(value string) string { return txt(host, record.Split(value)...) }

var goodValue = newRecord("s1", "x.test", private).Key.Value()

// onlyOn is the beginning of a zone that is on one server.
func onlyOn(server string) string {
	return "@ SOA ns1.test. root.test. 7 3600 600 86400 120\n@ NS " + server + ".test.\n"
}

func TestServersThatAreAway(t *testing.T) {
	many := ""
	for i := range maxServers + 1 {
		many += fmt.Sprintf("m%d A 192.0.2.2\n", i)
	}
	cases := []testCase{
		{name: "silent", servers: "ns1 ns4", one: published(goodValue), verdict: Unclear, codes: "server_silent"},
		{name: "refused", servers: "ns1 ns5", one: published(goodValue), verdict: Unclear, codes: "server_silent"},
		{name: "silentandwrong", servers: "ns1 ns4", one: published(goodValue[:255]), verdict: Wrong, codes: "truncated server_silent"},
		{name: "silentandabsent", servers: "ns1 ns4", verdict: NotPublished, codes: "not_published server_silent"},
		{name: "half", servers: "ns1 ns6", one: published(goodValue), verdict: Proven, codes: "server_silent"},
		{name: "allsilent", header: onlyOn("ns4"), servers: "ns4", one: published(goodValue), verdict: Unclear, codes: "server_silent"},
		{name: "ipv6only", servers: "ns1 ns7", one: published(goodValue), verdict: Unclear, codes: "ipv6_only"},
		{name: "liar", servers: "ns1 ns8", one: published(goodValue), verdict: Unclear, codes: "server_silent"},
		{name: "noauthority", servers: "ns1 ns9", one: published(goodValue), verdict: Unclear, codes: "server_lame"},
		{name: "notcp", servers: "ns1 ns10", one: published(goodValue), verdict: Unclear, codes: "server_without_tcp"},
		{name: "many", servers: strings.ReplaceAll(strings.ReplaceAll(many, " A 192.0.2.2", ""), "\n", " "), one: published(goodValue), verdict: Unclear, codes: "gave_up"},
	}
	w := newWorld(t, cases, `
ns4 A 192.0.2.4
ns5 A 192.0.2.5
ns6 A 192.0.2.3
ns6 A 192.0.2.4
ns7 AAAA 2001:db8::7 ; there is no way to it
ns8 A 192.0.2.8
ns9 A 192.0.2.9
ns10 A 192.0.2.10
`+many)
	w["192.0.2.4"] = relay(t, w[oneAddr], func(dns.ResponseWriter, *dns.Msg) bool { return false })
	w["192.0.2.5"] = "1" // nobody listens there
	w["192.0.2.8"] = relay(t, w[oneAddr], func(w dns.ResponseWriter, question *dns.Msg) bool {
		lie := new(dns.Msg).SetReply(question)
		lie.Authoritative = true
		lie.Question[0].Name = "another.test."
		w.WriteMsg(lie)
		return false
	})
	w["192.0.2.9"] = relay(t, w[oneAddr], func(w dns.ResponseWriter, question *dns.Msg) bool {
		w.WriteMsg(new(dns.Msg).SetReply(question))
		return false
	})
	w["192.0.2.10"] = relay(t, w[oneAddr], func(w dns.ResponseWriter, question *dns.Msg) bool {
		if isUDP(w) {
			reply := new(dns.Msg).SetReply(question)
			reply.Truncated = true
			w.WriteMsg(reply)
		}
		return false
	})
	checkAll(t, w.checker(t, Options{Timeout: 1500 * time.Millisecond}), cases)

	t.Run("accepted", func(t *testing.T) {
		test := testCase{name: "silent", verdict: Proven, codes: "server_silent"}
		test.check(t, w.checker(t, Options{Unreachable: true, Timeout: 1500 * time.Millisecond}))
	})
}

func TestDomainsThatAreNowhere(t *testing.T) {
	w := newWorld(t, nil, "")
	c := w.checker(t, Options{})
	for _, test := range []struct {
		domain  string
		verdict Verdict
		codes   string
	}{
		{"unregistered.test", NotPublished, "no_delegation"},
		{"example.nowhere", NotPublished, "no_delegation"},
		{"example.xn--wgv71a.nowhere", NotPublished, "no_delegation"},
	} {
		result := c.Check(t.Context(), newRecord("s1", test.domain, private), nil)
		if got := codes(result.Findings); got != test.codes || result.Verdict != test.verdict {
			t.Errorf("%s: want %s, %q, got %s", test.domain, test.verdict, test.codes, aloud(result))
		}
	}
	real := w[topAddr]
	w[topAddr] = "1" // nobody listens there
	result := c.Check(t.Context(), newRecord("s1", "unregistered.test", private), nil)
	if got := codes(result.Findings); got != "zone_unknown" || result.Verdict != Unclear {
		t.Errorf("without the servers above: %s", aloud(result))
	}
	w[topAddr] = real
	w[resolverAddr] = "1" // nobody listens there
	result = c.Check(t.Context(), newRecord("s1", "example.other", private), nil)
	if got := codes(result.Findings); got != "zone_unknown" || result.Verdict != Unclear {
		t.Errorf("without a resolver: %s", aloud(result))
	}
}

// A customer has entered the record at us, while the domain is elsewhere.
func TestRecordAtAnotherProvider(t *testing.T) {
	test := testCase{name: "moved", servers: "ns2", header: onlyOn("ns2"), one: published(goodValue), other: onlyOn("ns2")}
	w := newWorld(t, []testCase{test}, "")
	test.verdict, test.codes = NotPublished, "not_published"
	test.check(t, w.checker(t, Options{}))
	test.codes = "wrong_provider"
	test.check(t, w.checker(t, Options{Elsewhere: []string{"ns1.test"}}))
}

// update changes the record of a zone on ns1.
func (w world) update(t *testing.T, zone string, remove, insert []string) {
	t.Helper()
	rrs := func(values []string) (rrs []dns.RR) {
		for _, value := range values {
			rrs = append(rrs, &dns.TXT{
				Hdr: dns.RR_Header{Name: host + "." + zone, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 300},
				Txt: record.Split(value),
			})
		}
		return rrs
	}
	update := new(dns.Msg).SetUpdate(zone)
	update.Remove(rrs(remove))
	update.Insert(rrs(insert))
	client := dns.Client{Net: "tcp"}
	reply, _, err := client.ExchangeContext(t.Context(), update, "127.0.0.1:"+w[oneAddr])
	if err != nil || reply.Rcode != dns.RcodeSuccess {
		t.Fatalf("update: %v, %v", reply, err)
	}
}

// ask asks the resolver, as a receiver of mail would.
func (w world) ask(t *testing.T, name string) *dns.Msg {
	t.Helper()
	client := dns.Client{Net: "tcp"}
	reply, _, err := client.ExchangeContext(t.Context(), new(dns.Msg).SetQuestion(name, dns.TypeTXT), "127.0.0.1:"+w[resolverAddr])
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

func TestCaches(t *testing.T) {
	oldValue := newRecord("", "", foreign).Key.Value()
	cases := []testCase{
		{name: "untouched", servers: "ns1", header: onlyOn("ns1")},
		{name: "negative", servers: "ns1", header: onlyOn("ns1")},
		{name: "stale", servers: "ns1", header: onlyOn("ns1"), one: published(oldValue)},
		{name: "bogus", servers: "ns1", header: onlyOn("ns1"), one: published(goodValue)},
	}
	w := newWorld(t, cases, "")
	c := w.checker(t, Options{})

	t.Run("a check leaves no negative answer behind", func(t *testing.T) {
		test := testCase{name: "untouched", verdict: NotPublished, codes: "not_published"}
		test.check(t, c)
		w.update(t, "untouched.test.", nil, []string{goodValue})
		test.verdict, test.codes = Proven, ""
		test.check(t, c)
	})
	t.Run("a negative answer is in a cache", func(t *testing.T) {
		w.ask(t, host+".negative.test.")
		w.update(t, "negative.test.", nil, []string{goodValue})
		test := testCase{name: "negative", verdict: Proven, codes: "negative_cache"}
		test.check(t, c)
		result := c.Check(t.Context(), newRecord("s1", "negative.test", private), nil)
		if text := result.Findings[0].Text; !strings.Contains(text.En, " 2 more minutes") || !strings.Contains(text.Ja, " 2 分") {
			t.Errorf("how long it lasts: %s, %s", text.En, text.Ja)
		}
	})
	t.Run("an old value is in a cache", func(t *testing.T) {
		w.ask(t, host+".stale.test.")
		w.update(t, "stale.test.", []string{oldValue}, []string{goodValue})
		test := testCase{name: "stale", verdict: Proven, codes: "stale_cache"}
		test.check(t, c)
	})
	t.Run("DNSSEC is broken", func(t *testing.T) {
		test := testCase{name: "bogus", verdict: Wrong, codes: "dnssec_failure"}
		test.check(t, c)
	})
	t.Run("the resolver fails", func(t *testing.T) {
		w["192.0.2.54"] = relay(t, w[resolverAddr], func(w dns.ResponseWriter, question *dns.Msg) bool {
			if question.Question[0].Qtype != dns.TypeTXT {
				return true
			}
			w.WriteMsg(new(dns.Msg).SetRcode(question, dns.RcodeServerFailure))
			return false
		})
		test := testCase{name: "untouched", verdict: Proven, codes: "resolver_failed"}
		test.check(t, w.checker(t, Options{Resolver: "192.0.2.54"}))
	})
}
