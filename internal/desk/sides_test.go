package desk

import (
	"os"
	"path/filepath"
	"testing"

	"dkimd/keys/finding"
)

func TestNameServerSide(t *testing.T) {
	ours := []string{"dns.hosting.example", ".ns.hosting.example."}
	for _, test := range []struct {
		names []string
		want  Side
	}{
		{[]string{"dns.hosting.example"}, Ours},
		{[]string{"ns1.dns.hosting.example", "NS2.DNS.hosting.example."}, Ours},
		{[]string{"a.ns.hosting.example"}, Ours},
		{[]string{"ns1.other.example", "ns2.other.example"}, Elsewhere},
		{[]string{"ns1.otherdns.hosting.example"}, Elsewhere}, // not a label of its own
		{[]string{"dns.hosting.example.evil.example"}, Elsewhere},
		{[]string{"ns1.dns.hosting.example", "ns1.other.example"}, Unknown},
		{nil, Unknown},
	} {
		side, findings := nameServerSide(test.names, ours)
		if side != test.want {
			t.Errorf("%v are %s, want %s", test.names, side, test.want)
		}
		if mixed := len(test.names) > 0 && test.want == Unknown; finding.Has(findings, MixedNameServers) != mixed {
			t.Errorf("%v have the findings %v", test.names, findings)
		}
	}
}

func TestHostedDomains(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	file := write("hosted", "# customers\nexample.jp\nShop.Example  OK\n\nexample.org.example\n")
	program := "command:" + write("program", "#!/bin/sh\ncase $1 in example.jp|shop.example) exit 0;; broken.example) exit 2;; killed.example) kill -9 $$;; esac\nexit 1\n")
	for _, source := range []string{file, program} {
		d := &Desk{HostedDomains: source}
		for domain, want := range map[string]bool{"example.jp": true, "shop.example": true, "example.org": false, "ample.jp": false} {
			if hosted, err := d.hosts(t.Context(), domain); err != nil || hosted != want {
				t.Errorf("%s: %s is %v, %v", source, domain, hosted, err)
			}
		}
	}
	for _, test := range [][2]string{
		{program, "broken.example"},
		{program, "killed.example"},
		{"command:" + filepath.Join(dir, "no"), "example.jp"},
		{filepath.Join(dir, "none"), "example.jp"},
		{dir, "example.jp"},
	} {
		d := &Desk{HostedDomains: test[0]}
		if hosted, err := d.hosts(t.Context(), test[1]); err == nil {
			t.Errorf("%s: %s is %v without an error", test[0], test[1], hosted)
		}
	}
}

func TestContacts(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	file := write("contacts", "# customers\nexample.jp taro@example.jp,hanako@example.com, Jiro@Example.JP\nempty.example\nshop.example.jp saburo@example.jp\n")
	program := "command:" + write("program", "#!/bin/sh\ncase $1:$2 in broken.example:*) exit 2;; example.jp:taro@example.jp) exit 0;; esac\nexit 1\n")
	for _, test := range []struct {
		source, domain, address string
		want                    finding.Code // empty: registered
	}{
		{file, "example.jp", "taro@example.jp", ""},
		{file, "example.jp", "HANAKO@example.com", ""},
		{file, "Example.JP", "jiro@example.jp", ""},
		{file, "example.jp", "saburo@example.jp", SenderNotRegistered},
		{file, "example.jp", "aro@example.jp", SenderNotRegistered},
		{file, "empty.example", "taro@example.jp", SenderNotRegistered},
		{file, "other.example", "taro@example.jp", SenderUnchecked},
		{file, "example.jp", "", SenderUnchecked},
		{"", "example.jp", "taro@example.jp", SenderUnchecked},
		{program, "example.jp", "taro@example.jp", ""},
		{program, "example.jp", "$(id)@example.jp", SenderNotRegistered},
		{program, "other.example", "taro@example.jp", SenderNotRegistered},
		{file, "mail.example.jp", "taro@example.jp", ""},
		{file, "a.mail.example.jp", "mallory@evil.example", SenderNotRegistered},
		{file, "shop.example.jp", "taro@example.jp", SenderNotRegistered},
		{file, "notexample.jp", "taro@example.jp", SenderUnchecked},
		{program, "mail.example.jp", "taro@example.jp", ""},
		{program, "mail.example.jp", "mallory@evil.example", SenderNotRegistered},
	} {
		d := &Desk{Contacts: test.source}
		findings, err := d.checkSender(t.Context(), test.domain, "example.jp", test.address)
		if err != nil || len(findings) > 0 != (test.want != "") || test.want != "" && findings[0].Code != test.want {
			t.Errorf("%s: %s for %s gives %v, %v", test.source, test.address, test.domain, findings, err)
		}
	}
	for _, test := range [][2]string{{program, "broken.example"}, {filepath.Join(dir, "none"), "example.jp"}} {
		d := &Desk{Contacts: test[0]}
		if findings, err := d.checkSender(t.Context(), test[1], test[1], "taro@example.jp"); err == nil {
			t.Errorf("%s: %s gives %v without an error", test[0], test[1], findings)
		}
	}
}
