package lint

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dkimd/keys/finding"
)

// A name server that never answers is given up after the time that was set, long
// before the record is.
func TestSilentServersAreGivenUp(t *testing.T) {
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	const timeout = 100 * time.Millisecond
	var asked atomic.Int32
	resolver := NewResolver(silent.LocalAddr().String(), timeout, func(ctx context.Context, network, address string) (net.Conn, error) {
		asked.Add(1)
		if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > timeout {
			t.Errorf("the connection may take until %s", deadline)
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	})
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second) // less than the system's one attempt
	defer cancel()
	if list := SPF(ctx, resolver, "name.test", "v=spf1 -all", "").Findings; !finding.Has(list, NoAnswer) {
		t.Errorf("%q", codes(list))
	}
	if asked.Load() == 0 || ctx.Err() != nil {
		t.Errorf("asked %d times: %v", asked.Load(), ctx.Err())
	}
}

// A question has one deadline, for UDP, for TCP after it, and for what is asked again.
func TestQuestionsHaveOneDeadline(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0") // it accepts and says nothing
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tcp.Close() })
	udp, err := net.ListenPacket("udp", tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { udp.Close() })
	go answerTruncated(udp)
	var mu sync.Mutex
	asked := map[string][]time.Time{} // deadlines by network
	resolver := NewResolver(tcp.Addr().String(), 100*time.Millisecond, func(ctx context.Context, network, address string) (net.Conn, error) {
		deadline, _ := ctx.Deadline()
		mu.Lock()
		asked[network] = append(asked[network], deadline)
		mu.Unlock()
		return new(net.Dialer).DialContext(ctx, network, address)
	})
	if texts, err := resolver.LookupTXT(t.Context(), "name.test."); err == nil {
		t.Errorf("%q", texts)
	}
	deadlines := slices.Concat(asked["udp"], asked["tcp"])
	if len(asked["udp"]) == 0 || len(asked["tcp"]) == 0 || len(slices.Compact(deadlines)) != 1 {
		t.Errorf("%v", asked)
	}
}

// answerTruncated answers each question with itself, as if the answer were too long
// (RFC 1035 section 4.1.1).
func answerTruncated(conn net.PacketConn) {
	message := make([]byte, 512)
	for {
		n, from, err := conn.ReadFrom(message)
		if err != nil {
			return
		}
		message[2] |= 0x82 // QR, TC
		conn.WriteTo(message[:n], from)
	}
}

// What a resolver answers is its own.
func TestAnswersAreLeftAsTheyAre(t *testing.T) {
	answer := fixed{"spam", "v=DMARC1; p=none"}
	if records, err := newQuestions(answer).dmarc(t.Context(), "name.test"); err != nil || len(records) != 1 || answer[0] != "spam" {
		t.Errorf("%q, %v, and the resolver has %q", records, err, answer)
	}
}

// fixed is a resolver that always has these TXT records.
type fixed []string

func (f fixed) LookupTXT(context.Context, string) ([]string, error) { return f, nil }
func (f fixed) LookupMX(context.Context, string) ([]*net.MX, error) { return nil, nil }
func (f fixed) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return nil, nil
}
