package loginmap

import (
	"bufio"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dkimd/internal/testenv"
)

var discard = slog.New(slog.DiscardHandler)

func TestParse(t *testing.T) {
	got, err := parse("# who may send as whom\n\n" +
		"info@Example.JP\ttaro@example.jp, hanako@example.com\n" +
		"@日本語.jp taro@example.jp,\n  jiro@example.jp\n# not a login\n")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"info@example.jp":    {"taro@example.jp", "hanako@example.com"},
		"@xn--wgv71a119e.jp": {"taro@example.jp", "jiro@example.jp"},
	}
	for key := range want {
		if !slices.Equal(got[key], want[key]) {
			t.Errorf("%s: %q, want %q", key, got[key], want[key])
		}
	}
	for text, problem := range map[string]string{
		"example.jp taro":              "1: \"example.jp\" is neither",
		"# x\ntaro@ x":                 "2: \"\" is not a domain",
		"a@b.example\n":                "1: \"a@b.example\" has no login",
		"a@b.example x\nA@b.example y": "2: \"a@b.example\" stands twice",
		"a@b.example x # y":            "1: \"#\" is no login",
		"  taro@example.jp":            "1: the first line begins with a blank",
		"a@b.example x\n\n@ taro\n":    "3: \"\" is not a domain",
	} {
		if _, err := parse(text); err == nil || !strings.HasPrefix(err.Error(), problem) {
			t.Errorf("parse(%q): %v, want %s", text, err, problem)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("a@b.example x, y\n z\n#\n")
	f.Fuzz(func(t *testing.T, text string) {
		logins, err := parse(text)
		if err != nil {
			return
		}
		for key, list := range logins {
			if !strings.Contains(key, "@") || len(list) == 0 {
				t.Fatalf("%q has %q for %q", text, list, key)
			}
		}
	})
}

func TestAFileIsReadAgainWhenItChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logins")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("@shop.example taro@example.jp\n")
	f, err := openFile(path, discard)
	if err != nil {
		t.Fatal(err)
	}
	now := f.checked
	f.now = func() time.Time { return now }
	expect := func(when string, want ...string) {
		t.Helper()
		f.Logins("@shop.example") // has it read, if it is time
		for reading := true; reading; {
			f.mu.Lock()
			reading = f.reading
			f.mu.Unlock()
		}
		if got, err := f.Logins("@shop.example"); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v, want %q", when, got, err, want)
		}
	}
	expect("at first", "taro@example.jp")
	write("@shop.example hanako@example.jp jiro@example.jp\n")
	expect("before it is looked at", "taro@example.jp")
	now = now.Add(freshness)
	expect("after that", "hanako@example.jp", "jiro@example.jp")
	write("nonsense\n")
	now = now.Add(freshness)
	expect("while it is wrong", "hanako@example.jp", "jiro@example.jp")
	os.Remove(path)
	now = now.Add(freshness)
	expect("while it is away", "hanako@example.jp", "jiro@example.jp")
	write("# nobody\n")
	now = now.Add(freshness)
	expect("when it is empty")
}

// serveSocketmap answers requests on a socket, one or more a connection.
func serveSocketmap(t *testing.T, answers map[string]string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "map.sock")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for r := bufio.NewReader(conn); ; {
					request, err := readNetstring(r)
					if err != nil {
						return
					}
					answer, ok := answers[request]
					if !ok {
						answer = "NOTFOUND "
					}
					fmt.Fprintf(conn, "%d:%s,", len(answer), answer)
				}
			}()
		}
	}()
	return path
}

func TestSocketmap(t *testing.T) {
	path := serveSocketmap(t, map[string]string{
		"logins @shop.example":   "OK taro@example.jp, hanako@example.jp",
		"logins a@away.example":  "TEMP the database is away",
		"logins a@wrong.example": "What?",
	})
	m, err := Open("socketmap:unix:"+path+":logins", discard)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		key  string
		want []string
		err  string
	}{
		{"@shop.example", []string{"taro@example.jp", "hanako@example.jp"}, ""},
		{"taro@b.example", nil, ""},
		{"a@away.example", nil, "the database is away"},
		{"a@wrong.example", nil, "What?"},
	} {
		got, err := m.Logins(test.key)
		if !slices.Equal(got, test.want) || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s: %q, %v, want %q, %q", test.key, got, err, test.want, test.err)
		}
	}
	t.Run("our server is one for Postfix, too", func(t *testing.T) {
		testenv.NeedProgram(t, "postmap")
		out, err := exec.Command("postmap", "-q", "@shop.example", "socketmap:unix:"+path+":logins").CombinedOutput()
		if err != nil || string(out) != "taro@example.jp, hanako@example.jp\n" {
			t.Errorf("postmap gets %q, %v", out, err)
		}
	})
}

func TestOpenRefuses(t *testing.T) {
	for spec, problem := range map[string]string{
		"logins":                      "neither the absolute path",
		"/nowhere/logins":             "no such file",
		"socketmap:unix:/run/x":       "not of the form",
		"socketmap:tcp:127.0.0.1:1:x": "unix or inet",
		"socketmap:inet:127.0.0.1:x":  "missing port",
	} {
		if _, err := Open(spec, discard); err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("Open(%q): %v, want %q", spec, err, problem)
		}
	}
}

func FuzzReadNetstring(f *testing.F) {
	f.Add("4:OK x,")
	f.Add("99999999999:")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := readNetstring(bufio.NewReader(strings.NewReader(text)))
		if err == nil && !strings.Contains(text, got) {
			t.Fatalf("%q gives %q", text, got)
		}
	})
}
