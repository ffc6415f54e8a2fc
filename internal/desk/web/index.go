package web

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"dkimd/keys"
)

// maxAge is how old the index may be when it answers. With 100,000 domains it takes
// most of a second to look at all again.
const maxAge = 30 * time.Second

// index is what domains are searched in: their names, and in which states their keys
// are. Of a domain that has not changed, only the stamp is looked at again.
type index struct {
	store keys.Store

	mu      sync.Mutex
	entries []entry // in the order of their names
	read    time.Time
}

type entry struct {
	name   string
	stamp  keys.Stamp
	states states
}

func newIndex(store keys.Store) *index { return &index{store: store} }

// fresh returns the entries, which are not to be changed.
func (x *index) fresh() ([]entry, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if time.Since(x.read) < maxAge {
		return x.entries, nil
	}
	known := make(map[string]entry, len(x.entries))
	for _, e := range x.entries {
		known[e.name] = e
	}
	entries := make([]entry, 0, len(x.entries))
	for name, err := range x.store.Names() {
		if err != nil {
			return nil, err
		}
		e, err := x.again(name, known[name])
		if errors.Is(err, keys.ErrNoKeys) {
			continue // gone since
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	x.entries, x.read = entries, time.Now()
	return entries, nil
}

// again returns the entry of a domain, which is read if it has changed.
func (x *index) again(name string, known entry) (entry, error) {
	stamp, err := x.store.Stamp(name)
	if err == nil && known.name != "" && stamp == known.stamp && known.states != unreadable {
		return known, nil
	}
	d, stamp, err := x.store.Read(name)
	if err != nil {
		return entry{name: name, states: unreadable}, err
	}
	return entry{name, stamp, statesOf(d)}, nil
}

// states is a set of states.
type states uint8

// unreadable is the state of a domain that the store cannot read.
const unreadable states = 1 << 7

var bits = map[keys.State]states{keys.Pending: 1, keys.Active: 2, keys.Retired: 4, keys.Revoked: 8, damaged: unreadable}

// damaged stands for unreadable in the filter of the list.
const damaged keys.State = "damaged"

func statesOf(d *keys.Domain) states {
	var set states
	for _, k := range d.Keys {
		set |= bits[k.State]
	}
	return set
}

// find returns the domains whose name has a text in it, those that begin with it
// first, and that have a key in a state; an empty one is any.
func find(entries []entry, text string, state keys.State) []string {
	var first, rest []string
	for _, e := range entries {
		at := strings.Index(e.name, text)
		switch {
		case at < 0 || state != "" && e.states&bits[state] == 0:
		case at == 0:
			first = append(first, e.name)
		default:
			rest = append(rest, e.name)
		}
	}
	return append(first, rest...)
}
