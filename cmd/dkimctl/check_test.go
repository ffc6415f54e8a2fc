package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
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
