package keys

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"dkimd/keys/record"
)

// Keys take turns behind two CNAMEs, each of which waits until mail that was signed
// with its last key has arrived.
func TestKeysTakeTurns(t *testing.T) {
	const keep = 14 * 24 * time.Hour
	store := newStore(t)
	at := testTime
	move := func() Move { return Move{Time: at, By: "test", Why: "test"} }
	next := func(begin bool) (Key, error) {
		private, err := Generate(record.Ed25519, 0)
		if err != nil {
			t.Fatal(err)
		}
		var key Key
		_, err = store.Update("example.jp", func(c *Change) error {
			if begin {
				if err := c.Delegate("dkim.hosting.example"); err != nil {
					return err
				}
			}
			var err error
			key, err = c.AddDelegated(private, keep, move())
			return err
		})
		return key, err
	}
	activate := func(selector string) {
		if _, err := store.Update("example.jp", func(c *Change) error { return c.Activate(c.Pick(selector), move()) }); err != nil {
			t.Fatal(err)
		}
	}
	stored := func() *Domain {
		d, _, err := store.Read("example.jp")
		if err != nil {
			t.Fatal(err)
		}
		return d
	}

	a, err := next(true)
	if err != nil {
		t.Fatal(err)
	}
	r := stored().Record(a)
	if want := "s202611a._domainkey." + a.Via; r.Type() != "CNAME" || r.Value() != want || r.Host() != "s202611a._domainkey.example.jp" {
		t.Errorf("%s %s %s, want a CNAME to %s", r.Host(), r.Type(), r.Value(), want)
	}
	if txt := r.TXT(); txt.Host() != r.Value() || txt.Value() != r.Key.Value() {
		t.Errorf("in our zone: %s %s", txt.Host(), txt.Value())
	}
	if spares := stored().Spares(); len(spares) != 1 || spares[0].Host() != "s202611b._domainkey.example.jp" || spares[0].Type() != "CNAME" {
		t.Errorf("spares: %+v", spares)
	}
	if _, err := next(true); err == nil {
		t.Error("it is delegated twice")
	}
	activate(a.Selector)

	b, err := next(false)
	if err != nil || b.Selector != "s202611b" || b.Via != a.Via || b.Follows() {
		t.Fatalf("the second key is %+v, %v", b, err)
	}
	if _, err := next(false); err == nil || errors.Is(err, ErrTooEarly) || !strings.Contains(err.Error(), "s202611a and s202611b") {
		t.Errorf("with both in use: %v", err)
	}
	activate(b.Selector)
	at = at.Add(keep - time.Second)
	if _, err := next(false); !errors.Is(err, ErrTooEarly) || !strings.Contains(err.Error(), "before 2026-12-07") {
		t.Errorf("too early: %v", err)
	}
	at = at.Add(time.Second)
	c, err := next(false)
	if err != nil || c.Selector != "s202611a" || c.ID != "s202611a.2" || !c.Follows() {
		t.Fatalf("the third key is %+v, %v", c, err)
	}
	d := stored()
	if d.Keys[0].State != Revoked || d.Keys[1].State != Active || d.Keys[2].State != Pending {
		t.Errorf("states are %s, %s, %s", d.Keys[0].State, d.Keys[1].State, d.Keys[2].State)
	}
	if _, err := os.Stat(store.PrivatePath("example.jp", a)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the private key before it: %v", err)
	}
	if _, err := store.Private("example.jp", c); err != nil {
		t.Error(err)
	}
	if len(d.Spares()) != 0 {
		t.Errorf("spares: %+v", d.Spares())
	}

	// Another algorithm has CNAMEs of its own.
	_, err = store.Update("example.jp", func(c *Change) error {
		private, err := Generate(record.RSA, 2048)
		if err != nil {
			return err
		}
		k, err := c.AddDelegated(private, keep, move())
		if k.Selector != "s202612a" {
			t.Errorf("the RSA key has the selector %s", k.Selector)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if spares := stored().Spares(); len(spares) != 1 || spares[0].Selector != "s202612b" {
		t.Errorf("spares: %+v", spares)
	}

	// A key that somebody else has gives way at once.
	if _, err := store.Update("example.jp", func(c *Change) error { return c.RevokeCompromised(c.Pick("s202611a"), move()) }); err != nil {
		t.Fatal(err)
	}
	if e, err := next(false); err != nil || e.ID != "s202611a.3" {
		t.Errorf("in its place: %+v, %v", e, err)
	}
}

// Each order has a label that nobody can guess, and selectors that the domain has
// never had.
func TestOrdersShareNothing(t *testing.T) {
	c := &Change{Domain: Domain{Name: "example.jp", Keys: []Key{{Selector: "s202611a"}}}}
	var seen []string
	for range 3 {
		c.Delegation = nil
		if err := c.Delegate("dkim.hosting.example"); err != nil {
			t.Fatal(err)
		}
		c.Delegation.Selectors[record.RSA] = []string{c.NextSelector(testTime)}
		label, zone, _ := strings.Cut(c.Delegation.Via, ".")
		if len(label) != labelSize || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz234567") != "" || zone != "dkim.hosting.example" || slices.Contains(seen, label) {
			t.Errorf("via %s", c.Delegation.Via)
		}
		seen = append(seen, label)
		if selector := c.NextSelector(testTime); selector != "s202611c" {
			t.Errorf("a key of its own would have the selector %s", selector)
		}
	}
}
