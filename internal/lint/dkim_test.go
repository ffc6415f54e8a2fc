package lint

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"dkimd/keys/finding"
	"dkimd/keys/record"
)

const dkimHost = "s1._domainkey.name.test"

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func b64(der []byte) string { return base64.StdEncoding.EncodeToString(der) }

func value(public any) string { return must(record.NewKey(public)).Value() }

// p returns the p= of an RSA key.
func p(private *rsa.PrivateKey) string { return b64(must(record.NewKey(&private.PublicKey)).Public) }

var (
	key         = must(rsa.GenerateKey(rand.Reader, 2048))
	good        = value(&key.PublicKey)
	edPublic    = must1(ed25519.GenerateKey(rand.Reader))
	edPrivate   = ed25519.NewKeyFromSeed(make([]byte, 32))
	ecKey       = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	pkcs8       = must(x509.MarshalPKCS8PrivateKey(key))
	pemPublic   = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(&key.PublicKey))}))
	pemPrivate  = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
	pkcs1       = b64(x509.MarshalPKCS1PublicKey(&key.PublicKey))
	pkcs1Secret = b64(x509.MarshalPKCS1PrivateKey(key))
	edSPKI      = b64(must(x509.MarshalPKIXPublicKey(edPublic)))
	ecSPKI      = b64(must(x509.MarshalPKIXPublicKey(&ecKey.PublicKey)))
)

func must1(public ed25519.PublicKey, _ ed25519.PrivateKey, err error) ed25519.PublicKey {
	return must(public, err)
}

// sized returns a public key of so many bits, which nobody has the private key of.
func sized(bits int) *rsa.PublicKey {
	return &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), bits-1, 1), E: 65537}
}

