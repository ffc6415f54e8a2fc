package dnscheck

import (
	"context"
	"strings"

	"github.com/miekg/dns"
)

// NameServers returns the zone that a domain is in, and the names of the zone's
// name servers: those that the zone above delegates to, then others that the zone
// itself names. Names are in lower case and without a final dot. What is still
// to be published below the domain is not asked for.
func (c *Checker) NameServers(ctx context.Context, domain string) (zone string, names []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	k := &check{Checker: c}
	k.left.Store(maxQuestions)
	z, err := k.zone(ctx, dns.Fqdn(strings.ToLower(domain)))
	if err != nil {
		return "", nil, err
	}
	for _, s := range z.servers {
		names = append(names, strings.TrimSuffix(s.name, "."))
	}
	return strings.TrimSuffix(z.apex, "."), names, nil
}
