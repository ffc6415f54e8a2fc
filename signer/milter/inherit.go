package milter

import (
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
)

// Inherited are listeners that were open when the process started: opened by the
// one before it, or by systemd.
type Inherited struct{ open []net.Listener }

// Inherit returns these listeners for [Server.Inherited].
func Inherit(open []net.Listener) *Inherited { return &Inherited{open} }

// Take returns the listener of an endpoint, or nil if there is none.
func (in *Inherited) Take(e Endpoint) net.Listener {
	if in == nil {
		return nil
	}
	i := slices.IndexFunc(in.open, func(ln net.Listener) bool { return e.isAt(ln.Addr()) })
	if i < 0 {
		return nil
	}
	ln := in.open[i]
	in.open = slices.Delete(in.open, i, i+1)
	unix, ok := ln.(*net.UnixListener)
	if !ok || unix.Addr().String() == e.Address {
		return ln // systemd removes what it has made
	}
	info, err := os.Lstat(e.Address)
	if err != nil {
		ln.Close() // nobody finds it any more
		return nil
	}
	return &unixListener{unix, e.Address, info}
}

// Close closes those that nobody has taken.
func (in *Inherited) Close() {
	for _, ln := range in.open {
		ln.Close()
	}
	in.open = nil
}

// isAt says whether a listener's address is that of the endpoint.
func (e Endpoint) isAt(addr net.Addr) bool {
	if addr.Network() != e.Network {
		return false
	}
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return strings.TrimSuffix(addr.String(), tempSuffix) == e.Address
	}
	want, err := net.ResolveTCPAddr("tcp", e.Address)
	if err != nil || want.Port != tcp.Port {
		return false
	}
	anywhere := want.IP == nil || want.IP.IsUnspecified()
	return want.IP.Equal(tcp.IP) || anywhere && tcp.IP.IsUnspecified()
}

// Duplicate returns a listener as a file that another process can be started
// with. Handing down what the File method of listeners returns would make the
// listener itself block.
func Duplicate(ln net.Listener) (*os.File, error) {
	conn, err := ln.(syscall.Conn).SyscallConn()
	if err != nil {
		return nil, err
	}
	var file *os.File
	var dupErr error
	err = conn.Control(func(fd uintptr) {
		syscall.ForkLock.RLock()
		defer syscall.ForkLock.RUnlock()
		var duplicate int
		if duplicate, dupErr = syscall.Dup(int(fd)); dupErr == nil {
			syscall.CloseOnExec(duplicate)
			file = os.NewFile(uintptr(duplicate), ln.Addr().String())
		}
	})
	if err != nil {
		return nil, err
	}
	return file, dupErr
}
