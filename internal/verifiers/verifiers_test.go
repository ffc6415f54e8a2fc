package verifiers

import (
	"maps"
	"strings"
	"testing"

	"dkimd/keys"
	"dkimd/keys/record"
	"dkimd/signer"
)

const (
	rsaHost     = "rsa._domainkey.example.jp"
	ed25519Host = "ed25519._domainkey.example.jp"
)

const message = "From: taro@example.jp\r\nTo: hanako@example.com\r\nSubject: hello\r\n\r\nHello.\r\n"

// A verifier that takes everything would prove nothing.
func TestVerifiersTellGoodFromBad(t *testing.T) {
	signed, records := sign(t)
	_, others := sign(t)
	without := maps.Clone(records)
	delete(without, rsaHost)
	revoked := maps.Clone(records)
	revoked[rsaHost], revoked[ed25519Host] = "v=DKIM1;k=rsa;p=", "v=DKIM1;k=ed25519;p="

	all := All(t)
	for _, test := range []struct {
		name         string
		message      string
		records      map[string]string
		rsa, ed25519 bool
	}{
		{"good", signed, records, true, true},
		{"the body is changed", strings.Replace(signed, "Hello.", "Hallo.", 1), records, false, false},
		{"a line is added to the body", signed + "Buy now.\r\n", records, false, false},
		{"a signed field is changed", strings.Replace(signed, "hanako", "jiro", 1), records, false, false},
		{"a signed field is gone", strings.Replace(signed, "Subject: hello\r\n", "", 1), records, false, false},
		{"the keys are others", signed, others, false, false},
		{"a record is missing", signed, without, false, true},
		{"the keys are revoked", signed, revoked, false, false},
		{"good, again", signed, records, true, true},
	} {
		for _, v := range all {
			t.Run(test.name+"/"+v.Name, func(t *testing.T) {
				results := v.Verify(t, []byte(test.message), test.records)
				if len(results) != 2 {
					t.Fatalf("%d results, want 2: %v", len(results), results)
				}
				for i, want := range []Result{
					{Algorithm: "rsa-sha256", Domain: "example.jp", Selector: "rsa", OK: test.rsa},
					{Algorithm: "ed25519-sha256", Domain: "example.jp", Selector: "ed25519", OK: test.ed25519},
				} {
					want.OK = want.OK && v.Knows(want.Algorithm)
					want.Detail = results[i].Detail
					if results[i] != want {
						t.Errorf("result %+v, want %+v", results[i], want)
					}
				}
			})
		}
	}
}

func TestAnUnsignedMessageHasNoResults(t *testing.T) {
	for _, v := range All(t) {
		if results := v.Verify(t, []byte(message), nil); len(results) != 0 {
			t.Errorf("%s finds %v", v.Name, results)
		}
	}
}

// sign signs a message with an RSA and an Ed25519 key, and returns their
// records.
func sign(t *testing.T) (signed string, records map[string]string) {
	t.Helper()
	records = map[string]string{}
	var with []signer.Signature
	for _, algorithm := range []string{record.RSA, record.Ed25519} {
		private, err := keys.Generate(algorithm, 2048)
		if err != nil {
			t.Fatal(err)
		}
		public, err := record.NewKey(private.Public())
		if err != nil {
			t.Fatal(err)
		}
		key := keys.SigningKey{Domain: "example.jp", Selector: algorithm, Private: private}
		with = append(with, signer.Signature{SigningKey: key, Options: signer.Options{Body: "relaxed"}})
		records[record.Host(algorithm, "example.jp")] = public.Value()
	}
	m := signer.ParseMessage([]byte(message))
	values, err := signer.Sign(m, with)
	if err != nil {
		t.Fatal(err)
	}
	return string(m.Text(values)), records
}
