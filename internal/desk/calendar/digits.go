package calendar

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// written is a date in digits: 2024年1月5日(金), 2024/1/5, 令和6年1月5日, R6.1.5,
// 6年1月5日, 来年1月5日, 1月5日, 1/5(金).
var written = regexp.MustCompile(
	`(?:(?:(?:令和|r)\.?(?P<reiwa>元|\d{1,2})(?:年|[-/.])|(?P<year>\d{4})(?:年|[-/.])|(?P<short>\d{1,2})年)(?P<m>\d{1,2})(?:月|[-/.])(?P<d>\d{1,2})日?` +
		`|(?P<word>今年|本年|来年|明年)?の?(?P<month>\d{1,2})[月/](?P<day>\d{1,2})日?)` +
		`(?:\((?P<bracketed>[月火水木金土日])[^)]*\)|(?P<named>[月火水木金土日])曜日?|\(?(?P<english>sun|mon|tue|wed|thu|fri|sat)[a-z]*\)?)?`)

// reiwa is the year before the first of the era 令和.
const reiwa = 2018

// recent is for how many days a date without a year has gone by; before that, the one
// of next year is meant.
const recent = 60

// readDates reads dates in digits. at holds where they stand in the text.
func (m *meaning) readDates(text string, at [][]int, today Date) {
	for i, pos := range at {
		if !standsAlone(text, pos[0], pos[1]) {
			m.note(Unreadable)
			return
		}
		d := m.readDate(func(group string) string {
			if n := 2 * written.SubexpIndex(group); pos[n] >= 0 {
				return text[pos[n]:pos[n+1]]
			}
			return ""
		}, today)
		if d.IsZero() {
			return
		}
		switch {
		case i == 0:
			m.from, m.to = d, d
		case d == m.to: // the same again
		case i == 1 && isRange(text[at[0][1]:pos[0]]) && m.from.Before(d):
			m.to = d
		default:
			m.note(SeveralDates)
			return
		}
	}
}

// Mention returns what a sentence says from its first date in digits on, "" if it has none.
func Mention(sentence string) string {
	text := plain(sentence)
	for _, at := range written.FindAllStringIndex(text, -1) {
		if standsAlone(text, at[0], at[1]) {
			return text[at[0]:]
		}
	}
	return ""
}

// standsAlone reports whether what was found is not a part of something longer.
func standsAlone(text string, start, end int) bool {
	before, after := text[:start], text[end:]
	if before != "" && (isDigit(before[len(before)-1]) || strings.HasSuffix(before, "/") || strings.HasSuffix(before, ".") || strings.HasSuffix(before, "年")) {
		return false
	}
	if after != "" && isDigit(text[end-1]) && isDigit(after[0]) {
		return false
	}
	return len(after) < 2 || !strings.ContainsRune("/.", rune(after[0])) || !isDigit(after[1])
}

// isRange reports whether what stands between two dates means: from one to the other.
func isRange(between string) bool {
	switch between {
	case "~", "〜", "-", "から", "より":
		return true
	}
	return false
}

// readDate reads one date, given by its groups. The zero Date is none.
func (m *meaning) readDate(group func(string) string, today Date) Date {
	number := func(name string) int { n, _ := strconv.Atoi(group(name)); return n }
	d := Date{today.Year, time.Month(number("m") + number("month")), number("d") + number("day")}
	switch {
	case group("reiwa") == "元":
		d.Year = reiwa + 1
	case group("reiwa") != "":
		d.Year = reiwa + number("reiwa")
	case group("year") != "":
		d.Year = number("year")
	case len(group("short")) == 1:
		d.Year = reiwa + number("short")
	case group("short") != "":
		d.Year = 2000 + number("short")
	case group("word") == "来年" || group("word") == "明年":
		d.Year++
	case group("word") == "":
		m.yearless = true
		if !d.IsValid() || d.Before(today.Add(-recent)) {
			d.Year++
		}
	}
	if !d.IsValid() {
		m.note(NoSuchDay)
		return Date{}
	}
	weekday := group("bracketed") + group("named") + group("english")
	if weekday != "" && !isWeekday(weekday, d) {
		m.note(WeekdayMismatch)
		m.from, m.to = d, d
		return Date{}
	}
	if m.yearless {
		m.note(Assumed)
	}
	return d
}

// isWeekday reports whether a date is on a day of the week, given in Japanese or by
// three English letters.
func isWeekday(name string, d Date) bool {
	weekday := d.Weekday()
	return name == string(weekdays[weekday]) || name == strings.ToLower(weekday.String()[:3])
}
