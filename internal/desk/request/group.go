package request

import (
	"slices"
	"strings"
	"unicode"
)

// group is the fields for one record.
type group struct {
	fields  [afterLabel]*field
	several bool // there are other values for it
}

// field is what was written behind a label.
type field struct {
	lines  []string
	quoted bool // all of it
	open   bool // of a change: the next one with its label takes its place
	size   int  // in bytes
}

// Bounds of a field: a record has less, and is broken over fewer lines.
const (
	maxTyped = 16 << 10 // bytes
	maxLines = 200
)

// isFull reports whether no more is read.
func (f *field) isFull() bool { return f.size >= maxTyped || len(f.lines) >= maxLines }

// isReplaceable reports whether a value or a date is quoted.
func (f *field) isReplaceable(l label) bool {
	return (l == valueLabel || l == dateLabel) && f.quoted && len(f.lines) > 0
}

// field returns the field of a label, nil if there is none.
func (g *group) field(l label) *field {
	if g == nil {
		return nil
	}
	return g.fields[l]
}

func (g *group) lines(l label) []string {
	if f := g.field(l); f != nil {
		return f.lines
	}
	return nil
}

// isChange reports whether the group has both values of a change.
func (g *group) isChange() bool {
	return g != nil && g.fields[beforeLabel] != nil && g.fields[valueLabel] != nil
}

// isQuoted reports whether something was filled in, and nothing of it by the sender.
func (g *group) isQuoted() bool {
	filled, own := false, false
	for _, f := range g.fields {
		if f != nil && len(f.lines) > 0 {
			filled, own = true, own || !f.quoted
		}
	}
	return filled && !own
}

// records returns the groups that ask for a record, and an empty one if none does. A
// value without a host of its own is another one for the record above it.
func (f *form) records() []*group {
	var groups []*group
	for _, g := range f.groups {
		hosts, values := len(g.lines(hostLabel))+len(g.lines(domainLabel)), len(g.lines(valueLabel))
		switch {
		case hosts+values == 0:
		case hosts == 0 && len(groups) > 0 && groups[len(groups)-1].kind() == g.kind():
			groups[len(groups)-1].several = true
		default:
			groups = append(groups, g)
		}
	}
	if len(groups) == 0 {
		return []*group{{}}
	}
	return groups
}

// date returns the date that is wished for: many write it once for several records.
func (g *group) date(f *form) []string {
	if date := g.lines(dateLabel); date != nil {
		return date
	}
	for _, other := range slices.Backward(f.groups) {
		if date := other.lines(dateLabel); date != nil {
			return date
		}
	}
	return nil
}

// kind returns the kind that value or host say, "" if they do not.
func (g *group) kind() Kind {
	if k := kindOfValue(strings.Join(g.lines(valueLabel), " ")); k != "" {
		return k
	}
	host := strings.ToLower(plain(strings.Join(g.hosts(), " ")))
	switch {
	case strings.HasPrefix(host, "_dmarc"):
		return DMARC
	case strings.Contains(host, "._domainkey"):
		return DKIM
	}
	return ""
}

// kinds returns the kinds that are asked for: those of the heading, and if it has
// several, the one that the value says.
func (g *group) kinds(f *form) []Kind {
	if k := g.kind(); len(f.kinds) == 0 || slices.Contains(f.kinds, k) {
		return []Kind{k}
	}
	return f.kinds
}

// isPolite reports whether a word is です or でお願いします, and no host.
func isPolite(word string) bool {
	return !strings.ContainsFunc(word, func(r rune) bool { return r == '.' || unicode.IsDigit(r) || unicode.Is(unicode.Latin, r) })
}

// hosts returns the hosts as they were typed, an empty one if there is none.
func (g *group) hosts() []string {
	lines := g.lines(hostLabel)
	if len(lines) == 0 {
		lines = g.lines(domainLabel)
	}
	text := autolink.ReplaceAllString(strings.Join(lines, " "), "")
	hosts := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("、,\uff0c", r) })
	if len(hosts) > 1 {
		hosts = slices.DeleteFunc(hosts, isPolite)
	}
	if len(hosts) == 0 {
		return []string{""}
	}
	return hosts
}
