package milter

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"dkimd/signer"
)

func TestMostLoginsMismatch(t *testing.T) {
	var log bytes.Buffer
	w := newMismatchWatch(slog.New(slog.NewTextHandler(&log, nil)), &signer.Rules{LoginSeparators: "@"})
	now := time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
	w.now = func() time.Time { return now }
	warned := func() int { return strings.Count(log.String(), "level=WARN") }
	rounds := func(login string, mismatches, right int) {
		for range right {
			w.see("hanako@example.jp", false)
		}
		for range mismatches {
			w.see(login, true)
		}
		w.see("", false) // a message without a login is no evidence
	}

	rounds("taro", mismatchSample/2, mismatchSample/2)
	if warned() != 0 {
		t.Error("half of the logins mismatch, and it warns")
	}
	rounds("taro", mismatchSample/2+1, mismatchSample/2-1)
	if warned() != 1 || !strings.Contains(log.String(), "login_default_domain") {
		t.Errorf("most logins without a domain mismatch: %s", &log)
	}
	rounds("taro", mismatchSample, 0)
	if warned() != 1 {
		t.Error("it warns again at once")
	}
	now = now.Add(mismatchPause)
	rounds("taro%example.jp", mismatchSample, 0)
	if warned() != 2 || !strings.Contains(log.String(), "login_separators") {
		t.Errorf("most logins with a %% mismatch: %s", &log)
	}
	now = now.Add(mismatchPause)
	rounds("taro@example.jp", mismatchSample, 0)
	if warned() != 3 || !strings.Contains(log.String(), "login_map") {
		t.Errorf("most logins mismatch: %s", &log)
	}
}
