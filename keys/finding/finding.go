// Package finding is what checks of records say: what they noticed, how bad it is,
// and what to do, in English and Japanese.
package finding

import (
	"maps"
	"slices"
	"strings"
)

// Severity says how bad a finding is.
type Severity string

// The severities. From Error on the record does not do what it should.
const (
	Critical Severity = "critical"
	Error    Severity = "error"
	Warning  Severity = "warning"
	Info     Severity = "info"
)

var severities = []Severity{Critical, Error, Warning, Info}

// Text is the same in two languages.
type Text struct {
	En string `json:"en" toml:"en"`
	Ja string `json:"ja" toml:"ja"`
}

// Code names a kind of finding, for programs; it never changes.
type Code string

// Finding is one thing that a check noticed.
type Finding struct {
	Severity Severity `json:"severity"`
	Code     Code     `json:"code"`
	Server   string   `json:"server,omitempty"` // name and address; empty: all that have answered
	Text     Text     `json:"text"`
	Hint     Text     `json:"hint"` // what to do
}

// IsError reports whether the record does not do what it should.
func (f Finding) IsError() bool { return f.Severity == Critical || f.Severity == Error }

// Sort puts the worst findings first.
func Sort(findings []Finding) {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return slices.Index(severities, a.Severity) - slices.Index(severities, b.Severity)
	})
}

// Has reports whether a code is among the findings.
func Has(findings []Finding, code Code) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Code == code })
}

// HasError reports whether an error is among the findings.
func HasError(findings []Finding) bool { return slices.ContainsFunc(findings, Finding.IsError) }

// Table says what each code means.
type Table map[Code]Meaning

// Meaning is what a code means and what to do. In its texts, {name} stands for
// what a finding fills in.
type Meaning struct {
	severity   Severity
	text, hint Text
}

// Means returns a meaning, with text and hint in English and Japanese.
func Means(s Severity, en, ja, hintEn, hintJa string) Meaning {
	return Meaning{severity: s, text: Text{en, ja}, hint: Text{hintEn, hintJa}}
}

// New returns a finding. Fill holds pairs of a name and what stands for it.
func (t Table) New(code Code, fill ...string) Finding {
	var pairs []string
	for pair := range slices.Chunk(fill, 2) {
		pairs = append(pairs, "{"+pair[0]+"}", pair[1])
	}
	filled := strings.NewReplacer(pairs...).Replace
	m := t[code]
	return Finding{
		Severity: m.severity,
		Code:     code,
		Text:     Text{filled(m.text.En), filled(m.text.Ja)},
		Hint:     Text{filled(m.hint.En), filled(m.hint.Ja)},
	}
}

// All returns what each code means, in the order of the codes: findings in which
// nothing is filled in.
func (t Table) All() []Finding {
	var all []Finding
	for _, code := range slices.Sorted(maps.Keys(t)) {
		all = append(all, t.New(code))
	}
	return all
}
