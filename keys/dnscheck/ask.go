package dnscheck

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/miekg/dns"
)

// ednsSize is the size of UDP answers that passes everywhere unfragmented (DNS
// Flag Day 2020).
const ednsSize = 1232

// A server that has been silent to maxSilences questions in a row is not asked
// for a while: one dead server must not delay the checks of all its domains, nor
// one bad moment of the network spoil all that follow.
const (
	maxSilences  = 3
	silencePause = 30 * time.Second
)

var (
	errNoRoute = errors.New("no route to this address family")
	errSilent  = errors.New("has not answered before")
	errNoTCP   = errors.New("the answer is too long for UDP, and does not come over TCP")
	errEnough  = errors.New("too many questions for one domain")
)

// server is what a Checker knows of an address that it asks.
type server struct {
	slots chan struct{} // one for each question under way

	mu       sync.Mutex
	silences int       // questions without an answer since the last answer
	until    time.Time // not asked until then
}

func (c *Checker) server(addr netip.AddrPort) *server {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.servers[addr]
	if s == nil {
		s = &server{slots: make(chan struct{}, c.perServer)}
		c.servers[addr] = s
	}
	return s
}

// isSilent reports whether to leave the server alone for now.
func (s *server) isSilent() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Before(s.until)
}

// missed returns how many questions the server has not answered lately.
func (s *server) missed() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.silences
}

// hasAnswered notes whether the server has answered a question.
func (s *server) hasAnswered(yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if yes {
		s.silences, s.until = 0, time.Time{}
	} else if s.silences++; s.silences >= maxSilences {
		s.until = time.Now().Add(silencePause)
	}
}

// ask asks one server one question, over UDP or TCP as needed.
func (c *Checker) ask(ctx context.Context, addr netip.AddrPort, question *dns.Msg) (*dns.Msg, error) {
	s := c.server(addr)
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s.isSilent() {
		return nil, errSilent
	}
	reply, err := c.tryAll(ctx, addr, question)
	if ctx.Err() == nil && !errors.Is(err, errNoRoute) {
		s.hasAnswered(err == nil)
	}
	return reply, err
}

// tries is how many a question may need; they share its time.
const tries = 3

// tryAll asks with EDNS, then without: some servers refuse it, some firewalls
// swallow it; then over TCP, if the answer is cut or there is none.
func (c *Checker) tryAll(ctx context.Context, addr netip.AddrPort, question *dns.Msg) (*dns.Msg, error) {
	question = question.Copy()
	question.SetEdns0(ednsSize, false)
	reply, err := c.exchange(ctx, "udp", addr, question)
	if errors.Is(err, errNoRoute) {
		return nil, err
	}
	if err != nil || reply.Rcode == dns.RcodeFormatError || reply.Rcode == dns.RcodeNotImplemented || reply.Rcode == dns.RcodeBadVers {
		question.Extra = nil
		reply, err = c.exchange(ctx, "udp", addr, question)
	}
	if err == nil && !reply.Truncated {
		return reply, nil
	}
	truncated := err == nil
	reply, err = c.exchange(ctx, "tcp", addr, question)
	if truncated && (err != nil || reply.Truncated) {
		return nil, errNoTCP
	}
	return reply, err
}

func (c *Checker) exchange(ctx context.Context, network string, addr netip.AddrPort, question *dns.Msg) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout/tries)
	defer cancel()
	conn, err := c.dial(ctx, network, addr.String())
	if err != nil {
		return nil, routeError(addr, err)
	}
	defer conn.Close()
	if !canReach(conn.LocalAddr(), addr.Addr()) {
		return nil, errNoRoute
	}
	// Closing the connection is what ends the wait when the caller gives up.
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()

	question = question.Copy()
	question.Id = dns.Id()
	client := dns.Client{Timeout: c.timeout / tries}
	reply, _, err := client.ExchangeWithConnContext(ctx, question, &dns.Conn{Conn: conn})
	if err != nil {
		return nil, routeError(addr, err)
	}
	if !answers(reply, question) {
		return nil, errors.New("the answer is to another question")
	}
	return reply, nil
}

// routeError tells an address that this host has no way to from a server that is
// away. For IPv4 it is always the server's fault.
func routeError(addr netip.AddrPort, err error) error {
	if addr.Addr().Is6() {
		for _, none := range []error{syscall.ENETUNREACH, syscall.EADDRNOTAVAIL, syscall.EAFNOSUPPORT} {
			if errors.Is(err, none) {
				return errNoRoute
			}
		}
	}
	return err
}

// canReach reports whether packets from local can come back from remote: a host
// with nothing but unique local IPv6 addresses has no IPv6 to the Internet,
// whatever its routes say.
func canReach(local net.Addr, remote netip.Addr) bool {
	from, err := netip.ParseAddrPort(local.String())
	if err != nil || !remote.Is6() || remote.IsPrivate() || remote.IsLoopback() || remote.IsLinkLocalUnicast() {
		return true
	}
	return !from.Addr().IsPrivate()
}

func answers(reply, question *dns.Msg) bool {
	return reply.Response && len(reply.Question) == 1 &&
		strings.EqualFold(reply.Question[0].Name, question.Question[0].Name) &&
		reply.Question[0].Qtype == question.Question[0].Qtype
}
