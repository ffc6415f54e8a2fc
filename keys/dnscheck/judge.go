package dnscheck

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"dkimd/keys/record"
)

func (k *check) find(code Code, args ...string) { k.findAt(code, "", args...) }

func (k *check) findAt(code Code, server string, args ...string) {
	f := finding(code, server, k.wanted, args...)
	if !slices.Contains(k.result.Findings, f) {
		k.result.Findings = append(k.result.Findings, f)
	}
}

func (k *check) has(code Code) bool {
	return slices.ContainsFunc(k.result.Findings, func(f Finding) bool { return f.Code == code })
}

// judge comes to a verdict about what was found.
func (k *check) judge(ctx context.Context) Verdict {
	if k.has(CNAMELoop) {
		return Wrong
	}
	if k.has(NoDelegation) {
		return NotPublished
	}
	if len(k.found) == 0 {
		return Unclear
	}
	good, absent := 0, 0
	for i := range k.found {
		a := &k.found[i]
		a.findings = judgeValues(a.values, k.wanted, k.others)
		a.unwelcome = slices.ContainsFunc(a.findings, Finding.isError)
		switch {
		case a.absent():
			absent++
		case a.good():
			good++
		}
	}
	switch {
	case k.isWildcard(ctx):
		k.find(WildcardAnswer)
		if good > 0 {
			return Wrong
		}
		return NotPublished
	case absent == len(k.found):
		k.explainAbsence(ctx)
		return NotPublished
	case good < len(k.found):
		k.reportFindings()
		if good > 0 || absent > 0 {
			k.explainDisagreement(ctx, good)
		}
		return Wrong
	}
	k.reportFindings()
	k.askResolver(ctx)
	switch {
	case slices.ContainsFunc(k.result.Findings, Finding.isError):
		return Wrong
	case k.away && !k.acceptUnreachable:
		return Unclear
	}
	return Proven
}

// judgeValues judges all TXT records at one name. More than one make the result
// undefined (RFC 6376 section 3.6.2.2), even if one is right; what else is wrong
// with them is said only if it explains where they come from, or is dangerous.
func judgeValues(values [][]string, wanted record.Record, others []record.Record) []Finding {
	if len(values) == 1 {
		return diagnose(values[0], wanted, others)
	}
	var findings []Finding
	for _, value := range values {
		for _, f := range diagnose(value, wanted, others) {
			if f.Code == OldKey || f.Code == PrivateKey {
				findings = append(findings, f)
			}
		}
	}
	if len(values) > 1 {
		findings = append(findings, finding(SeveralRecords, "", wanted, "count", strconv.Itoa(len(values))))
	}
	return findings
}

// reportFindings reports what is the matter with the values, once for all servers
// that have the same.
func (k *check) reportFindings() {
	var findings []Finding
	places := map[Finding][]string{}
	for _, a := range k.found {
		for _, f := range a.findings {
			if places[f] == nil {
				findings = append(findings, f)
			}
			places[f] = append(places[f], a.place())
		}
	}
	for _, f := range findings {
		if at := places[f]; len(at) < len(k.found) {
			f.Server = strings.Join(at[:min(len(at), 3)], ", ")
		}
		if !slices.Contains(k.result.Findings, f) {
			k.result.Findings = append(k.result.Findings, f)
		}
	}
}

// isWildcard reports whether a name that nobody can have published has the same
// as the record's host.
func (k *check) isWildcard(ctx context.Context) bool {
	i := slices.IndexFunc(k.first, func(a answer) bool { return a.err == nil && (!a.absent() || a.target != "") })
	if i < 0 {
		return false
	}
	real, other := k.first[i], k.first[i]
	other.name = sibling(real.name)
	k.askFor(ctx, &other)
	return other.err == nil && other.target == real.target && reflect.DeepEqual(other.values, real.values)
}

