package lint

import (
	"context"
	"net"
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
