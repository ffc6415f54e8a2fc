package request

import (
	"regexp"
	"strings"

	"dkimd/keys"
)

// name is a host as it is read: labels that begin with an underscore and what stands
// before them, or those of a CNAME, and the domain behind them.
type name struct {
	prefix string // "_dmarc", "s1._domainkey" or ""
	domain string // "" if the host is relative to a domain
}

func (n name) String() string {
	if n.prefix == "" {
		return n.domain
	}
	return n.prefix + "." + n.domain
}

var (
	scheme      = regexp.MustCompile(`^[a-z]+://`)
	behindName  = regexp.MustCompile(`[/?#:].*$`)
	ending      = regexp.MustCompile(`(\.[a-z]{2,})[^a-z0-9.-][^.]*$`) // です behind a top-level domain
	recordLabel = regexp.MustCompile(`^[a-z0-9_-]{1,63}$`)
)

// readHost reads a host that may be a whole name, with or without a final dot, a
// part of one, a URL or an address.
func readHost(typed string) (name, bool) {
	text := strings.ToLower(plain(typed))
	text, _, _ = strings.Cut(strings.TrimLeft(text, "<「『\"'("), "<") // what a mail program adds as a link
	text = scheme.ReplaceAllString(strings.Trim(text, " >」』\"')"), "")
	text = behindName.ReplaceAllString(text, "")
	text = text[strings.LastIndex(text, "@")+1:]
	text = strings.TrimSuffix(strings.ReplaceAll(text, "。", "."), ".")
	text = ending.ReplaceAllString(text, "$1")
	if text == "" {
		return name{}, strings.Contains(plain(typed), "@")
	}

	all := strings.Split(text, ".")
	n := 0 // labels in front of the domain
	for i, l := range all {
		if strings.HasPrefix(l, "_") {
			n = i + 1
		}
	}
	if len(all) == 1 {
		n = 1
	}
	for _, l := range all[:n] {
		if !recordLabel.MatchString(l) {
			return name{}, false
		}
	}
	host := name{prefix: strings.Join(all[:n], ".")}
	if n == len(all) {
		return host, true
	}
	domain, err := keys.ParseDomain(strings.Join(all[n:], "."))
	if err != nil || len(domain)+len(host.prefix) > 252 {
		return name{}, false
	}
	host.domain = domain
	return host, true
}
