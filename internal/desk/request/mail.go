package request

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"time"
)

// Bounds of what is read of a mail.
const (
	maxText  = 256 << 10 // bytes of each text
	maxField = 16 << 10  // of each header field
	maxParts = 50
	maxDepth = 5 // of parts within parts
)

// message is what is read of a mail.
type message struct {
	isMail     bool // otherwise a text without header
	from       string
	subject    string
	received   time.Time // zero: unknown
	text       string
	cut        bool // there was more than maxText or maxParts
	privateKey bool // there is one in the text or in an attached file
}

// open reads a whole mail, or a text.
func open(content []byte) message {
	var m message
	msg, err := mail.ReadMessage(bytes.NewReader(withoutMboxLine(content)))
	if err != nil || !isMail(msg.Header) {
		m.text = m.textOf(bytes.NewReader(content), "")
		return m
	}
	m.isMail = true
	m.from = headerField(msg.Header, "From")
	m.subject = subject(headerField(msg.Header, "Subject"))
	m.received = received(msg.Header)
	parts := maxParts
	m.text, _ = m.read(textproto.MIMEHeader(msg.Header), msg.Body, maxDepth, &parts)
	return m
}

// withoutMboxLine removes the line that mail folders put before each mail.
func withoutMboxLine(content []byte) []byte {
	if bytes.HasPrefix(content, []byte("From ")) {
		_, content, _ = bytes.Cut(content, []byte("\n"))
	}
	return content
}

func isMail(h mail.Header) bool {
	for _, name := range []string{"Received", "From", "Date", "Subject", "Message-Id", "Mime-Version", "Content-Type"} {
		if h.Get(name) != "" {
			return true
		}
	}
	return false
}

func headerField(h mail.Header, name string) string {
	field := h.Get(name)
	return decode([]byte(field[:min(len(field), maxField)]), "")
}

// received returns the time in the topmost Received field: our own server wrote it,
// all below and the Date may come from the sender.
func received(h mail.Header) time.Time {
	field := h.Get("Received")
	at, err := mail.ParseDate(strings.TrimSpace(field[strings.LastIndex(field, ";")+1:]))
	if err != nil {
		return time.Time{}
	}
	return at
}

var words = mime.WordDecoder{CharsetReader: func(charset string, r io.Reader) (io.Reader, error) {
	content, err := io.ReadAll(r)
	return strings.NewReader(decode(content, charset)), err
}}

func subject(field string) string {
	text, err := words.DecodeHeader(field)
	if err != nil {
		return field
	}
	return text
}

// read returns the text of a part, and whether it was HTML.
func (m *message) read(header textproto.MIMEHeader, body io.Reader, depth int, parts *int) (text string, html bool) {
	kind, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if kind == "" || err != nil && params == nil {
		kind = "text/plain"
	}
	if strings.HasPrefix(kind, "multipart/") && params["boundary"] != "" {
		if depth == 0 {
			m.cut = true
			return "", false
		}
		return m.readParts(multipart.NewReader(body, params["boundary"]), kind == "multipart/alternative", depth-1, parts)
	}

	body = transferDecoded(body, header.Get("Content-Transfer-Encoding"))
	disposition, _, _ := mime.ParseMediaType(header.Get("Content-Disposition"))
	text = m.textOf(body, params["charset"])
	switch {
	case disposition == "attachment":
		return "", false
	case kind == "text/html":
		text = fromHTML(text)
		m.privateKey = m.privateKey || holdsPrivateKey(text) // no longer cut by tags
		return text, true
	case kind != "text/plain":
		return "", false
	case strings.EqualFold(params["format"], "flowed"):
		return unflow(text, strings.EqualFold(params["delsp"], "yes")), false
	}
	return text, false
}

// readParts returns the texts of all parts, one after the other; of alternatives,
// the first that is plain.
func (m *message) readParts(r *multipart.Reader, alternative bool, depth int, parts *int) (text string, html bool) {
	var texts []string
	for {
		part, err := r.NextRawPart()
		if err != nil {
			break // what was read counts, also of a mail that ends too early
		}
		if *parts--; *parts < 0 {
			m.cut = true
			break
		}
		partText, isHTML := m.read(part.Header, part, depth, parts)
		switch {
		case strings.TrimSpace(partText) == "":
		case alternative && (len(texts) == 0 || html && !isHTML):
			texts, html = []string{partText}, isHTML
		case !alternative:
			texts, html = append(texts, partText), isHTML
		}
	}
	return strings.Join(texts, "\n"), html
}

func transferDecoded(body io.Reader, encoding string) io.Reader {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		return quotedprintable.NewReader(body)
	}
	return body
}

// textOf reads a text, and looks for a private key in it.
func (m *message) textOf(body io.Reader, charset string) string {
	content, _ := io.ReadAll(io.LimitReader(body, maxText+1)) // what was read counts
	if len(content) > maxText {
		content, m.cut = content[:maxText], true
	}
	text := strings.ReplaceAll(decode(content, charset), "\r\n", "\n")
	m.privateKey = m.privateKey || holdsPrivateKey(text)
	return text
}
