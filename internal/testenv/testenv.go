// Package testenv says what a test needs from the machine, and has what scripts
// of tests share. A test whose need is not met is left out by name on a
// developer's machine, and fails in CI.
package testenv

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// NeedRoot leaves the test out unless it runs as root.
func NeedRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		leaveOut(t, "root")
	}
}

// NeedProgram leaves the test out unless all the programs can be found on PATH.
func NeedProgram(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			leaveOut(t, "the program "+name)
		}
	}
}

// NeedFile leaves the test out unless there is a file of that name.
func NeedFile(t testing.TB, path string) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		leaveOut(t, "the file "+path)
	}
}

// leaveOut skips the test, and names it in the file that LEFT_OUT says; in CI,
// where everything can be had, leaving out is failing.
func leaveOut(t testing.TB, need string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("left out: needs %s", need)
	}
	if path := os.Getenv("LEFT_OUT"); path != "" {
		list, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		defer list.Close()
		fmt.Fprintf(list, "%s needs %s\n", t.Name(), need)
	}
	t.Skipf("left out: needs %s", need)
}
