package keys

import (
	"testing"
	"time"

	"dkimd/keys/record"
)

func forgetAll(r *Keyring) {
	clear(r.withKeys)
	clear(r.withoutKeys)
}

func BenchmarkLookup(b *testing.B) {
	store := OpenDir(b.TempDir())
	if err := store.Create(nil); err != nil {
		b.Fatal(err)
	}
	private, err := Generate(record.RSA, 2048)
	if err != nil {
		b.Fatal(err)
	}
	_, err = store.Update("example.jp", func(c *Change) error {
		if _, err := c.Add("rsa", private, Move{Time: time.Now()}); err != nil {
			return err
		}
		return c.Activate(0, Move{Time: time.Now()})
	})
	if err != nil {
		b.Fatal(err)
	}
	now := time.Now()
	for _, lookup := range []struct {
		name, domain string
		each         func(*Keyring) // before each look-up
	}{
		{"fresh", "example.jp", func(*Keyring) {}},
		{"compared", "example.jp", func(*Keyring) { now = now.Add(Freshness) }},
		{"new", "example.jp", forgetAll},
		{"no key", "example.com", func(*Keyring) {}},
		{"no key, new", "example.com", forgetAll},
	} {
		b.Run(lookup.name, func(b *testing.B) {
			ring := NewKeyring(store)
			ring.now = func() time.Time { return now }
			b.ReportAllocs()
			for b.Loop() {
				lookup.each(ring)
				if _, err := ring.Lookup(lookup.domain); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
