package signer

import (
	"slices"
	"strings"
	"testing"
)

// FuzzFrom: nothing makes the parser panic; comments and folds between tokens
// change nothing; and what it finds is what stands behind the at signs that are
// neither in quotes nor in comments, in their order.
func FuzzFrom(f *testing.F) {
	for _, c := range fromCases(f, "lawful.txt", "disputed.txt", "unlawful.txt", "fuzzed.txt") {
		f.Add(c.value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		found, err := parseAddresses(value)

		tokens, ends := tokenize(value)
		again, errAgain := parseAddresses(blank + strings.Join(tokens, blank) + blank)
		if ends && ((err == nil) != (errAgain == nil) || !slices.Equal(found, again)) {
			t.Errorf("%q: %q, %v; with blanks %q, %v", value, found, err, again, errAgain)
		}
		if err != nil {
			return
		}
		if !ends {
			t.Errorf("%q has %q, but does not end", value, found)
		}

		var domains []string
		for _, addr := range found {
			domains = append(domains, addr.domain)
			one, err := parseAddresses("<" + addr.local + "@" + addr.domain + ">")
			if err != nil || len(one) != 1 || one[0] != addr {
				t.Errorf("%q has %q, which alone is %q, %v", value, addr, one, err)
			}
		}
		if want := afterAt(tokens); !slices.Equal(domains, want) {
			t.Errorf("%q has the domains %q, want %q", value, domains, want)
		}

		more, err := parseAddresses(value + ", x <y@z>")
		if err != nil || !slices.Equal(more, append(found, address{"y", "z"})) {
			t.Errorf("%q: %q; with one more %q, %v", value, found, more, err)
		}
	})
}

// blank is white space and a comment that readers who look for an address in the
// wrong place would find one in.
const blank = "\r\n\t(\"<a@b.example>, (\\)\\\\) c@c.example: d@d.example; [) "

// tokenize splits a field at blanks and special characters, as far as it can be
// done with one look at each character. Comments are left out; ends says whether
// all comments, quotes and brackets end.
func tokenize(value string) (tokens []string, ends bool) {
	var token []byte
	next := func() {
		if len(token) > 0 {
			tokens = append(tokens, string(token))
			token = nil
		}
	}
	depth := 0       // of comments
	var closing byte // of the quoted string or domain literal
	for i := 0; i < len(value); i++ {
		c := value[i]
		escaped := c == '\\' && (depth > 0 || closing != 0) && i+1 < len(value)
		switch {
		case depth > 0:
			switch {
			case escaped:
				i++
			case c == '(':
				depth++
			case c == ')':
				depth--
			}
		case closing != 0:
			token = append(token, c)
			switch {
			case escaped:
				i++
				token = append(token, value[i])
			case c == closing:
				closing = 0
				next()
			}
		case strings.IndexByte(" \t\r\n", c) >= 0:
			next()
		case c == '(':
			next()
			depth++
		case c == '"' || c == '[':
			next()
			token = append(token, c)
			closing = map[byte]byte{'"': '"', '[': ']'}[c]
		case strings.IndexByte(`<>,:;@.)]\`, c) >= 0:
			next()
			tokens = append(tokens, string(c))
		default:
			token = append(token, c)
		}
	}
	next()
	return tokens, depth == 0 && closing == 0
}

// afterAt returns what stands behind each at sign among tokens, up to what no
// domain can hold. At signs of routes do not count.
func afterAt(tokens []string) []string {
	var domains []string
	route := false
	for i, token := range tokens {
		switch token {
		case "<":
			route = i+1 < len(tokens) && (tokens[i+1] == "@" || tokens[i+1] == ",")
		case ":":
			route = false
		case "@":
			if route {
				continue
			}
			domain := ""
			for _, part := range tokens[i+1:] {
				if strings.Contains("<>,:;@", part) {
					break
				}
				domain += part
			}
			domains = append(domains, domain)
		}
	}
	return domains
}
