package lint

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// term is a mechanism or a modifier of an SPF record (RFC 7208 section 4.6.1).
type term struct {
	text      string // as it stands in the record
	qualifier byte   // of a mechanism: + - ~ ?
	name      string // in lower case
	modifier  bool
	domain    string       // the domain-spec; empty: the record's own domain
	network   netip.Prefix // of ip4 and ip6
	breadth   breadth
}

// breadth says how many senders the prefix of a term lets in.
type breadth int

const (
	narrow    breadth = iota
	broad             // more addresses than one organization has
	everybody         // of IPv4, or of IPv6
)

// breadthOf returns the breadth of prefixes. The addresses of IPv6 that are given out
// begin with the same three bits (RFC 4291 section 2.4).
func breadthOf(bits4, bits6 int) breadth {
	switch {
	case bits4 == 0 || bits6 <= unicast.Bits():
		return everybody
	case bits4 < 8 || bits6 < 16:
		return broad
	}
	return narrow
}

var (
	anyIPv4 = netip.MustParsePrefix("0.0.0.0/0")
	unicast = netip.MustParsePrefix("2000::/3")
)

// covers reports whether networks together have all addresses of one.
func covers(networks []netip.Prefix, whole netip.Prefix) bool {
	var inside []netip.Prefix
	for _, n := range networks {
		switch {
		case !n.Overlaps(whole):
		case n.Bits() <= whole.Bits():
			return true
		default:
			inside = append(inside, n)
		}
	}
	if len(inside) == 0 {
		return false
	}
	address := whole.Addr().AsSlice()
	address[whole.Bits()/8] |= 0x80 >> (whole.Bits() % 8)
	middle, _ := netip.AddrFromSlice(address)
	return covers(inside, netip.PrefixFrom(whole.Addr(), whole.Bits()+1)) &&
		covers(inside, netip.PrefixFrom(middle, whole.Bits()+1))
}

// isSPF reports whether a TXT record is one of SPF (RFC 7208 section 4.5). Texts
// in the grammar match in any case (RFC 5234 section 2.3).
func isSPF(value string) bool {
	version, _, _ := strings.Cut(value, " ")
	return strings.EqualFold(version, "v=spf1")
}

// cutSPF returns what stands between the blanks of an SPF record, apart from its
// version.
func cutSPF(value string) []string {
	var texts []string
	for text := range strings.SplitSeq(value[len("v=spf1"):], " ") {
		if text != "" {
			texts = append(texts, text)
		}
	}
	return texts
}

var (
	modifierName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]*=`)
	mechanism    = regexp.MustCompile(`^([-+~?]?)([A-Za-z0-9]+)(.*)$`)
	// cidrs are at the end of a and mx (RFC 7208 section 5.6).
	cidrs = regexp.MustCompile(`^(.*?)(?:/(0|[1-9][0-9]?))?(?://(0|[1-9][0-9]{0,2}))?$`)
	cidr  = regexp.MustCompile(`^(.*?)(?:/(0|[1-9][0-9]{0,2}))?$`)
)

// parseTerm parses a term.
func parseTerm(text string) (term, error) {
	if modifierName.MatchString(text) {
		return parseModifier(text)
	}
	parts := mechanism.FindStringSubmatch(text)
	if parts == nil {
		return term{}, errors.New("it is neither a mechanism nor a modifier")
	}
	t := term{text: text, qualifier: '+', name: strings.ToLower(parts[2])}
	if parts[1] != "" {
		t.qualifier = parts[1][0]
	}
	rest := parts[3]
	switch t.name {
	case "all":
		if rest != "" {
			return term{}, errors.New("all takes nothing")
		}
		return t, nil
	case "a", "mx":
		lengths := cidrs.FindStringSubmatch(rest)
		rest = lengths[1]
		bits4, bits6 := bitsOf(lengths[2], 32), bitsOf(lengths[3], 128)
		if bits4 > 32 || bits6 > 128 {
			return term{}, errors.New("the prefix is longer than an address")
		}
		t.breadth = breadthOf(bits4, bits6)
		return t.withDomain(rest, rest == "")
	case "ptr":
		return t.withDomain(rest, rest == "")
	case "include", "exists":
		return t.withDomain(rest, false)
	case "ip4", "ip6":
		return t.withNetwork(rest)
	}
	return term{}, errors.New("there is no such mechanism")
}

