package dnsupdate

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// Server is a primary name server that takes changes signed with a key.
type Server struct {
	address string
	key     *Key
	timeout time.Duration
	now     func() time.Time
}

// New returns the server at an address, with a port or without. The timeout is
// that of one record.
func New(address string, key *Key, timeout time.Duration) *Server {
	if _, err := netip.ParseAddr(address); err == nil {
		address = net.JoinHostPort(address, "53")
	}
	return &Server{address: address, key: key, timeout: timeout, now: time.Now}
}

// ErrNoAnswer means that the name server cannot be asked anything.
var ErrNoAnswer = errors.New("the name server does not answer")

// fudge is by how many seconds clocks may differ (RFC 8945 section 10).
const fudge = 300

// exchange sends a message and returns the reply, both signed. Questions are
// signed too, so that the server answers from the view that it changes.
func (s *Server) exchange(ctx context.Context, message *dns.Msg) (*dns.Msg, error) {
	if _, ok := dns.IsDomainName(message.Question[0].Name); !ok {
		return nil, fmt.Errorf("%q is no domain name", message.Question[0].Name)
	}
	message.SetTsig(s.key.name, s.key.algorithm, fudge, s.now().Unix())
	client := dns.Client{Net: "tcp", Timeout: s.timeout, TsigSecret: map[string]string{s.key.name: s.key.secret}}
	reply, _, err := client.ExchangeContext(ctx, message, s.address)
	if reply != nil {
		if tsig := reply.IsTsig(); tsig != nil && tsig.Error != dns.RcodeSuccess {
			return nil, s.keyRefused(tsig)
		}
	}
	switch {
	case errors.Is(err, dns.ErrSig) || errors.Is(err, dns.ErrSecret) || errors.Is(err, dns.ErrTime):
		return nil, fmt.Errorf("the answer of %s is not signed with the key %s", s.address, s.key)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrNoAnswer, err)
	case reply.IsTsig() == nil && reply.Rcode != dns.RcodeRefused: // Knot refuses unsigned
		return nil, fmt.Errorf("%s answers %s without a signature: it has to know the key %s", s.address, rcode(reply.Rcode), s.key)
	}
	return reply, nil
}

// keyRefused returns the error of a signature that the server does not take (RFC
// 8945 section 5.2).
func (s *Server) keyRefused(tsig *dns.TSIG) error {
	switch tsig.Error {
	case dns.RcodeBadKey:
		return fmt.Errorf("%s does not take the key %s with %s (BADKEY): name and algorithm have to be the same on both sides; with Knot, the key needs an acl with action: [query, update]",
			s.address, s.key, trim(s.key.algorithm))
	case dns.RcodeBadSig:
		return fmt.Errorf("%s has another secret for the key %s (BADSIG): copy the key file from the server", s.address, s.key)
	case dns.RcodeBadTime:
		seconds, _ := strconv.ParseInt(tsig.OtherData, 16, 64)
		return fmt.Errorf("the clock of %s differs too much (BADTIME): there it is %s, here %s",
			s.address, time.Unix(seconds, 0).UTC().Format(time.RFC3339), s.now().UTC().Format(time.RFC3339))
	}
	return fmt.Errorf("%s refuses the signature with the key %s: %s", s.address, s.key, rcode(int(tsig.Error)))
}

// ask asks a question, which the server has to answer with authority.
func (s *Server) ask(ctx context.Context, name string, qtype uint16) (*dns.Msg, error) {
	question := new(dns.Msg).SetQuestion(name, qtype)
	question.RecursionDesired = false
	reply, err := s.exchange(ctx, question)
	if err != nil {
		return nil, err
	}
	if reply.Rcode == dns.RcodeServerFailure {
		return nil, fmt.Errorf("%s cannot serve the zone of this name (SERVFAIL): its log says why", s.address)
	}
	if !reply.Authoritative || reply.Rcode != dns.RcodeSuccess && reply.Rcode != dns.RcodeNameError {
		return nil, fmt.Errorf("%s has no zone for this name (%s, without authority): is it the primary name server of the domain?", s.address, rcode(reply.Rcode))
	}
	return reply, nil
}

// zone returns the zone that a host is in.
func (s *Server) zone(ctx context.Context, host string) (string, error) {
	for _, start := range dns.Split(host) {
		name := host[start:]
		reply, err := s.ask(ctx, name, dns.TypeSOA)
		if err != nil {
			return "", err
		}
		if slices.ContainsFunc(reply.Answer, isCNAME) {
			continue // its target may be in another zone: ask above it
		}
		for _, rr := range slices.Concat(reply.Answer, reply.Ns) {
			apex := dns.CanonicalName(rr.Header().Name)
			if rr.Header().Rrtype == dns.TypeSOA && dns.IsSubDomain(apex, name) {
				return apex, nil
			}
		}
	}
	return "", fmt.Errorf("%s does not say which zone this name is in", s.address)
}

func isCNAME(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeCNAME }

// at returns the TXT records, or the CNAME, at a host.
func (s *Server) at(ctx context.Context, host string) ([]dns.RR, error) {
	reply, err := s.ask(ctx, host, dns.TypeTXT)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(reply.Answer, func(rr dns.RR) bool { // of a CNAME's target
		return dns.CanonicalName(rr.Header().Name) != host
	}), nil
}

// pause is between two looks at a host.
const pause = 100 * time.Millisecond

// await looks at a host until it is as wanted, for half of the time of the record:
// a BIND that signs its zone inline serves a change some moments after it has
// confirmed it. It returns what is there at last.
func (s *Server) await(ctx context.Context, host string, wanted func([]dns.RR) bool) (there []dns.RR, err error) {
	for end := time.Now().Add(s.timeout / 2); ; time.Sleep(pause) {
		there, err = s.at(ctx, host)
		if err != nil || wanted(there) || time.Now().After(end) {
			return there, err
		}
	}
}

func trim(name string) string { return strings.TrimSuffix(name, ".") }

func rcode(code int) string {
	if text, ok := dns.RcodeToString[code]; ok {
		return text
	}
	return "RCODE " + strconv.Itoa(code)
}
