package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"dkimd/internal/desk/calendar"
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
	if r.Kind == request.DKIM {
		switch active := r.situation.in(keys.Active); {
		case len(active) > 0 && verdict(active) == dnscheck.Proven:
			r.find(table.New(AlreadySigned, "domain", r.Domain))
		case len(r.situation.Keys) == 0:
			r.run("genkey", r.Domain)
		}
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
		for _, k := range unproven(s.Keys) {
			if !s.publishes {
				r.Add = append(r.Add, k.Record.TXT().Zone())
			}
		}
		if len(r.Add) == 0 {
			r.Commands = append(r.Commands, s.publish())
		}
		r.run("check", r.Domain, "--activate")
	}
	r.run("desk reply", r.Domain)
}

// planRecord plans a record whose value the customer gives.
func (d *Desk) planRecord(ctx context.Context, r *Planned) error {
	r.find(slices.DeleteFunc(d.judge(ctx, r), givesWay)...)
	if finding.Has(r.Findings, lint.PrivateKey) {
		r.Host, r.Value = request.Text{}, request.Text{}
	}
	if finding.HasError(r.Findings) || finding.Has(r.Findings, lint.NoAnswer) {
		return nil
	}
	r.waitForOthers()
	wanted := Request{r.method(), r.Host.Read, r.Value.Read}
	there, err := d.isThere(ctx, wanted)
	if err == nil && !there {
		err = d.replace(ctx, r, wanted)
	}
	switch {
	case err != nil && isNoAnswer(err):
		r.find(noAnswer(wanted.Host))
		return nil
	case err != nil:
		return err
	case finding.HasError(r.Findings):
		return nil
	case there:
		r.find(table.New(AlreadyThere))
	default:
		r.enter(zoneLine(wanted.Host, wanted.recordType(), wanted.Value))
	}
	r.run("desk reply", r.Domain, "--letter", string(Entered), "--host", wanted.Host, "--value", quoted(wanted.Value))
	return nil
}

// givesWay reports whether a finding is about several records of our zone, which the one
// that is asked for takes the place of.
func givesWay(f finding.Finding) bool {
	return f.Code == lint.SPFSeveral || f.Code == lint.DMARCSeveral
}

// judge says what is to be said of a value, and of what has to stand before it.
func (d *Desk) judge(ctx context.Context, r *Planned) []finding.Finding {
	s, host, value := r.situation, r.Host.Read, r.Value.Read
	switch r.Kind {
	case request.SPF:
		return d.judgeSPF(ctx, r)
	case request.DMARC:
		return append(lint.DMARC(ctx, d.Resolver, host, value), d.beforeDMARC(ctx, r)...)
	}
	if record.LooksLikeHost(value) && host != s.Zone && !strings.Contains(host, "._domainkey.") {
		return []finding.Finding{table.New(OtherCNAME, "host", host)}
	}
	if slices.ContainsFunc(s.Keys, func(k KeyCheck) bool { return k.Record.Host() == host }) {
		return []finding.Finding{table.New(HostTaken, "host", host)}
	}
	return d.judgeDKIM(ctx, host, value)
}

