package mta

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Message is a message on its way through the MTA.
type Message struct {
	From       string // the envelope's sender; empty: a bounce
	Recipients []string
	Login      string // SMTP AUTH; empty: none
	QueueID    string
	Text       []byte // header and body, lines ending in CRLF
}

// Result is what a milter makes of a message, as far as it has come.
type Result struct {
	Answer   byte   // Continue, or what ended it
	Step     byte   // the command that was answered last
	Reply    string // what the client is told if the message is refused
	Inserted []Insertion
}

// Final says whether the milter wants to hear no more of the message.
func (r Result) Final() bool { return r.Answer != Continue }

// Insertion is a header field to insert. Lines of the value end in LF.
type Insertion struct {
	Index       uint32 // how many fields are to stand above it
	Name, Value string
}

// Apply returns the text of a message as the MTA passes it on.
func (r Result) Apply(text []byte) ([]byte, error) {
	fields, body, err := split(text)
	if err != nil {
		return nil, err
	}
	for _, in := range r.Inserted {
		field := in.Name + ": " + strings.ReplaceAll(in.Value, "\n", "\r\n") + "\r\n"
		fields = slices.Insert(fields, min(int(in.Index), len(fields)), field)
	}
	return append([]byte(strings.Join(fields, "")+"\r\n"), body...), nil
}

// split returns the header fields of a message, with all their line ends, and
// the body.
func split(text []byte) (fields []string, body []byte, err error) {
	for {
		line, rest, ok := bytes.Cut(text, []byte("\r\n"))
		switch {
		case len(text) == 0 && len(fields) > 0:
			return fields, nil, nil // a header is all there is
		case !ok:
			return nil, nil, fmt.Errorf("a line without an end: %q", text)
		case len(line) == 0:
			return fields, rest, nil
		case line[0] != ' ' && line[0] != '\t' && bytes.IndexByte(line, ':') > 0:
			fields = append(fields, string(line)+"\r\n")
		case len(fields) > 0 && (line[0] == ' ' || line[0] == '\t'):
			fields[len(fields)-1] += string(line) + "\r\n"
		default:
			return nil, nil, fmt.Errorf("not a header field: %q", line)
		}
		text = rest
	}
}

// headerFrame returns a field as a milter gets it: lines end in LF, and one
// blank after the colon is eaten.
func headerFrame(field string) []byte {
	name, value, _ := strings.Cut(strings.TrimSuffix(field, "\r\n"), ":")
	name = strings.TrimRight(name, " \t")
	value = strings.ReplaceAll(strings.TrimPrefix(value, " "), "\r\n", "\n")
	return fmt.Appendf(nil, "%s\x00%s\x00", name, value)
}