// dkimCases are judged without regard to long_value.
var dkimCases = []struct{ name, host, value, codes string }{
	{"as it should be", dkimHost, good, ""},
	{"with blanks", dkimHost, strings.ReplaceAll(good, ";", "; "), ""},
	{"with a final semicolon", dkimHost, good + ";", ""},
	{"with a final dot", dkimHost + ".", good, ""},
	{"in capitals", "S1._DomainKey.Name.test", good, ""},
	{"a selector with dots", "2026.nov._domainkey.name.test", good, ""},
	{"a Japanese domain", "s1._domainkey.日本語.test", good, ""},
	{"Ed25519", dkimHost, value(edPublic), ""},
	{"all hashes and services", dkimHost, good + ";h=sha1:sha256;s=email:*;n=note", ""},
	{"an unknown tag", dkimHost, good + ";x=y", ""},
	{"4096 bits", dkimHost, value(sized(4096)), ""},

	{"no selector", "_domainkey.name.test", good, "dkim_no_selector"},
	{"the domain", "name.test", good, "dkim_host"},
	{"DMARC's host", "_dmarc.name.test", good, "dkim_host"},
	{"no underscore", "s1.domainkey.name.test", good, "missing_underscore"},
	{"the domain twice", "s1._domainkey.name.test.name.test", good, "doubled_domain"},
	{"no domain", "s1._domainkey", good, "bad_host"},
	{"a blank in the host", "s1 ._domainkey.name.test", good, "bad_host"},
	{"no host", "", good, "bad_host"},

	{"no v=", dkimHost, strings.TrimPrefix(good, "v=DKIM1;"), "no_version"},
	{"v= last", dkimHost, strings.TrimPrefix(good, "v=DKIM1;") + ";v=DKIM1", "wrong_version"},
	{"v= in lower case", dkimHost, strings.Replace(good, "DKIM1", "dkim1", 1), "wrong_version"},
	{"DKIM2", dkimHost, strings.Replace(good, "DKIM1", "DKIM2", 1), "wrong_version"},
	{"only v=", dkimHost, "v=DKIM1", "cut_at_semicolon"},
	{"only v=;", dkimHost, "v=DKIM1;", "cut_at_semicolon"},
	{"no p=", dkimHost, "v=DKIM1; k=rsa", "malformed"},
	{"a tag twice", dkimHost, good + ";k=rsa", "malformed"},
	{"a comma", dkimHost, strings.Replace(good, ";k", ",k", 1), "malformed"},
	{"no semicolon", dkimHost, strings.Replace(good, ";k", " k", 1), "malformed"},

	{"revoked", dkimHost, "v=DKIM1; p=", "revoked"},
	{"512 bits", dkimHost, value(sized(512)), "weak_key"},
	{"1023 bits", dkimHost, value(sized(1023)), "weak_key"},
	{"1024 bits", dkimHost, value(sized(1024)), "short_key"},
	{"2047 bits", dkimHost, value(sized(2047)), "short_key"},
	{"8192 bits", dkimHost, value(sized(8192)), "long_key"},
	{"k= in capitals", dkimHost, strings.Replace(good, "k=rsa", "k=RSA", 1), "wrong_algorithm"},
	{"k= of the other", dkimHost, strings.Replace(good, "k=rsa", "k=ed25519", 1), "wrong_algorithm"},
	{"k= missing, Ed25519", dkimHost, strings.Replace(value(edPublic), "k=ed25519;", "", 1), "wrong_algorithm"},
	{"PKCS #1", dkimHost, "v=DKIM1;k=rsa;p=" + pkcs1, "pkcs1"},
	{"Ed25519 as openssl writes it", dkimHost, "v=DKIM1;k=ed25519;p=" + edSPKI, "ed25519_form"},
	{"a key of ECDSA", dkimHost, "v=DKIM1;k=rsa;p=" + ecSPKI, "no_key"},
	{"31 bytes", dkimHost, "v=DKIM1;k=ed25519;p=" + b64(edPublic[:31]), "no_key"},
	{"no key", dkimHost, "v=DKIM1;k=rsa;p=eA==", "no_key"},
	{"not base64", dkimHost, "v=DKIM1;k=rsa;p=***", "malformed"},

	{"sha1 only", dkimHost, good + ";h=sha1", "hash_not_allowed"},
	{"not for mail", dkimHost, good + ";s=tlsrpt", "not_for_email"},
	{"a test", dkimHost, good + ";t=y", "test_flag"},
	{"no subdomains", dkimHost, good + ";t=s", "strict_flag"},
	{"a test without subdomains", dkimHost, good + ";t=y:s", "test_flag strict_flag"},
	{"g=", dkimHost, good + "; g=*", "granularity"},
	{"blanks inside", dkimHost, good[:100] + " " + good[100:], "spaces_in_key"},
	{"line ends inside", dkimHost, good[:100] + "\r\n" + good[100:], "spaces_in_key"},

	{"cut at 255", dkimHost, good[:255], "truncated"},
	{"cut at a whole group", dkimHost, good[:len("v=DKIM1;k=rsa;p=")+240], "truncated"},
	{"Ed25519, cut", dkimHost, strings.TrimSuffix(value(edPublic), "="), "truncated"},
	{"quoted", dkimHost, `"` + good + `"`, "literal_quotes"},
	{"quoted strings", dkimHost, `"` + good[:255] + `" "` + good[255:] + `"`, "literal_quotes"},
	{"smart quotes", dkimHost, "“" + good + "”", "bad_characters"},
	{"full width", dkimHost, strings.ReplaceAll(good, "=", "＝"), "bad_characters"},
	{"backslashes", dkimHost, strings.ReplaceAll(good, ";", `\;`), "backslashes"},
	{"PEM", dkimHost, "v=DKIM1;k=rsa;p=" + pemPublic, "pem_armour"},
	{"PEM alone", dkimHost, pemPublic, "pem_armour not_dkim"},
	{"the key alone", dkimHost, p(key), "not_dkim"},
	{"a name", dkimHost, "s1.dkim.hosting.example.", "txt_instead_of_cname"},
	{"SPF", dkimHost, "v=spf1 -all", "not_dkim"},
	{"DMARC", dkimHost, "v=DMARC1; p=none", "not_dkim"},
	{"nothing", dkimHost, "", "not_dkim"},
	{"words", dkimHost, "please see the attachment", "not_dkim"},

	{"a private key in PEM", dkimHost, pemPrivate, "private_key"},
	{"a private key in p=", dkimHost, "v=DKIM1;k=rsa;p=" + b64(pkcs8), "private_key"},
	{"a private key in PEM in p=", dkimHost, "v=DKIM1;k=rsa;p=" + pemPrivate, "private_key"},
	{"a private key, PKCS #1", dkimHost, "v=DKIM1;k=rsa;p=" + pkcs1Secret, "private_key"},
	{"a private key alone", dkimHost, pkcs1Secret, "private_key"},
	{"a private key, cut", dkimHost, "v=DKIM1;k=rsa;p=" + b64(pkcs8)[:200], "private_key"},
	{"a private key, folded", dkimHost, "v=DKIM1; k=rsa; p=" + b64(pkcs8)[:70] + "\n" + b64(pkcs8)[70:], "private_key"},
	{"a private key between smart quotes", dkimHost, "“p=" + b64(pkcs8) + "”", "private_key"},
	{"a private key of Ed25519", dkimHost, "v=DKIM1;k=ed25519;p=" + b64(must(x509.MarshalPKCS8PrivateKey(edPrivate))), "private_key"},
	{"a private key of ECDSA", dkimHost, "p=" + b64(must(x509.MarshalECPrivateKey(ecKey))), "private_key"},
}

