package mta

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
)

const text = "From: a@example.jp\r\nSubject:  folded\r\n\tline\r\nX-Tight:x\r\n\r\nbody\r\n"

// milter answers a connection with the given frames, one to each command in
// answers, and returns what it was sent.
func milter(t *testing.T, conn net.Conn, negotiation string, answers map[byte][]string) <-chan []string {
	t.Helper()
	sent := make(chan []string, 1)
	c := NewConn(conn)
	go func() {
		defer c.Close()
		var frames []string
		defer func() { sent <- frames }()
		for {
			code, data, err := c.ReadFrame()
			if err != nil || code == Quit {
				return
			}
			frames = append(frames, string(code)+string(data))
			for _, answer := range answers[code] {
				c.WriteFrame(answer[0], []byte(answer[1:]))
			}
			if code == Negotiate {
				c.WriteFrame(Negotiate, []byte(negotiation))
			}
		}
	}()
	return sent
}

// sockets returns the two ends of a connection.
func sockets(t *testing.T) (ours, theirs net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if ours, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if theirs, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	return ours, theirs
}

// pair returns an MTA that has negotiated with a milter that behaves as told.
func pair(t *testing.T, negotiation string, answers map[byte][]string) (*Conn, <-chan []string) {
	t.Helper()
	ours, theirs := sockets(t)
	sent := milter(t, theirs, negotiation, answers)
	c := NewConn(ours)
	t.Cleanup(func() { c.Close() })
	if err := c.Negotiate(Postfix6); err != nil {
		t.Fatal(err)
	}
	return c, sent
}

// all answers every step.
func all() map[byte][]string {
	answers := map[byte][]string{}
	for _, code := range []byte{Connect, Helo, Mail, Rcpt, Data, Header, EndOfHeader, Body, EndOfBody} {
		answers[code] = []string{"c"}
	}
	return answers
}

func expectSent(t *testing.T, c *Conn, sent <-chan []string, want ...string) {
	t.Helper()
	if err := c.Quit(); err != nil {
		t.Error(err)
	}
	got := slices.DeleteFunc(<-sent, func(frame string) bool { return frame[0] == Negotiate })
	if !slices.Equal(got, want) {
		t.Errorf("the milter got\n%q, want\n%q", got, want)
	}
}

func TestWhatPostfixSends(t *testing.T) {
	message := Message{From: "a@example.jp", Recipients: []string{"b@example.com", "c@example.com"}, Login: "a", QueueID: "Q1", Text: []byte(text)}
	t.Run("to a milter of version 6 that wants everything", func(t *testing.T) {
		c, sent := pair(t, "\x00\x00\x00\x06\x00\x00\x00\x01\x00\x00\x00\x00", all())
		if _, err := c.Connect(Client{Addr: "2001:db8::1", Port: 258}); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Send(message); err != nil {
			t.Fatal(err)
		}
		expectSent(t, c, sent,
			"DCj\x00mx.mta.example\x00{daemon_name}\x00mx.mta.example\x00v\x00Postfix 3.7.11\x00",
			"C[2001:db8::1]\x006\x01\x022001:db8::1\x00",
			"DH", "Hclient.example\x00",
			"DM{auth_authen}\x00a\x00{mail_addr}\x00a@example.jp\x00", "M<a@example.jp>\x00",
			"DR{rcpt_addr}\x00b@example.com\x00", "R<b@example.com>\x00",
			"DRi\x00Q1\x00{rcpt_addr}\x00c@example.com\x00", "R<c@example.com>\x00",
			"DTi\x00Q1\x00", "T",
			"DLi\x00Q1\x00", "LFrom\x00a@example.jp\x00",
			"DLi\x00Q1\x00", "LSubject\x00 folded\n\tline\x00",
			"DLi\x00Q1\x00", "LX-Tight\x00x\x00",
			"DNi\x00Q1\x00", "N",
			"DBi\x00Q1\x00", "Bbody\r\n",
			"DEi\x00Q1\x00", "E",
		)
	})
	t.Run("to a milter of version 2 that wants little, and names its macros", func(t *testing.T) {
		answers := map[byte][]string{EndOfHeader: {"p", "a"}}
		c, sent := pair(t, "\x00\x00\x00\x02\x00\x00\x01\x01\x00\x08\x70\x8a"+ // no HELO, RCPT; no answer to CONNECT, HELO, MAIL, header, body
			"\x00\x00\x00\x00{client_addr} j\x00", answers)
		if _, err := c.Connect(Client{Addr: "unknown"}); err != nil {
			t.Fatal(err)
		}
		r, err := c.Send(message)
		if err != nil || r.Answer != Accept || r.Step != EndOfHeader || !r.Final() {
			t.Errorf("%+v, %v", r, err)
		}
		expectSent(t, c, sent,
			"DC{client_addr}\x00unknown\x00j\x00mx.mta.example\x00", "Cunknown\x004\x00\x00unknown\x00",
			"DH",
			"DM{auth_authen}\x00a\x00{mail_addr}\x00a@example.jp\x00", "M<a@example.jp>\x00",
			"DR{rcpt_addr}\x00b@example.com\x00", "DRi\x00Q1\x00{rcpt_addr}\x00c@example.com\x00",
			"DLi\x00Q1\x00", "LFrom\x00a@example.jp\x00",
			"DLi\x00Q1\x00", "LSubject\x00 folded\n\tline\x00",
			"DLi\x00Q1\x00", "LX-Tight\x00x\x00",
			"DNi\x00Q1\x00", "N",
		)
	})
}

