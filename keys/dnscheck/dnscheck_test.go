package dnscheck

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"dkimd/keys/record"
)

// txt returns a TXT record in a zone file.
func txt(host string, strs ...string) string {
	var b strings.Builder
	b.WriteString(host + " TXT")
	for _, s := range strs {
		b.WriteString(` "`)
		for _, c := range []byte(s) {
			fmt.Fprintf(&b, `\%03d`, c)
		}
		b.WriteString(`"`)
	}
	return b.String() + "\n"
}

// split cuts a value into strings of n bytes.
func split(value string, n int) []string {
	var strs []string
	for len(value) > n {
		strs, value = append(strs, value[:n]), value[n:]
	}
	return append(strs, value)
}

// aloud returns a result for a failed test.
func aloud(r Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, zone %s\n", r.Verdict, r.Zone)
	for _, s := range r.Servers {
		fmt.Fprintf(&b, "  %s %s %s: %s\n", s.Name, s.Address, s.Host, s.Answer)
	}
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "  %s %s [%s] %s\n", f.Severity, f.Code, f.Server, f.Text.En)
	}
	return b.String()
}

// The host of every zone below.
const host = "s1._domainkey"

func TestBrokenRecords(t *testing.T) {
	key := newRecord("s1", "x.test", private)
	good := key.Key.Value()
	goodTXT := txt(host, record.Split(good)...)
	value := func(v string) string { return txt(host, split(v, 255)...) }

	cases := []testCase{
		{name: "nothing", one: "@ A 127.0.0.9\n", verdict: NotPublished, codes: "not_published"},
		{name: "spf", one: txt("@", "v=spf1 -all"), verdict: NotPublished, codes: "not_published"},
		{name: "doubled", one: txt(host+".doubled.test", record.Split(good)...), verdict: NotPublished, codes: "doubled_domain"},
		{name: "underscore", one: txt("s1.domainkey", record.Split(good)...), verdict: NotPublished, codes: "missing_underscore"},
		{name: "hyphen", one: txt("s1-domainkey", record.Split(good)...), verdict: NotPublished, codes: "missing_underscore"},
		{name: "short", one: txt("s1", record.Split(good)...), verdict: NotPublished, codes: "wrong_host"},
		{name: "apex", one: txt("@", "v=spf1 -all") + txt("@", record.Split(good)...), verdict: NotPublished, codes: "wrong_host"},
		{name: "selector", one: txt("s0._domainkey", record.Split(good)...), verdict: NotPublished, codes: "wrong_host"},
		{name: "swapped", one: txt(host, newRecord("", "", old).Key.Value()), verdict: Wrong, codes: "wrong_host"},
		{name: "old", one: txt(host, newRecord("", "", foreign).Key.Value()), verdict: Wrong, codes: "old_key"},
		{name: "smart", one: value("“" + good + "”"), verdict: Wrong, codes: "bad_characters"},
		{name: "fullwidth", one: value(strings.ReplaceAll(good, ";", "\uff1b")), verdict: Wrong, codes: "bad_characters"},
		{name: "control", one: value(good + "\x1b[2J"), verdict: Wrong, codes: "bad_characters"},
		{name: "quotes", one: value(`"` + good + `"`), verdict: Wrong, codes: "literal_quotes"},
		{name: "backslash", one: value(strings.ReplaceAll(good, ";", `\;`)), verdict: Wrong, codes: "backslashes"},
		{name: "semicolon", one: host + " TXT " + good + "\n", verdict: Wrong, codes: "cut_at_semicolon"}, // as people write it
		{name: "cut", one: value(good[:255]), verdict: Wrong, codes: "truncated"},
		{name: "order", one: txt(host, good[255:], good[:255]), verdict: Wrong, codes: "wrong_order"},
		{name: "two", one: goodTXT + txt(host, "v=spf1 -all"), verdict: Wrong, codes: "several_records"},
		{name: "halves", one: txt(host, good[:255]) + txt(host, good[255:]), verdict: Wrong, codes: "several_records"},
		{name: "both", one: goodTXT + txt(host, newRecord("", "", foreign).Key.Value()), verdict: Wrong, codes: "old_key several_records"},
		{name: "pem", one: value("v=DKIM1;k=rsa;p=" + pemPublic), verdict: Wrong, codes: "pem_armour"},
		{name: "pkcs1", one: value("v=DKIM1;k=rsa;p=" + pkcs1), verdict: Wrong, codes: "pkcs1"},
		{name: "private", one: value("v=DKIM1;k=rsa;p=" + b64(pkcs8)), verdict: Wrong, codes: "private_key"},
		{name: "privatepem", one: value(pemPrivate), verdict: Wrong, codes: "private_key"},
		{name: "privatetoo", one: goodTXT + value(pkcs1Own), verdict: Wrong, codes: "private_key several_records"},
		{name: "host", one: value("s1.key.hosting.example."), verdict: Wrong, codes: "txt_instead_of_cname"},
		{name: "revoked", one: value("v=DKIM1; p="), verdict: Wrong, codes: "revoked"},
		{name: "foreign", one: value("v=spf1 -all"), verdict: Wrong, codes: "not_dkim"},
		{name: "address", one: host + " A 192.0.2.80\n", verdict: NotPublished, codes: "address_instead_of_txt"},
		{name: "wildcardaddress", one: "* A 192.0.2.80\n", verdict: NotPublished, codes: "not_published"},
		{name: "twicekey", one: txt(host+"._domainkey", record.Split(good)...), verdict: NotPublished, codes: "wrong_host"},
		{name: "cname", one: host + " CNAME nobody.nothing.test.\n", verdict: NotPublished, codes: "cname_instead_of_txt"},
		{name: "cnamenowhere", one: host + " CNAME s1.key.hosting.example.\n", verdict: NotPublished, codes: "cname_instead_of_txt"},
		{name: "relative", one: host + " CNAME s1.nothing.test\n", verdict: NotPublished, codes: "cname_relative"},
		{name: "loop", one: host + " CNAME a\na CNAME b\nb CNAME a\n", verdict: Wrong, codes: "cname_loop"},
		{name: "self", one: host + " CNAME " + host + "\n", verdict: Wrong, codes: "cname_loop"},
		{name: "chain", one: host + " CNAME a\na CNAME b\nb CNAME c\nc CNAME d\nd CNAME e\ne CNAME f\nf CNAME g\ng CNAME h\nh CNAME i\n" + txt("i", record.Split(good)...), verdict: Wrong, codes: "cname_loop"},
		{name: "wildcard", one: txt("*", "v=spf1 -all"), verdict: NotPublished, codes: "wildcard_answer"},
		{name: "wildcardkey", one: txt("*._domainkey", record.Split(good)...), verdict: Wrong, codes: "wildcard_answer"},
		{name: "wildcardcname", one: "* CNAME @\n", verdict: NotPublished, codes: "wildcard_answer"},
		{name: "disagree", one: goodTXT, other: header(7), verdict: Wrong, codes: "servers_disagree"},
		{name: "disagreeold", one: goodTXT, other: header(8) + txt(host, newRecord("", "", foreign).Key.Value()), verdict: Wrong, codes: "old_key servers_disagree"},
		{name: "lags", one: goodTXT, other: header(6), verdict: Wrong, codes: "servers_disagree server_lags"},
		{name: "lame", one: goodTXT, servers: "ns1 ns2 ns3", verdict: Unclear, codes: "server_lame"},
		{name: "alllame", one: goodTXT, servers: "ns3", verdict: Unclear, codes: "server_lame"},
		{name: "nameless", one: goodTXT, servers: "ns1 ns2 ns9", verdict: Unclear, codes: "server_unknown"},
		{name: "provider", one: goodTXT, servers: "ns2", other: header(7), verdict: Wrong, codes: "wrong_provider"},
		{name: "testing", one: value(good + ";t=y"), verdict: Proven, codes: "test_flag"},
		{name: "spaces", one: value(good[:300] + " " + good[300:]), verdict: Proven, codes: "spaces_in_key"},
	}
	w := newWorld(t, cases, "")
	checkAll(t, w.checker(t, Options{Timeout: 1500 * time.Millisecond}), cases)
}

