package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Exit codes, as everywhere in dkimd and dkimctl.
const (
	exitDone      = 0
	exitFailed    = 1
	exitUsage     = 2
	exitNotWanted = 3
)

// codedError is an error that ends the program with a certain exit code, and
// hints what to do.
type codedError struct {
	code  int
	err   error
	hints []string
}

func (e *codedError) Error() string { return e.err.Error() }
func (e *codedError) Unwrap() error { return e.err }

// usage marks an error as one of usage or configuration.
func usage(err error, hints ...string) error { return &codedError{exitUsage, err, hints} }

// failed adds hints to an error.
func failed(err error, hints ...string) error { return &codedError{exitFailed, err, hints} }

// notWanted marks an error as a state of things that is not as wanted.
func notWanted(err error, hints ...string) error { return &codedError{exitNotWanted, err, hints} }

// ui is how the commands talk to people and programs. Nothing else prints.
type ui struct {
	in         io.Reader
	out, err   io.Writer
	configPath string
	lang       string // "en" or "ja"
	json       bool
}

// chooseLanguage takes the language from --lang or, as the C library does, from
// the environment.
func (u *ui) chooseLanguage(getenv func(string) string) error {
	switch u.lang {
	case "en", "ja":
		return nil
	case "":
	default:
		return usage(fmt.Errorf("--lang %s: the languages are en and ja", u.lang))
	}
	u.lang = "en"
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if value := getenv(name); value != "" {
			if strings.HasPrefix(value, "ja") {
				u.lang = "ja"
			}
			return nil
		}
	}
	return nil
}

// say returns the text in the user's language.
func (u *ui) say(en, ja string) string {
	if u.lang == "ja" {
		return ja
	}
	return en
}

// printf prints data to standard output.
func (u *ui) printf(format string, args ...any) { fmt.Fprintf(u.out, format, args...) }

// printJSON prints data to standard output as JSON.
func (u *ui) printJSON(data any) error {
	encoder := json.NewEncoder(u.out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(data)
}

// warn and hint print to standard error.
func (u *ui) warn(text string) { fmt.Fprintln(u.err, "dkimctl: warning:", text) }
func (u *ui) hint(text string) { fmt.Fprintln(u.err, "dkimctl: hint:", text) }

// report prints an error and its hints, one line a problem.
func (u *ui) report(err error) {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintln(u.err, "dkimctl: error:", line)
	}
	var coded *codedError
	if errors.As(err, &coded) {
		for _, hint := range coded.hints {
			u.hint(hint)
		}
	}
}

// table prints rows in columns, the first row being their names. Characters of
// double width, as in Japanese, do not occur in it.
func (u *ui) table(rows [][]string) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], len(cell))
		}
	}
	for _, row := range rows {
		line := ""
		for i, cell := range row {
			line += fmt.Sprintf("%-*s  ", widths[i], cell)
		}
		u.printf("%s\n", strings.TrimRight(line, " "))
	}
}
