// Package request reads the mails in which customers ask for SPF, DKIM and DMARC
// records, as people really fill in such forms. It does no I/O, and knows nothing of
// DNS; whether a value is right is for others to judge.
package request

import (
	"slices"
	"strings"
	"time"

	"dkimd/internal/desk/calendar"
	"dkimd/keys/finding"
	"dkimd/keys/record"
)

// Kind is the kind of a record.
type Kind string

// The kinds.
const (
	SPF   Kind = "spf"
	DKIM  Kind = "dkim"
	DMARC Kind = "dmarc"
)

// Mail is what a mail asks for.
type Mail struct {
	Sender   string            `json:"sender"`   // the address in From; "" if there is none, or more than one
	Received time.Time         `json:"received"` // by our own server; if that is unknown, when the mail was read
	Requests []Request         `json:"requests"`
	Words    []string          `json:"words,omitempty"` // the sender's own, line by line, outside of the forms
	Findings []finding.Finding `json:"findings"`        // on the mail as a whole
}

// Request asks for one record.
type Request struct {
	Kind     Kind              `json:"kind"`   // "" if unknown
	Domain   string            `json:"domain"` // in lower-case A-labels; "" if it cannot be read
	Host     Text              `json:"host"`   // where the record is to stand, without a final dot; none if the record is ours to make
	Value    Text              `json:"value"`
	Before   string            `json:"before,omitempty"` // the value that it takes the place of, as the customer says
	Date     calendar.Wish     `json:"date"`
	Findings []finding.Finding `json:"findings"`
}

// Text is what was typed, and what is read in it. What holds a private key is blank
// in both.
type Text struct {
	Typed string `json:"typed"`
	Read  string `json:"read"`
}

// Read reads a mail, whole with its header or the text alone. The caller may know when
// it was received; the zero time is what its topmost Received field says, and if there
// is none, now.
func Read(content []byte, received, now time.Time, office *calendar.Office) Mail {
	msg := open(content)
	m := Mail{Received: received, Requests: []Request{}, Findings: []finding.Finding{}}
	find := func(code finding.Code) { m.Findings = append(m.Findings, meanings.New(code)) }

	if msg.privateKey {
		find(PrivateKey)
	}
	var code finding.Code
	if m.Sender, code = sender(msg.from); code != "" {
		find(code)
	}
	if m.Received.IsZero() {
		m.Received = msg.received
	}
	if m.Received.IsZero() {
		m.Received = now
		find(ReceivedUnknown)
	}
	if strings.Contains(msg.text, garbled) {
		find(Garbled)
	}

	all, words := readForms(split(msg.text))
	if !msg.privateKey {
		m.Words = shown(words)
	}
	forms, codes := choose(all, kindsIn(msg.subject))
	dates := ownDates(all)
	texts := append(words, msg.subject)
	for _, date := range dates {
		texts = append(texts, date.text)
	}
	if slices.ContainsFunc(texts, isWithdrawn) {
		codes = append(codes, Withdrawn)
	}
	for _, code := range codes {
		find(code)
	}
	if isRemoval(msg.subject) {
		for _, f := range forms {
			f.against = true
		}
	}
	wanted := drafts(forms)
	if msg.cut || len(wanted) == maxRequests {
		find(TooLong)
	}
	completeAll(wanted)
	gatherHosts(wanted)
	settleDates(wanted, dates, mentions(words), func(text string) calendar.Wish {
		wish, _ := office.Wish(text, m.Received, now)
		return wish
	})
	for _, d := range wanted {
		switch {
		case msg.privateKey:
			d.hide(PrivateKey)
		case record.MayHoldPrivate(strings.Join(d.value, "")), record.MayHoldPrivate(strings.Join(d.before, "")):
			d.hide(ValueHidden)
			m.Words = nil
		}
		m.Requests = append(m.Requests, d.request(m.Received, now, office))
	}
	return m
}
