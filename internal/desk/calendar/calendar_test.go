package calendar

import (
	"testing"
	"time"
)

func day(t *testing.T, text string) Date {
	t.Helper()
	d, err := ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// moment reads a time with its zone: 2024-01-05T16:00:00+09:00.
func moment(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// newYear is the office's own holiday at the turn of the year 2026.
var newYear = []Date{{2026, 12, 29}, {2026, 12, 30}, {2026, 12, 31}, {2027, 1, 2}, {2027, 1, 3}, {2027, 1, 4}}

func TestEarliestIsTheSameWorkingDayUntil16(t *testing.T) {
	office := New(newYear...)
	for _, c := range []struct{ name, received, want string }{
		{"a working day, in the morning", "2024-01-05T10:00:00+09:00", "2024-01-05"},
		{"before the office opens", "2024-01-05T00:00:00+09:00", "2024-01-05"},
		{"one minute to 16:00", "2024-01-05T15:59:59+09:00", "2024-01-05"},
		{"16:00", "2024-01-05T16:00:00+09:00", "2024-01-05"},
		{"the last second of the minute 16:00", "2024-01-05T16:00:59+09:00", "2024-01-05"},
		{"16:01, and it is Friday before 成人の日", "2024-01-05T16:01:00+09:00", "2024-01-09"},
		{"Thursday evening", "2024-01-04T23:59:59+09:00", "2024-01-05"},
		{"Saturday", "2026-11-21T10:00:00+09:00", "2026-11-24"},
		{"勤労感謝の日, a Monday", "2026-11-23T10:00:00+09:00", "2026-11-24"},
		{"Friday after 16:00, before five days off", "2026-09-18T17:00:00+09:00", "2026-09-24"},
		{"国民の休日", "2026-09-22T10:00:00+09:00", "2026-09-24"},
		{"振替休日", "2025-02-24T10:00:00+09:00", "2025-02-25"},
		{"振替休日 on Wednesday", "2026-05-06T10:00:00+09:00", "2026-05-07"},
		{"year end", "2026-12-28T16:01:00+09:00", "2027-01-05"},
		{"the office's own holiday", "2027-01-04T10:00:00+09:00", "2027-01-05"},
		{"a server in UTC, still the day before", "2026-11-24T14:30:00Z", "2026-11-25"},
		{"a server in UTC, the same day", "2026-11-25T07:00:00Z", "2026-11-25"},
		{"a server in UTC, too late", "2026-11-25T07:01:00Z", "2026-11-26"},
		{"a server in Los Angeles", "2026-11-24T23:00:59-08:00", "2026-11-25"},
	} {
		if got := office.Earliest(moment(t, c.received)); got != day(t, c.want) {
			t.Errorf("%s: %s gives %v, want %s", c.name, c.received, got, c.want)
		}
	}
}

func TestHolidaysByLawAreThoseThatWereAnnounced(t *testing.T) {
	for d := (Date{2024, 1, 1}); IsAnnounced(d.Year); d = d.Add(1) {
		if byLaw(d) != table[d] {
			t.Errorf("%v: %q by law, announced is %q", d.Japanese(), byLaw(d), table[d])
		}
	}
	if len(table) != 21+19+18+17 {
		t.Errorf("%d days are announced", len(table))
	}
}

func TestHolidaysThatAreNotAnnouncedAreComputed(t *testing.T) {
	for _, c := range []struct{ day, name string }{
		{"2028-01-10", "成人の日"},
		{"2028-03-20", "春分の日"},
		{"2028-09-22", "秋分の日"},
		{"2029-02-12", "休日"}, // after a Sunday
		{"2032-09-21", "休日"}, // between two holidays
		{"2033-05-06", ""},
		{"2036-05-06", "休日"},
		{"2049-09-21", "休日"},
		{"2099-09-23", "秋分の日"},
		{"2028-12-25", ""},
	} {
		if d := day(t, c.day); Holiday(d) != c.name || IsAnnounced(d.Year) {
			t.Errorf("%s is %q, want %q", d.Japanese(), Holiday(d), c.name)
		}
	}
}

func TestDatesAreWrittenWithTheirWeekday(t *testing.T) {
	d := day(t, "2026-11-25")
	if got := d.Japanese(); got != "2026年11月25日(水)" {
		t.Error(got)
	}
	if got := d.English(); got != "Wednesday, 25 November 2026" {
		t.Error(got)
	}
	if got := day(t, "2024-01-05").Japanese(); got != "2024年1月5日(金)" {
		t.Error(got)
	}
}

func TestDatesOfTheConfiguration(t *testing.T) {
	for _, text := range []string{"", "2026/12/29", "2026-02-30", "2026-12-29T00:00:00Z", "26-12-29"} {
		if d, err := ParseDate(text); err == nil {
			t.Errorf("%q is %v", text, d)
		}
	}
}

func TestTimesOfReceiptAreJapansUnlessTheySayOtherwise(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"2026-11-25 15:59", "2026-11-25T15:59:00+09:00"},
		{"2026-11-25T15:59", "2026-11-25T15:59:00+09:00"},
		{"2026-11-25T15:59:30", "2026-11-25T15:59:30+09:00"},
		{"2026-11-25T15:59:00+09:00", "2026-11-25T15:59:00+09:00"},
		{"2026-11-25T06:59:00Z", "2026-11-25T15:59:00+09:00"},
	} {
		got, err := ParseTime(c.text)
		if err != nil || !got.Equal(moment(t, c.want)) {
			t.Errorf("%s is %v, %v, want %s", c.text, got, err, c.want)
		}
	}
	for _, text := range []string{"", "yesterday", "15:59", "2026-11-25", "2026-11-25T25:00", "2026-02-30 10:00", "2026-11-25T15:59+09:00x"} {
		if at, err := ParseTime(text); err == nil {
			t.Errorf("%q is %v", text, at)
		}
	}
}
