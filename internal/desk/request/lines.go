package request

import (
	"regexp"
	"strings"
)

// line is a line of a mail, without the marks of a quotation.
type line struct {
	text   string
	quoted bool
}

var (
	quoteMark = regexp.MustCompile(`^(?:[ \t\x{3000}]*[>\x{ff1e}])+[ \t\x{3000}]?`)
	// quoteBelow is what mail programs write above a whole mail that they quote.
	quoteBelow = regexp.MustCompile(`^(?:-{3,}\s*(?i:original message|forwarded message|元のメッセージ|転送(?:された)?メッセージ)|(?:From|差出人)\s*[:\x{ff1a}].*@)`)
)

// split splits a text into lines.
func split(text string) []line {
	var lines []line
	below := false
	for content := range strings.SplitSeq(text, "\n") {
		mark := quoteMark.FindString(content)
		content = strings.TrimSpace(content[len(mark):])
		below = below || quoteBelow.MatchString(content)
		lines = append(lines, line{content, below || mark != ""})
	}
	return lines
}
