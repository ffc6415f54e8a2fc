package lint

import (
	"context"
	"errors"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"dkimd/keys/finding"
)

// The limits of RFC 7208 section 4.6.4, and what name and texts may have so that they
// fit into an answer of 512 bytes (section 3.4).
const (
	maxLookups = 10
	maxVoids   = 2
	maxMX      = 10
	maxAnswer  = 450
)

// maxFollowed is how many look-ups are counted.
const maxFollowed = 3 * maxLookups

// SPFReport is what is to be said of an SPF record.
type SPFReport struct {
	Findings []finding.Finding `json:"findings"`
	Lookups  int               `json:"lookups"` // terms that ask DNS, those of included records too
	Voids    int               `json:"voids"`   // questions without an answer in it
}

// SPF judges a value for the SPF record of a domain; empty: the one that it has.
// Wanted is a name that the record should include; empty: none.
//
// Look-ups are counted as a receiver makes them for a sender that no mechanism
// matches.
func SPF(ctx context.Context, resolver Resolver, domain, value, wanted string) SPFReport {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c := spfCheck{questions: newQuestions(resolver)}
	c.judge(ctx, domain, value, wanted)
	return SPFReport{c.sorted(), c.lookups, c.voids}
}

type spfCheck struct {
	findings
	*questions
	lookups, voids int
}

func (c *spfCheck) judge(ctx context.Context, host, value, wanted string) {
	domain, ok := parseHost(host)
	if !ok {
		c.badHost(host)
	} else {
		c.fill = []string{"domain", domain}
		if half, ok := doubled(domain); ok {
			c.find(DoubledDomain, "relative", "@", "host", half)
		}
		value = c.compare(ctx, domain, value)
	}
	value = c.cleanLine(value)
	if value == "" {
		return
	}
	if !isSPF(value) {
		c.find(SPFVersion, "value", finding.Excerpt(value))
		return
	}
	terms := c.parse(value)
	c.judgeTerms(terms, wanted)
	if ok {
		c.follow(ctx, terms, []string{domain})
		c.judgeCounts()
	}
}

// cleanLine is clean for values that have to be one line.
func (f *findings) cleanLine(value string) string {
	value = f.clean(value)
	if strings.ContainsAny(value, "\r\n\t") {
		f.find(LineBreak)
		value = strings.NewReplacer("\r\n", " ", "\r", " ", "\n", " ", "\t", " ").Replace(value)
	}
	f.judgeLength(value)
	return value
}

// compare says what the domain has already, and returns the value to judge.
func (c *spfCheck) compare(ctx context.Context, domain, value string) string {
	published, others, err := c.spf(ctx, domain)
	typed := value != ""
	switch {
	case errors.Is(err, errNoAnswer):
		c.find(NoAnswer, "name", domain)
	case len(published) > 1:
		c.find(SPFSeveral, "count", strconv.Itoa(len(published)))
	case len(published) == 0 && typed:
		c.find(SPFNotPublished)
	case len(published) == 0:
		c.find(SPFNone)
	case !typed:
		value = published[0]
	case published[0] != value:
		c.find(SPFDiffers, "value", finding.Excerpt(published[0]))
	}
	if size := len(domain) + others + len(value); size > maxAnswer {
		c.find(SPFLong, "length", strconv.Itoa(size))
	}
	return value
}

// spf returns the SPF records at a name, and how long the other TXT records are.
func (q *questions) spf(ctx context.Context, name string) (records []string, others int, err error) {
	all, err := q.txt(ctx, name)
	for _, text := range all {
		if isSPF(text) {
			records = append(records, text)
		} else {
			others += len(text)
		}
	}
	return records, others, err
}

// parse returns the terms of a record, and reports those that are none.
func (c *spfCheck) parse(value string) []term {
	var terms []term
	for _, text := range cutSPF(value) {
		t, err := parseTerm(text)
		unknown := t.modifier && t.name != "redirect"
		switch {
		case joined.MatchString(text) && !unknown:
			c.find(SPFJoined, "term", finding.Excerpt(text))
		case err != nil:
			c.find(SPFSyntax, "term", finding.Excerpt(text), "error", err.Error())
		default:
			terms = append(terms, t)
		}
	}
	return terms
}

// joined matches two terms without a blank between them, as when the strings of a
// record are cut there.
var joined = regexp.MustCompile(`(?i)^[-+~?]?(?:(?:include|exists|ip4|ip6|ptr|mx|a):|redirect=).*[^.](?:(?:include|exists|ip4|ip6|ptr|mx):|redirect=|[-+~?]all$)|^[-+~?]?(?:all|mx|a|ptr)(?:[-+~?]|include:|ip4:|ip6:|redirect=)`)

