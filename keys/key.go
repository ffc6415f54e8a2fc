// Package keys makes and keeps DKIM key pairs. It knows nothing of mail.
//
// A domain's key pairs and their states are one [Domain], which a [Store]
// changes as a whole. [Keyring] is the signer's view: read-only, cached, and
// never older than a few seconds.
package keys

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"

	"dkimd/keys/libcrypto"
	"dkimd/keys/record"
)

// State is where a key pair is in its life.
type State string

const (
	Pending State = "pending" // its record has not been seen in DNS; signs nothing
	Active  State = "active"  // signs
	Retired State = "retired" // signs no more; its record must stay published until mail in flight has arrived
	Revoked State = "revoked" // its private key is destroyed
)

// Domain is what the store knows of one domain: all its key pairs, in the order
// in which they were made.
type Domain struct {
	Schema int    `json:"schema"`
	Name   string `json:"domain"` // lower-case A-labels
	Keys   []Key  `json:"keys"`
	// Delegation says by which of our names the customer's CNAMEs reach the keys;
	// nil: the customer publishes TXT records.
	Delegation *Delegation `json:"delegation,omitempty"`
}

// Key is one key pair as the store lists it. The private key is kept apart.
type Key struct {
	// ID names the pair within its domain: selector and serial, since a selector
	// can get a new pair after the old one's time.
	ID        string    `json:"id"`
	Selector  string    `json:"selector"`
	Algorithm string    `json:"algorithm"` // record.RSA or record.Ed25519
	Bits      int       `json:"bits"`
	State     State     `json:"state"`
	Created   time.Time `json:"created"`
	Public    []byte    `json:"public_key"`    // as in the record's p=
	Via       string    `json:"via,omitempty"` // as in [record.Record]
	// ProvenSince is when the first of the checks for [Key.Prove] was made that all
	// found the record in DNS as it should be; zero if the last one did not.
	ProvenSince time.Time `json:"proven_since,omitzero"`
	// Withdrawn is when the record that a CNAME led to was taken out of our own zone;
	// zero: it may be there.
	Withdrawn time.Time `json:"withdrawn,omitzero"`
	History   []Move    `json:"history"`
}

// Move is one entry of a key pair's history.
type Move struct {
	Time time.Time `json:"time"`
	To   State     `json:"to"`
	By   string    `json:"by"`  // the user who did it
	Why  string    `json:"why"` // the command, or the evidence
}

// Record returns the record of a key of this domain.
func (d *Domain) Record(k Key) record.Record {
	return record.Record{
		Domain:   d.Name,
		Selector: k.Selector,
		Key:      record.Key{Algorithm: k.Algorithm, Public: k.Public},
		Via:      k.Via,
	}
}

// Pick returns the place in Keys of the key pair that stands for a selector
// now: the newest. It is -1 if there is none.
func (d *Domain) Pick(selector string) int {
	for i, k := range slices.Backward(d.Keys) {
		if k.Selector == selector {
			return i
		}
	}
	return -1
}

// In returns the keys that are in a state.
func (d *Domain) In(state State) []Key {
	var in []Key
	for _, k := range d.Keys {
		if k.State == state {
			in = append(in, k)
		}
	}
	return in
}

// NextSelector returns a selector that the domain has never had: s, year and
// month, and a letter.
func (d *Domain) NextSelector(now time.Time) string {
	month := now.UTC().Format("s200601")
	for n := 0; ; n++ {
		selector := month + letters(n)
		if d.Pick(selector) < 0 && !d.Delegation.has(selector) {
			return selector
		}
	}
}

// letters counts a, b, … z, aa, ab, …
func letters(n int) string {
	letter := string(rune('a' + n%26))
	if n < 26 {
		return letter
	}
	return letters(n/26-1) + letter
}

// Smallest and largest RSA keys, in bits. Below 1024 no verifier takes a
// signature, below 2048 none should be made (RFC 8301 section 3.2). Above 4096
// verifiers need not follow.
const (
	MinBits    = 1024
	ProperBits = 2048
	MaxBits    = 4096
)

// Generate makes a private key. bits is the size of an RSA key, from [MinBits]
// to [MaxBits]; Ed25519 has one size only.
func Generate(algorithm string, bits int) (crypto.Signer, error) {
	switch algorithm {
	case record.RSA:
		if bits < MinBits || bits > MaxBits {
			return nil, fmt.Errorf("an RSA key of %d bits is of no use: verifiers take %d to %d", bits, MinBits, MaxBits)
		}
		return rsa.GenerateKey(rand.Reader, bits)
	case record.Ed25519:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	}
	return nil, fmt.Errorf("unknown algorithm %q: it is %s or %s", algorithm, record.RSA, record.Ed25519)
}

// bits returns the size of a key for people to see.
func bits(private crypto.Signer) int {
	if key, ok := private.(*rsa.PrivateKey); ok {
		return key.N.BitLen()
	}
	return 256
}

const pemType = "PRIVATE KEY" // PKCS #8 (RFC 5958)

func encodePrivate(private crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der}), nil
}

// decodePrivate reads a private key and checks that it is the one that public,
// the content of p=, belongs to. Its errors never quote the text.
func decodePrivate(text, public []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(text)
	switch {
	case block == nil:
		return nil, errors.New("it is not PEM")
	case block.Type != pemType:
		return nil, fmt.Errorf("it holds a PEM block of type %q, not %q", block.Type, pemType)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("its PEM block is not a PKCS #8 private key")
	}
	private, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("it holds a key of type %T, which cannot sign", key)
	}
	own, err := record.NewKey(private.Public())
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(own.Public, public) {
		return nil, errors.New("it is not the private key of the record's public key")
	}
	if rsaKey, ok := private.(*rsa.PrivateKey); ok {
		return libcrypto.NewSigner(rsaKey)
	}
	return private, nil
}
