package milter_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dkimd/internal/mta"
)

// pipe returns a connection that the server serves, and a channel that is closed
// when the server has done with it.
func (f *fixture) pipe() (net.Conn, <-chan struct{}) {
	ours, theirs := net.Pipe()
	f.Cleanup(func() { ours.Close() })
	served := make(chan struct{})
	go func() {
		f.ServeConn(theirs)
		close(served)
	}()
	return ours, served
}

// frame returns a frame as bytes.
func frame(text string) string {
	return fmt.Sprintf("\x00%c%c%c%s", len(text)>>16, len(text)>>8&0xff, len(text)&0xff, text)
}

const negotiation = "O\x00\x00\x00\x06\x00\x00\x01\xff\x00\x1f\xff\xff"

// What no MTA sends ends its connection, says why in the log, and harms no other
// connection.
func TestWhatNoMTASends(t *testing.T) {
	f := start(t)
	other := f.connect(stranger)
	if _, err := other.Envelope(message(taro, text)); err != nil {
		t.Fatal(err)
	}
	begun := frame(negotiation) + frame("Ca\x00U") + frame("M<>\x00")
	for _, test := range []struct{ sent, log string }{
		{"GET / HTTP/1.0\r\n\r\n", "a frame of 1195725856 bytes"},
		{"\x16\x03\x01\x02\x00\x01\x00\x01", "a frame of 369295618 bytes"},
		{"\x00\x00\x00\x00", "a frame of 0 bytes"},
		{"\x00\x10\x00\x01" + strings.Repeat("B", 1<<20+1), "a frame of 1048577 bytes"},
		{"\xff\xff\xff\xffC", "a frame of 4294967295 bytes"},
		{frame("Ca\x00U"), "the connection begins with a frame 'C' of 4 bytes, not with a negotiation"},
		{frame("O"), "the connection begins with a frame 'O' of 1 bytes"},
		{frame(negotiation[:12]), "the connection begins with a frame 'O' of 12 bytes"},
		{frame(negotiation) + "\x00\x00\x00\x00", "a frame of 0 bytes"},
		{frame(negotiation) + frame("C"), "malformed connect command"},
		{frame(negotiation) + frame("Ca.example"), "malformed connect command"},
		{frame(negotiation) + frame("Ca.example\x00"), "malformed connect command"},
		{frame(negotiation) + frame("D"), "a macro frame without its event"},
		{frame(negotiation) + frame("DMi\x00"), "a macro frame that is not names and values"},
		{frame(negotiation) + frame("DMi\x00Q1"), "a macro frame that is not names and values"},
		{frame(negotiation) + frame("DMi\x00Q1\x00j\x00"), "a macro frame that is not names and values"},
		{frame(negotiation) + frame("Z"), "Unrecognized command code: Z"},
		{frame(negotiation) + frame("\x00"), "Unrecognized command code"},
		{begun + frame("L"), "a header frame that is not a name and a value"},
		{begun + frame("LSubject"), "a header frame that is not a name and a value"},
		{begun + frame("LSubject\x00"), "a header frame that is not a name and a value"},
		{begun + frame("LSubject\x00hello"), "a header frame that is not a name and a value"},
		{begun + frame("L\x00hello\x00"), "a header frame that is not a name and a value"},
		{begun + frame("LSubject\x00hel\x00lo\x00"), "a header frame that is not a name and a value"},
		{frame(negotiation) + frame("N"), "a header without MAIL before it"},
	} {
		t.Run(fmt.Sprintf("%.40q", test.sent), func(t *testing.T) {
			before := len(f.log.String())
			c, served := f.pipe()
			go io.Copy(io.Discard, c)
			io.WriteString(c, test.sent) // fails when the server has seen enough
			select {
			case <-served:
			case <-time.After(20 * time.Second):
				t.Fatal("the connection goes on")
			}
			if said := f.log.String()[before:]; !strings.Contains(said, test.log) {
				t.Errorf("the log has %q", said)
			}
		})
	}
	if _, err := other.Header("From: taro@example.jp\r\n"); err != nil {
		t.Fatal(err)
	}
	if r, err := other.EndOfBody([]byte("hello\r\n")); err != nil || len(r.Inserted) != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	f.quit(other)
}

