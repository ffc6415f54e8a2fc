package milter_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"dkimd/internal/mta"
	"dkimd/signer"
	"dkimd/signer/milter"
)

func TestSignaturesGoOnTopAndVerify(t *testing.T) {
	f := start(t)
	c := f.connect(stranger)
	for _, name := range []string{"relaxed", "simple"} {
		f.settings.Rules.Options.Body = signer.Canonicalization(name)
		f.apply()
		r := f.expectSigned(c, message(taro, text))
		signed, err := r.Apply([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		header, rest, _ := strings.Cut(string(signed), "From: ")
		if rest != strings.TrimPrefix(text, "From: ") {
			t.Errorf("the message has changed: %q", rest)
		}
		var got []string
		for field := range strings.SplitSeq(strings.TrimPrefix(header, "DKIM-Signature: "), "\r\nDKIM-Signature: ") {
			got = append(got, fmt.Sprint(tag(field, "a"), " ", tag(field, "c"), " ", tag(field, "d"), " ", tag(field, "s")))
		}
		want := fmt.Sprintf("[rsa-sha256 relaxed/%s example.jp rsa ed25519-sha256 relaxed/%[1]s example.jp ed]", name)
		if fmt.Sprint(got) != want {
			t.Errorf("the signatures are %v, want %s", got, want)
		}
	}
	f.quit(c)
}

// tag returns a tag of a signature.
func tag(signature, name string) string {
	for spec := range strings.SplitSeq(signature, ";") {
		if value, ok := strings.CutPrefix(strings.TrimSpace(spec), name+"="); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func TestEveryMessageKnowsItsConnection(t *testing.T) {
	incoming := milter.Endpoint{Network: "tcp", Address: freePort(t), Incoming: true}
	f := start(t, incoming)
	ours := f.connect(trusted)
	theirs := f.connect(stranger)
	f.endpoints = append(f.endpoints, incoming)
	never := f.connect(trusted)
	for range 100 {
		f.expectSigned(ours, message("", text))
		f.expectUnsigned(theirs, message("", text), signer.NotOurs)
		f.expectUnsigned(never, message(taro, text), signer.NotOurs)
	}
	f.expectSigned(theirs, message(taro, text))
	for _, c := range []*mta.Conn{ours, theirs, never} {
		f.quit(c)
	}
}

func TestNothingLeaksIntoTheNextMessage(t *testing.T) {
	f := start(t)
	first := message(taro, text)
	half := func(c *mta.Conn, upTo string) {
		t.Helper()
		_, err := c.Envelope(first)
		if err == nil && upTo != "envelope" {
			_, err = c.Header("From: taro@example.jp\r\nSubject: the first\r\n")
		}
		if err == nil && upTo == "body" {
			_, err = c.Body([]byte("the first body\r\n"))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	noFrom := "To: hanako@example.com\r\n\r\nthe second\r\n"
	for name, begin := range map[string]func(*mta.Conn){
		"a message that ended":     func(c *mta.Conn) { c.Send(first) },
		"an unsigned message":      func(c *mta.Conn) { c.Send(message("other@b.example", text)) },
		"an envelope":              func(c *mta.Conn) { half(c, "envelope") },
		"a header":                 func(c *mta.Conn) { half(c, "header") },
		"a part of a body":         func(c *mta.Conn) { half(c, "body") },
		"a connection and no more": func(*mta.Conn) {},
	} {
		for _, abort := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, ABORT %t", name, abort), func(t *testing.T) {
				c := f.connect(stranger)
				for _, next := range []func(){
					func() { f.expectUnsigned(c, message("", text), signer.NotOurs) },
					func() { f.expectUnsigned(c, message(taro, noFrom), signer.NoFrom) },
					func() { f.expectSigned(c, message(taro, text)) },
				} {
					begin(c)
					if abort {
						if err := c.Abort(); err != nil {
							t.Fatal(err)
						}
					}
					next()
				}
				nameless := message("", text)
				nameless.QueueID = ""
				if _, err := c.Send(nameless); err != nil {
					t.Fatal(err)
				}
				if len(f.log.lines(t, "queue_id", "")) == 0 {
					t.Error("a message without a queue id has got another's")
				}
				f.quit(c)
			})
		}
	}
}

func TestClients(t *testing.T) {
	f := start(t)
	for _, test := range []struct {
		client mta.Client
		signed bool
		log    string
	}{
		{mta.Client{Addr: "192.0.2.1"}, true, "192.0.2.1"},
		{mta.Client{Addr: "192.0.2.1", Port: 65535, Name: "a.example.jp"}, true, "192.0.2.1"},
		{mta.Client{Addr: "2001:db8::1"}, true, "2001:db8::1"},
		{mta.Client{Addr: "IPv6:2001:db8::1", Family: '6'}, true, "2001:db8::1"},
		{mta.Client{Addr: "::ffff:192.0.2.1"}, true, "192.0.2.1"},
		{mta.Client{Addr: "IPv6:::ffff:192.0.2.1", Family: '6'}, true, "192.0.2.1"},
		{mta.Client{Addr: "203.0.113.9"}, false, "203.0.113.9"},
		{mta.Client{Addr: "2001:db9::1"}, false, "2001:db9::1"},
		{mta.Client{Addr: "::ffff:203.0.113.9"}, false, "203.0.113.9"},
		{mta.Client{Addr: "unknown"}, false, "unknown"},
		{mta.Client{Addr: "unknown", Family: '6'}, false, "unknown"},
		{mta.Client{Addr: "unknown", Family: 'U'}, false, "unknown"},
		{mta.Client{Addr: "/run/client.sock", Family: 'L'}, false, "unknown"},
		{mta.Client{Addr: "", Family: '4'}, false, "unknown"},
		{mta.Client{Addr: "192.0.2.1.", Family: '4'}, false, "unknown"},
		{mta.Client{Addr: "fe80::1%eth0", Family: '6'}, false, "fe80::1%eth0"},
	} {
		c := f.connect(test.client)
		m := message("", text)
		if test.signed {
			f.expectSigned(c, m)
		} else {
			f.expectUnsigned(c, m, signer.NotOurs)
		}
		if got := f.log.about(t, m.QueueID)["client"]; got != test.log {
			t.Errorf("%+v is %q in the log, want %q", test.client, got, test.log)
		}
		m = message(taro, text) // a login does not need an address
		f.expectSigned(c, m)
		f.quit(c)
	}
}

func TestOnlyWhatIsNeededIsAskedFor(t *testing.T) {
	f := start(t)
	for _, test := range []struct {
		offer             mta.Offer
		actions, protocol uint32
	}{
		{mta.Bare, 1, 0},
		{mta.Postfix2, 0x101, 0x00a},           // no HELO, no RCPT
		{mta.Postfix3, 0x101, 0x10a},           // no unknown commands
		{mta.Postfix4, 0x101, 0x30a},           // no DATA
		{mta.Postfix6, 0x101, 0x85000 | 0x38a}, // no answers to CONNECT, MAIL, fields of the header, body
	} {
		conn, err := net.Dial("unix", f.endpoints[0].Address)
		if err != nil {
			t.Fatal(err)
		}
		c := mta.NewConn(conn)
		var offer []byte
		for _, n := range []uint32{test.offer.Version, test.offer.Actions, test.offer.Protocol} {
			offer = binary.BigEndian.AppendUint32(offer, n)
		}
		if err := c.WriteFrame(mta.Negotiate, offer); err != nil {
			t.Fatal(err)
		}
		_, answer, err := c.ReadFrame()
		if err != nil || len(answer) < 12 {
			t.Fatalf("%q, %v", answer, err)
		}
		actions, protocol := binary.BigEndian.Uint32(answer[4:]), binary.BigEndian.Uint32(answer[8:])
		if actions != test.actions || protocol != test.protocol {
			t.Errorf("of %+v, the server asks for %#x and %#x, want %#x and %#x", test.offer, actions, protocol, test.actions, test.protocol)
		}
		f.quit(c)
	}
}

// A milter that answers once too often or too seldom is one answer ahead of the
// MTA, or behind it, from then on.
func TestEveryOffer(t *testing.T) {
	f := start(t)
	offers := map[string]mta.Offer{
		"Postfix, protocol 2":                     mta.Postfix2,
		"Postfix, protocol 3":                     mta.Postfix3,
		"Postfix, protocol 4":                     mta.Postfix4,
		"Postfix, protocol 6":                     mta.Postfix6,
		"Postfix, protocol 2 and no_header_reply": {Version: 2, Actions: mta.Postfix2.Actions, Protocol: mta.Postfix2.Protocol | 1<<7},
		"nothing":                         mta.Bare,
		"nothing, in version 6":           {Version: 6, Actions: mta.AddHeader},
		"all but the choice of macros":    {Version: 6, Actions: mta.Postfix6.Actions &^ mta.SetSymbols, Protocol: mta.Postfix6.Protocol},
		"a version and flags yet to come": {Version: 7, Actions: 0xffffffff, Protocol: 0xffffffff},
	}
	for bit := range 21 {
		offers[fmt.Sprintf("only bit %d", bit)] = mta.Offer{Version: 6, Actions: mta.Postfix6.Actions, Protocol: 1 << bit}
		offers[fmt.Sprintf("all but bit %d", bit)] = mta.Offer{Version: 6, Actions: mta.Postfix6.Actions, Protocol: mta.Postfix6.Protocol &^ (1 << bit)}
	}
	for name, offer := range offers {
		t.Run(name, func(t *testing.T) {
			c := f.dial(offer)
			if _, err := c.Connect(trusted); err != nil {
				t.Fatal(err)
			}
			bFrom := strings.ReplaceAll(text, "example.jp", "b.example")
			f.expectSigned(c, message("", text))
			f.expectUnsigned(c, message("", bFrom), signer.NetworkMismatch)
			if err := c.Abort(); err != nil {
				t.Fatal(err)
			}
			f.expectUnsigned(c, message(taro, bFrom), signer.LoginMismatch)
			f.expectSigned(c, message("other@b.example", bFrom))
			f.quit(c)
		})
	}
	for _, offer := range []mta.Offer{{Version: 1, Actions: mta.AddHeader}, {Version: 6, Actions: mta.Postfix6.Actions &^ mta.AddHeader}, {}} {
		if _, err := mta.Dial("unix", f.endpoints[0].Address, offer); err == nil {
			t.Errorf("the offer %+v is taken", offer)
		}
		f.log.wait(t, fmt.Sprintf("the MTA speaks milter version %d with actions %#x", offer.Version, offer.Actions))
	}
}

func TestBodyCutAnywhere(t *testing.T) {
	f := start(t)
	c := f.connect(stranger)
	header, body, _ := strings.Cut(strings.ReplaceAll(text, "example.jp", "b.example"), "\r\n\r\n")
	body = "\r\n\r\n a  b \t\r\n\r\n.\r\nc\r\n \r\n\r\n" + body + "\r\n\r\n"
	whole := []byte(header + "\r\n\r\n" + body)
	send := func(last string, pieces ...string) {
		t.Helper()
		m := message("other@b.example", "")
		_, err := c.Envelope(m)
		if err == nil {
			_, err = c.Header(header + "\r\n")
		}
		for _, piece := range pieces {
			if err == nil {
				_, err = c.Body([]byte(piece))
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		r, err := c.EndOfBody([]byte(last))
		if err != nil {
			t.Fatal(err)
		}
		f.verify(r, whole)
	}
	for i := range len(body) + 1 {
		send("", body[:i], body[i:])
		send(body[i:], body[:i]) // as other MTAs may
	}
	send("", strings.Split(body, "")...)
	send(body)
	f.quit(c)
}

func TestStoreError(t *testing.T) {
	f := start(t)
	c := f.connect(stranger)
	state := filepath.Join(f.path, "state")
	if err := os.Rename(state, state+" is away"); err != nil {
		t.Fatal(err)
	}
	m := message(taro, text)
	r, err := c.Send(m)
	if err != nil {
		t.Fatal(err)
	}
	want := "451 4.7.5 " + m.QueueID + ": the DKIM key of example.jp cannot be used just now, try again later"
	if r.Reply != want || r.Step != mta.EndOfHeader {
		t.Errorf("%+v, want %q", r, want)
	}
	expectLine(t, f.log.about(t, m.QueueID), line{
		"level": "ERROR", "msg": "unsigned", "queue_id": m.QueueID, "from_domain": "example.jp", "reason": "store_error",
		"login": taro, "client": "203.0.113.9", "from": "taro@example.jp", "answer": "tempfail",
		"error": "the key store cannot be read: stat " + state + ": no such file or directory",
	})
	f.expectUnsigned(c, message("", text), signer.NotOurs) // needs no key

	f.settings.Rules.TempFailStoreError = false
	f.apply()
	f.expectUnsigned(c, message(taro, text), signer.StoreError)

	if err := os.Rename(state+" is away", state); err != nil {
		t.Fatal(err)
	}
	f.expectSigned(c, message(taro, text))
	f.quit(c)
}

func TestBadKey(t *testing.T) {
	f := start(t)
	c := f.connect(stranger)
	d, _, err := f.store.Read("example.jp")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(f.store.PrivatePath("example.jp", d.Keys[0]), []byte("not a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.expectUnsigned(c, message(taro, text), signer.BadKey)
	f.expectSigned(c, message("other@b.example", strings.ReplaceAll(text, "example.jp", "b.example")))

	f.settings.Rules.TempFailBadKey = true
	f.apply()
	m := message(taro, text)
	r, err := c.Send(m)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(r.Reply, "451 4.7.5 "+m.QueueID+": ") || r.Step != mta.EndOfHeader {
		t.Errorf("%+v", r)
	}
	if line := f.log.about(t, m.QueueID); line["level"] != "ERROR" || line["reason"] != "bad_key" || line["answer"] != "tempfail" {
		t.Errorf("the log has %v", line)
	}
	f.quit(c)
}

// A body that cannot be signed is known for that only at its end.
func TestBadBody(t *testing.T) {
	f := start(t)
	c := f.connect(stranger)
	m := message(taro, text+strings.Repeat(" ", 2<<20)+"x\r\n")
	r, err := c.Send(m)
	if err != nil || r.Answer != mta.Accept || r.Step != mta.EndOfBody || len(r.Inserted) > 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if line := f.log.about(t, m.QueueID); line["reason"] != "bad_body" {
		t.Errorf("the log has %v", line)
	}
	f.expectSigned(c, message(taro, text))
	f.quit(c)
}

func TestOneLogLineAMessage(t *testing.T) {
	f := start(t)
	f.settings.Rules.LoginMatch = signer.Report
	f.apply()
	c := f.connect(stranger)
	pending := strings.ReplaceAll(text, "example.jp", "pending.example")
	none := strings.ReplaceAll(text, "example.jp", "none.example")
	twice := "From: a@b.example\r\n" + text
	for _, test := range []struct {
		login, text string
		want        line
	}{
		{taro, text, line{"level": "INFO", "msg": "signed", "domain": "example.jp", "selector": "rsa,ed", "login": taro, "from": taro}},
		{"other@b.example", text, line{"level": "INFO", "msg": "signed", "domain": "example.jp", "selector": "rsa,ed", "login": "other@b.example", "from": taro, "login_mismatch": true}},
		{"", text, line{"level": "INFO", "msg": "unsigned", "from_domain": "example.jp", "reason": "not_ours", "login": "", "from": taro}},
		{taro, pending, line{"level": "INFO", "msg": "unsigned", "from_domain": "pending.example", "reason": "key_pending", "login": taro, "from": "taro@pending.example"}},
		{taro, none, line{"level": "INFO", "msg": "unsigned", "from_domain": "none.example", "reason": "no_key", "login": taro, "from": "taro@none.example"}},
		{taro, twice, line{"level": "INFO", "msg": "unsigned", "from_domain": "", "reason": "multiple_from", "login": taro, "error": "there are 2 From fields"}},
	} {
		m := message(test.login, test.text)
		if _, err := c.Send(m); err != nil {
			t.Fatal(err)
		}
		test.want["queue_id"], test.want["client"] = m.QueueID, "203.0.113.9"
		expectLine(t, f.log.about(t, m.QueueID), test.want)
	}
	f.quit(c)
	given := message(taro, text)
	c = f.connect(stranger)
	if _, err := c.Envelope(given); err != nil {
		t.Fatal(err)
	}
	c.Abort()
	f.quit(c)
	if lines := f.log.lines(t, "queue_id", given.QueueID); len(lines) > 0 {
		t.Errorf("a message that its client gave up is in the log: %v", lines)
	}
}

// expectLine compares all that a log line says but its time.
func expectLine(t *testing.T, got, want line) {
	t.Helper()
	delete(got, "time")
	if !maps.Equal(got, want) {
		t.Errorf("the log has %v, want %v", got, want)
	}
}

// A connection can carry any number of fields in any number of messages.
func TestMemoryStaysFlat(t *testing.T) {
	f := start(t)
	c := f.connect(stranger)
	var fields bytes.Buffer // 1000, as frames
	for i := range 1000 {
		field := fmt.Sprintf("LX-Field-%d\x00%s\x00", i, strings.Repeat("x", 200))
		fields.Write([]byte{0, 0, byte(len(field) >> 8), byte(len(field))})
		fields.WriteString(field)
	}
	piece := bytes.Repeat([]byte("x"), 1<<20)
	before := heap()
	for range 3 {
		m := message(taro, text)
		if _, err := c.Envelope(m); err != nil {
			t.Fatal(err)
		}
		for range 100 {
			if _, err := c.Write(fields.Bytes()); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := c.Header("From: " + taro + "\r\n"); err != nil {
			t.Fatal(err)
		}
		expectFlat(t, before, "100,000 fields, 20 MB")
		for range 10 {
			if _, err := c.Body(piece); err != nil {
				t.Fatal(err)
			}
		}
		expectFlat(t, before, "10 MB of body")
		r, err := c.EndOfBody(nil)
		if err != nil || len(r.Inserted) != 2 {
			t.Fatalf("%+v, %v", r, err)
		}
		expectFlat(t, before, "the message's end")
	}
	f.quit(c)
}

// heap returns how many bytes are in use.
func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func expectFlat(t *testing.T, before uint64, after string) {
	t.Helper()
	if now := heap(); now > before+6<<20 {
		t.Fatalf("%d MB in use after %s, %d before", now>>20, after, before>>20)
	}
}
