package lint

import (
	"reflect"
	"testing"
)

func TestParseLines(t *testing.T) {
	for _, test := range []struct {
		text  string
		lines []Line
		err   string
	}{
		{"", nil, ""},
		{"example.jp v=spf1 mx ~all", []Line{{1, "example.jp", "v=spf1 mx ~all"}}, ""},
		{"\n# customers\n; more\n$TTL 3600\nexample.jp\t \tv=spf1 ~all\r\n", []Line{{5, "example.jp", "v=spf1 ~all"}}, ""},
		{`example.jp. IN TXT "v=spf1 " "~all"`, []Line{{1, "example.jp.", "v=spf1 ~all"}}, ""},
		{`example.jp. 3600 IN TXT "v=spf1" "~all" ; a comment`, []Line{{1, "example.jp.", "v=spf1~all"}}, ""},
		{`example.jp. in 1h txt "a\"b\\c\059d"`, []Line{{1, "example.jp.", `a"b\c;d`}}, ""},
		{"s1._domainkey.example.jp. TXT v=DKIM1; k=rsa; p=x", []Line{{1, "s1._domainkey.example.jp.", "v=DKIM1"}}, ""},
		{"s1._domainkey.example.jp. TXT ( \"v=DKIM1;\" ; one\n \"p=\"\n)\nexample.jp v=spf1\n",
			[]Line{{1, "s1._domainkey.example.jp.", "v=DKIM1;p="}, {4, "example.jp", "v=spf1"}}, ""},
		{"s1._domainkey.example.jp. TXT ( \"v=DKIM1;\"", []Line{{1, "s1._domainkey.example.jp.", "v=DKIM1;"}}, ""},
		{"example.jp\t\"v=spf1 \" \"~all\"\r\n", []Line{{1, "example.jp", "v=spf1 ~all"}}, ""},
		{`example.jp v="spf1" ~all`, []Line{{1, "example.jp", `v="spf1" ~all`}}, ""},
		{"example.jp\nexample.com v=spf1\n", []Line{{2, "example.com", "v=spf1"}}, "line 1: a host and a value are needed"},
		{"$ORIGIN example.jp.\n@ TXT \"\"\n", nil, "line 1: $ORIGIN is not for here: write whole hosts\nline 2: a host and a value are needed"},
	} {
		lines, err := ParseLines(test.text)
		message := ""
		if err != nil {
			message = err.Error()
		}
		if !reflect.DeepEqual(lines, test.lines) || message != test.err {
			t.Errorf("%q: %+v, %q, want %+v, %q", test.text, lines, message, test.lines, test.err)
		}
	}
}

func TestKindOf(t *testing.T) {
	for _, test := range []struct {
		host, value string
		kind        Kind
	}{
		{"example.jp", "v=spf1 ~all", KindSPF},
		{"_dmarc.example.jp", "v=spf1 ~all", KindDMARC},
		{"dmarc.example.jp", "p=none", KindDMARC},
		{"example.jp", "v=DMARC1; p=none", KindDMARC},
		{"s1._domainkey.example.jp", "s1.dkim.hosting.example", KindDKIM},
		{"s1.domainkey.example.jp", "", KindDKIM},
		{"example.jp", "V=DKIM1; p=", KindDKIM},
		{"example.jp", "spf1 include:_spf.example.net ~all", KindSPF},
		{"example.jp", "v=spf1include:_spf.example.net ~all", KindSPF},
		{"example.jp", "ｖ＝ｓｐｆ１　～ａｌｌ", KindSPF},
		{"example.jp", "dmarc1; p=none", KindDMARC},
		{"example.jp", "google-site-verification=aspf1x", ""},
		{"example.jp", "google-site-verification=x", ""},
	} {
		if kind := KindOf(test.host, test.value); kind != test.kind {
			t.Errorf("%s %q: %q, want %q", test.host, test.value, kind, test.kind)
		}
	}
}

// FuzzParseLines: no text makes the parser panic or go on for ever.
func FuzzParseLines(f *testing.F) {
	f.Add("example.jp v=spf1\ns1._domainkey.example.jp. IN TXT (\"v=DKIM1;\"\n\"p=\\\"\\059\")\n")
	f.Fuzz(func(t *testing.T, text string) {
		lines, _ := ParseLines(text)
		for _, line := range lines {
			if line.Host == "" || line.Value == "" {
				t.Errorf("%q: %+v", text, line)
			}
		}
	})
}
