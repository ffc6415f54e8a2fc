package request

import (
	"encoding/base64"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"dkimd/keys"
	"dkimd/keys/finding"
	"dkimd/keys/record"
)

// FuzzRead: whatever comes, domains and hosts are those that the rest of the program
// takes, a request without an error has all that is needed, and the texts for the
// customer have no gaps.
func FuzzRead(f *testing.F) {
	for _, path := range mails(f) {
		content, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		m := Read(content, time.Time{}, morning, office)
		for _, r := range m.Requests {
			if r.Domain != "" {
				if domain, err := keys.ParseDomain(r.Domain); err != nil || domain != r.Domain {
					t.Errorf("domain %q", r.Domain)
				}
			}
			if r.Host.Read != "" && r.Host.Read != r.Domain && !strings.HasSuffix(r.Host.Read, "."+r.Domain) {
				t.Errorf("host %q of %q", r.Host.Read, r.Domain)
			}
			if !isASCII(r.Value.Read) || strings.ContainsAny(r.Value.Read, "\r\n") {
				t.Errorf("value %q", r.Value.Read)
			}
			if !finding.HasError(r.Findings) {
				switch {
				case r.Kind == "" || r.Domain == "" || r.Date.Date.IsZero():
					t.Errorf("nothing is missing in %+v", r)
				case r.Kind != DKIM && (r.Host.Read == "" || r.Value.Typed == ""):
					t.Errorf("nothing is missing in %+v", r)
				}
			}
			for _, f := range r.Findings {
				if text := f.Text.Ja + f.Hint.Ja + f.Text.En + f.Hint.En; !utf8.ValidString(text) || strings.ContainsAny(text, "\n\x1b") {
					t.Errorf("%q", text)
				}
			}
		}
	})
}

// FuzzPrivateKey: a private key that is pasted anywhere into a mail, broken anyhow,
// is noticed and not repeated.
func FuzzPrivateKey(f *testing.F) {
	for _, path := range mails(f) {
		content, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		if strings.HasSuffix(path, ".txt") && utf8.Valid(content) {
			f.Add(string(content), uint16(len(content)/2), uint8(64), "\n> ")
		}
	}
	key, err := os.ReadFile("testdata/private-key-in-p.txt")
	if err != nil {
		f.Fatal(err)
	}
	_, private, _ := strings.Cut(string(key), "p=")
	private, _, _ = strings.Cut(private, "\n")
	if der, err := base64.StdEncoding.DecodeString(private); err != nil || !record.IsPrivate(der) {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string, at uint16, width uint8, between string) {
		if strings.ContainsFunc(between, func(r rune) bool { return r >= '0' && r != '>' || r == '+' || r == '/' || r == '<' }) {
			t.Skip("more than quotation marks and line ends between the parts of a key")
		}
		i := min(int(at), len(text))
		pasted := text[:i] + "\n" + strings.ReplaceAll(wrap(private, max(int(width), 1)), "\n", between) + "\n" + text[i:]
		m := Read([]byte("x\n\n"+pasted), morning, morning, office)
		if !finding.Has(m.Findings, PrivateKey) {
			t.Errorf("not noticed in %q", pasted)
		}
		if leak := leaked(t, m, private); leak != "" {
			t.Errorf("%q is repeated from %q", leak, pasted)
		}
	})
}
