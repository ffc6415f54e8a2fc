package lint

import (
	"strings"
	"testing"

	"dkimd/keys/finding"
	"dkimd/keys/record"
)

func TestCNAME(t *testing.T) {
	w := newWorld(t, map[string]string{
		"name":     txt("taken._domainkey", "v=DKIM1;k=rsa;p=b3RoZXI=") + "done._domainkey CNAME s1._domainkey.provider.test.\nother._domainkey CNAME ed._domainkey.provider.test.\n",
		"provider": txt("s1._domainkey", good) + txt("ed._domainkey", value(edPublic)) + txt("key", good) + txt("spare._domainkey", "v=DKIM1; p=") + txt("weak._domainkey", value(sized(512))) + txt("two._domainkey", good) + txt("two._domainkey", value(edPublic)) + txt("spf._domainkey", "v=spf1 -all") + "far._domainkey CNAME key\nround._domainkey CNAME round._domainkey\n",
	})
	for _, test := range []struct{ host, target, codes string }{
		{dkimHost, "s1._domainkey.provider.test", ""},
		{dkimHost, "S1._domainkey.Provider.test.", ""},
		{dkimHost, "ed._domainkey.provider.test", ""},
		{dkimHost, "far._domainkey.provider.test", ""},
		{dkimHost, "key.provider.test", ""}, // what is there proves that the name is right
		{"done._domainkey.name.test", "s1._domainkey.provider.test", ""},

		{dkimHost, "", "cname_target"},
		{dkimHost, "192.0.2.1", "cname_target"},
		{dkimHost, "2001:db8::1", "cname_target"},
		{dkimHost, "https://s1._domainkey.provider.test/", "cname_target"},
		{dkimHost, "s1._domainkey. provider.test", "cname_target"},
		{dkimHost, "CNAME s1._domainkey.provider.test", "cname_target"},
		{dkimHost, "s1", "cname_target"},
		{dkimHost, strings.Repeat("x", 64) + ".provider.test", "cname_target"},
		{dkimHost, `"s1._domainkey.provider.test"`, "literal_quotes"},
		{dkimHost, "s1.＿domainkey.provider.test", "bad_characters"},
		{dkimHost, b64(pkcs8), "private_key"},
		{dkimHost, "S1._domainkey.NAME.test.", "cname_loop"},
		{"name.test", "s1._domainkey.provider.test", "dkim_host"},
		{"s1.domainkey.name.test", "s1._domainkey.provider.test", "missing_underscore"},
		{"s1._domainkey.name.test.name.test", "s1._domainkey.provider.test", "doubled_domain"},

		{dkimHost, "gone._domainkey.provider.test", "cname_no_key"},
		{dkimHost, "gone.provider.test", "cname_no_key cname_no_domainkey"},
		{dkimHost, "spare._domainkey.provider.test", "cname_no_key"},
		{dkimHost, "weak._domainkey.provider.test", "cname_bad_key"},
		{dkimHost, "two._domainkey.provider.test", "cname_bad_key"},
		{dkimHost, "spf._domainkey.provider.test", "cname_bad_key"},
		{dkimHost, "round._domainkey.provider.test", "no_answer"},
		{dkimHost, "s1._domainkey.provider.example", "no_answer"},
		{"taken._domainkey.name.test", "s1._domainkey.provider.test", "cname_clash"},
		{"taken._domainkey.name.test", "gone._domainkey.provider.test", "cname_no_key cname_clash"},
		{"other._domainkey.name.test", "s1._domainkey.provider.test", "cname_clash"},
		{"s1._domainkey.name.example", "s1._domainkey.provider.test", "no_answer"},

		// The host is not known: nothing is asked.
		{"", "gone.provider.test", ""},
		{"", "192.0.2.1", "cname_target"},
	} {
		list := CNAME(t.Context(), w.resolver, test.host, test.target)
		if got := codes(list); got != test.codes {
			t.Errorf("%s CNAME %s: %q, want %q", test.host, test.target, got, test.codes)
		}
		checkTexts(t, list)
	}
}

func TestIsTarget(t *testing.T) {
	for value, want := range map[string]bool{
		"s1._domainkey.provider.test":          true,
		"s1._domainkey.provider.test.":         true,
		`"s1._domainkey.provider.test"`:        true,
		"s1 ._domainkey.provider.test":         true,
		"192.0.2.1":                            true,
		"2001:db8::1":                          true,
		"https://s1.provider.test:443/path?x#": true,
		"":                                     false,
		good:                                   false,
		"v=DKIM1; n=see www.provider.test":     false,
		"please see the attachment":            false,
		p(key):                                 false,
		b64(pkcs8):                             false,
	} {
		if IsTarget(value) != want {
			t.Errorf("%q: %t", value, !want)
		}
	}
}

func TestDKIMValueNeedsNoHost(t *testing.T) {
	for value, want := range map[string]string{
		good:                        "long_value",
		value(sized(512)):           "weak_key",
		"v=DKIM1":                   "cut_at_semicolon",
		"v=DKIM1;k=rsa;p=" + pkcs1:  "pkcs1 long_value",
		"v=DKIM1; p=" + b64(pkcs8):  "private_key",
		"v=spf1 -all":               "not_dkim",
		"s1._domainkey.provider.jp": "txt_instead_of_cname",
	} {
		list := DKIMValue(value)
		if got := codes(list); got != want {
			t.Errorf("%s: %q, want %q", value, got, want)
		}
		checkTexts(t, list)
	}
}

// FuzzCNAME: no value makes the check panic or say what it should not, and what has no
// error is a name.
func FuzzCNAME(f *testing.F) {
	for _, target := range []string{"s1._domainkey.provider.test.", "192.0.2.1", "https://s1.provider.test/", `"s1"`, b64(pkcs8), "日本語.test", "s1.provider.test.."} {
		f.Add(target)
	}
	f.Fuzz(func(t *testing.T, target string) {
		IsTarget(target)
		list := CNAME(t.Context(), nil, "", target)
		checkTexts(t, list)
		if name := strings.TrimSpace(target); !finding.HasError(list) && !record.LooksLikeHost(name) {
			t.Errorf("%q passes", target)
		}
	})
}
