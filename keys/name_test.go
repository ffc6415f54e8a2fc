package keys

import (
	"strings"
	"testing"
)

func TestParseDomain(t *testing.T) {
	for _, test := range []struct{ name, want, err string }{
		{"example.jp", "example.jp", ""},
		{"EXAMPLE.Co.JP.", "example.co.jp", ""},
		{"日本語.jp", "xn--wgv71a119e.jp", ""},
		{"ｅｘａｍｐｌｅ．ｊｐ", "example.jp", ""},
		{"例え。テスト", "xn--r8jz45g.xn--zckzah", ""},
		{"xn--wgv71a119e.jp", "xn--wgv71a119e.jp", ""},
		{"3.example", "3.example", ""},
		{strings.Repeat("a", 63) + ".jp", strings.Repeat("a", 63) + ".jp", ""},
		{"", "", "empty"},
		{".", "", "empty"},
		{"jp", "", "one label"},
		{"example..jp", "", "empty"},
		{".example.jp", "", "empty"},
		{"example.jp..", "", "empty"},
		{"../../etc/passwd", "", "letters, digits"},
		{"a/b.jp", "", "letters, digits"},
		{"_dmarc.example.jp", "", "letters, digits"},
		{"taro@example.jp", "", "is an address"},
		{"example.jp\x00", "", "letters, digits"},
		{strings.Repeat("あ", 500) + ".jp", "", "too long"},
		{"exa mple.jp", "", "a blank"},
		{"https://example.jp/", "", "a URL"},
		{"s202611a._domainkey.example.jp", "", "the host of a record"},
		{"taro＠example.jp", "", "an address"},
		{"-example.jp", "", "not a domain name"},
		{"192.0.2.1", "", "ends in a number"},
		{"[192.0.2.1]", "", "not a domain name"},
		{"xn--a.jp", "", "not a domain name"},
		{strings.Repeat("a", 64) + ".jp", "", "63"},
		{strings.Repeat("abcdefg.", 32) + "jp", "", "253"},
	} {
		got, err := ParseDomain(test.name)
		switch {
		case test.err == "" && (err != nil || got != test.want):
			t.Errorf("ParseDomain(%q) = %q, %v, want %q", test.name, got, err, test.want)
		case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)):
			t.Errorf("ParseDomain(%q) = %q, %v, want an error about %q", test.name, got, err, test.err)
		}
	}
}

func TestParseSelector(t *testing.T) {
	for _, test := range []struct{ text, want, err string }{
		{"s202611a", "s202611a", ""},
		{"Mail-2", "mail-2", ""},
		{"2026.mail", "2026.mail", ""},
		{"", "", "empty"},
		{"a..b", "", "empty"},
		{"../a", "", "empty"},
		{"a/b", "", "letters, digits"},
		{"a_b", "", "letters, digits"},
		{"-a", "", "begin and end"},
		{"é", "", "letters, digits"},
		{strings.Repeat("a", 64), "", "63"},
	} {
		got, err := ParseSelector(test.text)
		switch {
		case test.err == "" && (err != nil || got != test.want):
			t.Errorf("ParseSelector(%q) = %q, %v, want %q", test.text, got, err, test.want)
		case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)):
			t.Errorf("ParseSelector(%q) = %q, %v, want an error about %q", test.text, got, err, test.err)
		}
	}
}

// FuzzParseDomain: what is let through is a name that can stand in a path and in
// DNS, and stays as it is when parsed again.
func FuzzParseDomain(f *testing.F) {
	for _, seed := range []string{"example.jp", "日本語.jp", "ｅｘ．ｊｐ", "../x", "xn--a.jp", "a。b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		domain, err := ParseDomain(name)
		if err != nil {
			return
		}
		if strings.Trim(domain, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" || strings.Contains(domain, "..") || len(domain) > maxName {
			t.Fatalf("%q is let through as %q", name, domain)
		}
		if again, err := ParseDomain(domain); err != nil || again != domain {
			t.Fatalf("%q gives %q, that gives %q, %v", name, domain, again, err)
		}
	})
}
