package record_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"dkimd/internal/nameserver"
	"dkimd/internal/testenv"
	"dkimd/keys"
	"dkimd/keys/record"
)

// In these tests, what a record is printed as is loaded by the program that it
// is for. Another reader then gets the value back, and it has to be our key.

// published is a record and the key that it is for.
type published struct {
	record.Record
	public crypto.PublicKey
}

// publish returns records of every kind and size.
func publish(t *testing.T) []published {
	t.Helper()
	long, err := keys.ParseDomain("迷惑メール対策推進協議会.送信ドメイン認証普及促進会.電子メール配信事業本部.株式会社日本語ドメイン研究.example.jp")
	if err != nil {
		t.Fatal(err)
	}
	var all []published
	add := func(selector, domain string, public crypto.PublicKey) {
		key, err := record.NewKey(public)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, published{record.Record{Domain: domain, Selector: selector, Key: key}, public})
	}
	for _, bits := range []int{1024, 2048, 3072, 4096} {
		private, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			t.Fatal(err)
		}
		add(fmt.Sprintf("rsa%d", bits), "example.jp", &private.PublicKey)
	}
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	add("ed25519", "example.jp", public)
	add(strings.Repeat("s", 253-len("._domainkey.")-len(long)), long, all[1].public) // as long as a host can be
	add("tags", "example.jp", public)
	tags := &all[len(all)-1].Key
	tags.Hashes = []string{"sha256", "sha512"}
	tags.Services = []string{"email", "*"}
	tags.Flags = []string{"s", "y"}
	tags.Notes = `a "note", \ and \072: ` + strings.Repeat(`"\`, 120)
	return all
}

// prove checks that a value that was served is the record of our key.
func (p published) prove(t *testing.T, value string) {
	t.Helper()
	key, err := record.Parse(value)
	if err != nil {
		t.Errorf("%s: %v", p.Host(), err)
		return
	}
	if !reflect.DeepEqual(key, p.Key) {
		t.Errorf("%s: served is %+v, want %+v", p.Host(), key, p.Key)
	}
	public, err := key.PublicKey()
	if err != nil || !reflect.DeepEqual(public, p.public) {
		t.Errorf("%s: the key served is %v, %v", p.Host(), public, err)
	}
}

// zoneFile returns a zone with these lines in it.
func zoneFile(lines ...string) string {
	return `@ 3600 IN SOA ns hostmaster 1 3600 600 86400 300
@ 3600 IN NS ns
ns 3600 IN A 127.0.0.1
` + strings.Join(lines, "\n") + "\n"
}

// run runs a program that has to succeed, and returns what it prints.
func run(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	return string(out)
}

// dig asks for records and returns them, one a line.
func dig(t *testing.T, port, host, kind string) string {
	t.Helper()
	return strings.TrimSpace(run(t, exec.Command("dig", "@127.0.0.1", "-p", port, "+tcp", "+short", host+".", kind)))
}

var (
	quotedStrings = regexp.MustCompile(`^"(?:[^"\\]|\\.)*"(?: "(?:[^"\\]|\\.)*")*$`)
	quotedString  = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"`)
	escape        = regexp.MustCompile(`\\(.)`)
)

// unquote reads the quoted character-strings of one TXT record.
func unquote(t *testing.T, text string) []string {
	t.Helper()
	if !quotedStrings.MatchString(text) {
		t.Fatalf("%s is not one record of quoted strings", text)
	}
	var parts []string
	for _, quoted := range quotedString.FindAllStringSubmatch(text, -1) {
		parts = append(parts, escape.ReplaceAllString(quoted[1], "$1"))
	}
	return parts
}

func TestZoneFilesAreLoadedAndServed(t *testing.T) {
	testenv.NeedProgram(t, "named", "named-checkzone", "kzonecheck", "dig")
	all := publish(t)
	for name, line := range map[string]func(record.Record) string{
		"zone": record.Record.Zone,
		"relative host, split value": func(r record.Record) string {
			return fmt.Sprintf("%s IN TXT %s", r.RelativeHost(), r.Data())
		},
	} {
		t.Run(name, func(t *testing.T) {
			lines := map[string][]string{}
			for _, p := range all {
				lines[p.Domain] = append(lines[p.Domain], line(p.Record))
			}
			zones, files := "", map[string]string{}
			for domain, lines := range lines {
				text := zoneFile(lines...)
				path := filepath.Join(t.TempDir(), "zone")
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
				run(t, exec.Command("named-checkzone", domain, path))
				run(t, exec.Command("kzonecheck", "-o", domain, path))
				zones += fmt.Sprintf("zone \"%s\" { type primary; file \"%[1]s\"; };\n", domain)
				files[domain] = text
			}
			port := nameserver.StartBIND(t, zones, files)
			for _, p := range all {
				p.prove(t, strings.Join(unquote(t, dig(t, port, p.Host(), "TXT")), ""))
			}
		})
	}
}

