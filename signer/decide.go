package signer

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"dkimd/keys"
	"dkimd/keys/record"
)

// Origin is how a message entered the MTA.
type Origin struct {
	Login    string     // SMTP AUTH login; empty: none
	Client   netip.Addr // zero: not known
	Daemon   string     // the MTA's name for the service that took the message
	Incoming bool       // it came through a listener that never signs
}

// Reason is why a message is not signed. The list is closed: the same words
// stand in the log and label counters.
type Reason string

const (
	NotOurs         Reason = "not_ours"         // neither a login nor a network vouches for the message
	NoFrom          Reason = "no_from"          // no From field, or no address in it
	MultipleFrom    Reason = "multiple_from"    // several From fields, or several addresses
	BadFrom         Reason = "bad_from"         // the From field is not as RFC 5322 has it
	BadHeader       Reason = "bad_header"       // a field to be signed is malformed
	LongHeader      Reason = "long_header"      // the fields to be signed are too many or too long
	LoginMismatch   Reason = "login_mismatch"   // the login may not send as the From domain
	NetworkMismatch Reason = "network_mismatch" // the network may not send as the From domain
	SwitchedOff     Reason = "switched_off"     // the configuration says not to sign the domain
	NoKey           Reason = "no_key"           // the From domain has no active key
	KeyPending      Reason = "key_pending"      // it has one that waits for its record
	AlreadySigned   Reason = "already_signed"   // it came with our signatures, and they verify
	StoreError      Reason = "store_error"      // the key store, or the login map, cannot be read just now
	BadKey          Reason = "bad_key"          // what the store holds for the domain is damaged
	BadBody         Reason = "bad_body"         // the body cannot be signed in bounded memory, or so that it verifies
)

// Reasons lists them all.
var Reasons = []Reason{
	NotOurs, NoFrom, MultipleFrom, BadFrom, BadHeader, LongHeader, LoginMismatch, NetworkMismatch, SwitchedOff,
	NoKey, KeyPending, AlreadySigned, StoreError, BadKey, BadBody,
}

// Alarming says whether an admin has to look after the reason, since mail that
// should be signed is not.
func (r Reason) Alarming() bool { return r == StoreError || r == BadKey }

// Signature is one that a message is to get.
type Signature struct {
	keys.SigningKey
	Options Options
}

// Decision is what becomes of a message.
type Decision struct {
	From       string      // the author's address; empty if there is no single one
	FromDomain string      // its domain, in A-labels
	Signatures []Signature // to make; none: do not sign, for Reason
	Reason     Reason
	Err        error // details of the reason, or of a signature that is left out
	TempFail   bool  // the MTA is to try again later, instead of sending it unsigned
	Mismatch   bool  // signed although the login may not send as the From domain
}

// Decide says whether a message gets signed and with which keys. It is the one
// place where policy lives, and does no I/O but the look-ups of the ring and of
// the login map.
func (r *Rules) Decide(origin Origin, header *Header, ring Ring) Decision {
	return r.decide(origin, header, ring, nil)
}

func (r *Rules) decide(origin Origin, header *Header, ring Ring, p *path) Decision {
	author, fault, err := header.author()
	d := Decision{FromDomain: author.domain}
	if fault == "" {
		d.From = author.local + "@" + author.domain
	}

	v := r.vouch(origin, p)
	if v == nil {
		return d.unsigned(NotOurs, nil)
	}
	if fault != "" {
		p.add("from", false, "%v", err)
		return d.unsigned(fault, err)
	}
	p.add("from", true, "%s", d.From)

	if r.Domains[author.domain].Off {
		p.add("domain", false, "%s has sign = false", author.domain)
		return d.unsigned(SwitchedOff, nil)
	}

	// Whose keys there are says who else may have their signature. But who may not
	// is told that, and nothing of the keys.
	found := r.find(author.domain, ring)
	may, err := r.mayUse(v, author, found.domains)
	switch domains := strings.Join(found.domains, " or "); {
	case may:
		p.add("owner", true, "%s may send as %s", v, domains)
	case err != nil:
		p.add("owner", false, "whether %s may send as %s: %v", v, domains, err)
	default:
		p.add("owner", false, "%s may not send as %s", v, domains)
	}
	switch {
	case may:
	case err != nil && r.LoginMatch == Enforce && !r.canSign(found):
		// It goes unsigned whatever the map would say.
	case err != nil && r.LoginMatch == Enforce:
		d.TempFail = r.TempFailStoreError
		return d.unsigned(StoreError, err)
	case v.login == "":
		return d.unsigned(NetworkMismatch, nil)
	case r.LoginMatch == Enforce:
		return d.unsigned(LoginMismatch, nil)
	default:
		d.Mismatch = true
	}
	return r.sign(d, found, ring, p)
}

