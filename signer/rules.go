package signer

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"dkimd/keys"
)

// LoginMatch says what to make of a login that sends as another domain.
type LoginMatch string

const (
	Enforce LoginMatch = "enforce" // do not sign
	Report  LoginMatch = "report"  // sign, and say it
	Off     LoginMatch = "off"     // sign
)

// Rules decide who is signed, and how.
type Rules struct {
	Authenticated      bool // whether logins are signed at all
	LoginMatch         LoginMatch
	LoginSeparators    string   // the domain of a login stands behind the last of these
	LoginDefaultDomain string   // the domain of logins that carry none
	LoginMap           LoginMap // which logins may send as what else; nil: none
	Networks           []Network
	IncomingDaemons    []string // services of the MTA whose mail is never signed

	Options Options                // of signatures, unless the domain has others
	Domains map[string]DomainRules // exceptions, by domain
	// AlsoFields has the lower-case names of the Fields of all options.
	AlsoFields map[string]bool
	AlsoSign   []string // domains of ours whose signature mail gets besides its own
	// AlsoSignAlways is whether it gets that also if it has one of its own.
	AlsoSignAlways bool

	TempFailStoreError bool // answer store errors with a tempfail instead of unsigned mail
	TempFailBadKey     bool // the same for damaged keys
}

// Network is a set of clients that are trusted without a login.
type Network struct {
	Prefixes []netip.Prefix
	Domains  []string // what they may send as, in A-labels; "*": anything
}

// DomainRules are the exceptions for one domain.
type DomainRules struct {
	Off        bool // do not sign its mail
	Subdomains bool // sign the mail of its subdomains, too
	Options    Options
}

// LoginMap lists the logins that may send as an address in lower case, or as
// every address of @ and a domain. An error means that it cannot tell just now.
type LoginMap interface {
	Logins(key string) ([]string, error)
}

// Ring gives the active keys of a domain: [keys.Keyring].
type Ring interface {
	Lookup(domain string) (keys.Set, error)
}

// Options are how a signature is made.
type Options struct {
	Body      Canonicalization
	Expiry    time.Duration // how long it is valid (x=); zero: for ever
	Identity  string        // the agent or user (i=); empty: none
	Fields    []string      // header fields to sign besides the usual ones
	NoEd25519 bool          // RSA only
	Single    bool          // one signature, for relays that refuse two
}

// CheckIdentity refuses an identity that is not of a domain: i= is an optional
// local part, @, and the domain or one below it (RFC 6376 section 3.5).
func CheckIdentity(identity, domain string) error {
	if identity == "" {
		return nil
	}
	local, of, ok := strings.Cut(identity, "@")
	if !ok || of != domain && !strings.HasSuffix(of, "."+domain) || strings.Trim(local, atext) != "" {
		return fmt.Errorf("%q is not of the form @%s, name@%[2]s, or that of a subdomain", identity, domain)
	}
	return nil
}

const atext = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.+"

// CheckField refuses a name that is not one of a header field, or of one that
// relays add or change.
func CheckField(name string) error {
	if name == "" || strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c > '~' || c == ':' || c == ';' }) {
		return fmt.Errorf("%q is not the name of a header field", name)
	}
	for _, never := range []string{"Received", "Return-Path", "Bcc", "Comments", "Keywords", FieldName, "Authentication-Results"} {
		if strings.EqualFold(name, never) {
			return fmt.Errorf("%s must not be signed: it is changed on the way (RFC 6376 section 5.4)", never)
		}
	}
	return nil
}
