package request

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"dkimd/keys/record"
)

// form is what stands under one heading.
type form struct {
	kinds   []Kind // none: there is no heading
	against bool   // the heading asks for no setting, or for one to be taken away
	removes bool   // it is the latter
	quoted  bool   // the heading is
	example bool
	groups  []*group // one for each record
	left    bool     // a line that may hold a host or a value could not be read
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
	above string   // the last line with something on it
	words []string // the sender's own, outside of the forms

	before bool // what follows says what is there before a change
	signed bool // what follows is the sender's signature
}

// readForms returns the forms that stand in a mail, and the sender's words outside of
// them.
func readForms(lines []line) (forms []*form, words []string) {
	var r reader
	for _, l := range lines {
		r.line(l)
		if l.text != "" {
			r.above = l.text
		}
	}
	return r.forms, r.words
}

func (r *reader) line(l line) {
	if l.label != noLabel && !r.signed {
		r.beginLabel(l.label, l.text, l.quoted)
		return
	}
	if kinds := readOpposite(l.text); kinds != nil {
		r.leave(l)
		r.begin(&form{kinds: kinds, against: true, removes: isRemoval(l.text), quoted: l.quoted, example: example.MatchString(r.above)})
		return
	}
	if kinds := readHeading(l.text); kinds != nil {
		r.begin(&form{kinds: kinds, quoted: l.quoted, example: example.MatchString(r.above)})
		return
	}
	if l.signs && !l.quoted {
		r.signed, r.field = true, nil
	}
	if r.signed {
		return
	}
	if label, rest := cutLabel(l.text); label != noLabel {
		r.beginLabel(label, rest, l.quoted)
		return
	}
	if l.text == "--" {
		r.group, r.field = nil, nil
		return
	}
	host, value := "", ""
	if r.form != nil && !r.isOpen() { // without labels
		host, value = readRow(l.text)
	}
	switch {
	case host != "":
		r.beginLabel(hostLabel, host, l.quoted)
		r.beginLabel(valueLabel, value, l.quoted)
	case value != "" && !(l.quoted && r.hasValue()):
		r.beginLabel(valueLabel, value, l.quoted)
	case !l.quoted && r.hasValue() && anyVersion.MatchString(plain(l.text)):
		r.group.several, r.field = true, nil
		r.leave(l)
	case r.field != nil && l.text == "" && len(r.field.lines) == 0: // what was typed may stand below
	case r.field != nil && l.text != "" && !r.field.isFull() && r.goesOn(l.text):
		r.add(l.text, l.quoted)
	default:
		r.field = nil
		r.leave(l)
	}
}

// isOpen reports whether a value is to come.
func (r *reader) isOpen() bool {
	return r.field != nil && len(r.field.lines) == 0 && (r.label == valueLabel || r.label == beforeLabel)
}

// hasValue reports whether the record has a value of the sender's own.
func (r *reader) hasValue() bool {
	return r.group != nil && len(r.group.lines(valueLabel)) > 0 && !r.group.fields[valueLabel].quoted
}

// leave takes a line for the sender's own words, if it is no ruler and does not stand above
// a quotation. In a form it may be a host or a value that could not be read.
func (r *reader) leave(l line) {
	text := plain(l.text)
	if !l.quoted && strings.ContainsFunc(l.text, isWord) && !attribution.MatchString(text) {
		r.words = append(r.words, l.text)
	}
	if r.form != nil && l.quoted == r.form.quoted && !contact.MatchString(text) {
		r.form.left = r.form.left || anyVersion.MatchString(text) || slices.ContainsFunc(strings.Fields(text), record.LooksLikeHost)
	}
}

// row is a line with host, type and value, as in a zone file or a provider's list.
var row = regexp.MustCompile(`(?i)^(?:(?:CNAME|TXT)` + gap + `)?(\S+?)` + gap + `(?:\d+` + gap + `)?(?:IN` + gap + `)?(?:(?:CNAME|TXT)` + gap + `)?(.*\S)$`)

