package calendar

import (
	"regexp"
	"slices"
	"strings"

	"dkimd/keys/finding"

	"golang.org/x/text/unicode/norm"
)

// meaning is what a wish says: the days that it allows, and what was noticed.
type meaning struct {
	from, to Date // zero: as early as can be, without end
	yearless bool // a date without a year
	codes    []finding.Code
}

// note adds a code once.
func (m *meaning) note(code finding.Code) {
	if !slices.Contains(m.codes, code) {
		m.codes = append(m.codes, code)
	}
}

// maxTyped is how much is read, in bytes: a date takes a line.
const maxTyped = 500

var (
	timeOfDay = regexp.MustCompile(`(?:(?:午前|午後)?\d{1,2}(?::\d\d|時)(?:半|\d{1,2}分)?|\d{1,2}[ap]m|\b[ap]m\b|午前|午後|朝|正午|昼|夕方?|夜間?|始業|終業)(?:中|頃|ごろ|以降|以前|から|まで|に|前|後|~|〜|-)*`)
	fromThen  = regexp.MustCompile(`以降|以後|から|~$|〜$`)
	untilThen = regexp.MustCompile(`まで|迄|以前|遅くとも`)
	// excluded are days on which it must not be done.
	excluded = regexp.MustCompile(`以外|不可|除[くき]|避け|都合が?悪|だめ|ダメ|\bng\b|希望(?:し|いたし|致し)ません`)
	// otherEra is any but 令和, which began in 2019.
	otherEra = regexp.MustCompile(`平成|昭和|大正|明治|(?:^|[^a-z])[hstm]\.?\d`)
)

// named returns the day that is meant; of days from one on, or until one, that one.
func (m *meaning) named() (en, ja string) {
	if m.to.IsZero() && !m.from.IsZero() {
		return m.from.English() + " or later", m.from.Japanese() + "以降"
	}
	return m.to.English(), m.to.Japanese()
}

// compare looks whether words beside a date say the same: 明日(11/27) may not.
func (m *meaning) compare(rest string, today Date) {
	if m.to.IsZero() || len(m.codes) > 0 && m.codes[0] == Unreadable {
		return
	}
	var said meaning
	said.readWords(rest, today)
	if !said.from.IsZero() && m.from.Before(said.from) || !said.to.IsZero() && said.to.Before(m.to) {
		m.note(SeveralDates)
	}
	if strings.Contains(rest, "祝") && Holiday(m.to) == "" {
		m.note(WeekdayMismatch)
	}
}

// read reads a wish that was received today.
func read(typed string, today Date) meaning {
	if len(typed) > maxTyped {
		return meaning{codes: []finding.Code{Unreadable}}
	}
	text := plain(typed)
	rest := written.ReplaceAllString(text, "")
	var m meaning
	if excluded.MatchString(text) || otherEra.MatchString(text) {
		m.note(Unreadable)
		return m
	}
	if timeOfDay.MatchString(rest) {
		m.note(TimeOfDay)
		rest = timeOfDay.ReplaceAllString(rest, "")
	}
	dates := written.FindAllStringSubmatchIndex(text, -1)
	if len(dates) == 0 {
		m.readWords(rest, today)
	} else {
		m.readDates(text, dates, today)
		m.compare(rest, today)
	}
	if len(dates) < 2 {
		switch {
		case fromThen.MatchString(rest):
			m.to = Date{}
		case untilThen.MatchString(rest):
			m.from = Date{}
		}
	}
	return m
}

// plain folds full-width letters, digits and signs, and removes blanks but between
// digits, where they end a number.
func plain(typed string) string {
	var b strings.Builder
	digit := false
	for field := range strings.FieldsSeq(strings.ToLower(norm.NFKC.String(typed))) {
		if digit && isDigit(field[0]) {
			b.WriteByte(' ')
		}
		b.WriteString(field)
		digit = isDigit(field[len(field)-1])
	}
	return eightDigits.ReplaceAllString(dashes.Replace(b.String()), "$1/$2/$3")
}

var (
	dashes      = strings.NewReplacer("‐", "-", "–", "-", "—", "-", "−", "-", "ー", "-")
	eightDigits = regexp.MustCompile(`\b(20\d\d)(\d\d)(\d\d)\b`)
)

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
