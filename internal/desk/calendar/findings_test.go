package calendar

import (
	"strings"
	"testing"
)

func TestFindingsHaveBothLanguagesAndNoGaps(t *testing.T) {
	for code := range meanings {
		f := meanings.New(code, "typed", "1/1", "asked", "a", "asked_ja", "b", "date", "c", "date_ja", "d", "why", "e", "year", "2028")
		for _, text := range []string{f.Text.En, f.Text.Ja, f.Hint.En, f.Hint.Ja} {
			if text == "" || strings.ContainsAny(text, "{}") {
				t.Errorf("%s says %q", code, text)
			}
		}
	}
}