// explainDisagreement reports servers that have something else than the others.
func (k *check) explainDisagreement(ctx context.Context, good int) {
	goodInZone := slices.ContainsFunc(k.found, func(a answer) bool { return a.good() && a.server.delegated })
	if good > 0 && !goodInZone {
		k.find(WrongProvider, "servers", k.places(answer.good), "right", k.places(func(a answer) bool { return a.server.delegated }))
		return
	}
	k.find(ServersDisagree, "good", strconv.Itoa(good), "all", strconv.Itoa(len(k.found)))

	serials := make([]uint32, len(k.found))
	newest := uint32(0)
	for i, a := range k.found {
		if a.zone == nil {
			continue
		}
		reply, err := k.question(ctx, a.addr, a.zone.apex, dns.TypeSOA)
		if err != nil || !reply.Authoritative {
			continue
		}
		for _, rr := range reply.Answer {
			if soa, ok := rr.(*dns.SOA); ok {
				serials[i] = soa.Serial
				if newest == 0 || older(newest, soa.Serial) {
					newest = soa.Serial
				}
			}
		}
	}
	for i, a := range k.found {
		if serials[i] != 0 && older(serials[i], newest) && !a.good() {
			k.findAt(ServerLags, a.place(), "serial", strconv.FormatUint(uint64(serials[i]), 10), "newest", strconv.FormatUint(uint64(newest), 10))
		}
	}
}

// older compares serial numbers (RFC 1982).
func older(a, b uint32) bool { return int32(a-b) < 0 }

// places lists the names of the servers with such answers.
func (k *check) places(is func(answer) bool) string {
	var names []string
	for _, a := range k.found {
		if name := shown(a.server.name); is(a) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names[:min(len(names), 4)], ", ")
}

// explainAbsence finds out why there is nothing at the record's host, by looking
// for it where people put it by mistake.
func (k *check) explainAbsence(ctx context.Context) {
	if len(k.aliases) > 1 {
		k.explainAlias(ctx, k.aliases[len(k.aliases)-1])
		return
	}
	for _, place := range k.misplaced() {
		if k.isAt(ctx, place.name) {
			k.find(place.code, "found", shown(place.name), "right", k.wanted.Host())
			return
		}
	}
	for _, name := range k.elsewhere {
		elsewhere := &zone{apex: ".", servers: k.nameServers(ctx, []string{dns.Fqdn(name)}, false, nil)}
		if k.isOn(ctx, elsewhere, dns.Fqdn(k.wanted.Host())) {
			k.find(WrongProvider, "servers", name, "right", k.places(func(answer) bool { return true }))
			return
		}
	}
	if k.isOnlyHere(ctx, dns.TypeA) || k.isOnlyHere(ctx, dns.TypeAAAA) {
		k.find(AddressInsteadOfTXT)
		return
	}
	k.find(NothingThere)
}

// isOnlyHere reports whether there are records of a type at the record's host
// that do not come from a wildcard.
func (k *check) isOnlyHere(ctx context.Context, qtype uint16) bool {
	host := dns.Fqdn(k.wanted.Host())
	for _, name := range []string{host, sibling(host)} {
		reply := k.firstOf(ctx, k.first[0].zone, name, qtype)
		if reply == nil || (len(reply.Answer) > 0) != (name == host) {
			return false
		}
	}
	return true
}

// sibling returns a name beside another one that nobody can have published.
func sibling(name string) string { return strings.ToLower(rand.Text()) + "." + parent(name) }

// explainAlias says why a CNAME leads to nothing.
func (k *check) explainAlias(ctx context.Context, target string) {
	for _, origin := range []string{parent(k.aliases[0]), dns.Fqdn(k.wanted.Domain), dns.Fqdn(k.result.Zone)} {
		meant, ok := strings.CutSuffix(target, "."+origin)
		if !ok || !strings.Contains(meant, ".") {
			continue
		}
		// A name under a zone of its own was meant to be a whole name.
		if z, err := k.zone(ctx, meant+"."); err == nil && dns.CountLabel(z.apex) > 1 {
			k.find(CNAMERelative, "target", shown(target), "meant", shown(meant))
			return
		}
	}
	k.find(CNAMEInsteadOfTXT, "target", shown(target))
}

type place struct {
	name string
	code Code
}

