package dnscheck

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"dkimd/keys/finding"
	"dkimd/keys/record"
)

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
		elsewhere := &zone{apex: ".", servers: k.nameServers(ctx, []string{dns.Fqdn(name)}, nil)}
		if k.isOn(ctx, elsewhere, dns.Fqdn(k.wanted.Host())) {
			k.find(WrongProvider, "servers", name, "right", k.places(func(answer) bool { return true }))
			return
		}
	}
	address := k.isOnlyHere(ctx, dns.TypeA) || k.isOnlyHere(ctx, dns.TypeAAAA)
	switch isCNAME := k.wanted.Via != ""; {
	case address && isCNAME:
		k.find(CNAMEProxied)
	case address:
		k.find(AddressInsteadOfTXT)
	case isCNAME:
		k.find(CNAMEMissing)
	default:
		k.find(NothingThere)
	}
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

// explainAlias says why a CNAME leads to nothing.
func (k *check) explainAlias(ctx context.Context, target string) {
	if k.isAlias(target) {
		k.find(TargetMissing)
		return
	}
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
	if k.wanted.Via != "" {
		k.find(CNAMEElsewhere, "target", shown(target))
		return
	}
	k.find(CNAMEInsteadOfTXT, "target", shown(target))
}

type place struct {
	name string
	code finding.Code
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
	if k.isAlias(target) {
		return true
	}
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
	return ours != "" && strings.Contains(record.WithoutBlanks(strings.Join(value, "")), ours)
}
