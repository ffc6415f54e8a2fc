package milter_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"dkimd/internal/mta"
	"dkimd/signer"
	"dkimd/signer/milter"
)

// lockstep is the offer of an MTA that waits for an answer at every step: what it
// has sent, the server has seen.
var lockstep = mta.Postfix4

// begin begins a message on a connection; finish ends it, which is to be signed.
func (f *fixture) begin(c *mta.Conn) {
	f.Helper()
	if _, err := c.Envelope(message(taro, text)); err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) finish(c *mta.Conn) {
	f.Helper()
	header, body, _ := strings.Cut(text, "\r\n\r\n")
	if _, err := c.Header(header + "\r\n"); err != nil {
		f.Fatal(err)
	}
	if _, err := c.Body([]byte(body)); err != nil {
		f.Fatal(err)
	}
	r, err := c.EndOfBody(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.verify(r, []byte(text))
}

// expectClosed fails unless the server closes a connection, be it before it has
// read all that was sent.
func (f *fixture) expectClosed(c *mta.Conn) {
	f.Helper()
	if err := c.End(); err != nil && !errors.Is(err, syscall.ECONNRESET) {
		f.Fatal(err)
	}
}

// expectDeaf fails unless nobody answers at an endpoint.
func expectDeaf(t *testing.T, e milter.Endpoint) {
	t.Helper()
	c, err := mta.Dial(e.Network, e.Address, mta.Postfix6)
	if err == nil {
		c.Close()
		t.Fatalf("somebody answers on %v", e)
	}
}

func TestShutdownLetsMessagesFinish(t *testing.T) {
	f := start(t, milter.Endpoint{Network: "tcp", Address: freePort(t)})
	idle := []*mta.Conn{f.dial(mta.Postfix6), f.connect(stranger), f.connect(stranger), f.connect(stranger)}
	f.expectSigned(idle[2], message(taro, text))
	f.begin(idle[3])
	idle[3].Abort()
	f.expectUnsigned(idle[3], message(taro, "To: a@b.example\r\n\r\n"), signer.NoFrom)

	finishing, aborting := f.connectAs(lockstep, stranger), f.connectAs(lockstep, stranger)
	f.begin(finishing)
	f.begin(aborting)

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stopped := make(chan struct{})
	go func() {
		f.Shutdown(ctx)
		close(stopped)
	}()
	for _, c := range idle {
		f.expectClosed(c)
	}
	for _, e := range f.endpoints {
		expectDeaf(t, e)
	}
	if err := f.Apply(&f.settings, f.endpoints); err == nil {
		t.Error("a server that is stopping takes settings")
	}
	select {
	case <-stopped:
		t.Fatal("messages under way are not waited for")
	default:
	}
	f.finish(finishing)
	f.expectClosed(finishing)
	if err := aborting.Abort(); err != nil {
		t.Fatal(err)
	}
	f.expectClosed(aborting)
	<-stopped

	_, served := f.pipe() // a connection accepted just before
	<-served
	if strings.Contains(f.log.String(), "refused") {
		t.Error("a connection that comes too late is in the log")
	}
}

func TestShutdownIsBounded(t *testing.T) {
	f := start(t)
	expectSame := sameGoroutines(t)
	c := f.connectAs(lockstep, stranger)
	f.begin(c)
	if _, err := c.Header("From: " + taro + "\r\n"); err != nil {
		t.Fatal(err)
	}
	f.Shutdown(ended())
	f.expectClosed(c)
	f.log.wait(t, "connections with a message under way are cut")
	c.Close()
	expectSame()
}

func TestMessageGoesByTheSettingsItBeganWith(t *testing.T) {
	f := start(t)
	c := f.connectAs(lockstep, stranger)
	f.begin(c)
	f.settings.Rules = &signer.Rules{}
	f.apply()
	f.finish(c)
	f.expectUnsigned(c, message(taro, text), signer.NotOurs)
	f.quit(c)
}

func TestBrokenEndpointChangesNothing(t *testing.T) {
	f := start(t)
	c := f.connect(stranger)
	settings := f.settings
	settings.Rules = &signer.Rules{}
	another := milter.Endpoint{Network: "unix", Address: socketPath(t, "another"), Mode: 0o600}
	broken := milter.Endpoint{Network: "unix", Address: socketPath(t, "x") + "/milter", Mode: 0o600}
	for _, endpoints := range [][]milter.Endpoint{
		{another, broken},
		{broken, another},
		append(f.endpoints, another, broken),
		{another, {Network: "tcp", Address: "192.0.2.1:1"}},
		{another, {Network: "unix", Address: f.endpoints[0].Address, Mode: 0o600}, another},
	} {
		if err := f.Apply(&settings, endpoints); err == nil {
			t.Fatalf("%v passes", endpoints)
		}
		expectDeaf(t, another)
		if _, err := os.Lstat(another.Address); !os.IsNotExist(err) {
			t.Errorf("the socket of an endpoint that was not opened: %v", err)
		}
	}
	f.expectSigned(c, message(taro, text))
	f.expectSigned(f.connect(stranger), message(taro, text))
}

func TestListenersComeAndGo(t *testing.T) {
	f := start(t)
	first := f.endpoints[0]
	old := f.connect(stranger)
	second := milter.Endpoint{Network: "tcp", Address: freePort(t)}
	third := milter.Endpoint{Network: "unix", Address: socketPath(t, "third"), Mode: 0o600}
	for _, endpoints := range [][]milter.Endpoint{{second}, {second, third}, {third, first}, {first}} {
		f.endpoints = endpoints
		f.apply()
		for _, e := range []milter.Endpoint{first, second, third} {
			if !slices.ContainsFunc(endpoints, func(open milter.Endpoint) bool { return open.Address == e.Address }) {
				expectDeaf(t, e)
				continue
			}
			f.endpoints = []milter.Endpoint{e}
			f.expectSigned(f.connect(stranger), message(taro, text))
		}
		f.expectSigned(old, message(taro, text)) // its listener's end is not its own
	}
}

func TestPeers(t *testing.T) {
	f := start(t)
	e := milter.Endpoint{Network: "tcp", Address: freePort(t)}
	for _, test := range []struct {
		peers string
		let   bool
	}{{"192.0.2.0/24", false}, {"127.0.0.1/32", true}, {"2001:db8::/32", false}, {"127.0.0.0/8", true}} {
		e.Peers = []netip.Prefix{netip.MustParsePrefix(test.peers)}
		f.endpoints = []milter.Endpoint{e}
		f.apply()
		if test.let {
			f.expectSigned(f.connect(stranger), message(taro, text))
			continue
		}
		expectDeaf(t, e)
		f.log.wait(t, "its address is not among the listener's peers")
	}
}

func TestModeOfAnOpenSocketChanges(t *testing.T) {
	f := start(t)
	for _, mode := range []fs.FileMode{0o660, 0o600, 0o666} {
		f.endpoints[0].Mode = mode
		f.apply()
		if got := modeOf(t, f.endpoints[0].Address); got != mode {
			t.Errorf("the socket has mode %v, want %v", got, mode)
		}
	}
}

func TestManyConnectionsAtOnce(t *testing.T) {
	f := start(t)
	for i := range 50 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			f := f.in(t)
			c := f.connect(stranger)
			for range 5 {
				f.expectSigned(c, message(taro, text))
				f.expectUnsigned(c, message("", text), signer.NotOurs)
				f.expectSigned(c, message("other@b.example", strings.ReplaceAll(text, "example.jp", "b.example")))
				f.apply()
			}
			f.quit(c)
		})
	}
}