func TestFrameThatIsCutOff(t *testing.T) {
	for _, torn := range []string{"\x00\x00", "\x00\x00\x00\x02", "\x00\x00\x00\x02B"} {
		f := start(t)
		c := f.connect(stranger)
		c.Write([]byte(torn))
		c.Close()
		f.log.wait(t, "unexpected EOF")
	}
}

// What an MTA may send although Postfix does not.
func TestWhatOtherMTAsSend(t *testing.T) {
	f := start(t)
	for name, sent := range map[string]string{
		"macros without a value":     frame("DMi\x00\x00{auth_authen}\x00" + taro + "\x00v\x00\x00"),
		"macros of a later step":     frame("DEi\x00Q\x00") + frame("DM{auth_authen}\x00"+taro+"\x00"),
		"a second offer":             frame(negotiation) + frame("DM{auth_authen}\x00"+taro+"\x00"),
		"an ABORT before all":        frame("A") + frame("DM{auth_authen}\x00"+taro+"\x00"),
		"MAIL with arguments":        frame("DM{auth_authen}\x00"+taro+"\x00") + frame("M<a@b.example>\x00SIZE=10\x00") + frame("DM{auth_authen}\x00"+taro+"\x00"),
		"RCPT and DATA all the same": frame("R<a@b.example>\x00") + frame("T") + frame("DM{auth_authen}\x00"+taro+"\x00"),
	} {
		t.Run(name, func(t *testing.T) {
			conn, served := f.pipe()
			answers := make(chan string, 1)
			go func() {
				all, _ := io.ReadAll(conn)
				answers <- string(all)
			}()
			io.WriteString(conn, frame(negotiation)+frame("Ca\x00U")+sent+frame("M<"+taro+">\x00")+
				frame("LFrom\x00"+taro+"\x00")+frame("LSubject\x00\x00")+frame("N")+frame("Bhello\r\n")+frame("E")+frame("Q"))
			<-served
			if got := <-answers; strings.Count(got, "DKIM-Signature") != 2 || !strings.HasSuffix(got, frame("a")) {
				t.Errorf("%q", got)
			}
		})
	}
}

// Time in these tests is not the clock's.

func TestSilenceBetweenFramesIsNormal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := served(t)
		c, done := f.mta(mta.Postfix6)
		silence := f.settings.IdleTimeout - time.Second
		time.Sleep(silence)
		if _, err := c.Connect(stranger); err != nil {
			t.Fatal(err)
		}
		time.Sleep(silence)
		f.expectSigned(c, message(taro, text))
		time.Sleep(silence)
		if _, err := c.Envelope(message(taro, text)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(silence)
		header, body, _ := strings.Cut(text, "\r\n\r\n")
		if _, err := c.Header(header + "\r\n"); err != nil {
			t.Fatal(err)
		}
		for i := range len(body) {
			time.Sleep(silence)
			if _, err := c.Body([]byte(body[i : i+1])); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(silence)
		r, err := c.EndOfBody(nil)
		if err != nil {
			t.Fatal(err)
		}
		f.verify(r, []byte(text))
		expectEnd(t, c, done, f.settings.IdleTimeout)
		f.log.wait(t, "a connection ends before its time")
	})
}

