package nameserver

import (
	"fmt"
	"path/filepath"
	"testing"
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
controls { };
`

// StartBIND runs a BIND with these statements of named.conf and these files in
// its directory until the test ends, and returns its port on 127.0.0.1.
func StartBIND(t testing.TB, statements string, files map[string]string) (port string) {
	t.Helper()
	dir := t.TempDir()
	port = freePort(t)
	writeFiles(t, dir, files)
	writeFiles(t, dir, map[string]string{"named.conf": fmt.Sprintf(bindOptions, dir, port) + statements})
	start(t, "all zones loaded", "named", "-g", "-c", filepath.Join(dir, "named.conf"))
	return port
}
