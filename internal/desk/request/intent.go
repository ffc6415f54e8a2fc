package request

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"dkimd/internal/desk/calendar"
	"dkimd/keys/finding"
	"dkimd/keys/record"
)

// withdrawn takes an order back, or puts it off.
var withdrawn = regexp.MustCompile(`(?i)キャンセル|取り?(?:消|下|止め|やめ)|中止|見送|不要(?:に|と)な|延期|保留|進めないで|\b(?:cancel|withdraw|postpone)`)

func isWithdrawn(text string) bool { return withdrawn.MatchString(plain(text)) }

// removal asks for something to be taken away.
var removal = regexp.MustCompile(`削除|解除|廃止|不要|取り?消|中止|キャンセル`)

// isRemoval reports whether a text is no value, but says that there is to be none.
func isRemoval(text string) bool {
	return kindOfValue(text) == "" && removal.MatchString(plain(text))
}

// Bounds of the words that are shown.
const (
	maxWords     = 50  // lines
	maxWordsLine = 300 // characters
)

// shown returns the sender's words as they may be shown: none if they may hold a part of
// a private key.
func shown(words []string) []string {
	if record.MayHoldPrivate(strings.Join(words, "\n")) {
		return nil
	}
	var all []string
	for _, line := range words[:min(len(words), maxWords)] {
		text := []rune(strings.Map(printable, line))
		if len(text) > maxWordsLine {
			text = append(text[:maxWordsLine], '…')
		}
		all = append(all, string(text))
	}
	if len(words) > maxWords {
		all = append(all, "…")
	}
	return all
}

// printable keeps what can be printed, and makes a blank of all else.
func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return ' '
}

var (
	sentenceEnd = regexp.MustCompile(`[。!?]`)
	// wishWord stands by a date that is wished for.
	wishWord = regexp.MustCompile(`希望|設定日|[でに](?:よろしく|宜しく)?お願い(?:(?:し|いたし|致し)ま[すせ]|でき|申し|した[くい]|$)`)
	// wishLabel stands before a date in words.
	wishLabel = regexp.MustCompile(`(?:希望|設定)日時?\s*[は:]\s*(.+)`)
	// sameAsAbove stands for the date of the form above.
	sameAsAbove = regexp.MustCompile(`^(?:同上|同じ|同日|〃|上記?(?:と|に)同)`)
)

// maxMentions is more dates than anybody gives in one mail.
const maxMentions = 50

// mention is a date that stands outside of a form.
type mention struct {
	text   string
	wished bool
}

// mentions returns the dates that stand in the sender's words.
func mentions(words []string) []mention {
	var all []mention
	for _, line := range words {
		if isField(plain(line)) {
			continue // when a mail was sent
		}
		for _, sentence := range sentenceEnd.Split(plain(line), -1) {
			text := calendar.Mention(sentence)
			if found := wishLabel.FindStringSubmatch(sentence); text == "" && found != nil {
				text = found[1]
			}
			if text != "" {
				all = append(all, mention{text, wishWord.MatchString(sentence)})
			}
			if len(all) == maxMentions {
				return all
			}
		}
	}
	return all
}

// ownDates returns the dates that stand behind labels, in whatever form.
func ownDates(forms []*form) []mention {
	var all []mention
	for _, f := range forms {
		for _, g := range f.groups {
			date := g.fields[dateLabel]
			if date == nil || date.quoted || f.example {
				continue
			}
			if text := strings.Join(date.lines, " "); text != "" && !sameAsAbove.MatchString(plain(text)) {
				all = append(all, mention{text, true})
			}
		}
	}
	return all[:min(len(all), maxMentions)]
}

// settleDates gives requests without a date the one that stands elsewhere in the mail, in
// other forms or in words, if it is one that is wished for. If that is not clear, or if
// the words speak of another day than the forms, the customer is asked.
func settleDates(all []*draft, others, said []mention, read func(string) calendar.Wish) {
	date, code := theDate(append(others, said...), read)
	saysOther := len(others) > 0 && slices.ContainsFunc(said, func(m mention) bool {
		return m.wished && !slices.ContainsFunc(others, func(other mention) bool { return read(other.text).Asked == read(m.text).Asked })
	})
	for i, d := range all {
		switch {
		case saysOther:
			d.codes = append(d.codes, DateUnclear)
		case i > 0 && sameAsAbove.MatchString(plain(d.date)):
			d.date = all[i-1].date
		case d.date == "" && code != "":
			d.date, d.codes = date, append(d.codes, code)
		}
	}
}

// theDate returns the one date that is wished for, and what to say of it.
func theDate(all []mention, read func(string) calendar.Wish) (date string, code finding.Code) {
	var day calendar.Date
	for _, m := range all {
		switch wish := read(m.text); {
		case !m.wished:
		case date == "":
			date, day = m.text, wish.Asked
		case wish.Asked != day:
			return "", DateUnclear
		}
	}
	switch {
	case date != "":
		return date, DateOutside
	case len(all) > 0:
		return "", DateUnclear
	}
	return "", ""
}
