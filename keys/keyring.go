package keys

import (
	"crypto"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Freshness is how old a keyring's knowledge of a domain may be before it is
// compared with the store.
const Freshness = 5 * time.Second

// How many domains a keyring remembers. Those with keys have up to 8 KB each, those
// without about 300 bytes; a flood of the latter does not drive the former out.
const (
	maxWithKeys    = 20_000
	maxWithoutKeys = 50_000
)

// SigningKey is an active key pair, ready to sign.
type SigningKey struct {
	Domain    string // d=
	Selector  string // s=
	Algorithm string // record.RSA or record.Ed25519
	Private   crypto.Signer
}

// Set is what a keyring knows of a domain.
type Set struct {
	Active  []SigningKey
	Pending bool // a key is pending
}

// Keyring gives a signer the active keys of a domain. It looks a domain up when
// it is asked for it, and remembers the answer, also that there is no key. It
// is safe for concurrent use.
type Keyring struct {
	store Store
	now   func() time.Time
	// timeout is readTimeout, but in tests.
	timeout time.Duration

	mu          sync.Mutex
	withKeys    map[string]entry
	withoutKeys map[string]entry
	reading     map[string]*reading

	fromMemory, fromStore atomic.Uint64
}

// Lookups returns how many look-ups memory has answered, and how many the store.
func (r *Keyring) Lookups() (fromMemory, fromStore uint64) {
	return r.fromMemory.Load(), r.fromStore.Load()
}

type entry struct {
	set     Set
	stamp   Stamp // zero if the store has nothing for the domain
	checked time.Time
}

// reading is a domain on its way from the store. Its result is there once done
// is closed.
type reading struct {
	done chan struct{}
	set  Set
	err  error
}

// A store can hang, on a disk that fails or a file system of another host. So
// much time has a reading before the signer goes on without it, in less than
// Postfix waits for a milter (30 s); and so many may be under way.
const (
	readTimeout = 5 * time.Second
	maxReading  = 256
)

var errNoAnswer = errors.New("the key store does not answer")

// NewKeyring returns a keyring over a store.
func NewKeyring(store Store) *Keyring {
	return &Keyring{store: store, now: time.Now, timeout: readTimeout,
		withKeys: map[string]entry{}, withoutKeys: map[string]entry{}, reading: map[string]*reading{}}
}

// Lookup returns the keys of a domain, whose name is what [ParseDomain]
// returned. A domain without keys gives an empty set. It takes five seconds at
// most.
//
// The error wraps [ErrBadKey] if what the store holds is damaged; any other
// error means that the store could not be read just now. No error is
// remembered. While the store cannot be read, keys that are known go on.
func (r *Keyring) Lookup(domain string) (Set, error) {
	r.mu.Lock()
	known, ok := r.known(domain)
	if ok && r.now().Sub(known.checked) < Freshness {
		r.mu.Unlock()
		r.fromMemory.Add(1)
		return known.set, nil
	}
	r.fromStore.Add(1)
	under := r.reading[domain]
	if under == nil && len(r.reading) < maxReading {
		under = &reading{done: make(chan struct{})}
		r.reading[domain] = under
		go r.read(under, domain, known, ok)
	}
	r.mu.Unlock()
	if under == nil {
		return r.goOn(domain, known, fmt.Errorf("%w: %d domains wait for it", errNoAnswer, maxReading))
	}

	timeout := time.NewTimer(r.timeout)
	defer timeout.Stop()
	select {
	case <-under.done:
		return under.set, under.err
	case <-timeout.C:
		return r.goOn(domain, known, fmt.Errorf("%w within %v", errNoAnswer, r.timeout))
	}
}

// read reads a domain from the store and remembers it.
func (r *Keyring) read(under *reading, domain string, known entry, ok bool) {
	defer close(under.done)
	started := r.now()
	fresh, err := r.load(domain, known, ok)

	if err != nil && !errors.Is(err, ErrBadKey) {
		under.set, under.err = r.goOn(domain, known, err)
	} else {
		under.set, under.err = fresh.set, err
	}

	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.reading, domain)
	switch {
	case err == nil:
		fresh.checked = started
		r.remember(domain, fresh)
	case errors.Is(err, ErrBadKey):
		r.forget(domain)
	}
}

// goOn goes on with the keys in memory, if there are any, while the store cannot
// be read. The store is tried again when they are no longer fresh.
func (r *Keyring) goOn(domain string, known entry, err error) (Set, error) {
	if len(known.set.Active) == 0 {
		return Set{}, err
	}
	slog.Warn("the key store cannot be read: signing goes on with the keys in memory", "domain", domain, "error", err)
	known.checked = r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.remember(domain, known)
	return known.set, nil
}

// load returns the entry of a domain as it is in the store now: the known one if
// that has not changed.
func (r *Keyring) load(domain string, known entry, ok bool) (entry, error) {
	if ok {
		stamp, err := r.store.Stamp(domain)
		if err != nil && !errors.Is(err, ErrNoKeys) {
			return entry{}, err
		}
		if stamp == known.stamp {
			return known, nil
		}
	}
	read, stamp, err := r.store.Read(domain)
	if errors.Is(err, ErrNoKeys) {
		return entry{}, nil
	}
	if err != nil {
		return entry{}, err
	}
	set := Set{Pending: len(read.In(Pending)) > 0}
	for _, k := range read.In(Active) {
		private, err := r.store.Private(domain, k)
		if err != nil {
			return entry{}, err
		}
		set.Active = append(set.Active, SigningKey{Domain: domain, Selector: k.Selector, Algorithm: k.Algorithm, Private: private})
	}
	return entry{set: set, stamp: stamp}, nil
}

// known returns what is remembered of a domain. As for all that follows, the caller
// holds the lock.
func (r *Keyring) known(domain string) (e entry, ok bool) {
	if e, ok = r.withKeys[domain]; !ok {
		e, ok = r.withoutKeys[domain]
	}
	return e, ok
}

func (r *Keyring) forget(domain string) {
	delete(r.withKeys, domain)
	delete(r.withoutKeys, domain)
}

func (r *Keyring) remember(domain string, e entry) {
	r.forget(domain)
	into, most := r.withoutKeys, maxWithoutKeys
	if len(e.set.Active) > 0 {
		into, most = r.withKeys, maxWithKeys
	}
	if len(into) >= most {
		for other := range into { // whichever comes first
			delete(into, other)
			break
		}
	}
	into[domain] = e
}
