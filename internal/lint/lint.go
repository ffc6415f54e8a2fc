// Package lint judges SPF, DMARC and DKIM records that somebody typed: what is
// wrong with them by their RFCs and by what else DNS has, in words for customers.
//
// What comes from DNS may be hostile: questions and time are bounded, and nothing
// of it reaches a text unescaped.
package lint

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"dkimd/keys"
	"dkimd/keys/finding"
	"dkimd/keys/record"
)

// findings collects what is noticed of one record.
type findings struct {
	list []finding.Finding
	fill []string // of every finding
}

func (f *findings) find(code finding.Code, fill ...string) {
	f.list = append(f.list, table.New(code, append(fill, f.fill...)...))
}

// sorted returns the findings, the worst first. There may be none, but there is a
// list: for JSON.
func (f *findings) sorted() []finding.Finding {
	finding.Sort(f.list)
	return append([]finding.Finding{}, f.list...)
}

// clean names what a value picked up on its way, and returns it without, but for
// characters that mean something. Of a private key it returns nothing, so that nothing
// of it gets into a text.
func (f *findings) clean(value string) string {
	clean, damage := record.Clean(value)
	kept := cleanAround(value)
	if damage.Private || record.HoldsPrivate(clean) || record.HoldsPrivate(kept) {
		f.find(PrivateKey)
		return ""
	}
	if damage.Character != "" {
		f.find(BadCharacters, "character", damage.Character)
	}
	if damage.Backslashes {
		f.find(Backslashes)
	}
	if damage.Quotes {
		f.find(LiteralQuotes)
	}
	if damage.Armour {
		f.find(PEMArmour)
	}
	return strings.Trim(kept, " \t\r\n")
}

// cleanAround cleans what stands around the characters that mean something.
func cleanAround(value string) string {
	var b strings.Builder
	for {
		around, rest := value, ""
		if i := strings.IndexFunc(value, meansSomething); i >= 0 {
			around, rest = value[:i], value[i:]
		}
		clean, _ := record.Clean(around)
		b.WriteString(clean)
		if rest == "" {
			return b.String()
		}
		_, size := utf8.DecodeRuneInString(rest)
		b.WriteString(rest[:size])
		value = rest[size:]
	}
}

// meansSomething reports whether a character is lost in a clean value, and is no
// quotation mark, bracket or invisible one: without its dash, –all would be +all.
func meansSomething(r rune) bool {
	if r <= unicode.MaxASCII {
		return false
	}
	clean, _ := record.Clean(string(r))
	return clean == "" && !unicode.In(r, unicode.Pi, unicode.Pf, unicode.Ps, unicode.Pe, unicode.Cf, unicode.Cc)
}

// maxString is the most that one string of a TXT record holds (RFC 1035 section
// 3.3).
const maxString = 255

// judgeLength says that a value needs several strings (RFC 7208 section 3.3).
func (f *findings) judgeLength(value string) {
	if len(value) > maxString {
		f.find(LongValue, "length", strconv.Itoa(len(value)))
	}
}

// badHost reports a host that is none.
func (f *findings) badHost(host string) {
	shown := finding.Excerpt(host)
	clean, _ := record.Clean(host)
	private := record.HoldsPrivate(host) || record.HoldsPrivate(clean)
	if private {
		shown = "…"
	}
	f.fill = []string{"host", shown, "domain", shown}
	if f.find(BadHost); private {
		f.find(PrivateKey)
	}
}

// parseHost returns the host of a record in lower-case A-labels, without a final
// dot. Labels with underscores may stand before the domain.
func parseHost(host string) (name string, ok bool) {
	host = strings.ToLower(strings.TrimSpace(host))
	labels := strings.Split(host, ".")
	first := 0
	for i, label := range labels {
		if strings.Contains(label, "_") {
			first = i + 1
		}
	}
	domain, err := keys.ParseDomain(strings.Join(labels[first:], "."))
	if err != nil {
		return "", false
	}
	for _, label := range labels[:first] {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return "", false
		}
	}
	name = strings.Join(append(labels[:first:first], domain), ".")
	return name, len(name) <= 253
}

// doubled returns the half of a domain that is its own beginning:
// example.jp.example.jp.
func doubled(domain string) (half string, ok bool) {
	half = domain[:len(domain)/2]
	return half, domain == half+"."+half && strings.Contains(half, ".")
}
