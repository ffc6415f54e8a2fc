package desk

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"time"

	"dkimd/internal/desk/calendar"
	"dkimd/internal/desk/request"
	"dkimd/internal/lint"
	"dkimd/keys/finding"
)

// Plan is what a customer's mail asks for, and what is to be done about it.
type Plan struct {
	Sender   string            `json:"sender"`
	Received time.Time         `json:"received"`
	Words    []string          `json:"words,omitempty"` // the sender's own, outside of the forms
	Findings []finding.Finding `json:"findings"`        // on the mail as a whole
	Requests []Planned         `json:"requests"`
	Answers  []Answer          `json:"-"`
}

// Planned is a request and what support has to do for it.
type Planned struct {
	request.Request
	Cell     *Cell    `json:"cell,omitempty"` // nil: a side is unknown
	Remove   []string `json:"remove"`         // lines of our zone
	Add      []string `json:"add"`            // the lines to enter in their place
	Commands []string `json:"commands"`       // to run after that

	situation *Situation               // nil: there is no domain, or DNS gave no answer
	first     map[Method]calendar.Date // what else is done for the domain, and when
}

// Answer is a letter to write.
type Answer struct {
	Letter Name
	Facts  Facts
}

// patience is how long all requests of a mail may take.
const patience = time.Minute

// Plan says what is to be done about a mail. Mail says whose the mail servers are,
// if the caller knows; Unknown if not.
func (d *Desk) Plan(ctx context.Context, m request.Mail, mail Side) (*Plan, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	p := &Plan{Sender: m.Sender, Received: m.Received, Words: m.Words, Findings: m.Findings}
	seen := map[string]*Situation{}
	p.Requests = make([]Planned, len(m.Requests))
	for _, i := range dmarcLast(m.Requests) {
		r := m.Requests[i]
		typed := r.Domain
		var err error
		if r.Domain, err = d.mailDomain(ctx, r); err != nil {
			return nil, err
		}
		s, looked := seen[r.Domain]
		if !looked && r.Domain != "" {
			if s, err = d.Look(ctx, r.Domain, mail); err != nil && !isNoAnswer(err) {
				return nil, err
			}
			seen[r.Domain] = s
		}
		planned := Planned{Request: r, Remove: []string{}, Add: []string{}, Commands: []string{}, situation: s}
		if r.Domain != typed && planned.isOurs() {
			planned.find(table.New(OtherDomain, "typed", typed, "domain", r.Domain))
		}
		if isDisputed(m.Requests, r) {
			planned.find(request.Codes().New(request.SeveralValues, "host", r.Host.Read))
		}
		if r.Kind == request.SPF && finding.Has(planned.Findings, request.SeveralValues) {
			planned.find(table.New(OneSPF))
		}
		switch {
		case r.Domain != "":
			planned.first = p.orders(r.Domain)
			if err := d.plan(ctx, &planned, m.Sender); err != nil {
				return nil, err
			}
		case r.Kind == request.DKIM && r.Value.Read != "":
			planned.find(d.judgeDKIM(ctx, "", r.Value.Read)...)
			finding.Sort(planned.Findings)
		}
		if finding.HasError(p.Findings) {
			planned.Remove, planned.Add, planned.Commands = []string{}, []string{}, []string{}
		}
		p.Requests[i] = planned
	}
	p.answer()
	return p, nil
}

// mailDomain returns the domain that a request is about: the one behind a label without
// its underscore, which is for lint to say, or behind a web server that has no mail.
func (d *Desk) mailDomain(ctx context.Context, r request.Request) (string, error) {
	_, behind, keyLabel := strings.Cut(r.Domain, "domainkey.")
	site, isSite := strings.CutPrefix(r.Domain, "www.")
	switch {
	case r.Kind == request.DMARC:
		return strings.TrimPrefix(r.Domain, "dmarc."), nil
	case r.Kind == request.DKIM && keyLabel:
		return behind, nil
	case r.Kind == request.DKIM && isSite && r.Host.Read == "":
		servers, err := d.mailServers(ctx, r.Domain)
		if len(servers) == 0 && (err == nil || isNoAnswer(err)) {
			return site, nil
		}
		return r.Domain, err
	}
	return r.Domain, nil
}

// dmarcLast returns the indices of requests in the order in which they are done: DMARC
// presupposes SPF and DKIM, which the same mail may ask for.
func dmarcLast(all []request.Request) []int {
	var others, dmarc []int
	for i, r := range all {
		if r.Kind == request.DMARC {
			dmarc = append(dmarc, i)
		} else {
			others = append(others, i)
		}
	}
	return append(others, dmarc...)
}

