package signer

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"dkimd/keys"
	"dkimd/keys/record"
)

// testKeys returns an RSA and an Ed25519 key of a domain, and the records to
// verify with.
func testKeys(t testing.TB, domain string) ([]keys.SigningKey, func(string) ([]string, error)) {
	t.Helper()
	var with []keys.SigningKey
	records := map[string]string{}
	for _, algorithm := range []string{record.RSA, record.Ed25519} {
		private, err := keys.Generate(algorithm, 2048)
		if err != nil {
			t.Fatal(err)
		}
		public, err := record.NewKey(private.Public())
		if err != nil {
			t.Fatal(err)
		}
		with = append(with, keys.SigningKey{Domain: domain, Selector: algorithm, Algorithm: algorithm, Private: private})
		records[record.Host(algorithm, domain)] = public.Value()
	}
	return with, func(host string) ([]string, error) {
		if value, ok := records[host]; ok {
			return []string{value}, nil
		}
		return nil, fmt.Errorf("no record at %s", host)
	}
}

func signAndVerify(t *testing.T, m *Message, with []keys.SigningKey, body Canonicalization, lookup func(string) ([]string, error)) []byte {
	t.Helper()
	values, err := Sign(m, with, body)
	if err != nil {
		t.Fatal(err)
	}
	signed := m.Text(values)
	expectVerified(t, signed, len(with), lookup)
	return signed
}

func expectVerified(t *testing.T, message []byte, signatures int, lookup func(string) ([]string, error)) {
	t.Helper()
	results, err := Verify(ParseMessage(message), lookup)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != signatures {
		t.Fatalf("%d signatures, want %d", len(results), signatures)
	}
	for _, r := range results {
		if r.Err != nil {
			t.Errorf("d=%s s=%s: %v\n%s", r.Domain, r.Selector, r.Err, message[:min(len(message), 4000)])
		}
	}
}

func TestSignAndVerify(t *testing.T) {
	with, lookup := testKeys(t, "example.jp")
	many := strings.Repeat("To: someone@example.com\nReferences: <a@example.jp>\nX-Other: x\n", 300)
	for name, text := range map[string]string{
		"plain":     "From: taro@example.jp\nTo: a@example.com\nSubject: hello\nDate: Mon, 23 Nov 2026 10:00:00 +0900\nMessage-ID: <1@example.jp>\n\nhello\n",
		"CRLF":      "From: taro@example.jp\r\nSubject: hello\r\n\r\nhello\r\n",
		"only From": "From: taro@example.jp\n\n",
		"no body":   "From: taro@example.jp\n",
		"folded":    "From: Taro\n\t<taro@example.jp>\nSubject: a\n  b\n \n c\n\nhello\n",
		"odd names": "FROM: taro@example.jp\nsUBJECT : x\nmessage-id:<1@example.jp>\n\nhello\n",
		"empty":     "From: taro@example.jp\nSubject:\nTo: \n\nhello\n",
		"many":      "From: taro@example.jp\n" + many + "\nhello\n",
		"blanks":    "From: taro@example.jp\n\n \t \n\n a \t b \n\n\n \n",
		"list fields": "From: taro@example.jp\nList-Id: <l.example.jp>\nList-Unsubscribe: <https://example.jp/>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n" +
			"List-Help: <x>\nList-Subscribe: <x>\nList-Owner: <x>\nList-Archive: <x>\nList-Post: <x>\nResent-From: x\nResent-To: x\nResent-Date: x\nResent-Message-ID: x\nIn-Reply-To: x\nReferences: x\n\nx\n",
	} {
		t.Run(name, func(t *testing.T) {
			for _, body := range []Canonicalization{"relaxed", "simple"} {
				signed := signAndVerify(t, ParseMessage([]byte(text)), with, body, lookup)
				header, _, _ := strings.Cut(string(signed), "From:")
				for line := range strings.SplitSeq(header, "\r\n") {
					if len(line) > maxLine {
						t.Errorf("a line of the signature has %d bytes: %s", len(line), line)
					}
				}
			}
		})
	}
}

