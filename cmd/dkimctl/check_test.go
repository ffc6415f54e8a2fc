package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dkimd/internal/nameserver"
	"dkimd/internal/testenv"

	"github.com/rogpeppe/go-internal/testscript"
)

// A name server that is all there is of DNS: it delegates example.jp to itself, a
// customer's zone, and ours.jp, a zone of ours, and takes changes of both.
const (
	worldStatements = `key "dkimctl" { algorithm hmac-sha256; secret "c2VjcmV0IGZvciB0ZXN0cyBvbmx5LCBub3QgYSBzZWNyZXQ="; };
view world {
recursion yes;
zone "jp" { type primary; file "jp"; };
zone "ours.jp" { type primary; file "ours.jp"; update-policy { grant dkimctl zonesub TXT; }; };
zone "example.jp" { type primary; file "example.jp"; allow-update { 127.0.0.1; }; };
};
`
	worldConfig = `[keys]
store = "$WORK/store"
[dns]
resolver = "127.0.0.1:%[1]s"
timeout = "1s"
[publish]
server = "127.0.0.1:%[1]s"
key_file = "$WORK/tsig.key"
`
	worldSOA = "$TTL 60\n@ SOA ns.jp. hostmaster.jp. 1 60 60 60 60\n"
)

var worldFiles = map[string]string{
	"jp":         worldSOA + "@ NS ns.jp.\nns A 127.0.0.1\nexample NS ns.example\nns.example A 127.0.0.1\nours NS ns\n_spf.hosting TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n",
	"ours.jp":    worldSOA + "@ NS ns.jp.\n",
	"example.jp": worldSOA + "@ NS ns\nns A 127.0.0.1\n",
}

// These scripts have a DNS of their own.
func TestScriptsWithDNS(t *testing.T) {
	testenv.NeedProgram(t, "named", "nsupdate")
	runScriptsWith(t, "testdata/dns", func(env *testscript.Env) error {
		port := nameserver.StartBIND(t, worldStatements, worldFiles)
		env.Setenv("DNS_PORT", port)
		return errors.Join(os.WriteFile(filepath.Join(env.WorkDir, "config.toml"),
			fmt.Appendf(nil, worldConfig, port), 0o644))
	})
}

// BenchmarkCheckAll checks the records of 10,000 domains, each in a zone of its own on
// one name server.
func BenchmarkCheckAll(b *testing.B) {
	testenv.NeedProgram(b, "named")
	const domains = 10_000
	dir := b.TempDir()
	config := filepath.Join(dir, "config.toml")
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	run := func(args ...string) string {
		out, err := exec.Command("dkimctl", append([]string{"--config", config}, args...)...).Output()
		if err != nil {
			b.Fatalf("dkimctl %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	write(config, fmt.Sprintf("[keys]\nstore = %q\n", filepath.Join(dir, "store")))
	run("genkey", "d.jp", "--selector", "one", "--activate", "--unverified")
	value := run("record", "d.jp", "--format", "split")
	state, err := os.ReadFile(filepath.Join(dir, "store/state/d.jp.json"))
	if err != nil {
		b.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "store/state/d.jp.json")); err != nil {
		b.Fatal(err)
	}
	var zones, delegations strings.Builder
	for n := range domains {
		name := fmt.Sprintf("d%d.jp", n)
		write(filepath.Join(dir, "store/state", name+".json"), strings.ReplaceAll(string(state), `"d.jp"`, `"`+name+`"`))
		fmt.Fprintf(&zones, "zone %q { type primary; file \"one\"; };\n", name)
		fmt.Fprintf(&delegations, "d%d NS ns.jp.\n", n)
	}
	port := nameserver.StartBIND(b, `zone "jp" { type primary; file "jp"; };`+"\n"+zones.String(), map[string]string{
		"jp":  worldSOA + "@ NS ns.jp.\nns A 127.0.0.1\n" + delegations.String(),
		"one": worldSOA + "@ NS ns.jp.\none._domainkey TXT " + value,
	})
	b.Setenv("DNS_PORT", port)
	write(config, fmt.Sprintf("[keys]\nstore = %q\n[dns]\nresolver = \"127.0.0.1:%s\"\n", filepath.Join(dir, "store"), port))
	for b.Loop() {
		if got := strings.Count(run("check", "--all", "--csv"), ",proven,"); got != domains {
			b.Fatalf("%d of %d records are proven", got, domains)
		}
	}
	b.ReportMetric(float64(domains*b.N)/b.Elapsed().Seconds(), "domains/s")
}
