package dnscheck

import (
	"context"
	"fmt"
	"strings"

	"github.com/miekg/dns"

	"dkimd/keys/record"
)

// Alias returns where a CNAME at a host leads, in lower case and without a final dot,
// whether there is anything or not; "" if there is no CNAME. The name servers of the
// host's zone are asked, so that no cache learns that the host does not exist.
func (c *Checker) Alias(ctx context.Context, host string) (target string, err error) {
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	a, err := c.check(record.Record{}, nil).answerAt(ctx, host)
	return strings.TrimSuffix(a.target, "."), err
}

// OwnRecord reports whether a host has a TXT record or a CNAME of its own, and not only
// what a wildcard answers for it.
func (c *Checker) OwnRecord(ctx context.Context, host string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	k := c.check(record.Record{}, nil)
	a, err := k.answerAt(ctx, host)
	if err != nil || a.absent() && a.target == "" {
		return false, err
	}
	return !k.isOfAnyName(ctx, a), nil
}

// answerAt returns what a name server of its zone has at a host.
func (k *check) answerAt(ctx context.Context, host string) (answer, error) {
	name := dns.Fqdn(strings.ToLower(host))
	z, err := k.zone(ctx, name)
	if err != nil {
		return answer{}, err
	}
	for _, a := range k.askServers(ctx, z, name) {
		if a.err == nil {
			return a, nil
		}
	}
	return answer{}, fmt.Errorf("the name servers of %s do not answer", shown(z.apex))
}
