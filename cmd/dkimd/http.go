package main

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"dkimd/signer/milter"
)

// site is where the daemon answers over HTTP. It can move while it serves.
type site struct {
	handler http.Handler
	addr    string // where it is now; empty: nowhere
	ln      net.Listener
	server  *http.Server
}

// listen opens an address for the site to move to, unless it is open already;
// nil if the site is there, or is to be nowhere.
func (s *site) listen(addr string, inherited *milter.Inherited) (net.Listener, error) {
	if addr == s.addr || addr == "" {
		return nil, nil
	}
	if ln := inherited.Take(milter.Endpoint{Network: "tcp", Address: addr}); ln != nil {
		return ln, nil
	}
	return net.Listen("tcp", addr)
}

// move takes what listen returned for the address.
func (s *site) move(addr string, ln net.Listener) {
	if addr == s.addr {
		return
	}
	if s.server != nil {
		s.server.Close()
		s.server = nil
	}
	s.addr, s.ln = addr, ln
	if ln == nil {
		return
	}
	server := &http.Server{Handler: s.handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, MaxHeaderBytes: 16 << 10}
	s.server = server
	go func() {
		if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			slog.Error("metrics are no longer served", "listen", addr, "error", err)
		}
	}()
}
