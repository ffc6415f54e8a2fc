package main

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"dkimd/internal/nameserver"
	"dkimd/internal/testenv"
	"dkimd/keys"
)

// steps are the system calls by which genkey writes, each being one step.
var steps = []string{"mkdirat", "openat", "flock", "write", "fchown", "fchownat", "fchmod", "fchmodat", "fsync", "renameat", "unlinkat"}

// Genkey is killed at each of its steps in turn. There is a whole key then or
// none, the one that was there before is as it was, and the next genkey works
// and leaves nothing of the dead one.
func TestAKilledGenkey(t *testing.T) {
	testenv.NeedProgram(t, "strace")
	testEachStep(t, steps, "signal=SIGKILL", func(t *testing.T, ended error, stderr, call string) {
		status, ok := ended.(*exec.ExitError)
		if !ok || status.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Errorf("it was not killed: %v: %s", ended, stderr)
		}
	})
}

// The same where the disk is full.
func TestAGenkeyThatCannotWrite(t *testing.T) {
	testenv.NeedProgram(t, "strace")
	testEachStep(t, []string{"mkdirat", "write", "fsync", "renameat"}, "error=ENOSPC", func(t *testing.T, ended error, stderr, call string) {
		if strings.Contains(call, "write(2,") {
			return // this is what says so
		}
		if ended == nil || !strings.Contains(stderr, "no space left on device") {
			t.Errorf("%v: %s", ended, stderr)
		}
	})
}

// testEachStep lets the first call of each step go wrong, then the second, and
// so on, until genkey gets through.
func testEachStep(t *testing.T, steps []string, fault string, check func(t *testing.T, ended error, stderr, call string)) {
	whole := newDir(t)
	dkimctl(t, whole, "genkey", "example.jp")
	want := layout(t, whole)
	for _, hasKey := range []bool{false, true} {
		for _, step := range steps {
			t.Run(fmt.Sprintf("%s/key=%v", step, hasKey), func(t *testing.T) {
				t.Parallel()
				for n := 1; ; n++ {
					dir := newDir(t)
					before, private := &keys.Domain{}, []byte(nil)
					if hasKey {
						dkimctl(t, dir, "genkey", "example.jp", "--algorithm", "ed25519", "--selector", "old", "--activate", "--unverified")
						before = readKeys(t, dir)
						private = readFile(t, dir, "store/private/example.jp/old.1.pem")
					}
					stderr, call, ended := inject(t, dir, step, n, fault, "genkey", "example.jp", "--algorithm", "ed25519")
					if call == "" {
						if ended != nil || n == 1 && !hasKey && step != "fchown" { // that is for root
							t.Fatalf("%s %d of a genkey: %v: %s", step, n, ended, stderr)
						}
						return
					}
					check(t, ended, stderr, call)

					after := readKeys(t, dir)
					if more := len(after.Keys) - len(before.Keys); more != 0 && more != 1 {
						t.Errorf("%s %d: there are %d keys more", step, n, more)
					}
					dkimctl(t, dir, "genkey", "example.jp", "--algorithm", "ed25519")
					last := readKeys(t, dir)
					if len(last.Keys) != len(after.Keys)+1 {
						t.Errorf("%s %d: %d keys, and after the next genkey %d", step, n, len(after.Keys), len(last.Keys))
					}
					if got := layout(t, dir); !slices.Equal(got, want) {
						t.Errorf("%s %d: the store is\n%s\nwant\n%s", step, n, strings.Join(got, "\n"), strings.Join(want, "\n"))
					}
					if hasKey && (!reflect.DeepEqual(last.Keys[0], before.Keys[0]) || !bytes.Equal(readFile(t, dir, "store/private/example.jp/old.1.pem"), private)) {
						t.Errorf("%s %d: the old key has changed", step, n)
					}
				}
			})
		}
	}
}

// inject runs dkimctl with a fault at the nth call of a step. The call is empty if
// there was none.
func inject(t *testing.T, dir, step string, n int, fault string, command ...string) (stderr, call string, ended error) {
	t.Helper()
	trace := filepath.Join(dir, "trace")
	cmd := exec.Command("strace", append([]string{"-f", "-o", trace, "-e", "trace=" + step, "-e", fmt.Sprintf("inject=%s:%s:when=%d", step, fault, n), "dkimctl"}, command...)...)
	cmd.Dir = dir
	var text strings.Builder
	cmd.Stderr = &text
	ended = cmd.Run()
	for line := range strings.Lines(string(readFile(t, dir, "trace"))) {
		if strings.Contains(line, "(INJECTED)") || strings.Contains(line, "killed by SIGKILL") {
			call = line
			break
		}
	}
	return text.String(), call, ended
}

func newDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := writeConfigs(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// dkimctl runs a command that has to work, and returns what it prints.
func dkimctl(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("dkimctl", args...)
	cmd.Dir = dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("dkimctl %v: %v: %s", args, err, stderr.String())
	}
	return string(out)
}

