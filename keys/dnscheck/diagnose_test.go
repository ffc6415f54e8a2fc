package dnscheck

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"

	"dkimd/keys/finding"
	"dkimd/keys/record"
)

// pair is a key pair for tests: making an RSA key takes long.
var (
	private, _ = rsa.GenerateKey(rand.Reader, 2048)
	old, _     = rsa.GenerateKey(rand.Reader, 1024)
	foreign, _ = rsa.GenerateKey(rand.Reader, 1024)
)

func newRecord(selector, domain string, key *rsa.PrivateKey) record.Record {
	k, err := record.NewKey(&key.PublicKey)
	if err != nil {
		panic(err)
	}
	return record.Record{Domain: domain, Selector: selector, Key: k}
}

func b64(der []byte) string { return base64.StdEncoding.EncodeToString(der) }

// the forms of a key that people take for its record.
var (
	pkcs1      = b64(x509.MarshalPKCS1PublicKey(&private.PublicKey))
	pkcs1Own   = b64(x509.MarshalPKCS1PrivateKey(private))
	pkcs8      = func() []byte { der, _ := x509.MarshalPKCS8PrivateKey(private); return der }()
	pemPublic  = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: newRecord("", "", private).Key.Public}))
	pemPrivate = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
)

func codes(findings []finding.Finding) string {
	var codes []string
	for _, f := range findings {
		codes = append(codes, string(f.Code))
	}
	return strings.Join(codes, " ")
}

func TestDiagnose(t *testing.T) {
	wanted := newRecord("s1", "example.jp", private)
	others := []record.Record{newRecord("s0", "example.jp", old), newRecord("s1", "example.jp", foreign)}
	good := wanted.Key.Value()
	p := b64(wanted.Key.Public)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	_, edPrivate, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	edPKCS8, err := x509.MarshalPKCS8PrivateKey(edPrivate)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}

	for _, test := range []struct{ name, value, codes string }{
		{"as given", good, ""},
		{"no v=", "k=rsa;p=" + p, ""},
		{"neither v= nor k=", "p=" + p, ""},
		{"odd order, unknown tags, blanks around", "v=DKIM1 ; p=" + p + " ;\tx=y; k = rsa ; ", ""},
		{"all services and hashes", good + ";s=*;h=sha1:sha256;t=s;n=note", ""},
		{"test mode", good + ";t=y", "test_flag"},
		{"test mode and strict", good + ";t=s:y", "test_flag"},
		{"for something else", good + ";s=tlsrpt", "not_for_email"},
		{"sha1 only", good + ";h=sha1", "hash_not_allowed"},

		{"blanks inside", "v=DKIM1;k=rsa;p=" + p[:100] + " " + p[100:], "spaces_in_key"},
		{"a line end inside", "v=DKIM1;k=rsa;p=" + p[:100] + "\r\n\t" + p[100:], "spaces_in_key"},
		{"smart quotes", "“" + good + "”", "bad_characters"},
		{"smart quotes in CP932", "\x81\x67" + good + "\x81\x68", "bad_characters"},
		{"a byte order mark", "\ufeff" + good, "bad_characters"},
		{"no-break space", "v=DKIM1;\u00a0k=rsa;p=" + p, "bad_characters"},
		{"full-width", strings.ReplaceAll(good, "=", "\uff1d"), "bad_characters"},
		{"a control character", good + "\x00", "bad_characters"},
		{"the upper half of Latin 1", "v=DKIM1;n=caf\xe9;p=" + p, "bad_characters"},
		{"quotes", `"` + good + `"`, "literal_quotes"},
		{"quoted strings", `"` + good[:255] + `" "` + good[255:] + `"`, "literal_quotes"},
		{"a backslash before the semicolon", strings.ReplaceAll(good, ";", `\;`), "backslashes"},
		{"escaped quotes", `\"` + good + `\"`, "backslashes literal_quotes"},
		{"smart quotes, and cut", "“" + good[:255], "bad_characters truncated"},
		{"unquoted in a zone file", "v=DKIM1", "cut_at_semicolon"},
		{"cut behind the semicolon", "v=DKIM1;", "cut_at_semicolon"},
		{"cut at 255", good[:255], "truncated"},
		{"cut at 256", good[:256], "truncated"},
		{"cut before p=", "v=DKIM1;k=rsa", "truncated"},
		{"with blanks, cut at 255", ("v=DKIM1; k=rsa; p=" + p)[:255], "truncated"},
		{"the beginning is missing", good[255:], "truncated"},
		{"strings swapped", good[255:] + "|" + good[:255], "wrong_order"},
		{"three strings swapped", good[:100] + "|" + good[200:] + "|" + good[100:200], "wrong_order"},
		{"revoked", "v=DKIM1;p=", "revoked"},
		{"another version", "v=DKIM2;k=rsa;p=" + p, "wrong_version"},
		{"version in lower case", "v=dkim1;k=rsa;p=" + p, "wrong_version"},
		{"version last", "k=rsa;p=" + p + ";v=DKIM1", "wrong_version"},
		{"k= in upper case", "v=DKIM1;k=RSA;p=" + p, "wrong_algorithm"},
		{"k= of another", "v=DKIM1;k=ed25519;p=" + p, "wrong_algorithm"},
		{"a tag twice", good + ";k=rsa", "malformed"},
		{"commas", strings.ReplaceAll(good, ";", ","), "wrong_version"},
		{"the key alone", p, "truncated"},
		{"p= twice", "v=DKIM1;k=rsa;p=p=" + p, "malformed"},
		{"no base64", "v=DKIM1;k=rsa;p=!!!", "malformed"},
		{"base64 of anything", "v=DKIM1;k=rsa;p=" + b64([]byte("anything")), "malformed"},

		{"PEM", pemPublic, "pem_armour"},
		{"PEM in p=", "v=DKIM1;k=rsa;p=" + pemPublic, "pem_armour"},
		{"PKCS #1", "v=DKIM1;k=rsa;p=" + pkcs1, "pkcs1"},
		{"a private key", "v=DKIM1;k=rsa;p=" + b64(pkcs8), "private_key"},
		{"a private key, PKCS #1", "v=DKIM1;k=rsa;p=" + pkcs1Own, "private_key"},
		{"a private key alone", pkcs1Own, "private_key"},
		{"a private key, cut", "v=DKIM1;k=rsa;p=" + b64(pkcs8)[:200], "private_key"},
		{"a private key, Ed25519", "v=DKIM1;k=ed25519;p=" + b64(edPKCS8), "private_key"},
		{"a private key, SEC 1", "p=" + b64(sec1), "private_key"},
		{"a private key in PEM", pemPrivate, "private_key"},
		{"a private key in PEM in p=", "v=DKIM1;k=rsa;p=" + pemPrivate, "private_key"},
		{"a private key between smart quotes", "“p=" + b64(pkcs8) + "”", "bad_characters private_key"},

		{"the key of another selector", others[0].Key.Value(), "wrong_host"},
		{"an earlier key of the selector", others[1].Key.Value(), "old_key"},
		{"a stranger's key", newRecord("", "", stranger).Key.Value(), "other_key"},
		{"a host name", "s1.key.hosting.example.", "txt_instead_of_cname"},
		{"SPF", "v=spf1 include:_spf.example.net ~all", "not_dkim"},
		{"an address", "192.0.2.1", "not_dkim"},
		{"nothing", "", "not_dkim"},
		{"DMARC", "v=DMARC1; p=none", "malformed"},
	} {
		findings := diagnose(strings.Split(test.value, "|"), wanted, others, "")
		if got := codes(findings); got != test.codes {
			t.Errorf("%s: %q, want %q", test.name, got, test.codes)
		}
		for _, f := range findings {
			checkTexts(t, f)
		}
	}
}

