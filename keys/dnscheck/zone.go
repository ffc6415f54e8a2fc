package dnscheck

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"
)

// zone is a zone and the servers that it is on.
type zone struct {
	apex    string
	servers []nameServer
}

type nameServer struct {
	name      string
	addresses []netip.Addr
	delegated bool // by the zone above; or else only the zone itself names it
}

var errUndelegated = errors.New("the domain is not delegated")

// zone finds the zone that a name is in, down from the top like a resolver does,
// so that the truth about each delegation comes from the zone above, and so that
// no cache learns that the name does not exist.
func (k *check) zone(ctx context.Context, name string) (*zone, error) {
	z, err := k.top(ctx, name)
	if err != nil {
		return nil, err
	}
	top, asked, sameServers := z.apex, name, false
	for range dns.CountLabel(name) + 1 {
		reply := k.firstOf(ctx, z, asked, dns.TypeSOA)
		if reply == nil && z.apex == top {
			return nil, fmt.Errorf("the name servers of %s do not answer", shown(top))
		}
		if reply == nil {
			break // the servers themselves are the finding
		}
		if apex, names := delegation(reply, z.apex, name); apex != "" {
			z = &zone{apex: apex, servers: k.nameServers(ctx, names, reply.Extra)}
			continue
		}
		if _, target := recordsOf(reply, asked); target != "" {
			asked = parent(asked) // a CNAME: nothing about its own zone
			continue
		}
		if apex := apexOf(reply, z.apex, name); apex != z.apex {
			z, sameServers = &zone{apex: apex, servers: z.servers}, true
		}
		break
	}
	if dns.CountLabel(z.apex) < 2 && z.apex == top {
		return nil, errUndelegated
	}
	own := k.ownServers(ctx, z)
	if sameServers { // as the zone above, which therefore did not name them
		if len(own) == 0 {
			return nil, fmt.Errorf("%s has no NS records", shown(z.apex))
		}
		z.servers = own
	}
	for _, s := range own {
		if !slices.ContainsFunc(z.servers, func(other nameServer) bool { return other.name == s.name }) {
			s.delegated = false
			z.servers = append(z.servers, s)
		}
	}
	return z, nil
}

// top returns the highest zone above a name that the resolver knows servers of.
func (k *check) top(ctx context.Context, name string) (*zone, error) {
	err := errUndelegated
	labels := dns.Split(name)
	for i := len(labels) - 1; i > 0 && i >= len(labels)-3; i-- {
		apex := name[labels[i]:]
		if apex[0] == '_' {
			break // never ask a cache about what is still to be published
		}
		k.mu.Lock()
		names := k.roots[apex]
		k.mu.Unlock()
		if names == nil {
			reply, failed := k.resolve(ctx, apex, dns.TypeNS, false)
			if failed != nil {
				return nil, failed
			}
			if reply.Rcode != dns.RcodeSuccess && reply.Rcode != dns.RcodeNameError {
				err = fmt.Errorf("the resolver answers %s", rcode(reply))
			}
			names = nsNames(reply.Answer, apex)
			k.mu.Lock()
			k.roots[apex] = names
			k.mu.Unlock()
		}
		if len(names) > 0 {
			return &zone{apex: apex, servers: k.nameServers(ctx, names, nil)}, nil
		}
	}
	return nil, err
}

// firstOf returns the first answer with authority, or the first delegation
// further down, that a server of the zone gives. Silent ones are asked last.
func (k *check) firstOf(ctx context.Context, z *zone, name string, qtype uint16) *dns.Msg {
	var addrs []netip.AddrPort
	for _, s := range z.servers {
		for _, addr := range s.addresses {
			addrs = append(addrs, netip.AddrPortFrom(addr, dnsPort))
		}
	}
	// Spread the load: all domains ask the servers of their top-level domain.
	if len(addrs) > 0 {
		n := crc32.ChecksumIEEE([]byte(name)) % uint32(len(addrs))
		addrs = slices.Concat(addrs[n:], addrs[:n])
	}
	slices.SortStableFunc(addrs, func(a, b netip.AddrPort) int { return k.server(a).missed() - k.server(b).missed() })
	for _, addr := range addrs {
		reply, err := k.question(ctx, addr.Addr(), name, qtype)
		if err != nil || reply.Rcode != dns.RcodeSuccess && reply.Rcode != dns.RcodeNameError {
			continue
		}
		if apex, _ := delegation(reply, z.apex, name); reply.Authoritative || apex != "" {
			return reply
		}
	}
	return nil
}