func TestFrameBegunHasToEnd(t *testing.T) {
	for _, torn := range []string{"\x00", "\x00\x00\x00", "\x00\x00\x00\x02", "\x00\x00\x00\x03B", "\x00\x00\x00\x03Bx"} {
		synctest.Test(t, func(t *testing.T) {
			f := served(t)
			c, done := f.mta(mta.Postfix6)
			if _, err := c.Envelope(message(taro, text)); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Write([]byte(torn)); err != nil {
				t.Fatal(err)
			}
			expectEnd(t, c, done, f.settings.FrameTimeout)
			f.log.wait(t, "i/o timeout")
		})
	}
	t.Run("also if it comes byte by byte", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := served(t)
			c, done := f.mta(mta.Postfix6)
			begun := time.Now()
			took := make(chan time.Duration, 1)
			go func() {
				<-done
				took <- time.Since(begun)
			}()
			_, err := c.Write([]byte("\x00\x00\x00\x7fB"))
			for err == nil {
				time.Sleep(time.Second)
				_, err = c.Write([]byte("x"))
			}
			if took := <-took; took != f.settings.FrameTimeout {
				t.Errorf("the connection ends after %v", took)
			}
		})
	})
}

func TestNegotiationHasToComeSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := served(t)
		conn, done := f.pipe()
		c := mta.NewConn(conn)
		c.Timeout = 24 * time.Hour
		expectEnd(t, c, done, f.settings.FrameTimeout)
	})
}

func TestMTAThatDoesNotReadIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := served(t)
		c, done := f.mta(mta.Bare)
		begun := time.Now()
		if err := c.WriteFrame(mta.Mail, []byte("<>\x00")); err != nil {
			t.Fatal(err)
		}
		if err := c.WriteFrame(mta.Rcpt, []byte("<a@b.example>\x00")); !errors.Is(err, io.ErrClosedPipe) {
			t.Fatal(err)
		}
		<-done
		if took := time.Since(begun); took != f.settings.FrameTimeout {
			t.Errorf("the connection ends after %v", took)
		}
	})
}

// served returns a server that listens nowhere, for the MTAs of pipe and mta.
func served(t *testing.T) *fixture {
	f := newFixture(t)
	f.apply()
	return f
}

// mta returns an MTA that has negotiated, and a channel that is closed when the
// server has done with it.
func (f *fixture) mta(offer mta.Offer) (*mta.Conn, <-chan struct{}) {
	f.Helper()
	conn, served := f.pipe()
	c := mta.NewConn(conn)
	c.Timeout = 24 * time.Hour
	if err := c.Negotiate(offer); err != nil {
		f.Fatal(err)
	}
	return c, served
}

// expectEnd fails unless the server ends a connection just then.
func expectEnd(t *testing.T, c *mta.Conn, served <-chan struct{}, after time.Duration) {
	t.Helper()
	begun := time.Now()
	if err := c.End(); err != nil {
		t.Fatal(err)
	}
	<-served
	if took := time.Since(begun); took != after {
		t.Errorf("the connection ends after %v, not %v", took, after)
	}
}

// The MTA may be gone at any time.
func TestNothingIsLeftOfAConnection(t *testing.T) {
	f := start(t)
	expectSame := sameGoroutines(t)
	for _, drop := range []func(c *mta.Conn){
		func(c *mta.Conn) {},
		func(c *mta.Conn) { c.Envelope(message(taro, text)) },
		func(c *mta.Conn) { c.Envelope(message(taro, text)); c.Header("From: " + taro + "\r\n") },
		func(c *mta.Conn) {
			c.Envelope(message(taro, text))
			c.Header("From: " + taro + "\r\n")
			c.Header("Subject: the header goes on\r\n")
			c.Body([]byte("hello"))
		},
		func(c *mta.Conn) {
			c.Envelope(message(taro, text))
			c.Header("From: " + taro + "\r\n")
			c.Envelope(message(taro, text))
		},
		func(c *mta.Conn) {
			c.Envelope(message(taro, text))
			c.Header("From: " + taro + "\r\n")
			c.Write([]byte("\x00\x00\xff\xffB"))
		},
		func(c *mta.Conn) { c.Send(message(taro, text)) },
		func(c *mta.Conn) { c.Send(message(taro, text)); c.Abort() },
		func(c *mta.Conn) { c.Send(message(taro, text+strings.Repeat(" ", 2<<20))) },
	} {
		for range 5 {
			c := f.connect(stranger)
			drop(c)
			c.Close()
		}
	}
	expectSame()
	f.expectSigned(f.connect(stranger), message(taro, text))
}
