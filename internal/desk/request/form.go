package request

import (
	"regexp"
	"slices"
	"strings"

	"dkimd/keys/record"
)

// form is what stands under one heading.
type form struct {
	kinds   []Kind // none: there is no heading
	against bool   // the heading asks for no setting, or for one to be taken away
	quoted  bool   // the heading is
	example bool
	groups  []*group // one for each record
}

// has reports whether something was filled in that is so.
func (f *form) has(is func(*field) bool) bool {
	return slices.ContainsFunc(f.groups, func(g *group) bool {
		return slices.ContainsFunc(g.fields[:], func(f *field) bool { return f != nil && len(f.lines) > 0 && is(f) })
	})
}

// isEmpty reports whether nothing was filled in.
func (f *form) isEmpty() bool { return !f.has(func(*field) bool { return true }) }

// isQuoted reports whether nothing in the form is the sender's own.
func (f *form) isQuoted() bool {
	return f.quoted && !f.has(func(f *field) bool { return !f.quoted })
}

// reader reads the forms of a mail, line by line.
type reader struct {
	forms []*form
	form  *form
	group *group
	field *field
	label label
	above string // the last line with something on it
}

// readForms returns the forms that stand in a mail.
func readForms(lines []line) []*form {
	var r reader
	for _, l := range lines {
		r.line(l)
		if l.text != "" {
			r.above = l.text
		}
	}
	return r.forms
}

func (r *reader) line(l line) {
	if kinds := readOpposite(l.text); kinds != nil {
		r.begin(&form{kinds: kinds, against: true, quoted: l.quoted, example: example.MatchString(r.above)})
		return
	}
	if kinds := readHeading(l.text); kinds != nil {
		r.begin(&form{kinds: kinds, quoted: l.quoted, example: example.MatchString(r.above)})
		return
	}
	if label, rest := cutLabel(l.text); label != noLabel {
		r.beginField(label, l.quoted)
		r.add(rest, l.quoted)
		return
	}
	switch {
	case r.form != nil && kindOfValue(l.text) != "" && r.label != valueLabel: // without its label
		r.beginField(valueLabel, l.quoted)
		r.add(l.text, l.quoted)
	case r.field == nil:
	case l.text == "" && len(r.field.lines) == 0: // what was typed may stand below
	case l.text != "" && !r.field.isFull() && r.goesOn(l.text):
		r.add(l.text, l.quoted)
	default:
		r.field = nil
	}
}

func (r *reader) begin(f *form) {
	r.forms = append(r.forms, f)
	r.form, r.group, r.field, r.label = f, nil, nil, noLabel
}

// beginField begins a field, and another record where the label comes again.
func (r *reader) beginField(l label, quoted bool) {
	if r.form == nil {
		r.begin(&form{quoted: quoted})
	}
	if r.group == nil || r.group.fields[l] != nil {
		r.group = &group{}
		r.form.groups = append(r.form.groups, r.group)
	}
	r.field, r.label = &field{quoted: true}, l
	r.group.fields[l] = r.field
}

func (r *reader) add(text string, quoted bool) {
	if len(text) > maxTyped {
		text = strings.ToValidUTF8(text[:maxTyped], "")
	}
	if text != "" {
		r.field.size += len(text)
		r.field.lines = append(r.field.lines, text)
		r.field.quoted = r.field.quoted && quoted
	}
}

var (
	hostLike  = regexp.MustCompile(`^(?:_\S+|@|[^\s、。]*[.@][^\s、。]*)$`)
	dateLike  = regexp.MustCompile(`\d\s*[/年月]|[本今明]日|週|曜|急|早く|希望|^なし`)
	valueLike = regexp.MustCompile(`[="]|^-----BEGIN|^[A-Za-z0-9+/]{40}`)
	// The lines of a key have no blanks, and what goes on otherwise has tags; terms of
	// SPF are words with signs.
	keyLine = regexp.MustCompile(`^[A-Za-z0-9+/=;:"()\\]+$|[;"]|^-----(?:BEGIN|END)`)
	term    = regexp.MustCompile(`^[("]*[+?~-]?(?:all|a|mx|ptr)[)"]*$|[:/="]`)
)

// goesOn reports whether a line without a label belongs to the field above it.
func (r *reader) goesOn(text string) bool {
	text = plain(text)
	first := len(r.field.lines) == 0
	switch r.label {
	case hostLabel, domainLabel:
		return first && hostLike.MatchString(text) || record.LooksLikeHost(text)
	case dateLabel:
		return first && dateLike.MatchString(text)
	}
	switch {
	case first:
		return valueLike.MatchString(text)
	case !isASCII(text) || strings.Trim(text, "-=_*") == "":
		return false
	case r.kind() == DKIM:
		return keyLine.MatchString(text)
	case strings.HasSuffix(r.field.lines[len(r.field.lines)-1], ","):
		return true
	}
	return !slices.ContainsFunc(strings.Fields(text), func(word string) bool { return !term.MatchString(word) })
}

// kind returns the kind of the value that is being read.
func (r *reader) kind() Kind {
	if k := kindOfValue(strings.Join(r.field.lines, " ")); k != "" {
		return k
	}
	if len(r.form.kinds) > 0 {
		return r.form.kinds[0]
	}
	return ""
}
