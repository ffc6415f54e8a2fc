package keys

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dkimd/keys/record"
)

// FuzzState: whatever a state file holds, what is read of it survives being
// written again, and names no file outside of the domain's directory.
func FuzzState(f *testing.F) {
	for _, text := range []string{
		``, `null`, `{}`, `[]`, `{"schema":1}`, `{"schema":2,"domain":"example.jp"}`,
		`{"schema":1,"domain":"example.jp","keys":null}`,
		`{"schema":1,"domain":"example.jp","keys":[{"id":"s.1","selector":"s","algorithm":"rsa","state":"active","public_key":"AA==","history":[{"to":"active"}]}]}`,
		`{"schema":1,"domain":"example.jp","keys":[{"id":"../../s.1","selector":"../../s"}]}`,
		`{"schema":1,"domain":"example.jp","keys":[{"id":"s.","selector":"s"},{"id":".1"},{"id":"S.1","selector":"S"}]}`,
		`{"schema":1,"domain":"example.jp","keys":[{"id":"s.1","selector":"s","created":"2026-11-25T00:00:00Z","proven_since":"9999-12-31T23:59:59+14:00"}]}`,
	} {
		f.Add([]byte(text))
	}
	dir := OpenDir("/store")
	f.Fuzz(func(t *testing.T, text []byte) {
		read, err := decodeDomain(text, "example.jp")
		if err != nil {
			return
		}
		for _, k := range read.Keys {
			if path := dir.PrivatePath(read.Name, k); filepath.Dir(path) != "/store/private/example.jp" {
				t.Errorf("a key is at %q", path)
			}
		}
		read.NextSelector(time.Now())
		written, err := json.Marshal(read)
		if err != nil {
			t.Fatal(err)
		}
		again, err := decodeDomain(written, "example.jp")
		if err != nil {
			t.Fatalf("%s: %v", written, err)
		}
		if twice, err := json.Marshal(again); err != nil || !bytes.Equal(twice, written) {
			t.Errorf("%s becomes %s, %v", written, twice, err)
		}
	})
}

// FuzzPrivate: whatever a private key's file holds, it is the key of the record
// or an error, which shows nothing of it.
func FuzzPrivate(f *testing.F) {
	private, err := Generate(record.Ed25519, 0)
	if err != nil {
		f.Fatal(err)
	}
	public, err := record.NewKey(private.Public())
	if err != nil {
		f.Fatal(err)
	}
	whole, err := encodePrivate(private)
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range []string{
		"", string(whole), string(whole[:60]), strings.ToLower(string(whole)), strings.Replace(string(whole), "PRIVATE", "PUBLIC", 2),
		"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
		"-----BEGIN PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END PRIVATE KEY-----\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		read, err := decodePrivate(text, public.Public)
		if err == nil {
			if own, err := record.NewKey(read.Public()); err != nil || !bytes.Equal(own.Public, public.Public) {
				t.Errorf("another key is taken: %v", err)
			}
			return
		}
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); len(line) >= 32 && strings.Contains(err.Error(), line) {
				t.Errorf("the error quotes the file: %v", err)
			}
		}
	})
}