const tsigKey = `key "dkimctl" { algorithm hmac-sha256; secret "c2VjcmV0IGZvciB0ZXN0cyBvbmx5LCBub3QgYSBzZWNyZXQ="; };
`

func TestNsupdateAddsTheRecordWhereNothingIs(t *testing.T) {
	testenv.NeedProgram(t, "named", "nsupdate", "dig")
	all := publish(t)
	taken := record.Record{Domain: "example.jp", Selector: "taken", Key: all[0].Key}
	alias := record.Record{Domain: "example.jp", Selector: "alias", Key: all[0].Key}
	statements, files := tsigKey, map[string]string{}
	for _, p := range all {
		if files[p.Domain] == "" {
			files[p.Domain] = zoneFile()
			statements += fmt.Sprintf("zone \"%s\" { type primary; file \"%[1]s\"; allow-update { key dkimctl; }; };\n", p.Domain)
		}
	}
	files["example.jp"] = zoneFile(`taken._domainkey TXT "another's"`, "alias._domainkey CNAME elsewhere.example.")
	port := nameserver.StartBIND(t, statements, files)
	keyFile := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(keyFile, []byte(tsigKey), 0o600); err != nil {
		t.Fatal(err)
	}
	nsupdate := func(scripts ...string) *exec.Cmd {
		cmd := exec.Command("nsupdate", "-k", keyFile)
		cmd.Stdin = strings.NewReader("server 127.0.0.1 " + port + "\n" + strings.Join(scripts, "\n") + "\n")
		return cmd
	}

	var scripts []string
	for _, p := range all {
		scripts = append(scripts, p.Nsupdate())
	}
	run(t, nsupdate(scripts...))
	for _, p := range all {
		p.prove(t, strings.Join(unquote(t, dig(t, port, p.Host(), "TXT")), ""))
	}

	for _, test := range []struct {
		record     record.Record
		kind, have string
	}{
		{taken, "TXT", `"another's"`},
		{alias, "CNAME", "elsewhere.example."},
	} {
		out, err := nsupdate(test.record.Nsupdate()).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "YXRRSET") {
			t.Errorf("%s: where a %s is, nsupdate says %v, %s", test.record.Host(), test.kind, err, out)
		}
		if have := dig(t, port, test.record.Host(), test.kind); have != test.have {
			t.Errorf("%s: the %s has become %s", test.record.Host(), test.kind, have)
		}
	}
}

func TestTinydnsHasTheRecord(t *testing.T) {
	testenv.NeedProgram(t, "tinydns-data", "tinydns-get")
	all := publish(t)
	var data strings.Builder
	for _, p := range all {
		fmt.Fprintf(&data, ".%s:127.0.0.1:a\n%s\n", p.Domain, p.Tinydns())
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "data"), []byte(data.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	tinydns := func(args ...string) string {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = dir
		return run(t, cmd)
	}
	tinydns("tinydns-data")
	for _, p := range all {
		out := tinydns("tinydns-get", "txt", p.Host())
		answers := regexp.MustCompile(`(?m)^answer: (\S+) 3600 16 (\S+)$`).FindAllStringSubmatch(out, -1)
		if len(answers) != 1 || answers[0][1] != p.Host() {
			t.Errorf("%s: tinydns answers\n%s", p.Host(), out)
			continue
		}
		p.prove(t, joinStrings(t, answers[0][2]))
	}
}

// joinStrings reads the data of a TXT record as tinydns-get prints it: bytes
// that are not printable in octal, and the length before each string.
func joinStrings(t *testing.T, text string) string {
	t.Helper()
	data := regexp.MustCompile(`\\[0-7]{3}`).ReplaceAllStringFunc(text, func(octal string) string {
		b, err := strconv.ParseUint(octal[1:], 8, 8)
		if err != nil {
			t.Fatal(err)
		}
		return string([]byte{byte(b)})
	})
	var joined strings.Builder
	for data != "" {
		n := int(data[0])
		if len(data) < 1+n {
			t.Fatalf("a string of %d bytes ends before", n)
		}
		joined.WriteString(data[1 : 1+n])
		data = data[1+n:]
	}
	return joined.String()
}

// The API reference of Route 53 has the names of the fields and the limits.
func TestRoute53TakesTheChangeBatch(t *testing.T) {
	all := publish(t)
	var records []record.Record
	for _, p := range all {
		records = append(records, p.Record)
	}
	encoded, err := json.Marshal(record.Route53(records))
	if err != nil {
		t.Fatal(err)
	}
	var batch struct {
		Changes []struct {
			Action            string
			ResourceRecordSet struct {
				Name, Type      string
				TTL             int64
				ResourceRecords []struct{ Value string }
			}
		}
	}
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&batch); err != nil {
		t.Fatal(err)
	}
	if len(batch.Changes) != len(all) {
		t.Fatalf("%d changes, want %d", len(batch.Changes), len(all))
	}
	for i, p := range all {
		set := batch.Changes[i].ResourceRecordSet
		if action := batch.Changes[i].Action; action != "CREATE" {
			t.Errorf("%s: %s would touch what is there", p.Host(), action)
		}
		if set.Name != p.Host()+"." || set.Type != "TXT" || set.TTL != record.TTL || len(set.ResourceRecords) != 1 {
			t.Errorf("%s: %+v", p.Host(), set)
			continue
		}
		value := set.ResourceRecords[0].Value
		parts := unquote(t, value)
		for _, part := range parts {
			if len(part) > 255 {
				t.Errorf("%s: CharacterStringTooLong: %d bytes", p.Host(), len(part))
			}
		}
		if len(value) > 4000 {
			t.Errorf("%s: a value of %d characters", p.Host(), len(value))
		}
		p.prove(t, strings.Join(parts, ""))
	}
}

