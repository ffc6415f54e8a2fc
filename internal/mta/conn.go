// Package mta is the MTA's side of the milter protocol, as Postfix speaks it. It
// is written from the protocol and shares nothing with the library that the
// signer uses, so that it is a check of both.
//
// A [Conn] is one connection to a milter: [Conn.Connect] begins it,
// [Conn.Send] takes a message through it, [Conn.Quit] ends it. Frames out of
// order go by [Conn.WriteFrame] and [Conn.ReadFrame].
package mta

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// Commands, the first byte of an MTA's frame.
const (
	Negotiate   = 'O'
	Macros      = 'D'
	Connect     = 'C'
	Helo        = 'H'
	Mail        = 'M'
	Rcpt        = 'R'
	Data        = 'T'
	Unknown     = 'U'
	Header      = 'L'
	EndOfHeader = 'N'
	Body        = 'B'
	EndOfBody   = 'E'
	Abort       = 'A'
	Quit        = 'Q'
)

// Answers, the first byte of a milter's frame.
const (
	Continue     = 'c'
	Accept       = 'a'
	Reject       = 'r'
	TempFail     = 't'
	ReplyCode    = 'y'
	Progress     = 'p'
	InsertHeader = 'i'
)

// maxFrame bounds what a milter may send at once.
const maxFrame = 1 << 20

// Timeout is how long a milter may take to answer, unless [Conn.Timeout] says
// otherwise: Postfix's milter_command_timeout.
const Timeout = 30 * time.Second

// Conn is a connection to a milter.
type Conn struct {
	Timeout time.Duration

	net     net.Conn
	out     *bufio.Writer
	in      *bufio.Reader
	version uint32
	asked   uint32 // what the milter wants left out, of steps and answers
	symbols map[uint32][]string
	macros  map[string]string // the values of all macros, as of now
}

// Dial connects to a milter and negotiates.
func Dial(network, addr string, offer Offer) (*Conn, error) {
	conn, err := net.Dial(network, addr)
	if err != nil {
		return nil, err
	}
	c := NewConn(conn)
	if err := c.Negotiate(offer); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// NewConn returns a connection on which nothing has been said yet.
func NewConn(conn net.Conn) *Conn {
	return &Conn{
		Timeout: Timeout,
		net:     conn,
		out:     bufio.NewWriterSize(conn, 64<<10),
		in:      bufio.NewReader(conn),
		macros:  map[string]string{"j": "mx.mta.example", "{daemon_name}": "mx.mta.example", "v": "Postfix 3.7.11"},
	}
}

// Negotiate offers something to the milter and keeps what it wants of that.
func (c *Conn) Negotiate(offer Offer) error {
	var data []byte
	for _, n := range []uint32{offer.Version, offer.Actions, offer.Protocol} {
		data = binary.BigEndian.AppendUint32(data, n)
	}
	if err := c.WriteFrame(Negotiate, data); err != nil {
		return err
	}
	code, data, err := c.ReadFrame()
	if err != nil {
		return err
	}
	if code != Negotiate || len(data) < 12 {
		return fmt.Errorf("the milter answers the offer with %q %q", code, data)
	}
	version, actions, protocol := binary.BigEndian.Uint32(data), binary.BigEndian.Uint32(data[4:]), binary.BigEndian.Uint32(data[8:])
	if version > offer.Version || actions&^offer.Actions != 0 || protocol&^offer.Protocol != 0 {
		return fmt.Errorf("the milter wants version %d, actions %#x, protocol %#x, which %+v does not offer", version, actions, protocol, offer)
	}
	if len(data) > 12 && actions&SetSymbols == 0 {
		return errors.New("the milter names macros, but has not said that it would")
	}
	c.version, c.asked = version, protocol
	c.symbols, err = parseSymbols(data[12:])
	return err
}

// parseSymbols reads which macros a milter wants at which stage.
func parseSymbols(data []byte) (map[uint32][]string, error) {
	symbols := map[uint32][]string{}
	for len(data) > 0 {
		if len(data) < 5 {
			return nil, fmt.Errorf("the milter's list of macros ends in %q", data)
		}
		names, rest, ok := strings.Cut(string(data[4:]), "\x00")
		if !ok {
			return nil, fmt.Errorf("the milter's list of macros has no NUL at its end: %q", names)
		}
		symbols[binary.BigEndian.Uint32(data)] = strings.Fields(names)
		data = []byte(rest)
	}
	return symbols, nil
}

// WriteFrame sends a frame as it is.
func (c *Conn) WriteFrame(code byte, data []byte) error {
	if err := c.put(code, data); err != nil {
		return err
	}
	return c.flush()
}

// put writes a frame, which goes out with the next flush.
func (c *Conn) put(code byte, data []byte) error {
	var size [4]byte
	binary.BigEndian.PutUint32(size[:], uint32(1+len(data)))
	c.out.Write(size[:])
	c.out.WriteByte(code)
	_, err := c.out.Write(data) // the writer keeps the first error
	return err
}

// flush sends what has been written and not yet gone out.
func (c *Conn) flush() error {
	c.net.SetWriteDeadline(time.Now().Add(c.Timeout))
	return c.out.Flush()
}

// Write sends bytes as they are.
func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.out.Write(p)
	return n, errors.Join(err, c.flush())
}

// ReadFrame waits for the milter's next frame.
func (c *Conn) ReadFrame() (code byte, data []byte, err error) {
	if err := c.flush(); err != nil {
		return 0, nil, err
	}
	c.net.SetReadDeadline(time.Now().Add(c.Timeout))
	var size [4]byte
	if _, err := io.ReadFull(c.in, size[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n == 0 || n > maxFrame {
		return 0, nil, fmt.Errorf("the milter sends a frame of %d bytes", n)
	}
	frame := make([]byte, n)
	if _, err := io.ReadFull(c.in, frame); err != nil {
		return 0, nil, err
	}
	return frame[0], frame[1:], nil
}

// Abort ends the message that is under way. Postfix does so after every
// message, sendmail only if the client gives one up.
func (c *Conn) Abort() error {
	delete(c.macros, "i")
	return c.WriteFrame(Abort, nil)
}

// Quit ends the connection. It is an error if the milter has said more than it
// was asked.
func (c *Conn) Quit() error {
	defer c.Close()
	if err := c.WriteFrame(Quit, nil); err != nil {
		return err
	}
	return c.End()
}

// End waits until the milter closes the connection, without another word.
func (c *Conn) End() error {
	code, data, err := c.ReadFrame()
	switch {
	case err == nil:
		return fmt.Errorf("the milter says %q %q unasked", code, data)
	case errors.Is(err, io.EOF):
		return nil
	}
	return err
}

// Close drops the connection.
func (c *Conn) Close() error { return c.net.Close() }
