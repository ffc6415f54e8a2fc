// Package e2e tests dkimd and dkimctl as they are installed: a Postfix of the
// test's own takes real mail, dkimd signs it under its own user, and what
// arrives at the next hop is verified.
package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binDir is where dkimd and dkimctl are, once they are built.
var binDir string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "dkimd-bin")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binDir = dir
	return m.Run()
}

// build builds the programs, the daemon with the race detector.
var build = sync.OnceValue(func() error {
	if err := os.Chmod(binDir, 0o755); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"build", "-race", "-o", binDir, "dkimd/cmd/dkimd"},
		{"build", "-o", binDir, "dkimd/cmd/dkimctl"},
	} {
		if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("go %v: %w\n%s", args, err, out)
		}
	}
	return nil
})

// program returns the path of dkimd or dkimctl.
func program(t testing.TB, name string) string {
	t.Helper()
	if err := build(); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(binDir, name)
}

// tempDir returns a directory that every user can reach, with a short path: a
// socket's may have 108 bytes.
func tempDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "dkimd-e2e")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// writeFile writes a file that every user can read.
func writeFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// runCommand runs a program that has to succeed, and returns what it prints.
func runCommand(t testing.TB, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	return string(out)
}

// waitFor waits until something is so.
func waitFor(t testing.TB, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// as returns what makes a process run as a user with that user's groups, and
// more.
func as(t testing.TB, name string, moreGroups ...string) *syscall.SysProcAttr {
	t.Helper()
	u, err := user.Lookup(name)
	if err != nil {
		t.Fatalf("%v: systemd-sysusers systemd/dkimd.sysusers makes the users", err)
	}
	ids, err := u.GroupIds()
	if err != nil {
		t.Fatal(err)
	}
	for _, group := range moreGroups {
		g, err := user.LookupGroup(group)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, g.Gid)
	}
	credential := &syscall.Credential{Uid: number(t, u.Uid), Gid: number(t, u.Gid)}
	for _, id := range ids {
		credential.Groups = append(credential.Groups, number(t, id))
	}
	return &syscall.SysProcAttr{Credential: credential}
}

func number(t testing.TB, id string) uint32 {
	t.Helper()
	n, err := strconv.ParseUint(id, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(n)
}
