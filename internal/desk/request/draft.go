package request

import (
	"slices"
	"strings"
	"time"

	"dkimd/internal/desk/calendar"
	"dkimd/keys/finding"
)

// draft is a request as it was typed.
type draft struct {
	kind  Kind
	codes []finding.Code
	host  string
	value []string
	date  string

	before []string // the value that is to be replaced

	name      name // the host as it is read
	completed bool // with a domain that does not stand in it
	left      bool // something in the form could not be read
}

// maxRequests is more than anybody asks for in one mail; more are not read.
const maxRequests = 200

// drafts returns what the forms ask for: one draft for each kind and host.
func drafts(forms []*form) []*draft {
	var all []*draft
	for _, f := range forms {
		for _, g := range f.records() {
			for _, k := range g.kinds(f) {
				for _, host := range g.hosts() {
					if len(all) == maxRequests {
						return all
					}
					all = append(all, newDraft(k, host, g, f))
				}
			}
		}
	}
	return all
}

func newDraft(k Kind, host string, g *group, f *form) *draft {
	d := &draft{kind: k, host: host, value: g.lines(valueLabel), date: strings.Join(g.date(f), " "), before: g.lines(beforeLabel), left: f.left}
	if g.several || len(anyVersion.FindAllString(plain(strings.Join(d.value, " ")), 2)) > 1 {
		d.codes = append(d.codes, SeveralValues)
	}
	switch {
	case f.against || isRemoval(strings.Join(d.value, " ")):
		d.codes = append(d.codes, NotAnOrder)
	case len(f.kinds) == 0:
		d.codes = append(d.codes, NoHeading)
	}
	switch says := g.kind(); {
	case k == "":
		d.codes = append(d.codes, KindUnknown)
	case says != "" && says != k:
		d.codes = append(d.codes, KindMismatch)
	}
	ok := false
	d.name, ok = readHost(host)
	switch {
	case host == "":
		d.codes = append(d.codes, d.missing(MissingHost))
	case !ok:
		d.codes = append(d.codes, BadHost)
	case d.isRelative():
		base, _ := readHost(strings.Join(g.lines(domainLabel), " "))
		d.complete(base.domain)
	}
	return d
}

// missing returns what is said of something that is not there: it may stand in what
// could not be read.
func (d *draft) missing(code finding.Code) finding.Code {
	if d.left {
		return NotRead
	}
	return code
}

// isRelative reports whether the host can be read but has no domain.
func (d *draft) isRelative() bool {
	return d.host != "" && d.name.domain == "" && !slices.Contains(d.codes, BadHost)
}

// complete gives a host that is relative its domain.
func (d *draft) complete(domain string) {
	if d.isRelative() && domain != "" {
		d.name.domain, d.completed = domain, true
	}
}

// completeAll gives hosts that are relative the domain of the others, if it is one.
func completeAll(all []*draft) {
	only := ""
	for _, d := range all {
		switch domain := d.name.domain; {
		case domain == "" || domain == only:
		case only == "":
			only = domain
		default:
			return
		}
	}
	for _, d := range all {
		d.complete(only)
	}
}

// gatherHosts puts hosts such as em1234.example.jp, whose CNAME a provider wants besides
// those of its DKIM keys, under the domain of the keys.
func gatherHosts(all []*draft) {
	for _, d := range all {
		if d.kind != DKIM || d.name.prefix != "" || len(d.value) == 0 {
			continue
		}
		for _, key := range all {
			prefix, isUnder := strings.CutSuffix(d.name.domain, "."+key.name.domain)
			if isUnder && key.kind == DKIM && strings.HasSuffix(key.name.prefix, "_domainkey") {
				d.name = name{prefix, key.name.domain}
				break
			}
		}
	}
}

// hide removes all that may be a part of a private key.
func (d *draft) hide(why finding.Code) {
	if len(d.value)+len(d.before) > 0 || !d.isOurs() {
		d.value, d.before, d.codes = nil, nil, append(d.codes, why)
	}
	if d.host != "" && !isHostAlone(plain(d.host)) {
		d.host, d.name = "", name{}
		if !slices.Contains(d.codes, BadHost) {
			d.codes = append(d.codes, BadHost)
		}
	}
	if len(letters.FindAllString(plain(d.date), maxLetters)) == maxLetters {
		d.date = ""
	}
}

// isOurs reports whether the customer asks for a DKIM record that is ours to make.
func (d *draft) isOurs() bool {
	return d.kind == DKIM && len(d.value) == 0 && !strings.HasSuffix(d.name.prefix, "_domainkey")
}

// request returns the request, with what was noticed.
func (d *draft) request(received, now time.Time, office *calendar.Office) Request {
	r := Request{
		Kind:     d.kind,
		Domain:   d.name.domain,
		Host:     Text{Typed: d.host},
		Value:    Text{Typed: strings.Join(d.value, "\n")},
		Findings: []finding.Finding{},
	}
	r.Before, _ = readValue(d.kind, d.before)
	codes := d.codes
	switch {
	case isRemoval(strings.Join(d.value, " ")):
	case len(d.value) > 0:
		var notes []finding.Code
		r.Value.Read, notes = readValue(d.kind, d.value)
		codes = append(codes, notes...)
	case !d.isOurs() && !slices.Contains(codes, PrivateKey) && !slices.Contains(codes, ValueHidden):
		codes = append(codes, d.missing(MissingValue))
	}
	if d.name.domain != "" && !d.isOurs() {
		r.Host.Read = d.name.String()
	}
	switch {
	case d.completed:
		codes = append(codes, HostCompleted)
	case d.isRelative():
		codes = append(codes, NoDomain)
	case d.name.domain != "" && d.name.String() != withoutDot(d.host):
		codes = append(codes, HostCorrected)
	}
	for _, code := range codes {
		if !finding.Has(r.Findings, code) {
			r.Findings = append(r.Findings, meanings.New(code, "kind", strings.ToUpper(string(d.kind)), "typed", finding.Shorten(d.host), "host", d.name.String(), "date", finding.Shorten(d.date)))
		}
	}
	r.Date.Typed = d.date
	if !slices.Contains(codes, DateUnclear) {
		wish, about := office.Wish(d.date, received, now)
		r.Date, r.Findings = wish, append(r.Findings, about...)
	}
	finding.Sort(r.Findings)
	return r
}

// withoutDot returns a host as it would be written without a mistake.
func withoutDot(host string) string { return strings.TrimSuffix(strings.ToLower(host), ".") }
