// Package provider knows the panels in which customers of DNS providers enter
// their records. What it knows is in a TOML file, each row with its source,
// because panels change.
package provider

import (
	"path"
	"slices"
	"strings"

	"dkimd/keys/finding"
)

// Provider is who runs name servers, and what is known of the panel for their
// records. What is not known is not set, and no advice is given about it. The
// keys are explained in providers.toml.
type Provider struct {
	Name          finding.Text `toml:"name"`
	NameServers   []string     `toml:"name_servers"`
	Host          string       `toml:"host"` // relative, fqdn or fqdn-dot
	AppendsDomain bool         `toml:"appends_domain"`
	Value         string       `toml:"value"` // plain, quoted or split
	MaxValue      int          `toml:"max_value"`
	TXTNote       finding.Text `toml:"txt_note"`
	CNAMENote     finding.Text `toml:"cname_note"`
	Sources       []string     `toml:"sources"`
	Date          string       `toml:"date"`
}

// Table lists providers. Of several that a name server could belong to, the
// first is right.
type Table []Provider

// Find returns the provider that all the name servers belong to. If there is
// none, or more than one, it is the zero Provider.
func (t Table) Find(nameServers []string) (Provider, bool) {
	found := -1
	for i, name := range nameServers {
		row := t.rowOf(name)
		if row < 0 || i > 0 && row != found {
			return Provider{}, false
		}
		found = row
	}
	if found < 0 {
		return Provider{}, false
	}
	return t[found], true
}

func (t Table) rowOf(nameServer string) int {
	return slices.IndexFunc(t, func(p Provider) bool {
		return slices.ContainsFunc(p.NameServers, func(pattern string) bool { return matches(pattern, nameServer) })
	})
}

// matches reports whether the last labels of a name server's name are those of
// the pattern, in which * stands for any part of a label.
func matches(pattern, nameServer string) bool {
	wanted := strings.Split(pattern, ".")
	labels := strings.Split(strings.ToLower(strings.TrimSuffix(nameServer, ".")), ".")
	if len(labels) < len(wanted) {
		return false
	}
	for i, label := range labels[len(labels)-len(wanted):] {
		if ok, _ := path.Match(wanted[i], label); !ok {
			return false
		}
	}
	return true
}
