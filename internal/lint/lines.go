package lint

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Line is a record as it stands in a file.
type Line struct {
	Number      int
	Host, Value string
}

// ParseLines reads records from lines: a host and a value, or what a zone file has
// for a TXT record (RFC 1035 section 5.1). Empty lines and comments are left out.
// Errors name lines, and repeat nothing of them. What is good is returned beside
// the error.
func ParseLines(text string) ([]Line, error) {
	var lines []Line
	var errs []error
	number := 0
	next := func() (line string, ok bool) {
		line, text, _ = strings.Cut(text, "\n")
		number++
		return strings.TrimRight(line, "\r"), line != "" || text != ""
	}
	for {
		line, ok := next()
		if !ok {
			return lines, errors.Join(errs...)
		}
		first := number
		host, value := strings.TrimSpace(line), ""
		if blank := strings.IndexAny(host, " \t"); blank >= 0 {
			host, value = host[:blank], host[blank:]
		}
		zoneLine := txtLine.FindStringSubmatch(line)
		switch {
		case host == "" || strings.ContainsRune("#;", rune(host[0])) || host == "$TTL":
			continue
		case host == "$ORIGIN" || host == "$INCLUDE":
			errs = append(errs, fmt.Errorf("line %d: %s is not for here: write whole hosts", first, host))
			continue
		case zoneLine != nil:
			host, value = zoneLine[1], zoneLine[2]+zoneLine[3]
			data, open := readStrings(value)
			for open {
				if line, open = next(); open {
					value += "\n" + line
					data, open = readStrings(value)
				}
			}
			value = data
		}
		if value = strings.TrimSpace(value); value == "" {
			errs = append(errs, fmt.Errorf("line %d: a host and a value are needed", first))
			continue
		}
		lines = append(lines, Line{first, host, value})
	}
}

// txtLine matches a line with the data of a TXT record as in a zone file. If it is in
// quotation marks, the type need not be there.
var txtLine = regexp.MustCompile(`(?i)^(\S+)\s+(?:(?:[0-9]+[0-9smhdw]*|IN)\s+)*(?:TXT\s+(.*)|(".*")\s*)$`)

// readStrings reads the data of a TXT record and joins its strings. Open reports
// whether a parenthesis is not closed.
func readStrings(data string) (joined string, open bool) {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case c == '\\' && i+3 < len(data) && isOctet(data[i+1:i+4]):
			b.WriteByte(octet(data[i+1 : i+4]))
			i += 3
		case c == '\\' && i+1 < len(data):
			i++
			b.WriteByte(data[i])
		case c == '"':
			quoted = !quoted
		case quoted:
			b.WriteByte(c)
		case c == ';': // a comment
			if end := strings.IndexByte(data[i:], '\n'); end >= 0 {
				i += end
			} else {
				i = len(data)
			}
		case c == '(':
			open = true
		case c == ')':
			open = false
		case strings.IndexByte(" \t\r\n", c) < 0:
			b.WriteByte(c)
		}
	}
	return b.String(), open
}

var isOctet = regexp.MustCompile(`^(?:[01][0-9][0-9]|2[0-4][0-9]|25[0-5])$`).MatchString

func octet(digits string) byte { return byte(number(digits)) }
