package milter

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	milter "github.com/emersion/go-milter"
)

// maxFrame is the most that a frame may have, in bytes without its length
// field. Postfix sends bodies in pieces of 64 KiB and cuts header fields at
// header_size_limit, 100 KiB; go-milter takes no more than this either.
const maxFrame = 1 << 20

// guard stands between an MTA's connection and go-milter. It hands on whole
// frames only, after a look at what go-milter trusts blindly.
//
// Waiting for a frame may take long: an MTA is silent while a client uploads
// its mail. A frame that has begun has to end soon.
type guard struct {
	net.Conn
	in     *bufio.Reader
	buffer []byte // holds the last frame
	frame  []byte // what of it go-milter has not read yet
	err    error  // that ended the reading; to be looked at once closed is closed
	closed chan struct{}
	once   sync.Once

	idleTimeout  time.Duration
	frameTimeout time.Duration
	// leaving says, before a frame is waited for, that no more are wanted.
	leaving func() bool
	// lastBody gets body text that comes with the end of the body. libmilter's
	// MTAs may send it, go-milter ignores it.
	lastBody func([]byte)
}

// negotiation reads the MTA's offer, which go-milter gets to read again.
func (g *guard) negotiation() (offer, error) {
	frame, err := g.next()
	if err != nil {
		return offer{}, err
	}
	g.frame = frame
	return parseOffer(frame)
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

// Write implements net.Conn for go-milter. An MTA that does not read its
// answers is not waited for.
func (g *guard) Write(p []byte) (int, error) {
	g.SetWriteDeadline(time.Now().Add(g.frameTimeout))
	return g.Conn.Write(p)
}

// Close implements net.Conn for go-milter, which closes when it is done.
func (g *guard) Close() error {
	g.once.Do(func() { close(g.closed) })
	return g.Conn.Close()
}

// next reads the next frame, its length field included.
func (g *guard) next() ([]byte, error) {
	if g.leaving() {
		return nil, io.EOF
	}
	g.SetReadDeadline(time.Now().Add(g.idleTimeout))
	if _, err := g.in.Peek(1); err != nil {
		return nil, err
	}
	g.SetReadDeadline(time.Now().Add(g.frameTimeout))
	var size [4]byte
	if _, err := io.ReadFull(g.in, size[:]); err != nil {
		return nil, torn(err)
	}
	n := binary.BigEndian.Uint32(size[:])
	if n == 0 || n > maxFrame {
		return nil, fmt.Errorf("a frame of %d bytes: allowed are 1 to %d", n, maxFrame)
	}
	g.buffer = append(g.buffer[:0], size[:]...)
	g.buffer = slices.Grow(g.buffer, int(n))[:4+n]
	frame := g.buffer
	if _, err := io.ReadFull(g.in, frame[4:]); err != nil {
		return nil, torn(err)
	}
	if err := g.check(milter.Code(frame[4]), frame[5:]); err != nil {
		return nil, err
	}
	if milter.Code(frame[4]) == milter.CodeEOB && n > 1 {
		g.lastBody(frame[5:])
		frame = []byte{0, 0, 0, 1, byte(milter.CodeEOB)}
	}
	return frame, nil
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
