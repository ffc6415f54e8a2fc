package signer_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"dkimd/keys"
	"dkimd/keys/record"
	"dkimd/signer"
)

// The README's section "Who is signed" once more, as a model that is slow and
// plain: it is written from those words, not from Decide, and shares no code with
// it. Random configurations, stores and messages then go through both.

// world is all that a decision depends on besides the message.
type world struct {
	rules  signer.Rules
	store  store
	logins loginMap
}

// store has the state of each domain's keys.
type store map[string]state

type state string

const (
	none    state = "" // as the domains that are not in a store
	active  state = "active"
	both    state = "active rsa and ed25519"
	edOnly  state = "active ed25519"
	pending state = "pending"
	damaged state = "damaged"
	away    state = "away"
)

// Lookup implements [signer.Ring].
func (s store) Lookup(domain string) (keys.Set, error) {
	key := func(algorithm string) keys.SigningKey {
		return keys.SigningKey{Domain: domain, Selector: algorithm, Algorithm: algorithm}
	}
	switch s[domain] {
	case active:
		return keys.Set{Active: []keys.SigningKey{key(record.RSA)}}, nil
	case both:
		return keys.Set{Active: []keys.SigningKey{key(record.RSA), key(record.Ed25519)}}, nil
	case edOnly:
		return keys.Set{Active: []keys.SigningKey{key(record.Ed25519)}}, nil
	case pending:
		return keys.Set{Pending: true}, nil
	case damaged:
		return keys.Set{}, fmt.Errorf("it is %w", keys.ErrBadKey)
	case away:
		return keys.Set{}, errors.New("input/output error")
	}
	return keys.Set{}, nil
}

// loginMap has the logins that are listed for a key. One that is nil for a domain
// cannot tell who may use it, or an address in it.
type loginMap map[string][]string

// cannotTell is what a loginMap lists for @ and a domain that it does not answer for.
const cannotTell = "cannot tell"

// Logins implements [signer.LoginMap].
func (m loginMap) Logins(key string) ([]string, error) {
	if slices.Contains(m[key[strings.LastIndex(key, "@"):]], cannotTell) {
		return nil, errors.New("the database is away")
	}
	return m[key], nil
}

// mail is a message: what is in its From fields, and how they are written.
type mail struct {
	origin      signer.Origin
	loginDomain string // the domain that the login was made of; empty: none
	from        []fromField
}

type fromField struct {
	name      string // From, in any case
	text      string
	malformed bool // the text is not as RFC 5322 has it
	addresses []address
}

// address is one of a From field. Its domain is in A-labels.
type address struct{ local, domain string }

// verdict is what is compared of a decision.
type verdict struct {
	reason     signer.Reason
	signatures string // domains and selectors
	mismatch   bool
	tempFail   bool
}

func (w *world) unsigned(reason signer.Reason) verdict {
	return verdict{
		reason:   reason,
		tempFail: reason == signer.StoreError && w.rules.TempFailStoreError || reason == signer.BadKey && w.rules.TempFailBadKey,
	}
}

