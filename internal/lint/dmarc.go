package lint

import (
	"context"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"dkimd/keys/finding"
)

// DMARC judges a value for the DMARC record at a host; empty: the one that is
// there (RFC 9989 sections 4.7 and 4.8).
func DMARC(ctx context.Context, resolver Resolver, host, value string) []finding.Finding {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c := dmarcCheck{questions: newQuestions(resolver)}
	c.judgeHost(host)
	if c.domain != "" {
		value = c.compare(ctx, value)
	}
	if value = c.cleanLine(value); value != "" {
		c.value = value
		if c.parse(); len(c.tags) > 0 {
			c.judgeTags()
			c.judgeReports(ctx)
		}
	}
	return c.sorted()
}

// DMARCNeeds says what DMARC lacks without SPF or DKIM, which have to stand
// before it.
func DMARCNeeds(spf, dkim bool) []finding.Finding {
	var f findings
	if !spf {
		f.find(DMARCNeedsSPF)
	}
	if !dkim {
		f.find(DMARCNeedsDKIM)
	}
	return f.list
}

type dmarcCheck struct {
	findings
	*questions
	domain string // that the record is for; empty: unknown
	value  string
	tags   []tag
}

type tag struct{ name, content string }

// tag returns the content of a tag.
func (c *dmarcCheck) tag(name string) (content string, ok bool) {
	for _, t := range c.tags {
		if t.name == name {
			return t.content, true
		}
	}
	return "", false
}

// judgeHost finds the domain that a host is meant for.
func (c *dmarcCheck) judgeHost(host string) {
	name, ok := parseHost(host)
	if !ok {
		c.badHost(host)
		return
	}
	c.fill = []string{"domain", name, "host", name}
	domain, hasLabel := strings.CutPrefix(name, "_dmarc.")
	without, missing := strings.CutPrefix(name, "dmarc.")
	half, twice := doubled(domain)
	switch {
	case hasLabel && twice:
		c.domain = half
	case hasLabel && !strings.Contains(domain, "_"):
		c.domain = domain
	case missing:
		c.domain = without
	case !strings.Contains(name, "_"):
		c.domain = name
	default:
		c.find(DMARCHost)
		return
	}
	c.fill = []string{"domain", c.domain, "host", "_dmarc." + c.domain, "relative", "_dmarc"}
	switch {
	case hasLabel && twice:
		c.find(DoubledDomain)
	case missing:
		c.find(MissingUnderscore, "label", "_dmarc")
	case !hasLabel:
		c.find(DMARCAtDomain)
	}
}

// isDMARC reports whether a TXT record is one of DMARC.
var isDMARC = regexp.MustCompile(`^v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)`).MatchString

// dmarc returns the DMARC records of a domain.
func (q *questions) dmarc(ctx context.Context, domain string) ([]string, error) {
	all, err := q.txt(ctx, "_dmarc."+domain)
	return slices.DeleteFunc(slices.Clone(all), func(text string) bool { return !isDMARC(text) }), err
}

// compare says what the domain has already, and returns the value to judge.
func (c *dmarcCheck) compare(ctx context.Context, value string) string {
	published, err := c.dmarc(ctx, c.domain)
	switch {
	case errors.Is(err, errNoAnswer):
		c.find(NoAnswer, "name", "_dmarc."+c.domain)
	case len(published) > 1:
		c.find(DMARCSeveral, "count", strconv.Itoa(len(published)))
	case len(published) == 0 && value != "":
		c.find(DMARCNotPublished)
	case len(published) == 0:
		c.find(DMARCNone)
	case value == "":
		return published[0]
	case published[0] != value:
		c.find(DMARCDiffers, "value", finding.Excerpt(published[0]))
	}
	return value
}

var tagName = regexp.MustCompile(`^[A-Za-z]+$`)

