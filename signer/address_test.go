package signer

import (
	"slices"
	"strings"
	"testing"
)

func TestParseAddresses(t *testing.T) {
	for _, test := range []struct {
		value string
		want  []string // nil: an error
	}{
		{"taro@example.jp", []string{"example.jp"}},
		{" <taro@example.jp> ", []string{"example.jp"}},
		{"Taro Yamada <taro@example.jp>", []string{"example.jp"}},
		{`"Yamada, Taro" <taro@example.jp>`, []string{"example.jp"}},
		{`"taro@b.example" <taro@example.jp>`, []string{"example.jp"}},
		{`"a \" <x@b.example> b" <taro@example.jp>`, []string{"example.jp"}},
		{"=?ISO-2022-JP?B?GyRCOzNFRBsoQg==?= <taro@example.jp>", []string{"example.jp"}},
		{"=?UTF-8?Q?=40b.example?= <taro@example.jp>", []string{"example.jp"}},
		{"山田太郎 <taro@example.jp>", []string{"example.jp"}},
		{"\xbb\xb3\xc5\xc4 <taro@example.jp>", []string{"example.jp"}}, // EUC-JP, as it is
		{"Taro (the @b.example (nested) one) <taro@example.jp>", []string{"example.jp"}},
		{"taro@example.jp (Taro)", []string{"example.jp"}},
		{"(a\\) <x@b.example>) taro@example.jp", []string{"example.jp"}},
		{"Mr. T. Yamada <t.yamada@example.jp>", []string{"example.jp"}},
		{`"odd local part"@example.jp`, []string{"example.jp"}},
		{`"a@b.example"@example.jp`, []string{"example.jp"}},
		{"Taro\r\n <taro@example.jp>", []string{"example.jp"}},
		{"taro @ example . jp", []string{"example.jp"}},
		{"taro@日本語.jp", []string{"日本語.jp"}},
		{"TARO@EXAMPLE.JP", []string{"EXAMPLE.JP"}},
		{"a@example.jp, b@example.com", []string{"example.jp", "example.com"}},
		{"a@example.jp,, b@example.com,", []string{"example.jp", "example.com"}},
		{"Staff: a@example.jp, B <b@b.example>;", []string{"example.jp", "b.example"}},
		{"Nobody:;", []string{}},
		{"", []string{}},
		{"taro@[192.0.2.1]", []string{"[192.0.2.1]"}},

		{"taro", nil},
		{"taro@", nil},
		{"@example.jp", nil},
		{"<>", nil},
		{"taro@example.jp.", nil},
		{"taro@.example.jp", nil},
		{"ta..ro@example.jp", nil},
		{"taro yamada@example.jp", nil},
		{"taro@example.jp <taro@b.example>", nil},
		{"Taro <taro@example.jp", nil},
		{"Taro <taro@example.jp>> ", nil},
		{"Taro <taro@example.jp> x", nil},
		{"Taro <@b.example:taro@example.jp>", nil},
		{"taro@example.jp@b.example", nil},
		{`"taro@example.jp`, nil},
		{"(taro@example.jp", nil},
		{"taro@example.jp)", nil},
		{"taro@exa\x00mple.jp", nil},
		{"taro\x1b@example.jp", nil},
		{"Group: taro@example.jp", nil},
		{"A: B: a@example.jp;;", nil},
		{"taro@example.jp;", nil},
		{": taro@example.jp;", nil},
		{"a@example.jp b@example.com", nil},
		{"taro@[192.0.2.1", nil},
	} {
		found, err := parseAddresses(test.value)
		var got []string
		for _, addr := range found {
			got = append(got, addr.domain)
		}
		switch {
		case test.want == nil && err == nil:
			t.Errorf("parseAddresses(%q) = %q, want an error", test.value, got)
		case test.want != nil && (err != nil || !slices.Equal(got, test.want)):
			t.Errorf("parseAddresses(%q) = %q, %v, want %q", test.value, got, err, test.want)
		}
	}
}

// FuzzParseAddresses: nothing makes it panic, and what it finds are parts of the
// value, blanks apart.
func FuzzParseAddresses(f *testing.F) {
	for _, seed := range []string{
		`"a" <b@c.d>`, "g: a@b, c@d;", "(c (d)\\)) a@b", "=?UTF-8?B?eA==?= <a@b>", "a@[1]", "\x1b$B (B <a@b>",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		found, err := parseAddresses(value)
		if err != nil {
			return
		}
		for _, addr := range found {
			domain := addr.domain
			if domain == "" || addr.local == "" {
				t.Fatalf("%q has an address with an empty part", value)
			}
			first, _, _ := strings.Cut(domain, ".")
			if !strings.Contains(value, first) {
				t.Fatalf("%q has no %q", value, domain)
			}
		}
	})
}
