package lint

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
)

// What a receiver makes of a record, for a sender that no mechanism matches.
const (
	evaluated = "evaluated" // pass, fail, softfail or neutral
	permError = "permerror"
	tempError = "temperror"
	none      = "none"
)

// spfCase is an SPF record, published at name.test.
type spfCase struct {
	name, value string
	zone        string // what else is there
	codes       string
	result      string
	// What another checker makes of it, if it disagrees, and why.
	pyspf, mailSPF string
	why            string
}

var spfCases = []spfCase{
	// As it should be.
	{name: "plain", value: "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 ~all", result: evaluated},
	{name: "nobody", value: "v=spf1 -all", result: evaluated},
	{name: "upper", value: "V=SPF1 IP4:192.0.2.1 -ALL", result: evaluated},
	{name: "blanks", value: "v=spf1   ip4:192.0.2.1   -all  ", result: evaluated},
	{name: "included", value: "v=spf1 include:spf.included.test ~all", zone: txt("spf", "v=spf1 ip4:192.0.2.1 -all"), result: evaluated},
	{name: "finaldot", value: "v=spf1 include:spf.finaldot.test. ~all", zone: txt("spf", "v=spf1 ip4:192.0.2.1 -all"), result: evaluated},
	{name: "redirected", value: "v=spf1 redirect=spf.redirected.test", zone: txt("spf", "v=spf1 ip4:192.0.2.1 -all"), result: evaluated},
	{name: "hosts", value: "v=spf1 a mx a:www.hosts.test/28 mx:hosts.test/24//64 -all", zone: "@ A 192.0.2.1\n@ MX 10 www\nwww A 192.0.2.2\n", result: evaluated},
	{name: "six", value: "v=spf1 a -all", zone: "@ AAAA 2001:db8::1\n", result: evaluated},
	{name: "macros", value: "v=spf1 exists:%{ir}.%{l1r-}.%{d2}.spf.macros.test -all", result: evaluated},
	{name: "samemacro", value: "v=spf1 include:spf.%{d} -all", zone: txt("spf", "v=spf1 ip4:192.0.2.1 -all"), result: evaluated},
	{name: "explained", value: "v=spf1 ip4:192.0.2.1 -all exp=why.explained.test", zone: txt("why", "%{i} may not send"), result: evaluated},
	{name: "ten", value: "v=spf1 a a a a a a a a a a -all", zone: "@ A 192.0.2.1\n", result: evaluated},
	{name: "split", value: "v=spf1 " + strings.Repeat("ip4:192.0.2.1 ", 20) + "-all", codes: "long_value", result: evaluated},
	{name: "besides", value: "v=spf1 -all", zone: txt("@", "v=spf10 +all") + txt("@", "google-site-verification=x") + txt("@", "spf2.0/pra ?all"), result: evaluated},
	{name: "nullmx", value: "v=spf1 mx -all", zone: "@ MX 0 .\n", result: evaluated},

	// Advice.
	{name: "network", value: "v=spf1 ip4:192.0.2.1/24 ip6:2001:db8::1/32 -all", codes: "spf_host_bits", result: evaluated},
	{name: "pass", value: "v=spf1 +all", codes: "spf_pass_all", result: evaluated},
	{name: "passbare", value: "v=spf1 all", codes: "spf_pass_all", result: evaluated},
	{name: "neutral", value: "v=spf1 ip4:192.0.2.1 ?all", codes: "spf_neutral_all", result: evaluated},
	{name: "noall", value: "v=spf1 ip4:192.0.2.1", codes: "spf_no_all", result: evaluated},
	{name: "empty", value: "v=spf1", codes: "spf_no_all", result: evaluated},
	{name: "after", value: "v=spf1 ~all ip4:192.0.2.1 include:nothing.after.test", codes: "spf_after_all", result: evaluated},
	{name: "beside", value: "v=spf1 redirect=nothing.beside.test ~all", codes: "spf_redirect_ignored", result: evaluated},
	{name: "ptr", value: "v=spf1 ptr -all", codes: "spf_ptr", result: evaluated},
	{name: "unknown", value: "v=spf1 ip4=192.0.2.1 -all", codes: "spf_unknown_modifier", result: evaluated},
	{name: "unknowna", value: "v=spf1 a-include:b=x -all", codes: "spf_joined", result: permError},
	{name: "unknownb", value: "v=spf1 a-b=mx:x -all", codes: "spf_unknown_modifier", result: evaluated},
	{name: "macroinclude", value: "v=spf1 include:%{i}._spf.macroinclude.test -all", zone: txt("*._spf", "v=spf1 -all"), codes: "spf_macro", result: evaluated},
	{name: "long", value: "v=spf1 " + strings.Repeat("ip4:192.0.2.1 ", 35) + "-all", codes: "spf_long long_value", result: evaluated},
	{name: "onestring", value: "v=spf1 " + strings.Repeat("ip4:192.0.2.1 ", 14) + strings.Repeat("ip4:192.0.2.100 ", 3) + "-all", result: evaluated},
	{name: "twostrings", value: "v=spf1 " + strings.Repeat("ip4:192.0.2.1 ", 14) + strings.Repeat("ip4:192.0.2.100 ", 3) + " -all", codes: "long_value", result: evaluated},
	{name: "longtogether", value: "v=spf1 -all", zone: txt("@", strings.Repeat("x", 450)), codes: "spf_long", result: evaluated},
	{name: "dangling", value: "v=spf1 a:gone.dangling.test -all", codes: "spf_dangling", result: evaluated},
	{name: "danglingtwo", value: "v=spf1 a:gone.danglingtwo.test mx -all", codes: "spf_dangling", result: evaluated},
	{name: "passinside", value: "v=spf1 include:spf.passinside.test -all", zone: txt("spf", "v=spf1 +all"), codes: "spf_include_pass_all", result: evaluated},

	// Too many senders.
	{name: "everyfour", value: "v=spf1 ip4:0.0.0.0/0 -all", codes: "spf_everybody", result: evaluated},
	{name: "everysix", value: "v=spf1 +ip6:::/0 -all", codes: "spf_everybody", result: evaluated},
	{name: "everyhalf", value: "v=spf1 ip6:::/1 -all", codes: "spf_everybody", result: evaluated},
	{name: "everyunicast", value: "v=spf1 ip6:2000::/3 -all", codes: "spf_everybody", result: evaluated},
	{name: "everyfourth", value: "v=spf1 ip4:0.0.0.0/2 ip4:64.0.0.0/2 ip4:128.0.0.0/1 ip4:10.0.0.0/8 -all", codes: "spf_everybody spf_broad", result: evaluated},
	{name: "everysixteenth", value: "v=spf1 ip6:2000::/4 ip6:3000::/4 -all", codes: "spf_everybody spf_broad", result: evaluated},
	{name: "almostevery", value: "v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/2 ip4:192.0.0.0/3 -all", codes: "spf_broad", result: evaluated},
	{name: "everybothfamilies", value: "v=spf1 ip4:0.0.0.0/1 ip6:2000::/4 -all", codes: "spf_broad", result: evaluated},
	{name: "everya", value: "v=spf1 a/0 -all", zone: "@ A 192.0.2.1\n", codes: "spf_everybody", result: evaluated},
	{name: "everymx", value: "v=spf1 mx:everymx.test/32//0 -all", zone: "@ MX 1 a\na A 192.0.2.1\n", codes: "spf_everybody", result: evaluated},
	{name: "everyinside", value: "v=spf1 include:spf.everyinside.test -all", zone: txt("spf", "v=spf1 ip4:0.0.0.0/0 -all"), codes: "spf_include_pass_all", result: evaluated},
	{name: "passunused", value: "v=spf1 include:spf.passunused.test -all", zone: txt("spf", "v=spf1 -all +all ip4:0.0.0.0/0"), result: evaluated},
	{name: "passfirst", value: "v=spf1 include:spf.passfirst.test -all", zone: txt("spf", "v=spf1 redirect=_.passfirst.test a/0 +all") + "spf A 192.0.2.1\n", codes: "spf_include_pass_all", result: evaluated},
	{name: "halves", value: "v=spf1 ip4:128.0.0.0/1 ip4:192.0.2.1 ip4:0.0.0.0/1 -all", codes: "spf_everybody spf_broad", result: evaluated},
	{name: "halvesinside", value: "v=spf1 include:spf.halvesinside.test -all", zone: txt("spf", "v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all"), codes: "spf_include_pass_all", result: evaluated},
	{name: "seven", value: "v=spf1 ip4:10.0.0.0/7 -all", codes: "spf_broad", result: evaluated},
	{name: "fifteen", value: "v=spf1 a//15 -all", zone: "@ A 192.0.2.1\n", codes: "spf_broad", result: evaluated},
	{name: "broadenough", value: "v=spf1 ip4:10.0.0.0/8 ip6:2001::/16 ip6:fc00::/7 a/8//16 -all", zone: "@ A 192.0.2.1\n", result: evaluated},
	{name: "nobodyfour", value: "v=spf1 -ip4:0.0.0.0/0 ?ip6:::/0 ~a/0 -all", zone: "@ A 192.0.2.1\n", result: evaluated},
	{name: "everyafter", value: "v=spf1 ~all ip4:0.0.0.0/0", codes: "spf_after_all", result: evaluated},

	// Not an SPF record.
	{name: "two", value: "v=spf2.0 -all", codes: "spf_version spf_not_published", result: none},
	{name: "semicolon", value: "v=spf1; ip4:192.0.2.1 -all", codes: "spf_version spf_not_published", result: none},
	{name: "nospace", value: "v=spf1-all", codes: "spf_version spf_not_published", result: none},
	{name: "versionless", value: "ip4:192.0.2.1 -all", codes: "spf_version spf_not_published", result: none},
	{name: "quoted", value: `"v=spf1 -all"`, codes: "literal_quotes spf_not_published", result: none},
	{name: "twice", value: "v=spf1 a -all", zone: txt("@", "v=spf1 mx -all") + "@ A 192.0.2.1\n", codes: "spf_several", result: permError},

	// Syntax.
	{name: "mechanism", value: "v=spf1 ipv4:192.0.2.1 -all", codes: "spf_syntax", result: permError},
	{name: "comma", value: "v=spf1 ip4:192.0.2.1, ip4:192.0.2.2 -all", codes: "spf_syntax", result: permError},
	{name: "octet", value: "v=spf1 ip4:192.0.2.256 -all", codes: "spf_syntax", result: permError},
	{name: "zero", value: "v=spf1 ip4:192.0.2.01 -all", codes: "spf_syntax", result: permError},
	{name: "shortaddress", value: "v=spf1 ip4:192.0.2 -all", codes: "spf_syntax", result: permError},
	{name: "prefix", value: "v=spf1 ip4:192.0.2.0/33 -all", codes: "spf_syntax", result: permError},
	{name: "prefixsix", value: "v=spf1 ip6:2001:db8::/129 -all", codes: "spf_syntax", result: permError},
	{name: "prefixa", value: "v=spf1 a/33 -all", codes: "spf_syntax", result: permError},
	{name: "sixasfour", value: "v=spf1 ip4:2001:db8::1 -all", codes: "spf_syntax", result: permError},
	{name: "fourassix", value: "v=spf1 ip6:192.0.2.1 -all", codes: "spf_syntax", result: permError},
	{name: "zone", value: "v=spf1 ip6:fe80::1%eth0 -all", codes: "spf_syntax", result: permError},
	{name: "addressasa", value: "v=spf1 a:192.0.2.1 -all", codes: "spf_syntax", result: permError},
	{name: "barename", value: "v=spf1 include:localhost -all", codes: "spf_syntax", result: permError},
	{name: "noname", value: "v=spf1 include: -all", codes: "spf_syntax", result: permError},
	{name: "nothing", value: "v=spf1 include -all", codes: "spf_syntax", result: permError},
	{name: "allarg", value: "v=spf1 -all:x", codes: "spf_syntax", result: permError},
	{name: "badmacro", value: "v=spf1 exists:%{z}.badmacro.test -all", codes: "spf_syntax", result: permError},
	{name: "percent", value: "v=spf1 exists:100%.percent.test -all", codes: "spf_syntax", result: permError},
	{name: "zerodigit", value: "v=spf1 exists:%{d0}.zerodigit.test -all", codes: "spf_syntax", result: permError,
		pyspf: evaluated, why: "the number must not be zero (RFC 7208 section 7.3)"},
	{name: "redirecttwice", value: "v=spf1 redirect=a.redirecttwice.test redirect=a.redirecttwice.test", zone: txt("a", "v=spf1 -all"), codes: "spf_modifier_twice", result: permError},
	{name: "exptwice", value: "v=spf1 exp=a.exptwice.test -all exp=a.exptwice.test", zone: txt("a", "no"), codes: "spf_modifier_twice", result: permError},
	{name: "qualifier", value: "v=spf1 !ip4:192.0.2.1 -all", codes: "spf_syntax", result: permError},
	{name: "joined", value: "v=spf1 include:a.joined.testinclude:b.joined.test -all", codes: "spf_joined", result: permError},
	{name: "joinedall", value: "v=spf1 ip4:192.0.2.1-all", codes: "spf_joined", result: permError},
	{name: "joinedname", value: "v=spf1 include:spf.joinedname.test-all", codes: "spf_joined", result: permError},
	{name: "joinedsoft", value: "v=spf1 mx~all", codes: "spf_joined", result: permError},
	{name: "glued", value: "v=spf1 ip4:192.0.2.1 ~all v=spf1 ip4:192.0.2.2 ~all", codes: "spf_version_twice spf_after_all", result: evaluated},
	{name: "tab", value: "v=spf1 ip4:192.0.2.1\t-all", codes: "line_break", result: permError},
	{name: "wide", value: "v=spf1 ip4:192.0.2.1\u3000-all", codes: "bad_characters", result: permError},

	// Limits.
	{name: "eleven", value: "v=spf1 a a a a a a a a a a a -all", zone: "@ A 192.0.2.1\n", codes: "spf_lookups", result: permError},
	{name: "deep", value: "v=spf1 include:i1.deep.test include:i2.deep.test mx -all",
		zone: "@ MX 10 h\nh A 192.0.2.1\n" + txt("i1", "v=spf1 a:h.deep.test a:h.deep.test a:h.deep.test a:h.deep.test include:i3.deep.test -all") +
			txt("i2", "v=spf1 exists:h2.deep.test -all") + txt("i3", "v=spf1 exists:h2.deep.test exists:h2.deep.test redirect=i4.deep.test") + txt("i4", "v=spf1 -all"),
		codes: "spf_lookups spf_voids spf_dangling", result: permError},
	{name: "voids", value: "v=spf1 a:one.voids.test a:two.voids.test mx:three.voids.test -all", codes: "spf_voids spf_dangling", result: permError},
	{name: "manymx", value: "v=spf1 mx -all", zone: "@ MX 1 a\n@ MX 2 b\n@ MX 3 c\n@ MX 4 d\n@ MX 5 e\n@ MX 6 f\n@ MX 7 g\n@ MX 8 h\n@ MX 9 i\n@ MX 10 j\n@ MX 11 k\n* A 192.0.2.1\n",
		codes: "spf_many_mx", result: permError,
		mailSPF: evaluated, why: "it leaves out those after the tenth, as RFC 4408 had it; RFC 7208 section 4.6.4 makes it an error"},
	{name: "without", value: "v=spf1 include:www.without.test -all", zone: "www A 192.0.2.1\n", codes: "spf_include_without", result: permError},
	{name: "gone", value: "v=spf1 include:spf.gone.test -all", codes: "spf_include_without", result: permError},
	{name: "redirectgone", value: "v=spf1 redirect=spf.redirectgone.test", codes: "spf_include_without", result: permError},
	{name: "longlabel", value: "v=spf1 include:" + strings.Repeat("x", 64) + ".longlabel.test -all", codes: "spf_include_without", result: permError},
	{name: "includetwo", value: "v=spf1 include:spf.includetwo.test -all", zone: txt("spf", "v=spf1 -all") + txt("spf", "v=spf1 ~all"), codes: "spf_include_several", result: permError},
	{name: "includebroken", value: "v=spf1 include:spf.includebroken.test -all", zone: txt("spf", "v=spf1 ip4:192.0.2 -all"), codes: "spf_include_broken", result: permError},
	{name: "itself", value: "v=spf1 include:itself.test -all", codes: "spf_loop", result: permError},
	{name: "circle", value: "v=spf1 include:a.circle.test -all", zone: txt("a", "v=spf1 include:b.circle.test -all") + txt("b", "v=spf1 redirect=a.circle.test"), codes: "spf_loop", result: permError},
	{name: "unanswered", value: "v=spf1 include:spf.elsewhere.example -all", codes: "no_answer", result: tempError},
	{name: "unansweredhost", value: "v=spf1 mx:elsewhere.example -all", codes: "no_answer", result: tempError},
}

