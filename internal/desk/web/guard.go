package web

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// maxBody is the most that a form may have, in bytes.
const maxBody = 1 << 20

// policy lets pages load our style and script, and send forms to us, alone.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// guard keeps others out: who has no login, pages of other sites that send forms,
// and those whose name has been made to lead to this host.
func (s *site) guard(pages http.Handler) http.Handler {
	pages = http.NewCrossOriginProtection().Handler(pages)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range map[string]string{
			"Content-Security-Policy":      policy,
			"X-Content-Type-Options":       "nosniff",
			"Referrer-Policy":              "no-referrer",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Cache-Control":                "no-store",
		} {
			w.Header().Set(name, value)
		}
		switch {
		case s.Loopback && !isLoopback(r.Host):
			http.Error(w, "this site is at localhost", http.StatusMisdirectedRequest)
		case s.Logins != nil && !s.Logins.admit(w, r):
		default:
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			pages.ServeHTTP(w, r)
		}
	})
}

// isLoopback says whether the Host field of a request names this host, as no name of
// a stranger's does, wherever that leads.
func isLoopback(hostPort string) bool {
	host := hostPort
	if h, _, err := net.SplitHostPort(hostPort); err == nil {
		host = h
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || err == nil && addr.IsLoopback()
}

// parseForm reads a form. If that fails, it has answered.
func (s *site) parseForm(w http.ResponseWriter, r *http.Request) bool {
	err := r.ParseForm()
	if err == nil {
		return true
	}
	status := http.StatusBadRequest
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		status = http.StatusRequestEntityTooLarge
	}
	s.fail(w, r, status, err)
	return false
}
