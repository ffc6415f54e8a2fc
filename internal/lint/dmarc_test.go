package lint

import (
	"context"
	"strings"
	"testing"
	"time"
)

const rua = "; rua=mailto:dmarc@name.test"

var dmarcCases = []struct{ host, value, codes string }{
	// As it should be.
	{"_dmarc.name.test", "v=DMARC1; p=none; rua=mailto:dmarc@name.test", ""},
	{"_dmarc.name.test.", "v=DMARC1;p=reject;sp=quarantine;np=reject;adkim=s;aspf=r;rua=mailto:dmarc@name.test", ""},
	{"_DMARC.Name.test", "v=DMARC1; p=NONE; rua=MAILTO:dmarc@name.test;", ""},
	{"_dmarc.name.test", "v = DMARC1 ;\tp = quarantine ; rua = mailto:a@name.test , mailto:b@name.test ;", "line_break"},
	{"_dmarc.name.test", "v = DMARC1 ; p = quarantine ; rua = mailto:a@name.test , mailto:b@name.test ;", ""},
	{"_dmarc.name.test", "v=DMARC1; p=none; rua=mailto:a%2Cb@name.test?subject=x", ""},
	{"_dmarc.name.test", "v=DMARC1; p=none; rua=mailto:a@name.test; ruf=mailto:b@name.test; fo=1:d:s", ""},
	{"_dmarc.name.test", "v=DMARC1; p=none; psd=n" + rua, ""},
	{"_dmarc.日本語.test", "v=DMARC1; p=none; rua=mailto:dmarc@xn--wgv71a119e.test", ""},
	{"_dmarc.name.test", "v=DMARC1; p=none; rua=mailto:dmarc@sub.name.test", ""},

	{"_dmarc.name.test", "v=DMARC1; p=none; rua=" + strings.Repeat("mailto:dmarc@name.test,", 11) + "mailto:dmarc@name.test", "long_value"},

	// The host.
	{"name.test", "v=DMARC1; p=none" + rua, "dmarc_at_domain"},
	{"dmarc.name.test", "v=DMARC1; p=none" + rua, "missing_underscore"},
	{"_dmarc.name.test.name.test", "v=DMARC1; p=none" + rua, "doubled_domain"},
	{"_dmarc", "v=DMARC1; p=none" + rua, "bad_host"},
	{"", "v=DMARC1; p=none" + rua, "bad_host"},
	{"_dmarc._dmarc.name.test", "v=DMARC1; p=none" + rua, "dmarc_host"},
	{"_dmark.name.test", "v=DMARC1; p=none" + rua, "dmarc_host"},
	{"_dmarc name.test", "v=DMARC1; p=none" + rua, "bad_host"},

	// What is there.
	{"_dmarc.published.test", "", "dmarc_no_reports"},
	{"_dmarc.published.test", "v=DMARC1; p=none", "dmarc_no_reports"},
	{"_dmarc.published.test", "v=DMARC1; p=reject", "dmarc_differs dmarc_no_reports"},
	{"_dmarc.bare.test", "v=DMARC1; p=reject", "dmarc_not_published dmarc_no_reports"},
	{"_dmarc.bare.test", "", "dmarc_none"},
	{"_dmarc.several.test", "", "dmarc_several"},
	{"_dmarc.several.test", "v=DMARC1; p=none", "dmarc_several dmarc_no_reports"},
	{"_dmarc.spfthere.test", "v=DMARC1; p=none", "dmarc_not_published dmarc_no_reports"},
	{"_dmarc.name.example", "v=DMARC1; p=none", "no_answer dmarc_no_reports"},

	// The version.
	{"_dmarc.name.test", "v=dmarc1; p=none" + rua, "dmarc_version"},
	{"_dmarc.name.test", "p=none; v=DMARC1" + rua, "dmarc_version"},
	{"_dmarc.name.test", "v=DMARC1 p=none" + rua, "dmarc_version"},
	{"_dmarc.name.test", "v=DMARC1, p=none" + rua, "dmarc_version"},
	{"_dmarc.name.test", "v=DMARC2; p=none" + rua, "not_dmarc"},
	{"_dmarc.name.test", "p=none" + rua, "not_dmarc"},
	{"_dmarc.name.test", "v=spf1 -all", "not_dmarc"},
	{"_dmarc.name.test", "v=DMARC1", "dmarc_no_effect dmarc_no_reports"},

	// The policy.
	{"_dmarc.name.test", "v=DMARC1; rua=mailto:dmarc@name.test", "dmarc_no_policy"},
	{"_dmarc.name.test", "v=DMARC1; rua=dmarc@name.test", "dmarc_no_mailto dmarc_no_effect"},
	{"_dmarc.name.test", "v=DMARC1; p=monitor" + rua, "dmarc_bad_policy"},
	{"_dmarc.name.test", "v=DMARC1; p=none; sp=rejected" + rua, "dmarc_bad_policy"},
	{"_dmarc.name.test", "v=DMARC1; p=none; np=no" + rua, "dmarc_bad_policy"},
	{"_dmarc.name.test", "v=DMARC1; p=none", "dmarc_no_reports"},
	{"_dmarc.name.test", "v=DMARC1; adkim=s; p=none" + rua, "dmarc_policy_late"},
	{"_dmarc.name.test", "v=DMARC1; p=reject; t=y" + rua, "dmarc_test_mode"},
	{"_dmarc.name.test", "v=DMARC1; p=none; psd=y" + rua, "dmarc_public_suffix"},

	// The other tags.
	{"_dmarc.name.test", "v=DMARC1; p=none; adkim=strict" + rua, "dmarc_bad_value"},
	{"_dmarc.name.test", "v=DMARC1; p=none; aspf=x; t=1" + rua, "dmarc_bad_value"},
	{"_dmarc.name.test", "v=DMARC1; p=none; fo=2" + rua, "dmarc_bad_value dmarc_options_unused"},
	{"_dmarc.name.test", "v=DMARC1; p=none; fo=1" + rua, "dmarc_options_unused"},
	{"_dmarc.name.test", "v=DMARC1; p=reject; pct=50" + rua, "dmarc_pct"},
	{"_dmarc.name.test", "v=DMARC1; p=none; ri=86400; rf=afrf" + rua, "dmarc_removed_tag"},
	{"_dmarc.name.test", "v=DMARC1; p=none; policy=none" + rua, "dmarc_unknown_tag"},
	{"_dmarc.name.test", "v=DMARC1; P=none" + rua, "dmarc_unknown_tag dmarc_no_policy"},
	{"_dmarc.name.test", "v=DMARC1; p=none; p=reject" + rua, "dmarc_tag_twice"},
	{"_dmarc.name.test", "v=DMARC1; p=none; v=DMARC1" + rua, "dmarc_tag_twice"},
	{"_dmarc.name.test", "v=DMARC1; p" + rua, "dmarc_syntax dmarc_no_policy"},
	{"_dmarc.name.test", "v=DMARC1; p=" + rua, "dmarc_syntax dmarc_no_policy"},
	{"_dmarc.name.test", "v=DMARC1;; p=none" + rua, "dmarc_empty_tag"},
	{"_dmarc.name.test", "v=DMARC1; p=none; ;" + rua + ";;", "dmarc_empty_tag"},
	{"_dmarc.name.test", "v=DMARC1; p=none; =" + rua, "dmarc_syntax"},
	{"_dmarc.name.test", "v=DMARC1; p=none, rua=mailto:dmarc@name.test", "dmarc_bad_policy dmarc_no_reports"},

	// Damage.
	{"_dmarc.name.test", "“v=DMARC1; p=none" + rua + "”", "bad_characters"},
	{"_dmarc.name.test", "ｖ＝DMARC1；p=none" + rua, "bad_characters"},
	{"_dmarc.name.test", `"v=DMARC1; p=none` + rua + `"`, "literal_quotes"},
	{"_dmarc.name.test", `v=DMARC1\; p=none\` + rua, "backslashes"},
	{"_dmarc.name.test", "v=DMARC1;\r\n p=none" + rua, "line_break"},
	{"_dmarc.name.test", pemPrivate, "private_key"},

	// Reports.
	{"_dmarc.name.test", "v=DMARC1; p=none; rua=mailto:dmarc@name.test!10m", "dmarc_size"},
	{"_dmarc.name.test", "v=DMARC1; p=none; rua=https://name.test/dmarc", "dmarc_not_mail"},
	{"_dmarc.name.test", "v=DMARC1; p=none; rua=mailto:name.test", "dmarc_bad_address"},
	{"_dmarc.name.test", "v=DMARC1; p=none; rua=mailto:@name.test", "dmarc_bad_address"},
	{"_dmarc.name.test", "v=DMARC1; p=none; rua=mailto:a@name.test mailto:b@name.test", "dmarc_bad_address"},
	{"_dmarc.name.test", "v=DMARC1; p=none; rua=mailto:a@name.test; mailto:b@name.test", "dmarc_syntax"},
	{"_dmarc.name.test", "v=DMARC1; p=none; rua=mailto:a b@name.test", "dmarc_bad_address"},
	{"_dmarc.name.test", "v=DMARC1; p=none; rua=mailto:a@name.test,", "dmarc_bad_address"},
	{"_dmarc.name.test", "v=DMARC1; p=none; rua=mailto:<a@name.test>", "dmarc_bad_address"},
	{"_dmarc.name.test", "v=DMARC1; p=none; rua=mailto:{a}@name.test", "dmarc_bad_address"},
	{"_dmarc.name.test", "v=DMARC1; p=none; rua=mailto:a@name.test?subject=<x>", "dmarc_bad_address"},
	{"_dmarc.name.test", "v=DMARC1; p=none; rua=mailto:a@name.test?subject=[x]", "dmarc_bad_address"},
	{"_dmarc.name.test", "v=DMARC1; p=none; rua=mailto:a#b@name.test", "dmarc_bad_address"},
	{"_dmarc.name.test", "v=DMARC1; p=none; rua=mailto:a%%@name.test", "dmarc_percent"},
	{"_dmarc.name.test", "v=DMARC1; p=none; ruf=mailto:a%2@name.test" + rua, "dmarc_percent"},
	{"_dmarc.name.test", "v=DMARC1; p=none; rua=mailto:a%zz@name.test", "dmarc_percent"},
	{"_dmarc.name.test", "v=DMARC1; p=none; rua=mailto:a@name.test?subject=100%", "dmarc_percent"},
	{"_dmarc.name.test", "v=DMARC1; p=none; rua=mailto:a%25@name.test?subject=100%25", ""},
	{"_dmarc.name.test", "v=DMARC1; p=none; rua=mailto:a@reports.test", "dmarc_unauthorized"},
	{"_dmarc.allowed.test", "v=DMARC1; p=none; rua=mailto:a@reports.test", ""},
	{"_dmarc.allowed.test", "v=DMARC1; p=none; rua=mailto:a@reports.test; ruf=mailto:b@notdmarc.test", "dmarc_unauthorized"},
	{"_dmarc.name.test", "v=DMARC1; p=none; rua=mailto:a@everybody.test", ""},
	{"_dmarc.name.test", "v=DMARC1; p=none; rua=mailto:a@reports.example", "no_answer"},

	// Which domains belong together, by the tree walk.
	{"_dmarc.a.org.test", "v=DMARC1; p=none; rua=mailto:dmarc@b.org.test", ""},
	{"_dmarc.a.org.test", "v=DMARC1; p=none; psd=n; rua=mailto:dmarc@b.org.test", "dmarc_unauthorized"},
	{"_dmarc.a.org.test", "v=DMARC1; p=none; rua=mailto:dmarc@org.test", ""},
	{"_dmarc.a.name.test", "v=DMARC1; p=none; rua=mailto:dmarc@name.test", "dmarc_unauthorized"}, // name.test has no record
	{"_dmarc.a.suffix.test", "v=DMARC1; p=none; rua=mailto:dmarc@b.suffix.test", "dmarc_unauthorized"},
	{"_dmarc.a.several.test", "v=DMARC1; p=none; rua=mailto:dmarc@several.test", "dmarc_unauthorized"}, // two count as none
	{"_dmarc.1.2.3.4.5.6.7.8.deep.test", "v=DMARC1; p=none; rua=mailto:dmarc@deep.test", ""},
	{"_dmarc.1.2.3.4.5.6.7.8.9.org.test", "v=DMARC1; p=none; rua=mailto:dmarc@org.test", ""},
}

func dmarcWorld(t *testing.T) world {
	subdomains := map[string]string{
		"published":      txt("_dmarc", "v=DMARC1; p=none"),
		"bare":           "@ A 192.0.2.1\n",
		"several":        txt("_dmarc", "v=DMARC1; p=none") + txt("_dmarc", "v=DMARC1; p=reject"),
		"spfthere":       txt("_dmarc", "v=spf1 -all") + txt("_dmarc", "v=DMARC10; p=none"),
		"reports":        txt("allowed.test._report._dmarc", "v=DMARC1"),
		"notdmarc":       txt("allowed.test._report._dmarc", "yes"),
		"everybody":      txt("*._report._dmarc", "v=DMARC1;"),
		"org":            txt("_dmarc", "v=DMARC1; p=none"),
		"deep":           txt("_dmarc", "v=DMARC1; p=none") + txt("_dmarc.2.3.4.5.6.7.8", "v=DMARC1; p=none; psd=n"), // which the walk skips
		"suffix":         txt("_dmarc", "v=DMARC1; p=none; psd=y"),
		"name":           "",
		"xn--wgv71a119e": "",
		"allowed":        "",
	}
	return newWorld(t, subdomains)
}

// notPublished is what is said of all values that are not there yet.
const notPublished = "dmarc_not_published"

func TestDMARC(t *testing.T) {
	w := dmarcWorld(t)
	for _, test := range dmarcCases {
		list := DMARC(t.Context(), w.resolver, test.host, test.value)
		got := codes(list)
		if !strings.Contains(test.codes, notPublished) {
			got = strings.TrimSpace(strings.ReplaceAll(got+" ", notPublished+" ", ""))
		}
		if got != test.codes {
			t.Errorf("%s %q: %q, want %q", test.host, test.value, got, test.codes)
		}
		checkTexts(t, list)
	}
}

func TestDMARCNeedsSPFAndDKIM(t *testing.T) {
	for _, test := range []struct {
		spf, dkim bool
		codes     string
	}{
		{true, true, ""},
		{false, true, "dmarc_needs_spf"},
		{true, false, "dmarc_needs_dkim"},
		{false, false, "dmarc_needs_spf dmarc_needs_dkim"},
	} {
		list := DMARCNeeds(test.spf, test.dkim)
		if got := codes(list); got != test.codes {
			t.Errorf("SPF %t, DKIM %t: %q, want %q", test.spf, test.dkim, got, test.codes)
		}
		checkTexts(t, list)
	}
}

// FuzzDMARC: no value makes the check panic or say what it should not.
func FuzzDMARC(f *testing.F) {
	for _, test := range dmarcCases {
		f.Add(test.host, test.value)
	}
	f.Fuzz(func(t *testing.T, host, value string) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // nobody is asked
		checkTexts(t, DMARC(ctx, NewResolver("127.0.0.1", time.Second, nil), host, value))
	})
}