// parse reads the tags, as far as they can be read. Without v=DMARC1 in the first
// place there are none.
func (c *dmarcCheck) parse() {
	if !isDMARC(c.value) {
		if strings.Contains(strings.ToUpper(c.value), "DMARC1") {
			c.find(DMARCVersion)
		} else {
			c.find(NotDMARC, "value", finding.Excerpt(c.value))
		}
		return
	}
	specs := strings.Split(c.value, ";")
	if last := len(specs) - 1; strings.TrimSpace(specs[last]) == "" {
		specs = specs[:last] // a final semicolon
	}
	for _, spec := range specs {
		name, content, ok := strings.Cut(spec, "=")
		t := tag{strings.TrimSpace(name), strings.TrimSpace(content)}
		_, twice := c.tag(t.name)
		switch {
		case strings.TrimSpace(spec) == "":
			c.find(DMARCEmptyTag)
		case !ok || !tagName.MatchString(t.name) || t.content == "":
			c.find(DMARCSyntax, "part", finding.Excerpt(strings.TrimSpace(spec)))
		case twice:
			c.find(DMARCTagTwice, "tag", t.name)
		default:
			c.tags = append(c.tags, t)
		}
	}
}

// What tags may say, in any case (RFC 5234 section 2.3).
var dmarcValues = map[string]*regexp.Regexp{
	"p":     policies,
	"sp":    policies,
	"np":    policies,
	"adkim": regexp.MustCompile(`(?i)^[rs]$`),
	"aspf":  regexp.MustCompile(`(?i)^[rs]$`),
	"t":     regexp.MustCompile(`(?i)^[yn]$`),
	"psd":   regexp.MustCompile(`(?i)^[ynu]$`),
	"fo":    regexp.MustCompile(`(?i)^[01ds](?:[ \t]*:[ \t]*[01ds])*$`),
}

var policies = regexp.MustCompile(`(?i)^(?:none|quarantine|reject)$`)

func (c *dmarcCheck) judgeTags() {
	for _, t := range c.tags {
		allowed, restricted := dmarcValues[t.name]
		switch {
		case restricted && !allowed.MatchString(t.content):
			code := DMARCBadValue
			if allowed == policies {
				code = DMARCBadPolicy
			}
			c.find(code, "tag", t.name, "value", finding.Excerpt(t.content))
		case t.name == "t" && strings.EqualFold(t.content, "y"):
			c.find(DMARCTestMode)
		case t.name == "psd" && strings.EqualFold(t.content, "y"):
			c.find(DMARCPublicSuffix)
		case t.name == "pct":
			c.find(DMARCPct, "value", finding.Excerpt(t.content))
		case t.name == "rf" || t.name == "ri":
			c.find(DMARCRemovedTag, "tag", t.name)
		case !restricted && !slices.Contains([]string{"v", "rua", "ruf"}, t.name):
			c.find(DMARCUnknownTag, "tag", finding.Excerpt(t.name))
		}
	}
	_, hasPolicy := c.tag("p")
	if hasPolicy && c.tags[1].name != "p" {
		c.find(DMARCPolicyLate)
	}
	_, hasOptions := c.tag("fo")
	if _, hasRUF := c.tag("ruf"); hasOptions && !hasRUF {
		c.find(DMARCOptionsUnused)
	}
}

// judgeReports judges where reports go, and what the record does without a
// policy (RFC 9989 section 4.10.1).
func (c *dmarcCheck) judgeReports(ctx context.Context) {
	rua, hasRUA := c.tag("rua")
	ruf, _ := c.tag("ruf")
	usable := c.judgeAddresses(ctx, "rua", rua)
	c.judgeAddresses(ctx, "ruf", ruf)
	if !hasRUA {
		c.find(DMARCNoReports)
	}
	if _, hasPolicy := c.tag("p"); hasPolicy {
		return
	}
	if usable {
		c.find(DMARCNoPolicy)
	} else {
		c.find(DMARCNoEffect)
	}
}

// maxAddresses is for how many addresses DNS is asked.
const maxAddresses = 10

var (
	obsoleteSize = regexp.MustCompile(`![0-9]+[kmgtKMGT]?$`)
	uriScheme    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)
)

