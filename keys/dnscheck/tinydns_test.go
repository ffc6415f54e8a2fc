package dnscheck

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dkimd/internal/testenv"
)

// tinydnsAddr is where tinydns listens: it knows no other port than 53, so each
// run of the tests has an address of its own.
var tinydnsAddr = fmt.Sprintf("127.77.%d.%d", os.Getpid()>>8&0xff, os.Getpid()&0xff)

// startTinydns runs a tinydns with this data until the test ends.
func startTinydns(t *testing.T, data string) {
	t.Helper()
	testenv.NeedRoot(t)
	testenv.NeedProgram(t, "tinydns", "tinydns-data")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "data"), []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
	compile := exec.Command("tinydns-data")
	compile.Dir = dir
	if out, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("tinydns-data: %v\n%s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), "tinydns")
	cmd.Env = []string{"ROOT=" + dir, "IP=" + tinydnsAddr, "UID=65534", "GID=65534"}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Wait() })
	lines := bufio.NewScanner(stderr)
	if !lines.Scan() || !strings.Contains(lines.Text(), "starting tinydns") {
		t.Fatalf("tinydns does not start: %s", lines.Text())
	}
	go func() {
		for lines.Scan() { // or tinydns would wait for its log to be read
		}
	}()
}

// tinydns cuts values into strings of 127 bytes, knows no EDNS, and needs another
// program for TCP.
func TestTinydns(t *testing.T) {
	cases := []testCase{
		{name: "tiny", verdict: Proven},
		{name: "tinycname", verdict: Proven},
		{name: "tinyquotes", verdict: Wrong, codes: "literal_quotes"},
		{name: "tinytwo", verdict: Wrong, codes: "several_records"},
		{name: "tinydoubled", verdict: NotPublished, codes: "doubled_domain"},
		{name: "tinywildcard", verdict: NotPublished, codes: "wildcard_answer"},
		{name: "tinynothing", verdict: NotPublished, codes: "not_published"},
	}
	var data strings.Builder
	for i := range cases {
		c := &cases[i]
		c.servers, c.one, c.other, c.tinydns = "ns77", "none", "none", true
		data.WriteString("." + c.name + ".test::ns77.test\n")
	}
	line := func(domain string) string { return newRecord("s1", domain, private).Tinydns() + "\n" }
	data.WriteString(line("tiny.test") +
		"C" + host + ".tinycname.test:" + host + ".tiny.test\n" +
		"'" + host + ".tinyquotes.test:\"" + goodValue + "\"\n" +
		line("tinytwo.test") + "'" + host + ".tinytwo.test:v=spf1 -all\n" +
		line("tinydoubled.test.tinydoubled.test") +
		"'*.tinywildcard.test:v=spf1 -all\n")
	startTinydns(t, data.String())

	w := newWorld(t, cases, "ns77 A 192.0.2.77\n")
	w["192.0.2.77"] = tinydnsAddr + ":53"
	checkAll(t, w.checker(t, Options{}), cases)
}
