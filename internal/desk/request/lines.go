package request

import (
	"regexp"
	"strings"
	"unicode"
)

// line is a line of a mail, without the marks of a quotation.
type line struct {
	text   string
	quoted bool
	signs  bool  // it stands above a signature
	label  label // of a cell: what stands above or beside it
}

// signature is the line above one, with its blank (RFC 3676, section 4.3). Without it,
// people divide what they write.
const signature = "-- "

var quoteMark = regexp.MustCompile(`^(?:[ \t\x{3000}]*[>\x{ff1e}])+[ \t\x{3000}]?`)

// split splits a text into lines. Below what mail programs write above a whole mail,
// all is quoted.
func split(text string) []line {
	var lines []line
	for content := range strings.SplitSeq(text, "\n") {
		mark := quoteMark.FindString(content)
		content = content[len(mark):]
		lines = append(lines, line{text: strings.TrimFunc(content, isBlank), quoted: mark != "", signs: content == signature})
	}
	for i := wholeMail(lines); i < len(lines); i++ {
		lines[i].quoted = true
	}
	return unroll(lines)
}

// isBlank reports whether a character can be left out at the ends of a line. Tabs may
// stand beside empty cells of a table.
func isBlank(r rune) bool { return unicode.IsSpace(r) && r != '\t' }
