package record

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"reflect"
	"strings"
	"testing"
)

func rsaKey(t testing.TB, bits int) *rsa.PublicKey {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return &private.PublicKey
}

// The sizes are those that support staff and panels meet: see the README.
func TestValueSizes(t *testing.T) {
	for _, test := range []struct{ bits, bytes, strings int }{
		{1024, 232, 1}, {2048, 408, 2}, {3072, 580, 3}, {4096, 752, 3},
	} {
		key, err := NewKey(rsaKey(t, test.bits))
		if err != nil {
			t.Fatal(err)
		}
		value := key.Value()
		parts := Split(value)
		if len(value) != test.bytes || len(parts) != test.strings {
			t.Errorf("RSA-%d: %d bytes in %d strings, want %d in %d", test.bits, len(value), len(parts), test.bytes, test.strings)
		}
		if strings.Join(parts, "") != value {
			t.Errorf("RSA-%d: the strings joined are not the value", test.bits)
		}
		if strings.ContainsAny(value, " \t\"\\") {
			t.Errorf("RSA-%d: %q holds something that panels rewrite", test.bits, value)
		}
	}
}

func TestParseIsTheInverseOfValue(t *testing.T) {
	edPublic, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaPublic := rsaKey(t, 2048)
	for name, public := range map[string]any{"rsa": rsaPublic, "ed25519": edPublic} {
		key, err := NewKey(public)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := Parse(key.Value())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(parsed, key) {
			t.Errorf("%s: parsed %+v, want %+v", name, parsed, key)
		}
		back, err := parsed.PublicKey()
		if err != nil || !reflect.DeepEqual(back, public) {
			t.Errorf("%s: the public key came back as %v, %v", name, back, err)
		}
	}
}

func TestParse(t *testing.T) {
	edPublic, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good, err := NewKey(edPublic)
	if err != nil {
		t.Fatal(err)
	}
	p := strings.TrimPrefix(good.Value(), "v=DKIM1;k=ed25519;p=")
	for _, test := range []struct{ name, value, err string }{
		{"blanks, a final semicolon and an unknown tag", " v = DKIM1 ; k=ed25519;\tfoo=bar; p=" + p[:9] + " \r\n " + p[9:] + " ; ", ""},
		{"no v=", "k=ed25519;p=" + p, ""},
		{"lists", "k=ed25519;h=sha256 : sha1;s=email;t=y:s;n=note;p=" + p, ""},
		{"nothing", "", "p= is missing"},
		{"unquoted in a zone file", "v=DKIM1", "p= is missing"},
		{"v= later", "k=rsa;v=DKIM1;p=", "not the first tag"},
		{"another version", "v=DKIM2;p=", "not v=DKIM1"},
		{"twice", "p=;p=", "stands twice"},
		{"an empty tag inside", "v=DKIM1;;p=", "tag=value"},
		{"smart quotes", "v=DKIM1;p=\u201cMII\u201d", "not base64"},
	} {
		key, err := Parse(test.value)
		switch {
		case test.err == "" && err != nil:
			t.Errorf("%s: %v", test.name, err)
		case test.err == "":
			if !reflect.DeepEqual(key.Public, good.Public) || key.Algorithm != Ed25519 {
				t.Errorf("%s: parsed as %+v", test.name, key)
			}
		case err == nil || !strings.Contains(err.Error(), test.err):
			t.Errorf("%s: error %v, want one about %q", test.name, err, test.err)
		}
	}
	revoked, err := Parse("v=DKIM1;p=")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := revoked.PublicKey(); err == nil || !strings.Contains(err.Error(), "revoked") {
		t.Errorf("a revoked key gives %v", err)
	}
}

func TestHosts(t *testing.T) {
	r := Record{Domain: "example.jp", Selector: "s202611a", Key: Key{Algorithm: RSA, Public: []byte("x")}}
	for _, test := range []struct{ got, want string }{
		{r.Host(), "s202611a._domainkey.example.jp"},
		{r.RelativeHost(), "s202611a._domainkey"},
		{r.AbsoluteHost(), "s202611a._domainkey.example.jp."},
	} {
		if test.got != test.want {
			t.Errorf("got %s, want %s", test.got, test.want)
		}
	}
}
