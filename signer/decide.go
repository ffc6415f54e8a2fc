package signer

import (
	"errors"
	"net/netip"
	"slices"
	"strings"

	"dkimd/keys"
)

// Origin is how a message entered the MTA.
type Origin struct {
	Login    string     // SMTP AUTH login; empty: none
	Client   netip.Addr // zero: not known
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
	BadHeader       Reason = "bad_header"       // a field to be signed is malformed, or there is too much of them
	LoginMismatch   Reason = "login_mismatch"   // the login may not send as the From domain
	NetworkMismatch Reason = "network_mismatch" // the network may not send as the From domain
	NoKey           Reason = "no_key"           // the From domain has no active key
	KeyPending      Reason = "key_pending"      // it has one that waits for its record
	StoreError      Reason = "store_error"      // the key store cannot be read just now
	BadKey          Reason = "bad_key"          // what the store holds for the domain is damaged
	BadBody         Reason = "bad_body"         // the body cannot be signed in bounded memory
)

// Alarming says whether an admin has to look after the reason, since mail that
// should be signed is not.
func (r Reason) Alarming() bool { return r == StoreError || r == BadKey }

// LoginMatch says what to make of a login that sends as another domain.
type LoginMatch string

const (
	Enforce LoginMatch = "enforce" // do not sign
	Report  LoginMatch = "report"  // sign, and say it
	Off     LoginMatch = "off"     // sign
)

// Rules decide who is signed.
type Rules struct {
	Authenticated      bool // whether logins are signed at all
	LoginMatch         LoginMatch
	LoginDefaultDomain string // the domain of logins that carry none
	Networks           []Network
	TempFailStoreError bool // answer store errors with a tempfail instead of unsigned mail
	TempFailBadKey     bool // the same for damaged keys
}

// Network is a set of clients that are trusted without a login.
type Network struct {
	Prefixes []netip.Prefix
	Domains  []string // what they may send as, in A-labels; "*": anything
}

// Ring gives the active keys of a domain: [keys.Keyring].
type Ring interface {
	Lookup(domain string) (keys.Set, error)
}

// Decision is what becomes of a message.
type Decision struct {
	FromDomain string            // A-labels; empty if the message has no single one
	Keys       []keys.SigningKey // sign with all of these; none: do not sign, for Reason
	Reason     Reason
	Err        error // details of the reason, if there are any
	TempFail   bool  // the MTA is to try again later, instead of sending it unsigned
	Mismatch   bool  // signed although the login may not send as the From domain
}

// Decide says whether a message gets signed and with which keys. It is the one
// place where policy lives, and does no I/O but the ring's look-up.
func (r *Rules) Decide(origin Origin, header *Header, ring Ring) Decision {
	domain, fault, err := header.from()
	d := Decision{FromDomain: domain}

	login := origin.Login
	if !r.Authenticated {
		login = ""
	}
	network := r.networks(origin.Client)
	switch {
	case origin.Incoming, login == "" && len(network) == 0:
		return d.unsigned(NotOurs, nil)
	case fault != "":
		return d.unsigned(fault, err)
	}

	// A login speaks for itself, also on a trusted host: that may be a webmail
	// server, through which every customer comes.
	if login != "" {
		if r.LoginMatch != Off && r.loginDomain(login) != domain {
			if r.LoginMatch == Enforce {
				return d.unsigned(LoginMismatch, nil)
			}
			d.Mismatch = true
		}
	} else if !slices.ContainsFunc(network, func(n Network) bool { return n.covers(domain) }) {
		return d.unsigned(NetworkMismatch, nil)
	}

	set, err := ring.Lookup(domain)
	switch {
	case errors.Is(err, keys.ErrBadKey):
		d.TempFail = r.TempFailBadKey
		return d.unsigned(BadKey, err)
	case err != nil:
		d.TempFail = r.TempFailStoreError
		return d.unsigned(StoreError, err)
	case len(set.Active) > 0:
		d.Keys = set.Active
		return d
	case set.Pending:
		return d.unsigned(KeyPending, nil)
	}
	return d.unsigned(NoKey, nil)
}

// Failed turns a decision to sign into one not to, as the signers failed: a key
// cannot sign, or the body cannot be signed.
func (r *Rules) Failed(d Decision, err error) Decision {
	d.Keys = nil
	if errors.Is(err, errBlank) {
		return d.unsigned(BadBody, err)
	}
	d.TempFail = r.TempFailBadKey
	return d.unsigned(BadKey, err)
}

func (d Decision) unsigned(reason Reason, err error) Decision {
	d.Reason, d.Err = reason, err
	return d
}

// networks returns those that a client is in. An unknown address is in none.
func (r *Rules) networks(client netip.Addr) []Network {
	client = client.Unmap()
	var in []Network
	for _, n := range r.Networks {
		if slices.ContainsFunc(n.Prefixes, func(p netip.Prefix) bool { return p.Contains(client) }) {
			in = append(in, n)
		}
	}
	return in
}

func (n Network) covers(domain string) bool {
	return slices.Contains(n.Domains, "*") || slices.Contains(n.Domains, domain)
}

// loginDomain returns the domain that a login owns: the part behind its last @,
// or the default one. It is empty if the login owns none.
func (r *Rules) loginDomain(login string) string {
	at := strings.LastIndexByte(login, '@')
	if at < 0 {
		return r.LoginDefaultDomain
	}
	domain, err := keys.ParseDomain(login[at+1:])
	if err != nil {
		return ""
	}
	return domain
}
