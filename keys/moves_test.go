package keys

import (
	"errors"
	"testing"
	"time"
)

// Which state each move leads to from each state; none where it is refused.
func TestMoves(t *testing.T) {
	start := time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
	const keep = 14 * 24 * time.Hour
	for _, test := range []struct {
		name string
		move func(d *Domain, m Move) error
		to   map[State]State
	}{
		{"activate", func(d *Domain, m Move) error { return d.Activate(0, m) }, map[State]State{Pending: Active, Retired: Active}},
		{"retire", func(d *Domain, m Move) error { return d.Retire(0, true, m) }, map[State]State{Active: Retired}},
		{"revoke", func(d *Domain, m Move) error { return d.Revoke(0, keep, m) }, map[State]State{Pending: Revoked, Retired: Revoked}},
		{"revoke too early", func(d *Domain, m Move) error { return d.Revoke(0, keep+1, m) }, map[State]State{Pending: Revoked}},
		{"compromised", func(d *Domain, m Move) error { return d.RevokeCompromised(0, m) }, map[State]State{Pending: Revoked, Active: Revoked, Retired: Revoked}},
	} {
		for _, from := range []State{Pending, Active, Retired, Revoked} {
			d := &Domain{Name: "example.jp", Keys: []Key{{Selector: "s", Algorithm: "rsa", State: from, History: []Move{{Time: start, To: from}}}}}
			err := test.move(d, Move{Time: start.Add(keep), By: "taro", Why: "test"})
			to, allowed := test.to[from]
			if !allowed {
				to = from
			}
			key := d.Keys[0]
			if (err == nil) != allowed || key.State != to {
				t.Errorf("%s from %s: %s, %v", test.name, from, key.State, err)
			}
			if last := key.History[len(key.History)-1]; allowed != (last.Why == "test") || last.To != to {
				t.Errorf("%s from %s: the history ends with %+v", test.name, from, last)
			}
		}
	}

	two := &Domain{Name: "example.jp", Keys: []Key{{Selector: "rsa", Algorithm: "rsa", State: Active}, {Selector: "ed", Algorithm: "ed25519", State: Active}}}
	if err := two.Retire(1, false, Move{Time: start}); err != nil {
		t.Errorf("one of two active keys: %v", err)
	}
	if err := two.Retire(0, false, Move{Time: start}); !errors.Is(err, ErrLastActive) {
		t.Errorf("the last active key: %v", err)
	}
}

func TestNext(t *testing.T) {
	start := time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	for _, test := range []struct {
		state, other State // of two keys of an algorithm
		next         Next
		from         time.Time
	}{
		{Pending, Active, Publish, start},
		{Active, Retired, Rotate, start.Add(365 * day)},
		{Active, Pending, "", time.Time{}},
		{Retired, Active, Revoke, start.Add(14 * day)},
		{Revoked, Active, "", time.Time{}},
	} {
		key := Key{Algorithm: "rsa", State: test.state, History: []Move{{Time: start}}}
		d := &Domain{Keys: []Key{key, {Algorithm: "rsa", State: test.other}}}
		if next, from := d.Next(key, 14*day, 365*day); next != test.next || !from.Equal(test.from) {
			t.Errorf("%s beside %s: %s from %v, want %s from %v", test.state, test.other, next, from, test.next, test.from)
		}
	}
}

func TestProof(t *testing.T) {
	start := time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
	var k Key
	for _, check := range []struct {
		after        time.Duration
		good, proven bool
	}{
		{0, true, false},
		{9 * time.Minute, true, false},
		{10 * time.Minute, true, true},
		{11 * time.Minute, false, false},
		{12 * time.Minute, true, false},
		{21 * time.Minute, true, false},
		{22 * time.Minute, true, true},
	} {
		if proven := k.Prove(check.good, start.Add(check.after), 10*time.Minute); proven != check.proven {
			t.Errorf("after %v: %v", check.after, proven)
		}
	}
}