// orders returns what has been planned for a domain, and the day on which all of it is
// done.
func (p *Plan) orders(domain string) map[Method]calendar.Date {
	days := map[Method]calendar.Date{}
	for _, r := range p.Requests {
		if r.Domain == domain && r.Kind != "" && !finding.HasError(r.Findings) && !finding.Has(r.Findings, lint.NoAnswer) {
			if m := r.method(); days[m].IsZero() || days[m].Before(r.Date.Date) {
				days[m] = r.Date.Date
			}
		}
	}
	return days
}

// isDisputed reports whether another request wants another value in the same place:
// two records would spoil both.
func isDisputed(all []request.Request, r request.Request) bool {
	return r.Host.Read != "" && slices.ContainsFunc(all, func(other request.Request) bool {
		return other.Kind == r.Kind && other.Host.Read == r.Host.Read && other.Value.Read != r.Value.Read
	})
}

func isNoAnswer(err error) bool {
	_, ok := errors.AsType[*net.DNSError](err)
	return ok || errors.Is(err, errNoAnswer)
}

// Accepted reports whether all that is asked for can be done.
func (p *Plan) Accepted() bool {
	return len(p.Requests) > 0 && !finding.HasError(p.Findings) &&
		!slices.ContainsFunc(p.Requests, func(r Planned) bool { return finding.HasError(r.Findings) })
}

// NoAnswer reports whether DNS left a question open.
func (p *Plan) NoAnswer() bool {
	return slices.ContainsFunc(p.Requests, func(r Planned) bool { return finding.Has(r.Findings, lint.NoAnswer) })
}

// plan plans one request.
func (d *Desk) plan(ctx context.Context, r *Planned, sender string) error {
	zone := r.Domain
	if r.situation != nil {
		zone = r.situation.Zone
	}
	findings, err := d.checkSender(ctx, r.Domain, zone, sender)
	if err != nil {
		return err
	}
	r.find(findings...)
	s := r.situation
	if s == nil {
		r.find(noAnswer(r.Domain))
		return nil
	}
	for _, f := range s.Findings {
		if !isAboutSPF(f) || r.isOurs() || r.Kind == request.DMARC {
			r.find(f)
		}
	}
	for _, cell := range s.Cells {
		if cell.Method != r.method() {
			continue
		}
		if r.Value.Read != "" && cell.NameServer == Ours && cell.Value == FromUs {
			cell = cell.asGiven()
		}
		r.Cell = &cell
	}
	switch {
	case finding.Has(r.Findings, request.NotAnOrder):
		err = d.standing(ctx, r)
	case s.MailServer == Unknown:
		r.find(noLetter(noMailServerSide, r.Domain).Finding)
	case finding.Has(r.Findings, OtherDomain):
	case s.NameServer == Elsewhere:
		r.find(table.New(NameServersElsewhere, "domain", r.Domain))
		r.handOut()
	case r.isOurs():
		r.planKey()
	case r.Value.Read != "":
		err = d.planRecord(ctx, r)
	}
	if finding.HasError(r.Findings) {
		r.Findings = slices.DeleteFunc(r.Findings, isOfWork)
	}
	finding.Sort(r.Findings)
	return err
}

// isOfWork reports whether a finding says how a record is entered, or on which day, and so
// nothing of a request that waits.
func isOfWork(f finding.Finding) bool {
	return f.Code == lint.SPFNotPublished || f.Code == lint.DMARCNotPublished || calendar.MovesDay(f)
}

// Day returns the day on which it is done; the zero day if something comes first, or
// nothing is to be done.
func (r Planned) Day() calendar.Date {
	if finding.HasError(r.Findings) || finding.Has(r.Findings, AlreadySigned) {
		return calendar.Date{}
	}
	return r.Date.Date
}

// Work returns what support does; nothing if something comes first, or it is done.
func (r Planned) Work() finding.Text {
	if r.Cell == nil || len(r.Commands) == 0 || finding.Has(r.Findings, AlreadySigned) || finding.Has(r.Findings, AlreadyThere) {
		return finding.Text{}
	}
	return r.Cell.Support
}

func (r *Planned) find(findings ...finding.Finding) { r.Findings = append(r.Findings, findings...) }

func (r *Planned) method() Method { return methodOf(string(r.Kind)) }

// methodOf returns the method of a kind of records.
func methodOf(kind string) Method { return Method(strings.ToUpper(kind)) }

func noAnswer(name string) finding.Finding { return lint.Codes().New(lint.NoAnswer, "name", name) }

// isOurs reports whether the record is ours to make, as customers ask for it.
func (r *Planned) isOurs() bool {
	return r.Kind == request.DKIM && r.Host.Read == "" && !finding.HasError(r.Findings)
}

