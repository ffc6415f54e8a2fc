package calendar

import (
	"slices"
	"strconv"
	"time"

	"dkimd/keys/finding"
)

// Wish is the date that a customer wishes for.
type Wish struct {
	Typed string `json:"typed"`          // as it was written
	Asked Date   `json:"asked,omitzero"` // the day that it means, or the last one of them; none if it names no day
	Date  Date   `json:"date,omitzero"`  // the working day on which it can be done; none if the customer has to say what is meant
}

// farAway is how many days ahead a date without a year is doubted.
const farAway = 180

// Wish reads the date that a customer wrote, as it was meant when it was received, and
// plans for it now, which may be days later.
func (o *Office) Wish(typed string, received, now time.Time) (Wish, []finding.Finding) {
	today := DateOf(received)
	m := read(typed, today)
	inTime := o.Earliest(received)
	w := Wish{Typed: typed, Asked: m.to, Date: later(inTime, o.next(now))}

	var findings []finding.Finding
	find := func(code finding.Code, fill ...string) {
		en, ja := m.named()
		findings = append(findings, meanings.New(code, append(fill, "typed", finding.Shorten(typed),
			"asked", en, "asked_ja", ja,
			"date", w.Date.English(), "date_ja", w.Date.Japanese())...))
	}
	for _, code := range m.codes {
		find(code)
	}
	if !m.to.IsZero() && m.to.Before(today) {
		find(GoneBy)
	}
	if m.yearless && today.Add(farAway).Before(later(m.from, m.to)) {
		find(FarAway)
	}
	if finding.HasError(findings) { // and what it was taken as does not count
		w.Date = Date{}
		return w, slices.DeleteFunc(findings, func(f finding.Finding) bool { return f.Code == Assumed })
	}

	w.Date = later(w.Date, o.From(m.from))
	switch {
	case m.to.IsZero():
	case w.Date.Before(m.to) && !today.Before(m.from):
		find(ByThen)
	case !m.to.Before(w.Date): // in time
	case !m.to.Before(later(inTime, o.From(m.from))):
		find(Delayed)
	case o.IsOpen(today) && !today.Before(m.from):
		find(TooLate)
	default: // no day of those wished for is a working day
		find(ClosedDay, "why", o.closedFor(m.to))
	}
	if !IsAnnounced(w.Date.Year) {
		find(Computed, "year", strconv.Itoa(w.Date.Year))
	}
	return w, findings
}
