package signer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"dkimd/internal/testenv"
	"dkimd/keys"
)

// debianPython is the Python of Debian, with its security updates.
const debianPython = "/usr/bin/python3"

// fromReaders are the readers to compare ours with.
var fromReaders = []string{"OpenDKIM", "email.headerregistry", "email.utils.getaddresses", "Mail::DKIM", "Mail::Address"}

// What we sign for a domain, all readers read as we do; and of the fields that
// the RFCs allow, all are signed that readers do not differ about.
func TestOthersReadFromAlike(t *testing.T) {
	cases := fromCases(t, "lawful.txt", "disputed.txt", "unlawful.txt", "fuzzed.txt")
	others := readByOthers(t, cases)

	var signed, lawful, lawfulSigned, differ int
	alike := map[string]int{} // by reader, of those signed
	for i, c := range cases {
		ours, reason := readFrom(c.value)
		if reason == "" {
			signed++
			for name, theirs := range others[i] {
				if theirs == ours {
					alike[name]++
				} else {
					t.Errorf("%v is signed for %s, %s finds %s", c, ours, name, theirs)
				}
			}
		}
		domains := slices.Compact(slices.Sorted(maps.Values(others[i])))
		if len(domains) > 1 {
			differ++
		}
		switch {
		case c.file == "disputed.txt":
			lawful++
			if reason != BadFrom || len(domains) < 2 {
				t.Errorf("%v: %s%s, others find %q; want %s, and others that differ", c, ours, reason, domains, BadFrom)
			}
		case c.file == "lawful.txt" && reason == "":
			lawful++
			lawfulSigned++
		}
	}
	t.Logf("%d fields, of which %d are signed; readers differ about %d", len(cases), signed, differ)
	t.Logf("%d of %d lawful ones with one author are signed", lawfulSigned, lawful)
	if lawfulSigned*100 < lawful*98 {
		t.Error("want at least 98 of 100")
	}
	for _, name := range fromReaders {
		t.Logf("%s reads %d of the %d signed", name, alike[name], signed)
		if alike[name]*100 < signed*95 {
			t.Error("want at least 95 of 100")
		}
	}
}

func TestOthersReadRandomFromAlike(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	cases := make([]fromCase, 1000)
	for i := range cases {
		cases[i] = fromCase{file: "random", line: i, value: randomFrom(random)}
	}
	var signed, read int
	for i, theirs := range readByOthers(t, cases) {
		ours, reason := readFrom(cases[i].value)
		if reason != "" {
			continue
		}
		signed++
		for name, domain := range theirs {
			read++
			if domain != ours {
				t.Errorf("%v is signed for %s, %s finds %s", cases[i], ours, name, domain)
			}
		}
	}
	t.Logf("%d fields, of which %d are signed, with %d readings", len(cases), signed, read)
	if signed*10 < len(cases) || read < signed*len(fromReaders)/2 {
		t.Error("too few to tell")
	}
}

