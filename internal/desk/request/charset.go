package request

import (
	"bytes"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"
)

// garbled stands where a character could not be decoded.
const garbled = "\uFFFD"

// decode returns text in UTF-8. The charset is what the mail says, and it is often
// wrong or missing: the first encoding that fits counts.
func decode(content []byte, charset string) string {
	best, fewest := "", len(content)+1
	for _, e := range candidates(content, charset) {
		text, err := e.NewDecoder().Bytes(content)
		if err != nil {
			continue
		}
		if bad := bytes.Count(text, []byte(garbled)); bad < fewest {
			best, fewest = string(text), bad
		}
		if fewest == 0 {
			break
		}
	}
	return best
}

// candidates returns the encodings to try. EUC-JP comes before Shift_JIS, in which
// much of EUC-JP is valid too.
func candidates(content []byte, charset string) []encoding.Encoding {
	all := []encoding.Encoding{utf8OrUTF16{}, japanese.EUCJP, japanese.ShiftJIS}
	switch charset = strings.ToLower(charset); {
	case bytes.Contains(content, []byte("\x1b$")) || bytes.Contains(content, []byte("\x1b(")):
		return append([]encoding.Encoding{japanese.ISO2022JP}, all...)
	case strings.Contains(charset, "euc"):
		return append([]encoding.Encoding{japanese.EUCJP}, all...)
	case strings.Contains(charset, "jis"), strings.Contains(charset, "932"), strings.Contains(charset, "31j"):
		return append([]encoding.Encoding{japanese.ShiftJIS}, all...)
	}
	return all
}

// utf8OrUTF16 is UTF-8, or UTF-16 with a byte order mark.
type utf8OrUTF16 struct{ encoding.Encoding }

func (utf8OrUTF16) NewDecoder() *encoding.Decoder {
	return &encoding.Decoder{Transformer: unicode.BOMOverride(unicode.UTF8.NewDecoder())}
}
