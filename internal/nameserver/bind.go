package nameserver

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// bindOptions keep BIND to its directory and to loopback.
const bindOptions = `options {
	directory "%s";
	listen-on port %s { 127.0.0.1; };
	listen-on-v6 { none; };
	pid-file none;
	session-keyfile none;
	recursion no;
	dnssec-validation no;
	notify no;
};
`

// StartBIND runs a BIND with these statements of named.conf and these files in
// its directory until the test ends, and returns its port on 127.0.0.1.
func StartBIND(t testing.TB, statements string, files map[string]string) (port string) {
	t.Helper()
	dir := t.TempDir()
	port = freePort(t)
	writeFiles(t, dir, files)
	writeFiles(t, dir, map[string]string{"named.conf": fmt.Sprintf(bindOptions, dir, port) + "controls { };\n" + statements})
	start(t, port, "all zones loaded", "named", "-g", "-c", filepath.Join(dir, "named.conf"))
	return port
}

// control lets rndc talk to a BIND.
const control = `key "control" { algorithm hmac-sha256; secret "bm90IGEgc2VjcmV0OiBsb29wYmFjayBpbiBhIHRlc3Q="; };
controls { inet 127.0.0.1 port %s allow { 127.0.0.1; } keys { "control"; }; };
`

// StartSecondary runs a BIND with copies of the zones of the one at a port. A change
// reaches them when transfer is called, and not before.
func StartSecondary(t testing.TB, primary string, zones ...string) (port string, transfer func()) {
	t.Helper()
	dir, controlPort := t.TempDir(), freePort(t)
	port = freePort(t)
	conf := fmt.Sprintf(bindOptions, dir, port) + fmt.Sprintf(control, controlPort) + "view all {\nrecursion yes; // or it would not follow CNAMEs from one of its zones into another\n"
	for _, zone := range zones {
		conf += fmt.Sprintf("zone %q { type secondary; file %q; primaries { 127.0.0.1 port %s; }; };\n", zone, zone, primary)
	}
	conf += "};\n"
	key, _, _ := strings.Cut(control, "\n")
	rndcConf := filepath.Join(dir, "rndc.conf")
	writeFiles(t, dir, map[string]string{"named.conf": conf, "rndc.conf": key + "\noptions { default-key \"control\"; };\n"})
	start(t, port, "all zones loaded", "named", "-g", "-c", filepath.Join(dir, "named.conf"))

	transfer = func() {
		t.Helper()
		for _, zone := range zones {
			out, err := exec.Command("rndc", "-c", rndcConf, "-s", "127.0.0.1", "-p", controlPort, "retransfer", zone).CombinedOutput()
			if err != nil {
				t.Fatalf("rndc: %v\n%s", err, out)
			}
			for deadline := time.Now().Add(time.Minute); soa(t, primary, zone) != soa(t, port, zone); time.Sleep(20 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("the zone %s does not come", zone)
				}
			}
		}
	}
	transfer()
	return port, transfer
}

// soa returns the SOA record of a zone.
func soa(t testing.TB, port, zone string) string {
	t.Helper()
	out, err := exec.Command("dig", "+short", "@127.0.0.1", "-p", port, zone, "SOA").CombinedOutput()
	if err != nil {
		t.Fatalf("dig: %v\n%s", err, out)
	}
	return string(out)
}
