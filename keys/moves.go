package keys

import (
	"errors"
	"fmt"
	"time"
)

// ErrLastActive means that a move would leave a domain without an active key.
var ErrLastActive = errors.New("it is the last active key")

// ErrTooEarly means that mail in flight may still need a key's record.
var ErrTooEarly = errors.New("its record has to stay")

// Activate makes key i active and retires the one of the same algorithm that
// was, in one step. The move says how it came about: its Time, By and Why.
func (d *Domain) Activate(i int, move Move) error {
	key := &d.Keys[i]
	if key.State != Pending && key.State != Retired {
		return fmt.Errorf("the key %s of %s is %s: only a pending or a retired key can be made active", key.Selector, d.Name, key.State)
	}
	for j := range d.Keys {
		if old := &d.Keys[j]; old.State == Active && old.Algorithm == key.Algorithm {
			old.move(Retired, move)
		}
	}
	key.move(Active, move)
	return nil
}

// Retire makes the active key i retired: it signs no more. The last active key
// of a domain is retired only if its mail may leave unsigned; the error wraps
// [ErrLastActive] otherwise.
func (d *Domain) Retire(i int, leaveUnsigned bool, move Move) error {
	key := &d.Keys[i]
	if key.State != Active {
		return fmt.Errorf("the key %s of %s is %s: only an active key can be retired", key.Selector, d.Name, key.State)
	}
	if !leaveUnsigned && len(d.In(Active)) == 1 {
		return fmt.Errorf("the key %s of %s is not retired: %w, and mail would leave unsigned", key.Selector, d.Name, ErrLastActive)
	}
	key.move(Retired, move)
	return nil
}

// Revoke makes key i revoked, which destroys its private key. A retired key has
// to have been that for as long as keep, which is how long mail signed with it
// can be on its way; the error wraps [ErrTooEarly] otherwise.
func (d *Domain) Revoke(i int, keep time.Duration, move Move) error {
	key := &d.Keys[i]
	switch key.State {
	case Active:
		return fmt.Errorf("the key %s of %s is active: retire it first", key.Selector, d.Name)
	case Revoked:
		return fmt.Errorf("the key %s of %s is revoked already", key.Selector, d.Name)
	case Retired:
		if until := key.Since().Add(keep); move.Time.Before(until) {
			return fmt.Errorf("the key %s of %s is not revoked: %w until %s, for mail that is still on its way", key.Selector, d.Name, ErrTooEarly, until.Format(time.DateOnly))
		}
	}
	key.move(Revoked, move)
	return nil
}

// RevokeCompromised makes key i revoked at once, whatever its state.
func (d *Domain) RevokeCompromised(i int, move Move) error {
	key := &d.Keys[i]
	if key.State == Revoked {
		return fmt.Errorf("the key %s of %s is revoked already", key.Selector, d.Name)
	}
	key.move(Revoked, move)
	return nil
}

// Prove notes what a check has found of the key's record, and returns whether the
// record is proven: every check since one that was made settle ago, or earlier,
// found it as it should be on every name server. Servers that lag behind show
// only with time.
func (k *Key) Prove(asItShouldBe bool, now time.Time, settle time.Duration) (proven bool) {
	switch {
	case !asItShouldBe:
		k.ProvenSince = time.Time{}
		return false
	case k.ProvenSince.IsZero():
		k.ProvenSince = now
	}
	return !now.Before(k.ProvenSince.Add(settle))
}

// Since returns when the key came into its state.
func (k *Key) Since() time.Time {
	if len(k.History) == 0 {
		return k.Created
	}
	return k.History[len(k.History)-1].Time
}

func (k *Key) move(to State, move Move) {
	move.To = to
	k.State = to
	k.ProvenSince = time.Time{} // what was seen before counts no more
	k.History = append(k.History, move)
}
