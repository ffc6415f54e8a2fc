package signer

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"

	"dkimd/keys"
)

// ring is a store of domains for tests: what Lookup returns for each.
type ring map[string]error

var (
	errActive  = errors.New("active")
	errPending = errors.New("pending")
)

func (r ring) Lookup(domain string) (keys.Set, error) {
	switch r[domain] {
	case errActive:
		return keys.Set{Active: []keys.SigningKey{{Domain: domain, Selector: "s"}}}, nil
	case errPending:
		return keys.Set{Pending: true}, nil
	}
	return keys.Set{}, r[domain]
}

func TestDecide(t *testing.T) {
	store := ring{
		"example.jp": errActive, "b.example": errActive, "xn--wgv71a119e.jp": errActive,
		"pending.example": errPending,
		"broken.example":  fmt.Errorf("it is %w", keys.ErrBadKey),
		"away.example":    errors.New("input/output error"),
	}
	rules := Rules{
		Authenticated:      true,
		LoginMatch:         Enforce,
		LoginDefaultDomain: "example.jp",
		Networks: []Network{
			{[]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}, []string{"example.jp", "b.example"}},
			{[]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, []string{"*"}},
		},
		TempFailStoreError: true,
	}
	report, off, noLogins := rules, rules, rules
	report.LoginMatch = Report
	off.LoginMatch = Off
	noLogins.Authenticated = false

	login := func(login string) Origin { return Origin{Login: login, Client: netip.MustParseAddr("203.0.113.9")} }
	client := func(addr string) Origin { return Origin{Client: netip.MustParseAddr(addr)} }
	for _, test := range []struct {
		name     string
		rules    Rules
		origin   Origin
		from     []string
		domain   string // signed as
		reason   Reason
		tempFail bool
		mismatch bool
	}{
		{name: "a login sends as its domain", origin: login("taro@example.jp"), from: []string{"taro@example.jp"}, domain: "example.jp"},
		{name: "in upper case", origin: login("taro@EXAMPLE.JP"), from: []string{"Taro@Example.JP"}, domain: "example.jp"},
		{name: "in another address", origin: login("taro@example.jp"), from: []string{"info@example.jp"}, domain: "example.jp"},
		{name: "as U-label", origin: login("taro@xn--wgv71a119e.jp"), from: []string{"taro@日本語.jp"}, domain: "xn--wgv71a119e.jp"},
		{name: "a login without a domain", origin: login("taro"), from: []string{"taro@example.jp"}, domain: "example.jp"},
		{name: "a login sends as another domain", origin: login("taro@example.jp"), from: []string{"x@b.example"}, reason: LoginMismatch},
		{name: "as a subdomain", origin: login("taro@example.jp"), from: []string{"x@sub.example.jp"}, reason: LoginMismatch},
		{name: "as the parent", origin: login("taro@sub.example.jp"), from: []string{"x@example.jp"}, reason: LoginMismatch},
		{name: "a login that is no address", origin: login("taro@"), from: []string{"x@example.jp"}, reason: LoginMismatch},
		{name: "reported", rules: report, origin: login("taro@example.jp"), from: []string{"x@b.example"}, domain: "b.example", mismatch: true},
		{name: "reported, but right", rules: report, origin: login("taro@b.example"), from: []string{"x@b.example"}, domain: "b.example"},
		{name: "matching is off", rules: off, origin: login("taro@example.jp"), from: []string{"x@b.example"}, domain: "b.example"},
		{name: "logins are off", rules: noLogins, origin: login("taro@example.jp"), from: []string{"x@example.jp"}, reason: NotOurs},
		{name: "a login from a trusted network has no more rights", origin: Origin{Login: "taro@example.jp", Client: netip.MustParseAddr("192.0.2.1")}, from: []string{"x@b.example"}, reason: LoginMismatch},

		{name: "a network sends as its domain", origin: client("127.0.0.1"), from: []string{"x@b.example"}, domain: "b.example"},
		{name: "over IPv6", origin: client("::1"), from: []string{"x@b.example"}, domain: "b.example"},
		{name: "mapped into IPv6", origin: client("::ffff:127.0.0.1"), from: []string{"x@b.example"}, domain: "b.example"},
		{name: "as another domain", origin: client("127.0.0.1"), from: []string{"x@pending.example"}, reason: NetworkMismatch},
		{name: "a network that may send as anything", origin: client("192.0.2.77"), from: []string{"x@b.example"}, domain: "b.example"},

		{name: "a stranger", origin: client("203.0.113.9"), from: []string{"x@example.jp"}, reason: NotOurs},
		{name: "a client without an address", origin: Origin{}, from: []string{"x@example.jp"}, reason: NotOurs},
		{name: "an incoming listener, with a login", origin: Origin{Login: "taro@example.jp", Incoming: true}, from: []string{"x@example.jp"}, reason: NotOurs},
		{name: "an incoming listener, from a network", origin: Origin{Client: netip.MustParseAddr("127.0.0.1"), Incoming: true}, from: []string{"x@example.jp"}, reason: NotOurs},

		{name: "no From", origin: login("taro@example.jp"), reason: NoFrom},
		{name: "an empty group", origin: login("taro@example.jp"), from: []string{"Nobody:;"}, reason: NoFrom},
		{name: "two From", origin: login("taro@example.jp"), from: []string{"taro@example.jp", "taro@example.jp"}, reason: MultipleFrom},
		{name: "two addresses", origin: login("taro@example.jp"), from: []string{"taro@example.jp, x@b.example"}, reason: MultipleFrom},
		{name: "a group of two", origin: login("taro@example.jp"), from: []string{"Us: taro@example.jp, x@b.example;"}, reason: MultipleFrom},
		{name: "an address that is none", origin: login("taro@example.jp"), from: []string{"taro"}, reason: BadFrom},
		{name: "an address literal", origin: login("taro@example.jp"), from: []string{"taro@[192.0.2.1]"}, reason: BadFrom},
		{name: "a hidden line", origin: login("taro@example.jp"), from: []string{"taro@example.jp\nSubject: x"}, reason: BadHeader},
		{name: "a NUL", origin: login("taro@example.jp"), from: []string{"taro@example.jp\x00.b.example"}, reason: BadHeader},

		{name: "no key", origin: login("taro@none.example"), from: []string{"taro@none.example"}, reason: NoKey},
		{name: "a pending key", origin: login("taro@pending.example"), from: []string{"taro@pending.example"}, reason: KeyPending},
		{name: "a damaged key", origin: login("taro@broken.example"), from: []string{"taro@broken.example"}, reason: BadKey},
		{name: "a store that is away", origin: login("taro@away.example"), from: []string{"taro@away.example"}, reason: StoreError, tempFail: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.rules.LoginMatch == "" {
				test.rules = rules
			}
			var header Header
			header.Add("Subject", "x")
			for _, from := range test.from {
				header.Add("From", from)
			}
			d := test.rules.Decide(test.origin, &header, store)
			if d.Reason != test.reason || d.TempFail != test.tempFail || d.Mismatch != test.mismatch {
				t.Errorf("decided %q (tempfail %v, mismatch %v, %v), want %q (%v, %v)", d.Reason, d.TempFail, d.Mismatch, d.Err, test.reason, test.tempFail, test.mismatch)
			}
			if (test.domain != "") != (len(d.Keys) > 0) || test.domain != "" && d.Keys[0].Domain != test.domain {
				t.Errorf("signed with %v, want %q", d.Keys, test.domain)
			}
		})
	}
}
