package lint

import (
	"strings"
	"testing"
)

// What is quoted stands in the value: letters that do not belong there are not left
// out, and a dash of an office program is no +.
func TestWhatIsQuotedWasWritten(t *testing.T) {
	w := newWorld(t, map[string]string{"name": "@ MX 10 @\n@ A 192.0.2.1\n"})
	for _, test := range []struct {
		kind               Kind
		host, value, codes string
		quoted             string // empty: nothing
	}{
		{KindDMARC, "_dmarc.name.test", "v=DMARC1; p=none; rua=mailto:田中@name.test", "bad_characters dmarc_not_published", ""},
		{KindDMARC, "_dmarc.name.test", "v=DMARC1; p=none; rua=mailto:dmarc@日本", "bad_characters dmarc_bad_address dmarc_not_published", `"mailto:dmarc@\u65e5\u672c"`},
		{KindDMARC, "_dmarc.name.test", "v=DMARC1; p=拒否; rua=mailto:a@name.test", "bad_characters dmarc_bad_policy dmarc_not_published", `"\u62d2\u5426"`},
		{KindDMARC, "_dmarc.name.test", "v=DMARC1; p=none; rua=https://name.test/!10m", "dmarc_not_mail dmarc_size dmarc_not_published", `"https://name.test/!10m"`},
		{KindDMARC, "_dmarc.name.test", "v=DMARC1; p=none; rua=mailto:a\xe9@name.test", "bad_characters dmarc_not_published", ""},
		{KindSPF, "name.test", "v=spf1 mx –all", "bad_characters spf_syntax spf_not_published", `"\u2013all"`},
		{KindSPF, "name.test", "“v=spf1 mx –all”", "bad_characters spf_syntax spf_not_published", `"\u2013all"`},
		{KindSPF, "name.test", "\"v=spf1 mx –all\"", "bad_characters literal_quotes spf_syntax spf_not_published", `U+2013 '–'`},
		{KindSPF, "name.test", "ｖ＝ｓｐｆ１　ｍｘ　－ａｌｌ", "bad_characters spf_not_published", ""},
		{KindSPF, "name.test", "spf1 mx -all", "spf_version spf_not_published", `"spf1 mx -all"`},
		{KindDKIM, dkimHost, "v=DKIM1; p=abc鍵MIICXQIBAAKBgQC7VJTUt9Us8cKjMzEfYyjiWA4R4", "private_key", ""},
		{"", "name.test", "google-site-verification=x", "unknown_kind", ""},
		{KindSPF, "name.test", "v=spf1\u2003mx -all", "bad_characters spf_version spf_not_published", `"v=spf1\u2003mx -all"`},
		{KindSPF, "name.test", "「v=spf1 mx -all」\ufeff", "bad_characters spf_not_published", ""},
		{KindDKIM, dkimHost, "v=DKIM1; k=rsa; p=鍵", "bad_characters malformed", ""},
		{KindDKIM, dkimHost, "値は添付のとおりです", "bad_characters not_dkim", `"\u5024\u306f\u6dfb\u4ed8\u306e\u3068\u304a\u308a\u3067\u3059"`},
	} {
		list := Judge(t.Context(), w.resolver, test.kind, test.host, test.value)
		if got := codes(list); got != test.codes {
			t.Errorf("%s: %q, want %q", test.value, got, test.codes)
		}
		checkTexts(t, list)
		said := ""
		for _, f := range list {
			said += f.Text.En
		}
		if !strings.Contains(said, test.quoted) {
			t.Errorf("%s: %s is not quoted in %s", test.value, test.quoted, said)
		}
	}
}
