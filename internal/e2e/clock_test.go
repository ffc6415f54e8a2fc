package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// month is by how much clocks are wrong.
const month = 30 * 24 * time.Hour

// clock is that of a dkimd which is built so that its clock can be moved: every
// time.Now of it, those of libraries included, and of each process that takes over.
// What measures how long something takes is not touched, as with a real clock.
type clock struct {
	dir string
}

// movable is what a file of package time has instead of a line.
var movable = strings.NewReplacer("\tsec, nsec, mono := runtimeNow()\n", "\tsec, nsec, mono := runtimeNow()\n\tsec += Moved.Load()\n")

// A program that is built with these files has the clock that the file $CLOCK says,
// in seconds before or after the true time, and confirms it by $CLOCK.seen.
const (
	timeMoved = `package time

import "sync/atomic"

var Moved atomic.Int64
`
	mainMoved = `package main

import (
	"os"
	"strconv"
	"time"
)

func init() {
	moveClock()
	go func() {
		for {
			time.Sleep(10 * time.Millisecond)
			moveClock()
		}
	}()
}

func moveClock() {
	text, err := os.ReadFile(os.Getenv("CLOCK"))
	if err != nil {
		return
	}
	if by, err := strconv.ParseInt(string(text), 10, 64); err == nil && by != time.Moved.Load() {
		time.Moved.Store(by)
		os.WriteFile(os.Getenv("CLOCK") + ".seen", text, 0o644)
	}
}
`
)

// newClock returns a clock that is right.
func newClock(t testing.TB) *clock {
	t.Helper()
	c := &clock{tempDir(t)}
	if err := os.Chmod(c.dir, 0o777); err != nil { // dkimd confirms
		t.Fatal(err)
	}
	if err := os.Setenv("CLOCK", c.path()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Unsetenv("CLOCK") })
	return c
}

func (c *clock) path() string { return filepath.Join(c.dir, "clock") }

// program builds the dkimd.
func (c *clock) program(t testing.TB) string {
	t.Helper()
	root := strings.TrimSpace(runCommand(t, exec.Command("go", "env", "GOROOT")))
	module := strings.TrimSpace(runCommand(t, exec.Command("go", "list", "-m", "-f", "{{.Dir}}")))
	now := filepath.Join(root, "src/time/time.go")
	text, err := os.ReadFile(now)
	if err != nil {
		t.Fatal(err)
	}
	replaced := map[string]string{}
	replace := func(path, text string) {
		with := filepath.Join(c.dir, fmt.Sprintf("%d.go", len(replaced)))
		writeFile(t, with, text)
		replaced[path] = with
	}
	replace(now, movable.Replace(string(text)))
	replace(filepath.Join(root, "src/time/moved.go"), timeMoved)
	replace(filepath.Join(module, "cmd/dkimd/moved.go"), mainMoved)
	overlay, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(c.dir, "overlay.json")
	writeFile(t, file, string(overlay))
	program := filepath.Join(c.dir, "dkimd")
	runCommand(t, exec.Command("go", "build", "-race", "-overlay", file, "-o", program, "dkimd/cmd/dkimd"))
	return program
}

// move sets the clock to so much before or after the true time.
func (c *clock) move(t testing.TB, by time.Duration) {
	t.Helper()
	text := fmt.Sprint(int64(by / time.Second))
	next := c.path() + ".next"
	writeFile(t, next, text)
	if err := os.Rename(next, c.path()); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "dkimd to see the clock", func() bool {
		seen, err := os.ReadFile(c.path() + ".seen")
		return err == nil && string(seen) == text
	})
}

var signatureTime = regexp.MustCompile(`(?is)dkim-signature:.*?;\s*t=(\d+)`)

// signedAt returns the time that a signature of a message says.
func signedAt(message []byte) time.Time {
	found := signatureTime.FindSubmatch(message)
	if found == nil {
		return time.Time{}
	}
	seconds, err := strconv.ParseInt(string(found[1]), 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}
