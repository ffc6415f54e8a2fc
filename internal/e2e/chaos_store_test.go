package e2e

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"dkimd/internal/mta"
)

// fillDisk leaves no room on the disk of the store, where another dkimd has its log.
// Mail goes on, and no command leaves half of its work behind.
func (c *chaos) fillDisk(t testing.TB) {
	t.Helper()
	c.rotateProven(t)
	sign, end := c.startOnDisk(t)
	empty := fill(t, c.store)
	c.pass(t, c.anyDomain())
	sign()
	c.mayNotWrite(t, syscall.ENOSPC)
	c.pass(t, c.anyDomain())
	empty()
	end()
}

// protectStore has dkimd start, and sign, with a store that is read-only.
func (c *chaos) protectStore(t testing.TB) {
	t.Helper()
	c.rotateProven(t)
	remount := func(mode string) {
		t.Helper()
		runCommand(t, exec.Command("mount", "-o", "remount,"+mode, c.store))
	}
	remount("ro")
	c.kill(t)
	c.restartDkimd(t)
	c.pass(t, c.anyDomain())
	c.mayNotWrite(t, syscall.EROFS)
	remount("rw")
}

// mayNotWrite checks that commands that change the store fail, say why and where,
// and change nothing.
func (c *chaos) mayNotWrite(t testing.TB, why error) {
	t.Helper()
	for _, args := range [][]string{
		{"genkey", "half.example"},
		{"rotate", "d0.example"},
		{"check", provenDomain, "--state", "pending", "--activate"},
	} {
		before := c.files(t)
		code, stdout, stderr := c.dns.dkimctlAt(t, c.day, c.config, args...)
		for _, part := range []string{"dkimctl: error: the key store cannot be written: ", " " + c.store + "/", ": " + why.Error() + "\n"} {
			if code != 1 || !strings.Contains(stderr, part) {
				t.Errorf("%v: %v: exit %d, and no %q in\n%s%s", why, args, code, part, stdout, stderr)
			}
		}
		if after := c.files(t); !maps.Equal(before, after) {
			t.Errorf("%v: %v changes the store", why, args)
		}
	}
}

// files returns what the files of the store have in them.
func (c *chaos) files(t testing.TB) map[string]string {
	t.Helper()
	files := map[string]string{}
	root := os.DirFS(c.store)
	err := fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path == filler || path == diskLog {
			return err
		}
		text, err := fs.ReadFile(root, path)
		files[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// diskLog is the log of a dkimd on the disk of the store.
const diskLog = "dkimd.log"

// startOnDisk starts a dkimd beside the other, with its log on the disk of the store.
// Sign has it sign more than it can log once that is full.
func (c *chaos) startOnDisk(t testing.TB) (sign, end func()) {
	t.Helper()
	addr := fmt.Sprintf("127.0.0.1:%d", freePorts(t, 1)[0])
	config, log := filepath.Join(c.dir, "besides.toml"), filepath.Join(c.store, diskLog)
	writeFile(t, config, fmt.Sprintf("[[listener]]\naddress = \"inet:%s\"\n[keys]\nstore = %q\n[http]\nlisten = \"\"\n[log]\nformat = \"json\"\n", addr, c.store))
	d := startDkimd(t, c.program, config, log)
	const messages = 40
	sign = func() {
		t.Helper()
		conn, err := mta.Dial("tcp", addr, mta.Postfix6)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Connect(mta.Client{Addr: customer}); err != nil {
			t.Fatal(err)
		}
		for range messages {
			if r, err := conn.Send(submitted(c.anyDomain())); err != nil || len(r.Inserted) != 2 {
				t.Fatalf("a dkimd whose log is on a full disk: %+v, %v", r, err)
			}
		}
		text, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Count(text, []byte(`"msg":"signed"`)) >= messages {
			t.Error("the log is not full")
		}
	}
	return sign, func() {
		t.Helper()
		d.stop(t)
		if err := os.Remove(log); err != nil {
			t.Error(err)
		}
	}
}
