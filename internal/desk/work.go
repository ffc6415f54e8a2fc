package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"dkimd/internal/desk/request"
	"dkimd/internal/lint"
	"dkimd/keys"
	"dkimd/keys/dnscheck"
	"dkimd/keys/finding"
	"dkimd/keys/record"
)

// handOut says how the customer gets what is to be entered elsewhere.
func (r *Planned) handOut() {
	if r.Cell == nil || !r.Cell.HandOut {
		return
	}
	if r.Kind == request.DKIM && len(r.situation.Keys) == 0 {
		r.run("genkey", r.Domain)
	}
	r.run("desk reply", r.Domain)
}

// planKey plans DKIM with a key of ours.
func (r *Planned) planKey() {
	s := r.situation
	if s.MailServer == Elsewhere {
		r.find(table.New(ValueNeeded, "domain", r.Domain))
		return
	}
	active := s.in(keys.Active)
	switch {
	case len(active) > 0 && verdict(active) == dnscheck.Proven:
		r.find(table.New(AlreadySigned, "domain", r.Domain))
	default:
		if len(s.Keys) == 0 {
			r.run("genkey", r.Domain)
		}
		r.run("publish", r.Domain)
		r.run("check", r.Domain, "--activate")
	}
	r.run("desk reply", r.Domain)
}

// planRecord plans a record whose value the customer gives.
func (d *Desk) planRecord(ctx context.Context, r *Planned) error {
	r.find(d.judge(ctx, r)...)
	if finding.Has(r.Findings, lint.PrivateKey) {
		r.Host, r.Value = request.Text{}, request.Text{}
	}
	if finding.HasError(r.Findings) || finding.Has(r.Findings, lint.NoAnswer) {
		return nil
	}
	wanted := Request{r.method(), r.Host.Read, r.Value.Read}
	there, err := d.isThere(ctx, wanted)
	if err == nil && !there {
		r.Add = zoneLine(wanted)
		r.Remove, err = d.inPlaceOf(ctx, wanted)
	}
	switch {
	case err != nil && isNoAnswer(err):
		r.find(noAnswer(wanted.Host))
		return nil
	case err != nil:
		return err
	case there:
		r.find(table.New(AlreadyThere))
	}
	r.run("desk reply", r.Domain, "--letter", string(Entered), "--host", wanted.Host, "--value", quoted(wanted.Value))
	return nil
}

// judge says what is to be said of a value, and of what has to stand before it.
func (d *Desk) judge(ctx context.Context, r *Planned) []finding.Finding {
	s, host, value := r.situation, r.Host.Read, r.Value.Read
	switch r.Kind {
	case request.SPF:
		include := ""
		if s.MailServer == Ours {
			include = d.SPFInclude
		}
		return lint.SPF(ctx, d.Resolver, host, value, include).Findings
	case request.DMARC:
		return append(lint.DMARC(ctx, d.Resolver, host, value), d.beforeDMARC(ctx, s)...)
	}
	if slices.ContainsFunc(s.Keys, func(k KeyCheck) bool { return k.Record.Host() == host }) {
		return []finding.Finding{table.New(HostTaken, "host", host)}
	}
	return d.judgeDKIM(ctx, host, value)
}

// judgeDKIM judges another company's record: a key, or a CNAME to one. The host is
// empty where it is not known.
func (d *Desk) judgeDKIM(ctx context.Context, host, value string) []finding.Finding {
	switch {
	case lint.IsTarget(value):
		return lint.CNAME(ctx, d.Resolver, host, value)
	case host == "":
		return lint.DKIMValue(value)
	}
	return lint.DKIM(host, value)
}

// beforeDMARC says what DMARC presupposes and the domain has not.
func (d *Desk) beforeDMARC(ctx context.Context, s *Situation) []finding.Finding {
	spf := lint.SPF(ctx, d.Resolver, s.Domain, "", "").Findings
	active := s.in(keys.Active)
	ours := s.MailServer == Ours
	switch {
	case finding.Has(spf, lint.NoAnswer):
		return []finding.Finding{noAnswer(s.Domain)}
	case ours && verdict(active) == dnscheck.Unclear:
		return []finding.Finding{noAnswer("_domainkey." + s.Domain)}
	}
	dkim := !ours || len(active) > 0 && verdict(active) == dnscheck.Proven
	missing := lint.DMARCNeeds(!finding.HasError(spf), dkim)
	if !ours {
		missing = append(missing, table.New(DKIMNotSeen, "domain", s.Domain))
	}
	return missing
}

// inPlaceOf returns the lines of our zone that a record takes the place of: a
// second one would spoil both.
func (d *Desk) inPlaceOf(ctx context.Context, wanted Request) ([]string, error) {
	if wanted.Method == DKIM {
		target, err := d.Resolver.LookupCNAME(ctx, wanted.Host+".") // the end of a chain of them
		switch {
		case err != nil && !isNotFound(err):
			return nil, err
		case err == nil && !strings.EqualFold(target, wanted.Host+"."):
			return []string{zoneLine(Request{DKIM, wanted.Host, target})}, nil
		}
	}
	published, err := d.Resolver.LookupTXT(ctx, wanted.Host+".")
	if err != nil && !isNotFound(err) {
		return nil, err
	}
	lines := []string{}
	for _, value := range published {
		if wanted.Method != SPF || lint.KindOf(wanted.Host, value) == lint.KindSPF {
			lines = append(lines, zoneLine(Request{wanted.Method, wanted.Host, value}))
		}
	}
	return lines, nil
}

// zoneLine returns a record as a line of a zone file.
func zoneLine(r Request) string {
	data := record.Quoted(r.Value)
	if r.recordType() == "CNAME" {
		data = strings.TrimSuffix(r.Value, ".") + "."
	}
	return plain(fmt.Sprintf("%s. %d IN %s %s", r.Host, record.TTL, r.recordType(), data))
}

// run adds a command of dkimctl. What is said of the mail server holds for its
// letter too.
func (r *Planned) run(command string, args ...string) {
	if command == "desk reply" {
		args = append(args, "--mail", string(r.situation.MailServer))
	}
	r.Commands = append(r.Commands, "dkimctl "+command+" "+strings.Join(args, " "))
}

// quoted returns a word for the shell that means itself.
func quoted(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }
