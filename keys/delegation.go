package keys

import (
	"crypto"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"dkimd/keys/record"
)

// Delegation is how a customer whose DNS is elsewhere never touches it again: the
// hosts of a few selectors are CNAMEs to names in a zone of ours, and keys take
// turns behind them.
type Delegation struct {
	// Via is the domain below our zone that has the TXT records. One label of it
	// belongs to this order alone and cannot be guessed: a CNAME that a former
	// customer has left behind must not prove a stranger's order.
	Via string `json:"via"`
	// Selectors are two for each algorithm that the domain has.
	Selectors map[string][]string `json:"selectors"`
}

// Pairs says whether keys take turns behind the CNAMEs of two selectors.
func (d *Delegation) Pairs(a, b string) bool {
	for _, pair := range d.Selectors {
		if slices.Contains(pair, a) && slices.Contains(pair, b) {
			return true
		}
	}
	return false
}

// has says whether a selector is that of a CNAME.
func (d *Delegation) has(selector string) bool { return d != nil && d.Pairs(selector, selector) }

// labelSize is the size of the label of an order, in characters of five bits.
const labelSize = 16

// Delegate begins an order: CNAMEs into our zone.
func (c *Change) Delegate(zone string) error {
	if c.Delegation != nil {
		return fmt.Errorf("%s is delegated already, to %s", c.Name, c.Delegation.Via)
	}
	c.Delegation = &Delegation{
		Via:       strings.ToLower(rand.Text()[:labelSize]) + "." + zone,
		Selectors: map[string][]string{},
	}
	return nil
}

// AddDelegated puts a new key pair into the change, in state Pending, behind a
// CNAME that is free. The first of its algorithm makes two CNAMEs necessary. A
// retired key that it follows, and whose time is over, is revoked in the same step.
// While both CNAMEs are needed, since mail signed with the keys behind them is on its
// way for as long as keep, the error wraps [ErrTooEarly].
func (c *Change) AddDelegated(private crypto.Signer, keep time.Duration, move Move) (Key, error) {
	public, err := record.NewKey(private.Public())
	if err != nil {
		return Key{}, err
	}
	d := c.Delegation
	for len(d.Selectors[public.Algorithm]) < 2 {
		selector := c.NextSelector(move.Time)
		if err := checkHost(selector, d.Via); err != nil {
			return Key{}, err
		}
		d.Selectors[public.Algorithm] = append(d.Selectors[public.Algorithm], selector)
	}
	selector, free := c.nextFree(d.Selectors[public.Algorithm], keep)
	if free.Equal(never) {
		return Key{}, fmt.Errorf("both selectors of %s, %s, have a key that is pending or active", c.Name, strings.Join(d.Selectors[public.Algorithm], " and "))
	}
	if move.Time.Before(free) {
		return Key{}, fmt.Errorf("no selector of %s is free before %s: %w, for mail that is still on its way", c.Name, free.Format(time.DateOnly), ErrTooEarly)
	}
	serial := 1
	for i, k := range c.Keys {
		if k.Selector != selector {
			continue
		}
		serial++
		if k.State == Retired {
			c.Keys[i].move(Revoked, move)
		}
	}
	return c.add(Key{ID: fmt.Sprintf("%s.%d", selector, serial), Selector: selector, Via: d.Via}, private, move)
}

// nextFree returns the selector that is free first, and when.
func (d *Domain) nextFree(selectors []string, keep time.Duration) (selector string, free time.Time) {
	for i, s := range selectors {
		if from := d.freeFrom(s, keep); i == 0 || from.Before(free) {
			selector, free = s, from
		}
	}
	return selector, free
}

// never is when a selector is free that is in use.
var never = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// freeFrom returns from when on a selector can have a new key. One that was never
// used comes before all.
func (d *Domain) freeFrom(selector string, keep time.Duration) time.Time {
	i := d.Pick(selector)
	if i < 0 {
		return time.Time{}
	}
	switch k := d.Keys[i]; k.State {
	case Revoked:
		return k.Since()
	case Retired:
		return k.Since().Add(keep)
	}
	return never
}

// Spares returns the records of the CNAMEs behind which there is no key: the
// customer enters them, too, for the keys to come.
func (d *Domain) Spares() []record.Record {
	var spares []record.Record
	if d.Delegation == nil {
		return nil
	}
	for _, algorithm := range slices.Sorted(maps.Keys(d.Delegation.Selectors)) {
		for _, s := range d.Delegation.Selectors[algorithm] {
			if i := d.Pick(s); i < 0 || d.Keys[i].State == Revoked {
				spares = append(spares, record.Record{Domain: d.Name, Selector: s, Via: d.Delegation.Via})
			}
		}
	}
	return spares
}

// Follows says whether a key stands where another key stood before it, so that
// caches may still have that one's record.
func (k Key) Follows() bool { return !strings.HasSuffix(k.ID, ".1") }
