package dnscheck

import (
	"context"
	"strconv"

	"github.com/miekg/dns"

	"dkimd/keys/finding"
)

// resolve asks the recursive resolvers, in order.
func (k *check) resolve(ctx context.Context, name string, qtype uint16, checkingDisabled bool) (*dns.Msg, error) {
	if k.left.Add(-1) < 0 {
		return nil, errEnough
	}
	question := new(dns.Msg).SetQuestion(name, qtype)
	question.CheckingDisabled = checkingDisabled
	var reply *dns.Msg
	var err error
	for _, resolver := range k.resolvers {
		if reply, err = k.ask(ctx, resolver, question); err == nil {
			break
		}
	}
	return reply, err
}

// askResolver looks whether a resolver, now that all servers have the record,
// gives it out.
func (k *check) askResolver(ctx context.Context) {
	host := dns.Fqdn(k.wanted.Host())
	reply, err := k.resolve(ctx, host, dns.TypeTXT, false)
	if err != nil {
		k.find(ResolverFailed, "error", finding.Excerpt(err.Error()))
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
	case finding.HasError(judgeValues(values, k.wanted, k.others, k.result.Zone)):
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
