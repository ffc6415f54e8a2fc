package lint

import "testing"

func TestMergeSPF(t *testing.T) {
	for _, test := range []struct{ existing, want string }{
		{"v=spf1 ~all", "v=spf1 include:spf.host.test ~all"},
		{"v=spf1 mx ip4:192.0.2.1 -all", "v=spf1 mx ip4:192.0.2.1 include:spf.host.test -all"},
		{"v=spf1  mx   -all ", "v=spf1 mx include:spf.host.test -all"},
		{"V=spf1 mx -ALL", "V=spf1 mx include:spf.host.test -ALL"},
		{"v=spf1 redirect=spf.other.test", "v=spf1 include:spf.host.test redirect=spf.other.test"},
		{"v=spf1 redirect=spf.other.test mx", "v=spf1 include:spf.host.test redirect=spf.other.test mx"},
		{"v=spf1 exp=why.other.test mx ~all", "v=spf1 exp=why.other.test mx include:spf.host.test ~all"},
		{"v=spf1 mx", "v=spf1 mx include:spf.host.test"},
		{"v=spf1", "v=spf1 include:spf.host.test"},
		{"v=spf1 include:spf.host.test ~all", "v=spf1 include:spf.host.test ~all"},
		{"v=spf1  +INCLUDE:SPF.host.test.  ~all", "v=spf1  +INCLUDE:SPF.host.test.  ~all"},
		{"v=spf1 ~all include:spf.host.test", "v=spf1 include:spf.host.test ~all include:spf.host.test"},
		{"v=spf1 ?include:spf.host.test ~all", "v=spf1 include:spf.host.test ?include:spf.host.test ~all"},
		{"v=spf1 include:spf.host.test.evil.test ~all", "v=spf1 include:spf.host.test.evil.test include:spf.host.test ~all"},
	} {
		got, refused := MergeSPF(test.existing, "spf.host.test")
		if got != test.want {
			t.Errorf("%q: %q (%v), want %q", test.existing, got, codes(refused), test.want)
		}
	}
	for _, test := range []struct{ existing, codes string }{
		{"", "spf_version"},
		{"v=spf10 ~all", "spf_version"},
		{"v=spf1 ipv4:192.0.2.1 ~all", "spf_syntax"},
		{"v=spf1 mx ~all v=spf1 a ~all", "spf_version_twice"},
		{"v=spf1 include:a.testinclude:b.test ~all", "spf_joined"},
	} {
		got, refused := MergeSPF(test.existing, "spf.host.test")
		if got != "" || codes(refused) != test.codes {
			t.Errorf("%q: %q, %q, want %q", test.existing, got, codes(refused), test.codes)
		}
		checkTexts(t, refused)
	}
}

func TestProposeSPF(t *testing.T) {
	w := spfWorld(t)
	for _, test := range []struct{ domain, want, codes string }{
		{"bare.test", "v=spf1 include:spf.included.test ~all", ""},
		{"nowhere.test", "v=spf1 include:spf.included.test ~all", ""},
		{"included.test", "v=spf1 include:spf.included.test ~all", ""},
		{"hosts.test", "v=spf1 a mx a:www.hosts.test/28 mx:hosts.test/24//64 include:spf.included.test -all", ""},
		{"redirected.test", "v=spf1 include:spf.included.test redirect=spf.redirected.test", ""},
		{"twice.test", "", "spf_several"},
		{"ten.test", "", "spf_lookups spf_differs"},
		{"mechanism.test", "", "spf_syntax"},
		{"without.test", "", "spf_include_without spf_differs"},
		{"unanswered.example", "", "no_answer"},
		{"unanswered.test", "", "no_answer spf_differs"},
		{"not a name", "", "bad_host"},
	} {
		got, refused := ProposeSPF(t.Context(), w.resolver, test.domain, "spf.included.test")
		if got != test.want || codes(refused) != test.codes {
			t.Errorf("%s: %q, %q, want %q, %q", test.domain, got, codes(refused), test.want, test.codes)
		}
	}
}
