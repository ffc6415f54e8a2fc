// Package loginmap answers which SMTP AUTH logins may send as an address that
// is not of their own domain. It knows two sources: a file, and a server that
// speaks Postfix's socketmap protocol, so that what a host keeps in a database
// can answer.
package loginmap

import (
	"fmt"
	"log/slog"
	"strings"

	"dkimd/signer"
)

// Open opens the map that a configuration names: the path of a file, or
// socketmap:unix:PATH:NAME, or socketmap:inet:HOST:PORT:NAME.
func Open(spec string, log *slog.Logger) (signer.LoginMap, error) {
	if rest, ok := strings.CutPrefix(spec, "socketmap:"); ok {
		return openSocket(rest)
	}
	if !strings.HasPrefix(spec, "/") {
		return nil, fmt.Errorf("%q is neither the absolute path of a file nor socketmap:unix:PATH:NAME nor socketmap:inet:HOST:PORT:NAME", spec)
	}
	return openFile(spec, log)
}

// split takes a list of logins apart, which commas or blanks part.
func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
}
