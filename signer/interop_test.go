package signer

import (
	"bytes"
	"encoding/base64"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dkimd/internal/verifiers"
)

var randomMessages = flag.Int("random", 200, "how many random messages are signed and verified")

// What verifiers that others wrote make of our signatures: of odd but real
// messages, of large ones, and of random ones.

func TestOthersVerifyOddMessages(t *testing.T) {
	files, err := filepath.Glob("../internal/e2e/testdata/messages/*.eml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no messages: %v", err)
	}
	messages := map[string][]byte{
		"an attachment of 5 MB":  withAttachment(5 << 20),
		"the most fields":        withFields("To: member@example.com\r\n", maxHeaderFields-1),
		"the longest field":      withFields("References:"+strings.Repeat(" <20261123.0001@example.jp>\r\n", 2000), 1),
		"a body of blanks alone": []byte("From: taro@example.jp\r\n\r\n" + strings.Repeat(" \t\r\n", 10000)),
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		messages[strings.TrimSuffix(filepath.Base(file), ".eml")] = text
	}

	with, records := testKeys(t, "example.jp")
	all := verifiers.All(t)
	random := rand.New(rand.NewPCG(1, 2))
	for name, text := range messages {
		m := ParseMessage(text)
		for _, body := range []Canonicalization{"relaxed", "simple"} {
			t.Run(name+"/"+string(body), func(t *testing.T) {
				values, err := Sign(m, with, body)
				if err != nil {
					t.Fatal(err)
				}
				checkLines(t, values)
				verifiers.Check(t, all, onTheWire(m, values), records, "example.jp")

				values, err = inPieces(m, with, body, random)
				if err != nil {
					t.Fatal(err)
				}
				verifiers.Check(t, all, onTheWire(m, values), records, "example.jp")
			})
		}
	}
}

func TestOthersVerifyRandomMessages(t *testing.T) {
	with, records := testKeys(t, "example.jp")
	all := verifiers.All(t)
	for i := range *randomMessages {
		random := rand.New(rand.NewPCG(1, uint64(i)))
		text := randomMessage(random)
		body := []Canonicalization{"relaxed", "simple"}[random.IntN(2)]
		m := ParseMessage(text)
		values, err := inPieces(m, with, body, random)
		if err != nil {
			t.Fatalf("message %d: %v\n%q", i, err, text)
		}
		checkLines(t, values)
		verifiers.Check(t, all, onTheWire(m, values), records, "example.jp")
		if t.Failed() {
			t.Fatalf("message %d, %s: %q", i, body, text)
		}
	}
}

func TestOthersSeeWhatIsSealed(t *testing.T) {
	with, records := testKeys(t, "example.jp")
	m := ParseMessage([]byte(beforeAdditions))
	values, err := Sign(m, with, "relaxed")
	if err != nil {
		t.Fatal(err)
	}
	all := verifiers.All(t)
	for _, add := range additions {
		for _, v := range all {
			results := v.Verify(t, append([]byte(add.field+"\r\n"), m.Text(values)...), records)
			if len(results) != len(with) {
				t.Errorf("with %s added, %s finds %d signatures, want %d", add.field, v.Name, len(results), len(with))
			}
			for _, r := range results {
				if want := v.Knows(r.Algorithm) && !add.breaks; r.OK != want {
					t.Errorf("with %s added, %s says %v of %s (%s), want %v", add.field, v.Name, r.OK, r.Algorithm, r.Detail, want)
				}
			}
		}
	}
}

// onTheWire returns a signed message as Postfix sends it: it takes the blanks
// before a colon out, and ends the last line.
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
func withAttachment(size int) []byte {
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
	return text.Bytes()
}

// withFields returns a message that has a field n times, besides From.
func withFields(field string, n int) []byte {
	return []byte("From: taro@example.jp\r\n" + strings.Repeat(field, n) + "\r\nhello\r\n")
}

// randomMessage returns a message of what canonicalization has to do with. Its
// lines end in CRLF, as they always do on the wire, but for the last.
func randomMessage(random *rand.Rand) []byte {
	var text bytes.Buffer
	some := func(most int, of ...string) {
		for range random.IntN(most + 1) {
			text.WriteString(of[random.IntN(len(of))])
		}
	}
	text.WriteString("From: taro@example.jp\r\n")
	for i := range random.IntN(40) {
		field := signedFields[1+random.IntN(len(signedFields)-1)].name // not a second From
		if i%4 == 0 {
			field = "X-" + field
		}
		text.WriteString(field + ":")
		some(12, " ", "\t", "\r\n ", "\r\n\t", " \r\n  ", ":", ";", "a", "B", "b=", "word", "日本語", "\x93\xfa\x96{", "=?UTF-8?Q?x?=")
		text.WriteString("\r\n")
	}
	text.WriteString("\r\n")
	some(60, " ", "\t", "  ", " \t", "\r\n", "\r\n\r\n", " \r\n", "\r\n ", "\t\r\n\t\r\n", ".", "\r\n.", "\r\n..\r\n", "\r\nFrom me", "-- \r\n",
		"a", "word", "日本語", "\x93\xfa\x96{", "\xa0", "\x85", "\x0b", "\x0c", "\x1b$B", "\x7f", strings.Repeat("x", 998), strings.Repeat(" ", 998))
	return text.Bytes()
}
