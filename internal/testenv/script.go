package testenv

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// RunAs makes this process one of the user whose id RUN_AS has, if it is set.
func RunAs() {
	id, err := strconv.Atoi(os.Getenv("RUN_AS"))
	if err != nil {
		return
	}
	for _, err := range []error{syscall.Setgroups(nil), syscall.Setgid(id), syscall.Setuid(id)} {
		if err != nil {
			panic(err)
		}
	}
}

// Exits is a command of scripts: exits CODE COMMAND... runs a command that ends
// with that code.
func Exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	code, exit := 0, (*exec.ExitError)(nil)
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

// FillIn writes a directory's path in place of $WORK into the configurations in
// it.
func FillIn(dir string) error {
	paths, err := filepath.Glob(filepath.Join(dir, "*.toml"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := os.WriteFile(path, bytes.ReplaceAll(text, []byte("$WORK"), []byte(dir)), 0o644); err != nil {
			return err
		}
	}
	return nil
}
