package finding

import "strconv"

// maxExcerpt is how much of what others wrote is shown, in bytes.
const maxExcerpt = 60

// Excerpt returns the beginning of what others wrote, fit to be shown: quoted, and
// with everything escaped that is not plain ASCII.
func Excerpt(s string) string {
	if len(s) > maxExcerpt {
		return strconv.QuoteToASCII(s[:maxExcerpt]) + "…"
	}
	return strconv.QuoteToASCII(s)
}
