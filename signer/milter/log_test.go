package milter_test

import (
	"context"
	"encoding/json"
	"runtime"
	"strings"
	"testing"
	"time"

	"dkimd/internal/testenv"
)

// logged is a log in JSON.
type logged struct{ testenv.Log }

// line is one line of the log.
type line = map[string]any

// lines returns the lines with a field of this value.
func (l *logged) lines(t testing.TB, key, value string) []line {
	t.Helper()
	var found []line
	for text := range strings.Lines(l.String()) {
		var read line
		if err := json.Unmarshal([]byte(text), &read); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if read[key] == value {
			found = append(found, read)
		}
	}
	return found
}

// about returns the one line about a message.
func (l *logged) about(t testing.TB, queueID string) line {
	t.Helper()
	lines := l.lines(t, "queue_id", queueID)
	if len(lines) != 1 {
		t.Fatalf("%d lines about %s: %v", len(lines), queueID, lines)
	}
	return lines[0]
}

// wait waits until the log has a text.
func (l *logged) wait(t testing.TB, text string) {
	t.Helper()
	eventually(t, "the log has "+text, func() bool { return strings.Contains(l.String(), text) })
}

// eventually waits until something is true.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not so after 20 s: %s\n%s", what, goroutines())
		}
	}
}

func goroutines() string {
	stacks := make([]byte, 1<<20)
	return string(stacks[:runtime.Stack(stacks, true)])
}

// sameGoroutines fails unless there come to be as many goroutines again as there
// are now, when the function that it returns is called.
func sameGoroutines(t testing.TB) func() {
	before := runtime.NumGoroutine()
	return func() {
		t.Helper()
		eventually(t, "no goroutine is left behind", func() bool { return runtime.NumGoroutine() <= before })
	}
}

// ended returns a context that is done.
func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
