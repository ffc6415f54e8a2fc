package record

import (
	"reflect"
	"strings"
	"testing"
)

// FuzzParse: no value makes Parse or PublicKey panic, and what was parsed
// builds a value that parses to the same again.
func FuzzParse(f *testing.F) {
	f.Add("v=DKIM1;k=rsa;p=eA==")
	f.Add("v=DKIM1; k=ed25519; h=sha256; t=y:s; s=email; n=a note; p=eA ==;")
	f.Add("p=")
	f.Fuzz(func(t *testing.T, value string) {
		key, err := Parse(value)
		if err != nil {
			return
		}
		_, _ = key.PublicKey()
		again, err := Parse(key.Value())
		if err != nil {
			t.Fatalf("%q parses, what it builds does not: %v", value, err)
		}
		if again.Value() != key.Value() {
			t.Fatalf("%q builds %q, that builds %q", value, key.Value(), again.Value())
		}
	})
}

// FuzzBuild: every key of legal content comes back from the value that it builds.
func FuzzBuild(f *testing.F) {
	f.Add("rsa", []byte("x"), "", "", "", "")
	f.Add("ed25519", []byte{}, "sha256:sha1", "email *", "y s", `a "note"; \ and = and  blanks`)
	f.Fuzz(func(t *testing.T, algorithm string, public []byte, hashes, services, flags, notes string) {
		key := Key{
			Algorithm: strings.Join(words(algorithm), ""),
			Public:    append([]byte{}, public...),
			Hashes:    words(hashes),
			Services:  words(services),
			Flags:     words(flags),
			Notes:     strings.Join(words(notes), " :"),
		}
		parsed, err := Parse(key.Value())
		if err != nil {
			t.Fatalf("%+v builds %q: %v", key, key.Value(), err)
		}
		if !reflect.DeepEqual(parsed, key) {
			t.Fatalf("%+v builds %q, that parses to %+v", key, key.Value(), parsed)
		}
	})
}

// words returns what may stand in a list of a tag: printable ASCII without
// colons and semicolons (RFC 6376 section 3.2).
func words(s string) []string {
	var words []string
	return append(words, strings.FieldsFunc(s, func(r rune) bool {
		return r <= ' ' || r > '~' || r == ':' || r == ';'
	})...)
}

// FuzzSplit: strings are never too long and never needless, and join to the value.
func FuzzSplit(f *testing.F) {
	for _, n := range []int{0, 1, 255, 256, 510, 511} {
		f.Add(strings.Repeat("x", n))
	}
	f.Fuzz(func(t *testing.T, value string) {
		parts := Split(value)
		if strings.Join(parts, "") != value {
			t.Fatalf("%q joins to something else: %q", value, parts)
		}
		if want := max(1, (len(value)+254)/255); len(parts) != want {
			t.Fatalf("%d bytes in %d strings, want %d", len(value), len(parts), want)
		}
		for _, part := range parts {
			if len(part) > 255 {
				t.Fatalf("a string of %d bytes", len(part))
			}
		}
	})
}