// judgeTerms judges what can be seen without DNS.
func (c *spfCheck) judgeTerms(terms []term, wanted string) {
	seen := map[string]bool{}
	for _, t := range terms {
		switch {
		case t.modifier && t.name == "v":
			c.find(SPFVersionTwice)
		case t.modifier && (t.name == "redirect" || t.name == "exp"):
			if seen[t.name] {
				c.find(SPFModifierTwice, "name", t.name)
			}
			seen[t.name] = true
		case t.modifier:
			c.find(SPFUnknownModifier, "term", finding.Excerpt(t.text))
		case t.name == "ptr":
			c.find(SPFPtr)
		case t.network.IsValid() && t.network != t.network.Masked():
			c.find(SPFHostBits, "term", finding.Excerpt(t.text), "network", t.network.Masked().String())
		}
	}
	c.judgeBreadth(terms)
	c.judgeEnd(terms)
	if wanted != "" && !includes(terms, wanted) {
		c.find(SPFIncludeMissing, "include", wanted)
	}
}

// judgeBreadth judges how many senders are let in without all.
func (c *spfCheck) judgeBreadth(terms []term) {
	for _, t := range reached(terms) {
		switch {
		case t.qualifier != '+':
		case t.breadth == everybody:
			c.find(SPFEverybody, "term", finding.Excerpt(t.text))
		case t.breadth == broad:
			c.find(SPFBroad, "term", finding.Excerpt(t.text))
		}
	}
	if together := everybodyTogether(terms); together != "" {
		c.find(SPFEverybody, "term", finding.Excerpt(together))
	}
}

// everybodyTogether returns the networks that let in every sender, of which none does
// so alone; empty: they do not.
func everybodyTogether(terms []term) string {
	for _, whole := range []netip.Prefix{anyIPv4, unicast} {
		var networks []netip.Prefix
		var texts []string
		for _, t := range reached(terms) {
			if t.qualifier == '+' && t.breadth != everybody && t.network.Overlaps(whole) {
				networks, texts = append(networks, t.network), append(texts, t.text)
			}
		}
		if covers(networks, whole) {
			return strings.Join(texts, " ")
		}
	}
	return ""
}

// passesAll reports whether every sender is let in.
func passesAll(terms []term) bool {
	i := slices.IndexFunc(terms, isAll)
	return i >= 0 && terms[i].qualifier == '+' || everybodyTogether(terms) != "" ||
		slices.ContainsFunc(reached(terms), func(t term) bool { return t.qualifier == '+' && t.breadth == everybody })
}

// judgeEnd judges what becomes of a sender that no other mechanism matches.
func (c *spfCheck) judgeEnd(terms []term) {
	i := slices.IndexFunc(terms, isAll)
	hasRedirect := slices.ContainsFunc(terms, isRedirect)
	switch {
	case i < 0:
		broken := finding.Has(c.list, SPFSyntax) || finding.Has(c.list, SPFJoined)
		if !hasRedirect && !broken { // one that is broken may be meant for all
			c.find(SPFNoAll)
		}
		return
	case terms[i].qualifier == '+':
		c.find(SPFPassAll)
	case terms[i].qualifier == '?':
		c.find(SPFNeutralAll)
	}
	if hasRedirect {
		c.find(SPFRedirectIgnored)
	}
	var after []string
	for _, t := range terms[i+1:] {
		if !t.modifier {
			after = append(after, t.text)
		}
	}
	if len(after) > 0 {
		c.find(SPFAfterAll, "terms", finding.Excerpt(strings.Join(after, " ")))
	}
}

func isAll(t term) bool      { return t.name == "all" && !t.modifier }
func isRedirect(t term) bool { return t.name == "redirect" && t.modifier }

// reached returns the terms that a receiver comes to: none after all (RFC 7208
// section 5.1), redirect last, and only without all (section 6.1).
func reached(terms []term) []term {
	var mechanisms, redirects []term
	for _, t := range terms {
		switch {
		case isAll(t):
			return mechanisms
		case isRedirect(t):
			redirects = append(redirects, t)
		case !t.modifier:
			mechanisms = append(mechanisms, t)
		}
	}
	return append(mechanisms, redirects...)
}

// includes reports whether a record of these terms includes a name.
func includes(terms []term, name string) bool {
	return slices.ContainsFunc(reached(terms), func(t term) bool {
		return t.name == "include" && t.qualifier == '+' && sameName(t.domain, name)
	})
}

