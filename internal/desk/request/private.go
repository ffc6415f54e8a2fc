package request

import (
	"regexp"
	"strings"

	"dkimd/keys/record"

	"golang.org/x/text/unicode/norm"
)

// armour is the first line of a private key in PEM, without blanks and dashes.
var armour = regexp.MustCompile(`BEGIN(?:RSA|EC|DSA|OPENSSH|ENCRYPTED)?PRIVATEKEY`)

// keyStart is how much base64 tells whether a private key begins.
const keyStart = 24

// holdsPrivateKey reports whether a private key is in a text, however it is broken
// over lines, quoted and split.
func holdsPrivateKey(text string) bool {
	bare := strings.Map(func(r rune) rune {
		if r == '+' || r == '/' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, norm.NFKC.String(text))
	if armour.MatchString(bare) {
		return true
	}
	for i := range len(bare) {
		// The base64 of any DER sequence begins with M, that of OpenSSH's keys with b.
		if (bare[i] == 'M' || bare[i] == 'b') && record.IsPrivate(record.Decode(bare[i:min(i+keyStart, len(bare))])) {
			return true
		}
	}
	return false
}

// What stands in other fields than the value is shown beside a private key only if
// it is no part of one.
var (
	keyLike = regexp.MustCompile(`[A-Za-z0-9+/]{16}`)
	letters = regexp.MustCompile(`[A-Za-z]`)
)

// maxLetters is more than a date has.
const maxLetters = 12

func isHostAlone(text string) bool {
	return !keyLike.MatchString(text) && (record.LooksLikeHost(text) || strings.HasPrefix(text, "_") || text == "@")
}