func TestDiagnoseEd25519(t *testing.T) {
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := record.NewKey(public)
	if err != nil {
		t.Fatal(err)
	}
	wanted := record.Record{Domain: "example.jp", Selector: "s1", Key: key}
	for _, test := range []struct{ value, codes string }{
		{key.Value(), ""},
		{strings.TrimSuffix(key.Value(), "="), "truncated"},
		{strings.Replace(key.Value(), "k=ed25519;", "", 1), "wrong_algorithm"},
	} {
		if got := codes(diagnose([]string{test.value}, wanted, nil, "")); got != test.codes {
			t.Errorf("%s: %q, want %q", test.value, got, test.codes)
		}
	}
}

func TestRevokedRecordIsWanted(t *testing.T) {
	wanted := record.Record{Domain: "example.jp", Selector: "s1", Key: record.Key{Algorithm: record.Ed25519}}
	if got := codes(diagnose([]string{"v=DKIM1; p="}, wanted, nil, "")); got != "" {
		t.Errorf("the empty record: %q", got)
	}
	wanted.Key.Algorithm = record.RSA
	if got := codes(diagnose([]string{newRecord("", "", old).Key.Value()}, wanted, nil, "")); got != "other_key" {
		t.Errorf("a key: %q", got)
	}
}

func TestHostsAreRelativeToTheZoneOfThePanel(t *testing.T) {
	wanted, other := newRecord("s1", "news.example.jp", private), newRecord("s0", "news.example.jp", old)
	value := []string{other.Key.Value()}
	findings := diagnose(value, wanted, []record.Record{other}, "example.jp")
	if len(findings) != 1 || findings[0].Code != WrongHost || !strings.Contains(findings[0].Hint.En, "or s1._domainkey.news where") {
		t.Errorf("%+v", findings)
	}
}

// checkTexts: a finding says everything in both languages, and nothing in it moves
// a terminal's cursor.
func checkTexts(t *testing.T, f finding.Finding) {
	t.Helper()
	for _, text := range []string{f.Text.En, f.Text.Ja, f.Hint.En, f.Hint.Ja} {
		if text == "" || len(text) > 1000 {
			t.Errorf("%s: text %q", f.Code, text)
		}
		if strings.ContainsFunc(text, func(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0xfffd }) {
			t.Errorf("%s: control characters in %q", f.Code, text)
		}
	}
}

// FuzzDiagnose: no value makes diagnose panic or say what it should not, and what
// has no error has our key.
func FuzzDiagnose(f *testing.F) {
	wanted := newRecord("s1", "example.jp", private)
	good := wanted.Key.Value()
	for _, value := range []string{good, good[:255] + "|" + good[255:], pemPrivate, "“" + good, `"` + good + `"`, "v=DKIM1", "\x1b[2J\xff|\x00"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		findings := diagnose(strings.Split(value, "|"), wanted, []record.Record{newRecord("s0", "example.jp", old)}, "")
		for _, f := range findings {
			checkTexts(t, f)
		}
		if !finding.HasError(findings) {
			key, err := record.Parse(strings.ReplaceAll(value, "|", ""))
			if err != nil || !sameKey(key, wanted.Key) {
				t.Errorf("%q passes", value)
			}
		}
	})
}
