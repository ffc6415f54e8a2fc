package request

import (
	"html"
	"regexp"
	"strings"
)

var (
	invisible = regexp.MustCompile(`(?is)<!--.*?-->|<(?:head|style|script|title)\b.*?</(?:head|style|script|title)\s*>`)
	tag       = regexp.MustCompile(`(?s)<(/?)([a-zA-Z][a-zA-Z0-9]*)[^>]*>`)
	blanks    = regexp.MustCompile(`[ \t\r\n]+`)
)

// fromHTML returns the text of HTML, with quotations marked as in plain text.
func fromHTML(source string) string {
	var b strings.Builder
	quote, end := 0, 0
	write := func(text string) {
		text = html.UnescapeString(blanks.ReplaceAllString(text, " "))
		b.WriteString(strings.ReplaceAll(text, "\u00a0", " ")) // &nbsp; is the mail program's
	}
	source = invisible.ReplaceAllString(source, "")
	for _, at := range tag.FindAllStringSubmatchIndex(source, -1) {
		write(source[end:at[0]])
		end = at[1]
		closes := at[2] < at[3]
		switch strings.ToLower(source[at[4]:at[5]]) {
		case "blockquote":
			if closes {
				quote = max(quote-1, 0)
			} else {
				quote++
			}
			newLine(&b, quote)
		case "br", "p", "div", "tr", "li", "ul", "ol", "table", "hr", "pre", "h1", "h2", "h3", "h4", "h5", "h6":
			newLine(&b, quote)
		case "td", "th":
			if closes {
				b.WriteByte('\t')
			}
		}
	}
	write(source[end:])
	return b.String()
}

// maxQuote is how deep a quotation is marked: one mark says it all.
const maxQuote = 1

func newLine(b *strings.Builder, quote int) {
	b.WriteByte('\n')
	b.WriteString(strings.Repeat("> ", min(quote, maxQuote)))
}
