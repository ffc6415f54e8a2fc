package request

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
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
	all["OpenSSH"] = append([]byte("openssh-key-v1\x00"), random(t, 400)...)
	for name, cipher := range map[string]asn1.ObjectIdentifier{"PBES2": {1, 2, 840, 113549, 1, 5, 13}, "PKCS #12": {1, 2, 840, 113549, 1, 12, 1, 3}} {
		all["encrypted, "+name] = must(asn1.Marshal(struct { // EncryptedPrivateKeyInfo of RFC 5958
			Algorithm pkix.AlgorithmIdentifier
			Data      []byte
		}{pkix.AlgorithmIdentifier{Algorithm: cipher}, random(t, 1200)}))
	}
	return all
}

func random(t testing.TB, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	return b
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
				"【DKIMの変更を希望します】\nドメイン名:example.jp\n変更前:@\n変更後:\n",
			} {
				m := Read([]byte(strings.Replace(form, "@", value, 1)), morning, morning, office)
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

// What cannot be told from a part of a private key is not repeated either.
func TestValuesThatAreNoPublicKeyAreHidden(t *testing.T) {
	private := base64.StdEncoding.EncodeToString(privateKeys(t)["RSA-2048, PKCS #1"])
	for name, key := range map[string]string{
		"encrypted, in the form of OpenSSL": base64.StdEncoding.EncodeToString(random(t, 1200)),
		"without its first lines":           private[128:],
		"its end":                           private[len(private)-100:],
	} {
		for _, value := range []string{"v=DKIM1; k=rsa; p=" + key, wrap(key, 64), "( \"v=DKIM1; p=\" \"" + key + "\" )"} {
			for _, label := range []string{"値", "変更前", "変更後"} {
				m := Read([]byte("【DKIMの設定を希望します】\nホスト名:s1._domainkey.example.jp\n"+label+":"+value+"\n設定希望日:12/1\n"), morning, morning, office)
				if len(m.Requests) != 1 || !finding.Has(m.Requests[0].Findings, ValueHidden) {
					t.Errorf("%s: not noticed in %s: %+v", name, value, m.Requests)
				}
				if leak := leaked(t, m, key); leak != "" {
					t.Errorf("%s: %q is repeated from %s", name, leak, value)
				}
			}
		}
	}
}

func TestAHostIsFoundWrongOnce(t *testing.T) {
	m := Read([]byte("【DKIMの設定を希望します】\nホスト名:<b>x</b>.example.jp\n値:v=DKIM1; p=x\n"), morning, morning, office)
	count := 0
	for _, f := range m.Requests[0].Findings {
		if f.Code == BadHost {
			count++
		}
	}
	if count != 1 {
		t.Errorf("%d times: %v", count, m.Requests[0].Findings)
	}
}

func TestTagsDoNotHideAPrivateKey(t *testing.T) {
	private := base64.StdEncoding.EncodeToString(privateKeys(t)["RSA-2048, PKCS #1"])
	m := Read([]byte("From: taro@example.jp\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>【DKIMの設定を希望します】<br>ホスト名:s1._domainkey.example.jp<br>値:<span>"+
		private[:4]+"</span>"+private[4:]+"</p>"), morning, morning, office)
	if !finding.Has(m.Findings, PrivateKey) || leaked(t, m, private) != "" {
		t.Errorf("%+v", m)
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
