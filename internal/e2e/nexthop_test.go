package e2e

import (
	"bufio"
	"bytes"
	"net"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"testing"
)

// nextHop is the server that Postfix relays all mail to. It keeps what it gets,
// byte for byte.
type nextHop struct {
	extensions []string
	ln         net.Listener
	done       sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
	mails []mail
	// arrived is called with each mail before it can be found; nil: not.
	arrived func(mail)
}

// mail is a message with its envelope.
type mail struct {
	from string // MAIL's argument with its parameters
	to   []string
	text []byte
}

// startNextHop starts a next hop that offers these extensions of SMTP.
func startNextHop(t testing.TB, extensions ...string) *nextHop {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &nextHop{extensions: extensions, ln: ln}
	n.done.Go(n.accept)
	t.Cleanup(n.stop)
	return n
}

func (n *nextHop) port() int { return n.ln.Addr().(*net.TCPAddr).Port }

func (n *nextHop) accept() {
	for {
		conn, err := n.ln.Accept()
		if err != nil {
			return
		}
		n.mu.Lock()
		n.conns = append(n.conns, conn)
		n.mu.Unlock()
		n.done.Go(func() { n.serve(conn) })
	}
}

func (n *nextHop) stop() {
	n.ln.Close()
	n.mu.Lock()
	for _, conn := range n.conns {
		conn.Close()
	}
	n.mu.Unlock()
	n.done.Wait()
}

// serve talks SMTP. Recipients @refused.example do not exist.
func (n *nextHop) serve(conn net.Conn) {
	defer conn.Close()
	c := textproto.NewConn(conn)
	c.PrintfLine("220 next-hop.example ESMTP")
	var m mail
	for {
		line, err := c.ReadLine()
		if err != nil {
			return
		}
		verb, argument, _ := strings.Cut(line, " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			c.PrintfLine("250-next-hop.example")
			for _, extension := range n.extensions {
				c.PrintfLine("250-%s", extension)
			}
			c.PrintfLine("250 ENHANCEDSTATUSCODES")
		case "MAIL":
			m = mail{from: argument}
			c.PrintfLine("250 2.1.0 Ok")
		case "RCPT":
			_, to, _ := strings.Cut(argument, "<")
			to, _, _ = strings.Cut(to, ">")
			if strings.HasSuffix(to, "@refused.example") {
				c.PrintfLine("550 5.1.1 User unknown")
				continue
			}
			m.to = append(m.to, to)
			c.PrintfLine("250 2.1.5 Ok")
		case "DATA":
			c.PrintfLine("354 End data with <CR><LF>.<CR><LF>")
			if m.text, err = readData(c.R); err != nil {
				return
			}
			n.mu.Lock()
			arrived := n.arrived
			n.mu.Unlock()
			if arrived != nil {
				arrived(m)
			}
			n.mu.Lock()
			n.mails = append(n.mails, m)
			n.mu.Unlock()
			c.PrintfLine("250 2.0.0 Ok")
		case "QUIT":
			c.PrintfLine("221 2.0.0 Bye")
			return
		default: // RSET
			c.PrintfLine("250 2.0.0 Ok")
		}
	}
}

// readData reads a message to its end, without the dots that hide dots (RFC
// 5321 section 4.5.2). textproto's reader would change line ends.
func readData(r *bufio.Reader) ([]byte, error) {
	var text []byte
	for {
		line, err := r.ReadBytes('\n')
		if err != nil {
			return nil, err
		}
		if bytes.Equal(line, []byte(".\r\n")) {
			return text, nil
		}
		text = append(text, bytes.TrimPrefix(line, []byte("."))...)
	}
}

// find returns the mail for a recipient, if it has arrived.
func (n *nextHop) find(to string) (mail, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	i := slices.IndexFunc(n.mails, func(m mail) bool { return slices.Contains(m.to, to) })
	if i < 0 {
		return mail{}, false
	}
	return n.mails[i], true
}

// wait waits for the mail for a recipient.
func (n *nextHop) wait(t testing.TB, to string) mail {
	t.Helper()
	var m mail
	waitFor(t, "the mail to "+to+" at the next hop", func() (ok bool) {
		m, ok = n.find(to)
		return ok
	})
	return m
}
