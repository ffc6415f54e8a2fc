package request

import (
	"strings"
	"testing"
)

func TestFindingsHaveBothLanguagesAndNoGaps(t *testing.T) {
	for code := range meanings {
		f := meanings.New(code, "kind", "SPF", "typed", "x", "host", "y", "date", "12/1")
		for _, text := range []string{f.Text.En, f.Text.Ja, f.Hint.En, f.Hint.Ja} {
			if text == "" || strings.ContainsAny(text, "{}") {
				t.Errorf("%s says %q", code, text)
			}
		}
	}
}