// canSign says whether there is anything to sign with, now or later.
func (r *Rules) canSign(f found) bool {
	return len(f.active) > 0 || f.err != nil || len(r.AlsoSign) > 0
}

// found is what there is to sign a domain's mail with.
type found struct {
	// domains are the domain of the author, and that of the keys if it is another.
	// If there are no keys, they are all whose keys would do.
	domains []string
	active  []keys.SigningKey // of the last of the domains
	pending bool              // no key is active, but one is pending
	err     error             // of the store
}

// find looks for the keys of a domain or, if it has none, of the longest domain
// above it that has some and signs for its subdomains.
func (r *Rules) find(domain string, ring Ring) found {
	f := found{domains: []string{domain}}
	for _, parent, ok := strings.Cut(domain, "."); ok; _, parent, ok = strings.Cut(parent, ".") {
		if rules := r.Domains[parent]; rules.Subdomains && !rules.Off {
			f.domains = append(f.domains, parent)
		}
	}
	for _, of := range f.domains {
		set, err := ring.Lookup(of)
		if err != nil {
			f.err = err
			return f
		}
		if len(set.Active) > 0 {
			f.domains, f.active = slices.Compact([]string{domain, of}), set.Active
			return f
		}
		f.pending = f.pending || set.Pending
	}
	return f
}

// sign takes the keys that were found, and our own besides.
func (r *Rules) sign(d Decision, f found, ring Ring, p *path) Decision {
	of := f.domains[len(f.domains)-1]
	switch {
	case errors.Is(f.err, keys.ErrBadKey):
		p.add("key", false, "%v", f.err)
		d.TempFail = r.TempFailBadKey
		return d.unsigned(BadKey, f.err)
	case f.err != nil:
		p.add("key", false, "%v", f.err)
		d.TempFail = r.TempFailStoreError
		return d.unsigned(StoreError, f.err)
	case len(f.active) == 0:
		p.add("key", false, "no active key of %s (pending: %v)", strings.Join(f.domains, " or "), f.pending)
	default:
		d.Signatures = r.Signatures(of, f.active)
		p.add("key", len(d.Signatures) > 0, "%s", names(d.Signatures, of))
	}
	if len(d.Signatures) == 0 || r.AlsoSignAlways && !d.Signatures[0].Options.Single {
		d = r.alsoSign(d, ring, p)
	}
	switch {
	case len(d.Signatures) > 0:
		return d
	case f.pending:
		return d.unsigned(KeyPending, d.Err)
	}
	return d.unsigned(NoKey, d.Err)
}

// Signatures returns those that a domain's active keys make.
func (r *Rules) Signatures(domain string, active []keys.SigningKey) []Signature {
	options := r.Options
	if rules, ok := r.Domains[domain]; ok {
		options = rules.Options
	}
	var list []Signature
	for _, key := range active {
		if !options.NoEd25519 || key.Algorithm != record.Ed25519 {
			list = append(list, Signature{key, options})
		}
	}
	if options.Single && len(list) > 1 {
		// Not every receiver verifies anything but RSA.
		one := max(0, slices.IndexFunc(list, func(s Signature) bool { return s.Algorithm == record.RSA }))
		list = list[one : one+1]
	}
	return list
}

// alsoSign adds the signatures of our own domains. That one cannot be had stops
// nothing.
func (r *Rules) alsoSign(d Decision, ring Ring, p *path) Decision {
	for _, domain := range r.AlsoSign {
		if slices.ContainsFunc(d.Signatures, func(s Signature) bool { return s.Domain == domain }) {
			continue
		}
		set, err := ring.Lookup(domain)
		if err == nil && len(set.Active) == 0 {
			err = fmt.Errorf("sign.also_sign: %s has no active key", domain)
		}
		if err != nil {
			p.add("also_sign", false, "%v", err)
			d.Err = err
			continue
		}
		added := r.Signatures(domain, set.Active)
		p.add("also_sign", true, "%s", names(added, domain))
		d.Signatures = append(d.Signatures, added...)
	}
	return d
}

// Failed turns a decision to sign into one not to, for an error of a [Signing]: a
// key cannot sign, the body cannot be signed, or the message is signed already.
func (r *Rules) Failed(d Decision, err error) Decision {
	switch {
	case errors.Is(err, errAlreadySigned):
		return d.unsigned(AlreadySigned, nil)
	case errors.Is(err, errBlank), errors.Is(err, errMisread):
		return d.unsigned(BadBody, err)
	}
	d.TempFail = r.TempFailBadKey
	return d.unsigned(BadKey, err)
}

func (d Decision) unsigned(reason Reason, err error) Decision {
	d.Signatures, d.Mismatch, d.Reason, d.Err = nil, false, reason, err
	return d
}
