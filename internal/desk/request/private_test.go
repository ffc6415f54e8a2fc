package request

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"strings"
	"testing"

	"dkimd/keys/finding"
)

// privateKeys returns new private keys in DER, in each form that they have.
func privateKeys(t testing.TB) map[string][]byte {
	t.Helper()
	must := func(der []byte, err error) []byte {
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	all := map[string][]byte{}
	for name, bits := range map[string]int{"RSA-1024": 1024, "RSA-2048": 2048} {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			t.Fatal(err)
		}
		all[name+", PKCS #1"] = x509.MarshalPKCS1PrivateKey(key)
		all[name+", PKCS #8"] = must(x509.MarshalPKCS8PrivateKey(key))
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	all["Ed25519"] = must(x509.MarshalPKCS8PrivateKey(ed))
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	all["SEC 1"] = must(x509.MarshalECPrivateKey(ec))
	return all
}

func TestPrivateKeysAreNeverRepeated(t *testing.T) {
	for name, der := range privateKeys(t) {
		text := base64.StdEncoding.EncodeToString(der)
		armoured := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
		for how, value := range map[string]string{
			"alone":                 text,
			"in p=":                 "v=DKIM1; k=rsa; p=" + text,
			"wrapped":               "v=DKIM1; k=rsa;\np=" + wrap(text, 64),
			"wrapped narrow":        wrap(text, 20),
			"quoted":                "\n> " + strings.ReplaceAll(wrap(text, 70), "\n", "\n> "),
			"in strings":            `( "v=DKIM1; p=" "` + strings.ReplaceAll(wrap(text, 100), "\n", "\"\n\"") + `" )`,
			"full-width":            fullWidth("p=" + text),
			"PEM":                   "\n" + armoured,
			"PEM on one line":       strings.ReplaceAll(armoured, "\n", " "),
			"PEM, dashes replaced":  strings.ReplaceAll(armoured, "-----", "—"),
			"half a key":            "p=" + text[:len(text)/2],
			"behind a public value": "v=DKIM1; p=\n\n" + armoured,
		} {
			for _, form := range []string{
				"【DKIMの設定を希望します】\nホスト名:s1._domainkey.example.jp\n値:@\n設定希望日:12/1\n",
				"【DKIMの設定を希望します】\nホスト名:@\n値:\n設定希望日:12/1\n",
				"【DKIMの設定を希望します】\nホスト名:s1._domainkey.example.jp\n値:\n設定希望日:@\n",
				"【DKIMの設定を希望します】\nドメイン名:example.jp\n\n@\n",
			} {
				m := Read([]byte(strings.Replace(form, "@", value, 1)), morning, office)
				if !finding.Has(m.Findings, PrivateKey) {
					t.Errorf("%s, %s: not noticed in\n%s", name, how, form)
				}
				if leak := leaked(t, m, text); leak != "" {
					t.Errorf("%s, %s: %q is repeated from\n%s", name, how, leak, form)
				}
			}
		}
	}
}

// window is how much of a key in a row is a leak, in characters.
const window = 16

// leaked returns a part of a key that stands in what was read, "" if none does.
func leaked(t *testing.T, m Mail, key string) string {
	t.Helper()
	content, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	shown := strings.NewReplacer(`\n`, "", " ", "").Replace(plain(string(content)))
	for i := 0; i+window <= len(key); i++ {
		if strings.Contains(shown, key[i:i+window]) {
			return key[i : i+window]
		}
	}
	return ""
}

func wrap(text string, width int) string {
	var lines []string
	for len(text) > width {
		lines, text = append(lines, text[:width]), text[width:]
	}
	return strings.Join(append(lines, text), "\n")
}

func fullWidth(text string) string {
	return strings.Map(func(r rune) rune { return r - '!' + '\uff01' }, text)
}

func TestPublicKeysAreNoPrivateKeys(t *testing.T) {
	for _, path := range mails(t) {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := open(content).privateKey, strings.Contains(path, "private-key"); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}
