package milter_test

import (
	"encoding/binary"
	"io"
	"slices"
	"strings"
	"testing"

	"dkimd/internal/mta"
)

// FuzzSession: whatever comes over a connection, the server panics nowhere,
// answers in whole frames, and is done with the connection soon after its end.
func FuzzSession(f *testing.F) {
	begun := frame(negotiation) + frame("DC{client_addr}\x00192.0.2.1\x00") + frame("Ca\x004\x00\x01192.0.2.1\x00")
	mail := frame("DM{auth_authen}\x00"+taro+"\x00") + frame("M<"+taro+">\x00") + frame("DNi\x00Q1\x00")
	header := frame("LFrom\x00"+taro+"\x00") + frame("LSubject\x00a\n b\x00") + frame("N")
	body := frame("Bhello\r\n") + frame("E")
	for _, sent := range []string{
		"", frame("Q"), begun, begun + mail, begun + mail + header, begun + mail + header + body + frame("Q"),
		begun + mail + header + body + mail + header + frame("A") + mail + header + body,
		begun + mail + header + header + frame("Bx") + mail + frame("Ex"),
		frame("O\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00\x00") + mail + header + body,
		begun + mail + frame("LFrom\x00\xff<a@\x80>, \"\\\x00") + frame("LTo\x00\x00") + frame("N") + frame("E"),
		"GET / HTTP/1.0\r\n\r\n", "\x00\x00\x00\x00", "\x7f\xff\xff\xffO", frame(negotiation) + frame("C") + frame("D"),
	} {
		f.Add([]byte(sent))
	}
	shared := newFixture(f)
	shared.apply()
	f.Fuzz(func(t *testing.T, sent []byte) {
		server := shared.in(t)
		expectSame := sameGoroutines(t)
		c, served := server.pipe()
		answers := make(chan []byte, 1)
		go func() {
			all, _ := io.ReadAll(c)
			answers <- all
		}()
		c.Write(sent) // fails when the server has seen enough
		c.Close()
		<-served
		for got := <-answers; len(got) > 5; {
			size := binary.BigEndian.Uint32(got)
			if !strings.ContainsRune("Ocayit", rune(got[4])) {
				t.Fatalf("the server says %q", got)
			}
			got = got[min(4+int(size), len(got)):]
		}
		expectSame()
		server.log.expectNoPanic(t)
	})
}

