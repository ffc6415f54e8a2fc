package keys

import (
	"crypto"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// Freshness is how old a keyring's knowledge of a domain may be before it is
// compared with the store.
const Freshness = 5 * time.Second

// maxRemembered bounds the domains that a keyring remembers, those without keys
// included: about a kilobyte each, two or three with an RSA key.
const maxRemembered = 50_000

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
	Pending bool // no key is active, but one is pending
}

// Keyring gives a signer the active keys of a domain. It looks a domain up when
// it is asked for it, and remembers the answer, also that there is no key. It
// is safe for concurrent use.
type Keyring struct {
	store Store
	log   *slog.Logger
	now   func() time.Time

	mu      sync.Mutex
	domains map[string]entry
}

type entry struct {
	set     Set
	stamp   Stamp // zero if the store has nothing for the domain
	checked time.Time
}

// NewKeyring returns a keyring over a store.
func NewKeyring(store Store, log *slog.Logger) *Keyring {
	return &Keyring{store: store, log: log, now: time.Now, domains: map[string]entry{}}
}

// Lookup returns the keys of a domain, whose name is what [ParseDomain]
// returned. A domain without keys gives an empty set.
//
// The error wraps [ErrBadKey] if what the store holds is damaged; any other
// error means that the store could not be read just now. No error is
// remembered. While the store cannot be read, keys that are known go on.
func (r *Keyring) Lookup(domain string) (Set, error) {
	r.mu.Lock()
	known, ok := r.domains[domain]
	r.mu.Unlock()
	now := r.now()
	if ok && now.Sub(known.checked) < Freshness {
		return known.set, nil
	}
	fresh, err := r.load(domain, known, ok)
	switch {
	case errors.Is(err, ErrBadKey):
		r.forget(domain)
		return Set{}, err
	case err != nil && ok && len(known.set.Active) > 0:
		r.log.Warn("the key store cannot be read: signing goes on with the keys in memory", "domain", domain, "error", err)
		fresh = known
	case err != nil:
		return Set{}, err
	}
	fresh.checked = now
	r.remember(domain, fresh)
	return fresh.set, nil
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

func (r *Keyring) remember(domain string, e entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.domains[domain]; !ok && len(r.domains) >= maxRemembered {
		for other := range r.domains { // whichever comes first
			delete(r.domains, other)
			break
		}
	}
	r.domains[domain] = e
}

func (r *Keyring) forget(domain string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.domains, domain)
}