// notInURI are characters that have to be percent-encoded (RFC 3986 section 2), as has
// the ! of an address.
const notInURI = " #<>[]^`{|}"

// judgeAddresses judges a list of addresses, and reports whether one is usable.
func (c *dmarcCheck) judgeAddresses(ctx context.Context, name, list string) (usable bool) {
	if list == "" {
		return false
	}
	for i, uri := range strings.Split(list, ",") {
		uri = strings.TrimSpace(uri)
		shown := finding.Excerpt(uri)
		if size := obsoleteSize.FindString(uri); size != "" {
			c.find(DMARCSize, "size", size)
			uri = strings.TrimSuffix(uri, size)
		}
		_, notEncoded := url.PathUnescape(uri)
		address, isMail := cutFold(uri, "mailto:")
		address, _, _ = strings.Cut(address, "?")
		local, host, _ := strings.Cut(address, "@")
		domain, ok := parseHost(host)
		switch {
		case !isMail && !uriScheme.MatchString(uri) && ok:
			c.find(DMARCNoMailto, "tag", name, "address", shown)
		case !isMail && uriScheme.MatchString(uri):
			c.find(DMARCNotMail, "tag", name, "address", shown)
		case notEncoded != nil: // RFC 3986 section 2.1
			c.find(DMARCPercent, "tag", name, "address", shown)
		case !ok || local == "" || strings.ContainsAny(address, "!") || strings.ContainsAny(uri, notInURI):
			c.find(DMARCBadAddress, "tag", name, "address", shown)
		default:
			usable = true
			if i < maxAddresses && c.domain != "" {
				c.judgeDestination(ctx, domain)
			}
		}
	}
	return usable
}

// cutFold is strings.CutPrefix for a prefix in any case.
func cutFold(s, prefix string) (after string, found bool) {
	if len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
		return s[len(prefix):], true
	}
	return s, false
}

// judgeDestination looks whether another organization's domain wants this one's
// reports (RFC 9990 section 4).
func (c *dmarcCheck) judgeDestination(ctx context.Context, domain string) {
	theirs, err := c.organization(ctx, domain)
	if err != nil {
		return // has been said
	}
	if ours, err := c.organization(ctx, c.domain); err != nil || ours == theirs {
		return
	}
	host := c.domain + "._report._dmarc." + domain
	all, err := c.txt(ctx, host)
	switch {
	case errors.Is(err, errNoAnswer):
		c.find(NoAnswer, "name", host)
	case !slices.ContainsFunc(all, isDMARC):
		c.find(DMARCUnauthorized, "recipient", domain, "authorization", host)
	}
}

// maxWalk is how many labels the names have that the DNS tree walk asks for.
const maxWalk = 8

// organization returns the organizational domain of a domain (RFC 9989 section
// 4.10). The record that is judged counts as published.
func (c *dmarcCheck) organization(ctx context.Context, domain string) (string, error) {
	organization := domain
	labels := strings.Split(domain, ".")
	for start := 0; start < len(labels); start++ {
		if start == 1 && len(labels) > maxWalk {
			start = len(labels) - maxWalk + 1
		}
		name := strings.Join(labels[start:], ".")
		records, err := []string{c.value}, error(nil)
		if name != c.domain {
			records, err = c.dmarc(ctx, name)
		}
		if errors.Is(err, errNoAnswer) {
			c.find(NoAnswer, "name", "_dmarc."+name)
			return "", err
		}
		if len(records) != 1 {
			continue // none, or none that counts
		}
		switch {
		case publicSuffix(records[0], "n"):
			return name, nil
		case publicSuffix(records[0], "y") && start > 0:
			return strings.Join(labels[start-1:], "."), nil
		}
		organization = name
	}
	return organization, nil
}

// publicSuffix reports whether a record says this with psd=.
func publicSuffix(record, answer string) bool {
	for spec := range strings.SplitSeq(record, ";") {
		name, content, _ := strings.Cut(spec, "=")
		if strings.TrimSpace(name) == "psd" && strings.EqualFold(strings.TrimSpace(content), answer) {
			return true
		}
	}
	return false
}
