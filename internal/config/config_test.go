package config

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write what the errors are now to testdata")

// Each file of testdata/bad has its errors beside it, one line a problem.
func TestBad(t *testing.T) {
	paths, err := filepath.Glob("testdata/bad/*.toml")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".toml")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			_, err = parse(name+".toml", string(text))
			if err == nil {
				t.Fatal("it is taken")
			}
			got := err.Error() + "\n"
			expected := strings.TrimSuffix(path, ".toml") + ".txt"
			if *update {
				if err := os.WriteFile(expected, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(expected)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("it says\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// config.example.toml shows every key there is, and what it shows of a default is
// the default.
func TestExample(t *testing.T) {
	const path = "../../config.example.toml"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parse(path, string(text)); err != nil {
		t.Errorf("as it is: %v", err)
	}
	commented := regexp.MustCompile(`(?m)^# ?(\[\[?[a-z]+\]|[a-z0-9_]+ = )`)
	whole := commented.ReplaceAllString(string(text), "$1")
	c, err := parse(path, whole)
	if err != nil {
		t.Fatalf("with all that is commented out: %v", err)
	}
	if l := c.Listeners[0]; l.Direction != "auto" || l.Mode.FileMode() != (Mode{}).FileMode() || l.Peers != nil {
		t.Errorf("a listener has other defaults than %+v", l)
	}
	defaults := defaults()
	for table, value := range reflect.ValueOf(c).Elem().Fields() {
		name, ok := table.Tag.Lookup("toml")
		if !ok {
			continue
		}
		if value.Kind() == reflect.Slice { // of tables, which have no defaults
			name, value = indexed(name, 1), value.Index(0)
		} else if want := reflect.ValueOf(defaults).Elem().FieldByIndex(table.Index); !reflect.DeepEqual(value.Interface(), want.Interface()) {
			t.Errorf("[%s] shows %+v, the defaults are %+v", name, value, want)
		}
		for field := range value.Fields() {
			key := name + "." + field.Tag.Get("toml")
			if _, ok := c.file.lines[key]; !ok {
				t.Errorf("%s is missing", key)
			}
		}
	}
}

func TestValues(t *testing.T) {
	for text, want := range map[string]time.Duration{"90s": 90 * time.Second, "1h30m": 90 * time.Minute, "14d": 14 * 24 * time.Hour} {
		var d Duration
		if err := d.UnmarshalText([]byte(text)); err != nil || time.Duration(d) != want {
			t.Errorf("%s is %v, %v, want %v", text, d, err, want)
		}
	}
	for text, want := range map[string]string{
		"unix:/run/dkimd/../dkimd.sock": "unix:/run/dkimd.sock",
		"inet:127.0.0.1:8891":           "inet:127.0.0.1:8891",
		"inet:8891@localhost":           "inet:localhost:8891",
		"inet:[::1]:8891":               "inet:[::1]:8891",
		"inet:8891@[::1]":               "inet:[::1]:8891",
		"inet:8891@::1":                 "inet:[::1]:8891",
	} {
		var a Address
		if err := a.UnmarshalText([]byte(text)); err != nil || a.String() != want {
			t.Errorf("%s is %v, %v, want %s", text, a, err, want)
		}
		if loopback := a.Network == "tcp"; a.Loopback() != loopback {
			t.Errorf("%s: loopback is %v", text, a.Loopback())
		}
	}
	prefixes, err := prefixList([]any{"192.0.2.0/24", "192.0.2.25", "2001:db8::/32", "::1"})
	if got := fmt.Sprint(prefixes); err != nil || got != "[192.0.2.0/24 192.0.2.25/32 2001:db8::/32 ::1/128]" {
		t.Errorf("the prefixes are %s, %v", got, err)
	}
}

func TestLoad(t *testing.T) {
	if _, err := Load(filepath.Join(t.TempDir(), "config.toml")); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "config.example.toml") {
		t.Errorf("a file that is missing gives %v", err)
	}
	path := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if c.CheckDaemon() == nil {
		t.Error("dkimd is content without a listener")
	}
	want := defaults()
	want.file = c.file
	if !reflect.DeepEqual(c, want) {
		t.Errorf("an empty file gives %+v", c)
	}
}

// FuzzParse: whatever the file holds, each problem is one line that names it.
func FuzzParse(f *testing.F) {
	paths, err := filepath.Glob("testdata/bad/*.toml")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range append(paths, "../../config.example.toml") {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parse("fuzz.toml", text)
		if err == nil {
			if c.check(); c.file.wrong != nil {
				t.Fatalf("checked again, it is wrong: %v", c.file.wrong)
			}
			return
		}
		for line := range strings.SplitSeq(err.Error(), "\n") {
			if !strings.HasPrefix(line, "fuzz.toml:") {
				t.Fatalf("%q does not name the file", line)
			}
		}
	})
}
