// Package record builds, parses and renders the TXT record of a DKIM public
// key (RFC 6376 section 3.6). It does no I/O.
package record

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// Record is what has to be in DNS for a public key: where it stands and what it
// says.
type Record struct {
	Domain   string // d=, in lower-case A-labels
	Selector string // s=
	Key      Key
	// Via is a domain of ours that has the TXT record, so that the customer's DNS
	// needs a CNAME to it alone, which never changes; empty: the TXT record is the
	// customer's.
	Via string
}

// Type returns the type of the record at Host.
func (r Record) Type() string {
	if r.Via != "" {
		return "CNAME"
	}
	return "TXT"
}

// Value returns what a panel wants to have entered: the value of a TXT record, or
// the target of a CNAME, without a final dot.
func (r Record) Value() string {
	if r.Via != "" {
		return Host(r.Selector, r.Via)
	}
	return r.Key.Value()
}

// TXT returns the TXT record: this one, or the one that its CNAME leads to.
func (r Record) TXT() Record {
	if r.Via == "" {
		return r
	}
	return Record{Domain: r.Via, Selector: r.Selector, Key: r.Key}
}

// Host returns the record's name, without a final dot.
func (r Record) Host() string { return Host(r.Selector, r.Domain) }

// RelativeHost returns the record's name as panels want it that append the
// domain by themselves.
func (r Record) RelativeHost() string { return r.RelativeTo(r.Domain) }

// RelativeTo returns the record's name within a zone that it is in.
func (r Record) RelativeTo(zone string) string { return strings.TrimSuffix(r.Host(), "."+zone) }

// AbsoluteHost returns the record's name with a final dot, so that no origin is
// appended to it.
func (r Record) AbsoluteHost() string { return r.Host() + "." }

// Host returns the name at which the key of a selector stands (RFC 6376
// section 3.6.2.1), without a final dot.
func Host(selector, domain string) string {
	return selector + "._domainkey." + domain
}

// Key algorithms, as in the k= tag (RFC 6376 section 3.6.1, RFC 8463 section 4).
const (
	RSA     = "rsa"
	Ed25519 = "ed25519"
)

// Key is what the value of a record says.
type Key struct {
	Algorithm string // k=
	// Public is p=, decoded: a SubjectPublicKeyInfo for RSA, since that is what
	// the world publishes (RFC 6376 erratum 3017), the 32 raw bytes for Ed25519
	// (RFC 8463 section 4). Empty means that the key is revoked.
	Public   []byte
	Hashes   []string // h=, empty: any
	Services []string // s=, empty: any
	Flags    []string // t=
	Notes    string   // n=
}

// NewKey returns the content of a record for a public key, an *rsa.PublicKey
// or an ed25519.PublicKey.
func NewKey(public crypto.PublicKey) (Key, error) {
	switch public := public.(type) {
	case *rsa.PublicKey:
		der, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			return Key{}, fmt.Errorf("record: %w", err)
		}
		return Key{Algorithm: RSA, Public: der}, nil
	case ed25519.PublicKey:
		return Key{Algorithm: Ed25519, Public: public}, nil
	}
	return Key{}, fmt.Errorf("record: no DKIM algorithm for a key of type %T", public)
}

// Value returns the value of the record: one line without a blank and without
// a final semicolon, since panels cut at the one and strip the other.
func (k Key) Value() string {
	var b strings.Builder
	b.WriteString("v=DKIM1;k=" + k.Algorithm)
	for _, tag := range []struct {
		name  string
		value string
	}{
		{"h", strings.Join(k.Hashes, ":")},
		{"n", k.Notes},
		{"s", strings.Join(k.Services, ":")},
		{"t", strings.Join(k.Flags, ":")},
	} {
		if tag.value != "" {
			b.WriteString(";" + tag.name + "=" + tag.value)
		}
	}
	b.WriteString(";p=" + base64.StdEncoding.EncodeToString(k.Public))
	return b.String()
}

// PublicKey returns the key in the form that verifies: an *rsa.PublicKey or an
// ed25519.PublicKey.
func (k Key) PublicKey() (crypto.PublicKey, error) {
	if len(k.Public) == 0 {
		return nil, errors.New("record: the key is revoked: p= is empty")
	}
	switch k.Algorithm {
	case RSA:
		public, err := x509.ParsePKIXPublicKey(k.Public)
		if err != nil {
			return nil, fmt.Errorf("record: p= is not an RSA public key: %w", err)
		}
		if rsaKey, ok := public.(*rsa.PublicKey); ok {
			return rsaKey, nil
		}
		return nil, fmt.Errorf("record: p= holds a key of type %T, not RSA", public)
	case Ed25519:
		if len(k.Public) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("record: p= holds %d bytes, an Ed25519 key has %d", len(k.Public), ed25519.PublicKeySize)
		}
		return ed25519.PublicKey(k.Public), nil
	}
	return nil, fmt.Errorf("record: unknown algorithm k=%s", k.Algorithm)
}

// Parse reads the value of a record, its character-strings joined, as a
// verifier does (RFC 6376 section 3.6.1): unknown tags are ignored, a duplicate
// tag or a v= that is not first and DKIM1 makes it invalid.
func Parse(value string) (Key, error) {
	key := Key{Algorithm: RSA}
	hasPublic := false
	seen := map[string]bool{}
	specs := strings.Split(value, ";")
	for i, spec := range specs {
		if i == len(specs)-1 && trim(spec) == "" {
			break // a final semicolon ends the list
		}
		name, content, ok := strings.Cut(spec, "=")
		if !ok {
			return Key{}, fmt.Errorf("record: %q is not of the form tag=value", trim(spec))
		}
		name, content = trim(name), trim(content)
		if seen[name] {
			return Key{}, fmt.Errorf("record: the tag %s= stands twice", name)
		}
		seen[name] = true
		switch name {
		case "v":
			if i != 0 {
				return Key{}, errors.New("record: v= is not the first tag")
			}
			if content != "DKIM1" {
				return Key{}, fmt.Errorf("record: v=%s, not v=DKIM1", content)
			}
		case "k":
			key.Algorithm = content
		case "p":
			// Blanks may stand anywhere in base64 (RFC 6376 section 2.10).
			public, err := base64.StdEncoding.DecodeString(blanks.Replace(content))
			if err != nil {
				return Key{}, fmt.Errorf("record: p= is not base64: %w", err)
			}
			key.Public, hasPublic = public, true
		case "h":
			key.Hashes = list(content)
		case "s":
			key.Services = list(content)
		case "t":
			key.Flags = list(content)
		case "n":
			key.Notes = content
		}
	}
	if !hasPublic {
		return Key{}, errors.New("record: p= is missing")
	}
	return key, nil
}

// blanks removes folding white space (RFC 6376 section 2.8).
var blanks = strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "")

func trim(s string) string { return strings.Trim(s, " \t\r\n") }

func list(content string) []string {
	var items []string
	for item := range strings.SplitSeq(content, ":") {
		if item = trim(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}
