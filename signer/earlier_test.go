package signer

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"dkimd/keys"
)

// signOnce signs a message as the milter does: with a look at the signatures that it
// has.
func signOnce(t *testing.T, text string, list []Signature) ([]string, error) {
	t.Helper()
	m := ParseMessage([]byte(text))
	s, err := Start(list, m.Header(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Write(m.body); err != nil {
		t.Fatal(err)
	}
	return s.Finish()
}

func TestAMessageThatIsSignedAlready(t *testing.T) {
	with, records := testKeys(t, "example.jp")
	list := signatures(with, "relaxed")
	text := "From: taro@example.jp\r\nSubject: hello\r\n\r\nhello\r\n"
	values, err := signOnce(t, text, list)
	if err != nil {
		t.Fatal(err)
	}
	rsa, ed := values[0], values[1]
	foreign := strings.Replace(rsa, "d=example.jp", "d=other.example", 1)
	withFields := func(text string, values ...string) string {
		return string(ParseMessage([]byte(text)).Text(values))
	}
	for name, test := range map[string]struct {
		text string
		want []string // algorithms of the signatures made
	}{
		"not signed":                   {text, []string{"rsa", "ed25519"}},
		"signed with both":             {withFields(text, rsa, ed), nil},
		"signed with one":              {withFields(text, ed), []string{"rsa"}},
		"signed, and fields added":     {withFields("Received: by filter\r\nX-Spam: no\r\n"+text, rsa, ed), nil},
		"forged":                       {withFields(text, strings.Replace(rsa, "b=", "b=AAAA", 1), ed), []string{"rsa"}},
		"forged above a good one":      {withFields(text, strings.Replace(rsa, "bh=", "bh=AAAA", 1), rsa, ed), nil},
		"another body":                 {withFields(text, rsa, ed) + "more\r\n", []string{"rsa", "ed25519"}},
		"another subject":              {withFields(strings.Replace(text, "hello", "pay now", 1), rsa, ed), []string{"rsa", "ed25519"}},
		"a second subject":             {withFields("Subject: pay now\r\n"+text, rsa, ed), []string{"rsa", "ed25519"}},
		"foreign":                      {withFields(text, foreign), []string{"rsa", "ed25519"}},
		"nonsense":                     {withFields(text, "d=example.jp; s=rsa", "=;;;"), []string{"rsa", "ed25519"}},
		"too many before the good one": {withFields(text, append(slices.Repeat([]string{foreign}, maxSignatures), rsa)...), []string{"rsa", "ed25519"}},
	} {
		t.Run(name, func(t *testing.T) {
			values, err := signOnce(t, test.text, list)
			if test.want == nil {
				if !errors.Is(err, errAlreadySigned) {
					t.Errorf("signed again: %d, %v", len(values), err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, value := range values {
				got = append(got, strings.TrimSuffix(tag(value, "a"), "-sha256"))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("signed with %q, want %q", got, test.want)
			}
		})
	}
	t.Run("dkimctl sign signs it all the same", func(t *testing.T) {
		m := ParseMessage([]byte(withFields(text, rsa, ed)))
		values, err := Sign(m, list)
		if err != nil {
			t.Fatal(err)
		}
		expectVerified(t, m.Text(values), 4, records)
	})
}

// Whoever forges several signatures, and does not end the message, must leave
// nothing behind.
func TestAMessageThatIsGivenUpLeavesNothing(t *testing.T) {
	with, _ := testKeys(t, "example.jp")
	list := signatures(with, "relaxed")
	text := "From: taro@example.jp\r\n\r\nhello\r\n"
	values, err := signOnce(t, text, list)
	if err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	for range 50 {
		m := ParseMessage(ParseMessage([]byte(text)).Text(slices.Repeat(values, 10)))
		s, err := Start(list, m.Header(nil))
		if err != nil {
			t.Fatal(err)
		}
		s.Write([]byte("hel"))
		s.Close()
	}
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, and before %d", runtime.NumGoroutine(), before)
		}
	}
}

func TestRisks(t *testing.T) {
	with, _ := testKeys(t, "example.jp")
	for body, want := range map[string]string{
		"plain\r\n":                        "",
		"日本語\r\n":                          "8bit",
		strings.Repeat("x", 998) + "\r\n":  "",
		strings.Repeat("x", 999) + "\r\n":  "long_line",
		strings.Repeat(" ", 999) + "\r\nx": "long_line",
		"a\rb\r\n":                         "bare_cr",
		"a\r":                              "bare_cr",
		"a\nb\r\n":                         "bare_lf",
		"\na":                              "bare_lf",
		"a\x00\r\n":                        "nul",
		"\x00\xff\r\r\n\n":                 "8bit,bare_cr,bare_lf,nul",
		"":                                 "",
	} {
		for cut := range min(len(body), 8) + 1 {
			var h Header
			h.Add("From", "taro@example.jp")
			s, err := Start(signatures(with[1:], "relaxed"), &h)
			if err != nil {
				t.Fatal(err)
			}
			s.Write([]byte(body[:cut]))
			s.Write([]byte(body[cut:]))
			if got := strings.Join(s.Risks(), ","); got != want {
				t.Errorf("%.20q cut at %d: %q, want %q", body, cut, got, want)
			}
			s.Close()
		}
	}
	for field, want := range map[string]string{strings.Repeat("x", 989): "", strings.Repeat("x", 990): "long_line"} {
		var h Header
		h.Add("From", "taro@example.jp")
		h.Add("Subject", field)
		s, err := Start(signatures(with[1:], "relaxed"), &h)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(s.Risks(), ","); got != want {
			t.Errorf("a Subject of %d bytes: %q, want %q", len(field), got, want)
		}
		s.Close()
	}
}

func TestOptions(t *testing.T) {
	with, records := testKeys(t, "example.jp")
	options := Options{Body: "simple", Expiry: 14 * 24 * 3600e9, Identity: "@example.jp", Fields: []string{"X-Campaign", "To"}}
	m := ParseMessage([]byte("From: taro@example.jp\r\nTo: a@b.example\r\nX-Campaign: 7\r\nX-Other: 8\r\n\r\nhello\r\n"))
	values, err := Sign(m, []Signature{{with[0], options}})
	if err != nil {
		t.Fatal(err)
	}
	expectVerified(t, m.Text(values), 1, records)
	expectVerified(t, []byte(strings.Replace(string(m.Text(values)), "Other: 8", "Other: 9", 1)), 1, records)
	results, err := Verify(ParseMessage([]byte(strings.Replace(string(m.Text(values)), "Campaign: 7", "Campaign: 8", 1))), records.lookup)
	if err != nil || results[0].Err == nil {
		t.Errorf("a field of the domain's own is not signed: %v", err)
	}
	for name, want := range map[string]string{"c": "relaxed/simple", "i": "@example.jp"} {
		if got := tag(values[0], name); got != want {
			t.Errorf("%s=%s, want %s", name, got, want)
		}
	}
	if n := strings.Count(strings.ToLower(tag(values[0], "h")), "to:") - strings.Count(strings.ToLower(tag(values[0], "h")), "reply-to:"); n != 2 {
		t.Errorf("To stands %d times in h=, want 2: %s", n, tag(values[0], "h"))
	}
	if tag(values[0], "x") == "" {
		t.Error("it has no x=")
	}

	rules := Rules{Domains: map[string]DomainRules{
		"single.example": {Options: Options{Single: true}},
		"rsa.example":    {Options: Options{NoEd25519: true}},
	}}
	both := []keys.SigningKey{with[1], with[0]}
	for domain, want := range map[string]string{"single.example": "rsa", "rsa.example": "rsa", "example.jp": "ed25519,rsa"} {
		var got []string
		for _, s := range rules.Signatures(domain, both) {
			got = append(got, s.Algorithm)
		}
		if strings.Join(got, ",") != want {
			t.Errorf("%s is signed with %q, want %q", domain, got, want)
		}
	}
}

func TestCheckIdentity(t *testing.T) {
	for identity, good := range map[string]bool{
		"": true, "@example.jp": true, "taro@example.jp": true, "@mail.example.jp": true,
		"example.jp": false, "@example.com": false, "@notexample.jp": false, "a;b=c@example.jp": false, "a b@example.jp": false,
	} {
		if err := CheckIdentity(identity, "example.jp"); (err == nil) != good {
			t.Errorf("CheckIdentity(%q): %v", identity, err)
		}
	}
	for name, good := range map[string]bool{"X-Campaign": true, "": false, "a:b": false, "a b": false, "x;": false, "received": false, "Ä": false} {
		if err := CheckField(name); (err == nil) != good {
			t.Errorf("CheckField(%q): %v", name, err)
		}
	}
}
