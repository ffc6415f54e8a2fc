package signer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
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

// What we sign for a domain, all readers read as we do; and of the fields that
// the RFCs allow, all are signed that readers do not differ about.
func TestOthersReadFromAlike(t *testing.T) {
	testenv.NeedProgram(t, "opendkim", debianPython, "perl", "dkimproxy-verify")
	cases := fromCases(t, "lawful.txt", "disputed.txt", "unlawful.txt", "fuzzed.txt")
	values := make([][]byte, len(cases))
	for i, c := range cases {
		values[i] = []byte(c.value)
	}
	readers := readByOpenDKIM(t, values)
	maps.Copy(readers, readByScript(t, values, debianPython, "testdata/from/readers.py"))
	maps.Copy(readers, readByScript(t, values, "perl", "testdata/from/readers.pl"))

	signed, differ := 0, 0
	lawful, lawfulSigned := 0, 0  // of one author
	alike := make(map[string]int) // by reader: how many of those signed it reads as we do
	for i, c := range cases {
		ours, reason := readFrom(c.value)
		readings := map[string]bool{}
		for name, domains := range readers {
			theirs := reading(domains[i])
			if theirs == "" {
				continue
			}
			readings[theirs] = true
			switch {
			case reason != "":
			case theirs == ours:
				alike[name]++
			default:
				t.Errorf("%v is signed for %s; %s finds %s", c, ours, name, theirs)
			}
		}
		if reason == "" {
			signed++
		}
		if len(readings) > 1 {
			differ++
		}
		switch {
		case c.file == "disputed.txt":
			lawful++
			if reason != BadFrom || len(readings) < 2 {
				t.Errorf("%v is read as %s%s, by others as %v; want %s, and others that differ", c, ours, reason, readings, BadFrom)
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
	for name := range readers {
		t.Logf("%s reads %d of the %d signed", name, alike[name], signed)
		if alike[name]*100 < signed*95 {
			t.Errorf("want at least 95 of 100")
		}
	}
}

// reading returns the domains that a reader has found, each once and as it would
// stand in a signature. OpenDKIM leaves in white space, which is no part of a
// domain. What is no domain name is no reading, but debris: Mail::Address has the
// end of a quoted name for one if a group is empty.
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
		t.Fatalf("opendkim: %v\n%s", err, out)
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
