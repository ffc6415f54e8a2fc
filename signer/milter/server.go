// Package milter is the MTA's side of the signer: it listens on the milter
// socket and hands messages to package signer. It is the only package that
// knows go-milter, and guards it:
//
//   - each MTA connection has one session and a go-milter server of its own, so
//     that what CONNECT said holds for every message on the connection;
//   - frames are checked before go-milter sees them;
//   - only what the MTA offers is asked for.
package milter

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"dkimd/signer"
)

// Settings are what a server works with. They are replaced as a whole; a
// message goes by those at its MAIL.
type Settings struct {
	Log     *slog.Logger
	Rules   *signer.Rules
	Ring    signer.Ring
	Metrics Metrics // nil: nobody counts

	MaxConnections        int           // a connection over this is closed at once
	MaxConnectionsPerPeer int           // the same for one address; a unix socket has none
	IdleTimeout           time.Duration // how long an MTA may be silent between frames
	FrameTimeout          time.Duration // how long a frame may take, and the negotiation

	mismatches *mismatchWatch
}

// Metrics count what the server does.
type Metrics interface {
	Signed(algorithms, risks []string, took time.Duration, mismatch bool)
	Unsigned(reason string, tempFail bool)
	Connected() (ended func())
	Refused(bound string)
	Ended(bound string) // a connection, before its time
}

// uncounted counts nothing.
type uncounted struct{}

func (uncounted) Signed(_, _ []string, _ time.Duration, _ bool) {}
func (uncounted) Unsigned(string, bool)                         {}
func (uncounted) Connected() (ended func())                     { return func() {} }
func (uncounted) Refused(string)                                {}
func (uncounted) Ended(string)                                  {}

// Server serves MTAs. Its methods may be called from any goroutine.
type Server struct {
	Inherited *Inherited // endpoints that are open already; to be set before Apply

	settings atomic.Pointer[Settings]
	stopping atomic.Bool
	done     sync.WaitGroup // of accept loops and connections

	mu        sync.Mutex
	listeners map[string]*listener // by endpoint
	conns     map[net.Conn]*session
}

// listener is an open endpoint. Who may connect can change while it is open.
type listener struct {
	net.Listener
	endpoint  atomic.Pointer[Endpoint]
	inherited bool
}

func (s *Server) log() *slog.Logger { return s.settings.Load().Log }

// open opens an endpoint, unless it is open already.
func (s *Server) open(e Endpoint) (*listener, error) {
	l := &listener{Listener: s.Inherited.Take(e), inherited: true}
	if l.Listener == nil {
		ln, err := Listen(e)
		if err != nil {
			return nil, err
		}
		l = &listener{Listener: ln}
	}
	l.endpoint.Store(&e)
	return l, nil
}

// leave closes a listener that another process uses, too.
func (l *listener) leave() {
	if unix, ok := l.Listener.(*unixListener); ok {
		unix.UnixListener.Close() // the socket stays
		return
	}
	l.Close()
}

// NewServer returns a server that does not listen yet.
func NewServer() *Server {
	return &Server{listeners: map[string]*listener{}, conns: map[net.Conn]*session{}}
}

// Apply makes the server listen on the endpoints, and on no others, and work
// with the settings. If an endpoint cannot be opened, nothing changes.
func (s *Server) Apply(settings *Settings, endpoints []Endpoint) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping.Load() {
		return errors.New("the server is stopping")
	}
	opened := map[string]*listener{}
	for _, e := range endpoints {
		if s.listeners[e.String()] != nil {
			continue
		}
		ln, err := s.open(e)
		if err != nil {
			for _, ln := range opened {
				if ln.inherited {
					ln.leave()
				} else {
					ln.Close()
				}
			}
			return err
		}
		opened[e.String()] = ln
	}
	complete := *settings
	if complete.Metrics == nil {
		complete.Metrics = uncounted{}
	}
	complete.mismatches = newMismatchWatch(complete.Log, complete.Rules)
	s.settings.Store(&complete)
	wanted := map[string]bool{}
	for _, e := range endpoints {
		wanted[e.String()] = true
		if ln := opened[e.String()]; ln != nil {
			s.listeners[e.String()] = ln
			s.done.Go(func() { s.accept(ln) })
			s.log().Info("listening", "listener", e.String())
			if e.Network == "tcp" && !e.Incoming && ln.Addr().(*net.TCPAddr).IP.IsLoopback() {
				s.log().Warn("every user of this host can connect, and get any domain's signature: a unix socket with a group is safe", "listener", e.String())
			}
			continue
		}
		s.listeners[e.String()].endpoint.Store(&e)
		if e.Network == "unix" {
			if err := give(e.Address, e.Mode, e.Group); err != nil {
				s.log().Warn("the socket keeps its mode and group", "listener", e.String(), "error", err)
			}
		}
	}
	for name, ln := range s.listeners {
		if !wanted[name] {
			ln.Close()
			delete(s.listeners, name)
			s.log().Info("no longer listening", "listener", name)
		}
	}
	return nil
}

// Shutdown closes the listeners and the connections without a message under
// way, and lets messages finish until the context is done.
func (s *Server) Shutdown(ctx context.Context) {
	s.stopping.Store(true)
	s.mu.Lock()
	for name, ln := range s.listeners {
		ln.Close()
		delete(s.listeners, name)
	}
	for conn, session := range s.conns {
		if !session.busy.Load() {
			conn.Close()
		}
	}
	s.mu.Unlock()

	finished := s.finished()
	select {
	case <-finished:
		return
	case <-ctx.Done():
	}
	s.mu.Lock()
	s.log().Warn("milter.stop_timeout is reached: connections with a message under way are cut", "connections", len(s.conns))
	for conn := range s.conns {
		conn.Close()
	}
	s.mu.Unlock()
	<-finished
}

