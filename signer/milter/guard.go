package milter

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	milter "github.com/emersion/go-milter"
)

// maxFrame is the most that a frame may have, in bytes without its length
// field. Postfix sends bodies in pieces of 64 KiB and cuts header fields at
// header_size_limit, 100 KiB; go-milter takes no more than this either.
const maxFrame = 1 << 20

// boundReached is the error that ends a connection at a bound.
type boundReached struct {
	bound string // the label of its counter
	error
}

func (e boundReached) Unwrap() error { return e.error }

// timeout is a bound in time.
type timeout struct {
	name string // of its setting
	time.Duration
}

func (t timeout) deadline() time.Time { return time.Now().Add(t.Duration) }

// reached returns the error of reading or writing, which says so if it is that of
// the deadline.
func (t timeout) reached(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return boundReached{t.name, fmt.Errorf("milter.%s is reached, %v: %w", t.name, t.Duration, err)}
	}
	return err
}

// guard stands between an MTA's connection and go-milter. It hands on whole
// frames only, after a look at what go-milter trusts blindly.
//
// Waiting for a frame may take long: an MTA is silent while a client uploads
// its mail. A frame that has begun has to end soon. Answers go out before a frame
// is waited for, all at once.
type guard struct {
	net.Conn
	in     *bufio.Reader
	buffer []byte // holds the last frame
	frame  []byte // what of it go-milter has not read yet
	out    []byte // answers that have not gone out yet
	err    error  // that ended the reading; to be looked at once closed is closed
	closed chan struct{}
	once   sync.Once

	idleTimeout  timeout
	frameTimeout timeout
	// leaving says, before a frame is waited for, that no more are wanted.
	leaving func() bool
	// body gets body text past go-milter: that which comes with the end of the
	// body, as libmilter's MTAs may send it and go-milter ignores it; and all of it
	// if the MTA wants no answers to it, as go-milter would copy it.
	body   func([]byte)
	silent bool // the MTA wants no answers to body text
}

// negotiation reads the MTA's offer, which go-milter gets to read again.
func (g *guard) negotiation() (offer, error) {
	frame, err := g.next()
	if err != nil {
		return offer{}, err
	}
	g.frame = frame
	o, err := parseOffer(frame)
	g.silent = o.protocol&milter.OptNoBodyReply != 0 // which we take
	return o, err
}

// Read implements net.Conn for go-milter, which takes every error but EOF for a
// thing to log.
func (g *guard) Read(p []byte) (int, error) {
	if len(g.frame) == 0 {
		if g.frame, g.err = g.next(); g.err != nil {
			return 0, io.EOF
		}
	}
	n := copy(p, g.frame)
	g.frame = g.frame[n:]
	return n, nil
}

// Write implements net.Conn for go-milter.
func (g *guard) Write(p []byte) (int, error) {
	g.out = append(g.out, p...)
	return len(p), nil
}

// flush sends the answers. An MTA that does not read them is not waited for.
func (g *guard) flush() error {
	if len(g.out) == 0 {
		return nil
	}
	g.SetWriteDeadline(g.frameTimeout.deadline())
	_, err := g.Conn.Write(g.out)
	g.out = g.out[:0]
	return g.frameTimeout.reached(err)
}

// Close implements net.Conn for go-milter, which closes when it is done.
func (g *guard) Close() error {
	g.once.Do(func() { close(g.closed) })
	return errors.Join(g.flush(), g.Conn.Close())
}

// next reads the next frame for go-milter, its length field included.
func (g *guard) next() ([]byte, error) {
	for {
		frame, err := g.readFrame()
		if err != nil || !g.silent || milter.Code(frame[4]) != milter.CodeBody {
			return frame, err
		}
		g.body(frame[5:])
	}
}

func (g *guard) readFrame() ([]byte, error) {
	if err := g.flush(); err != nil {
		return nil, err
	}
	if g.leaving() {
		return nil, io.EOF
	}
	if g.in.Buffered() == 0 {
		g.SetReadDeadline(g.idleTimeout.deadline())
		if _, err := g.in.Peek(1); err != nil {
			return nil, g.idleTimeout.reached(err)
		}
	}
	if !g.whole() {
		g.SetReadDeadline(g.frameTimeout.deadline())
	}
	var size [4]byte
	if _, err := io.ReadFull(g.in, size[:]); err != nil {
		return nil, g.frameTimeout.reached(torn(err))
	}
	n := binary.BigEndian.Uint32(size[:])
	if n == 0 {
		return nil, errors.New("a frame of 0 bytes")
	}
	if n > maxFrame {
		return nil, boundReached{"frame_size", fmt.Errorf("a frame of %d bytes: allowed are %d", n, maxFrame)}
	}
	g.buffer = append(g.buffer[:0], size[:]...)
	g.buffer = slices.Grow(g.buffer, int(n))[:4+n]
	frame := g.buffer
	if _, err := io.ReadFull(g.in, frame[4:]); err != nil {
		return nil, g.frameTimeout.reached(torn(err))
	}
	if err := g.check(milter.Code(frame[4]), frame[5:]); err != nil {
		return nil, err
	}
	if milter.Code(frame[4]) == milter.CodeEOB && n > 1 {
		g.body(frame[5:])
		frame = []byte{0, 0, 0, 1, byte(milter.CodeEOB)}
	}
	return frame, nil
}

// whole says whether the next frame is there already, so that there is no waiting
// for it.
func (g *guard) whole() bool {
	n := g.in.Buffered()
	if n < 4 {
		return false
	}
	size, _ := g.in.Peek(4)
	return uint64(n) >= 4+uint64(binary.BigEndian.Uint32(size))
}

func torn(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// check refuses frames that go-milter would misread, and so answer with more or
// fewer frames than the MTA waits for.
func (g *guard) check(code milter.Code, data []byte) error {
	switch code {
	case milter.CodeHeader:
		if nuls, last := count(data); nuls != 2 || !last || data[0] == 0 {
			return errors.New("a header frame that is not a name and a value")
		}
	case milter.CodeMacro:
		if len(data) == 0 {
			return errors.New("a macro frame without its event")
		}
		if nuls, last := count(data[1:]); nuls%2 != 0 || nuls > 0 && !last {
			return errors.New("a macro frame that is not names and values")
		}
	}
	return nil
}

// count returns how many NULs a frame has, and whether it ends in one.
func count(data []byte) (nuls int, last bool) {
	for _, c := range data {
		if c == 0 {
			nuls++
		}
	}
	return nuls, len(data) > 0 && data[len(data)-1] == 0
}
