package milter

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/textproto"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"dkimd/signer"

	milter "github.com/emersion/go-milter"
)

// Macros that the MTA is asked for. Names of more than one letter stand in
// braces.
const (
	macroClient  = "{client_addr}"
	macroDaemon  = "{daemon_name}"
	macroLogin   = "{auth_authen}"
	macroQueueID = "i"
)

// session is one connection of an MTA, which is one SMTP connection of a
// client, with all its messages. go-milter calls it from one goroutine.
type session struct {
	current  func() *Settings
	protocol milter.OptProtocol // as agreed with the MTA
	incoming bool
	client   netip.Addr  // zero: not known
	daemon   string      // the MTA's name for the service; empty: not known
	busy     atomic.Bool // a message is under way
	message
}

// message is what a session knows of the message that is under way.
type message struct {
	settings *Settings // those at its start; nil: no message has begun
	login    string
	queueID  string
	header   signer.Header
	decision signer.Decision
	signing  *signer.Signing // nil: it is not being signed
	fault    error           // of writing to signing
}

var _ milter.Milter = (*session)(nil)

// goOn is the answer to a step at which nothing is decided: none, where the MTA
// agreed to go without.
func (s *session) goOn(noReply milter.OptProtocol) (milter.Response, error) {
	if s.protocol&noReply != 0 {
		return nil, nil
	}
	return milter.RespContinue, nil
}

// Connect keeps who the client is. An address that is not known, or that cannot
// be parsed, stays unknown.
func (s *session) Connect(_ string, _ string, _ uint16, addr net.IP, m *milter.Modifier) (milter.Response, error) {
	client, ok := netip.AddrFromSlice(addr)
	if !ok {
		// Sendmail puts "IPv6:" before the address, which go-milter cannot read.
		client, _ = netip.ParseAddr(strings.TrimPrefix(m.Macros[macroClient], "IPv6:"))
	}
	s.client = client.Unmap()
	s.daemon = m.Macros[macroDaemon]
	return s.goOn(milter.OptNoConnReply)
}

// Helo is a step without interest.
func (s *session) Helo(string, *milter.Modifier) (milter.Response, error) { return s.goOn(0) }

// RcptTo is a step without interest.
func (s *session) RcptTo(string, *milter.Modifier) (milter.Response, error) { return s.goOn(0) }

// MailFrom begins a message.
func (s *session) MailFrom(_ string, m *milter.Modifier) (milter.Response, error) {
	s.reset()
	s.busy.Store(true)
	now := s.current()
	s.message = message{settings: now, login: m.Macros[macroLogin], header: signer.Header{Also: now.Rules.AlsoFields}}
	s.seeQueueID(m)
	return s.goOn(milter.OptNoMailReply)
}

// seeQueueID keeps the queue id. Postfix has none for a message before its
// first recipient is accepted, and go-milter forgets macros at every step.
func (s *session) seeQueueID(m *milter.Modifier) {
	if id := m.Macros[macroQueueID]; id != "" {
		s.queueID = id
	}
}

// Header takes a field of the header.
func (s *session) Header(name, value string, m *milter.Modifier) (milter.Response, error) {
	s.seeQueueID(m)
	clear(m.Headers) // go-milter would keep all fields of all messages
	s.header.Add(name, value)
	return s.goOn(milter.OptNoHeaderReply)
}

// Headers is the end of the header: it is decided whether the message gets
// signed. If not, the MTA can keep the body to itself.
func (s *session) Headers(_ textproto.MIMEHeader, m *milter.Modifier) (milter.Response, error) {
	s.seeQueueID(m)
	if s.settings == nil {
		return nil, errors.New("a header without MAIL before it")
	}
	now := s.settings
	origin := signer.Origin{Login: s.login, Client: s.client, Daemon: s.daemon, Incoming: s.incoming}
	s.decision = now.Rules.Decide(origin, &s.header, now.Ring)
	if s.decision.Reason != "" {
		return s.unsigned(), nil
	}
	s.signing.Close()
	s.signing, s.fault = signer.Start(s.decision.Signatures, &s.header)
	if s.fault != nil {
		return s.cannotSign(s.fault), nil
	}
	return milter.RespContinue, nil
}

// BodyChunk takes the next piece of the body.
func (s *session) BodyChunk(chunk []byte, _ *milter.Modifier) (milter.Response, error) {
	s.body(chunk)
	return s.goOn(milter.OptNoBodyReply)
}

func (s *session) body(chunk []byte) {
	if s.signing != nil && s.fault == nil {
		_, s.fault = s.signing.Write(chunk)
	}
}