// Files returns duplicates of the listeners, for another process to take over.
func (s *Server) Files() ([]*os.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var files []*os.File
	for _, ln := range s.listeners {
		file, err := Duplicate(ln.Listener)
		if err != nil {
			return files, err
		}
		files = append(files, file)
	}
	return files, nil
}

// Leave leaves the listeners to another process that has them.
func (s *Server) Leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, ln := range s.listeners {
		ln.leave()
		delete(s.listeners, name)
	}
}

// Drain serves the connections of a server that has left its listeners. It says
// whether they ended before the context was done.
func (s *Server) Drain(ctx context.Context) bool {
	select {
	case <-s.finished():
		return true
	case <-ctx.Done():
		return false
	}
}

// finished returns a channel that is closed when no listener and no connection
// is left.
func (s *Server) finished() <-chan struct{} {
	finished := make(chan struct{})
	go func() {
		s.done.Wait()
		close(finished)
	}()
	return finished
}

// accept serves a listener until it is closed. When descriptors run out it
// waits a little and goes on.
func (s *Server) accept(ln *listener) {
	var wait time.Duration
	for {
		conn, err := ln.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			wait = min(max(2*wait, 5*time.Millisecond), time.Second)
			s.log().Error("a connection cannot be accepted", "listener", ln.endpoint.Load().String(), "error", err, "wait", wait)
			time.Sleep(wait)
			continue
		}
		wait = 0
		s.done.Go(func() { s.serve(conn, *ln.endpoint.Load()) })
	}
}

// serve serves one connection to its end.
func (s *Server) serve(conn net.Conn, from Endpoint) {
	defer conn.Close()
	settings := s.settings.Load()
	log := settings.Log.With("listener", from.String())
	if !from.lets(conn) {
		settings.Metrics.Refused("peers")
		log.Warn("a connection is refused: its address is not among the listener's peers", "client", conn.RemoteAddr().String())
		return
	}
	session := &session{current: s.settings.Load, incoming: from.Incoming}
	if bound, ok := s.register(conn, session); !ok {
		if bound != "" {
			settings.Metrics.Refused(bound)
			log.Warn("a connection is refused: milter."+bound+" is reached", "client", conn.RemoteAddr().String())
		}
		return
	}
	defer s.unregister(conn)
	defer settings.Metrics.Connected()()

	frameTimeout := timeout{"frame_timeout", settings.FrameTimeout}
	g := &guard{
		Conn:         conn,
		in:           bufio.NewReader(conn),
		idleTimeout:  frameTimeout, // an MTA negotiates at once
		frameTimeout: frameTimeout,
		leaving: func() bool {
			session.waiting()
			return s.stopping.Load() && !session.busy.Load()
		},
		body:   session.body,
		closed: make(chan struct{}),
	}
	offer, err := g.negotiation()
	if err == nil {
		server := offer.server(session)
		session.protocol = server.Protocol
		g.idleTimeout = timeout{"idle_timeout", settings.IdleTimeout}
		server.Serve(&oneConn{g}) // returns when it has begun
		<-g.closed
		err = g.err
	}
	session.reset()
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
		log.Warn("a connection ends before its time", "error", err)
		if reached, ok := errors.AsType[boundReached](err); ok {
			settings.Metrics.Ended(reached.bound)
		}
	}
}

// register counts a connection in, unless a bound is reached or the server is
// stopping.
func (s *Server) register(conn net.Conn, session *session) (bound string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	settings := s.settings.Load()
	switch {
	case s.stopping.Load():
		return "", false
	case len(s.conns) >= settings.MaxConnections:
		return "max_connections", false
	case s.fromPeerOf(conn) >= settings.MaxConnectionsPerPeer:
		return "max_connections_per_peer", false
	}
	s.conns[conn] = session
	return "", true
}

// fromPeerOf counts the connections from the same address, none for a unix socket.
func (s *Server) fromPeerOf(conn net.Conn) int {
	peer, ok := addrOf(conn)
	if !ok {
		return 0
	}
	n := 0
	for other := range s.conns {
		if addr, ok := addrOf(other); ok && addr == peer {
			n++
		}
	}
	return n
}

// addrOf returns the address that a connection comes from. There is none on a unix
// socket.
func addrOf(conn net.Conn) (addr netip.Addr, ok bool) {
	tcp, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Addr{}, false
	}
	return tcp.AddrPort().Addr().Unmap(), true
}

func (s *Server) unregister(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
}

// lets says whether the client may connect to the endpoint.
func (e Endpoint) lets(conn net.Conn) bool {
	addr, ok := addrOf(conn)
	if !ok || len(e.Peers) == 0 {
		return true
	}
	return slices.ContainsFunc(e.Peers, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// oneConn is a listener of one connection, which is there already.
type oneConn struct{ conn net.Conn }

func (l *oneConn) Accept() (net.Conn, error) {
	if l.conn == nil {
		return nil, io.EOF
	}
	conn := l.conn
	l.conn = nil
	return conn, nil
}

func (l *oneConn) Close() error   { return nil }
func (l *oneConn) Addr() net.Addr { return nil }
