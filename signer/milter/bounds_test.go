package milter_test

import (
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"dkimd/internal/metrics"
	"dkimd/internal/mta"
	"dkimd/signer"
	"dkimd/signer/milter"
)

// counted makes the server count, and returns whether its figures have a line.
func (f *fixture) counted() func(line string) bool {
	f.Helper()
	var reasons []string
	for _, r := range signer.Reasons {
		reasons = append(reasons, string(r))
	}
	m := metrics.New("test", reasons, signer.Risks)
	f.settings.Metrics = m
	f.apply()
	return func(line string) bool {
		w := httptest.NewRecorder()
		m.Handler(nil).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		return strings.Contains(w.Body.String(), line+"\n")
	}
}

// A bound that ends a connection stands in the log and in the figures.
func TestBoundsThatEndAConnection(t *testing.T) {
	for _, test := range []struct{ name, sent, bound, log string }{
		{"no negotiation", "", "frame_timeout", "milter.frame_timeout is reached, 1m0s"},
		{"silence", frame(negotiation), "idle_timeout", "milter.idle_timeout is reached, 1h0m0s"},
		{"half a length", frame(negotiation) + "\x00\x00", "frame_timeout", "milter.frame_timeout is reached, 1m0s"},
		{"half a frame", frame(negotiation) + "\x00\x00\x00\x03B", "frame_timeout", "milter.frame_timeout is reached, 1m0s"},
		{"a frame too big", frame(negotiation) + "\x00\x10\x00\x01", "frame_size", "a frame of 1048577 bytes: allowed are 1048576"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t)
				counted := f.counted()
				c, served := f.pipe()
				go io.Copy(io.Discard, c)
				if _, err := io.WriteString(c, test.sent); err != nil {
					t.Fatal(err)
				}
				<-served
				f.log.wait(t, test.log)
				if line := fmt.Sprintf(`dkimd_connections_ended_total{bound="%s"} 1`, test.bound); !counted(line) {
					t.Errorf("the figures have no line %s", line)
				}
			})
		})
	}
}

func TestAnswersThatNobodyReadsReachABound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		counted := f.counted()
		c, served := f.pipe()
		if _, err := io.WriteString(c, frame(negotiation)); err != nil {
			t.Fatal(err)
		}
		<-served
		f.log.wait(t, "milter.frame_timeout is reached, 1m0s: write")
		if !counted(`dkimd_connections_ended_total{bound="frame_timeout"} 1`) {
			t.Error("it is not counted")
		}
	})
}

func TestConnectionsThatEndAreNotCountedAsBounds(t *testing.T) {
	f := start(t)
	counted := f.counted()
	f.quit(f.connect(stranger))
	c, served := f.pipe()
	io.WriteString(c, "\x00\x00\x00\x00")
	<-served
	for _, bound := range []string{"idle_timeout", "frame_timeout", "frame_size"} {
		if !counted(fmt.Sprintf(`dkimd_connections_ended_total{bound="%s"} 0`, bound)) {
			t.Errorf("%s is counted", bound)
		}
	}
}

func TestMaxConnectionsPerPeer(t *testing.T) {
	f := start(t)
	socket := f.endpoints[0]
	inet := milter.Endpoint{Network: "tcp", Address: freePort(t)}
	f.endpoints = []milter.Endpoint{socket, inet}
	f.settings.MaxConnectionsPerPeer = 2
	counted := f.counted()
	one, two := f.connect(stranger), f.connect(stranger)
	expectDeaf(t, inet)
	f.log.wait(t, "milter.max_connections_per_peer is reached")
	if !counted(`dkimd_connections_refused_total{bound="max_connections_per_peer"} 1`) {
		t.Error("it is not counted")
	}

	f.endpoints = []milter.Endpoint{socket} // for dial: a unix socket has no peers
	for range 3 {
		f.expectSigned(f.connect(stranger), message(taro, text))
	}

	f.expectSigned(one, message(taro, text))
	f.quit(one)
	var three *mta.Conn
	eventually(t, "the place of a connection that ended is free", func() bool {
		var err error
		three, err = mta.Dial(inet.Network, inet.Address, mta.Postfix6)
		return err == nil
	})
	f.expectSigned(three, message(taro, text))
	f.quit(three)
	f.quit(two)
}

func TestALongHeaderGoesUnsigned(t *testing.T) {
	f := start(t)
	counted := f.counted()
	c := f.connect(stranger)
	for n, header := range []string{
		strings.Repeat("To: hanako@example.com\r\n", 1000),
		strings.Repeat("To: "+strings.Repeat("x", 64<<10)+"\r\n", 17),
	} {
		f.expectUnsigned(c, message(taro, header+text), signer.LongHeader)
		if line := fmt.Sprintf(`dkimd_messages_total{outcome="unsigned",reason="long_header"} %d`, n+1); !counted(line) {
			t.Errorf("the figures have no line %s", line)
		}
	}
	f.expectSigned(c, message(taro, text))
}