func parseModifier(text string) (term, error) {
	name, value, _ := strings.Cut(text, "=")
	t := term{text: text, name: strings.ToLower(name), modifier: true}
	switch t.name {
	case "redirect", "exp":
		return t.withDomain(":"+value, false)
	}
	return t, checkMacros(value)
}

// withDomain returns the term with its domain-spec, which stands behind a colon.
func (t term) withDomain(rest string, optional bool) (term, error) {
	if optional {
		return t, nil
	}
	domain, ok := strings.CutPrefix(rest, ":")
	if !ok || domain == "" {
		return term{}, errors.New("a domain is missing, or does not stand behind a colon")
	}
	if err := checkMacros(domain); err != nil {
		return term{}, err
	}
	t.domain = domain
	return t, checkEnd(domain)
}

// withNetwork returns the term with its addresses (RFC 7208 section 5.6).
func (t term) withNetwork(rest string) (term, error) {
	text, ok := strings.CutPrefix(rest, ":")
	if !ok {
		return term{}, errors.New("an address is missing, or does not stand behind a colon")
	}
	parts := cidr.FindStringSubmatch(text)
	addr, err := netip.ParseAddr(parts[1])
	if err != nil || addr.Zone() != "" || addr.Is4() != (t.name == "ip4") {
		return term{}, fmt.Errorf("%s is not followed by such an address", t.name)
	}
	bits := bitsOf(parts[2], addr.BitLen())
	if bits > addr.BitLen() {
		return term{}, errors.New("the prefix is longer than the address")
	}
	t.network = netip.PrefixFrom(addr, bits)
	switch {
	case addr.Is4():
		t.breadth = breadthOf(bits, 128)
	case t.network.Overlaps(unicast):
		t.breadth = breadthOf(32, bits)
	}
	return t, nil
}

// bitsOf returns the length of a prefix; without digits it is a whole address.
func bitsOf(digits string, whole int) int {
	if digits == "" {
		return whole
	}
	return number(digits)
}

// number returns a number of at most three digits; none is 0.
func number(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}

// macro is a macro-expand (RFC 7208 section 7.1). The letters c, r and t are for
// explanations alone (section 7.2).
var macro = regexp.MustCompile(`^(?:%%|%_|%-|%\{[slodiphvSLODIPHV](?:0*[1-9][0-9]*)?[rR]?[-.+,/_=]*\})`)

// checkMacros checks a macro-string.
func checkMacros(text string) error {
	for text != "" {
		length := 1
		switch {
		case text[0] == '%':
			if length = len(macro.FindString(text)); length == 0 {
				return errors.New("a % begins no macro")
			}
		case text[0] < 0x21 || text[0] > 0x7e:
			return errors.New("it holds a character that is not printable ASCII")
		}
		text = text[length:]
	}
	return nil
}

var (
	endsInMacro = regexp.MustCompile(`(?:%%|%_|%-|%\{[^}]*\})$`)
	topLabel    = regexp.MustCompile(`\.(?:[A-Za-z0-9]*[A-Za-z][A-Za-z0-9]*|[A-Za-z0-9]+-[A-Za-z0-9-]*[A-Za-z0-9])\.?$`)
)

// checkEnd checks how a domain-spec ends.
func checkEnd(domain string) error {
	if endsInMacro.MatchString(domain) || topLabel.MatchString(domain) {
		return nil
	}
	return errors.New("it does not end in a domain name of two labels at least")
}