// What the world publishes and receivers take.
func TestGoodRecords(t *testing.T) {
	key := newRecord("s1", "x.test", private).Key
	good := key.Value()
	p := b64(key.Public)
	goodTXT := txt(host, record.Split(good)...)
	value := func(v string) string { return txt(host, split(v, 255)...) }
	only := func(server string) string {
		return "@ SOA ns1.test. root.test. 7 3600 600 86400 120\n@ NS " + server + ".test.\n"
	}
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	edKey, err := record.NewKey(public)
	if err != nil {
		t.Fatal(err)
	}

	cases := []testCase{
		{name: "given", one: goodTXT},
		{name: "ed25519", key: edKey, one: value(edKey.Value())},
		{name: "127", one: txt(host, split(good, 127)...)},
		{name: "bytes", one: txt(host, split(good, 1)...)},
		{name: "empty", one: txt(host, "", good[:200], "", good[200:], "")},
		{name: "nov", one: value("k=rsa;p=" + p)},
		{name: "ponly", one: value("p=" + p)},
		{name: "order", one: value("v=DKIM1;p=" + p + ";k=rsa")},
		{name: "unknown", one: value("v=DKIM1;g=*;x=1;k=rsa;p=" + p + ";y=")},
		{name: "semicolon", one: value(good + ";")},
		{name: "blanks", one: value(" v = DKIM1 ;  k = rsa ;\tp = " + p + " ; ")},
		{name: "folded", one: value("v=DKIM1;\r\n k=rsa;\r\n\tp=" + p)},
		{name: "strict", one: value(good + ";t=s")},
		{name: "email", one: value(good + ";s=email")},
		{name: "services", one: value(good + ";s=other:*")},
		{name: "hashes", one: value(good + ";h=sha1:sha256")},
		{name: "notes", one: value(good + ";n=made by hand")},
		{name: "long", one: value("v=DKIM1;n=" + strings.Repeat("x", 2000) + ";p=" + p)}, // too long for UDP
		{name: "uppercase", one: txt("S1._DomainKey", record.Split(good)...)},
		{name: "ttl0", one: strings.Replace(goodTXT, " TXT", " 0 TXT", 1)},
		{name: "others", one: goodTXT + txt("s0._domainkey", "v=DKIM1; p=") + txt("@", "v=spf1 -all") + txt("_dmarc", "v=DMARC1; p=none")},
		{name: "wildcard", one: goodTXT + txt("*", "v=spf1 -all")},
		{name: "wildcardrevoked", one: goodTXT + txt("*._domainkey", "v=DKIM1; p=")},
		{name: "cname", one: host + " CNAME key\n" + txt("key", record.Split(good)...)},
		{name: "cnames", one: host + " CNAME a\na CNAME b\nb CNAME c\nc CNAME d\nd CNAME e\n" + txt("e", record.Split(good)...)},
		{name: "cnameacross", one: host + " CNAME " + host + ".given.test.\n"},
		{name: "cnameuppercase", one: host + " CNAME S1._DOMAINKEY.GIVEN.TEST.\n"},
		{name: "cnamedangling", one: host + " CNAME " + host + ".given.test.\ns2._domainkey CNAME s2.nowhere.test.\n"},
		{name: "cnamehere", one: host + " CNAME s1.key.cnamehere.test.\n" + txt("s1.key", record.Split(good)...)},
		{name: "dname", one: "_domainkey DNAME _domainkey.given.test.\n"},
		{name: "delegated", one: "_domainkey NS ns2.test.\n", other: header(7) + "_domainkey NS ns2.test.\n"},
		{name: "_domainkey.delegated", servers: "none", header: only("ns2"), one: "none", other: only("ns2") + txt("s1", record.Split(good)...)},
		{name: "subdomain", domain: "news", one: txt(host+".news", record.Split(good)...)},
		{name: "child.same", one: goodTXT, servers: "none"},
		{name: "same", one: "child NS ns1.test.\nchild NS ns2.test.\n"},
		{name: "grandchild.below", one: goodTXT, servers: "none"},
		{name: "below", header: only("ns1"), servers: "ns1", other: "none", one: "grandchild NS ns1.test.\ngrandchild NS ns2.test.\n"},
		{name: "serials", one: goodTXT, other: header(6) + goodTXT},
		{name: "oneserver", header: only("ns1"), servers: "ns1", other: "none", one: goodTXT},
		{name: "fewer", servers: "ns1", one: goodTXT},
		{name: "more", header: only("ns1"), one: goodTXT},
		{name: "twice", servers: "ns1 ns2 ns4", one: goodTXT},
		{name: "noipv6", servers: "ns1 ns5", one: goodTXT},
		{name: "ipv6", servers: "ns1 ns6", one: goodTXT},
		{name: "tcponly", header: only("ns7"), servers: "ns7", one: goodTXT},
		{name: "formerr", header: only("ns8"), servers: "ns8", one: goodTXT},
		{name: "swallowed", header: only("ns9"), servers: "ns9", one: goodTXT},
		{name: "truncated", header: only("ns10"), servers: "ns10", one: goodTXT},
	}
	for i := range cases {
		if cases[i].one == "none" || cases[i].name == "same" || cases[i].name == "below" {
			continue
		}
		cases[i].verdict = Proven
	}
	w := newWorld(t, cases, `
ns4 A 192.0.2.2
ns5 A 192.0.2.3
ns5 AAAA 2001:db8::5 ; there is no way to it
ns6 AAAA 2001:db8::3
ns7 A 192.0.2.7
ns8 A 192.0.2.8
ns9 A 192.0.2.9
ns10 A 192.0.2.10
`)
	w["2001:db8::3"] = w[otherAddr]
	w["192.0.2.7"] = relay(t, w[oneAddr], func(w dns.ResponseWriter, _ *dns.Msg) bool { return !isUDP(w) })
	w["192.0.2.8"] = relay(t, w[oneAddr], func(w dns.ResponseWriter, question *dns.Msg) bool {
		if question.IsEdns0() == nil {
			return true
		}
		w.WriteMsg(new(dns.Msg).SetRcode(question, dns.RcodeFormatError))
		return false
	})
	w["192.0.2.9"] = relay(t, w[oneAddr], func(_ dns.ResponseWriter, question *dns.Msg) bool { return question.IsEdns0() == nil })
	w["192.0.2.10"] = relay(t, w[oneAddr], func(w dns.ResponseWriter, question *dns.Msg) bool {
		if !isUDP(w) {
			return true
		}
		reply := new(dns.Msg).SetReply(question)
		reply.Truncated = true
		w.WriteMsg(reply)
		return false
	})
	checkAll(t, w.checker(t, Options{Timeout: 1500 * time.Millisecond}), cases)
}

func BenchmarkCheck(b *testing.B) {
	w := newWorld(b, []testCase{{name: "given", one: txt(host, record.Split(goodValue)...)}}, "")
	c := w.checker(b, Options{PerServer: 32})
	wanted := newRecord("s1", "given.test", private)
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if r := c.Check(b.Context(), wanted, nil); r.Verdict != Proven {
				b.Error(aloud(r))
			}
		}
	})
}
