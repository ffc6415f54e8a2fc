package desk

import (
	"context"
	"fmt"
	"strings"

	"dkimd/internal/lint"
	"dkimd/keys/finding"
)

// SPFChange is what has to change in the SPF record of a domain, so that our mail
// servers are in it.
type SPFChange struct {
	Domain   string            `json:"domain"`
	Found    string            `json:"found,omitempty"` // what is published
	Value    string            `json:"value,omitempty"` // what should be; empty: findings say why not
	Findings []finding.Finding `json:"findings,omitempty"`
}

// lookAtSPF says what has to change in a domain's SPF record.
func (d *Desk) lookAtSPF(ctx context.Context, domain string) (*SPFChange, error) {
	texts, err := d.Resolver.LookupTXT(ctx, domain+".")
	if err != nil && !isNotFound(err) {
		return nil, err
	}
	s := &SPFChange{Domain: domain}
	for _, text := range texts {
		if version, _, _ := strings.Cut(text, " "); strings.EqualFold(version, "v=spf1") {
			s.Found = text
		}
	}
	s.Value, s.Findings = lint.ProposeSPF(ctx, d.Resolver, domain, d.SPFInclude)
	if s.Value == "" && finding.Has(s.Findings, lint.NoAnswer) {
		return nil, fmt.Errorf("%w about the SPF record of %s", errNoAnswer, domain)
	}
	return s, nil
}

// findings says what keeps our mail servers out of the record.
func (s *SPFChange) findings(include string) []finding.Finding {
	fill := []string{"domain", s.Domain, "include", include, "line", zoneLine(s.Domain, "TXT", s.Value)}
	switch {
	case s.unchanged():
		return nil
	case s.Value == "":
		why := s.Findings[0].Text
		return []finding.Finding{table.New(SPFNotCorrect, append(fill, "why", plain(why.En), "why_ja", plain(why.Ja))...)}
	case s.Found == "":
		return []finding.Finding{table.New(SPFMissing, fill...)}
	}
	return []finding.Finding{table.New(SPFWithoutUs, fill...)}
}

func isAboutSPF(f finding.Finding) bool {
	return f.Code == SPFMissing || f.Code == SPFWithoutUs || f.Code == SPFNotCorrect
}

// unchanged reports whether the record is as it should be.
func (s *SPFChange) unchanged() bool { return s.Found != "" && s.Found == s.Value }

func (s *SPFChange) in(lang, zone string) *spfText {
	return &spfText{
		Host:         s.Domain,
		RelativeHost: strings.TrimSuffix(strings.TrimSuffix(s.Domain, zone), "."),
		Found:        plain(s.Found),
		Value:        plain(s.Value),
		Add:          s.Found == "" && s.Value != "",
		Change:       s.Found != "" && s.Value != "" && s.Found != s.Value,
		Unchanged:    s.unchanged(),
		Problems:     problemsIn(lang, s.Findings),
	}
}
