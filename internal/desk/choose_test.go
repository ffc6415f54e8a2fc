package desk

import (
	"errors"
	"slices"
	"testing"
	"time"

	"dkimd/keys"
	"dkimd/keys/dnscheck"
	"dkimd/keys/finding"
	"dkimd/keys/record"
)

func checked(state keys.State, verdict dnscheck.Verdict, codes ...finding.Code) KeyCheck {
	k := KeyCheck{
		Key:    keys.Key{State: state, Created: time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)}, // the 25th in Japan
		Record: aRecord,
		Result: dnscheck.Result{Verdict: verdict},
	}
	for _, code := range codes {
		k.Result.Findings = append(k.Result.Findings, finding.Finding{Severity: finding.Error, Code: code, Text: finding.Text{En: "wrong", Ja: "誤り"}})
	}
	return k
}

func TestChoose(t *testing.T) {
	const (
		proven       = dnscheck.Proven
		notPublished = dnscheck.NotPublished
		wrong        = dnscheck.Wrong
		unclear      = dnscheck.Unclear
	)
	one := func(k ...KeyCheck) []KeyCheck { return k }
	for name, test := range map[string]struct {
		nameServer, mailServer Side
		keys                   []KeyCheck
		removable              []record.Record
		want                   Name // empty: no letter
	}{
		"both elsewhere":           {Elsewhere, Elsewhere, nil, nil, Guide},
		"mail elsewhere":           {Ours, Elsewhere, nil, nil, Guide},
		"name servers mixed":       {Unknown, Ours, one(checked(keys.Active, proven)), nil, ""},
		"mail unknown":             {Elsewhere, Unknown, nil, nil, ""},
		"no keys, elsewhere":       {Elsewhere, Ours, nil, nil, ""},
		"no keys, ours":            {Ours, Ours, nil, nil, ""},
		"to be published":          {Elsewhere, Ours, one(checked(keys.Pending, notPublished, dnscheck.NothingThere)), nil, Publish},
		"at the wrong host":        {Elsewhere, Ours, one(checked(keys.Pending, notPublished, dnscheck.DoubledDomain)), nil, Wrong},
		"published wrongly":        {Elsewhere, Ours, one(checked(keys.Pending, wrong, dnscheck.Truncated)), nil, Wrong},
		"DNS does not answer":      {Elsewhere, Ours, one(checked(keys.Pending, unclear)), nil, ""},
		"published, not active":    {Elsewhere, Ours, one(checked(keys.Pending, proven)), nil, ""},
		"one of two is published":  {Elsewhere, Ours, one(checked(keys.Pending, proven), checked(keys.Pending, notPublished, dnscheck.NothingThere)), nil, Publish},
		"a CNAME, not there":       {Elsewhere, Ours, one(checked(keys.Pending, notPublished, dnscheck.CNAMEMissing)), nil, Publish},
		"a CNAME to nothing yet":   {Elsewhere, Ours, one(checked(keys.Pending, notPublished, dnscheck.TargetMissing)), nil, ""},
		"signing":                  {Elsewhere, Ours, one(checked(keys.Active, proven)), nil, Signing},
		"signing, record is gone":  {Elsewhere, Ours, one(checked(keys.Active, notPublished, dnscheck.NothingThere)), nil, Wrong},
		"signing, no answer":       {Elsewhere, Ours, one(checked(keys.Active, unclear)), nil, ""},
		"a new key":                {Elsewhere, Ours, one(checked(keys.Active, proven), checked(keys.Pending, notPublished, dnscheck.NothingThere)), nil, Rotate},
		"a new key, wrongly":       {Elsewhere, Ours, one(checked(keys.Active, proven), checked(keys.Pending, wrong, dnscheck.Truncated)), nil, Wrong},
		"an old record":            {Elsewhere, Ours, one(checked(keys.Active, proven)), []record.Record{newer}, Remove},
		"an old record alone":      {Elsewhere, Ours, nil, []record.Record{newer}, Remove},
		"ours, to be published":    {Ours, Ours, one(checked(keys.Pending, notPublished, dnscheck.NothingThere)), nil, ""},
		"ours, signing":            {Ours, Ours, one(checked(keys.Active, proven)), nil, Done},
		"ours, record is gone":     {Ours, Ours, one(checked(keys.Active, notPublished, dnscheck.NothingThere)), nil, ""},
		"ours, old record is ours": {Ours, Ours, nil, []record.Record{newer}, ""},
	} {
		s := &Situation{Domain: "example.jp", Zone: "example.jp", NameServer: test.nameServer, MailServer: test.mailServer, Keys: test.keys, removable: test.removable}
		s.Cells = CellsOf(s.NameServer, s.MailServer)
		got, err := s.Choose()
		if got != test.want {
			t.Errorf("%s: the letter is %q, %v, want %q", name, got, err, test.want)
		}
		if _, none := errors.AsType[*NoLetterError](err); none != (test.want == "") {
			t.Errorf("%s: the error is %v", name, err)
		}
		if test.want == "" {
			continue
		}
		facts, err := s.Facts(got)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if (got == Signing || got == Done) && facts.Day != aDay {
			t.Errorf("%s: it signs since %s", name, facts.Day)
		}
	}
}

// A letter that would say what is not so is refused.
func TestLettersThatDoNotFit(t *testing.T) {
	published := checked(keys.Active, dnscheck.Proven)
	lost := checked(keys.Active, dnscheck.NotPublished, dnscheck.NothingThere)
	waits := checked(keys.Pending, dnscheck.NotPublished, dnscheck.NothingThere)
	away := checked(keys.Pending, dnscheck.Unclear)
	for name, test := range map[string]struct {
		nameServer Side
		keys       []KeyCheck
		fit        []Name // besides the guide
	}{
		"no keys":           {Elsewhere, nil, nil},
		"waits":             {Elsewhere, []KeyCheck{waits}, []Name{Publish, Wrong}},
		"signing":           {Elsewhere, []KeyCheck{published}, []Name{Signing}},
		"signing and waits": {Elsewhere, []KeyCheck{published, waits}, []Name{Publish, Rotate, Wrong, Signing}},
		"lost":              {Elsewhere, []KeyCheck{lost}, []Name{Wrong}},
		"no answer":         {Elsewhere, []KeyCheck{away}, []Name{Publish}},
		"ours":              {Ours, []KeyCheck{published}, []Name{Done}},
		"ours, waits":       {Ours, []KeyCheck{waits}, nil},
		"ours, lost":        {Ours, []KeyCheck{lost}, nil},
		"mixed":             {Unknown, []KeyCheck{published}, []Name{Signing, Done}},
	} {
		s := &Situation{Domain: "example.jp", NameServer: test.nameServer, MailServer: Ours, Keys: test.keys, Cells: cells[:3]}
		for _, letter := range Names {
			facts, err := s.Facts(letter)
			if fits := err == nil; fits != (letter == Guide || slices.Contains(test.fit, letter)) {
				t.Errorf("%s: %s: %v, %v", name, letter, facts, err)
			}
		}
	}
}
