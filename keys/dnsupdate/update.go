// Package dnsupdate puts TXT records into zones of our own, and takes them out
// again, by DNS UPDATE (RFC 2136) signed with TSIG (RFC 8945).
//
// What the primary name server has taken is not published yet: secondaries lag,
// and the world may ask others. Package dnscheck proves it.
package dnsupdate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"dkimd/keys/record"

	"github.com/miekg/dns"
)

// ErrTaken means that something else stands in the place of a record.
var ErrTaken = errors.New("something else is there")

// Add puts a TXT record at a host where nothing is, and returns false if it is
// there already. If anything else is there, which stays as it is, the error
// wraps ErrTaken.
func (s *Server) Add(ctx context.Context, host, value string, ttl int) (added bool, err error) {
	return s.change(ctx, host, func(ctx context.Context, zone, host string) (bool, error) {
		return s.add(ctx, zone, host, value, ttl)
	})
}

// Remove takes the TXT record with this value away from a host, and returns false
// if it is not there. It touches nothing else.
func (s *Server) Remove(ctx context.Context, host, value string) (removed bool, err error) {
	return s.change(ctx, host, func(ctx context.Context, zone, host string) (bool, error) {
		return s.remove(ctx, zone, host, value)
	})
}

// change does something at a host in its zone, in the time that one record has.
// Its errors begin with the host.
func (s *Server) change(ctx context.Context, host string, do func(ctx context.Context, zone, host string) (bool, error)) (done bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	name := dns.CanonicalName(host)
	zone, err := s.zone(ctx, name)
	if err == nil {
		done, err = do(ctx, zone, name)
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", host, err)
	}
	return done, nil
}

func (s *Server) add(ctx context.Context, zone, host, value string, ttl int) (added bool, err error) {
	header := dns.RR_Header{Name: host, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: uint32(ttl)}
	update := new(dns.Msg).SetUpdate(zone)
	// A second TXT record would spoil the first (RFC 6376 section 3.6.2.2); beside
	// a CNAME a server ignores the record without a word (RFC 2136 section 3.4.2.2).
	update.RRsetNotUsed([]dns.RR{
		&dns.TXT{Hdr: header},
		&dns.CNAME{Hdr: dns.RR_Header{Name: host, Rrtype: dns.TypeCNAME}},
	})
	update.Insert([]dns.RR{&dns.TXT{Hdr: header, Txt: escaped(value)}})
	reply, err := s.exchange(ctx, update)
	if err != nil {
		return false, err
	}
	added = reply.Rcode == dns.RcodeSuccess
	if !added && reply.Rcode != dns.RcodeYXRrset {
		return false, s.refused(reply, zone, host)
	}

	isOurs := func(there []dns.RR) bool { return len(there) == 1 && holds(there[0], value) }
	there, err := s.await(ctx, host, func(there []dns.RR) bool { return isOurs(there) || !added && len(there) > 0 })
	switch {
	case err != nil:
		return false, err
	case isOurs(there):
		return added, nil
	case added:
		return false, fmt.Errorf("%s says that it has added the record, but then it has %s", s.address, shown(there))
	}
	return false, fmt.Errorf("%w: %s", ErrTaken, shown(there))
}

func (s *Server) remove(ctx context.Context, zone, host, value string) (removed bool, err error) {
	isOurs := func(rr dns.RR) bool { return holds(rr, value) }
	ours, err := s.at(ctx, host)
	ours = slices.DeleteFunc(ours, func(rr dns.RR) bool { return !isOurs(rr) })
	if err != nil || len(ours) == 0 {
		return false, err
	}
	update := new(dns.Msg).SetUpdate(zone)
	update.Remove(ours) // as they are there: a value can be cut into strings in many ways
	reply, err := s.exchange(ctx, update)
	if err != nil {
		return false, err
	}
	if reply.Rcode != dns.RcodeSuccess {
		return false, s.refused(reply, zone, host)
	}

	left, err := s.await(ctx, host, func(there []dns.RR) bool { return !slices.ContainsFunc(there, isOurs) })
	switch {
	case err != nil:
		return false, err
	case slices.ContainsFunc(left, isOurs):
		return false, fmt.Errorf("%s says that it has removed the record, but still has %s", s.address, shown(left))
	}
	return true, nil
}

// refused returns the error of a change that the server has not made (RFC 2136
// section 2.2).
func (s *Server) refused(reply *dns.Msg, zone, host string) error {
	why := ""
	switch reply.Rcode {
	case dns.RcodeRefused:
		_, above, _ := strings.Cut(host, ".")
		why = fmt.Sprintf(": the key is not allowed to; BIND needs update-policy { grant %s wildcard *.%s TXT; };", s.key, above)
	case dns.RcodeNotAuth:
		why = ": it is not the primary name server of this zone"
	case dns.RcodeNotImplemented:
		why = ": it takes no changes of this zone"
	case dns.RcodeServerFailure:
		why = ": its log says why; BIND has to be able to write a journal beside the zone file"
	}
	return fmt.Errorf("%s does not change the zone %s (%s)%s", s.address, trim(zone), rcode(reply.Rcode), why)
}

// escape escapes what miekg/dns takes for the beginning of an escape, and what
// it gives back escaped.
var escape = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// escaped returns a value, of printable ASCII, as the strings of a TXT record.
func escaped(value string) []string {
	parts := record.Split(value)
	for i := range parts {
		parts[i] = escape.Replace(parts[i])
	}
	return parts
}

// holds reports whether a record is a TXT record with this value, however cut.
func holds(rr dns.RR, value string) bool {
	txt, ok := rr.(*dns.TXT)
	return ok && strings.Join(txt.Txt, "") == escape.Replace(value)
}

// maxShown is how much of a record is shown, in bytes.
const maxShown = 100

// shown returns records for people. Everything unusual in them is escaped.
func shown(rrs []dns.RR) string {
	if len(rrs) == 0 {
		return "nothing"
	}
	var texts []string
	for _, rr := range rrs {
		data := strings.TrimPrefix(rr.String(), rr.Header().String())
		if len(data) > maxShown {
			data = data[:maxShown] + "…"
		}
		texts = append(texts, dns.TypeToString[rr.Header().Rrtype]+" "+data)
	}
	return strings.Join(texts, ", ")
}
