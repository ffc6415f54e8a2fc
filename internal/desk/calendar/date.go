package calendar

import (
	"fmt"
	"time"
)

// japan is Japan's time zone, which has no summer time, wherever the server is.
var japan = time.FixedZone("JST", 9*60*60)

// Date is a day in Japan. The zero Date is none.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf returns the day that it is in Japan.
func DateOf(t time.Time) Date {
	year, month, day := t.In(japan).Date()
	return Date{year, month, day}
}

// ParseDate reads a date in the form 2026-11-25.
func ParseDate(text string) (Date, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return Date{}, fmt.Errorf("%q is not a date in the form 2026-11-25", text)
	}
	return Date{t.Year(), t.Month(), t.Day()}, nil
}

// timeLayouts are how a time in Japan is written: by people, and by web browsers.
var timeLayouts = []string{"2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02T15:04:05"}

// ParseTime reads a time in the form 2026-11-25 15:30 or 2026-11-25T15:30, which is
// Japan's, or one of RFC 3339, which has a time zone of its own.
func ParseTime(text string) (time.Time, error) {
	for _, layout := range timeLayouts {
		if t, err := time.ParseInLocation(layout, text, japan); err == nil {
			return t, nil
		}
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, fmt.Errorf("%q is not a time in the form 2026-11-25 15:30", text)
	}
	return t.In(japan), nil
}

// FormatTime returns a time as it is in Japan, in the form 2026-11-25 15:30.
func FormatTime(t time.Time) string { return t.In(japan).Format(timeLayouts[0]) }

// IsZero reports whether d is none.
func (d Date) IsZero() bool { return d == Date{} }

// IsValid reports whether there is such a day: 30 February is none.
func (d Date) IsValid() bool { return d.Year > 0 && d.Add(0) == d }

// Add returns the date that many days later.
func (d Date) Add(days int) Date {
	year, month, day := d.time().AddDate(0, 0, days).Date()
	return Date{year, month, day}
}

// Before reports whether d is earlier than other.
func (d Date) Before(other Date) bool { return d.time().Before(other.time()) }

// later returns the later one of two days.
func later(a, b Date) Date {
	if a.Before(b) {
		return b
	}
	return a
}

// Weekday returns the day of the week.
func (d Date) Weekday() time.Weekday { return d.time().Weekday() }

func (d Date) time() time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC) }

// weekdays are Japan's names, from Sunday.
var weekdays = []rune("日月火水木金土")

// Japanese returns the date as letters write it: 2026年11月25日(水).
func (d Date) Japanese() string {
	return fmt.Sprintf("%d年%d月%d日(%c)", d.Year, d.Month, d.Day, weekdays[d.Weekday()])
}

// English returns the date as letters write it: Wednesday, 25 November 2026.
func (d Date) English() string { return d.time().Format("Monday, 2 January 2006") }

// String returns the date in the form 2026-11-25.
func (d Date) String() string { return d.time().Format(time.DateOnly) }

// MarshalText is String.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText is ParseDate.
func (d *Date) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDate(string(text))
	return err
}