func TestMaxConnections(t *testing.T) {
	f := start(t)
	f.settings.MaxConnections = 2
	f.apply()
	one, two := f.connect(stranger), f.connect(stranger)
	expectDeaf(t, f.endpoints[0])
	f.log.wait(t, "milter.max_connections is reached")
	f.expectSigned(one, message(taro, text))
	f.quit(one)
	var three *mta.Conn
	eventually(t, "the place of a connection that ended is free", func() bool {
		var err error
		three, err = mta.Dial("unix", f.endpoints[0].Address, mta.Postfix6)
		return err == nil
	})
	f.expectSigned(two, message(taro, text))
	f.expectSigned(three, message(taro, text))
	f.quit(two)
	f.quit(three)
}

// descriptorTest says to the test's own program, when it runs as a server, where
// to listen.
const descriptorTest = "TEST_DESCRIPTORS_SOCKET"

func TestDescriptorsRunOut(t *testing.T) {
	if path := os.Getenv(descriptorTest); path != "" {
		serveWithoutDescriptors(t, path)
		return
	}
	f := newFixture(t)
	path := socketPath(t, "milter")
	server := exec.Command(os.Args[0], "-test.run=^TestDescriptorsRunOut$", "-test.v")
	server.Env = append(os.Environ(), descriptorTest+"="+path)
	server.Stderr = os.Stderr
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := server.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Process.Kill(); server.Wait() })
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "no descriptor is left" {
	}

	f.endpoints = []milter.Endpoint{{Network: "unix", Address: path}}
	c := f.connect(trusted) // waits until the server can accept
	r, err := c.Send(message("", text))
	if err != nil || len(r.Inserted) != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	f.quit(c)
	in.Close()
	said, err := io.ReadAll(out)
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Wait(); err != nil {
		t.Errorf("%v: %s", err, said)
	}
}

// serveWithoutDescriptors runs a server, in a process of its own, that has no
// descriptor left for the first connection, until that has failed.
func serveWithoutDescriptors(t *testing.T, path string) {
	f := newFixture(t)
	f.endpoints = []milter.Endpoint{{Network: "unix", Address: path, Mode: 0o600}}
	f.apply()
	limit := syscall.Rlimit{Cur: 64, Max: 64}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	var taken []*os.File
	for {
		file, err := os.Open(os.DevNull)
		if err != nil {
			break
		}
		taken = append(taken, file)
	}
	fmt.Println("no descriptor is left")
	f.log.wait(t, "a connection cannot be accepted")
	f.log.wait(t, `"wait":20000000`)
	for _, file := range taken {
		file.Close()
	}
	io.Copy(io.Discard, os.Stdin)
	f.Shutdown(ended())
	if n := len(f.log.lines(t, "msg", "a connection cannot be accepted")); n > 20 {
		t.Errorf("%d lines about one thing", n)
	}
}