// verdict is the model.
func (w *world) verdict(m mail) verdict {
	// 1. Did it come in where mail is signed?
	if m.origin.Incoming || slices.Contains(w.rules.IncomingDaemons, m.origin.Daemon) {
		return w.unsigned(signer.NotOurs)
	}
	// 2. Who vouches for it?
	v := voucher{world: w, login: m.origin.Login}
	if v.login == "" {
		v.networks = w.networksOf(m.origin.Client)
		if len(v.networks) == 0 {
			return w.unsigned(signer.NotOurs)
		}
	} else if !w.rules.Authenticated {
		return w.unsigned(signer.NotOurs)
	}
	// 3. Whose mail is it?
	switch {
	case len(m.from) == 0:
		return w.unsigned(signer.NoFrom)
	case len(m.from) > 1:
		return w.unsigned(signer.MultipleFrom)
	case m.from[0].malformed:
		return w.unsigned(signer.BadFrom)
	case len(m.from[0].addresses) == 0:
		return w.unsigned(signer.NoFrom)
	case len(m.from[0].addresses) > 1:
		return w.unsigned(signer.MultipleFrom)
	}
	from := m.from[0].addresses[0]
	// 4. Is the domain switched off?
	if w.rules.Domains[from.domain].Off {
		return w.unsigned(signer.SwitchedOff)
	}
	// 5. May the voucher use the domain? 6. Is there a key? What the second finds
	// can change the answer to the first. While there is no key, the README leaves
	// open what becomes of those who may use a domain above only: they are not told
	// that they must not, but that there is no key.
	domain, noKey := w.keyDomain(from.domain)
	may := v.mayUseAddress(from)
	for _, above := range w.lenders(from.domain) {
		if domain == above || domain == "" {
			may = either(may, v.mayUseDomain(above))
		}
	}
	switch {
	case may == unknown && w.rules.LoginMatch == signer.Enforce:
		if domain == "" && noKey != signer.BadKey && noKey != signer.StoreError && len(w.rules.AlsoSign) == 0 {
			return w.unsigned(noKey) // it has nothing to sign with anyway
		}
		return w.unsigned(signer.StoreError)
	case may == no && v.login == "":
		return w.unsigned(signer.NetworkMismatch)
	case may == no && w.rules.LoginMatch == signer.Enforce:
		return w.unsigned(signer.LoginMismatch)
	case noKey == signer.BadKey, noKey == signer.StoreError:
		return w.unsigned(noKey)
	}
	signatures := w.signatures(domain)
	if len(signatures) == 0 || w.rules.AlsoSignAlways && !w.rules.Domains[domain].Options.Single {
		for _, also := range w.rules.AlsoSign {
			if also != domain {
				signatures = append(signatures, w.signatures(also)...)
			}
		}
	}
	if len(signatures) == 0 {
		return w.unsigned(noKey)
	}
	slices.Sort(signatures)
	return verdict{signatures: strings.Join(signatures, " "), mismatch: may != yes}
}

// signatures returns those that a domain's active keys make.
func (w *world) signatures(domain string) []string {
	rsa, ed := domain+"/rsa", domain+"/ed25519"
	options := w.rules.Domains[domain].Options
	switch state := w.store[domain]; {
	case state == active, state == both && (options.NoEd25519 || options.Single):
		return []string{rsa}
	case state == both:
		return []string{rsa, ed}
	case state == edOnly && !options.NoEd25519:
		return []string{ed}
	}
	return nil
}

// keyDomain returns the domain whose keys sign the mail of a domain, and why it
// stays unsigned if there is none, or if its keys are of no use.
func (w *world) keyDomain(domain string) (string, signer.Reason) {
	reason := signer.NoKey
	for _, d := range append([]string{domain}, w.lenders(domain)...) {
		switch w.store[d] {
		case active, both, edOnly:
			return d, reason
		case damaged:
			return "", signer.BadKey
		case away:
			return "", signer.StoreError
		case pending:
			reason = signer.KeyPending
		}
	}
	return "", reason
}

// lenders returns the domains above one that sign for their subdomains, the
// longest first. The README leaves open whether a domain that is switched off
// does: it does not.
func (w *world) lenders(domain string) []string {
	var list []string
	labels := strings.Split(domain, ".")
	for i := 1; i < len(labels); i++ {
		above := strings.Join(labels[i:], ".")
		if rules := w.rules.Domains[above]; rules.Subdomains && !rules.Off {
			list = append(list, above)
		}
	}
	return list
}

// networksOf returns the networks that a client is in.
func (w *world) networksOf(client netip.Addr) []signer.Network {
	var list []signer.Network
	for _, network := range w.rules.Networks {
		if slices.ContainsFunc(network.Prefixes, func(p netip.Prefix) bool { return inPrefix(client, p) }) {
			list = append(list, network)
		}
	}
	return list
}

