package testenv

import (
	"bytes"
	"fmt"
	"os"
)

// Gone says whether a process has ended, be it that nobody has asked how.
func Gone(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, state, _ := bytes.Cut(stat, []byte(") "))
	return err != nil || bytes.HasPrefix(state, []byte("Z"))
}