// What a signature must and must not survive on its way.
func TestWhatIsSealed(t *testing.T) {
	with, lookup := testKeys(t, "example.jp")
	base := "From: taro@example.jp\r\nSubject: hello\r\nReferences: <1@example.jp>\r\n\r\nhello\r\n"
	values, err := Sign(ParseMessage([]byte(base)), with, "relaxed")
	if err != nil {
		t.Fatal(err)
	}
	signed := string(ParseMessage([]byte(base)).Text(values))
	for _, test := range []struct {
		add  string
		okay bool
	}{
		{"From: evil@example.com", false},
		{"Subject: pay now", false},
		{"To: other@example.com", false},
		{"Cc: other@example.com", false},
		{"Reply-To: evil@example.com", false},
		{"Date: Mon, 23 Nov 2026 10:00:00 +0900", true},
		{"Message-ID: <1@relay.example>", true},
		{"MIME-Version: 1.0", true},
		{"Content-Type: text/plain", true},
		{"Received: from a by b", true},
		{"Sender: list@example.com", true},
		{"List-Id: <l.example.com>", true},
		{"X-Spam: no", true},
	} {
		results, err := Verify(ParseMessage([]byte(test.add+"\r\n"+signed)), lookup)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			if (r.Err == nil) != test.okay {
				t.Errorf("with %s added: %v, want it to verify: %v", test.add, r.Err, test.okay)
			}
		}
	}
	second := strings.Replace(base, "\r\n\r\n", "\r\nDate: x\r\nContent-Type: text/plain\r\n\r\n", 1)
	values, err = Sign(ParseMessage([]byte(second)), with, "relaxed")
	if err != nil {
		t.Fatal(err)
	}
	for _, add := range []string{"Date: y\r\n", "Content-Type: text/html\r\n"} {
		results, err := Verify(ParseMessage(append([]byte(add), ParseMessage([]byte(second)).Text(values)...)), lookup)
		if err != nil || results[0].Err == nil {
			t.Errorf("with a second %q it still verifies: %v", add, err)
		}
	}
}

func TestNamesAreSignedOnce(t *testing.T) {
	var h Header
	for _, name := range []string{"Received", "From", "TO", "to", "Subject", "DKIM-Signature", "Sender", "Bcc", "X-Mailer", "List-Id"} {
		h.Add(name, "x")
	}
	count := map[string]int{}
	for _, name := range h.names() {
		count[strings.ToLower(strings.TrimSpace(name))]++
	}
	want := map[string]int{"from": 2, "subject": 2, "to": 3, "cc": 1, "reply-to": 1, "list-id": 1}
	if fmt.Sprint(count) != fmt.Sprint(want) {
		t.Errorf("h= has %v, want %v", count, want)
	}
}

// The body may come in pieces cut anywhere, also between CR and LF.
func TestBodyInPieces(t *testing.T) {
	with, lookup := testKeys(t, "example.jp")
	random := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		var body bytes.Buffer
		for range random.IntN(40) {
			body.WriteString([]string{"a", " ", "\t", "\r\n", "\r\n\r\n", " \r\n", "text text", "日本語"}[random.IntN(8)])
		}
		m := ParseMessage([]byte("From: taro@example.jp\r\n\r\n" + body.String()))
		s, err := Start(with, m.Header(), "relaxed")
		if err != nil {
			t.Fatal(err)
		}
		for rest := body.Bytes(); len(rest) > 0; {
			n := 1 + random.IntN(len(rest))
			if _, err := s.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		values, err := s.Finish()
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		expectVerified(t, m.Text(values), len(with), lookup)
	}
}

func TestBlanksAreBounded(t *testing.T) {
	with, _ := testKeys(t, "example.jp")
	var h Header
	h.Add("From", "taro@example.jp")
	s, err := Start(with, &h, "relaxed")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	line := bytes.Repeat([]byte(" \r\n"), 1000)
	for range maxBlank/len(line) + 1 {
		if _, err = s.Write(line); err != nil {
			break
		}
	}
	if err != errBlank {
		t.Errorf("endless blanks give %v", err)
	}
}

func TestProve(t *testing.T) {
	with, lookup := testKeys(t, "example.jp")
	for _, key := range with {
		values, _ := lookup(record.Host(key.Selector, "example.jp"))
		public, err := record.Parse(values[0])
		if err != nil {
			t.Fatal(err)
		}
		r := record.Record{Domain: "example.jp", Selector: key.Selector, Key: public}
		if err := Prove(r, key.Private); err != nil {
			t.Errorf("%s: %v", key.Algorithm, err)
		}
		other, err := keys.Generate(key.Algorithm, 2048)
		if err != nil {
			t.Fatal(err)
		}
		if err := Prove(r, other); err == nil {
			t.Errorf("%s: another key than the record's is taken", key.Algorithm)
		}
	}
}
