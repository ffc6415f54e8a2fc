package lint

import (
	"context"
	"errors"
	"strings"

	"dkimd/keys/finding"
)

// MergeSPF returns an SPF record with an include put where it has an effect:
// before all, redirect, and another answer for the same name. A value that includes the name already is returned as
// it is. A value that is not one correct record is refused, with the findings
// that say why.
func MergeSPF(existing, include string) (value string, refused []finding.Finding) {
	var c spfCheck
	if !isSPF(existing) {
		c.find(SPFVersion, "value", finding.Excerpt(existing))
		return "", c.list
	}
	terms := c.parse(existing)
	for _, t := range terms {
		if t.modifier && t.name == "v" {
			c.find(SPFVersionTwice)
		}
	}
	switch {
	case len(c.list) > 0:
		return "", c.list
	case includes(terms, include):
		return existing, nil
	}
	merged, ours := []string{existing[:len("v=spf1")]}, "include:"+include
	for _, t := range terms {
		if ours != "" && (isAll(t) || isRedirect(t) || t.name == "include" && sameName(t.domain, include)) {
			merged, ours = append(merged, ours), ""
		}
		merged = append(merged, t.text)
	}
	if ours != "" {
		merged = append(merged, ours)
	}
	return strings.Join(merged, " "), nil
}

// ProposeSPF returns the SPF record that a domain should have so that it includes
// a name: a new one, or the one it has with the include. It is refused, with the
// findings that say why, if there are several, if the record is not correct, or
// if the proposal is not, above all with too many look-ups.
func ProposeSPF(ctx context.Context, resolver Resolver, domain, include string) (value string, refused []finding.Finding) {
	name, ok := parseHost(domain)
	published, _, err := newQuestions(resolver).spf(ctx, name)
	switch {
	case !ok || len(published) > 1 || errors.Is(err, errNoAnswer):
		return "", SPF(ctx, resolver, domain, "", "").Findings
	case len(published) == 0:
		value = "v=spf1 include:" + include + " ~all"
	default:
		if value, refused = MergeSPF(published[0], include); refused != nil {
			return "", refused
		}
	}
	report := SPF(ctx, resolver, domain, value, include)
	if finding.HasError(report.Findings) || finding.Has(report.Findings, NoAnswer) {
		return "", report.Findings
	}
	return value, nil
}
