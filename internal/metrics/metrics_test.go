package metrics

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"dkimd/internal/testenv"
)

func get(t *testing.T, server *httptest.Server, path string) (int, string) {
	t.Helper()
	response, err := http.Get(server.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// used returns metrics of a daemon that has done a little of everything.
func used() *Metrics {
	m := New("v1", []string{"no_key", BadKey}, []string{"8bit"})
	m.Signed([]string{"rsa", "ed25519"}, []string{"8bit"}, 3*time.Millisecond, false)
	m.Signed([]string{"rsa"}, nil, 3*time.Millisecond, true)
	m.Unsigned("no_key", false)
	m.Unsigned("store_error", true)
	m.Connected()
	m.Connected()()
	m.Refused("max_connections")
	m.Ended("idle_timeout")
	m.CountLookups(func() (fromMemory, fromStore uint64) { return 7, 2 })
	m.Reloaded(true)
	m.Reloaded(false)
	return m
}

func TestFigures(t *testing.T) {
	server := httptest.NewServer(used().Handler(func() error { return nil }))
	defer server.Close()
	_, text := get(t, server, "/metrics")
	for _, line := range []string{
		`dkimd_messages_total{outcome="signed",reason=""} 2`,
		`dkimd_messages_total{outcome="unsigned",reason="no_key"} 1`,
		`dkimd_messages_total{outcome="unsigned",reason="bad_key"} 0`,
		`dkimd_messages_total{outcome="tempfail",reason="store_error"} 1`,
		`dkimd_signatures_total{algorithm="rsa"} 2`,
		`dkimd_signatures_total{algorithm="ed25519"} 1`,
		`dkimd_signing_seconds_count 2`,
		`dkimd_login_mismatches_total 1`,
		`dkimd_messages_at_risk_total{risk="8bit"} 1`,
		`dkimd_connections 1`,
		`dkimd_key_lookups_total{from="memory"} 7`,
		`dkimd_key_lookups_total{from="store"} 2`,
		`dkimd_connections_refused_total{bound="max_connections"} 1`,
		`dkimd_connections_refused_total{bound="max_connections_per_peer"} 0`,
		`dkimd_connections_ended_total{bound="idle_timeout"} 1`,
		`dkimd_connections_ended_total{bound="frame_size"} 0`,
		`dkimd_config_last_reload_successful 0`,
		`dkimd_build_info{version="v1"} 1`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("there is no line %s", line)
		}
	}
}

func TestPrometheusHasNothingToComplainAbout(t *testing.T) {
	testenv.NeedProgram(t, "promtool")
	server := httptest.NewServer(used().Handler(func() error { return nil }))
	defer server.Close()
	_, text := get(t, server, "/metrics")
	promtool := exec.Command("promtool", "check", "metrics")
	promtool.Stdin = strings.NewReader(text)
	var out bytes.Buffer
	promtool.Stdout, promtool.Stderr = &out, &out
	if err := promtool.Run(); err != nil || out.Len() > 0 {
		t.Errorf("%v: %s", err, out.String())
	}
}

func TestReady(t *testing.T) {
	m := New("v1", nil, nil)
	var inTheWay error
	server := httptest.NewServer(m.Handler(func() error { return inTheWay }))
	defer server.Close()
	expect := func(path string, status int, text string) {
		t.Helper()
		if gotStatus, got := get(t, server, path); gotStatus != status || !strings.Contains(got, text) {
			t.Errorf("%s: %d %q, want %d %q", path, gotStatus, got, status, text)
		}
	}
	expect("/healthz", 200, "ok")
	expect("/readyz", 200, "ok\n")
	m.Unsigned(BadKey, false)
	expect("/readyz", 200, "ok\nwarning: a damaged key")
	inTheWay = errors.New("the key store cannot be read")
	expect("/readyz", 503, "the key store cannot be read")
	expect("/healthz", 200, "ok")
	expect("/debug/pprof/", 404, "")
}