// inPrefix compares bit by bit.
func inPrefix(client netip.Addr, prefix netip.Prefix) bool {
	if !client.IsValid() || (client.Is4() || client.Is4In6()) != prefix.Addr().Is4() {
		return false
	}
	bits := func(a netip.Addr) (text string) {
		for _, b := range a.Unmap().AsSlice() {
			text += fmt.Sprintf("%08b", b)
		}
		return text
	}
	return strings.HasPrefix(bits(client), bits(prefix.Addr())[:prefix.Bits()])
}

// answer is to the question whether somebody may use a domain.
type answer int

const (
	no answer = iota
	unknown
	yes
)

func either(a, b answer) answer { return max(a, b) }

// voucher is who speaks for a message: a login, or else networks.
type voucher struct {
	*world
	login    string
	networks []signer.Network
}

// mayUseDomain is about every address of a domain.
func (v voucher) mayUseDomain(domain string) answer {
	if v.login == "" {
		for _, network := range v.networks {
			if slices.Contains(network.Domains, domain) || slices.Contains(network.Domains, "*") {
				return yes
			}
		}
		return no
	}
	if v.rules.LoginMatch == signer.Off || v.ownDomain() == domain {
		return yes
	}
	return v.listed("@" + domain)
}

func (v voucher) mayUseAddress(a address) answer {
	if v.login == "" {
		return v.mayUseDomain(a.domain)
	}
	return either(v.mayUseDomain(a.domain), v.listed(strings.ToLower(a.local)+"@"+a.domain))
}

// ownDomain returns the domain of the login.
func (v voucher) ownDomain() string {
	last := strings.LastIndexAny(v.login, v.rules.LoginSeparators)
	if last < 0 {
		return v.rules.LoginDefaultDomain
	}
	if strings.Contains(v.login[last+1:], "日本語") {
		return "" // a login has its domain in A-labels
	}
	return strings.ToLower(v.login[last+1:])
}

// listed is whether the login map lists the login for a key.
func (v voucher) listed(key string) answer {
	if v.rules.LoginMap == nil {
		return no
	}
	logins, err := v.logins.Logins(key)
	if err != nil {
		return unknown
	}
	for _, login := range logins {
		if strings.EqualFold(login, v.login) {
			return yes
		}
	}
	return no
}

// dice choose for a generator: random numbers, or a fuzzer's bytes.
type dice interface{ IntN(n int) int }

// bytes are dice that show 0 when they are used up.
type bytes []byte

func (b *bytes) IntN(n int) int {
	if len(*b) == 0 {
		return 0
	}
	first := (*b)[0]
	*b = (*b)[1:]
	return int(first) % n
}

// generator makes worlds and mail. It puts what is common first, since 0 is what
// dice show in the end.
type generator struct {
	dice
	domains []string // that this world is mostly about
	people  []person // who log in
}

type person struct{ login, domain string }

// universe is small, so that names meet often: as parents, as what only ends or
// begins alike, as IDN.
var universe = []string{
	"example.jp", "b.example", "sub.example.jp", "a.sub.example.jp", "notexample.jp", "example.jp.b.example",
	"xn--wgv71a119e.jp", "sub.xn--wgv71a119e.jp", "co.jp", "shop.co.jp", "host.example", "sub.host.example",
}

func pick[T any](g *generator, list ...T) T { return list[g.IntN(len(list))] }

// in says yes once in n times.
func (g *generator) in(n int) bool { return g.IntN(n) == n-1 }

func (g *generator) domain() string {
	if g.in(5) {
		return pick(g, universe...)
	}
	return pick(g, g.domains...)
}

// list returns up to n of what make makes.
func list[T any](g *generator, n int, make func() T) []T {
	var l []T
	for range g.IntN(n + 1) {
		l = append(l, make())
	}
	return l
}