// readKeys returns the keys of a store, which have to be whole: their private
// keys are theirs, their records are printed.
func readKeys(t *testing.T, dir string) *keys.Domain {
	t.Helper()
	store := keys.OpenDir(filepath.Join(dir, "store"))
	d, _, err := store.Read("example.jp")
	if err != nil {
		if _, statErr := os.Stat(filepath.Join(dir, "store/state/example.jp.json")); statErr == nil {
			t.Errorf("what is in the store cannot be read: %v", err)
		}
		return &keys.Domain{}
	}
	living := 0
	for _, k := range d.Keys {
		_, err := store.Private("example.jp", k)
		if k.State == keys.Revoked {
			if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the private key of %s, which is revoked: %v", k.Selector, err)
			}
			continue
		}
		if err != nil {
			t.Error(err)
		}
		living++
	}
	if living == 0 {
		return d
	}
	if n := strings.Count(dkimctl(t, dir, "record", "example.jp", "--format", "zone"), "._domainkey.example.jp. "); n != living {
		t.Errorf("%d records of %d keys are printed", n, living)
	}
	return d
}

// layout lists what a store holds, with modes and owners; all private keys of a
// kind are one line.
func layout(t *testing.T, dir string) []string {
	t.Helper()
	var lines []string
	root := filepath.Join(dir, "store")
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, root)
		if filepath.Ext(name) == ".pem" {
			name = filepath.Join(filepath.Dir(name), "*.pem")
		}
		stat := info.Sys().(*syscall.Stat_t)
		lines = append(lines, fmt.Sprintf("%s %v %d:%d", name, info.Mode(), stat.Uid, stat.Gid))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}

