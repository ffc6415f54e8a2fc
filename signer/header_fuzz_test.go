package signer

import (
	"strings"
	"testing"
)

// FuzzHeader: whatever fields come, each signature that is made of them verifies,
// and no second field of a sealed name can come to it.
func FuzzHeader(f *testing.F) {
	for _, header := range []string{
		"", "Subject: a\n b", "subject:\n\t\nSUBJECT: x\nTo:", "Date : x\nDate:y\nMessage-ID: <a@b>",
		"DKIM-Signature: v=1; a=ed25519-sha256; d=example.jp; s=ed25519; h=From; bh=x; b=y", "From: hanako@example.com",
		"X-Also: 1\nx-also: 2\nX-Also:\n  3", "Subject: \x00", "Subject: a\rb", "Content-Type: text/plain;\n charset=\"\xff\"", ":", "=: x",
	} {
		f.Add(header, "hello\r\n")
	}
	f.Add("Subject: x", "a \rb\r\n\r\n \r")
	with, records := testKeys(f, "example.jp")
	ed25519 := signatures(with[1:], "relaxed")
	ed25519[0].Options.Fields = []string{"X-Also"}
	f.Fuzz(func(t *testing.T, fields, body string) {
		h := Header{Also: map[string]bool{"x-also": true}}
		h.Add("From", " taro@example.jp")
		text := "From: taro@example.jp\r\n"
		for _, line := range strings.Split(fields, "\n") {
			name, value, ok := strings.Cut(line, ":")
			if ok && name != "" && strings.Trim(name, atext) == "" && !strings.EqualFold(name, "From") {
				h.Add(name, value)
				text += line + "\r\n"
			}
		}
		if h.err != nil || strings.Contains(strings.ReplaceAll(body, "\r\n", ""), "\n") {
			return
		}
		s, err := Start(ed25519, &h)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for _, piece := range []string{body[:len(body)/2], body[len(body)/2:]} {
			if _, err := s.Write([]byte(piece)); err != nil {
				return
			}
		}
		values, err := s.Finish()
		if err == errMisread || err == errAlreadySigned {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		signed := FieldName + ": " + values[0] + "\r\n" + text + "\r\n" + body
		expect := func(added string, ok bool) {
			results, err := Verify(ParseMessage([]byte(added+signed)), records.lookup)
			if len(results) == 0 {
				t.Fatal(err)
			}
			if (results[0].Err == nil) != ok {
				t.Errorf("with %q added to %q: %v", added, signed, results[0].Err)
			}
		}
		expect("", true)
		expect("Subject: another\r\n", false)
		expect("Received: by a relay\r\n", true)
	})
}
