package milter

import "net"

// ServeConn serves one connection to its end.
func (s *Server) ServeConn(conn net.Conn) { s.serve(conn, Endpoint{Network: "pipe"}) }