// judgeSPF judges a value for SPF. That a domain has one record, and how ours is in it,
// is for us to say.
func (d *Desk) judgeSPF(ctx context.Context, r *Planned) []finding.Finding {
	include, value := "", r.Value.Read
	if r.situation.MailServer == Ours {
		include = d.SPFInclude
	}
	list := lint.SPF(ctx, d.Resolver, r.Host.Read, value, include).Findings
	merged, _ := lint.MergeSPF(value, include)
	for i, f := range list {
		switch {
		case f.Code == lint.SPFVersionTwice:
			list[i] = table.New(OneSPF)
		case f.Code == lint.SPFIncludeMissing && merged != "":
			list[i] = table.New(SPFNeedsUs, "include", include, "value", plain(merged))
		}
	}
	return list
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

// What DMARC presupposes, by what was found: what the customer has to ask for, and what
// is ours to do first.
var (
	needed  = map[finding.Code]Method{lint.DMARCNeedsSPF: SPF, lint.DMARCNeedsDKIM: DKIM}
	awaited = map[finding.Code]Method{DMARCAfterSPF: SPF, DMARCAfterDKIM: DKIM}
)

// beforeDMARC says what DMARC presupposes and the domain has not.
func (d *Desk) beforeDMARC(ctx context.Context, r *Planned) []finding.Finding {
	s := r.situation
	_, withSPF := r.first[SPF]
	_, withDKIM := r.first[DKIM]
	published := lint.SPF(ctx, d.Resolver, s.Domain, "", "").Findings
	active := s.in(keys.Active)
	ours := s.MailServer == Ours
	switch {
	case finding.Has(published, lint.NoAnswer):
		return []finding.Finding{noAnswer(s.Domain)}
	case ours && verdict(active) == dnscheck.Unclear:
		return []finding.Finding{noAnswer("_domainkey." + s.Domain)}
	}
	spf := !finding.HasError(published)
	dkim := ours && len(active) > 0 && verdict(active) == dnscheck.Proven
	toCome := ours && len(s.Keys) > 0
	var found []finding.Finding
	if !spf && (withSPF || ours) {
		spf, found = true, append(found, table.New(DMARCAfterSPF))
	}
	switch {
	case !dkim && (withDKIM || toCome):
		found = append(found, table.New(DMARCAfterDKIM))
	case !ours:
		found = append(found, table.New(DKIMNotSeen, "domain", s.Domain))
	}
	return append(lint.DMARCNeeds(spf, dkim || withDKIM || toCome || !ours), found...)
}

// waitForOthers moves a request for DMARC to the day on which what it presupposes is
// done.
func (r *Planned) waitForOthers() {
	wished := r.Date.Date
	for code, method := range awaited {
		if day := r.first[method]; finding.Has(r.Findings, code) && r.Date.Date.Before(day) {
			r.Date.Date = day
		}
	}
	if r.Date.Date != wished { // what was said of that day is no longer so
		r.Findings = slices.DeleteFunc(r.Findings, calendar.MovesDay)
	}
}

// replace says which lines of our zone a record takes the place of: a second one would
// spoil both, and nothing may stand beside a CNAME (RFC 1034 section 3.6.2). What a
// wildcard answers is no line at this host, and ends with the record (RFC 4592 section
// 2.2.1).
func (d *Desk) replace(ctx context.Context, r *Planned, wanted Request) error {
	own, err := d.OwnRecord(ctx, wanted.Host)
	switch {
	case err != nil:
		return fmt.Errorf("%w about %s: %w", errNoAnswer, wanted.Host, err)
	case !own:
		r.Findings = slices.DeleteFunc(r.Findings, saysToReplace)
		return nil
	}
	target, err := d.alias(ctx, wanted.Host)
	switch {
	case err != nil:
		return err
	case target != "" && wanted.Method == SPF: // other services live from that CNAME
		r.find(table.New(CNAMEInTheWay, "host", wanted.Host, "target", target))
		return nil
	case target != "":
		if wanted.recordType() == "TXT" { // of two CNAMEs, lint has spoken
			r.find(table.New(CNAMEReplaced, "host", wanted.Host, "target", target))
		}
		r.Remove = append(r.Remove, zoneLine(wanted.Host, "CNAME", target))
		return nil
	}
	published, err := d.published(ctx, wanted)
	for _, value := range published {
		r.Remove = append(r.Remove, zoneLine(wanted.Host, "TXT", value))
	}
	return err
}

// enter plans a line for our zone. One of several that stand there may be it.
func (r *Planned) enter(line string) {
	others := slices.DeleteFunc(slices.Clone(r.Remove), func(there string) bool { return there == line })
	if len(others) == len(r.Remove) {
		r.Add = []string{line}
	}
	r.Remove = others
}

// standing says which lines of our zone stand where something may be to be removed.
func (d *Desk) standing(ctx context.Context, r *Planned) error {
	if r.situation.NameServer != Ours || r.Host.Read == "" {
		return nil
	}
	there := Planned{Request: r.Request}
	err := d.replace(ctx, &there, Request{r.method(), r.Host.Read, r.Value.Read})
	if err != nil && isNoAnswer(err) {
		r.find(noAnswer(r.Host.Read))
		return nil
	}
	for _, line := range there.Remove {
		r.find(table.New(StandsThere, "line", line))
	}
	return err
}

// saysToReplace reports whether a finding says that there is another record.
func saysToReplace(f finding.Finding) bool {
	return f.Code == lint.SPFDiffers || f.Code == lint.DMARCDiffers || f.Code == lint.CNAMEClash
}

// zoneLine returns a record as a line of a zone file.
func zoneLine(host, recordType, value string) string {
	data := record.Quoted(value)
	if recordType == "CNAME" {
		data = strings.TrimSuffix(value, ".") + "."
	}
	return plain(fmt.Sprintf("%s. %d IN %s %s", host, record.TTL, recordType, data))
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