func (g *generator) world() *world {
	g.domains, g.people = nil, nil
	for range 4 {
		g.domains = append(g.domains, pick(g, universe...))
	}
	w := &world{
		rules: signer.Rules{
			Authenticated:      !g.in(10),
			LoginMatch:         pick(g, signer.Enforce, signer.Enforce, signer.Enforce, signer.Report, signer.Off),
			LoginSeparators:    pick(g, "@", "@%", "%", "+@%"),
			LoginDefaultDomain: pick(g, "", g.domain()),
			IncomingDaemons:    pick(g, nil, []string{"mx"}, []string{"mx", "filter"}),
			AlsoSign:           list(g, 2, g.domain),
			AlsoSignAlways:     g.in(2),
			TempFailStoreError: g.in(2),
			TempFailBadKey:     g.in(2),
			Domains:            map[string]signer.DomainRules{},
		},
		store:  store{},
		logins: loginMap{},
	}
	slices.Sort(w.rules.AlsoSign)
	w.rules.AlsoSign = slices.Compact(w.rules.AlsoSign)
	for _, domain := range universe {
		w.store[domain] = pick(g, active, none, active, both, pending, active, none, both, edOnly, pick(g, active, damaged, none, away))
		w.rules.Domains[domain] = signer.DomainRules{
			Off:        g.in(12),
			Subdomains: g.in(2),
			Options:    signer.Options{NoEd25519: g.in(5), Single: g.in(5)},
		}
		if g.in(3) {
			delete(w.rules.Domains, domain)
		}
	}
	w.rules.Networks = list(g, 3, func() signer.Network {
		return signer.Network{
			Prefixes: list(g, 2, func() netip.Prefix { return netip.MustParsePrefix(pick(g, prefixes...)) }),
			Domains:  list(g, 2, func() string { return pick(g, g.domain(), g.domain(), g.domain(), "*") }),
		}
	})
	for range 4 {
		g.people = append(g.people, g.person(w.rules.LoginSeparators, w.rules.LoginDefaultDomain))
	}
	if g.in(2) {
		w.rules.LoginMap = w.logins
		for range g.IntN(4) {
			key := pick(g, "", "taro", "info") + "@" + g.domain()
			w.logins[key] = list(g, 3, func() string { return pick(g, strings.ToLower, strings.ToUpper)(pick(g, g.people...).login) })
		}
		if g.in(4) {
			w.logins["@"+g.domain()] = []string{cannotTell}
		}
	}
	return w
}

var (
	prefixes = []string{"192.0.2.0/24", "127.0.0.0/8", "::1/128", "192.0.2.64/26", "192.0.2.77/32", "2001:db8::/32", "2001:db8:0:8000::/49", "0.0.0.0/0", "::/0"}
	clients  = []string{"192.0.2.77", "127.0.0.1", "::1", "::ffff:192.0.2.77", "192.0.2.1", "192.0.3.77", "2001:db8::1", "2001:db8:0:8000::1", "2001:db9::1", "::ffff:127.0.0.1", "::127.0.0.1", "203.0.113.9"}
)

// person makes a login, with the domain that it is made of.
func (g *generator) person(separators, defaultDomain string) person {
	name := pick(g, "taro", "Hanako", "info", "taro.y")
	if g.in(5) {
		for _, separator := range "+@%" { // one that does not count
			if !strings.ContainsRune(separators, separator) {
				name += string(separator) + g.domain()
			}
		}
		return person{name, defaultDomain}
	}
	for range g.IntN(2) {
		name += pick(g, strings.Split(separators, "")...) + g.domain() // not the last
	}
	separator := pick(g, strings.Split(separators, "")...)
	if g.in(10) {
		return person{name + separator + pick(g, "", "localhost", ".", "jp"), ""}
	}
	domain := g.domain()
	return person{name + separator + g.spelt(domain), domain}
}

// spelt writes a domain in one of its ways.
func (g *generator) spelt(domain string) string {
	uLabels := strings.ReplaceAll(domain, "xn--wgv71a119e", "日本語")
	return pick(g, domain, domain, strings.ToUpper(domain), uLabels, strings.ToUpper(uLabels), strings.ToUpper(domain[:3])+domain[3:])
}

