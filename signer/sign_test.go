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

// testRecords are the values of TXT records by host.
type testRecords map[string]string

func (r testRecords) lookup(host string) ([]string, error) {
	if value, ok := r[host]; ok {
		return []string{value}, nil
	}
	return nil, fmt.Errorf("no record at %s", host)
}

// testKeys returns an RSA and an Ed25519 key of a domain, and their records.
func testKeys(t testing.TB, domain string) ([]keys.SigningKey, testRecords) {
	t.Helper()
	var with []keys.SigningKey
	records := testRecords{}
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
	return with, records
}

// signatures returns what the keys make without any exceptions.
func signatures(with []keys.SigningKey, body Canonicalization) []Signature {
	var list []Signature
	for _, key := range with {
		list = append(list, Signature{key, Options{Body: body}})
	}
	return list
}

// inPieces signs as the milter does: the body comes in pieces cut anywhere, also
// between CR and LF.
func inPieces(m *Message, with []keys.SigningKey, body Canonicalization, random *rand.Rand) ([]string, error) {
	s, err := Start(signatures(with, body), m.Header(nil))
	if err != nil {
		return nil, err
	}
	defer s.Close()
	for rest := m.body; len(rest) > 0; {
		n := 1 + random.IntN(min(len(rest), 1<<16))
		if _, err := s.Write(rest[:n]); err != nil {
			return nil, err
		}
		rest = rest[n:]
	}
	return s.Finish()
}

// expectVerified checks that our own signatures, which stand on top, verify.
func expectVerified(t *testing.T, message []byte, signatures int, records testRecords) {
	t.Helper()
	results, err := Verify(ParseMessage(message), records.lookup)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) < signatures {
		t.Fatalf("%d signatures, want %d", len(results), signatures)
	}
	for _, r := range results[:signatures] {
		if r.Err != nil {
			t.Errorf("d=%s s=%s: %v\n%s", r.Domain, r.Selector, r.Err, message[:min(len(message), 4000)])
		}
	}
}

func TestSignAndVerify(t *testing.T) {
	with, records := testKeys(t, "example.jp")
	for name, m := range oddMessages(t) {
		for _, body := range []Canonicalization{"relaxed", "simple"} {
			t.Run(name+"/"+string(body), func(t *testing.T) {
				values, err := Sign(m, signatures(with, body))
				if err != nil {
					t.Fatal(err)
				}
				checkLines(t, values)
				expectVerified(t, m.Text(values), len(with), records)
			})
		}
	}
}

// checkLines checks that the lines of signatures have at most 78 bytes, except
// for a word that is longer.
func checkLines(t *testing.T, values []string) {
	t.Helper()
	for _, value := range values {
		for line := range strings.SplitSeq(FieldName+": "+value, "\r\n") {
			if len(line) > maxLine && strings.Contains(strings.TrimSpace(line), " ") || len(line) > 998 {
				t.Errorf("a line of a signature has %d bytes: %s", len(line), line)
			}
		}
	}
}

// additions are header fields that come to a signed message on its way.
var additions = []struct {
	field  string
	breaks bool // the signature
}{
	{"From: evil@example.com", true},
	{"Subject: pay now", true},
	{"To: other@example.com", true},
	{"Cc: other@example.com", true},
	{"Reply-To: evil@example.com", true},
	{"MIME-Version: 1.0", true}, // the second one
	{"Content-Type: text/html", true},
	{"Date: Mon, 23 Nov 2026 10:00:00 +0900", false},
	{"Message-ID: <1@relay.example>", false},
	{"Content-Transfer-Encoding: 8bit", false},
	{"Received: from a by b", false},
	{"Return-Path: <taro@example.jp>", false},
	{"Authentication-Results: mx.example.com; dkim=pass", false},
	{"Sender: list@example.com", false},
	{"List-Id: <l.example.com>", false},
	{"List-Unsubscribe: <https://example.com/>", false},
	{"Resent-From: list@example.com", false},
	{"X-Spam: no", false},
}

