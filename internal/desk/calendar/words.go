package calendar

import (
	"regexp"
	"slices"
	"time"

	"dkimd/keys/finding"
)

// words are wishes without digits, and the days that they allow. The first that
// fits counts.
var words = []struct {
	pattern *regexp.Regexp
	code    finding.Code // what to say, "" nothing
	days    func(today Date, name, weekday string) (from, to Date)
}{
	{regexp.MustCompile(`^[^\p{L}\p{N}]*$|(?:希望|指定)日?は?(?:な|無)し|^(?:な|無)し|特に(?:な|無|あり|ござい)|いつでも|おまかせ|お任せ|問い?(?:ません|わない)|急(?:ぎ|いで)(?:い|おり)?ません|急ぎでは`),
		NoWish, anyDay},
	{regexp.MustCompile(`急ぎ|至急|早急|早め|早く|なるはや|なる早|最短|最速|なるべく|(?:でき|出来)るだけ|(?:でき|出来)る限り|可能な限り|すぐ|直ちに|asap|soon`),
		"", anyDay},
	{regexp.MustCompile(`(本日|今日|当日|即日|明日|あした|あす|翌日|明後日|あさって|翌々日)`), "", nearDay},
	{regexp.MustCompile(`翌営業日`), "", func(today Date, _, _ string) (from, to Date) { return today.Add(1), Date{} }},
	{regexp.MustCompile(`(今週|来週|翌週|再来週)の?(?:([月火水木金土日])曜?)`), Assumed, dayOfWeek},
	{regexp.MustCompile(`(今週|来週|翌週|再来週)`), "", week},
	{regexp.MustCompile(`^(次|今度)?の?\(?([月火水木金土日])曜`), Assumed, nextWeekday},
	{regexp.MustCompile(`今月[中内]|^月内`), "", func(today Date, _, _ string) (from, to Date) {
		return Date{}, Date{today.Year, today.Month + 1, 0}.Add(0)
	}},
	{regexp.MustCompile(`年内|今年中`), "", func(today Date, _, _ string) (from, to Date) {
		return Date{}, Date{today.Year, time.December, 31}
	}},
}

// readWords reads a wish without a date in digits.
func (m *meaning) readWords(text string, today Date) {
	if text == "" && len(m.codes) > 0 {
		return // there was a time of day, and that was all
	}
	for _, w := range words {
		groups := append(w.pattern.FindStringSubmatch(text), "", "")
		if len(groups) == 2 {
			continue
		}
		if w.code != "" {
			m.note(w.code)
		}
		m.from, m.to = w.days(today, groups[1], groups[2])
		return
	}
	m.note(Unreadable)
}

func anyDay(Date, string, string) (from, to Date) { return Date{}, Date{} }

func nearDay(today Date, name, _ string) (from, to Date) {
	ahead := map[string]int{"明日": 1, "あした": 1, "あす": 1, "翌日": 1, "明後日": 2, "あさって": 2, "翌々日": 2}
	d := today.Add(ahead[name])
	return d, d
}

// week allows a week, from Monday on.
func week(today Date, name, _ string) (from, to Date) {
	weeks := map[string]int{"来週": 1, "翌週": 1, "再来週": 2}
	monday := today.Add(7*weeks[name] - int(today.Weekday()+6)%7)
	return monday, monday.Add(6)
}

func dayOfWeek(today Date, name, weekday string) (from, to Date) {
	monday, _ := week(today, name, "")
	d := monday.Add((slices.Index(weekdays, []rune(weekday)[0]) + 6) % 7)
	return d, d
}

func nextWeekday(today Date, _, weekday string) (from, to Date) {
	d := today.Add(1)
	for !isWeekday(weekday, d) {
		d = d.Add(1)
	}
	return d, d
}
