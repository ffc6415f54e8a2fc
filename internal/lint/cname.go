package lint

import (
	"context"
	"errors"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"dkimd/keys/finding"
	"dkimd/keys/record"
)

// IsTarget reports whether a value for DKIM is meant as what a CNAME leads to: a name,
// or an address, a URL or words with one.
func IsTarget(value string) bool {
	clean, _ := record.Clean(value)
	bare := record.WithoutBlanks(clean)
	_, err := netip.ParseAddr(bare)
	return err == nil || record.LooksLikeHost(hostOfURL.FindStringSubmatch(bare)[1])
}

var hostOfURL = regexp.MustCompile(`^(?:[A-Za-z][A-Za-z0-9+.-]*://)?([^/:?#]*)`)

// CNAME judges a name for the CNAME of a DKIM key at a host, which leads to the record
// of another company's mail server. Where the host is not known, it is empty, and DNS
// is not asked.
func CNAME(ctx context.Context, resolver Resolver, host, target string) []finding.Finding {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c := cnameCheck{dkimCheck: dkimCheck{findings: noHost}, questions: newQuestions(resolver)}
	if host != "" {
		c.judgeHost(host)
	}
	c.judgeTarget(target)
	if host != "" && !finding.HasError(c.list) {
		c.follow(ctx)
	}
	return c.sorted()
}

type cnameCheck struct {
	dkimCheck
	*questions
	target string
}

// judgeTarget judges the name as it is written.
func (c *cnameCheck) judgeTarget(target string) {
	target = c.cleanLine(target)
	c.target = strings.ToLower(strings.TrimSuffix(target, "."))
	c.fill = append(c.fill, "target", finding.Excerpt(target))
	switch {
	case finding.Has(c.list, PrivateKey):
	case !record.LooksLikeHost(target):
		c.find(CNAMETarget)
	case c.target == c.host:
		c.find(CNAMELoop)
	}
}

// follow looks for the key, and for what stands where the CNAME is to be.
func (c *cnameCheck) follow(ctx context.Context) {
	texts, err := c.txt(ctx, c.target)
	usable := false
	switch {
	case errors.Is(err, errNoAnswer):
		c.find(NoAnswer, "name", finding.Excerpt(c.target))
	case err != nil:
		c.find(CNAMENoKey)
	default:
		usable = c.judgeKeys(texts)
	}
	if !usable && !strings.Contains(c.target, "._domainkey.") {
		c.find(CNAMENoDomainkey)
	}
	there, err := c.txt(ctx, c.host)
	switch {
	case errors.Is(err, errNoAnswer):
		c.find(NoAnswer, "name", c.host)
	case len(there) > 0 && !sameTexts(there, texts): // else the CNAME may be there already
		c.find(CNAMEClash)
	}
}

// judgeKeys judges what stands where the CNAME leads to, and reports whether it is a
// key: one (RFC 6376 section 3.6.2.2) that is not revoked. One that is may be a spare.
func (c *cnameCheck) judgeKeys(texts []string) (usable bool) {
	list := DKIMValue(strings.Join(texts, " "))
	switch {
	case len(texts) > 1 || finding.HasError(list):
		c.find(CNAMEBadKey, "value", finding.Excerpt(strings.Join(texts, " ")))
	case finding.Has(list, Revoked):
		c.find(CNAMENoKey)
	default:
		return true
	}
	return false
}

func sameTexts(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
