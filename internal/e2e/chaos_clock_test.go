package e2e

import (
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"
)

const (
	clockMoves = 3 * 24 * time.Hour
	expiry     = 14 * 24 * time.Hour // as in chaosConfig
)

// moveClock moves dkimd's clock ahead by days, then back behind the real one, and to
// where it was. Signatures have the time that it shows, mail goes on, and a key that
// is new in the store is seen.
func (c *chaos) moveClock(t testing.TB) {
	t.Helper()
	domain := c.anyDomain()
	defer c.clock.move(t, 0)
	var made map[string]string
	for _, by := range []time.Duration{clockMoves, -clockMoves, 0} {
		c.clock.move(t, by)
		c.checkTime(t, domain, by)
		c.pass(t, domain)
		switch {
		case by > 0: // the keyring looks while the clock is ahead, and has to again when it is behind
			made = genkey(t, c.config, domain)
		case by < 0:
			waitFor(t, "a signature with the new keys", func() bool {
				return slices.ContainsFunc(c.signatures(t, domain), func(s signature) bool { return made[s.host] != "" })
			})
		}
	}
}

// checkTime checks the times in a new signature.
func (c *chaos) checkTime(t testing.TB, domain string, ahead time.Duration) {
	t.Helper()
	begun := time.Now().Add(ahead).Unix()
	signatures := c.signatures(t, domain)
	ended := time.Now().Add(ahead).Unix()
	for _, s := range signatures {
		if s.t < begun || s.t > ended {
			t.Errorf("with a clock that is %v ahead, t=%d is not from %d to %d", ahead, s.t, begun, ended)
		}
		if x := s.x - int64(expiry.Seconds()); x < begun || x > ended {
			t.Errorf("with a clock that is %v ahead, x=%d is not %v after from %d to %d", ahead, s.x, expiry, begun, ended)
		}
	}
}

// signature is what a signature says of its record and its times.
type signature struct {
	host string
	t, x int64
}

// signatures returns those that dkimd makes just now.
func (c *chaos) signatures(t testing.TB, domain string) []signature {
	t.Helper()
	milter, err := c.dialMilter()
	if err != nil {
		t.Fatal(err)
	}
	defer milter.Close()
	r, err := milter.Send(submitted(domain))
	if err != nil || len(r.Inserted) != 2 {
		t.Fatalf("a message of %s: %+v, %v", domain, r, err)
	}
	var all []signature
	for _, field := range r.Inserted {
		field := "DKIM-Signature: " + field.Value + "\r\n\r\n"
		all = append(all, signature{signatureHosts([]byte(field))[0], timeTag(t, field, "t"), timeTag(t, field, "x")})
	}
	return all
}

// timeTag returns the value of a tag of the first signature in a text.
func timeTag(t testing.TB, text, tag string) int64 {
	t.Helper()
	match := regexp.MustCompile(`(?s)DKIM-Signature:.*?[;\s]` + tag + `=(\d+)`).FindStringSubmatch(text)
	if match == nil {
		t.Fatalf("no %s= in\n%s", tag, text)
	}
	n, err := strconv.ParseInt(match[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
