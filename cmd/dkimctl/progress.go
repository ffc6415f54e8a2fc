package main

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// progress is a bar on the user's terminal. It stands in the last line, from where it
// has to be hidden before anything is printed. nil: there is no terminal, or nothing
// to wait for.
type progress struct {
	terminal    *os.File
	done, total int
	drawn       time.Time
	shown       bool
}

// barSize is the width of the bar, in characters.
const barSize = 40

func (u *ui) startProgress(total int) *progress {
	terminal, ok := u.err.(*os.File)
	if !ok || total < 2 {
		return nil
	}
	if info, err := terminal.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return nil
	}
	return &progress{terminal: terminal, total: total}
}

// step says that one more is done.
func (p *progress) step() {
	if p == nil {
		return
	}
	p.done++
	if time.Since(p.drawn) < 100*time.Millisecond {
		return
	}
	p.drawn, p.shown = time.Now(), true
	full := min(barSize*p.done/p.total, barSize)
	fmt.Fprintf(p.terminal, "\r[%s%s] %d/%d", strings.Repeat("#", full), strings.Repeat(" ", barSize-full), p.done, p.total)
}

// hide clears the line.
func (p *progress) hide() {
	if p == nil || !p.shown {
		return
	}
	fmt.Fprint(p.terminal, "\r\x1b[K")
	p.shown = false
}
