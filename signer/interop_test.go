package signer

import (
	"math/rand/v2"
	"testing"

	"dkimd/internal/verifiers"
)

// What verifiers that others wrote make of our signatures, of odd but real
// messages and of large ones; package milter has random ones.

func TestOthersVerifyOddMessages(t *testing.T) {
	with, records := testKeys(t, "example.jp")
	all := verifiers.All(t)
	random := rand.New(rand.NewPCG(1, 2))
	for name, m := range oddMessages(t) {
		for _, body := range []Canonicalization{"relaxed", "simple"} {
			t.Run(name+"/"+string(body), func(t *testing.T) {
				values, err := Sign(m, signatures(with, body))
				if err != nil {
					t.Fatal(err)
				}
				verifiers.Check(t, all, onTheWire(m, values), records, "example.jp")

				values, err = inPieces(m, with, body, random)
				if err != nil {
					t.Fatal(err)
				}
				verifiers.Check(t, all, onTheWire(m, values), records, "example.jp")
			})
		}
	}
}

func TestOthersSeeWhatIsSealed(t *testing.T) {
	with, records := testKeys(t, "example.jp")
	m := ParseMessage([]byte(beforeAdditions))
	values, err := Sign(m, signatures(with, "relaxed"))
	if err != nil {
		t.Fatal(err)
	}
	all := verifiers.All(t)
	for _, add := range additions {
		for _, v := range all {
			results := v.Verify(t, append([]byte(add.field+"\r\n"), m.Text(values)...), records)
			if len(results) != len(with) {
				t.Errorf("with %s added, %s finds %d signatures, want %d", add.field, v.Name, len(results), len(with))
			}
			for _, r := range results {
				if want := v.Knows(r.Algorithm) && !add.breaks; r.OK != want {
					t.Errorf("with %s added, %s says %v of %s (%s), want %v", add.field, v.Name, r.OK, r.Algorithm, r.Detail, want)
				}
			}
		}
	}
}
