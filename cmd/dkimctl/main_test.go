package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"dkimd/internal/testenv"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets scripts run dkimctl: on 2026-11-25 at 10:00 UTC, or days and hours later,
// with the configuration in the current directory. The name servers 127.0.0.1 and
// 127.0.0.2 are at ports of the first.
func TestMain(m *testing.M) {
	os.Setenv("GORACE", "atexit_sleep_ms=0") // else each run of dkimctl takes a second
	testscript.Main(m, map[string]func(){"dkimctl": func() {
		runtime.LockOSThread() // strace counts system calls by thread
		days, _ := strconv.Atoi(os.Getenv("DAYS_LATER"))
		hours, _ := strconv.Atoi(os.Getenv("HOURS_LATER"))
		second := 0
		now = func() time.Time {
			if os.Getenv("CLOCK_TICKS") != "" {
				second++
			}
			return time.Date(2026, 11, 25+days, 10+hours, 0, second, 0, time.UTC)
		}
		defaultConfig = "config.toml"
		if ports := strings.Fields(os.Getenv("DNS_PORT")); len(ports) > 0 {
			dialDNS = func(ctx context.Context, network, address string) (net.Conn, error) {
				port := ports[0]
				if strings.HasPrefix(address, "127.0.0.2:") {
					port = ports[1]
				}
				return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
			}
		}
		testenv.RunAs()
		main()
	}})
}

func TestScripts(t *testing.T) { runScripts(t, "testdata") }

// In these scripts dkimctl runs as another user, or a disk is full.
func TestScriptsOfRoot(t *testing.T) {
	testenv.NeedRoot(t)
	testenv.NeedProgram(t, "mount", "unshare")
	runScripts(t, "testdata/root")
}

func runScripts(t *testing.T, dir string) {
	runScriptsWith(t, dir, func(*testscript.Env) error { return nil })
}

// runScriptsWith runs scripts after more has been set up.
func runScriptsWith(t *testing.T, dir string, more func(*testscript.Env) error) {
	testscript.Run(t, testscript.Params{
		Dir:                dir,
		RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("SUDO_USER", "hanako")
			return errors.Join(
				os.Chmod(filepath.Dir(env.WorkDir), 0o755), // for other users
				more(env),
				writeConfigs(env.WorkDir),
			)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":   testenv.Exits,
			"cmpkeys": cmpKeys,
			"pair":    pair,
		},
	})
}

// writeConfigs writes a configuration for a store in the directory, if there is
// none, and puts the directory's path into all.
func writeConfigs(dir string) error {
	path := filepath.Join(dir, "config.toml")
	if _, err := os.Stat(path); err != nil {
		if err := os.WriteFile(path, []byte("[keys]\nstore = \"$WORK/store\"\n"), 0o644); err != nil {
			return err
		}
	}
	return testenv.FillIn(dir)
}

// publicKey finds what is different in each run: a public key, its second
// character-string.
var publicKey = regexp.MustCompile(`(p=|")[A-Za-z0-9+/]{43,}={0,2}`)

// cmpkeys FILE WANT compares as cmpenv does, after KEY has been written in place
// of each public key.
func cmpKeys(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cmpkeys FILE WANT")
	}
	got := publicKey.ReplaceAllString(ts.ReadFile(args[0]), "${1}KEY")
	want := os.Expand(ts.ReadFile(args[1]), ts.Getenv)
	if got != want {
		ts.Fatalf("%s is\n%s\nwant\n%s", args[0], got, want)
	}
}

// pair PRIVATE VALUE checks, without our own code, that the value of a record
// belongs to a private key.
func pair(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: pair PRIVATE VALUE")
	}
	block, rest := pem.Decode([]byte(ts.ReadFile(args[0])))
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		ts.Fatalf("%s is not one block of PEM", args[0])
	}
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	ts.Check(err)
	public := private.(crypto.Signer).Public()
	der, ok := public.(ed25519.PublicKey)
	if !ok {
		der, err = x509.MarshalPKIXPublicKey(public)
		ts.Check(err)
	}
	value := ts.ReadFile(args[1])
	if _, p, _ := strings.Cut(value, ";p="); p != base64.StdEncoding.EncodeToString(der)+"\n" {
		ts.Fatalf("%s is not the record of %s", value, args[0])
	}
}
