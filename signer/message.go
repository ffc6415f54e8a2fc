package signer

import (
	"bytes"
	"strings"
)

// Message is a whole message from a file, its lines ending in CRLF.
type Message struct {
	text   []byte
	fields []field // all of them
	body   []byte
}

// ParseMessage splits a message into fields and body. Lines may end in LF or
// CRLF: as mail leaves the MTA, they end in CRLF. A header without an empty line
// after it gets one.
func ParseMessage(text []byte) *Message {
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	text = bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
	if !bytes.Contains(text, []byte("\r\n\r\n")) {
		text = append(bytes.TrimSuffix(text, []byte("\r\n")), "\r\n\r\n"...)
	}
	if bytes.HasPrefix(text, []byte("From ")) { // the line that parts messages of an mbox
		_, text, _ = bytes.Cut(text, []byte("\r\n"))
	}
	m := &Message{text: text}
	rest := text
	for len(rest) > 0 {
		line, after, _ := bytes.Cut(rest, []byte("\r\n"))
		rest = after
		if len(line) == 0 {
			break
		}
		if n := len(m.fields); n > 0 && (line[0] == ' ' || line[0] == '\t') {
			m.fields[n-1].value += "\r\n" + string(line)
			continue
		}
		name, value, _ := strings.Cut(string(line), ":")
		m.fields = append(m.fields, field{strings.TrimRight(name, " \t"), value})
	}
	m.body = rest
	return m
}

// Text returns the message with the given DKIM-Signature values on top.
func (m *Message) Text(signatures []string) []byte {
	var text bytes.Buffer
	for _, value := range signatures {
		text.WriteString(FieldName + ": " + value + "\r\n")
	}
	text.Write(m.text)
	return text.Bytes()
}

// Header returns what a signer needs of the header; also has the lower-case
// names of fields to sign besides the usual ones.
func (m *Message) Header(also map[string]bool) *Header {
	h := Header{Also: also}
	for _, f := range m.fields {
		h.Add(f.name, strings.ReplaceAll(f.value, "\r\n", "\n"))
	}
	return &h
}

// FromDomain returns the domain of the author, in A-labels. The error says why
// there is not exactly one.
func (m *Message) FromDomain() (string, error) {
	author, _, err := m.Header(nil).author()
	return author.domain, err
}
