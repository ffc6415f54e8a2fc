package config

import (
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Address is where a listener listens, as net.Listen takes it.
type Address struct {
	Network string // "unix" or "tcp"
	Address string // an absolute path, or host:port
}

// String returns the address as Postfix writes it.
func (a Address) String() string {
	if a.Network == "tcp" {
		return "inet:" + a.Address
	}
	return a.Network + ":" + a.Address
}

// Loopback says whether only this host can connect.
func (a Address) Loopback() bool {
	host, _, err := net.SplitHostPort(a.Address)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.Unmap().IsLoopback()
}

// maxSocketPath is the most that a path of a unix socket has on Linux, in bytes
// (unix(7)), less the one that it has while it is being made.
const maxSocketPath = 106

// UnmarshalText reads unix:PATH, inet:HOST:PORT (Postfix) or inet:PORT@HOST
// (libmilter).
func (a *Address) UnmarshalText(text []byte) error {
	wrong := fmt.Errorf("%q is not an address to listen on: unix:PATH, inet:HOST:PORT or inet:PORT@HOST", text)
	kind, rest, _ := strings.Cut(string(text), ":")
	switch kind {
	case "unix":
		if !filepath.IsAbs(rest) {
			return fmt.Errorf("%q needs an absolute path", text)
		}
		if len(rest) > maxSocketPath {
			return fmt.Errorf("the path of %q has %d bytes: a socket's may have %d", text, len(rest), maxSocketPath)
		}
		*a = Address{"unix", filepath.Clean(rest)}
		return nil
	case "inet":
		host, port, err := net.SplitHostPort(rest)
		if before, after, ok := strings.Cut(rest, "@"); ok {
			host, port, err = strings.Trim(after, "[]"), before, nil
		}
		if err != nil || host == "" {
			return wrong
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return fmt.Errorf("%q has no port from 1 to 65535", text)
		}
		*a = Address{"tcp", net.JoinHostPort(host, port)}
		return nil
	}
	return wrong
}

// Mode is the mode of a unix socket.
type Mode struct {
	mode fs.FileMode
	set  bool
}

// FileMode returns the mode; 0660 if none is given.
func (m Mode) FileMode() fs.FileMode {
	if !m.set {
		return 0o660
	}
	return m.mode
}

// UnmarshalText reads an octal number of three or four digits.
func (m *Mode) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 8, 16)
	if err != nil || n > 0o777 || len(text) < 3 {
		return fmt.Errorf("%q is not a file mode such as \"0660\"", text)
	}
	*m = Mode{fs.FileMode(n), true}
	return nil
}

// Duration is a time span.
type Duration time.Duration

func (d Duration) String() string { return time.Duration(d).String() }

// UnmarshalText reads a duration as Go writes it, or a number of days: "14d".
func (d *Duration) UnmarshalText(text []byte) error {
	if days, ok := strings.CutSuffix(string(text), "d"); ok {
		if n, err := strconv.ParseInt(days, 10, 16); err == nil {
			*d = Duration(time.Duration(n) * 24 * time.Hour)
			return nil
		}
	}
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a duration such as \"30s\", \"2h\" or \"14d\"", text)
	}
	*d = Duration(parsed)
	return nil
}

// prefixList returns a value that is an array of networks. An address alone is a
// network of one.
func prefixList(value any) ([]netip.Prefix, error) {
	texts, err := stringList(value)
	if err != nil {
		return nil, err
	}
	var list []netip.Prefix
	for _, text := range texts {
		prefix, err := parsePrefix(text)
		if err != nil {
			return nil, err
		}
		list = append(list, prefix)
	}
	return list, nil
}

func parsePrefix(text string) (netip.Prefix, error) {
	prefix, err := netip.ParsePrefix(text)
	if addr, addrErr := netip.ParseAddr(text); addrErr == nil {
		prefix, err = netip.PrefixFrom(addr.WithZone(""), addr.BitLen()), nil
	}
	switch {
	case err != nil:
		return netip.Prefix{}, fmt.Errorf("%q is not a network such as \"192.0.2.0/24\" or \"2001:db8::/32\"", text)
	case prefix.Addr().Is4In6():
		return netip.Prefix{}, fmt.Errorf("%q is an IPv4 network in IPv6 dress: write it as IPv4", text)
	case prefix != prefix.Masked():
		return netip.Prefix{}, fmt.Errorf("%q has bits set behind its first %d: is it %s, or %s/%d?", text, prefix.Bits(), prefix.Masked(), prefix.Addr(), prefix.Addr().BitLen())
	}
	return prefix, nil
}
