package milter_test

import (
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"dkimd/internal/testenv"
	"dkimd/signer/milter"
)

// freePort returns a loopback address on which nothing listens.
func freePort(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

func modeOf(t testing.TB, path string) fs.FileMode {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

func TestSocketAppearsWithItsModeAndGroup(t *testing.T) {
	testenv.NeedRoot(t) // to give a socket to a group
	group, err := user.LookupGroup("daemon")
	if err != nil {
		t.Fatal(err)
	}
	path := socketPath(t, "milter")
	var wrong []string
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
			}
			info, err := os.Lstat(path)
			if err != nil {
				continue
			}
			gid := strconv.Itoa(int(info.Sys().(*syscall.Stat_t).Gid))
			if info.Mode() != fs.ModeSocket|0o660 || gid != group.Gid {
				wrong = append(wrong, info.Mode().String()+" "+gid)
			}
		}
	}()
	for range 500 {
		ln, err := milter.Listen(milter.Endpoint{Network: "unix", Address: path, Mode: 0o660, Group: group.Name})
		if err != nil {
			t.Fatal(err)
		}
		ln.Close()
	}
	close(stop)
	<-stopped
	if len(wrong) > 0 {
		t.Errorf("the socket was to be seen %d times with wrong rights: %s", len(wrong), wrong[0])
	}
}

func TestWhatStandsInTheSocketsPlace(t *testing.T) {
	for name, test := range map[string]struct {
		put     func(t *testing.T, path string)
		problem string // "": it is replaced
	}{
		"nothing":                             {func(*testing.T, string) {}, ""},
		"a socket that nobody listens on":     {func(t *testing.T, path string) { leaveSocket(t, path) }, ""},
		"the rest of a start that was killed": {func(t *testing.T, path string) { leaveSocket(t, path+"~") }, ""},
		"a socket with a listener": {func(t *testing.T, path string) {
			ln, err := net.Listen("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { ln.Close() })
		}, "another process answers on "},
		"a file": {func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "exists and is not a socket"},
		"a directory": {func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, "exists and is not a socket"},
		"a link to nothing": {func(t *testing.T, path string) {
			if err := os.Symlink(path+" is elsewhere", path); err != nil {
				t.Fatal(err)
			}
		}, "exists and is not a socket"},
	} {
		t.Run(name, func(t *testing.T) {
			path := socketPath(t, "milter")
			test.put(t, path)
			before, _ := os.Lstat(path)
			ln, err := milter.Listen(milter.Endpoint{Network: "unix", Address: path, Mode: 0o620})
			if test.problem != "" {
				if err == nil || !strings.Contains(err.Error(), test.problem) {
					t.Errorf("%v, want %s", err, test.problem)
				}
				if after, err := os.Lstat(path); err != nil || !os.SameFile(before, after) {
					t.Errorf("what stood there is gone: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if mode := modeOf(t, path); mode != 0o620 {
				t.Errorf("the socket has mode %v", mode)
			}
			conn, err := net.Dial("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			conn.Close()
			ln.Close()
			if left, _ := filepath.Glob(path + "*"); len(left) > 0 {
				t.Errorf("%v is left", left)
			}
		})
	}
}

// leaveSocket leaves a socket as a process that was killed does.
func leaveSocket(t *testing.T, path string) {
	t.Helper()
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	ln.(*net.UnixListener).SetUnlinkOnClose(false)
	ln.Close()
}

func TestSocketOfAnotherProcessStays(t *testing.T) {
	path := socketPath(t, "milter")
	old, err := milter.Listen(milter.Endpoint{Network: "unix", Address: path, Mode: 0o600})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	old.Close()
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

func TestEndpointsThatCannotBeOpened(t *testing.T) {
	path := socketPath(t, "milter")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for problem, e := range map[string]milter.Endpoint{
		"make the directory first":         {Network: "unix", Address: path + "s/milter"},
		"not a directory":                  {Network: "unix", Address: path + "/milter"},
		"unknown group no-such-group-here": {Network: "unix", Address: socketPath(t, "milter"), Group: "no-such-group-here"},
	} {
		if err := e.Check(); err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("Check: %v, want %s", err, problem)
		}
		if ln, err := milter.Listen(e); err == nil {
			ln.Close()
			t.Errorf("%v can be opened", e)
		} else if !strings.Contains(err.Error(), problem) {
			t.Errorf("Listen: %v, want %s", err, problem)
		}
		if left, _ := filepath.Glob(e.Address + "*"); len(left) > 0 {
			t.Errorf("%v is left", left)
		}
	}
	for _, e := range []milter.Endpoint{{Network: "unix", Address: socketPath(t, "milter")}, {Network: "tcp", Address: "127.0.0.1:1"}} {
		if err := e.Check(); err != nil {
			t.Error(err)
		}
	}
}