func (g *generator) mail() mail {
	var m mail
	m.origin.Daemon = pick(g, "", "", "submission", "mx", "filter", "MX")
	m.origin.Incoming = g.in(10)
	if !g.in(6) {
		m.origin.Client = netip.MustParseAddr(pick(g, clients...))
	}
	if !g.in(3) {
		p := pick(g, g.people...)
		m.origin.Login, m.loginDomain = p.login, p.domain
	}
	for range pick(g, 1, 1, 1, 1, 1, 1, 1, 1, 0, 2) {
		m.from = append(m.from, g.fromField(m.loginDomain))
	}
	return m
}

func (g *generator) fromField(sender string) fromField {
	one := func() address {
		a := address{pick(g, "taro", "info", "Info", "taro.y", `"info"`, `"x@b.example"`, "太郎"), g.domain()}
		if sender != "" && g.in(2) {
			a.domain = sender
		}
		return a
	}
	field := fromField{name: pick(g, "From", "From", "from", "FROM")}
	switch pick(g, 1, 1, 1, 1, 1, 1, 1, 0, 2, -1) {
	case 0:
		field.text = pick(g, "Nobody:;", "", " ", "(x@b.example)", "Nobody: ,;", "\n ")
	case 1:
		field.addresses = []address{one()}
		field.text = g.written(field.addresses)
	case 2:
		field.addresses = append(list(g, 2, one), one(), one())
		field.text = g.written(field.addresses)
	case -1:
		field.malformed = true
		a := one()
		field.text = fmt.Sprintf(pick(g, "%s <%s>", "<%s", "taro %s", "%s>", "<%s> x", "@%s", "%s.", "%s@b.example", "x, %s <", "\"%s", "%s)", "(%s", "Us: %s", "%s;", "<%s>, taro", "<%s><%s>", "%s\xbb", "<%s>\x01", ".%s", "[%s]"), a)
		if g.in(5) { // as RFC 5322 has it, but these have no record in DNS
			field.text = pick(g, "taro@[192.0.2.1]", "taro@localhost", "taro@192.0.2.1", "taro@under_score.example")
		}
	}
	return field
}

// String is the address in plain.
func (a address) String() string { return a.local + "@" + a.domain }

// written writes addresses into a From field, in one of the ways of RFC 5322.
func (g *generator) written(addresses []address) string {
	var texts []string
	for _, a := range addresses {
		domain := g.spelt(a.domain)
		at := pick(g, "@", "@", "@", " @ ", "(x@b.example)@", "@\n (x@b.example) ")
		if g.in(10) {
			domain = strings.ReplaceAll(domain, ".", pick(g, " . ", " (b.example) .", ".\r\n\t"))
		}
		text := a.local + at + domain
		if g.in(10) {
			text = strings.ToUpper(a.local[:1]) + text[1:]
		}
		texts = append(texts, fmt.Sprintf(pick(g, displays...), text))
	}
	text := strings.Join(texts, pick(g, ",", ", ", " , (x@b.example) ", ",\n\t", ", ,"))
	return fmt.Sprintf(pick(g, "%s", " %s", "%s", "Us: %s;", ",%s", "%s ,", "Nobody:;, %s", "%s, Nobody: (x@b.example) ;"), text)
}

var displays = []string{
	"%s", "<%s>", "Taro Yamada <%s>", `"Yamada, Taro" <%s>`, `"x@b.example" <%s>`, `"<x@b.example>," <%s>`, `"\"<x@b.example>" <%s>`,
	"(x@b.example) %s", "%s (x@b.example)", "%s (a (<x@b.example>,) \\) b)", "(\\() <%s>", "Mr. T. Yamada<%s>", "Taro\n <%s>", "Taro\r\n\t< %s >",
	"=?UTF-8?Q?x=40b=2Eexample?= <%s>", "=?UTF-8?B?PHhAYi5leGFtcGxlPg==?= <%s>", "山田 <%s>", "\xbb\xb3 <%s>", `"example.jp" (b.example) <(x)%s(x)>`,
}

