package provider

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dkimd/keys/finding"
)

var update = flag.Bool("update", false, "write what the advice is now to testdata")

func load(t *testing.T, path string) Table {
	t.Helper()
	table, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestFind(t *testing.T) {
	table := load(t, "")
	for _, test := range []struct {
		nameServers string
		want        string // empty: none
	}{
		{"ns-1.awsdns-05.org ns-2.awsdns-10.com ns-3.awsdns-60.net ns-4.awsdns-00.co.uk", "Amazon Route 53"},
		{"bob.ns.cloudflare.com. Lola.NS.Cloudflare.com.", "Cloudflare"},
		{"ns-cloud-a1.googledomains.com ns-cloud-a2.googledomains.com", "Google Cloud DNS"},
		{"ns1-07.azure-dns.com ns2-07.azure-dns.net ns3-07.azure-dns.org ns4-07.azure-dns.info", "Azure DNS"},
		{"ns41.domaincontrol.com ns42.domaincontrol.com", "GoDaddy"},
		{"dns1.registrar-servers.com dns2.registrar-servers.com", "Namecheap"},
		{"ns1.dns.ne.jp ns2.dns.ne.jp", "SAKURA internet, domains"},
		{"dns01.muumuu-domain.com dns02.muumuu-domain.com", "MuuMuu DNS"},

		{"", ""},
		{"ns1.example.jp ns2.example.jp", ""},
		{"bob.ns.cloudflare.com ns1.dns.ne.jp", ""},
		{"bob.ns.cloudflare.com ns1.example.jp", ""},
		{"ns1.example.jp bob.ns.cloudflare.com", ""},
		{"ns.cloudflare.com.example.jp", ""},
		{"bob.xns.cloudflare.com", ""},
		{"cloudflare.com", ""},
		{"ns1.xdns.ne.jp", ""},
		{"ns-1.awsdns-05.example", ""},
		{"ns-1.awsdns.org", ""},
		{".", ""},
	} {
		found, ok := table.Find(strings.Fields(test.nameServers))
		if found.Name.En != test.want || ok != (test.want != "") {
			t.Errorf("%s: %q, %v, want %q", test.nameServers, found.Name.En, ok, test.want)
		}
	}
}

// Each provider's advice for each kind of record is in testdata/advice.txt.
func TestAdvice(t *testing.T) {
	value := func(length int) string {
		return "v=DKIM1;k=rsa;p=" + strings.Repeat("A", length-len("v=DKIM1;k=rsa;p="))
	}
	records := []struct {
		name, value         string
		isCNAME, offerCNAME bool
	}{
		{"TXT of 64 bytes (Ed25519)", value(64), false, true},
		{"TXT of 408 bytes (RSA 2048)", value(rsa2048), false, false},
		{"TXT of 408 bytes (RSA 2048), or a CNAME", value(rsa2048), false, true},
		{"TXT of 752 bytes (RSA 4096)", value(752), false, false},
		{"CNAME", "s1.0a1b2c.dkim.hosting.example.", true, true},
	}
	providers := append(load(t, "testdata/more.toml"), Provider{})
	var b strings.Builder
	for _, p := range providers {
		for _, r := range records {
			fmt.Fprintf(&b, "%s, %s\n", cmp.Or(p.Name.En, "unknown"), r.name)
			for _, text := range p.Advice(r.value, r.isCNAME, r.offerCNAME) {
				fmt.Fprintf(&b, "  %s\n  %s\n", text.En, text.Ja)
			}
			b.WriteString("\n")
		}
	}
	const path = "testdata/advice.txt"
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != string(want) {
		t.Errorf("the advice is\n%s\nwant\n%s", got, want)
	}
}

func TestLimitsCountQuotationMarks(t *testing.T) {
	for _, test := range []struct {
		value         string
		length, bytes int
	}{
		{"", 408, 408},
		{"plain", 408, 408},
		{"quoted", 408, 410},
		{"split", 408, 413},
		{"split", 255, 257},
		{"split", 752, 760},
	} {
		p := Provider{Name: finding.Text{En: "a", Ja: "a"}, Value: test.value, MaxValue: test.bytes}
		if !p.takes(test.length) {
			t.Errorf("%q: %d bytes do not fit into %d", test.value, test.length, test.bytes)
		}
		if p.MaxValue--; p.takes(test.length) {
			t.Errorf("%q: %d bytes fit into %d", test.value, test.length, p.MaxValue)
		}
	}
}

func TestEachRowHasASourceThatAnyoneCanRead(t *testing.T) {
	for _, p := range load(t, "") {
		for _, source := range p.Sources {
			if !strings.HasPrefix(source, "https://") {
				t.Errorf("%s: %q is not a public address", p.Name.En, source)
			}
		}
		if len(p.Advice(strings.Repeat("A", rsa2048), false, false)) == 0 {
			t.Errorf("%s: there is no advice", p.Name.En)
		}
	}
}

func TestNoNameServerBelongsToTwoRows(t *testing.T) {
	table := load(t, "")
	for i, p := range table {
		for _, pattern := range p.NameServers {
			name := "ns1." + strings.ReplaceAll(pattern, "*", "1")
			for j, other := range table {
				if _, ok := (Table{other}).Find([]string{name}); ok != (i == j) {
					t.Errorf("%s, of %s: %s has it: %v", name, p.Name.En, other.Name.En, ok)
				}
			}
		}
	}
}

func TestOwnRowsComeFirst(t *testing.T) {
	table := load(t, "testdata/more.toml")
	for nameServer, want := range map[string]string{
		"ns1.hosting.example":   "Hosting Example",
		"bob.ns.cloudflare.com": "Cloudflare, as our customers see it",
		"ns1.dns.ne.jp":         "SAKURA internet, domains",
	} {
		if p, _ := table.Find([]string{nameServer}); p.Name.En != want {
			t.Errorf("%s belongs to %q, want %q", nameServer, p.Name.En, want)
		}
	}
}

func TestBadFilesAreRefused(t *testing.T) {
	const good = `[[provider]]
name.en = "Example"
name.ja = "例"
name_servers = ["ns.example.net"]
sources = ["a letter of theirs"]
date = "2026-11-25"
`
	if _, err := parse("good.toml", good); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ text, want string }{
		{"[[provider]]\n", `bad.toml:1: provider[1].date: "" is not the day on which the sources were read, written like 2026-01-31
bad.toml:1: provider[1].name: it is missing: write name.en and name.ja
bad.toml:1: provider[1].name_servers: it is missing: it lists the ends of the name servers' names
bad.toml:1: provider[1].sources: it is missing: it says where all this is written`},
		{good + "colour = \"red\"\n", `bad.toml:7: provider[1].colour: unknown key`},
		{good + "max_value = \"255\"\n", `bad.toml:7: provider[1].max_value: it must be a whole number`},
		{good + "max_value = -1\n", `bad.toml:7: provider[1].max_value: -1 is less than nothing`},
		{good + "host = \"short\"\nvalue = \"cut\"\n", `bad.toml:7: provider[1].host: "short" is not one of relative, fqdn, fqdn-dot
bad.toml:8: provider[1].value: "cut" is not one of plain, quoted, split`},
		{good + "host = \"fqdn\"\nappends_domain = true\n", `bad.toml:8: provider[1].appends_domain: where the panel appends the domain, host is "relative"`},
		{good + "txt_note.en = \"Only here.\"\n", `bad.toml:7: provider[1].txt_note.en: it is in English only: write txt_note.ja too`},
		{strings.ReplaceAll(good, "name.en", "# name.en"), `bad.toml:3: provider[1].name.ja: it is in Japanese only: write name.en too`},
		{good + "cname_note.en = \"one\\ntwo\"\ncname_note.ja = \"一\"\n", `bad.toml:7: provider[1].cname_note.en: it has to be one line`},
		{good + good, `bad.toml:10: provider[2].name_servers: "ns.example.net" stands twice`},
		{strings.ReplaceAll(good, "ns.example.net", "NS.example.net"), `bad.toml:4: provider[1].name_servers: "NS.example.net" is not the end of a name: write it like ns.example.net or ns-*.example.net, in lower case`},
		{strings.ReplaceAll(good, "ns.example.net", "net"), `bad.toml:4: provider[1].name_servers: "net" is not the end of a name: write it like ns.example.net or ns-*.example.net, in lower case`},
		{strings.ReplaceAll(good, "ns.example.net", "*.net"), `bad.toml:4: provider[1].name_servers: "*.net" is not the end of a name: write it like ns.example.net or ns-*.example.net, in lower case`},
		{strings.ReplaceAll(good, "2026-11-25", "25.11.2026"), `bad.toml:6: provider[1].date: "25.11.2026" is not the day on which the sources were read, written like 2026-01-31`},
		{good + "[provider]\n", `bad.toml:7: Key 'provider' has already been defined.`},
		{"provider = 1\n", `bad.toml:1: provider: there may be several of it: write [[provider]]`},
	} {
		path := filepath.Join(t.TempDir(), "bad.toml")
		if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path)
		if err == nil {
			t.Errorf("%s is taken", test.text)
			continue
		}
		got := strings.ReplaceAll(err.Error(), path, "bad.toml")
		if got != test.want {
			t.Errorf("%s says\n%s\nwant\n%s", test.text, got, test.want)
		}
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none.toml")); !os.IsNotExist(err) {
		t.Errorf("a file that is missing gives %v", err)
	}
}

// FuzzLoad: a file is refused with its name in each line, or all its providers
// can be used.
func FuzzLoad(f *testing.F) {
	f.Add(embedded)
	more, err := os.ReadFile("testdata/more.toml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(more))
	f.Fuzz(func(t *testing.T, text string) {
		table, err := parse("fuzz.toml", text)
		if err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") {
				if !strings.HasPrefix(line, "fuzz.toml:") {
					t.Fatalf("%q does not name the file", line)
				}
			}
			return
		}
		for _, p := range table {
			for _, pattern := range p.NameServers {
				if _, ok := table.Find([]string{"ns1." + strings.ReplaceAll(pattern, "*", "1")}); !ok {
					t.Fatalf("%s finds nothing", pattern)
				}
			}
			for _, advice := range p.Advice(strings.Repeat("A", rsa2048), false, false) {
				if advice.En == "" || advice.Ja == "" || strings.Contains(advice.En+advice.Ja, "\n") {
					t.Fatalf("%+v is not a line in two languages", advice)
				}
			}
		}
	})
}
