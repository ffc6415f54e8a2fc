package signer

import (
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"

	"dkimd/keys"
)

// A voucher is what speaks for a message: a login, or the networks that its
// client is in.
type voucher struct {
	login       string
	loginDomain string // what the login owns; empty: nothing
	client      netip.Addr
	networks    []Network
}

// String names the voucher to people.
func (v *voucher) String() string {
	if v.login != "" {
		return "the login " + v.login
	}
	return "the network of " + v.client.String()
}

// vouch returns what speaks for a message that came in this way; nil: nothing.
func (r *Rules) vouch(origin Origin, p *path) *voucher {
	if origin.Incoming {
		p.add("listener", false, "incoming: it never signs")
		return nil
	}
	if origin.Daemon != "" && slices.Contains(r.IncomingDaemons, origin.Daemon) {
		p.add("listener", false, "the service %s is incoming", origin.Daemon)
		return nil
	}
	p.add("listener", true, "by origin")

	// A login speaks for itself, also on a trusted host: that may be a webmail
	// server, through which every customer comes.
	switch {
	case origin.Login == "":
		p.add("login", false, "none")
	case !r.Authenticated:
		p.add("login", false, "%s, but sign.authenticated is false", origin.Login)
		return nil
	default:
		p.add("login", true, "%s", origin.Login)
		return &voucher{login: origin.Login, loginDomain: r.loginDomain(origin.Login)}
	}

	// An unknown address is in no network.
	client := origin.Client.Unmap()
	var in []Network
	for _, n := range r.Networks {
		if slices.ContainsFunc(n.Prefixes, func(prefix netip.Prefix) bool { return prefix.Contains(client) }) {
			in = append(in, n)
		}
	}
	if len(in) == 0 {
		p.add("network", false, "%s is in no [[network]]", clientText(client))
		return nil
	}
	p.add("network", true, "%s", client)
	return &voucher{client: client, networks: in}
}

func clientText(client netip.Addr) string {
	if !client.IsValid() {
		return "the client's address is not known, and"
	}
	return client.String()
}

// mayUse says whether the voucher may have the signature of one of the domains on
// mail of the author. The error is that of a login map that cannot tell, and
// matters where nothing else says yes.
func (r *Rules) mayUse(v *voucher, author address, domains []string) (bool, error) {
	if v.login == "" {
		return slices.ContainsFunc(v.networks, func(n Network) bool {
			return slices.ContainsFunc(n.Domains, func(d string) bool { return d == "*" || slices.Contains(domains, d) })
		}), nil
	}
	if r.LoginMatch == Off || slices.Contains(domains, v.loginDomain) {
		return true, nil
	}
	if r.LoginMap == nil {
		return false, nil
	}
	entries := []string{lowerASCII(author.local) + "@" + author.domain}
	for _, domain := range domains {
		entries = append(entries, "@"+domain)
	}
	var trouble error
	for _, entry := range entries {
		logins, err := r.LoginMap.Logins(entry)
		if err != nil {
			trouble = err
		}
		if slices.ContainsFunc(logins, func(login string) bool { return lowerASCII(login) == lowerASCII(v.login) }) {
			return true, nil
		}
	}
	return false, trouble
}

// lowerASCII is for comparing logins and local parts without regard to case. Other
// letters stay as they are, since some become ASCII: the Kelvin sign k.
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

// loginDomain returns the domain that a login owns: the part behind its last
// separator, or the default one. It is empty if the login owns none.
func (r *Rules) loginDomain(login string) string {
	at := strings.LastIndexAny(login, r.LoginSeparators)
	if at < 0 {
		return r.LoginDefaultDomain
	}
	domain, err := keys.ParseDomain(login[at+1:])
	if err != nil || !isASCII(login[at+1:]) { // what looks like another domain is not mapped to it
		return ""
	}
	return domain
}

// MismatchCause says why a login is likely to own no domain that it sends as.
func (r *Rules) MismatchCause(login string) string {
	switch {
	case strings.ContainsAny(login, r.LoginSeparators):
		return "users send as other domains than that of their login: list who may in sign.login_map"
	case strings.Contains(login, "%"):
		return `logins have their domain behind a %: set sign.login_separators = "@%"`
	}
	return "logins carry no domain: set sign.login_default_domain, or list them in sign.login_map"
}
