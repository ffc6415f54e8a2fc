package dnscheck

import (
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// maxExcerpt is how much of what DNS says is shown, in bytes.
const maxExcerpt = 60

// excerpt returns the beginning of what DNS says, quoted, and with everything
// escaped that is not plain ASCII.
func excerpt(s string) string {
	if len(s) > maxExcerpt {
		return strconv.QuoteToASCII(s[:maxExcerpt]) + "…"
	}
	return strconv.QuoteToASCII(s)
}

// shown returns a domain name from DNS for people, without the final dot.
// miekg/dns has escaped it already.
func shown(name string) string {
	if name = strings.TrimSuffix(name, "."); len(name) > 2*maxExcerpt {
		return name[:2*maxExcerpt] + "…"
	}
	return name
}

// rcode returns the name of the answer's response code.
func rcode(reply *dns.Msg) string {
	if name, ok := dns.RcodeToString[reply.Rcode]; ok {
		return name
	}
	return "RCODE " + strconv.Itoa(reply.Rcode)
}

// unescape undoes how miekg/dns gives the strings of a TXT record: \DDD and \X.
func unescape(escaped []string) []string {
	plain := make([]string, len(escaped))
	for i, s := range escaped {
		var b strings.Builder
		for j := 0; j < len(s); j++ {
			if s[j] == '\\' && j+1 < len(s) {
				if n, err := strconv.ParseUint(s[j+1:min(j+4, len(s))], 10, 8); err == nil && j+4 <= len(s) {
					b.WriteByte(byte(n))
					j += 3
					continue
				}
				j++
			}
			b.WriteByte(s[j])
		}
		plain[i] = b.String()
	}
	return plain
}
