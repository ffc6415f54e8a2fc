// Package nameserver runs real name servers on loopback, for tests.
package nameserver

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// processes are those of the servers, by port.
var processes sync.Map

// start runs a server at a port until the test ends, and returns once a line of its
// log has the text that says that it answers.
func start(t testing.TB, port, ready, program string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	processes.Store(port, cmd.Process)
	t.Cleanup(func() {
		cmd.Wait()
		processes.Delete(port)
	})

	var log strings.Builder
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		log.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), ready) {
			go func() {
				for lines.Scan() { // or the server would wait for its log to be read
				}
			}()
			return
		}
	}
	t.Fatalf("%s does not start:\n%s", program, &log)
}

// Hang has the server at a port answer nothing until resume is called.
func Hang(t testing.TB, port string) (resume func()) {
	t.Helper()
	process, ok := processes.Load(port)
	if !ok {
		t.Fatalf("no name server is at port %s", port)
	}
	signal := func(s syscall.Signal) {
		t.Helper()
		if err := process.(*os.Process).Signal(s); err != nil {
			t.Fatal(err)
		}
	}
	signal(syscall.SIGSTOP)
	return func() { signal(syscall.SIGCONT) }
}

// writeFiles writes files into a directory.
func writeFiles(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
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
