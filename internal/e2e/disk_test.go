package e2e

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"dkimd/internal/testenv"
)

// mountDisk makes a directory that is a file system of its own.
func mountDisk(t testing.TB, dir, size string) {
	t.Helper()
	testenv.NeedProgram(t, "mount", "umount")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	runCommand(t, exec.Command("mount", "-t", "tmpfs", "-o", "mode=0755,size="+size, "none", dir))
	t.Cleanup(func() { runCommand(t, exec.Command("umount", dir)) })
}

// filler is what fills a disk.
const filler = "filler"

// fill leaves no room on the file system of a directory, until empty is called.
func fill(t testing.TB, dir string) (empty func()) {
	t.Helper()
	path := filepath.Join(dir, filler)
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := io.Copy(file, zeros{}); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	return func() {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