func spfWorld(t *testing.T) world {
	subdomains := map[string]string{
		"bare": "@ A 192.0.2.1\n",
		"bomb": "",
	}
	for _, test := range spfCases {
		subdomains[test.name] = txt("@", test.value) + test.zone
	}
	// Each name includes the next one ten times.
	for i := range 10 {
		next := fmt.Sprintf(" include:i%d.bomb.test", i+1)
		subdomains["bomb"] += txt(fmt.Sprintf("i%d", i), "v=spf1"+strings.Repeat(" mx:mx.bomb.test", 10)+strings.Repeat(next, 10)) +
			fmt.Sprintf("mx MX 1 a%d\na%[1]d A 192.0.2.1\n", i)
	}
	return newWorld(t, subdomains)
}

// resultOf returns what receivers make of a record with such findings.
func resultOf(codes string) string {
	result := evaluated
	for code := range strings.FieldsSeq(codes) {
		switch code {
		case "bad_host", "spf_none", "spf_version", "spf_not_published":
			return none
		case "spf_syntax", "spf_joined", "spf_modifier_twice", "spf_several", "spf_lookups", "spf_voids", "spf_many_mx", "spf_loop",
			"spf_include_without", "spf_include_several", "spf_include_broken", "line_break", "bad_characters":
			result = permError
		case "no_answer":
			return tempError
		}
	}
	return result
}