func sameName(a, b string) bool {
	return strings.EqualFold(strings.TrimSuffix(a, "."), strings.TrimSuffix(b, "."))
}

// follow asks DNS what a receiver would. Path is the domain of these terms, after
// those whose records led to it.
func (c *spfCheck) follow(ctx context.Context, terms []term, path []string) {
	for _, t := range reached(terms) {
		if t.name == "ip4" || t.name == "ip6" {
			continue
		}
		if c.lookups++; c.lookups > maxFollowed {
			return
		}
		if t.name == "ptr" {
			continue // it asks about the sender's address
		}
		name, ok := target(t, path[len(path)-1])
		switch {
		case !ok && (t.name == "include" || t.name == "redirect"):
			c.find(SPFMacro, "term", finding.Excerpt(t.text))
		case !ok: // another name for each message
		case t.name == "include" || t.name == "redirect":
			c.followRecord(ctx, name, path)
		case t.name == "mx":
			c.followMX(ctx, name)
		default:
			c.followAddress(ctx, name)
		}
	}
}

// target returns the name that a term asks for. Of macros, only %{d} is the same
// for each message.
func target(t term, domain string) (name string, ok bool) {
	if t.domain == "" {
		return domain, true
	}
	name = strings.NewReplacer("%{d}", domain, "%{D}", domain).Replace(t.domain)
	return strings.ToLower(strings.TrimSuffix(name, ".")), !strings.Contains(name, "%")
}

// followRecord follows an include or a redirect. Unless there is one record, and
// it is correct, the whole evaluation fails (RFC 7208 sections 5.2, 6.1).
func (c *spfCheck) followRecord(ctx context.Context, name string, path []string) {
	shown := finding.Excerpt(name)
	if slices.Contains(path, name) {
		c.find(SPFLoop, "name", shown)
		return
	}
	records, _, err := c.spf(ctx, name)
	if c.unanswered(err, name) {
		return
	}
	if err != nil {
		c.voids++
	}
	switch len(records) {
	case 0:
		c.find(SPFIncludeWithout, "name", shown)
		return
	case 1:
	default:
		c.find(SPFIncludeSeveral, "name", shown, "count", strconv.Itoa(len(records)))
		return
	}
	var terms []term
	for _, text := range cutSPF(records[0]) {
		t, err := parseTerm(text)
		if err != nil {
			c.find(SPFIncludeBroken, "name", shown, "term", finding.Excerpt(text))
			continue
		}
		terms = append(terms, t)
	}
	if passesAll(terms) {
		c.find(SPFIncludePassAll, "name", shown)
	}
	c.follow(ctx, terms, append(path, name))
}

func (c *spfCheck) followMX(ctx context.Context, name string) {
	hosts, err := c.mx(ctx, name)
	switch {
	case c.unanswered(err, name):
	case err != nil:
		c.void(name, "MX")
	case len(hosts) > maxMX:
		c.find(SPFManyMX, "name", finding.Excerpt(name), "count", strconv.Itoa(len(hosts)))
	default:
		for _, host := range hosts {
			if host := strings.TrimSuffix(host.Host, "."); host != "" { // RFC 7505: no mail
				c.followAddress(ctx, host)
			}
		}
	}
}

// followAddress asks for both kinds of addresses: a receiver asks for the
// sender's kind.
func (c *spfCheck) followAddress(ctx context.Context, name string) {
	if _, err := c.addresses(ctx, name); !c.unanswered(err, name) && err != nil {
		c.void(name, "A/AAAA")
	}
}

// void counts a question without an answer in it. Whether the name exists, it does not
// say (RFC 7208 section 4.6.4).
func (c *spfCheck) void(name, records string) {
	c.voids++
	c.find(SPFDangling, "name", finding.Excerpt(name), "record", records)
}

// unanswered reports whether DNS gave no answer, and says so unless it was not
// asked any more, when there are far too many look-ups.
func (c *spfCheck) unanswered(err error, name string) bool {
	if !errors.Is(err, errNoAnswer) {
		return false
	}
	if c.left >= 0 {
		c.find(NoAnswer, "name", finding.Excerpt(name))
	}
	return true
}

func (c *spfCheck) judgeCounts() {
	if c.lookups > maxLookups {
		count := strconv.Itoa(c.lookups)
		if c.lookups > maxFollowed {
			count = "> " + strconv.Itoa(maxFollowed)
		}
		c.find(SPFLookups, "count", count)
	}
	if c.voids > maxVoids {
		c.find(SPFVoids, "count", strconv.Itoa(c.voids))
	}
}
