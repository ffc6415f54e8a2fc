package mta

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// ChunkSize is how much of a body Postfix sends at once.
const ChunkSize = 65535

// Client is who talks SMTP to the MTA.
type Client struct {
	Family byte   // '4', '6', 'L' or 'U'; zero: as the address has it
	Name   string // zero: the MTA does not know it
	Addr   string // "unknown": the MTA does not know it, which Postfix has as family '4'
	Port   uint16
}

// Connect tells the milter of an SMTP connection and of its HELO.
func (c *Conn) Connect(client Client) (Result, error) {
	if client.Family == 0 {
		client.Family = '4'
		if addr, err := netip.ParseAddr(client.Addr); err == nil && addr.Is6() {
			client.Family = '6'
		}
	}
	if client.Name == "" {
		client.Name = "unknown"
		if client.Addr != "unknown" {
			client.Name = "[" + client.Addr + "]"
		}
	}
	data := append([]byte(client.Name), 0, client.Family)
	if client.Family != 'U' {
		data = binary.BigEndian.AppendUint16(data, client.Port)
		data = append(append(data, client.Addr...), 0)
	}
	c.macros["{client_addr}"] = client.Addr
	c.macros["{client_name}"] = client.Name
	r, err := c.tell(stepConnect, data)
	if err != nil || r.Final() {
		return r, err
	}
	if r, err = c.tell(stepHelo, []byte("client.example\x00")); err != nil {
		return r, err
	}
	return r, c.flush()
}

// Send takes a whole message through the milter, or as much of it as the milter
// wants.
func (c *Conn) Send(m Message) (Result, error) {
	fields, body, err := split(m.Text)
	if err != nil {
		return Result{}, err
	}
	r, err := c.Envelope(m)
	if err != nil || r.Final() {
		return r, err
	}
	r, err = c.header(fields)
	if err != nil || r.Final() {
		return r, err
	}
	r, err = c.Body(body)
	if err != nil || r.Final() {
		return r, err
	}
	return c.EndOfBody(nil)
}

// Envelope begins a message: MAIL, RCPT and DATA. That a recipient is refused
// ends it.
func (c *Conn) Envelope(m Message) (Result, error) {
	for _, name := range []string{"i", "{auth_authen}", "{mail_addr}", "{rcpt_addr}"} {
		delete(c.macros, name)
	}
	if m.Login != "" {
		c.macros["{auth_authen}"] = m.Login
	}
	c.macros["{mail_addr}"] = m.From
	r, err := c.tell(stepMail, fmt.Appendf(nil, "<%s>\x00", m.From))
	if err != nil || r.Final() {
		return r, err
	}
	for _, to := range m.Recipients {
		c.macros["{rcpt_addr}"] = to
		r, err = c.tell(stepRcpt, fmt.Appendf(nil, "<%s>\x00", to))
		if err != nil || r.Final() {
			return r, err
		}
		c.macros["i"] = m.QueueID // Postfix makes a queue file for the first accepted recipient
	}
	c.macros["i"] = m.QueueID
	if r, err = c.tell(stepData, nil); err != nil {
		return r, err
	}
	return r, c.flush()
}

// Header sends header fields, as they stand in a message, and the end of the
// header.
func (c *Conn) Header(text string) (Result, error) {
	fields, _, err := split([]byte(text + "\r\n"))
	if err != nil {
		return Result{}, err
	}
	return c.header(fields)
}

func (c *Conn) header(fields []string) (Result, error) {
	for _, field := range fields {
		if r, err := c.tell(stepHeader, headerFrame(field)); err != nil || r.Final() {
			return r, err
		}
	}
	return c.tell(stepEndOfHeader, nil)
}

// Body sends a part of the body, in pieces of at most [ChunkSize].
func (c *Conn) Body(p []byte) (Result, error) {
	r := Result{Answer: Continue}
	for chunk := range slices.Chunk(p, ChunkSize) {
		var err error
		if r, err = c.tell(stepBody, chunk); err != nil || r.Final() {
			return r, err
		}
	}
	return r, c.flush()
}

// EndOfBody ends the message. Postfix has sent all of the body before; other
// MTAs may send the last of it here.
func (c *Conn) EndOfBody(last []byte) (Result, error) { return c.tell(stepEndOfBody, last) }

// tell takes a step, unless the milter does not want it, and waits for the
// answer, unless the milter gives none.
func (c *Conn) tell(s step, data []byte) (Result, error) {
	r := Result{Answer: Continue, Step: s.command}
	if c.version < s.since {
		return r, nil
	}
	// As in Postfix, the macros of a step go out even if the step does not.
	if err := c.put(Macros, c.macroFrame(s)); err != nil {
		return r, err
	}
	if c.asked&s.skip != 0 {
		return r, nil
	}
	if err := c.put(s.command, data); err != nil || c.asked&s.silent != 0 {
		return r, err
	}
	for {
		code, data, err := c.ReadFrame()
		if err != nil {
			return r, fmt.Errorf("the answer to %q: %w", s.command, err)
		}
		switch {
		case code == Progress && len(data) == 0:
			continue
		case code == InsertHeader && s.command == EndOfBody:
			in, err := parseInsertion(data)
			if err != nil {
				return r, err
			}
			r.Inserted = append(r.Inserted, in)
			continue
		case slices.Contains([]byte{Continue, Accept, Reject, TempFail}, code) && len(data) == 0:
		case code == ReplyCode:
		default:
			return r, fmt.Errorf("the milter answers %q with %q %q", s.command, code, data)
		}
		r.Answer = code
		r.Reply, err = reply(code, data)
		return r, err
	}
}

// macroFrame returns the macros that go with a step, as far as they have a
// value.
func (c *Conn) macroFrame(s step) []byte {
	names := c.symbols[s.stage]
	if len(names) == 0 {
		names = defaultSymbols[s.stage]
	}
	data := []byte{s.command}
	for _, name := range names {
		if value, ok := c.macros[name]; ok {
			data = fmt.Appendf(data, "%s\x00%s\x00", name, value)
		}
	}
	return data
}

// reply returns what an SMTP client is told for an answer.
func reply(code byte, data []byte) (string, error) {
	switch code {
	case Reject:
		return "550 5.7.1 Command rejected", nil
	case TempFail:
		return "451 4.7.1 Service unavailable - try again later", nil
	case ReplyCode:
	default:
		return "", nil
	}
	text, ok := strings.CutSuffix(string(data), "\x00")
	digit := func(i int) bool { return '0' <= text[i] && text[i] <= '9' }
	if !ok || len(text) < 4 || text[0] != '4' && text[0] != '5' || !digit(1) || !digit(2) || text[3] != ' ' && text[3] != '-' || strings.ContainsAny(text, "\x00\n") {
		return "", fmt.Errorf("the milter answers with %q, which is not an SMTP reply", data)
	}
	// Sendmail reads the text as a format, and Postfix follows it.
	return strings.NewReplacer("%%", "%", "%", "").Replace(text), nil
}

func parseInsertion(data []byte) (Insertion, error) {
	if len(data) > 4 {
		parts := strings.Split(string(data[4:]), "\x00")
		if len(parts) == 3 && parts[0] != "" && parts[2] == "" {
			return Insertion{Index: binary.BigEndian.Uint32(data), Name: parts[0], Value: parts[1]}, nil
		}
	}
	return Insertion{}, fmt.Errorf("the milter inserts %q", data)
}
