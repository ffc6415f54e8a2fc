package signer

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
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

// loginMap is a login map; what ends in away.map.example it cannot tell.
type loginMap map[string][]string

func (m loginMap) Logins(key string) ([]string, error) {
	if strings.HasSuffix(key, "away.map.example") {
		return nil, errors.New("the database is away")
	}
	return m[key], nil
}

func TestDecide(t *testing.T) {
	store := ring{
		"example.jp": errActive, "b.example": errActive, "xn--wgv71a119e.jp": errActive,
		"shop.example": errActive, "own.example.jp": errActive, "deep.example.jp": errActive,
		"off.example": errActive, "host.example": errActive, "soon.example.jp": errPending,
		"pending.example":  errPending,
		"broken.example":   fmt.Errorf("it is %w", keys.ErrBadKey),
		"away.example":     errors.New("input/output error"),
		"away.map.example": errActive,
	}
	rules := Rules{
		Authenticated:      true,
		LoginMatch:         Enforce,
		LoginSeparators:    "@",
		LoginDefaultDomain: "example.jp",
		LoginMap: loginMap{
			"info@b.example": {"taro@example.jp"},
			"@shop.example":  {"x@example.jp", "Taro@Example.JP"},
			"@map.example":   nil,
		},
		IncomingDaemons: []string{"mx"},
		Domains: map[string]DomainRules{
			"off.example":     {Off: true},
			"example.jp":      {Subdomains: true},
			"deep.example.jp": {Subdomains: true},
			"b.example":       {Options: Options{Single: true}},
		},
		Networks: []Network{
			{[]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}, []string{"example.jp", "b.example"}},
			{[]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, []string{"*"}},
		},
		TempFailStoreError: true,
	}
	report, off, noLogins, percent, also, alsoNoKey, kelvin := rules, rules, rules, rules, rules, rules, rules
	kelvin.LoginMap = loginMap{"@shop.example": {"ken@b.example"}, "ken@b.example": {"taro@example.jp"}}
	percent.LoginSeparators = "@%"
	also.AlsoSign, also.AlsoSignAlways = []string{"host.example", "none.example"}, true
	alsoNoKey.AlsoSign = []string{"host.example"}
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
		also     string // and as
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
		{name: "as a subdomain of one that signs for none", origin: login("taro@shop.example"), from: []string{"x@sub.shop.example"}, reason: LoginMismatch},
		{name: "as a subdomain", origin: login("taro@example.jp"), from: []string{"x@sub.example.jp"}, domain: "example.jp"},
		{name: "as a subdomain with keys of its own", origin: login("taro@example.jp"), from: []string{"x@own.example.jp"}, reason: LoginMismatch},
		{name: "a login of a subdomain", origin: login("taro@sub.example.jp"), from: []string{"x@sub.example.jp"}, domain: "example.jp"},
		{name: "a login of a subdomain with keys", origin: login("taro@own.example.jp"), from: []string{"x@own.example.jp"}, domain: "own.example.jp"},
		{name: "a subdomain whose key is pending", origin: login("taro@soon.example.jp"), from: []string{"x@soon.example.jp"}, domain: "example.jp"},
		{name: "the longest parent", origin: login("taro@a.deep.example.jp"), from: []string{"x@a.deep.example.jp"}, domain: "deep.example.jp"},
		{name: "the longest parent, of another", origin: login("taro@example.jp"), from: []string{"x@a.deep.example.jp"}, reason: LoginMismatch},
		{name: "what only ends alike", origin: login("taro@example.jp"), from: []string{"x@notexample.jp"}, reason: LoginMismatch},
		{name: "a switched off domain", origin: login("taro@off.example"), from: []string{"x@off.example"}, reason: SwitchedOff},

		{name: "an address in the map", origin: login("taro@example.jp"), from: []string{"Info@B.example"}, domain: "b.example"},
		{name: "another address of that domain", origin: login("taro@example.jp"), from: []string{"x@b.example"}, reason: LoginMismatch},
		{name: "another login for the address", origin: login("jiro@example.jp"), from: []string{"info@b.example"}, reason: LoginMismatch},
		{name: "a quoted local part is not the address", origin: login("taro@example.jp"), from: []string{`"info"@b.example`}, reason: LoginMismatch},
		{name: "a domain in the map", origin: login("taro@example.jp"), from: []string{"anybody@shop.example"}, domain: "shop.example"},
		{name: "a domain in the map, a parent", origin: login("taro@example.jp"), from: []string{"anybody@sub.shop.example"}, reason: LoginMismatch},
		{name: "a map that is away", origin: login("taro@example.jp"), from: []string{"x@away.map.example"}, reason: StoreError, tempFail: true},
		{name: "a map that is away is not asked about the login's own domain", origin: login("taro@away.map.example"), from: []string{"x@away.map.example"}, domain: "away.map.example"},
		{name: "a map that is away does not matter where there is no key", origin: login("taro@example.jp"), from: []string{"x@none.away.map.example"}, reason: NoKey},
		{name: "nor where others are signed, too", rules: report, origin: login("taro@example.jp"), from: []string{"x@away.map.example"}, domain: "away.map.example", mismatch: true},
		{name: "a login that looks like another", origin: login("taro@\u017fhop.example"), from: []string{"x@shop.example"}, reason: LoginMismatch},
		{name: "an author that folds to another", rules: kelvin, origin: login("taro@example.jp"), from: []string{"\u212aen@b.example"}, reason: LoginMismatch},
		{name: "a login that folds to another", rules: kelvin, origin: login("\u212aen@b.example"), from: []string{"x@shop.example"}, reason: LoginMismatch},

		{name: "a login with a %", origin: login("taro%b.example"), from: []string{"x@b.example"}, reason: LoginMismatch},
		{name: "where that separates", rules: percent, origin: login("taro%b.example"), from: []string{"x@b.example"}, domain: "b.example"},
		{name: "and @, too", rules: percent, origin: login("taro%b.example@example.jp"), from: []string{"x@b.example"}, reason: LoginMismatch},

		{name: "ours besides", rules: also, origin: login("taro@example.jp"), from: []string{"x@example.jp"}, domain: "example.jp", also: "host.example"},
		{name: "ours besides, but a single one is wanted", rules: also, origin: login("taro@b.example"), from: []string{"x@b.example"}, domain: "b.example"},
		{name: "ours alone", rules: also, origin: login("taro@none.example"), from: []string{"x@none.example"}, domain: "host.example"},
		{name: "ours alone, if there is no key", rules: alsoNoKey, origin: login("taro@pending.example"), from: []string{"x@pending.example"}, domain: "host.example"},
		{name: "not ours, if there is a key", rules: alsoNoKey, origin: login("taro@example.jp"), from: []string{"x@example.jp"}, domain: "example.jp"},
		{name: "not ours for a mismatch", rules: also, origin: login("taro@example.jp"), from: []string{"x@b.example"}, reason: LoginMismatch},
		{name: "not ours for a stranger", rules: also, origin: client("203.0.113.9"), from: []string{"x@example.jp"}, reason: NotOurs},
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

		{name: "an incoming service", origin: Origin{Login: "taro@example.jp", Daemon: "mx"}, from: []string{"x@example.jp"}, reason: NotOurs},
		{name: "another service", origin: Origin{Login: "taro@example.jp", Daemon: "submission"}, from: []string{"x@example.jp"}, domain: "example.jp"},

		{name: "no From", origin: login("taro@example.jp"), reason: NoFrom},
		{name: "an empty group", origin: login("taro@example.jp"), from: []string{"Nobody:;"}, reason: NoFrom},
		{name: "two From", origin: login("taro@example.jp"), from: []string{"taro@example.jp", "taro@example.jp"}, reason: MultipleFrom},
		{name: "two addresses", origin: login("taro@example.jp"), from: []string{"taro@example.jp, x@b.example"}, reason: MultipleFrom},
		{name: "a group of two", origin: login("taro@example.jp"), from: []string{"Us: taro@example.jp, x@b.example;"}, reason: MultipleFrom},
		{name: "an address that is none", origin: login("taro@example.jp"), from: []string{"taro"}, reason: BadFrom},
		{name: "an address literal", origin: login("taro@example.jp"), from: []string{"taro@[192.0.2.1]"}, reason: BadFrom},
		{name: "a hidden line", origin: login("taro@example.jp"), from: []string{"taro@example.jp\nSubject: x"}, reason: BadHeader},
		{name: "a form feed", origin: login("taro@example.jp"), from: []string{"taro@example.jp\f"}, reason: BadHeader},
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
				header.Add("From", asMilter(from))
			}
			d := test.rules.Decide(test.origin, &header, store)
			if d.Reason != test.reason || d.TempFail != test.tempFail || d.Mismatch != test.mismatch {
				t.Errorf("decided %q (tempfail %v, mismatch %v, %v), want %q (%v, %v)", d.Reason, d.TempFail, d.Mismatch, d.Err, test.reason, test.tempFail, test.mismatch)
			}
			var signed, want []string
			for _, s := range d.Signatures {
				signed = append(signed, s.Domain)
			}
			for _, domain := range []string{test.domain, test.also} {
				if domain != "" {
					want = append(want, domain)
				}
			}
			if !slices.Equal(signed, want) {
				t.Errorf("signed as %q, want %q", signed, want)
			}
			explained, steps := test.rules.Explain(test.origin, &header, store)
			if explained.Reason != d.Reason || len(steps) == 0 || (d.Reason == "") != steps[len(steps)-1].OK && test.also == "" && !d.Mismatch && d.Err == nil {
				t.Errorf("explained by %+v", steps)
			}
		})
	}
}
