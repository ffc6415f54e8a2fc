package dnscheck

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

func TestNameServersAndAliases(t *testing.T) {
	w := newWorld(t, []testCase{
		{name: "plain"},
		{name: "single", header: onlyOn("ns1"), servers: "ns1", other: "none"},
		{name: "hidden", servers: "ns1"}, // names ns2 too
		{name: "parent", one: "sub NS ns2.test.\n"},
		{name: "sub.parent", header: onlyOn("ns2"), servers: "none", one: "none", other: onlyOn("ns2")},
		{name: "sameservers", one: "sub NS ns1.test.\nsub NS ns2.test.\n"},
		{name: "sub.sameservers", servers: "none"},
		{name: "alias", one: "www CNAME www.plain.test.\ngone CNAME gone.nowhere.\n"},
		{name: "wildcard", one: "* TXT any\nown TXT own\nsame TXT any\n*.cname CNAME plain.test.\nown.cname CNAME alias.test.\nbelow NS ns1.test.\nbelow NS ns2.test.\n"},
		{name: "below.wildcard", servers: "none", one: "@ TXT any\n"},
	}, "")
	resolver, mu, asked := w[resolverAddr], sync.Mutex{}, []string{}
	w[resolverAddr] = relay(t, resolver, func(_ dns.ResponseWriter, question *dns.Msg) bool {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, question.Question[0].Name)
		return true
	})
	for _, test := range []struct{ domain, zone, names string }{
		{"plain.test", "plain.test", "ns1.test ns2.test"},
		{"PLAIN.test.", "plain.test", "ns1.test ns2.test"},
		{"news.plain.test", "plain.test", "ns1.test ns2.test"},
		{"s1._domainkey.news.plain.test", "plain.test", "ns1.test ns2.test"},
		{"single.test", "single.test", "ns1.test"},
		{"hidden.test", "hidden.test", "ns1.test ns2.test"},
		{"parent.test", "parent.test", "ns1.test ns2.test"},
		{"news.sub.parent.test", "sub.parent.test", "ns2.test"},
		{"news.sub.sameservers.test", "sub.sameservers.test", "ns1.test ns2.test"},
		{"www.alias.test", "alias.test", "ns1.test ns2.test"},
	} {
		zone, names, err := w.checker(t, Options{}).NameServers(t.Context(), test.domain)
		if got := strings.Join(names, " "); err != nil || zone != test.zone || got != test.names {
			t.Errorf("%s: zone %q, servers %q, %v, want %q, %q", test.domain, zone, got, err, test.zone, test.names)
		}
	}
	for _, domain := range []string{"unregistered.test", "example.nowhere", "", "test", "..", strings.Repeat("a", 300) + ".test"} {
		if zone, names, err := w.checker(t, Options{}).NameServers(t.Context(), domain); err == nil {
			t.Errorf("%q is in zone %q, on %q", domain, zone, names)
		}
	}

	for host, target := range map[string]string{
		"www.alias.test":     "www.plain.test",
		"gone.alias.test":    "gone.nowhere",
		"absent.alias.test":  "",
		"plain.test":         "",
		"below.absent.test.": "",
	} {
		got, err := w.checker(t, Options{}).Alias(t.Context(), host)
		if wantErr := strings.HasPrefix(host, "below"); got != target || (err != nil) != wantErr {
			t.Errorf("a CNAME at %s leads to %q, %v, want %q", host, got, err, target)
		}
	}
	for host, want := range map[string]bool{
		"own.wildcard.test":       true,
		"same.wildcard.test":      false, // which cannot be told apart
		"any.wildcard.test":       false,
		"own.cname.wildcard.test": true,
		"any.cname.wildcard.test": false,
		"below.wildcard.test":     true, // the top of its zone
		"www.alias.test":          true,
		"absent.alias.test":       false,
	} {
		if own, err := w.checker(t, Options{}).OwnRecord(t.Context(), host); own != want || err != nil {
			t.Errorf("%s has a record of its own: %v, %v", host, own, err)
		}
	}

	mu.Lock()
	defer mu.Unlock()
	slices.Sort(asked)
	asked = slices.Compact(asked)
	for _, name := range asked {
		if strings.HasSuffix(name, "plain.test.") || strings.Contains(name, "_domainkey") {
			t.Errorf("the resolver is asked about %s", name)
		}
	}
	if len(asked) == 0 {
		t.Error("the resolver is not asked at all")
	}
}
