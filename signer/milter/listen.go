package milter

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// Endpoint is where MTAs connect.
type Endpoint struct {
	Network string // "unix" or "tcp"
	Address string // an absolute path, or host:port
	Mode    fs.FileMode
	Group   string // of the unix socket; empty: the process's own
	// Peers are the clients that a tcp endpoint lets in; none: all.
	Peers    []netip.Prefix
	Incoming bool // mail from here is never signed
}

func (e Endpoint) String() string { return e.Network + ":" + e.Address }

// Check says whether the endpoint could be opened, as far as that can be told
// beforehand.
func (e Endpoint) Check() error {
	if e.Network != "unix" {
		return nil
	}
	if info, err := os.Stat(filepath.Dir(e.Address)); err != nil {
		return hint(err)
	} else if !info.IsDir() {
		return fmt.Errorf("%s is not a directory: a socket cannot stand in it", filepath.Dir(e.Address))
	}
	if e.Group != "" {
		if _, err := user.LookupGroup(e.Group); err != nil {
			return fmt.Errorf("the group of the socket %s: %w", e.Address, err)
		}
	}
	return nil
}

// tempSuffix ends the name under which a unix socket is made. The kernel goes on
// calling the socket so, which tells ours from those that systemd has made.
const tempSuffix = "~"

// Listen opens an endpoint. A unix socket appears under its name with its mode
// and group set. One that is there already is replaced only if nobody answers
// on it.
func Listen(e Endpoint) (net.Listener, error) {
	if e.Network != "unix" {
		return net.Listen(e.Network, e.Address)
	}
	if err := checkStale(e.Address); err != nil {
		return nil, err
	}
	// Made under another name, so that nobody can connect before the mode is set.
	temp := e.Address + tempSuffix
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	ln, err := net.Listen("unix", temp)
	if err != nil {
		return nil, hint(err)
	}
	ln.(*net.UnixListener).SetUnlinkOnClose(false)
	err = give(temp, e.Mode, e.Group)
	if err == nil {
		err = os.Rename(temp, e.Address)
	}
	if err != nil {
		ln.Close()
		os.Remove(temp)
		return nil, err
	}
	info, err := os.Lstat(e.Address)
	if err != nil {
		ln.Close()
		return nil, err
	}
	return &unixListener{ln.(*net.UnixListener), e.Address, info}, nil
}

// checkStale refuses a path at which something other than a dead socket stands.
func checkStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%s exists and is not a socket: remove it, or choose another path", path)
	}
	conn, err := net.DialTimeout("unix", path, 5*time.Second)
	if err == nil {
		conn.Close()
		return fmt.Errorf("another process answers on %s: stop it first", path)
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("whether another process answers on %s cannot be told: %w", path, err)
	}
	return nil
}

func give(path string, mode fs.FileMode, group string) error {
	if group != "" {
		found, err := user.LookupGroup(group)
		if err != nil {
			return fmt.Errorf("the socket's group: %w", err)
		}
		gid, err := strconv.Atoi(found.Gid)
		if err != nil {
			return err
		}
		if err := os.Chown(path, -1, gid); err != nil {
			return fmt.Errorf("the socket cannot be given to the group %s: %w: the daemon's user must be a member of it", group, err)
		}
	}
	return os.Chmod(path, mode)
}

func hint(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: make the directory first, writable for the daemon's user", err)
	}
	return err
}

// unixListener removes its socket when it closes, unless another process has
// put its own there.
type unixListener struct {
	*net.UnixListener
	path string
	info fs.FileInfo
}

func (l *unixListener) Close() error {
	if info, err := os.Lstat(l.path); err == nil && os.SameFile(info, l.info) {
		os.Remove(l.path)
	}
	return l.UnixListener.Close()
}
