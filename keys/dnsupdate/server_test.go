package dnsupdate

import (
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// liar returns a server that says that it does whatever it is asked for, signed
// with a secret, and always has the same record.
func liar(t *testing.T, secret, have string) *Server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	handler := func(w dns.ResponseWriter, question *dns.Msg) {
		reply := new(dns.Msg).SetReply(question)
		reply.Authoritative = true
		for _, text := range []string{"example.jp. SOA ns.jp. hostmaster.jp. 1 60 60 60 60", have} {
			if rr, _ := dns.NewRR(text); rr != nil && rr.Header().Rrtype == question.Question[0].Qtype && question.Opcode == dns.OpcodeQuery {
				reply.Answer = append(reply.Answer, rr)
			}
		}
		if secret != "" {
			reply.SetTsig("dkimctl.", dns.HmacSHA256, fudge, time.Now().Unix())
		}
		w.WriteMsg(reply)
	}
	server := &dns.Server{
		Listener:      listener,
		Handler:       dns.HandlerFunc(handler),
		TsigSecret:    map[string]string{"dkimctl.": secret},
		MsgAcceptFunc: func(dns.Header) dns.MsgAcceptAction { return dns.MsgAccept },
	}
	started := make(chan struct{})
	server.NotifyStartedFunc = func() { close(started) }
	go server.ActivateAndServe()
	<-started
	t.Cleanup(func() { server.Shutdown() })
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return serverAt(t, port, keyText)
}

func TestLyingServers(t *testing.T) {
	const host = "s1._domainkey.example.jp"
	another := "YW5vdGhlciBzZWNyZXQgZm9yIHRlc3RzIG9ubHk="
	record := func(value string) string { return host + `. TXT "` + strings.ReplaceAll(value, ";", `\;`) + `"` }
	for _, test := range []struct {
		name, secret, have string
		remove             bool
		err                string
	}{
		{"has added nothing", secret, "", false, "says that it has added the record, but then it has nothing"},
		{"has added another", secret, record(other), false, "but then it has TXT \"" + other + `"`},
		{"has removed nothing", secret, record(value), true, "says that it has removed the record, but still has TXT \"" + value + `"`},
		{"signs nothing", "", record(value), false, "answers NOERROR without a signature"},
		{"signs with another secret", another, record(value), false, "is not signed with the key dkimctl"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := liar(t, test.secret, test.have)
			s.timeout = time.Second
			change := func() (bool, error) { return s.Add(t.Context(), host, value, ttl) }
			if test.remove {
				change = func() (bool, error) { return s.Remove(t.Context(), host, value) }
			}
			if done, err := change(); done || !says(err, test.err) {
				t.Errorf("%v, %v; want %q", done, err, test.err)
			}
		})
	}
}

func TestServersThatAreAway(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	s := serverAt(t, port, keyText)
	s.timeout = 100 * time.Millisecond
	if done, err := s.Add(t.Context(), "s1._domainkey.example.jp", value, ttl); done || !errors.Is(err, ErrNoAnswer) {
		t.Errorf("a silent server: %v, %v", done, err)
	}
	listener.Close()
	if done, err := s.Remove(t.Context(), "s1._domainkey.example.jp", value); done || !says(err, "connection refused") {
		t.Errorf("no server: %v, %v", done, err)
	}
}

func TestAddresses(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.53":         "192.0.2.53:53",
		"192.0.2.53:5353":    "192.0.2.53:5353",
		"2001:db8::53":       "[2001:db8::53]:53",
		"[2001:db8::53]:853": "[2001:db8::53]:853",
	} {
		if s := New(address, nil, time.Second); s.address != want {
			t.Errorf("%s is %s, want %s", address, s.address, want)
		}
	}
}