// header has the From fields of a message, and others between them.
func (m mail) header(between func(*signer.Header)) *signer.Header {
	header := &signer.Header{}
	for _, field := range m.from {
		between(header)
		header.Add(field.name, strings.ReplaceAll(field.text, "\r\n", "\n"))
	}
	between(header)
	return header
}

// rewritten has the same addresses in From, written in other ways.
func (g *generator) rewritten(m mail) mail {
	m.from = slices.Clone(m.from)
	for i, field := range m.from {
		if len(field.addresses) > 0 {
			m.from[i].text = g.written(field.addresses)
		}
	}
	return m
}

// noise adds fields that nobody may be signed for.
func (g *generator) noise(header *signer.Header) {
	for range g.IntN(4) {
		domain := g.domain()
		name := pick(g, "Sender", "Reply-To", "Resent-From", "Resent-Sender", "X-From", "Return-Path", "To", "Subject", "Disposition-Notification-To", "DKIM-Signature")
		value := g.written([]address{{"taro", domain}})
		switch name {
		case "DKIM-Signature":
			value = fmt.Sprintf("v=1; a=rsa-sha256; d=%s; s=rsa; h=From; bh=; b=", domain)
		case "Subject":
			value = "From: taro@" + domain
		}
		header.Add(name, strings.ReplaceAll(value, "\r\n", "\n"))
	}
}

func verdictOf(d signer.Decision) verdict {
	var signatures []string
	for _, s := range d.Signatures {
		signatures = append(signatures, s.Domain+"/"+s.Selector)
	}
	slices.Sort(signatures)
	return verdict{d.Reason, strings.Join(signatures, " "), d.Mismatch, d.TempFail}
}

// check puts a world and some mail through Decide, and returns what is wrong.
func check(g *generator, w *world, mails []mail, count map[string]int) error {
	quiet := func(*signer.Header) {}
	var decisions []signer.Decision
	for _, m := range mails {
		decisions = append(decisions, w.rules.Decide(m.origin, m.header(quiet), w.store))
	}
	for i, m := range slices.Backward(mails) {
		got := verdictOf(decisions[i])
		fail := func(format string, args ...any) error {
			return fmt.Errorf("%s\n%+v\n%s\ndecided: %+v (%v)", fmt.Sprintf(format, args...), m, w, got, decisions[i].Err)
		}
		if want := w.verdict(m); got != want {
			return fail("the model wants %+v", want)
		}
		if err := w.rightful(m, decisions[i]); err != nil {
			return fail("%v", err)
		}
		if again := verdictOf(w.rules.Decide(m.origin, m.header(quiet), w.store)); again != got {
			return fail("in another order: %+v", again)
		}
		noisy := g.rewritten(m).header(g.noise)
		if other := verdictOf(w.rules.Decide(m.origin, noisy, w.store)); other != got {
			return fail("other fields and other display names make it %+v: %+v", other, noisy)
		}
		explained, steps := w.rules.Explain(m.origin, m.header(quiet), w.store)
		if verdictOf(explained) != got || explained.FromDomain != decisions[i].FromDomain {
			return fail("explained as %+v by %+v", verdictOf(explained), steps)
		}
		if refused := slices.ContainsFunc(steps, func(s signer.Step) bool { return !s.OK }); got.reason != "" && !refused {
			return fail("unsigned, but no step says no: %+v", steps)
		}
		count[w.kind(m, got)]++
	}
	return nil
}

func (w *world) String() string {
	rules := w.rules
	rules.LoginMap = nil
	return fmt.Sprintf("rules: %+v\nstore: %v\nlogin map: %v (used: %v)", rules, w.store, w.logins, w.rules.LoginMap != nil)
}

