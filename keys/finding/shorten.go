package finding

import (
	"strings"
	"unicode"
)

// maxShort is how much of what a person wrote is shown, in characters.
const maxShort = 40

// Shorten returns the beginning of what a person wrote, in any script, on one line.
func Shorten(s string) string {
	shown := []rune(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }), " "))
	if len(shown) > maxShort {
		return string(shown[:maxShort]) + "…"
	}
	return string(shown)
}
