package libcrypto

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"math/big"
	"sync"
	"testing"
)

var digest = sha256.Sum256([]byte("a message"))

func newKey(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return private
}

func newSigner(t testing.TB, private *rsa.PrivateKey) crypto.Signer {
	t.Helper()
	s, err := NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// PKCS #1 v1.5 leaves no choice: a key and a digest have one signature.
func TestSignaturesAreThoseOfGo(t *testing.T) {
	for _, bits := range []int{1024, 1536, 2047, 2048, 3072, 4096} {
		t.Run(fmt.Sprint(bits), func(t *testing.T) {
			private := newKey(t, bits)
			s := newSigner(t, private)
			if !private.PublicKey.Equal(s.Public()) {
				t.Error("another public key")
			}
			got, err := s.Sign(rand.Reader, digest[:], crypto.SHA256)
			if err != nil {
				t.Fatal(err)
			}
			want, err := rsa.SignPKCS1v15(nil, private, crypto.SHA256, digest[:])
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("got %x, want %x", got, want)
			}
		})
	}
}

// A fault in memory or in the processor must not become a signature, whichever
// number of the key it strikes.
func TestAKeyWithAFaultSignsNothing(t *testing.T) {
	good := newKey(t, 2048)
	private := func(n, d, p *big.Int) *rsa.PrivateKey {
		k := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: n, E: good.E}, D: d, Primes: []*big.Int{p, good.Primes[1]}}
		k.Precomputed.Dp, k.Precomputed.Dq, k.Precomputed.Qinv = d, d, good.Precomputed.Qinv
		return k
	}
	flipped := func(n *big.Int) *big.Int { return new(big.Int).Xor(n, big.NewInt(4)) }
	for name, private := range map[string]*rsa.PrivateKey{
		"modulus":  private(flipped(good.N), good.D, good.Primes[0]),
		"exponent": private(good.N, flipped(good.D), good.Primes[0]),
		"prime":    private(good.N, flipped(good.D), flipped(good.Primes[0])),
		"nothing":  private(good.N, new(big.Int), good.Primes[0]),
	} {
		t.Run(name, func(t *testing.T) {
			s, err := NewSigner(private)
			if err != nil {
				return
			}
			if signature, err := s.Sign(rand.Reader, digest[:], crypto.SHA256); err == nil {
				t.Errorf("it signs: %x", signature)
			}
		})
	}
}

func TestADigestOfAnotherLengthIsRefused(t *testing.T) {
	s := newSigner(t, newKey(t, 2048))
	for _, digest := range [][]byte{nil, digest[:31], append(digest[:], 0)} {
		if _, err := s.Sign(rand.Reader, digest, crypto.SHA256); err == nil {
			t.Errorf("%d bytes are signed", len(digest))
		}
	}
}

func TestASignerSignsForManyAtOnce(t *testing.T) {
	private := newKey(t, 2048)
	s := newSigner(t, private)
	var done sync.WaitGroup
	for i := range 8 {
		done.Go(func() {
			for j := range 50 {
				digest := sha256.Sum256(fmt.Append(nil, i, j))
				signature, err := s.Sign(rand.Reader, digest[:], crypto.SHA256)
				if err == nil {
					err = rsa.VerifyPKCS1v15(&private.PublicKey, crypto.SHA256, digest[:], signature)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	done.Wait()
}

func BenchmarkSign(b *testing.B) {
	private := newKey(b, 2048)
	s := newSigner(b, private)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Sign(rand.Reader, digest[:], crypto.SHA256); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNewSigner(b *testing.B) {
	private := newKey(b, 2048)
	for b.Loop() {
		newSigner(b, private)
	}
}
