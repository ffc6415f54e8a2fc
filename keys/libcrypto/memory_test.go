//go:build libcrypto && cgo

package libcrypto

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestOtherSignaturesThanThoseOfDKIMAreRefused(t *testing.T) {
	s := newSigner(t, newKey(t, 2048))
	for _, options := range []crypto.SignerOpts{crypto.SHA1, crypto.SHA512_256, &rsa.PSSOptions{Hash: crypto.SHA256}} {
		if _, err := s.Sign(rand.Reader, digest[:], options); err == nil {
			t.Errorf("%v is signed", options)
		}
	}
}

func TestKeysThatNobodyHoldsAreGivenBack(t *testing.T) {
	private := newKey(t, 2048)
	held := newSigner(t, private)
	for range 100 {
		newSigner(t, private)
	}
	for deadline := time.Now().Add(20 * time.Second); alive.Load() > 1; runtime.GC() {
		if time.Now().After(deadline) {
			t.Fatalf("%d keys are alive", alive.Load())
		}
	}
	if _, err := held.Sign(rand.Reader, digest[:], crypto.SHA256); err != nil {
		t.Errorf("the one that is held: %v", err)
	}
	if alive.Load() != 1 {
		t.Errorf("%d keys are alive", alive.Load())
	}
}

func TestSignaturesLeaveNoMemoryBehind(t *testing.T) {
	s := newSigner(t, newKey(t, 1024))
	sign := func(times int) {
		for range times {
			if _, err := s.Sign(rand.Reader, digest[:], crypto.SHA256); err != nil {
				t.Fatal(err)
			}
		}
	}
	// What leaks grows in every round; the rest of the process only in some.
	const rounds, times, most = 5, 10_000, 100 // bytes a signature: a context of libcrypto's has more
	sign(times)
	least := math.MaxInt
	for range rounds {
		before := resident(t)
		sign(times)
		least = min(least, resident(t)-before)
	}
	if least > times*most {
		t.Errorf("each %d signatures left %d bytes behind", times, least)
	}
}

// resident returns how much memory the process has, without what Go has freed.
func resident(t *testing.T) int {
	t.Helper()
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	var size, pages int
	if _, err := fmt.Sscan(string(text), &size, &pages); err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}
