package testenv

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// Gone says whether a process has ended, with all its threads, be it that nobody
// has asked how.
func Gone(pid int) bool {
	dir := fmt.Sprintf("/proc/%d", pid)
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return true
	}
	_, state, _ := bytes.Cut(stat, []byte(") "))
	threads, err := filepath.Glob(filepath.Join(dir, "task/*"))
	return bytes.HasPrefix(state, []byte("Z")) && len(threads) <= 1 && err == nil
}