func TestWhatTheMilterMayNotSay(t *testing.T) {
	for _, negotiation := range []string{
		"\x00\x00\x00\x07\x00\x00\x00\x01\x00\x00\x00\x00",
		"\x00\x00\x00\x06\x00\x00\x02\x00\x00\x00\x00\x00",
		"\x00\x00\x00\x06\x00\x00\x00\x01\x00\x20\x00\x00",
		"\x00\x00\x00\x06\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00i\x00",
		"\x00\x00\x00\x06\x00\x00\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00i",
		"\x00\x00\x00\x06",
	} {
		ours, theirs := sockets(t)
		sent := milter(t, theirs, negotiation, nil)
		if err := NewConn(ours).Negotiate(Postfix6); err == nil {
			t.Errorf("the negotiation %q passes", negotiation)
		}
		ours.Close()
		<-sent
	}
	for command, wrong := range map[byte]string{
		Mail: "cx", Rcpt: "y451 no NUL", Data: "i\x00\x00\x00\x00A\x00b\x00", Header: "y\x00", EndOfHeader: "y250 fine\x00",
		Body: "x", EndOfBody: "i\x00\x00\x00\x00A\x00b",
	} {
		answers := all()
		answers[command] = []string{wrong}
		c, _ := pair(t, "\x00\x00\x00\x06\x00\x00\x00\x01\x00\x00\x00\x00", answers)
		if r, err := c.Send(Message{Recipients: []string{"b@example.com"}, Text: []byte(text)}); err == nil {
			t.Errorf("the answer %q to %q passes: %+v", wrong, command, r)
		}
	}
}

func TestOneAnswerTooManyIsSeen(t *testing.T) {
	for command := range all() {
		answers := all()
		answers[command] = []string{"c", "c"}
		c, _ := pair(t, "\x00\x00\x00\x06\x00\x00\x00\x01\x00\x00\x00\x00", answers)
		_, err := c.Connect(Client{Addr: "192.0.2.1"})
		if err == nil {
			_, err = c.Send(Message{Recipients: []string{"b@example.com"}, Text: []byte(text)})
		}
		if err == nil {
			err = c.Quit()
		}
		if err == nil {
			t.Errorf("two answers to %q pass", command)
		}
	}
}

func TestRefusal(t *testing.T) {
	for answer, want := range map[string]string{
		"r":                             "550 5.7.1 Command rejected",
		"t":                             "451 4.7.1 Service unavailable - try again later",
		"y451 4.7.5 Q1: 100%% sure\x00": "451 4.7.5 Q1: 100% sure",
	} {
		answers := all()
		answers[EndOfHeader] = []string{answer}
		c, _ := pair(t, "\x00\x00\x00\x06\x00\x00\x00\x01\x00\x00\x00\x00", answers)
		r, err := c.Send(Message{Text: []byte(text)})
		if err != nil || r.Reply != want || r.Step != EndOfHeader || !r.Final() {
			t.Errorf("%q gives %+v, %v", answer, r, err)
		}
	}
}

func TestApply(t *testing.T) {
	r := Result{Inserted: []Insertion{{0, "B", "1\n 2"}, {0, "A", "0"}, {3, "C", "3"}, {99, "D", "4"}}}
	got, err := r.Apply([]byte(text))
	want := "A: 0\r\nB: 1\r\n 2\r\nFrom: a@example.jp\r\nC: 3\r\nSubject:  folded\r\n\tline\r\nX-Tight:x\r\nD: 4\r\n\r\nbody\r\n"
	if err != nil || string(got) != want {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	for _, wrong := range []string{"", "From: a@example.jp", "no field\r\n\r\n", " blank: first\r\n\r\n", ": x\r\n\r\n"} {
		if _, err := r.Apply([]byte(wrong)); err == nil {
			t.Errorf("%q passes for a message", wrong)
		}
	}
}

func TestBodyIsSentInPieces(t *testing.T) {
	c, sent := pair(t, "\x00\x00\x00\x06\x00\x00\x00\x01\x00\x00\x00\x00", all())
	if _, err := c.Body([]byte(strings.Repeat("x", 2*ChunkSize+1))); err != nil {
		t.Fatal(err)
	}
	c.Quit()
	var sizes []int
	for _, frame := range <-sent {
		if frame[0] == Body {
			sizes = append(sizes, len(frame)-1)
		}
	}
	if fmt.Sprint(sizes) != fmt.Sprint([]int{ChunkSize, ChunkSize, 1}) {
		t.Errorf("pieces of %d bytes", sizes)
	}
}
