package signer

import (
	"fmt"
	"strings"
)

// Step is a rule as it was asked on the way to a decision, for people who ask
// why.
type Step struct {
	Rule string `json:"rule"`
	Saw  string `json:"saw"`
	OK   bool   `json:"ok"`
}

// path collects steps. A nil one collects nothing.
type path []Step

func (p *path) add(rule string, ok bool, saw string, args ...any) {
	if p != nil {
		*p = append(*p, Step{rule, fmt.Sprintf(saw, args...), ok})
	}
}

// Explain is Decide, and says how it came about.
func (r *Rules) Explain(origin Origin, header *Header, ring Ring) (Decision, []Step) {
	var p path
	d := r.decide(origin, header, ring, &p)
	return d, p
}

// Try signs a message as it was decided, says what becomes of it and what may
// break the signatures on their way, and throws them away.
func (r *Rules) Try(d Decision, m *Message) (Decision, []string) {
	_, risks, err := signWhole(m, d.Signatures, m.Header(r.AlsoFields))
	if err != nil {
		return r.Failed(d, err), nil
	}
	return d, risks
}

// names says which signatures of a domain there are.
func names(list []Signature, domain string) string {
	if len(list) == 0 {
		return domain + " has Ed25519 keys alone, and ed25519 = false"
	}
	var names []string
	for _, s := range list {
		names = append(names, fmt.Sprintf("%s of %s (%s)", s.Selector, s.Domain, s.Algorithm))
	}
	return strings.Join(names, ", ")
}
