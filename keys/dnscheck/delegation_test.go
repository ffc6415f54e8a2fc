package dnscheck

import (
	"testing"
	"time"

	"dkimd/keys/record"
)

// The customer's DNS has a CNAME into the zone ours.test, which has the keys: that of
// this order under "order", that of an order long over under "former".
func TestDelegation(t *testing.T) {
	const via = "order.ours.test"
	key := newRecord("s1", via, private).Key
	keyTXT := func(host string) string { return txt(host, record.Split(key.Value())...) }
	toOurs := host + " CNAME s1._domainkey.order.ours.test.\n"

	cases := []testCase{
		{name: "ours", one: keyTXT(host+".order") + keyTXT("s1._domainkey.former")},
		{name: "good", one: toOurs, via: via, verdict: Proven},
		{name: "chain", one: host + " CNAME dkim\ndkim CNAME s1._domainkey.order.ours.test.\n", via: via, verdict: Proven},
		{name: "nothing", one: "@ A 127.0.0.9\n", via: via, verdict: NotPublished, codes: "cname_not_published"},
		{name: "early", one: host + " CNAME s1._domainkey.later.ours.test.\n", via: "later.ours.test", verdict: NotPublished, codes: "target_missing"},
		{name: "typo", one: host + " CNAME s1._domainkey.ordre.ours.test.\n", via: via, verdict: NotPublished, codes: "cname_elsewhere"},
		{name: "former", one: host + " CNAME s1._domainkey.former.ours.test.\n", via: via, verdict: Wrong, codes: "cname_elsewhere"},
		{name: "relative", one: host + " CNAME s1._domainkey.order.ours.test\n", via: via, verdict: NotPublished, codes: "cname_relative"},
		{name: "doubled", one: host + ".doubled.test CNAME s1._domainkey.order.ours.test.\n", via: via, verdict: NotPublished, codes: "doubled_domain"},
		{name: "underscore", one: "s1.domainkey CNAME s1._domainkey.order.ours.test.\n", via: via, verdict: NotPublished, codes: "missing_underscore"},
		{name: "copy", one: keyTXT(host), via: via, verdict: Wrong, codes: "txt_at_cname"},
		{name: "type", one: txt(host, "s1._domainkey.order.ours.test"), via: via, verdict: Wrong, codes: "txt_instead_of_cname"},
		{name: "proxy", one: host + " A 192.0.2.80\n", via: via, verdict: NotPublished, codes: "cname_proxied"},
		{name: "wildcard", one: "*._domainkey CNAME s1._domainkey.order.ours.test.\n", via: via, verdict: Wrong, codes: "wildcard_answer"},
		{name: "loop", one: host + " CNAME " + host + "\n", via: via, verdict: Wrong, codes: "cname_loop"},
		{name: "halfelsewhere", one: toOurs + keyTXT("copy"), other: header(7) + host + " CNAME copy\n" + keyTXT("copy"), via: via, verdict: Wrong, codes: "cname_elsewhere"},
		{name: "half", one: toOurs, other: header(6), via: via, verdict: Wrong, codes: "servers_disagree server_lags"},
		{name: "halfcopy", one: toOurs, other: header(7) + keyTXT(host), via: via, verdict: Wrong, codes: "txt_at_cname"},
	}
	w := newWorld(t, cases, "")
	c := w.checker(t, Options{Timeout: 1500 * time.Millisecond})
	checkAll(t, c, cases)

	for zone, want := range map[string]string{"good": "", "chain": "spare_cname_missing", "nothing": "spare_cname_missing", "typo": "spare_cname_missing"} {
		spare := record.Record{Domain: zone + ".test", Selector: "s1", Via: via}
		if got := c.CheckSpare(t.Context(), spare); codes(got) != want {
			t.Errorf("%s: CheckSpare finds %v, want %q", zone, got, want)
		}
	}
}