func TestCSVHasARowForEachRecord(t *testing.T) {
	all := publish(t)
	var records []record.Record
	for _, p := range all {
		records = append(records, p.Record)
	}
	text := record.CSV(records)
	if lines := strings.Count(text, "\n"); strings.Count(text, "\r\n") != lines {
		t.Error("RFC 4180 ends lines in CRLF")
	}
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1+len(all) {
		t.Fatalf("%d rows for %d records", len(rows), len(all))
	}
	for i, p := range all {
		row := map[string]string{}
		for column, name := range rows[0] {
			row[name] = rows[1+i][column]
		}
		p.prove(t, row["value"])
		delete(row, "value")
		if want := map[string]string{
			"domain":        p.Domain,
			"selector":      p.Selector,
			"host":          p.Selector + "._domainkey." + p.Domain,
			"relative_host": p.Selector + "._domainkey",
			"absolute_host": p.Selector + "._domainkey." + p.Domain + ".",
			"type":          "TXT",
			"ttl":           "3600",
		}; !reflect.DeepEqual(row, want) {
			t.Errorf("the row %v, want %v", row, want)
		}
	}
}

// What a customer enters for a key that stands in our own zone: every consumer takes it
// and leads to the name of ours.
func TestCNAMEsAreLoadedAndServed(t *testing.T) {
	testenv.NeedProgram(t, "named", "named-checkzone", "kzonecheck", "nsupdate", "dig", "tinydns-data", "tinydns-get")
	r := record.Record{Domain: "example.jp", Selector: "s202611a", Via: "k3wq7n2hfzj5x4ra.dkim.hosting.example"}
	const target = "s202611a._domainkey.k3wq7n2hfzj5x4ra.dkim.hosting.example."
	dir := t.TempDir()
	path := filepath.Join(dir, "zone")
	if err := os.WriteFile(path, []byte(zoneFile(r.Zone())), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, exec.Command("named-checkzone", "example.jp", path))
	run(t, exec.Command("kzonecheck", "-o", "example.jp", path))
	port := nameserver.StartBIND(t, `zone "example.jp" { type primary; file "example.jp"; };
zone "example.com" { type primary; file "example.com"; allow-update { 127.0.0.1; }; };
`, map[string]string{"example.jp": zoneFile(r.Zone()), "example.com": zoneFile()})
	if got := dig(t, port, r.Host(), "CNAME"); got != target {
		t.Errorf("the zone file leads to %s", got)
	}

	r.Domain = "example.com"
	update := exec.Command("nsupdate")
	update.Stdin = strings.NewReader("server 127.0.0.1 " + port + "\n" + r.Nsupdate() + "\n")
	run(t, update)
	if got := dig(t, port, r.Host(), "CNAME"); got != target {
		t.Errorf("nsupdate leads to %s", got)
	}
	again := exec.Command("nsupdate")
	again.Stdin = strings.NewReader("server 127.0.0.1 " + port + "\n" + r.Nsupdate() + "\n")
	if out, err := again.CombinedOutput(); err == nil || !strings.Contains(string(out), "YXDOMAIN") {
		t.Errorf("where something is: %v\n%s", err, out)
	}

	if err := os.WriteFile(filepath.Join(dir, "data"), []byte(".example.com:127.0.0.1:a\n"+r.Tinydns()+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"tinydns-data"}, {"tinydns-get", "cname", r.Host()}} {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = dir
		if out := run(t, cmd); args[0] == "tinydns-get" && !strings.Contains(out, "answer: "+r.Host()+" 3600 CNAME "+strings.TrimSuffix(target, ".")) {
			t.Errorf("tinydns answers\n%s", out)
		}
	}
}
