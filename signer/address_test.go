package signer

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// fromCase is a From field of the corpus in testdata/from.
type fromCase struct {
	file  string
	line  int
	want  string // the domain to sign for, or the reason not to
	value string // what stands behind the colon
}

func (c fromCase) String() string { return fmt.Sprintf("%s:%d: From:%.300q", c.file, c.line, c.value) }

// fromCases reads files of the corpus; lawful.txt says how they are written.
func fromCases(t testing.TB, files ...string) []fromCase {
	t.Helper()
	var cases []fromCase
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join("testdata/from", file))
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			if line == "" || line[0] == '#' {
				continue
			}
			want, value, ok := strings.Cut(line, " From:")
			if !ok {
				t.Fatalf("%s:%d is not a case: %s", file, i+1, line)
			}
			cases = append(cases, fromCase{file, i + 1, strings.TrimSpace(want), unescape(t, value)})
		}
	}
	return cases
}

var escape = regexp.MustCompile(`\{([0-9a-f]+)(?:\*([0-9]+))?\}`)

// unescape puts the bytes in the place of {1b}, {0d0a} and {61*70}.
func unescape(t testing.TB, text string) string {
	return escape.ReplaceAllStringFunc(text, func(found string) string {
		part := escape.FindStringSubmatch(found)
		bytes, err := hex.DecodeString(part[1])
		times := 1
		if part[2] != "" && err == nil {
			times, err = strconv.Atoi(part[2])
		}
		if err != nil {
			t.Fatalf("%s: %v", found, err)
		}
		return strings.Repeat(string(bytes), times)
	})
}

// readFrom returns the domain that a message with a From field is signed for, or
// the reason why it is not.
func readFrom(value string) (domain string, reason Reason) {
	var h Header
	h.Add("From", asMilter(value))
	author, reason, _ := h.author()
	return author.domain, reason
}

func TestFromFields(t *testing.T) {
	for _, c := range fromCases(t, "lawful.txt", "unlawful.txt", "fuzzed.txt") {
		domain, reason := readFrom(c.value)
		if got := domain + string(reason); got != c.want {
			t.Errorf("%v is read as %s, want %s", c, got, c.want)
		}
	}
}

func TestParseAddresses(t *testing.T) {
	for _, test := range []struct {
		value string
		want  []address
	}{
		{"Taro <taro@example.jp>", []address{{"taro", "example.jp"}}},
		{"t . yamada(a) @ (b) mail. Example (c) .JP", []address{{"t.yamada", "mail.Example.JP"}}},
		{`<"a b"."c\"@d"@example.jp>`, []address{{`"a b"."c\"@d"`, "example.jp"}}},
		{"<@a.example:taro@example.jp>", []address{{"taro", "example.jp"}}},
		{"taro@[192.0.2.1]", []address{{"taro", "[192.0.2.1]"}}},
		{"a@example.jp,, B <b@example.com>,", []address{{"a", "example.jp"}, {"b", "example.com"}}},
		{"A: a@example.jp, B <b@b.example>;, C:;, c@example.com", []address{{"a", "example.jp"}, {"b", "b.example"}, {"c", "example.com"}}},
		{"Nobody:;", nil},
	} {
		got, err := parseAddresses(test.value)
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("parseAddresses(%q) = %q, %v, want %q", test.value, got, err, test.want)
		}
	}
}

// Time that grows with the square of the length would be many minutes here.
func TestLongFromFields(t *testing.T) {
	const n = 1 << 18
	for _, test := range []struct {
		name, value string
		ok          bool
	}{
		{"comments in each other", strings.Repeat("(", n) + strings.Repeat(")", n) + "taro@example.jp", true},
		{"comments one after the other", strings.Repeat("()", n) + "taro@example.jp", true},
		{"open comments", strings.Repeat("(", n) + "taro@example.jp", false},
		{"quoted strings", strings.Repeat(`"" `, n) + "<taro@example.jp>", true},
		{"backslashes", `"` + strings.Repeat(`\`, 2*n) + `" <taro@example.jp>`, true},
		{"words", strings.Repeat("a ", n) + "<taro@example.jp>", true},
		{"words of a local part", strings.Repeat("a.", n) + "taro@example.jp", true},
		{"labels of a domain", "taro@" + strings.Repeat("a.", n) + "example.jp", true},
		{"routes", "<" + strings.Repeat("@a:", n) + "taro@example.jp>", false},
		{"commas", strings.Repeat(",", n) + "taro@example.jp", true},
		{"addresses", strings.Repeat("taro@example.jp,", n), true},
		{"empty groups", strings.Repeat("a:;,", n), true},
		{"groups in each other", strings.Repeat("a:", n), false},
		{"folds", strings.Repeat("\r\n ", n) + "taro@example.jp", true},
		{"open brackets", strings.Repeat("<", n), false},
	} {
		if _, err := parseAddresses(test.value); (err == nil) != test.ok {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// asMilter returns a value as a milter gets it.
func asMilter(value string) string { return strings.ReplaceAll(value, "\r\n", "\n") }
