package dnscheck

import (
	"context"
	"fmt"
	"strings"

	"github.com/miekg/dns"
)

// Alias returns where a CNAME at a host leads, in lower case and without a final dot,
// whether there is anything or not; "" if there is no CNAME. A name server of the
// host's zone is asked, so that no cache learns that the host does not exist.
func (c *Checker) Alias(ctx context.Context, host string) (target string, err error) {
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	k := &check{Checker: c}
	k.left.Store(maxQuestions)
	name := dns.Fqdn(strings.ToLower(host))
	z, err := k.zone(ctx, name)
	if err != nil {
		return "", err
	}
	reply := k.firstOf(ctx, z, name, dns.TypeCNAME)
	if reply == nil {
		return "", fmt.Errorf("the name servers of %s do not answer", shown(z.apex))
	}
	_, target = recordsOf(reply, name)
	return strings.TrimSuffix(target, "."), nil
}