func TestSPF(t *testing.T) {
	w := spfWorld(t)
	for _, test := range spfCases {
		report := SPF(t.Context(), w.resolver, test.name+".test", test.value, "")
		if got := codes(report.Findings); got != test.codes {
			t.Errorf("%s: %s\n%q, want %q", test.name, test.value, got, test.codes)
		}
		checkTexts(t, report.Findings)
		if got := resultOf(test.codes); got != test.result {
			t.Errorf("%s: the codes mean %s, want %s", test.name, got, test.result)
		}
	}
}

func TestSPFOfWhatIsThere(t *testing.T) {
	w := spfWorld(t)
	for _, test := range []struct{ domain, value, include, codes string }{
		{"plain.test", "", "", ""},
		{"PLAIN.test.", "", "", ""},
		{"bare.test", "", "", "spf_none"},
		{"nowhere.test", "", "", "spf_none"},
		{"twice.test", "", "", "spf_several"},
		{"unanswered.example", "", "", "no_answer"},
		{"unanswered.example", "v=spf1 -all", "", "no_answer"},
		{"unanswered.example", "v=spf1 " + strings.Repeat("ip4:192.0.2.1 ", 35) + "-all", "", "no_answer spf_long long_value"},
		{"bare.test", "v=spf1 -all", "", "spf_not_published"},
		{"plain.test", "v=spf1 -all", "", "spf_differs"},
		{"plain.test.plain.test", "v=spf1 -all", "", "doubled_domain spf_not_published"},
		{"twice.test", "v=spf1 -all", "", "spf_several"},
		{"included.test", "", "spf.included.test", ""},
		{"included.test", "", "SPF.included.test.", ""},
		{"included.test", "", "other.test", "spf_include_missing"},
		{"after.test", "", "nothing.after.test", "spf_include_missing spf_after_all"},
		{"_spf.bare.test", "v=spf1 -all", "", "spf_not_published"},
		{"日本語.test", "v=spf1 -all", "", "spf_not_published"},
		{"test.test", "v=spf1 -all", "", "spf_not_published"},
		{"", "v=spf1 -all", "", "bad_host"},
		{"_" + strings.Repeat("x", 63) + ".test.test", "v=spf1 -all", "", "bad_host"},
		{strings.Repeat("_x.", 82) + "test.test", "v=spf1 -all", "", "bad_host"},
		{"bare test", "v=spf1 +all", "", "bad_host spf_pass_all"},
		{"bare.test", "“v=spf1 -all”", "", "bad_characters spf_not_published"},
		{"bare.test", "v=spf1\n-all\n", "", "line_break spf_not_published"},
		{"bare.test", `"v=spf1 " "-all"`, "", "literal_quotes spf_not_published"},
		{"bare.test", "", "", "spf_none"},
	} {
		report := SPF(t.Context(), w.resolver, test.domain, test.value, test.include)
		if got := codes(report.Findings); got != test.codes {
			t.Errorf("%s %q: %q, want %q", test.domain, test.value, got, test.codes)
		}
		checkTexts(t, report.Findings)
	}
}