// FuzzScript: an MTA that does everything in its power in any order gets as many
// answers as it waits for; what is signed is entitled to it, and verifies.
func FuzzScript(f *testing.F) {
	offers := []mta.Offer{mta.Postfix6, mta.Postfix4, mta.Postfix3, mta.Postfix2, mta.Bare, {Version: 6, Actions: mta.AddHeader, Protocol: 0x80}}
	clients := []mta.Client{trusted, stranger, {Addr: "unknown"}, {Addr: "unknown", Family: 'U'}, {Addr: "2001:db8::1"}}
	logins := []string{"", "a@b.example", taro, "x"}
	headers := []string{
		"From: a@b.example\r\nSubject: one\r\n",
		"From: A\r\n\t<a@b.example>\r\nTo: \r\nDate: x\r\nDate:y\r\nX-Long:\r\n " + strings.Repeat("x", 900) + "\r\n",
		"From: a@none.example\r\n",
		"Subject: no From\r\nTo:\r\n",
		"",
	}
	pieces := []string{"", "\r\n", "a\r", "\nb", " \t", ".\r\n", strings.Repeat("c ", 100)}
	const (
		connect = iota
		envelope
		header
		body
		endOfBody
		abort
		steps
	)
	f.Add([]byte{0, connect, 0, envelope, 0, header, 0, body, 6, endOfBody, 0, envelope, 1, header, 1, endOfBody, 5})
	f.Add([]byte{1, connect, 1, envelope, 1, header, 0, body, 2, body, 3, abort, 0, envelope, 0, header, 0, endOfBody, 0})
	f.Add([]byte{2, envelope, 1, header, 0, header, 1, endOfBody, 0, header, 0})
	f.Add([]byte{3, connect, 2, envelope, 2, body, 1, endOfBody, 0, header, 3, header, 0})
	f.Add([]byte{4, connect, 3, envelope, 1, header, 3, connect, 0, envelope, 0, header, 4, header, 0, endOfBody, 1})
	f.Add([]byte{5, connect, 4, envelope, 0, header, 3, header, 0, body, 6, envelope, 0, header, 0, body, 4, endOfBody, 0})

	shared := newFixture(f)
	shared.settings.Rules.Networks[0].Domains = []string{"b.example"} // with its one key, for speed
	shared.apply()

	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) == 0 || len(script) > 200 {
			return
		}
		server := shared.in(t)
		expectSame := sameGoroutines(t)
		conn, served := server.pipe()
		c := mta.NewConn(conn)
		if err := c.Negotiate(offers[int(script[0])%len(offers)]); err != nil {
			t.Fatal(err)
		}

		// What the server has to know of the connection, and of the message.
		var client mta.Client
		var login, fields, text string
		begun, signing := false, false
		bodyAt := 0 // where in the text the body begins
		entitled := func() bool {
			ours := login == "a@b.example" || login == "" && (client == clients[0] || client == clients[4])
			return ours && strings.Count(fields, "From:") == 1 && strings.Contains(fields, "a@b.example")
		}
		for step := range slices.Chunk(script[1:], 2) {
			arg := int(step[len(step)-1])
			r, final := mta.Result{Answer: mta.Continue}, false
			var err error
			switch step[0] % steps {
			case connect:
				client = clients[arg%len(clients)]
				r, err = c.Connect(client)
			case envelope:
				login, fields, begun, signing = logins[arg%len(logins)], "", true, false
				r, err = c.Envelope(message(login, ""))
			case header:
				r, err = c.Header(headers[arg%len(headers)])
				if !begun {
					if err == nil {
						t.Fatalf("a header without MAIL gets %+v", r)
					}
					<-served
					return
				}
				fields += headers[arg%len(headers)]
				text = fields + "\r\n"
				bodyAt = len(text)
				signing = entitled()
				begun, final = signing, !signing
			case body:
				text += pieces[arg%len(pieces)]
				r, err = c.Body([]byte(pieces[arg%len(pieces)]))
			case endOfBody:
				text += pieces[arg%len(pieces)]
				r, err = c.EndOfBody([]byte(pieces[arg%len(pieces)]))
				final = true
				if err == nil && signing && cannotBeSigned(text[bodyAt:]) {
					if begun, signing = false, false; len(r.Inserted) > 0 {
						t.Fatalf("a body that verifiers read in another way is signed: %q", text)
					}
				} else if err == nil && signing {
					server.verify(r, []byte(text))
					begun, signing = false, false
				} else if len(r.Inserted) > 0 {
					t.Fatalf("signed without a right to it: %+v", r)
				}
			case abort:
				begun, signing = false, false
				err = c.Abort()
			}
			if err != nil || r.Final() != final {
				t.Fatalf("step %q: %+v, %v", step, r, err)
			}
		}
		server.quit(c)
		<-served
		expectSame()
		server.log.expectNoPanic(t)
	})
}

// cannotBeSigned says whether a body has a bare CR after a blank, or one that no
// text follows.
func cannotBeSigned(body string) bool {
	body = strings.ReplaceAll(body, "\r\n", "\n")
	last := strings.LastIndexByte(body, '\r')
	return strings.Contains(body, " \r") || strings.Contains(body, "\t\r") ||
		last >= 0 && strings.Trim(body[last:], " \t\r\n") == ""
}

// expectNoPanic fails if go-milter has caught a panic, and empties the log.
func (l *logged) expectNoPanic(t testing.TB) {
	t.Helper()
	if text := l.Take(); strings.Contains(text, "panic") {
		t.Fatal(text)
	}
}