// answer chooses the letters: one for all that has the same outcome.
func (p *Plan) answer() {
	if len(p.Requests) == 0 && !isForStaff(p.Findings) {
		p.Answers = []Answer{{Missing, Facts{Findings: forCustomer(p.Findings)}}}
	}
	for _, r := range p.Requests {
		letter := p.letterFor(r)
		if letter == "" {
			continue
		}
		if !isOfRequests(letter) {
			p.answerByState(letter, r)
			continue
		}
		day := calendar.Date{}
		if letter == Accepted {
			day = r.Date.Date
		}
		i := slices.IndexFunc(p.Answers, func(a Answer) bool {
			return a.Letter == letter && a.Facts.Domain == r.Domain && a.Facts.Day == day
		})
		if i < 0 {
			i = len(p.Answers)
			p.Answers = append(p.Answers, Answer{letter, r.facts(day)})
			if letter == Missing {
				p.Answers[i].Facts.Findings = forCustomer(p.Findings)
			}
		}
		p.Answers[i].Facts.add(r)
	}
}

// isOfRequests reports whether a letter is about requests, and not about the state that
// a domain is in.
func isOfRequests(letter Name) bool {
	return letter == Accepted || letter == Missing || letter == Guide
}

// answerByState answers with a letter about the state of the domain, once.
func (p *Plan) answerByState(letter Name, r Planned) {
	facts, err := r.situation.Facts(letter)
	facts.Already = finding.Has(r.Findings, AlreadySigned)
	if err == nil && !slices.ContainsFunc(p.Answers, func(a Answer) bool { return a.Letter == letter && a.Facts.Domain == facts.Domain }) {
		p.Answers = append(p.Answers, Answer{letter, facts})
	}
}

// letterFor returns the letter that answers a request, "" if something comes first.
func (p *Plan) letterFor(r Planned) Name {
	switch {
	case isForStaff(p.Findings) || isForStaff(r.Findings):
		return ""
	case finding.HasError(p.Findings) || finding.Has(r.Findings, SenderNotRegistered):
		return Missing
	case finding.Has(r.Findings, lint.NoAnswer) || finding.Has(r.Findings, noMailServerSide):
		return ""
	case finding.Has(r.Findings, request.NoHeading):
		return Missing
	case finding.Has(r.Findings, NameServersElsewhere):
		return r.letterElsewhere()
	case finding.HasError(r.Findings):
		return Missing
	case finding.Has(r.Findings, AlreadySigned):
		return Done
	}
	return Accepted
}

// isForStaff reports whether somebody has to read the mail before it is answered. That
// a private key has been sent is said at once.
func isForStaff(findings []finding.Finding) bool {
	return slices.ContainsFunc(findings, request.IsForStaff) && !finding.Has(findings, request.PrivateKey)
}

// forCustomer returns findings without those that are for staff alone.
func forCustomer(findings []finding.Finding) []finding.Finding {
	return slices.DeleteFunc(slices.Clone(findings), request.IsForStaff)
}

// letterElsewhere returns the letter for records that we cannot enter: with those that
// are ours to hand out, or, until there is a key, none.
func (r *Planned) letterElsewhere() Name {
	if r.Cell == nil || !r.Cell.HandOut {
		return Guide
	}
	letter, err := r.situation.Choose()
	if err != nil {
		return ""
	}
	return letter
}

func (r *Planned) facts(day calendar.Date) Facts {
	f := Facts{Domain: r.Domain, NameServer: Unknown, MailServer: Unknown, Day: day}
	if s := r.situation; s != nil {
		f.Zone, f.NameServer, f.MailServer = s.Zone, s.NameServer, s.MailServer
	}
	return f
}

// add puts a request into a letter, and what was found, each thing once, but for what
// support has to find out.
func (f *Facts) add(r Planned) {
	if r.Kind != "" {
		f.Requests = append(f.Requests, Request{r.method(), r.Host.Read, r.Value.Read})
	}
	for _, one := range r.Findings {
		if _, isOurs := noLetters[one.Code]; isOurs || request.IsForStaff(one) {
			continue
		}
		list := &f.Findings
		if isDoubt(one) {
			list = &f.Doubts
		}
		if !slices.Contains(*list, one) {
			*list = append(*list, one)
		}
	}
}

// isDoubt reports whether a finding keeps a value of the customer's own from working.
// We ask whether it is meant like that: we do not advise on values.
func isDoubt(f finding.Finding) bool {
	_, isLint := lint.Codes()[f.Code]
	return isLint && f.IsError() && f.Code != lint.PrivateKey && needed[f.Code] == ""
}
