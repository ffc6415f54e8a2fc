package dnscheck

import (
	"context"
	"crypto/rand"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"dkimd/keys/finding"
	"dkimd/keys/record"
)

func (k *check) find(code finding.Code, args ...string) { k.findAt(code, "", args...) }

func (k *check) findAt(code finding.Code, server string, args ...string) {
	f := newFinding(code, k.wanted, k.result.Zone, args...)
	f.Server = server
	if !slices.Contains(k.result.Findings, f) {
		k.result.Findings = append(k.result.Findings, f)
	}
}

func (k *check) has(code finding.Code) bool {
	return finding.Has(k.result.Findings, code)
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
		a.findings = judgeValues(a.values, k.wanted, k.others, k.result.Zone)
		a.unwelcome = finding.HasError(a.findings)
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
		k.judgeAliases()
		k.reportFindings()
		if good > 0 || absent > 0 {
			k.explainDisagreement(ctx, good)
		}
		return Wrong
	}
	k.judgeAliases()
	k.reportFindings()
	k.askResolver(ctx)
	switch {
	case finding.HasError(k.result.Findings):
		return Wrong
	case k.away && !k.unreachable:
		return Unclear
	}
	return Proven
}

// isAlias reports whether a name is the target of the CNAME that is wanted.
func (k *check) isAlias(name string) bool {
	return k.wanted.Via != "" && name == dns.Fqdn(k.wanted.Value())
}

// judgeAliases judges how the servers came to the key: one that is wanted behind a
// CNAME of ours is not proven by a copy of it, nor by a former order's CNAME.
func (k *check) judgeAliases() {
	if k.wanted.Via == "" {
		return
	}
	ours := map[string]bool{} // what the right CNAME leads to
	k.follow(dns.Fqdn(k.wanted.Value()), ours)
	for _, a := range k.found {
		switch {
		case ours[a.name] || a.absent():
		case a.name != k.aliases[0]:
			k.find(CNAMEElsewhere, "target", shown(a.name))
		case a.good():
			k.find(TXTAtCNAME)
		}
	}
}

// follow notes a name and all that CNAMEs from there lead to.
func (k *check) follow(name string, seen map[string]bool) {
	if seen[name] {
		return
	}
	seen[name] = true
	for _, target := range k.targets[name] {
		k.follow(target, seen)
	}
}

// judgeValues judges all TXT records at one name. More than one make the result
// undefined (RFC 6376 section 3.6.2.2), even if one is right; what else is wrong
// with them is said only if it explains where they come from, or is dangerous.
func judgeValues(values [][]string, wanted record.Record, others []record.Record, zone string) []finding.Finding {
	if len(values) == 1 {
		return diagnose(values[0], wanted, others, zone)
	}
	var findings []finding.Finding
	for _, value := range values {
		for _, f := range diagnose(value, wanted, others, zone) {
			if f.Code == OldKey || f.Code == PrivateKey {
				findings = append(findings, f)
			}
		}
	}
	if len(values) > 1 {
		findings = append(findings, newFinding(SeveralRecords, wanted, zone, "count", strconv.Itoa(len(values))))
	}
	return findings
}

// reportFindings reports what is the matter with the values, once for all servers
// that have the same.
func (k *check) reportFindings() {
	var findings []finding.Finding
	places := map[finding.Finding][]string{}
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
	return i >= 0 && k.isOfAnyName(ctx, k.first[i])
}

// isOfAnyName reports whether a server answers the same about a name that nobody can
// have published. A wildcard does not stand for the top of its zone (RFC 4592 section
// 2.1.1).
func (k *check) isOfAnyName(ctx context.Context, a answer) bool {
	other := a
	other.name = sibling(a.name)
	k.askFor(ctx, &other)
	return a.name != a.zone.apex && other.err == nil && other.target == a.target && reflect.DeepEqual(other.values, a.values)
}

// sibling returns a name beside another one that nobody can have published.
func sibling(name string) string { return strings.ToLower(rand.Text()) + "." + parent(name) }

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
