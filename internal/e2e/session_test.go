package e2e

import (
	"errors"
	"net/textproto"
	"slices"
	"strings"
	"testing"
	"time"
)

// Two customers who have logins.
const (
	taro   = "taro@example.jp"
	hanako = "hanako@example.com"
)

// What a client may do within one SMTP connection, which is one milter
// connection.
func TestSession(t *testing.T) {
	m := startMachine(t, options{
		// Whoever takes an unknown address for loopback signs for strangers.
		dkimd: `
[[network]]
cidr = ["127.0.0.0/8", "::1"]
domains = ["*"]
`,
		postfix: []string{"smtpd_authorized_xclient_hosts = 127.0.0.0/8"},
	})

	t.Run("several messages on one connection", func(t *testing.T) {
		c := m.login(t, port465, taro)
		for range 5 {
			to := newRecipient()
			m.checkSigned(t, c.mustSend(t, taro, to, message(taro, to)), to, "example.jp")
			to = newRecipient()
			m.checkUnsigned(t, c.mustSend(t, taro, to, message(hanako, to)), to, "login_mismatch")
		}
	})
	t.Run("several messages of a trusted network on one connection", func(t *testing.T) {
		c := m.connect(t, port25, relay)
		for range 3 {
			to := newRecipient()
			m.checkSigned(t, c.mustSend(t, taro, to, message(taro, to)), to, "example.jp")
		}
	})
	t.Run("RSET before DATA", func(t *testing.T) {
		c := m.login(t, port587, taro)
		c.do(t, 250, "MAIL FROM:<%s>", taro)
		c.do(t, 250, "RCPT TO:<%s>", newRecipient())
		c.do(t, 250, "RSET")
		to := newRecipient()
		m.checkSigned(t, c.mustSend(t, taro, to, message(taro, to)), to, "example.jp")
	})
	t.Run("a rejected recipient before one that is accepted", func(t *testing.T) {
		c := m.login(t, port587, taro)
		c.do(t, 250, "MAIL FROM:<%s>", taro)
		c.do(t, 504, "RCPT TO:<no-domain>")
		to := newRecipient()
		c.do(t, 250, "RCPT TO:<%s>", to)
		c.do(t, 354, "DATA")
		c.write(t, message(taro, to))
		m.checkSigned(t, c.mustEnd(t), to, "example.jp")
	})
	t.Run("no recipient is accepted, then another message", func(t *testing.T) {
		c := m.login(t, port587, taro)
		c.do(t, 250, "MAIL FROM:<%s>", taro)
		c.do(t, 504, "RCPT TO:<no-domain>")
		c.do(t, 554, "DATA")
		c.do(t, 250, "RSET")
		to := newRecipient()
		m.checkSigned(t, c.mustSend(t, taro, to, message(taro, to)), to, "example.jp")
	})
	t.Run("a client that drops in mid-DATA", func(t *testing.T) {
		dropped := newRecipient()
		c := m.login(t, port465, taro)
		c.mustBegin(t, taro, dropped)
		text := message(taro, dropped)
		c.write(t, text[:len(text)/2])
		c.Close()
		waitFor(t, "Postfix to see it", func() bool { return strings.Contains(m.postfix.log(t), "lost connection after DATA") })

		to := newRecipient()
		m.checkSigned(t, m.login(t, port465, taro).mustSend(t, taro, to, message(taro, to)), to, "example.jp")
		if arrived, ok := m.hop.find(dropped); ok {
			t.Errorf("half a message arrived:\n%s", arrived.text)
		}
	})
	t.Run("a client whose address Postfix does not know", func(t *testing.T) {
		c := m.connect(t, port25, stranger)
		c.do(t, 220, "XCLIENT ADDR=[UNAVAILABLE] NAME=[UNAVAILABLE]")
		c.do(t, 250, "EHLO client.example")
		for range 2 {
			to := newAddress("example.jp")
			id := c.mustSend(t, taro, to, message(taro, to))
			m.checkUnsigned(t, id, to, "not_ours")
			if line := m.line(t, id); line["client"] != "unknown" {
				t.Errorf("dkimd knows the client: %v", line)
			}
		}
		if strings.Contains(m.postfix.log(t), "status=deferred") {
			t.Error("mail was deferred")
		}
	})
	t.Run("50 connections at once", func(t *testing.T) {
		var clients []*client
		var to []string
		for range 50 {
			c := m.login(t, port465, taro)
			clients, to = append(clients, c), append(to, newRecipient())
			c.mustBegin(t, taro, to[len(to)-1])
		}
		ids := make([]string, len(clients))
		errs := make(chan error)
		for i, c := range clients {
			go func() {
				c.Text.W.WriteString(message(taro, to[i]))
				var err error
				ids[i], err = c.end()
				errs <- err
			}()
		}
		for range clients {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		for i, id := range ids {
			m.checkSigned(t, id, to[i], "example.jp")
		}
	})
}

// A client on a bad line pauses for longer than a frame may take, at every step
// at which it can.
func TestPause(t *testing.T) {
	m := startMachine(t, options{dkimd: `
[milter]
frame_timeout = "1s"
`})
	const pause = 2 * time.Second
	to := newRecipient()
	text := message(taro, to)
	c := m.login(t, port465, taro)
	time.Sleep(pause)
	c.mustBegin(t, taro, to)
	for piece := range slices.Chunk([]byte(text), len(text)/2) {
		time.Sleep(pause)
		c.write(t, string(piece))
	}
	m.checkSigned(t, c.mustEnd(t), to, "example.jp")

	time.Sleep(pause)
	to = newRecipient()
	m.checkSigned(t, c.mustSend(t, taro, to, message(taro, to)), to, "example.jp")
}

// code returns the code of a server's answer, or 0.
func code(err error) int {
	var answer *textproto.Error
	if !errors.As(err, &answer) {
		return 0
	}
	return answer.Code
}
