package keys

import (
	"crypto"
	"errors"
	"iter"
)

// ErrNoKeys means that the store has never had a key for a domain. No other
// error says that.
var ErrNoKeys = errors.New("no keys")

// ErrBadKey means that the store has been read, but what it holds for a domain
// is damaged: trying again will not help.
var ErrBadKey = errors.New("damaged")

// Store is where key pairs live. Names of domains are what [ParseDomain]
// returns.
type Store interface {
	// Read returns a domain and its stamp. The error is ErrNoKeys if the domain
	// has never had a key, wraps ErrBadKey if its state is damaged, and is
	// anything else if the store could not be read just now.
	Read(domain string) (*Domain, Stamp, error)

	// Stamp returns the stamp alone, which costs less. Errors are as for Read.
	Stamp(domain string) (Stamp, error)

	// Private returns the private key of a key pair. The error wraps ErrBadKey
	// if it is missing, damaged, or not that of the pair.
	Private(domain string, k Key) (crypto.Signer, error)

	// Names streams the names of all domains, in no certain order.
	Names() iter.Seq2[string, error]

	// Update lets change alter a domain, new or known, while nobody else can, and
	// then makes the result durable as a whole, or not at all if change or
	// anything after it fails. It returns the domain as written.
	Update(domain string, change func(*Change) error) (*Domain, error)
}

// Stamp differs whenever a domain has changed.
type Stamp struct{ inode, ctime, size int64 }

// Change is a domain while it is being changed, and the private keys that come
// with the change.
type Change struct {
	Domain
	added map[string]crypto.Signer // by key id
}
