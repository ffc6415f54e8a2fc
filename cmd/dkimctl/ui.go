package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"
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
// No error stays none.
func notWanted(err error, hints ...string) error {
	if err == nil {
		return nil
	}
	return &codedError{exitNotWanted, err, hints}
}

// ui is how the commands talk to people and programs. Nothing else prints.
type ui struct {
	in         io.Reader
	out        *output
	err        io.Writer
	configPath string
	lang       string // "en" or "ja"
	json       bool
}

// output is standard output. It keeps the first error of writing to it, for the
// end of the program: a disk that is full must not go unnoticed.
type output struct {
	w   io.Writer
	err error
}

func (o *output) Write(p []byte) (n int, err error) {
	if o.err == nil {
		n, o.err = o.w.Write(p)
	}
	return n, o.err
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
func (u *ui) printf(format string, args ...any) {
	io.WriteString(u.out, printable(fmt.Sprintf(format, args...)))
}

// printable takes away what would make a terminal do more than print: names and
// texts come from others.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return utf8.RuneError
		}
		return r
	}, text)
}

// printAll prints items as they come: as text for people with something between
// two, or as one JSON array.
func printAll[T any](u *ui, items iter.Seq[T], between string, text func(T)) error {
	if u.json {
		u.printf("[")
		between = ","
	}
	before := ""
	for item := range items {
		u.printf("%s", before)
		before = between
		if !u.json {
			text(item)
			continue
		}
		encoded, err := json.MarshalIndent(item, "  ", "  ")
		if err != nil {
			return err
		}
		u.printf("\n  %s", encoded)
	}
	if u.json {
		u.printf("\n]\n")
	}
	return nil
}

// printJSON prints one value.
func (u *ui) printJSON(value any) error {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(value)
	u.printf("%s", text.String())
	return err
}

// warn and hint print to standard error.
func (u *ui) warn(text string) { fmt.Fprintln(u.err, "dkimctl: warning:", printable(text)) }
func (u *ui) hint(text string) { fmt.Fprintln(u.err, "dkimctl: hint:", printable(text)) }

// report prints an error and its hints, one line a problem.
func (u *ui) report(err error) {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintln(u.err, "dkimctl: error:", printable(line))
	}
	var coded *codedError
	if errors.As(err, &coded) {
		for _, hint := range coded.hints {
			u.hint(hint)
		}
	}
	if errors.Is(err, fs.ErrPermission) && os.Geteuid() != 0 {
		u.hint("run this as root (sudo): " + who() + " may not do it")
	}
}
