package calendar

import (
	_ "embed"
	"fmt"
	"strings"
	"time"
)

// announced are Japan's holidays as the Cabinet Office publishes them, in February
// for the year to come (https://www8.cao.go.jp/chosei/shukujitsu/gaiyou.html).
//
//go:embed syukujitsu.csv
var announced string

var table, years = readTable(announced)

func readTable(csv string) (map[Date]string, map[int]bool) {
	holidays, years := map[Date]string{}, map[int]bool{}
	for line := range strings.Lines(csv) {
		var d Date
		var name string
		if _, err := fmt.Sscanf(line, "%d/%d/%d,%s", &d.Year, &d.Month, &d.Day, &name); err != nil {
			continue // the line with the titles
		}
		holidays[d], years[d.Year] = name, true
	}
	return holidays, years
}

// Holiday returns the name of a holiday of Japan, "" if it is none: as announced,
// and in other years as the law says today.
func Holiday(d Date) string {
	if IsAnnounced(d.Year) {
		return table[d]
	}
	return byLaw(d)
}

// IsAnnounced reports whether the holidays of a year are known, not computed.
func IsAnnounced(year int) bool { return years[year] }

// substitute is how the Cabinet Office calls the holidays that article 3 makes.
const substitute = "休日"

// byLaw returns the name of a holiday by the Act on National Holidays (国民の祝日に
// 関する法律) as it has been in force since 2022.
func byLaw(d Date) string {
	if name := national(d); name != "" {
		return name
	}
	// Article 3 paragraph 2: the first day after a national holiday on a Sunday that
	// is no national holiday itself.
	for before := d.Add(-1); national(before) != ""; before = before.Add(-1) {
		if before.Weekday() == time.Sunday {
			return substitute
		}
	}
	// Article 3 paragraph 3: a day between two national holidays.
	if national(d.Add(-1)) != "" && national(d.Add(1)) != "" {
		return substitute
	}
	return ""
}

// national returns the name of a national holiday (article 2).
func national(d Date) string {
	isMonday := func(n int) bool { return d.Weekday() == time.Monday && (d.Day+6)/7 == n }
	switch {
	case d.Month == time.January && d.Day == 1:
		return "元日"
	case d.Month == time.January && isMonday(2):
		return "成人の日"
	case d.Month == time.February && d.Day == 11:
		return "建国記念の日"
	case d.Month == time.February && d.Day == 23:
		return "天皇誕生日"
	case d.Month == time.March && d.Day == equinox(d.Year, 20.8431):
		return "春分の日"
	case d.Month == time.April && d.Day == 29:
		return "昭和の日"
	case d.Month == time.May && d.Day == 3:
		return "憲法記念日"
	case d.Month == time.May && d.Day == 4:
		return "みどりの日"
	case d.Month == time.May && d.Day == 5:
		return "こどもの日"
	case d.Month == time.July && isMonday(3):
		return "海の日"
	case d.Month == time.August && d.Day == 11:
		return "山の日"
	case d.Month == time.September && isMonday(3):
		return "敬老の日"
	case d.Month == time.September && d.Day == equinox(d.Year, 23.2488):
		return "秋分の日"
	case d.Month == time.October && isMonday(2):
		return "スポーツの日"
	case d.Month == time.November && d.Day == 3:
		return "文化の日"
	case d.Month == time.November && d.Day == 23:
		return "勤労感謝の日"
	}
	return ""
}

// equinox returns the day of the month of an equinox from 1980 to 2099. In 1980 it
// was at the given time of the month; each year it is 0.242194 days later, and a
// leap day takes one back.
func equinox(year int, in1980 float64) int {
	since := year - 1980
	return int(in1980+0.242194*float64(since)) - since/4
}
