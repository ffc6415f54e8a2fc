package e2e

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// A dkimd whose clock can be moved is built with one line more in Go's time.Now:
// what dkimd and its libraries take for the time of day moves while it runs, as if
// an administrator set the machine's clock, and the monotonic clock does not.

// clock is the file that says how far the clock is off, in seconds.
type clock string

// startClock makes a clock for the dkimds of the test, which is right.
func startClock(t *testing.T) clock {
	t.Helper()
	c := clock(filepath.Join(tempDir(t), "clock"))
	writeFile(t, string(c), strings.Repeat("\x00", 8))
	t.Setenv("CLOCK_MOVED", string(c))
	return c
}

// move moves the clock, from where it really is.
func (c clock) move(t testing.TB, by time.Duration) {
	t.Helper()
	file, err := os.OpenFile(string(c), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := binary.Write(file, binary.NativeEndian, int64(by.Seconds())); err != nil {
		t.Fatal(err)
	}
}

// program returns the path of a dkimd that goes by the clock.
func (clock) program(t testing.TB) string {
	t.Helper()
	path, err := buildDkimdWithClock()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var buildDkimdWithClock = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(binDir, "clock")
	path := filepath.Join(dir, "dkimd")
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", err
	}
	std := filepath.Join(strings.TrimSpace(string(root)), "src/time")
	source, err := os.ReadFile(filepath.Join(std, "time.go"))
	if err != nil {
		return "", err
	}
	const line = "	sec, nsec, mono := runtimeNow()\n"
	if strings.Count(string(source), line) != 1 {
		return "", fmt.Errorf("time.Now is not what it was: %s", std)
	}
	moved := filepath.Join(dir, "time.go")
	added, err := filepath.Abs("testdata/clock/moved.go")
	if err != nil {
		return "", err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{
		filepath.Join(std, "time.go"):  moved,
		filepath.Join(std, "moved.go"): added,
	}})
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	if err := os.WriteFile(moved, []byte(strings.Replace(string(source), line, line+"	sec += moved.Load()\n", 1)), 0o644); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o644); err != nil {
		return "", err
	}
	if err := os.Chmod(binDir, 0o755); err != nil {
		return "", err
	}
	out, err := exec.Command("go", "build", "-race", "-overlay", filepath.Join(dir, "overlay.json"), "-o", path, "dkimd/cmd/dkimd").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build -overlay: %w\n%s", err, out)
	}
	return path, nil
})
