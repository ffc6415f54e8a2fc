package signer

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// oddMessages returns messages from files and large ones, by name.
func oddMessages(t *testing.T) map[string]*Message {
	t.Helper()
	files, err := filepath.Glob("../internal/e2e/testdata/messages/*.eml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no messages: %v", err)
	}
	messages := map[string]*Message{
		"lines that end in LF":   ParseMessage([]byte("From: taro@example.jp\nSubject: a\n b\n\nhello\n\nhello\n")),
		"a body of blanks alone": ParseMessage([]byte("From: taro@example.jp\r\n\r\n" + strings.Repeat(" \t\r\n", 10000))),
		"an attachment of 5 MB":  withAttachment(5 << 20),
		"the most fields":        withFields("To: member@example.com\r\n", maxHeaderFields-1),
		"a field of 2000 lines":  withFields("References:"+strings.Repeat(" <20261123.0001@example.jp>\r\n", 2000), 1),
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		messages[strings.TrimSuffix(filepath.Base(file), ".eml")] = ParseMessage(text)
	}
	return messages
}

// onTheWire returns a signed message as Postfix sends it, which takes the blanks
// before a colon out and ends the last line.
func onTheWire(m *Message, values []string) []byte {
	var text bytes.Buffer
	for _, value := range values {
		text.WriteString(FieldName + ": " + value + "\r\n")
	}
	for _, f := range m.fields {
		text.WriteString(f.name + ":" + f.value + "\r\n")
	}
	text.WriteString("\r\n")
	text.Write(m.body)
	if !bytes.HasSuffix(m.body, []byte("\r\n")) {
		text.WriteString("\r\n")
	}
	return text.Bytes()
}

// withAttachment returns a message with an attachment of a size.
func withAttachment(size int) *Message {
	random := rand.NewChaCha8([32]byte{})
	content := make([]byte, size)
	random.Read(content)
	var text bytes.Buffer
	text.WriteString("From: taro@example.jp\r\nTo: hanako@example.com\r\nSubject: the plans\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/mixed; boundary=next\r\n\r\n--next\r\nContent-Type: text/plain\r\n\r\nSee the plans.\r\n" +
		"--next\r\nContent-Type: application/zip; name=plans.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	const bytesPerLine = 57 // 76 in base64
	for len(content) > 0 {
		n := min(len(content), bytesPerLine)
		text.WriteString(base64.StdEncoding.EncodeToString(content[:n]) + "\r\n")
		content = content[n:]
	}
	text.WriteString("--next--\r\n")
	return ParseMessage(text.Bytes())
}

// withFields returns a message that has a field n times, besides From.
func withFields(field string, n int) *Message {
	return ParseMessage([]byte("From: taro@example.jp\r\n" + strings.Repeat(field, n) + "\r\nhello\r\n"))
}