func TestDKIM(t *testing.T) {
	for _, test := range dkimCases {
		list := DKIM(test.host, test.value)
		got := strings.TrimSpace(strings.ReplaceAll(codes(list)+" ", string(LongValue)+" ", ""))
		if got != test.codes {
			t.Errorf("%s: %q, want %q\n%s", test.name, got, test.codes, test.value)
		}
		checkTexts(t, list)
	}
}

func TestLongValuesAreMentioned(t *testing.T) {
	for n, want := range map[int]string{255: "", 256: "long_value"} {
		value := value(edPublic) + ";n="
		value += strings.Repeat("x", n-len(value))
		if got := codes(DKIM(dkimHost, value)); got != want {
			t.Errorf("%d bytes: %q, want %q", n, got, want)
		}
	}
}

// Wherever a private key stands, no text of no check has a part of it.
func TestPrivateKeysAreNotRepeated(t *testing.T) {
	secret := b64(pkcs8)
	for _, value := range []string{secret, pemPrivate, "p=" + secret, "v=DKIM1; k=rsa; p=" + secret, "v=DKIM1,k=rsa,p=" + secret, "v=spf1 " + secret, "v=DMARC1; p=" + secret, "v=DMARC1; p=none; rua=" + secret} {
		list := append(DKIM(dkimHost, value), DKIM(value, value)...)
		list = append(list, DMARC(t.Context(), nil, value, value)...)
		list = append(list, SPF(t.Context(), nil, value, value, "").Findings...)
		for _, f := range list {
			for _, text := range []string{f.Text.En, f.Text.Ja, f.Hint.En, f.Hint.Ja} {
				if strings.Contains(text, secret[:12]) {
					t.Errorf("%s: %s", f.Code, text)
				}
			}
		}
	}
}

// FuzzDKIM: no value makes the check panic or say what it should not, and what
// has no error verifies.
func FuzzDKIM(f *testing.F) {
	for _, test := range dkimCases {
		f.Add(test.host, test.value)
	}
	f.Fuzz(func(t *testing.T, host, value string) {
		list := DKIM(host, value)
		checkTexts(t, list)
		if finding.HasError(list) {
			return
		}
		key, err := record.Parse(value)
		if err != nil {
			t.Fatalf("%q passes: %v", value, err)
		}
		if _, err := key.PublicKey(); err != nil && len(key.Public) > 0 {
			t.Errorf("%q passes: %v", value, err)
		}
	})
}
