package lint

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/netip"
	"time"
)

// Resolver is how DNS is asked. A [net.Resolver] is one.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// NewResolver returns a resolver that asks the name server at an address, ADDR or
// ADDR:PORT; empty: the system's. A question may take so long, with all attempts, at
// all servers. Dial opens its connections; nil: as usual.
func NewResolver(address string, timeout time.Duration, dial func(ctx context.Context, network, address string) (net.Conn, error)) Resolver {
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	if _, err := netip.ParseAddr(address); err == nil {
		address = net.JoinHostPort(address, "53")
	}
	return bounded{timeout, &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, system string) (net.Conn, error) {
		return dial(ctx, network, cmp.Or(address, system))
	}}}
}

// bounded is a resolver that gives up each question after a time.
type bounded struct {
	timeout  time.Duration
	resolver Resolver
}

func (b bounded) LookupTXT(ctx context.Context, name string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	return b.resolver.LookupTXT(ctx, name)
}

func (b bounded) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	ctx, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	return b.resolver.LookupMX(ctx, name)
}

func (b bounded) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	return b.resolver.LookupNetIP(ctx, network, host)
}

// What is asked about one record is bounded.
const (
	maxQuestions = 150
	// patience is how long a receiver should take at least (RFC 7208 section 4.6.4).
	patience = 20 * time.Second
)

var (
	errAbsent   = errors.New("there is no such record")
	errNoAnswer = errors.New("DNS gave no answer")
)

// questions asks DNS about one record.
type questions struct {
	resolver Resolver
	left     int
}

func newQuestions(resolver Resolver) *questions { return &questions{resolver, maxQuestions} }

// ask asks one question. Its error is errAbsent, whether or not the name exists
// (RFC 7208 section 4.6.4 makes no difference), or errNoAnswer.
func ask[T any](q *questions, name string, lookup func(name string) ([]T, error)) ([]T, error) {
	if q.left--; q.left < 0 {
		return nil, errNoAnswer
	}
	answer, err := lookup(name + ".") // not in the system's search domains
	var dnsErr *net.DNSError
	switch {
	case len(answer) > 0: // LookupMX returns what is good beside an error
		return answer, nil
	case err == nil || errors.As(err, &dnsErr) && dnsErr.IsNotFound:
		return nil, errAbsent
	}
	return nil, errNoAnswer
}

func (q *questions) txt(ctx context.Context, name string) ([]string, error) {
	return ask(q, name, func(name string) ([]string, error) { return q.resolver.LookupTXT(ctx, name) })
}

func (q *questions) mx(ctx context.Context, name string) ([]*net.MX, error) {
	return ask(q, name, func(name string) ([]*net.MX, error) { return q.resolver.LookupMX(ctx, name) })
}

func (q *questions) addresses(ctx context.Context, name string) ([]netip.Addr, error) {
	return ask(q, name, func(name string) ([]netip.Addr, error) { return q.resolver.LookupNetIP(ctx, "ip", name) })
}
