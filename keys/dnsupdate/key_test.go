package dnsupdate

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dkimd/internal/testenv"
)

func TestKeysOfTsigKeygen(t *testing.T) {
	testenv.NeedProgram(t, "tsig-keygen")
	for _, algorithm := range []string{"hmac-sha256", "hmac-sha384", "hmac-sha512"} {
		text, err := exec.Command("tsig-keygen", "-a", algorithm, "dkimctl").Output()
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "tsig.key")
		if err := os.WriteFile(path, text, 0o640); err != nil {
			t.Fatal(err)
		}
		key, err := ReadKey(path)
		if err != nil {
			t.Fatalf("%s: %v", algorithm, err)
		}
		if key.name != "dkimctl." || key.algorithm != algorithm+"." || !strings.Contains(string(text), `"`+key.secret+`"`) {
			t.Errorf("%s becomes %s, %s", text, key.name, key.algorithm)
		}
		for _, verb := range []string{"%v", "%+v", "%s"} {
			if shown := fmt.Sprintf(verb, key); shown != "dkimctl" {
				t.Errorf("%s shows %s", verb, shown)
			}
		}
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadKey(path); !errors.Is(err, ErrReadable) || !says(err, path) {
			t.Errorf("a key file that everybody can read: %v", err)
		}
	}
}

func TestBadKeys(t *testing.T) {
	for _, test := range []struct{ from, to, err string }{
		{keyText, "", "it is not one key"},
		{keyText, keyText + keyText, "it is not one key"},
		{keyText, secret, "it is not one key"},
		{`"Dkimctl"`, "", "it is not one key"},
		{"algorithm hmac-sha256;", "", "it is not one key"},
		{`secret "` + secret + `";`, "", "it is not one key"},
		{secret, "", "it is not one key"},
		{"};", "}", "it is not one key"},
		{"Dkimctl", "a..b", "the name of the key is not a domain name"},
		{"hmac-sha256", "hmac-md5", "its algorithm is not one of "},
		{secret, secret + "=", "its secret is not base64"},
		{secret, "=", "its secret is not base64"},
	} {
		text := strings.Replace(keyText, test.from, test.to, 1)
		if _, err := parseKey(text); !says(err, test.err) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v, want %s", text, err, test.err)
		}
	}
	if _, err := ReadKey(filepath.Join(t.TempDir(), "tsig.key")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// FuzzParseKey: whatever is taken, is one key with a known algorithm, and an
// error never quotes what may be a secret.
func FuzzParseKey(f *testing.F) {
	f.Add(keyText)
	f.Add(`key "a" { secret "eA=="; algorithm hmac-sha512; };`)
	f.Add("key \"\\046\" {\n\talgorithm HMAC-SHA384;\n\tsecret \"eA==\";\n};\n")
	f.Fuzz(func(t *testing.T, text string) {
		key, err := parseKey(text)
		if err != nil {
			for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(" \t\r\n\"{};", r) }) {
				if len(word) > 20 && strings.Contains(err.Error(), word) {
					t.Errorf("%q says %v", text, err)
				}
			}
			return
		}
		again, err := parseKey(fmt.Sprintf(`key "%s" { algorithm %s; secret "%s"; };`, key.name, strings.TrimSuffix(key.algorithm, "."), key.secret))
		if err != nil || *again != *key {
			t.Errorf("%q becomes %s, then %v, %v", text, key, again, err)
		}
	})
}
