package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dkimd/internal/mta"
)

var soakMessages = flag.Int64("soak", 2000, "how many messages TestSoak sends")

// usage is what dkimd needs of the machine.
type usage struct{ goroutines, descriptors, bytes int }

func (u usage) String() string {
	return fmt.Sprintf("%d goroutines, %d descriptors, %.1f MB", u.goroutines, u.descriptors, float64(u.bytes)/1e6)
}

// usage asks dkimd's metrics at an address.
func (p *process) usage(site string) usage {
	p.Helper()
	response, err := http.Get("http://" + site + "/metrics")
	if err != nil {
		p.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		p.Fatal(err)
	}
	value := func(name string) int {
		match := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindSubmatch(text)
		if match == nil {
			p.Fatalf("there is no %s:\n%s", name, text)
		}
		n, err := strconv.ParseFloat(string(match[1]), 64)
		if err != nil {
			p.Fatal(err)
		}
		return int(n)
	}
	return usage{value("go_goroutines"), value("process_open_fds"), value("process_resident_memory_bytes")}
}

// returnsTo waits until dkimd has no more goroutines and descriptors than before.
func (p *process) returnsTo(before usage, site string) {
	p.Helper()
	now := p.usage(site)
	for deadline := time.Now().Add(30 * time.Second); now.goroutines > before.goroutines || now.descriptors > before.descriptors; now = p.usage(site) {
		if time.Now().After(deadline) {
			p.Fatalf("dkimd has %v, and had %v before", now, before)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// mortal is a connection that dies once so many bytes are written.
type mortal struct {
	net.Conn
	left int
}

var errDied = errors.New("the connection has died")

func (m *mortal) Write(p []byte) (int, error) {
	if len(p) > m.left {
		m.Conn.Write(p[:m.left])
		m.Conn.Close()
		return m.left, errDied
	}
	m.left -= len(p)
	return m.Conn.Write(p)
}

// One dkimd signs a lot of mail while a fifth of the connections die at a random
// byte. Nothing of them is left.
func TestSoak(t *testing.T) {
	p, _, site := startForUpgrades(t, "")
	socket := filepath.Join(p.dir, "one")
	p.expectSigned(p.connect("one"), "example.jp")
	var connections, sent, died atomic.Int64
	body := []byte(strings.Repeat("all work and no play\r\n", 100))
	// talk sends up to ten messages on a connection, which may die.
	talk := func(random *rand.Rand) error {
		conn, err := net.Dial("unix", socket)
		if err != nil {
			return err
		}
		defer conn.Close()
		connections.Add(1)
		messages := 1 + random.IntN(10)
		if random.IntN(5) == 0 {
			conn = &mortal{conn, random.IntN(messages * len(body))}
		}
		c := mta.NewConn(conn)
		if err := c.Negotiate(mta.Postfix6); err != nil {
			return err
		}
		if _, err := c.Connect(mta.Client{Addr: "203.0.113.9"}); err != nil {
			return err
		}
		for range messages {
			m := taros("example.jp")
			m.Text = append(m.Text, body...)
			r, err := c.Send(m)
			if err != nil {
				return err
			}
			if len(r.Inserted) != 1 {
				return fmt.Errorf("%+v", r)
			}
			sent.Add(1)
		}
		return c.Quit()
	}
	var before usage
	samples := int64(10)
	for sample := range samples + 1 {
		var clients sync.WaitGroup
		for i := range 8 {
			clients.Go(func() {
				random := rand.New(rand.NewPCG(uint64(sample), uint64(i)))
				for sent.Load() < sample**soakMessages/samples {
					if err := talk(random); errors.Is(err, errDied) {
						died.Add(1)
					} else if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		clients.Wait()
		if sample == 0 {
			before = p.usage(site)
		} else {
			p.returnsTo(before, site)
		}
		t.Logf("%8d messages, %7d of %7d connections died: %v", sent.Load(), died.Load(), connections.Load(), p.usage(site))
	}
}

// With 2,000 connections at once, many of them amid a frame that comes slowly or
// not at all, honest mail passes.
func TestManyConnections(t *testing.T) {
	p, _, site := startForUpgrades(t, "[milter]\nmax_connections = 3000\n")
	honest := p.connect("one")
	p.expectSigned(honest, "example.jp")
	before := p.usage(site)
	var conns []*mta.Conn
	for range 2000 {
		conns = append(conns, p.connect("one"))
	}
	stop := make(chan struct{})
	var slow sync.WaitGroup
	for i, c := range conns {
		switch i % 4 {
		case 0: // idle
		case 1: // a message that goes on and on
			p.begin(c, "example.jp")
		case 2: // half a frame
			if _, err := c.Write([]byte("\x00\x00\x10\x00L")); err != nil {
				t.Fatal(err)
			}
		case 3: // a byte a second
			if _, err := c.Write([]byte("\x00\x00\x10\x00L")); err != nil {
				t.Fatal(err)
			}
			slow.Go(func() {
				for {
					select {
					case <-stop:
						return
					case <-time.After(time.Second):
						if _, err := c.Write([]byte("x")); err != nil {
							return // frame_timeout
						}
					}
				}
			})
		}
	}
	var took []time.Duration
	for range 200 {
		begun := time.Now()
		p.expectSigned(honest, "example.jp")
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	t.Logf("with %d connections: %v; a message takes %v, the slowest of %d %v", len(conns), p.usage(site), took[len(took)/2], len(took), took[len(took)-1])
	close(stop)
	slow.Wait()
	for _, c := range conns {
		c.Close()
	}
	p.returnsTo(before, site)
}
