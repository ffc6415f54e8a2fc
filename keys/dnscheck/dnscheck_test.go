package dnscheck

import (
	"fmt"
	"strings"
	"testing"

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
	c := w.checker(t)
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			domain := test.name + ".test"
			wanted := newRecord("s1", domain, private)
			others := []record.Record{newRecord("s0", domain, old), newRecord("s1", domain, foreign)}
			result := c.Check(t.Context(), wanted, others)
			if got := codes(result.Findings); got != test.codes || result.Verdict != test.verdict {
				t.Errorf("want %s, %q, got %s", test.verdict, test.codes, aloud(result))
			}
			for _, f := range result.Findings {
				checkTexts(t, f)
			}
		})
	}
}
