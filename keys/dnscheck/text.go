package dnscheck

import (
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// maxName is how much of a name is shown, in bytes.
const maxName = 120

// shown returns a domain name from DNS for people, without the final dot.
// miekg/dns has escaped it already.
func shown(name string) string {
	if name = strings.TrimSuffix(name, "."); len(name) > maxName {
		return name[:maxName] + "…"
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