// Body is the end of the message: the signatures go on top of its header.
func (s *session) Body(m *milter.Modifier) (milter.Response, error) {
	if s.signing == nil {
		return milter.RespAccept, nil // it was decided at the end of the header
	}
	started := time.Now()
	var values []string
	if s.fault == nil {
		values, s.fault = s.signing.Finish()
	}
	if s.fault != nil {
		return s.cannotSign(s.fault), nil
	}
	for _, value := range slices.Backward(values) {
		if err := m.InsertHeader(0, signer.FieldName, value); err != nil {
			return nil, err
		}
	}
	s.signed(time.Since(started))
	s.reset()
	return milter.RespAccept, nil
}

// Abort ends a message that its client gave up, or that is over.
func (s *session) Abort(*milter.Modifier) error {
	s.reset()
	return nil
}

// reset forgets the message.
func (s *session) reset() {
	s.signing.Close()
	s.message = message{}
}

// waiting says that the next frame is waited for: a message that has ended is
// answered by now.
func (s *session) waiting() { s.busy.Store(s.settings != nil) }

// cannotSign ends a message that was to be signed.
func (s *session) cannotSign(err error) milter.Response {
	s.decision = s.settings.Rules.Failed(s.decision, err)
	return s.unsigned()
}

// unsigned logs why the message is not signed, and ends it.
func (s *session) unsigned() milter.Response {
	d := s.decision
	level := slog.LevelInfo
	attrs := []slog.Attr{
		slog.String("queue_id", s.queueID),
		slog.String("from_domain", d.FromDomain),
		slog.String("reason", string(d.Reason)),
	}
	attrs = append(attrs, s.origin()...)
	if d.Err != nil {
		attrs = append(attrs, errorAttr(d.Err))
	}
	if d.Reason.Alarming() {
		level = slog.LevelError
	}
	var response milter.Response = milter.RespAccept
	if d.TempFail {
		attrs = append(attrs, slog.String("answer", "tempfail"))
		response = milter.NewResponseStr(byte(milter.ActReplyCode), fmt.Sprintf(
			"451 4.7.5 %s: the DKIM key of %s cannot be used just now, try again later", s.queueID, d.FromDomain))
	}
	s.settings.Log.LogAttrs(context.Background(), level, "unsigned", attrs...)
	s.settings.Metrics.Unsigned(string(d.Reason), d.TempFail)
	s.settings.mismatches.see(s.login, d.Reason == signer.LoginMismatch)
	s.reset()
	return response
}

// signed logs that the message is signed. The domain is the customer's, if it
// has a signature of its own; others are ours, besides.
func (s *session) signed(took time.Duration) {
	d := s.decision
	domain := d.Signatures[0].Domain
	var selectors, besides, algorithms []string
	for _, signature := range d.Signatures {
		algorithms = append(algorithms, signature.Algorithm)
		if signature.Domain == domain {
			selectors = append(selectors, signature.Selector)
		} else {
			besides = append(besides, signature.Domain)
		}
	}
	risks := s.signing.Risks()
	attrs := []slog.Attr{
		slog.String("queue_id", s.queueID),
		slog.String("domain", domain),
		slog.String("selector", strings.Join(selectors, ",")),
	}
	attrs = append(attrs, s.origin()...)
	if domain != d.FromDomain {
		attrs = append(attrs, slog.String("from_domain", d.FromDomain))
	}
	if len(besides) > 0 {
		attrs = append(attrs, slog.String("also", strings.Join(besides, ",")))
	}
	if d.Mismatch {
		attrs = append(attrs, slog.Bool("login_mismatch", true))
	}
	if len(risks) > 0 {
		attrs = append(attrs, slog.String("risk", strings.Join(risks, ",")))
	}
	if d.Err != nil {
		attrs = append(attrs, errorAttr(d.Err))
	}
	s.settings.Log.LogAttrs(context.Background(), slog.LevelInfo, "signed", attrs...)
	s.settings.Metrics.Signed(algorithms, risks, took, d.Mismatch)
	s.settings.mismatches.see(s.login, d.Mismatch)
}

// errorAttr returns an error for the log, which may quote what a client wrote.
func errorAttr(err error) slog.Attr {
	const most = 500 // bytes
	text := err.Error()
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return slog.String("error", text)
}

// maxAddress is the most that an address in use has, in bytes (RFC 5321 section
// 4.5.3.1.3).
const maxAddress = 256

// origin returns what a log line says of how the message came in, and as whose.
func (s *session) origin() []slog.Attr {
	client := "unknown"
	if s.client.IsValid() {
		client = s.client.String()
	}
	attrs := []slog.Attr{slog.String("login", s.login), slog.String("client", client)}
	if from := s.decision.From; from != "" && len(from) <= maxAddress {
		attrs = append(attrs, slog.String("from", from))
	}
	if len(s.settings.Rules.IncomingDaemons) > 0 { // else it is the same for all
		attrs = append(attrs, slog.String("daemon", s.daemon))
	}
	if s.incoming {
		attrs = append(attrs, slog.Bool("incoming", true))
	}
	return attrs
}
