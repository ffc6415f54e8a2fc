package signer

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// What is seen of a body does not depend on whether lines are looked at as a whole,
// nor on how it is cut.
func TestABodyIsSeenAsByteByByte(t *testing.T) {
	parts := []string{
		"\r\n", "\r\n", "text", "two words", " ", "\t", "\r", "\n", "\x00", "é", "\f",
		strings.Repeat("x", 990), strings.Repeat("x", maxTextLine), strings.Repeat("a b ", 20) + ".\r\n",
	}
	for seed := range uint64(5000) {
		random := rand.New(rand.NewPCG(seed, 0))
		var text []byte
		for range random.IntN(12) {
			text = append(text, parts[random.IntN(len(parts))]...)
		}
		var got, want bodyScan
		want.scanBytes(text)
		for rest := text; len(rest) > 0; {
			n := 1 + random.IntN(len(rest))
			got.scan(rest[:n])
			rest = rest[n:]
		}
		if got.misread() != want.misread() || got.blank != want.blank || !slices.Equal(got.risks(), want.risks()) {
			t.Fatalf("seed %d: %q is seen as %+v, byte by byte as %+v", seed, text, got, want)
		}
	}
}