func readFile(t *testing.T, dir, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// The store is made by whoever comes first, and all get their keys.
func TestGenkeysAtOnce(t *testing.T) {
	dir := newDir(t)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			cmd := exec.Command("dkimctl", "genkey", "example.jp", "--algorithm", "ed25519")
			cmd.Dir = dir
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	wait.Wait()
	selectors := map[string]bool{}
	for _, k := range readKeys(t, dir).Keys {
		selectors[k.Selector] = true
	}
	if len(selectors) != 8 {
		t.Errorf("8 genkeys at once made the selectors %v", selectors)
	}
}

// states lists the keys of a domain with their states.
func states(d *keys.Domain) string {
	var text strings.Builder
	for _, k := range d.Keys {
		fmt.Fprintf(&text, "%s %s\n", k.Selector, k.State)
	}
	return text.String()
}

// A move between states is killed at each of its steps in turn. The store is in
// the state before it then, or in the one after, and the move can be made again.
func TestAKilledMove(t *testing.T) {
	testenv.NeedProgram(t, "strace")
	for name, move := range map[string]struct {
		command []string
		after   string
		// setUp makes other keys than the usual ones, in these states.
		setUp  func(t *testing.T, dir string)
		before string
		next   []string // instead of the move once more
	}{
		"activate":    {command: []string{"activate", "example.jp", "--selector", "new", "--unverified"}, after: "old retired\nnew active\n"},
		"retire":      {command: []string{"retire", "example.jp", "--selector", "old", "--leave-unsigned"}, after: "old retired\nnew pending\n"},
		"revoke":      {command: []string{"revoke", "example.jp", "--selector", "new"}, after: "old active\nnew revoked\n"},
		"compromised": {command: []string{"revoke", "example.jp", "--selector", "old", "--compromised"}, after: "old revoked\nnew pending\ns202611a pending\n"},
		"remove":      {command: []string{"remove", "example.jp"}, after: "old revoked\nnew revoked\n"},
		"rotate behind CNAMEs": {
			command: []string{"rotate", "example.jp"},
			setUp:   delegate,
			before:  "s202611a retired\ns202611b active\n",
			after:   "s202611a revoked\ns202611b active\ns202611a pending\n",
			next:    []string{"activate", "example.jp", "--selector", "s202611a", "--unverified"},
		},
	} {
		for _, step := range steps {
			t.Run(name+"/"+step, func(t *testing.T) {
				t.Parallel()
				for n := 1; ; n++ {
					dir := newDir(t)
					before := "old active\nnew pending\n"
					if move.setUp != nil {
						move.setUp(t, dir)
						before = move.before
					} else {
						dkimctl(t, dir, "genkey", "example.jp", "--algorithm", "ed25519", "--selector", "old", "--activate", "--unverified")
						dkimctl(t, dir, "genkey", "example.jp", "--algorithm", "ed25519", "--selector", "new")
					}
					_, call, _ := inject(t, dir, step, n, "signal=SIGKILL", move.command...)
					d, _, err := keys.OpenDir(filepath.Join(dir, "store")).Read("example.jp")
					if err != nil {
						t.Fatalf("%s %d: %v", step, n, err)
					}
					got := states(d)
					if !strings.HasPrefix(got, before) && !strings.HasPrefix(got, move.after) {
						t.Errorf("%s %d: between the states:\n%s", step, n, got)
					}
					if call == "" {
						if !strings.HasPrefix(got, move.after) {
							t.Errorf("it was not killed, and the states are\n%s", got)
						}
						return
					}
					if got == before {
						dkimctl(t, dir, move.command...)
					} else {
						next := move.command
						if move.next != nil {
							next = move.next
						}
						again := exec.Command("dkimctl", next...) // which may fail, but destroys what was left
						again.Dir = dir
						again.Run()
					}
					readKeys(t, dir)
				}
			})
		}
	}
}

// delegate makes two keys behind CNAMEs, the first of which was retired long ago.
func delegate(t *testing.T, dir string) {
	t.Helper()
	config := string(readFile(t, dir, "config.toml")) + "[delegation]\nzone = \"ours.jp\"\n"
	if err := os.WriteFile(filepath.Join(dir, "config.toml"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	dkimctl(t, dir, "genkey", "example.jp", "--algorithm", "ed25519", "--delegate", "--activate", "--unverified")
	_, err := keys.OpenDir(filepath.Join(dir, "store")).Update("example.jp", func(c *keys.Change) error {
		_, private, err := ed25519.GenerateKey(nil)
		if err != nil {
			return err
		}
		longAgo := keys.Move{Time: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), By: "test", Why: "test"}
		if _, err := c.AddDelegated(private, 0, longAgo); err != nil {
			return err
		}
		return c.Activate(1, longAgo)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A check that proves a record is killed at each of its steps in turn: the old key
// signs, or the new one does.
func TestAKilledProof(t *testing.T) {
	testenv.NeedProgram(t, "strace", "named", "nsupdate")
	port := nameserver.StartBIND(t, worldStatements, worldFiles)
	t.Setenv("DNS_PORT", port)
	for _, step := range []string{"flock", "fchmod", "fsync", "renameat", "unlinkat"} {
		t.Run(step, func(t *testing.T) {
			for n := 1; ; n++ {
				dir := newDir(t)
				config := "[keys]\nstore = \"" + dir + "/store\"\n[dns]\nresolver = \"127.0.0.1:" + port + "\"\n"
				if err := os.WriteFile(filepath.Join(dir, "config.toml"), []byte(config), 0o644); err != nil {
					t.Fatal(err)
				}
				dkimctl(t, dir, "genkey", "example.jp", "--algorithm", "ed25519", "--selector", "old", "--activate", "--unverified")
				dkimctl(t, dir, "genkey", "example.jp", "--algorithm", "ed25519", "--selector", "new")
				update := exec.Command("nsupdate")
				update.Stdin = strings.NewReader("server 127.0.0.1 " + port + "\nupdate delete new._domainkey.example.jp. TXT\nsend\n" +
					dkimctl(t, dir, "record", "example.jp", "--selector", "new", "--format", "nsupdate"))
				if out, err := update.CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
				const before, after = "old active\nnew pending\n", "old retired\nnew active\n"
				check := []string{"check", "--all", "--state", "pending", "--activate"}
				dkimctl(t, dir, check...)
				os.Setenv("DAYS_LATER", "1")
				_, call, _ := inject(t, dir, step, n, "signal=SIGKILL", check...)
				got := states(readKeys(t, dir))
				if got != before && got != after {
					t.Errorf("%s %d: between the states:\n%s", step, n, got)
				}
				dkimctl(t, dir, check...)
				os.Unsetenv("DAYS_LATER")
				if got := states(readKeys(t, dir)); got != after {
					t.Errorf("%s %d: after the next check:\n%s", step, n, got)
				}
				if call == "" {
					return
				}
			}
		})
	}
}

// Moves at once are all made, one after the other: none is lost.
func TestMovesAtOnce(t *testing.T) {
	dir := newDir(t)
	var selectors []string
	for n := range 8 {
		selectors = append(selectors, fmt.Sprintf("k%d", n))
		dkimctl(t, dir, "genkey", "example.jp", "--algorithm", "ed25519", "--selector", selectors[n])
	}
	var wait sync.WaitGroup
	for _, selector := range selectors {
		wait.Go(func() {
			cmd := exec.Command("dkimctl", "activate", "example.jp", "--selector", selector, "--unverified")
			cmd.Dir = dir
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	wait.Wait()
	d := readKeys(t, dir)
	if active, retired := d.In(keys.Active), d.In(keys.Retired); len(active) != 1 || len(retired) != 7 {
		t.Errorf("the states are\n%s", states(d))
	}
	for _, k := range d.Keys {
		if !slices.ContainsFunc(k.History, func(m keys.Move) bool { return m.To == keys.Active }) {
			t.Errorf("the move of %s is lost: %+v", k.Selector, k.History)
		}
	}
}