// ownServers returns the servers that the zone itself names.
func (k *check) ownServers(ctx context.Context, z *zone) []nameServer {
	reply := k.firstOf(ctx, z, z.apex, dns.TypeNS)
	if reply == nil {
		return nil
	}
	return k.nameServers(ctx, nsNames(reply.Answer, z.apex), reply.Extra)
}

// nameServers finds all addresses of name servers; glue serves where the resolver
// knows none.
func (k *check) nameServers(ctx context.Context, names []string, glue []dns.RR) []nameServer {
	servers := make([]nameServer, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() {
			addrs := k.lookUp(ctx, name)
			if len(addrs) == 0 {
				addrs = addresses(glue, name)
			}
			servers[i] = nameServer{name: name, addresses: addrs, delegated: true}
		})
	}
	wg.Wait()
	return servers
}

// lookUp returns all addresses of a name, IPv4 first.
func (k *check) lookUp(ctx context.Context, name string) []netip.Addr {
	k.mu.Lock()
	addrs := k.addresses[name]
	k.mu.Unlock()
	if len(addrs) > 0 {
		return addrs
	}
	for _, qtype := range []uint16{dns.TypeA, dns.TypeAAAA} {
		reply, err := k.resolve(ctx, name, qtype, false)
		if err != nil {
			return addrs // half of an answer is not worth remembering
		}
		addrs = append(addrs, addresses(reply.Answer, "")...)
	}
	k.mu.Lock()
	k.addresses[name] = addrs
	k.mu.Unlock()
	return addrs
}

// addresses returns the addresses in records of a name; of any name, if it is
// empty: a resolver follows CNAMEs.
func addresses(rrs []dns.RR, name string) []netip.Addr {
	var addrs []netip.Addr
	for _, rr := range rrs {
		if name != "" && !same(rr.Header().Name, name) || len(addrs) == maxAddresses {
			continue
		}
		var addr netip.Addr
		switch rr := rr.(type) {
		case *dns.A:
			addr, _ = netip.AddrFromSlice(rr.A)
		case *dns.AAAA:
			addr, _ = netip.AddrFromSlice(rr.AAAA)
		}
		if addr = addr.Unmap(); addr.IsValid() && !slices.Contains(addrs, addr) {
			addrs = append(addrs, addr)
		}
	}
	return addrs
}

// delegation returns the zone between apex and name that the answer says others
// have, and their names.
func delegation(reply *dns.Msg, apex, name string) (string, []string) {
	if len(reply.Answer) > 0 || reply.Rcode != dns.RcodeSuccess {
		return "", nil
	}
	for _, rr := range reply.Ns {
		below := strings.ToLower(rr.Header().Name)
		if rr.Header().Rrtype == dns.TypeNS && below != apex && dns.IsSubDomain(apex, below) && dns.IsSubDomain(below, name) {
			return below, nsNames(reply.Ns, below)
		}
	}
	return "", nil
}

// apexOf returns the zone that a server has authority for, from the SOA in its
// answer; above if there is none that fits.
func apexOf(reply *dns.Msg, above, name string) string {
	for _, rr := range slices.Concat(reply.Answer, reply.Ns) {
		apex := strings.ToLower(rr.Header().Name)
		if rr.Header().Rrtype == dns.TypeSOA && dns.IsSubDomain(above, apex) && dns.IsSubDomain(apex, name) {
			return apex
		}
	}
	return above
}

func nsNames(rrs []dns.RR, apex string) []string {
	var names []string
	for _, rr := range rrs {
		if ns, ok := rr.(*dns.NS); ok && same(ns.Hdr.Name, apex) {
			if name := strings.ToLower(ns.Ns); !slices.Contains(names, name) && len(names) <= maxServers {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

func same(a, b string) bool { return strings.EqualFold(a, b) }

func parent(name string) string {
	if i, end := dns.NextLabel(name, 0); !end {
		return name[i:]
	}
	return "."
}
