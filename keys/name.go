package keys

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"dkimd/keys/record"

	"golang.org/x/net/idna"
)

// maxName is the most that a domain name has in text form, in bytes, without a
// final dot (RFC 1035 section 2.3.4).
const maxName = 253

// maxUnicodeName is more than such a name has in UTF-8.
const maxUnicodeName = 4 * maxName

// toASCII maps full-width letters, ideographic full stops and upper case as
// RFC 5895 does, and lets nothing but letters, digits and hyphens through.
var toASCII = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true))

// ParseDomain returns a domain name in the form that the store, signatures and
// records use: lower-case A-labels without a final dot. It refuses what cannot
// be a mail domain: one label, an address, an underscore, anything that a path
// could be made of.
func ParseDomain(name string) (string, error) {
	switch {
	case len(name) > maxUnicodeName: // before IDNA, which takes time by the square of it
		return "", fmt.Errorf("a domain name of %d bytes is too long", len(name))
	case strings.ContainsAny(name, "@＠"):
		return "", fmt.Errorf("%q is an address, not a domain name: give what stands behind the @", name)
	case strings.Contains(name, "://"):
		return "", fmt.Errorf("%q is a URL, not a domain name: give the domain alone", name)
	case strings.Contains(name, "_domainkey"):
		return "", fmt.Errorf("%q is the host of a record, not a domain name: give what stands behind _domainkey", name)
	case strings.ContainsAny(name, " \t\r\n,;"):
		return "", fmt.Errorf("%q holds a blank or a comma: give one domain name", name)
	}
	domain, err := toASCII.ToASCII(name)
	if err != nil || !utf8.ValidString(name) {
		return "", fmt.Errorf("%q is not a domain name: a label holds something other than letters, digits and hyphens, or is not valid IDNA", name)
	}
	domain = strings.TrimSuffix(domain, ".")
	labels := strings.Split(domain, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 {
			return "", fmt.Errorf("%q is not a domain name: a label is empty or has more than 63 bytes", name)
		}
	}
	switch {
	case len(domain) > maxName:
		return "", fmt.Errorf("%q is not a domain name: it has %d bytes, more than %d", name, len(domain), maxName)
	case len(labels) < 2:
		return "", fmt.Errorf("%q is not a mail domain: it has one label only", name)
	case strings.Trim(labels[len(labels)-1], "0123456789") == "":
		return "", fmt.Errorf("%q is not a mail domain: it ends in a number", name)
	}
	return domain, nil
}

// ParseSelector returns a selector in lower case. Selectors are labels of
// letters, digits and hyphens, joined by dots (RFC 6376 section 3.1).
func ParseSelector(text string) (string, error) {
	selector := strings.ToLower(text)
	for label := range strings.SplitSeq(selector, ".") {
		if label == "" || len(label) > 63 {
			return "", fmt.Errorf("%q is not a selector: a label is empty or has more than 63 bytes", text)
		}
		if strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || label[0] == '-' || label[len(label)-1] == '-' {
			return "", fmt.Errorf("%q is not a selector: it may hold letters, digits and hyphens, and begin and end with none of the last", text)
		}
	}
	return selector, nil
}

// checkHost refuses a selector that is too long for its domain.
func checkHost(selector, domain string) error {
	if host := record.Host(selector, domain); len(host) > maxName {
		return fmt.Errorf("%s has %d bytes, more than a domain name's %d: take a shorter selector", host, len(host), maxName)
	}
	return nil
}
