package desk

import (
	"slices"

	"dkimd/internal/desk/calendar"
	"dkimd/internal/provider"
	"dkimd/keys"
	"dkimd/keys/dnscheck"
	"dkimd/keys/finding"
	"dkimd/keys/record"
)

// Choose returns the letter that fits the situation. The error is a
// *[NoLetterError] if something comes before a letter.
func (s *Situation) Choose() (Name, error) {
	pending, active := s.in(keys.Pending), s.in(keys.Active)
	switch {
	case s.NameServer == Unknown:
		return "", noLetter(noNameServerSide, s.Domain)
	case s.MailServer == Unknown:
		return "", noLetter(noMailServerSide, s.Domain)
	case s.MailServer == Elsewhere:
		return Guide, nil
	case len(s.Keys) == 0 && len(s.removable) == 0:
		return "", noLetter(noKeys, s.Domain)
	case s.NameServer == Ours:
		return s.chooseOurs(pending, active)
	case len(pending) > 0:
		return s.choosePending(pending, active)
	case len(active) > 0 && verdict(active) != dnscheck.Proven:
		return s.wrong(active)
	case len(s.removable) > 0:
		return Remove, nil
	}
	return Signing, nil
}

// chooseOurs chooses where all of the work is ours.
func (s *Situation) chooseOurs(pending, active []KeyCheck) (Name, error) {
	switch {
	case len(pending) > 0:
		return "", noLetter(oursToPublish, s.Domain, "publish", s.publish())
	case len(active) == 0:
		return "", noLetter(noActiveKey, s.Domain)
	case verdict(active) != dnscheck.Proven:
		return "", noLetter(oursWrong, s.Domain)
	}
	return Done, nil
}

// choosePending chooses while a record is to be published.
func (s *Situation) choosePending(pending, active []KeyCheck) (Name, error) {
	waiting := unproven(pending)
	switch {
	case len(waiting) == 0:
		return "", noLetter(notProvenYet, s.Domain)
	case verdict(waiting) == dnscheck.NotPublished && !explained(waiting):
		if len(active) > 0 {
			return Rotate, nil
		}
		return Publish, nil
	}
	return s.wrong(waiting)
}

// wrong chooses the letter about records that are not as they should be.
func (s *Situation) wrong(list []KeyCheck) (Name, error) {
	switch {
	case missesTarget(list):
		return "", s.targetMissing()
	case verdict(list) == dnscheck.Unclear:
		return "", noLetter(noDNSAnswer, s.Domain)
	}
	return Wrong, nil
}

func (s *Situation) in(state keys.State) []KeyCheck {
	return slices.DeleteFunc(slices.Clone(s.Keys), func(k KeyCheck) bool { return k.Key.State != state })
}

// unproven returns those of the keys whose records are not as they should be.
func unproven(list []KeyCheck) []KeyCheck {
	return slices.DeleteFunc(slices.Clone(list), func(k KeyCheck) bool { return k.Result.Verdict == dnscheck.Proven })
}

// verdict returns the worst verdict about keys.
func verdict(list []KeyCheck) dnscheck.Verdict {
	for _, v := range []dnscheck.Verdict{dnscheck.Wrong, dnscheck.NotPublished, dnscheck.Unclear} {
		if slices.ContainsFunc(list, func(k KeyCheck) bool { return k.Result.Verdict == v }) {
			return v
		}
	}
	return dnscheck.Proven
}

// missesTarget reports whether customers did their part, and what is missing is ours.
func missesTarget(list []KeyCheck) bool {
	return finds(list, func(f finding.Finding) bool { return f.Code == dnscheck.TargetMissing })
}

func (s *Situation) targetMissing() error {
	publish := s.publish()
	if !s.publishes {
		publish += " --target"
	}
	return noLetter(targetMissing, s.Domain, "publish", publish)
}

// publish returns the command that publishes the records of the domain's keys or, if
// there is no server for it, prints what is to be entered.
func (s *Situation) publish() string {
	if s.publishes {
		return "dkimctl publish " + s.Domain
	}
	return "dkimctl record " + s.Domain + " --format zone"
}

// explained reports whether more is known of records than that they are not there.
func explained(list []KeyCheck) bool {
	return finds(list, func(f finding.Finding) bool {
		return f.IsError() && f.Code != dnscheck.NothingThere && f.Code != dnscheck.CNAMEMissing
	})
}

// finds reports whether there is such a finding about one of the keys.
func finds(list []KeyCheck, such func(finding.Finding) bool) bool {
	return slices.ContainsFunc(list, func(k KeyCheck) bool { return slices.ContainsFunc(k.Result.Findings, such) })
}

// Facts returns what a letter about the situation says. The error is a
// *[NoLetterError] if the letter would not be true.
func (s *Situation) Facts(name Name) (Facts, error) {
	f := Facts{Domain: s.Domain, Zone: s.Zone, NameServer: s.NameServer, MailServer: s.MailServer}
	active := s.in(keys.Active)
	waiting := unproven(s.in(keys.Pending))
	var about []KeyCheck
	fits := s.NameServer != Ours // but for two of them
	switch name {
	case Guide:
		fits = s.Cells != nil
	case Publish:
		about, f.SPF = waiting, s.SPF
		fits = fits && len(about) > 0
	case Rotate:
		about = waiting
		fits = fits && len(about) > 0 && len(active) > 0
	case Wrong:
		about = unproven(s.Keys)
		f.Signing = len(unproven(active)) > 0
		fits = fits && verdict(about) != dnscheck.Proven && verdict(about) != dnscheck.Unclear
	case Signing:
		about, f.InUse = active, s.staying
		fits = fits && len(active) > 0 && verdict(active) == dnscheck.Proven
	case Done:
		about, f.SPF = active, s.SPF
		fits = s.NameServer != Elsewhere && len(active) > 0 && verdict(active) == dnscheck.Proven
	case Remove:
		f.Records, f.InUse = s.removable, records(s.Keys)
		fits = fits && len(f.Records) > 0
	default:
		return Facts{}, noLetter(letterOfRequest, s.Domain, "letter", string(name))
	}
	if name == Wrong && missesTarget(about) {
		return Facts{}, s.targetMissing()
	}
	if !fits {
		return Facts{}, noLetter(letterUnfit, s.Domain, "letter", string(name))
	}
	for _, k := range about {
		f.Findings = append(f.Findings, k.Result.Findings...)
		if since := calendar.DateOf(k.Key.Since()); f.Day.IsZero() || f.Day.Before(since) {
			f.Day = since
		}
	}
	f.Records = append(f.Records, records(about)...)
	if name == Publish || name == Rotate {
		f.Records = append(f.Records, s.spares...)
	}
	f.Advice = s.advice(f.Records)
	return f, nil
}

func records(list []KeyCheck) []record.Record {
	var all []record.Record
	for _, k := range list {
		all = append(all, k.Record)
	}
	return all
}

// advice says how the provider's panel wants records, each thing once.
func (s *Situation) advice(list []record.Record) []finding.Text {
	var texts []finding.Text
	said := provider.Provider{}.Advice("", false, false) // about the host, by each letter
	for _, r := range list {
		for _, text := range s.provider.Advice(r.Value(), r.Type() == "CNAME", s.delegates) {
			if !slices.Contains(said, text) {
				texts, said = append(texts, text), append(said, text)
			}
		}
	}
	return texts
}
