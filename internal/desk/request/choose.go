package request

import (
	"slices"

	"dkimd/keys/finding"
)

// choose returns the forms that are requests. What is quoted is an older mail or the
// manual's own text, as long as the sender has filled in a form outside of it.
func choose(all []*form, subject []Kind) (chosen []*form, codes []finding.Code) {
	var own, quoted []*form
	for _, f := range all {
		switch {
		case !f.isFilled(subject):
		case f.isQuoted():
			quoted = append(quoted, f)
		default:
			own = append(own, f)
		}
	}
	own = withoutExamples(own)
	older := 0 // records that are quoted, beside the sender's own
	for _, f := range own {
		count := len(f.groups)
		f.groups = slices.DeleteFunc(f.groups, (*group).isQuoted)
		older += count - len(f.groups)
	}
	for _, f := range all { // a heading alone asks too, if no form of its kind does
		switch {
		case len(f.groups) > 0 || f.quoted:
		case !anyOf(own, f.kinds):
			own = append(own, f)
		case f.removes: // a sentence that says what the forms are for
			for _, other := range own {
				other.against = other.against || anyOf([]*form{other}, f.kinds)
			}
		}
	}
	quoted = slices.DeleteFunc(quoted, func(f *form) bool { return f.example })
	switch {
	case len(own) > 0 && len(quoted)+older > 0:
		return own, []finding.Code{QuotedForm}
	case len(own) > 0:
		return own, nil
	case len(quoted) > 0:
		return quoted, []finding.Code{FormInQuote}
	case slices.ContainsFunc(all, func(f *form) bool { return f.left }):
		return nil, []finding.Code{NotRead}
	case slices.ContainsFunc(all, func(f *form) bool { return len(f.kinds) > 0 }):
		return nil, []finding.Code{EmptyForm}
	}
	return nil, []finding.Code{NoForm}
}

// isFilled reports whether something was filled in. What has no heading is a form
// only if subject, host or value says of which kind.
func (f *form) isFilled(subject []Kind) bool {
	if len(f.kinds) == 0 && len(subject) == 1 {
		f.kinds = subject
	}
	return !f.isEmpty() && (len(f.kinds) > 0 || slices.ContainsFunc(f.groups, func(g *group) bool {
		return g.kind() != "" || len(g.lines(hostLabel)) > 0 && len(g.lines(valueLabel)) > 0
	}))
}

// withoutExamples removes the manual's example, unless it is all there is: then
// somebody has filled it in.
func withoutExamples(forms []*form) []*form {
	if rest := slices.DeleteFunc(slices.Clone(forms), func(f *form) bool { return f.example }); len(rest) > 0 {
		return rest
	}
	return forms
}

// anyOf reports whether a form is of one of the kinds.
func anyOf(forms []*form, kinds []Kind) bool {
	return slices.ContainsFunc(forms, func(f *form) bool {
		return slices.ContainsFunc(f.kinds, func(k Kind) bool { return slices.Contains(kinds, k) })
	})
}
