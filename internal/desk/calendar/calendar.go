// Package calendar knows the working days of an office in Japan, and reads the dates
// that customers write. It does no I/O.
package calendar

import "time"

// Office is an office that works from Monday to Friday, but not on Japan's holidays
// nor on its own.
type Office struct {
	closed map[Date]bool
}

// New returns an office that is closed on the given days too.
func New(closed ...Date) *Office {
	o := &Office{closed: map[Date]bool{}}
	for _, d := range closed {
		o.closed[d] = true
	}
	return o
}

// IsOpen reports whether a day is a working day.
func (o *Office) IsOpen(d Date) bool { return o.closedFor(d) == "" }

// closedFor says why the office is closed on a day, "" if it is not.
func (o *Office) closedFor(d Date) string {
	switch weekday := d.Weekday(); {
	case Holiday(d) != "":
		return Holiday(d)
	case weekday == time.Saturday || weekday == time.Sunday || o.closed[d]:
		return "弊社休業日"
	}
	return ""
}

// From returns the first working day from a day on.
func (o *Office) From(d Date) Date {
	for !o.IsOpen(d) {
		d = d.Add(1)
	}
	return d
}

// sameDayUntil is the last minute, after midnight, in which a request can come that
// is done the same day. The minute counts as a whole: a mail of 16:00:59 has been
// sent at 16:00 by every clock that its sender sees.
const sameDayUntil = 16 * 60

// closesAt is the minute after midnight from which nothing is done any more that day.
const closesAt = 18 * 60

// Earliest returns the first day on which a request can be done that came at a
// time: the same working day until 16:00, otherwise the next one.
func (o *Office) Earliest(received time.Time) Date {
	return o.firstDay(received, sameDayUntil)
}

// next returns the first day on which something can be done that is planned now.
func (o *Office) next(now time.Time) Date { return o.firstDay(now, closesAt-1) }

// firstDay returns the first working day from a time on, without its own day after the
// given minute.
func (o *Office) firstDay(from time.Time, last int) Date {
	d, at := DateOf(from), from.In(japan)
	if at.Hour()*60+at.Minute() > last {
		d = d.Add(1)
	}
	return o.From(d)
}
