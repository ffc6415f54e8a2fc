package e2e

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/smtp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Addresses of clients, other than Postfix's own 127.0.0.1.
const (
	customer = "127.0.0.2"
	relay    = "127.0.0.3" // may relay without a login
	stranger = "127.0.0.4"
)

// clientTimeout is how long a client lives at most.
const clientTimeout = 2 * time.Minute

// client is an SMTP client.
type client struct{ *smtp.Client }

// connect connects to a service from an address on this host.
func (p *postfix) connect(t testing.TB, service, from string) *client {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	conn, err := dialer.Dial("tcp", p.addr(service))
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(clientTimeout))
	if p.tlsFirst[service] {
		conn = tls.Client(conn, p.tls())
	}
	c, err := smtp.NewClient(conn, "127.0.0.1")
	if err != nil {
		conn.Close()
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.Hello("client.example"); err != nil {
		t.Fatal(err)
	}
	return &client{c}
}

func (p *postfix) tls() *tls.Config {
	return &tls.Config{RootCAs: p.roots, ServerName: "127.0.0.1"}
}

// login connects to a service as a customer with a login.
func (p *postfix) login(t testing.TB, service, login string) *client {
	t.Helper()
	c := p.connect(t, service, customer)
	if service == port587 {
		if err := c.StartTLS(p.tls()); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Auth(smtp.PlainAuth("", login, password, "127.0.0.1")); err != nil {
		t.Fatal(err)
	}
	return c
}

// command sends a command and wants the answer to begin with a code. An error
// that the server answers with is a *textproto.Error.
func (c *client) command(want int, format string, args ...any) (string, error) {
	id, err := c.Text.Cmd(format, args...)
	if err != nil {
		return "", err
	}
	c.Text.StartResponse(id)
	defer c.Text.EndResponse(id)
	_, reply, err := c.Text.ReadResponse(want)
	return reply, err
}

// do is command for an answer that has to come.
func (c *client) do(t testing.TB, want int, format string, args ...any) {
	t.Helper()
	if _, err := c.command(want, format, args...); err != nil {
		t.Fatalf(format+": %v", append(args, err)...)
	}
}

// begin goes as far as the server's leave to send the text. sender is MAIL's
// address, and parameters after it.
func (c *client) begin(sender, to string) error {
	address, parameters, _ := strings.Cut(sender, " ")
	if _, err := c.command(250, "%s", strings.TrimSpace("MAIL FROM:<"+address+"> "+parameters)); err != nil {
		return err
	}
	if _, err := c.command(250, "RCPT TO:<%s>", to); err != nil {
		return err
	}
	_, err := c.command(354, "DATA")
	return err
}

// mustBegin is begin for a message that has to be taken.
func (c *client) mustBegin(t testing.TB, sender, to string) {
	t.Helper()
	if err := c.begin(sender, to); err != nil {
		t.Fatal(err)
	}
}

// write sends a piece of a text without lines that begin with a dot.
func (c *client) write(t testing.TB, text string) {
	t.Helper()
	if _, err := c.Text.W.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := c.Text.W.Flush(); err != nil {
		t.Fatal(err)
	}
}

// end ends the text and returns the queue id that the server says.
func (c *client) end() (id string, err error) {
	reply, err := c.command(250, ".")
	if err != nil {
		return "", err
	}
	_, id, ok := strings.Cut(reply, "queued as ")
	if !ok {
		return "", fmt.Errorf("no queue id in %q", reply)
	}
	return id, nil
}

// mustEnd is end for a message that has to be accepted.
func (c *client) mustEnd(t testing.TB) (id string) {
	t.Helper()
	id, err := c.end()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// send sends a message, whose lines end in CRLF, and returns its queue id.
func (c *client) send(sender, to, text string) (id string, err error) {
	if err := c.begin(sender, to); err != nil {
		return "", err
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, ".") {
			line = "." + line
		}
		if _, err := c.Text.W.WriteString(line); err != nil {
			return "", err
		}
	}
	if !strings.HasSuffix(text, "\r\n") {
		c.Text.W.WriteString("\r\n")
	}
	return c.end()
}

// mustSend is send for a message that has to be accepted.
func (c *client) mustSend(t testing.TB, sender, to, text string) (id string) {
	t.Helper()
	id, err := c.send(sender, to, text)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

var recipients atomic.Int64

// newRecipient returns an address that no other message goes to.
func newRecipient() string { return newAddress("receiver.example") }

func newAddress(domain string) string {
	return fmt.Sprintf("r%d@%s", recipients.Add(1), domain)
}

// message returns the text of a small message.
func message(from, to string) string {
	return "From: Taro <" + from + ">\r\n" +
		"To: <" + to + ">\r\n" +
		"Subject: a test\r\n" +
		"Date: Wed, 25 Nov 2026 12:00:00 +0900\r\n" +
		"Message-ID: <test@" + to + ">\r\n" +
		"\r\n" +
		"Hello,\r\n" +
		"\r\n" +
		"this is a test.\r\n"
}