func TestSPFCounts(t *testing.T) {
	w := spfWorld(t)
	for _, test := range []struct {
		domain         string
		lookups, voids int
	}{
		{"plain.test", 0, 0},
		{"hosts.test", 4, 0},
		{"ten.test", 10, 0},
		{"eleven.test", 11, 0},
		{"deep.test", 12, 3},
		{"voids.test", 3, 3},
		{"danglingtwo.test", 2, 2},
		{"after.test", 0, 0},
	} {
		report := SPF(t.Context(), w.resolver, test.domain, "", "")
		if report.Lookups != test.lookups || report.Voids != test.voids {
			t.Errorf("%s: %d look-ups and %d voids, want %d and %d", test.domain, report.Lookups, report.Voids, test.lookups, test.voids)
		}
	}
}

// counting counts what is asked.
type counting struct {
	Resolver
	questions int
}

func (c *counting) LookupTXT(ctx context.Context, name string) ([]string, error) {
	c.questions++
	return c.Resolver.LookupTXT(ctx, name)
}

func (c *counting) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	c.questions++
	return c.Resolver.LookupMX(ctx, name)
}

func (c *counting) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	c.questions++
	return c.Resolver.LookupNetIP(ctx, network, host)
}

func TestHostileRecordsAreNotFollowedForEver(t *testing.T) {
	w := spfWorld(t)
	resolver := &counting{Resolver: w.resolver}
	report := SPF(t.Context(), resolver, "bomb.test", "v=spf1 include:i0.bomb.test include:i1.bomb.test", "")
	if got, want := codes(report.Findings), "spf_lookups spf_no_all spf_not_published"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if resolver.questions > maxQuestions {
		t.Errorf("%d questions", resolver.questions)
	}
}

// Nobody answers at all.
func TestDNSThatIsAwayIsNoMistakeOfTheRecord(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := spfWorld(t)
	report := SPF(ctx, w.resolver, "plain.test", "v=spf1 a include:spf.plain.test -all", "")
	if got := codes(report.Findings); got != "no_answer" {
		t.Errorf("%q", got)
	}
}

// FuzzSPF: no value makes the parser panic, and what it takes it writes the same
// again.
func FuzzSPF(f *testing.F) {
	for _, test := range spfCases {
		f.Add(test.value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		var c spfCheck
		c.judge(t.Context(), "", value, "included.test")
		checkTexts(t, c.sorted())
		if !isSPF(value) {
			return
		}
		merged, refused := MergeSPF(value, "included.test")
		checkTexts(t, refused)
		if (merged == "") != (len(refused) > 0) {
			t.Fatalf("%q: merged %q, refused for %v", value, merged, refused)
		}
		if merged != "" && !includes(new(spfCheck).parse(merged), "included.test") {
			t.Errorf("%q is merged to %q", value, merged)
		}
	})
}
