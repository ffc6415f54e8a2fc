package request

import (
	"strings"
	"testing"
)

// What stands outside of the forms is for staff to read: all of it that can be shown.
func TestWordsAreShownSafely(t *testing.T) {
	const form = "\n\n【DKIMの設定を希望します】\nドメイン名:example.jp\n設定希望日:12/1\n"
	for _, c := range []struct{ name, words, want string }{
		{"words", "お世話になります。\n\n 山田です。", "お世話になります。\n山田です。"},
		{"quoted", "> お世話になります。\n山田です。", "山田です。"},
		{"rulers", "――――\n山田です。\n____", "山田です。"},
		{"control characters", "\x1b[31m山田\u202eです。\u009b", " [31m山田 です。 "},
		{"a long line", strings.Repeat("山", maxWordsLine+1), strings.Repeat("山", maxWordsLine) + "…"},
		{"many lines", strings.Repeat("山田\n", maxWords+1), strings.Repeat("山田\n", maxWords) + "…"},
		{"a key", "p=" + strings.Repeat("q3Rv", 100), ""},
		{"a private key", "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----", ""},
	} {
		m := Read([]byte("\n"+c.words+form), morning, morning, office)
		if got := strings.Join(m.Words, "\n"); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// Words that take a request back, and such as only look like it.
func TestRequestsAreTakenBack(t *testing.T) {
	for text, want := range map[string]bool{
		"キャンセルします":                  true,
		"ｷｬﾝｾﾙします":                  true,
		"依頼を取り下げます":                 true,
		"取下げをお願いします":                true,
		"取り消してください":                 true,
		"取消をお願いします":                 true,
		"取りやめます":                    true,
		"今回は見送ります":                  true,
		"不要になりました":                  true,
		"いったん保留でお願いします":             true,
		"作業を進めないでください":              true,
		"Please cancel our request": true,
		"We WITHDRAW it":            true,
		"to be postponed":           true,
		"ご返信は不要です":                  false,
		"よろしくお願いいたします":              false,
		"noncancelling":             false,
	} {
		if isWithdrawn(text) != want {
			t.Errorf("%s: %v", text, !want)
		}
	}
}
