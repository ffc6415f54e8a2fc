package e2e

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Odd but real messages, each from a file, as a mail program submits it.
func TestMessages(t *testing.T) {
	files, err := filepath.Glob("testdata/messages/*.eml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no messages: %v", err)
	}
	m := startMachine(t, options{})
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".eml"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
			text = bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))

			to := newRecipient()
			id := m.login(t, port465, taro).mustSend(t, taro+parameters(text), to, string(text))
			m.checkSigned(t, id, to, "example.jp")
		})
	}
	t.Run("multipart with an attachment of 5 MB", func(t *testing.T) {
		to := newRecipient()
		id := m.login(t, port465, taro).mustSend(t, taro, to, withAttachment(to, 5_000_000))
		m.checkSigned(t, id, to, "example.jp")
	})
}

// withAttachment returns a message with so many bytes attached.
func withAttachment(to string, size int) string {
	encoded := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("dkimd"), size/5))
	header, body, _ := strings.Cut(message(taro, to), "\r\n\r\n")
	var text strings.Builder
	text.WriteString(header + "\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/mixed; boundary=next\r\n\r\n" +
		"--next\r\n\r\n" + body +
		"--next\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	for line := range slices.Chunk([]byte(encoded), 76) {
		text.WriteString(string(line) + "\r\n")
	}
	text.WriteString("--next--\r\n")
	return text.String()
}

// parameters returns those of MAIL that a message needs.
func parameters(text []byte) string {
	header, body, _ := bytes.Cut(text, []byte("\r\n\r\n"))
	eightBit := func(p []byte) bool {
		return bytes.ContainsFunc(p, func(r rune) bool { return r > 0x7f })
	}
	switch {
	case eightBit(header):
		return " BODY=8BITMIME SMTPUTF8"
	case eightBit(body):
		return " BODY=8BITMIME"
	}
	return ""
}
