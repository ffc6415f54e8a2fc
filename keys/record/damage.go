package record

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Damage is what a value picked up on its way through mail, office programs and
// panels.
type Damage struct {
	Character   string // the first one that does not belong there, described
	Backslashes bool
	Quotes      bool
	Armour      bool // the first and last line of PEM
	Private     bool // they are those of a private key
}

// Clean returns a value without its damage, so that what is below can be judged.
func Clean(value string) (string, Damage) {
	var d Damage
	if d.Character = badCharacter(value); d.Character != "" {
		value = strings.Map(toASCII, value)
	}
	if d.Backslashes = strings.Contains(value, `\`); d.Backslashes {
		value = strings.ReplaceAll(value, `\`, "")
	}
	if d.Quotes = strings.Contains(value, `"`); d.Quotes {
		value = strings.ReplaceAll(strings.ReplaceAll(value, `" "`, ""), `"`, "")
	}
	if d.Armour = strings.Contains(value, "-----"); d.Armour {
		d.Private = strings.Contains(value, "PRIVATE")
		value = blanks.Replace(withoutArmour(value))
	}
	return value, d
}

// badCharacter describes the first character that is neither printable ASCII nor
// folding white space.
func badCharacter(value string) string {
	for i, r := range value {
		if r >= 0x20 && r <= 0x7e || strings.ContainsRune("\t\r\n", r) {
			continue
		}
		if r == utf8.RuneError {
			return fmt.Sprintf("0x%02X", value[i])
		}
		return fmt.Sprintf("%#U", r) // the character itself only if it is printable
	}
	return ""
}

// toASCII makes of full-width characters what was meant, and drops the rest that
// does not belong into a record.
func toASCII(r rune) rune {
	switch {
	case r >= 0xff01 && r <= 0xff5e: // full-width
		return r - 0xff01 + '!'
	case r == 0x3000 || r == 0xa0: // ideographic space, no-break space
		return ' '
	case r > 0x7e || r < 0x20 && r != '\t' && r != '\r' && r != '\n':
		return -1
	}
	return r
}

// withoutArmour removes the first and last line of PEM, however they are joined.
func withoutArmour(value string) string {
	var b strings.Builder
	for i, part := range strings.Split(value, "-----") {
		if i%2 == 0 {
			b.WriteString(part)
		}
	}
	return b.String()
}
