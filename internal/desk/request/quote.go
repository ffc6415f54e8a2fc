package request

import (
	"regexp"
	"slices"
)

// What mail programs write above a whole mail that they quote.
var (
	divider = regexp.MustCompile(`(?i)^[^\p{L}\p{N}\s]{3,}\s*(?:original\s*(?:message|mail|-)|forwarded (?:message|by)|元の?(?:メッセージ|メール)|転送(?:された|元の?)?(?:メッセージ|メール)|引用|前回)` +
		`|^(?:begin forwarded message|転送されたメッセージ)\s*:`)
	attribution = regexp.MustCompile(`\d:\d\d.*(?:<[^<>]*@[^<>]*>\s*:|の(?:メール|メッセージ)\s*:)$|[\d@>].*\swrote\s*:$|さん?[はが].{0,40}書きました\s*:$|[様>)\d]\s*の(?:メール|メッセージ)\s*:$`)
	timeOfDay   = regexp.MustCompile(`\d:\d\d`)
	// A field of a header, and some stand all in one line.
	mailField = regexp.MustCompile(`(?:^|\s)\*?(From|Sender|Sent|Date|To|Cc|Subject|差出人|送信者|送信日時|受信日時|日時|日付|宛先|CC|件名|題名)\s*:`)
)

// wholeMail returns the index of the first line of a whole mail that is quoted without
// a mark before each line, len(lines) if there is none. A header at the very top is
// that of the mail itself, which somebody has pasted.
func wholeMail(lines []line) int {
	top := true
	for i, l := range lines {
		switch text := plain(l.text); {
		case text == "":
			continue
		case l.quoted:
		case top && isField(text):
			continue
		case divider.MatchString(text), isAttribution(text, lines[i+1:]), isHeader(lines[i:]):
			return i
		}
		top = false
	}
	return len(lines)
}

// isAttribution reports whether a line, which may be broken over two, says who has
// written what is below, and nothing else marks that.
func isAttribution(text string, below []line) bool {
	if attribution.MatchString(text) {
		return !isMarked(below)
	}
	if len(below) == 0 || !timeOfDay.MatchString(text) {
		return false
	}
	next := plain(below[0].text)
	return !attribution.MatchString(next) && attribution.MatchString(text+" "+next) && !isMarked(below[1:])
}

// isMarked reports whether the next line with something on it is marked as quoted.
func isMarked(lines []line) bool {
	for _, l := range lines {
		if l.quoted || l.text != "" {
			return l.quoted
		}
	}
	return false
}

// maxFields is how many lines are looked at for a header's From.
const maxFields = 8

// isHeader reports whether the fields of a header begin: two or more, one of them From.
func isHeader(lines []line) bool {
	count, from := 0, false
	for _, l := range lines[:min(maxFields, len(lines))] {
		text := plain(l.text)
		if text == "" && count > 0 { // HTML has paragraphs
			continue
		}
		if !isField(text) {
			break
		}
		for _, field := range mailField.FindAllStringSubmatch(text, -1) {
			count++
			from = from || slices.Contains([]string{"From", "Sender", "差出人", "送信者"}, field[1])
		}
	}
	return from && count > 1
}

// isField reports whether a line begins with a field of a header.
func isField(text string) bool {
	at := mailField.FindStringIndex(text)
	return at != nil && at[0] == 0
}