// misplaced lists where records are found that are not where they should be.
func (k *check) misplaced() []place {
	selector, domain, relative := k.wanted.Selector, k.wanted.Domain, k.wanted.RelativeHost()
	places := []place{
		{k.wanted.Host() + "." + domain, DoubledDomain},
		{selector + ".domainkey." + domain, MissingUnderscore},
		{selector + "-domainkey." + domain, MissingUnderscore},
		{selector + "_domainkey." + domain, MissingUnderscore},
		{selector + "." + domain, WrongHost},
		{selector + "._domainkey._domainkey." + domain, WrongHost},
		{"_domainkey." + domain, WrongHost},
		{domain, WrongHost},
	}
	if zone := k.result.Zone; zone != domain && strings.HasSuffix(domain, "."+zone) {
		places = append(places, place{k.wanted.Host() + "." + zone, DoubledDomain}, place{relative + "." + zone, WrongHost})
	}
	for _, other := range k.others {
		places = append(places, place{other.Host(), WrongHost})
	}
	places = slices.DeleteFunc(places, func(p place) bool {
		_, valid := dns.IsDomainName(p.name)
		return !valid || len(p.name) > 253 || p.name == k.wanted.Host()
	})
	for i := range places {
		places[i].name = dns.Fqdn(places[i].name)
	}
	return places[:min(len(places), 20)]
}

// isAt reports whether our key is at a name of our zone, or another.
func (k *check) isAt(ctx context.Context, name string) bool {
	z := k.first[0].zone
	if !dns.IsSubDomain(z.apex, name) {
		other, err := k.zone(ctx, name)
		if err != nil {
			return false
		}
		z = other
	}
	return k.isOn(ctx, z, name)
}

// isOn reports whether a server of a zone has our key at a name, or a CNAME to it.
func (k *check) isOn(ctx context.Context, z *zone, name string) bool {
	reply := k.firstOf(ctx, z, name, dns.TypeTXT)
	if reply == nil || !reply.Authoritative {
		return false
	}
	values, target := recordsOf(reply, name)
	if target != "" {
		if z, err := k.zone(ctx, target); err == nil {
			if reply := k.firstOf(ctx, z, target, dns.TypeTXT); reply != nil {
				values, _ = recordsOf(reply, target)
			}
		}
	}
	return slices.ContainsFunc(values, k.isOurs)
}

// isOurs reports whether a value has our key in it, however badly.
func (k *check) isOurs(value []string) bool {
	ours := base64.StdEncoding.EncodeToString(k.wanted.Key.Public)
	return ours != "" && strings.Contains(blanks.Replace(strings.Join(value, "")), ours)
}

// askResolver looks whether a resolver, now that all servers have the record,
// gives it out.
func (k *check) askResolver(ctx context.Context) {
	host := dns.Fqdn(k.wanted.Host())
	reply, err := k.resolve(ctx, host, dns.TypeTXT, false)
	if err != nil {
		k.find(ResolverFailed, "error", excerpt(err.Error()))
		return
	}
	switch reply.Rcode {
	case dns.RcodeSuccess, dns.RcodeNameError:
	default:
		unchecked, err := k.resolve(ctx, host, dns.TypeTXT, true)
		if err == nil && reply.Rcode == dns.RcodeServerFailure && unchecked.Rcode == dns.RcodeSuccess && len(unchecked.Answer) > 0 {
			k.find(DNSSECFailure)
		} else {
			k.find(ResolverFailed, "error", rcode(reply))
		}
		return
	}
	var values [][]string
	ttl := uint32(0)
	for _, rr := range reply.Answer {
		if txt, ok := rr.(*dns.TXT); ok && len(values) < maxRecords {
			values, ttl = append(values, unescape(txt.Txt)), txt.Hdr.Ttl
		}
	}
	switch {
	case len(values) == 0:
		k.find(NegativeCache, "minutes", minutes(negativeTTL(reply)))
	case slices.ContainsFunc(judgeValues(values, k.wanted, k.others), Finding.isError):
		k.find(StaleCache, "minutes", minutes(ttl))
	}
}

// negativeTTL returns how long a negative answer lasts (RFC 2308 section 5).
func negativeTTL(reply *dns.Msg) uint32 {
	for _, rr := range reply.Ns {
		if soa, ok := rr.(*dns.SOA); ok {
			return min(soa.Hdr.Ttl, soa.Minttl)
		}
	}
	return 0
}

func minutes(seconds uint32) string { return strconv.FormatUint((uint64(seconds)+59)/60, 10) }
