package request

import (
	"slices"
	"strings"
	"unicode"
)

// group is the fields for one record.
type group struct {
	fields [afterLabel]*field
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

func (g *group) lines(l label) []string {
	if g.fields[l] == nil {
		return nil
	}
	return g.fields[l].lines
}

// isChange reports whether the group has both values of a change.
func (g *group) isChange() bool {
	return g != nil && g.fields[beforeLabel] != nil && g.fields[valueLabel] != nil
}

// records returns the groups that ask for a record, and an empty one if none does.
func (f *form) records() []*group {
	groups := slices.DeleteFunc(slices.Clone(f.groups), func(g *group) bool {
		return len(g.lines(hostLabel))+len(g.lines(domainLabel))+len(g.lines(valueLabel)) == 0
	})
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

// hosts returns the hosts as they were typed, an empty one if there is none.
func (g *group) hosts() []string {
	lines := g.lines(hostLabel)
	if len(lines) == 0 {
		lines = g.lines(domainLabel)
	}
	text := autolink.ReplaceAllString(strings.Join(lines, " "), "")
	hosts := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("、,\uff0c", r) })
	if len(hosts) == 0 {
		return []string{""}
	}
	return hosts
}
