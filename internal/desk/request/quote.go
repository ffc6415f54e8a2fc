package request

import "regexp"

// What mail programs write above a whole mail that they quote.
var (
	divider = regexp.MustCompile(`(?i)^[-=_*]{3,}\s*(?:original\s*(?:message|mail|-)|forwarded (?:message|by)|元の(?:メッセージ|メール)|転送(?:された|元の?)?(?:メッセージ|メール)|引用)` +
		`|^(?:begin forwarded message|転送されたメッセージ)\s*:`)
	attribution = regexp.MustCompile(`\d:\d\d.*(?:@.*|の(?:メール|メッセージ)\s*):$|[\d@>].*\swrote\s*:$|さん?[はが]書きました\s*:$|[様>)\d]\s*の(?:メール|メッセージ)\s*:$`)
	timeOfDay   = regexp.MustCompile(`\d:\d\d`)
	fromField   = regexp.MustCompile(`^\*?(?:From|差出人|送信者)\s*:`)
	otherField  = regexp.MustCompile(`^\*?(?:Sent|Date|To|Subject|送信日時|日時|日付|宛先|件名)\s*:`)
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
		case divider.MatchString(text), isAttribution(text, lines[i+1:]), !top && isHeader(text, lines[i+1:]):
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

// isHeader reports whether the fields of a header begin.
func isHeader(text string, below []line) bool {
	if !fromField.MatchString(text) {
		return false
	}
	for _, l := range below[:min(3, len(below))] {
		if otherField.MatchString(plain(l.text)) {
			return true
		}
	}
	return false
}