// rightful is what must hold of every decision, whatever the model says: mail
// that nobody vouches for is not signed, and no login gets the signature of a
// domain that is not its own.
func (w *world) rightful(m mail, d signer.Decision) error {
	if len(d.Signatures) == 0 {
		if d.Reason == "" {
			return errors.New("unsigned without a reason")
		}
		return nil
	}
	trusted := m.origin.Login != "" && w.rules.Authenticated || m.origin.Login == "" && len(w.networksOf(m.origin.Client)) > 0
	if !trusted || m.origin.Incoming || slices.Contains(w.rules.IncomingDaemons, m.origin.Daemon) {
		return errors.New("an untrusted origin is signed")
	}
	if len(m.from) != 1 || len(m.from[0].addresses) != 1 {
		return errors.New("signed without one author")
	}
	from := m.from[0].addresses[0]
	if d.FromDomain != from.domain {
		return fmt.Errorf("the domain of From is taken for %q", d.FromDomain)
	}
	if m.origin.Login == "" || w.rules.LoginMatch != signer.Enforce {
		return nil
	}
	owned := map[string]bool{m.loginDomain: true}
	if w.rules.LoginMap != nil {
		for key, logins := range w.logins {
			if !slices.ContainsFunc(logins, func(login string) bool { return strings.EqualFold(login, m.origin.Login) }) {
				continue
			}
			if local, domain, _ := strings.Cut(key, "@"); local == "" || local == strings.ToLower(from.local) && domain == from.domain {
				owned[domain] = true
			}
		}
	}
	lends := func(domain string) bool {
		return strings.HasSuffix(from.domain, "."+domain) && w.rules.Domains[domain].Subdomains
	}
	if !owned[from.domain] && !slices.ContainsFunc(slices.Collect(maps.Keys(owned)), lends) {
		return fmt.Errorf("signed, but the login owns %v", owned)
	}
	for _, s := range d.Signatures {
		own := s.Domain == from.domain && owned[from.domain] || lends(s.Domain) && (owned[from.domain] || owned[s.Domain])
		if !own && !slices.Contains(w.rules.AlsoSign, s.Domain) {
			return fmt.Errorf("the login gets the signature of %s, but owns %v", s.Domain, owned)
		}
	}
	return nil
}

// kind is what a case is an example of.
func (w *world) kind(m mail, v verdict) string {
	if v.reason != "" {
		return string(v.reason)
	}
	voucher := "a login"
	if m.origin.Login == "" {
		voucher = "a network"
	}
	domain, _ := w.keyDomain(m.from[0].addresses[0].domain)
	switch {
	case v.mismatch:
		voucher = "a login that does not match"
	case domain == "":
		return voucher + " signed as ours alone"
	case domain != m.from[0].addresses[0].domain:
		return voucher + " signed as the parent"
	}
	return voucher + " signed as itself"
}

// TestModel compares decisions with the model's. MODEL_CASES is how many,
// MODEL_SEED where to begin: a failure says how it can be had again.
func TestModel(t *testing.T) {
	number := func(name string, otherwise uint64) uint64 {
		n, err := strconv.ParseUint(os.Getenv(name), 10, 64)
		if err != nil {
			return otherwise
		}
		return n
	}
	seed, cases := number("MODEL_SEED", 1), number("MODEL_CASES", 200_000)
	const perWorld = 16
	count := map[string]int{}
	for n := range cases / perWorld {
		g := &generator{dice: rand.New(rand.NewPCG(seed, n))}
		w := g.world()
		var mails []mail
		for range perWorld {
			mails = append(mails, g.mail())
		}
		if err := check(g, w, mails, count); err != nil {
			t.Fatalf("MODEL_SEED=%d, world %d: %v", seed, n, err)
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(count)) {
		t.Logf("%8d %s", count[kind], kind)
	}
}

func FuzzDecide(f *testing.F) {
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		g := &generator{dice: (*bytes)(&b)}
		w := g.world()
		if err := check(g, w, []mail{g.mail(), g.mail()}, map[string]int{}); err != nil {
			t.Fatal(err)
		}
	})
}