const gap = `[\s,\x{a0}\x{3000}]+`

// readRow returns host and value of a line without labels; no host if it is a value
// alone, and nothing if it is something else.
func readRow(text string) (host, value string) {
	if kindOfValue(text) != "" {
		return "", text
	}
	found := row.FindStringSubmatch(text)
	if found == nil || kindOfValue(found[2]) == "" && !record.LooksLikeHost(plain(found[2])) {
		return "", ""
	}
	if host := plain(found[1]); host == "@" || strings.HasPrefix(host, "_") || record.LooksLikeHost(host) {
		return found[1], found[2]
	}
	return "", ""
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }

func (r *reader) begin(f *form) {
	r.forms = append(r.forms, f)
	r.form, r.group, r.field, r.label = f, nil, nil, noLabel
	r.before, r.signed = false, false
}

// beginLabel begins the field that a label is for. 変更前 and 変更後 stand before a
// value, or above all that is so before and after the change.
func (r *reader) beginLabel(l label, rest string, quoted bool) {
	switch l {
	case beforeLabel:
		if r.group.isChange() {
			r.group = nil
		}
		r.before = rest == ""
		r.beginField(l, quoted)
	case afterLabel:
		r.before = false
		r.beginField(valueLabel, quoted)
		r.field.open = rest == ""
	case valueLabel:
		if old, wanted := cutChange(rest); old != "" {
			r.beginField(beforeLabel, quoted)
			r.add(old, quoted)
			rest = wanted
		}
		r.beginField(r.valueLabel(), quoted)
	case otherLabel:
		r.field = nil
		return
	default:
		r.beginField(l, quoted)
	}
	r.add(rest, quoted)
}

// valueLabel returns what the next value is: what is there before a change, or what is
// asked for.
func (r *reader) valueLabel() label {
	if r.before && (r.group == nil || len(r.group.lines(beforeLabel)) == 0) {
		return beforeLabel
	}
	return valueLabel
}

// beginField begins a field, and another record where the label comes again. What the
// sender writes below a quoted value or date is meant in its place.
func (r *reader) beginField(l label, quoted bool) {
	if r.form == nil {
		r.form = &form{quoted: quoted}
		r.forms = append(r.forms, r.form)
	}
	if there := r.group.field(l); r.group == nil || there != nil && !there.open && (quoted || !there.isReplaceable(l)) {
		r.group = &group{}
		r.form.groups = append(r.form.groups, r.group)
	}
	r.field, r.label = &field{quoted: true, open: r.before}, l
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
	keyLine = regexp.MustCompile(`^[A-Za-z0-9+/=;:"()\\]+$|^(?:[A-Za-z0-9+/=]{16,} )+[A-Za-z0-9+/=]+$|^[vkhpsntg]\s*=|[;"]|^-----(?:BEGIN|END)`)
	// contact is how to reach whoever signs.
	contact = regexp.MustCompile(`(?i)^(?:tel|fax|e?-?mail|url|web|https?)\s*:`)
	term    = regexp.MustCompile(`^[("]*[+?~-]?(?:all|a|mx|ptr)[)"]*$|[:/="]`)
)

// goesOn reports whether a line without a label belongs to the field above it.
func (r *reader) goesOn(text string) bool {
	text = plain(text)
	first := len(r.field.lines) == 0
	switch r.label {
	case hostLabel, domainLabel:
		word, _, _ := strings.Cut(text, " ") // 「example.jp です」
		return first && hostLike.MatchString(word) || record.LooksLikeHost(text)
	case dateLabel:
		return first && dateLike.MatchString(text)
	}
	switch {
	case first:
		return valueLike.MatchString(text) || r.group.kind() == DKIM && record.LooksLikeHost(text)
	case !isASCII(text) || strings.Trim(text, "-=_*+~#/.:") == "" || contact.MatchString(text):
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