// randomFrom returns a From field of random parts in the order that RFC 5322
// has them in, and now and then damages it.
func randomFrom(random *rand.Rand) string {
	const fold = "\n" // for the time being, so that no damage is done within it
	pick := func(parts ...string) string { return parts[random.IntN(len(parts))] }
	blank := func() string {
		return pick("", "", "", "", " ", "\t", fold, "(c)", " (x@b.example) ", `(\))`, `(")`, "(<)", "(a(b))")
	}
	word := func() string {
		return pick("taro", "taro", "example", "jp", "!", "山", "\x83", "=?UTF-8?Q?x=40b?=", "=?UTF-8?Q?=22=3E?=",
			`""`, `"a b"`, `"x@b.example"`, `"<x@b.example>, "`, `"\" x@b.example:;"`, "\"\x1b$B(\"", `"=?UTF-8?Q?=22?="`)
	}
	label := func() string { return pick("example", "EXAMPLE", "jp", "b", "日本語") }
	join := func(part func() string, most int, between ...string) string {
		text := part()
		for range random.IntN(most) {
			text += blank() + pick(between...) + blank() + part()
		}
		return text
	}
	address := func() string {
		return join(word, 2, ".") + blank() + "@" + blank() + join(label, 3, ".")
	}
	mailbox := func() string {
		if random.IntN(3) == 0 {
			return blank() + address() + blank()
		}
		route := pick("", "", "", "", "@b.example:")
		return blank() + pick("", join(word, 3, " ", ".")) + blank() + "<" + blank() + route + address() + blank() + ">" + blank()
	}
	field := mailbox()
	switch random.IntN(6) {
	case 0:
		field = blank() + word() + blank() + ":" + pick("", field) + ";" + blank()
	case 1:
		field = join(func() string { return pick("", mailbox(), word()+":;") }, 3, ",")
	}
	for random.IntN(4) == 0 {
		at := random.IntN(len(field) + 1)
		field = field[:at] + pick("<", ">", ",", ":", ";", "@", ".", `"`, "(", ")", "[", "]", `\`, " ", "a") + field[min(len(field), at+random.IntN(3)):]
	}
	return strings.ReplaceAll(field, fold, "\r\n ")
}

// readByOthers returns what the readers that find a domain in a field find, by
// reader.
func readByOthers(t *testing.T, cases []fromCase) []map[string]string {
	t.Helper()
	testenv.NeedProgram(t, "opendkim", debianPython, "perl", "dkimproxy-verify")
	values := make([][]byte, len(cases))
	for i, c := range cases {
		values[i] = []byte(c.value)
	}
	found := readByOpenDKIM(t, values)
	maps.Copy(found, readByScript(t, values, debianPython, "testdata/from/readers.py"))
	maps.Copy(found, readByScript(t, values, "perl", "testdata/from/readers.pl"))

	readings := make([]map[string]string, len(cases))
	for i := range cases {
		readings[i] = map[string]string{}
		for _, name := range fromReaders {
			if domain := reading(found[name][i]); domain != "" {
				readings[i][name] = domain
			}
		}
	}
	return readings
}

// reading returns the domains that a reader has found, each once and as it would
// stand in a signature. OpenDKIM leaves in white space, which is no part of a
// domain. What is no domain name is no reading: of an empty group, Mail::Address
// has the rest of a quoted name that holds an at sign.
func reading(domains [][]byte) string {
	var names []string
	for _, domain := range domains {
		name, err := keys.ParseDomain(strings.Join(strings.Fields(string(domain)), ""))
		if err == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), " ")
}

// readByScript has a script read all fields; testdata/from has the scripts. It
// returns the domains found, by reader and field.
func readByScript(t *testing.T, values [][]byte, name string, args ...string) map[string][][][]byte {
	t.Helper()
	in, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(name, args...)
	cmd.Stdin = bytes.NewReader(in)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd, err)
	}
	var found map[string][][][]byte
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatalf("%v: %v", cmd, err)
	}
	return found
}

// readByOpenDKIM has OpenDKIM filter a message with each field, and a script of
// its own print the domain that it looks up to sign.
func readByOpenDKIM(t *testing.T, values [][]byte) map[string][][][]byte {
	t.Helper()
	script, err := filepath.Abs("testdata/from/opendkim.lua")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name string, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("opendkim.conf", "Mode v\nFinalPolicyScript "+script+"\n")
	var files []string
	for i, value := range values {
		file := strconv.Itoa(i)
		write(file, fmt.Sprintf("X-Case: %s\r\nFrom:%s\r\n\r\n", file, value))
		files = append(files, file)
	}
	cmd := exec.Command("opendkim", "-x", "opendkim.conf", "-t", strings.Join(files, ","))
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("opendkim: %v\n%s", err, out[max(0, len(out)-1000):])
	}
	found := make([][][]byte, len(values))
	for line := range bytes.Lines(out) {
		name, domain, _ := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte("\t"))
		if i, err := strconv.Atoi(string(name)); err == nil {
			found[i] = append(found[i], domain)
		}
	}
	return map[string][][][]byte{"OpenDKIM": found}
}
