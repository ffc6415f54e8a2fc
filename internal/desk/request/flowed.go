package request

import "strings"

// unflow puts lines together again that a mail program has broken (RFC 3676): a
// line that ends in a blank goes on in the next one. With delsp the blank is no part
// of the text.
func unflow(text string, delsp bool) string {
	var b strings.Builder
	open, depth := false, 0 // a line that goes on, and how deep it is quoted
	for line := range strings.SplitSeq(text, "\n") {
		content := strings.TrimLeft(line, ">")
		quotes := len(line) - len(content)
		content = strings.TrimPrefix(content, " ") // space-stuffing, section 4.4
		if !open || quotes != depth {
			if open || b.Len() > 0 {
				b.WriteByte('\n')
			}
			b.WriteString(strings.Repeat(">", quotes))
			if quotes > 0 {
				b.WriteByte(' ')
			}
		}
		depth = quotes
		open = strings.HasSuffix(content, " ") && content != "-- " // section 4.3
		if open && delsp {
			content = content[:len(content)-1]
		}
		b.WriteString(content)
	}
	return b.String()
}
