// Package nameserver runs real name servers on loopback, for tests.
package nameserver

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
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
	for name, text := range files {
		writeFile(t, filepath.Join(dir, name), text)
	}
	conf := filepath.Join(dir, "named.conf")
	writeFile(t, conf, fmt.Sprintf(bindOptions, dir, port)+statements)

	cmd := exec.CommandContext(t.Context(), "named", "-g", "-c", conf)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Wait() })

	var log strings.Builder
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		log.WriteString(lines.Text() + "\n")
		if strings.HasSuffix(lines.Text(), " running") {
			go func() {
				for lines.Scan() { // or BIND would wait for its log to be read
				}
			}()
			return port
		}
	}
	t.Fatalf("BIND does not start:\n%s", &log)
	return ""
}

// freePort returns a port that nobody listens on.
func freePort(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

func writeFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
