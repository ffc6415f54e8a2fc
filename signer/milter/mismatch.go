package milter

import (
	"log/slog"
	"sync"
	"time"

	"dkimd/signer"
)

// After so many messages of logins it is looked whether most of them mismatched,
// and if so warned, not more often than this: a setting is wrong, rather than so
// many users.
const (
	mismatchSample = 50
	mismatchPause  = 10 * time.Minute
)

// mismatchWatch warns when most logins send as a domain that is not theirs.
type mismatchWatch struct {
	log   *slog.Logger
	rules *signer.Rules
	now   func() time.Time

	mu               sync.Mutex
	seen, mismatched int
	example          string // a login that mismatched
	warned           time.Time
}

func newMismatchWatch(log *slog.Logger, rules *signer.Rules) *mismatchWatch {
	return &mismatchWatch{log: log, rules: rules, now: time.Now}
}

// see takes the outcome of one message.
func (w *mismatchWatch) see(login string, mismatch bool) {
	if login == "" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen++
	if mismatch {
		w.mismatched++
		w.example = login
	}
	if w.seen < mismatchSample {
		return
	}
	if now := w.now(); 2*w.mismatched > w.seen && now.Sub(w.warned) >= mismatchPause {
		w.warned = now
		w.log.Warn("most logins send as a domain that is not theirs", "of", w.seen, "mismatched", w.mismatched,
			"login", w.example, "likely", w.rules.MismatchCause(w.example))
	}
	w.seen, w.mismatched = 0, 0
}