// beforeAdditions is the message that they come to. It has no Date and no
// Message-ID.
const beforeAdditions = "From: taro@example.jp\r\nSubject: hello\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: text/plain\r\nReferences: <1@example.jp>\r\n\r\nhello\r\n"

func TestWhatIsSealed(t *testing.T) {
	with, records := testKeys(t, "example.jp")
	m := ParseMessage([]byte(beforeAdditions))
	values, err := Sign(m, signatures(with, "relaxed"))
	if err != nil {
		t.Fatal(err)
	}
	for _, add := range additions {
		message := append([]byte(add.field+"\r\n"), m.Text(values)...)
		results, err := Verify(ParseMessage(message), records.lookup)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			if (r.Err != nil) != add.breaks {
				t.Errorf("with %s added: %v, want it to break: %v", add.field, r.Err, add.breaks)
			}
		}
	}
}

func TestSignedNames(t *testing.T) {
	for _, test := range []struct {
		name   string
		fields string
		want   string // h=
	}{
		{"the least", "From", "From:From:Subject:To:Cc:Reply-To"},
		{"a mail", "From To Cc Reply-To Subject Date Message-ID MIME-Version Content-Type Content-Transfer-Encoding In-Reply-To References",
			"From:From:Subject:Subject:To:To:Cc:Cc:Reply-To:Reply-To:Date:Date:" +
				"\r\n From:Message-ID:Message-ID:MIME-Version:MIME-Version:Content-Type:" +
				"\r\n From:Content-Type:Content-Transfer-Encoding:Content-Transfer-Encoding:" +
				"\r\n From:In-Reply-To:References"},
		{"a newsletter", "From List-Id List-Help List-Subscribe List-Unsubscribe List-Unsubscribe-Post List-Post List-Owner List-Archive",
			"From:From:Subject:To:Cc:Reply-To:List-Id:List-Help:List-Subscribe:" +
				"\r\n From:List-Unsubscribe:List-Unsubscribe-Post:List-Post:List-Owner:" +
				"\r\n From:List-Archive"},
		{"passed on by hand", "Resent-From Resent-Sender Resent-To Resent-Cc Resent-Date Resent-Message-ID From",
			"From:From:Subject:To:Cc:Reply-To:Resent-From:Resent-Sender:Resent-To:" +
				"\r\n From:Resent-Cc:Resent-Date:Resent-Message-ID"},
		{"several of a kind, in odd case", "FROM to TO To references", "From:From:Subject:To:To:To:To:Cc:Reply-To:References"},
		{"what relays add or change", "Received Return-Path Bcc Comments Keywords Sender DKIM-Signature Authentication-Results ARC-Seal X-Mailer From",
			"From:From:Subject:To:Cc:Reply-To"},
	} {
		var h Header
		for name := range strings.FieldsSeq(test.fields) {
			h.Add(name, " x")
		}
		if got := strings.Join(h.names(nil), ":"); got != test.want {
			t.Errorf("%s: h=%s, want %s", test.name, got, test.want)
		}
	}
}

// An MTA may hand over the name of "Subject : x" with its blank.
func TestABlankBeforeTheColonDoesNotCount(t *testing.T) {
	var h Header
	h.Add("From ", " taro@example.jp")
	h.Add("Subject\t", " x")
	if author, _, err := h.author(); author.domain != "example.jp" {
		t.Errorf("the From domain is %q, %v", author.domain, err)
	}
	if got := strings.Join(h.names(nil), ":"); got != "From:From:Subject:Subject:To:Cc:Reply-To" {
		t.Errorf("h=%s", got)
	}
}

func TestBlanksAreBounded(t *testing.T) {
	with, _ := testKeys(t, "example.jp")
	var h Header
	h.Add("From", "taro@example.jp")
	s, err := Start(signatures(with, "relaxed"), &h)
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
	with, records := testKeys(t, "example.jp")
	for _, key := range with {
		public, err := record.Parse(records[record.Host(key.Selector, "example.jp")])
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
