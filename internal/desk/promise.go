package desk

import (
	"fmt"
	"regexp"
	"strings"
)

// promise is what no letter may say, whoever changes it.
type promise struct {
	what      string
	forbidden *regexp.Regexp
	allowed   *regexp.Regexp // phrases that promise nothing
}

var promises = map[string][]promise{
	"ja": {
		{"a time of day is promised",
			regexp.MustCompile(`[0-9０-９〇一二三四五六七八九十] ?時|\b[0-9]{1,2}:[0-9]{2}\b|[０-９][:：][０-９]|時間以内|時頃|時ごろ|午前|午後|正午|[本今当]日中|即[日時]|すぐに|[直た]だ?ちに|至急`),
			regexp.MustCompile(`営業時間\s*[((][^))]*[))]|即日(変更)?の(ご依頼|受付時間)は?[^。]{0,12}時まで|一時(的|停止|保留)`)},
		{"something is guaranteed",
			regexp.MustCompile(`保証|お約束|間違いなく|必ず|絶対|確実|問題ござい?ません|問題ありません|正しいことを確認`),
			regexp.MustCompile(`(保証|お約束)(は|を)?(いた|致)?(する|し)?(もの|こと)?(で|が|は|も|では)?(ござい|ありま|でき|きま|おりま|いたし|致し|て|かね|ま)*(せん|ない|かねます)|必ず[^。、ま]*(ご確認|ご記入|ご入力|お送り|ご登録|ご連絡|お読み)`)},
	},
	"en": {
		{"a time of day is promised",
			regexp.MustCompile(`(?i)\b([0-9]+ ?(am|pm|o'clock)|[0-9]+:[0-9]{2}|noon|morning|afternoon|today|tonight|at once|immediately|within ([0-9]+|an?|one|two|a few) (minutes?|hours?))\b`),
			regexp.MustCompile(`(?i)(office|business|working) hours \([^)]*\)|(asked for|taken|requested|received) (by|until|before) [0-9]+(:[0-9]{2})?( ?[ap]m)?`)},
		{"something is guaranteed",
			regexp.MustCompile(`(?i)guarantee|certainly|definitely|without fail|\bis correct\b|\bwe (will )?(make sure|ensure)|\bwe promise`),
			regexp.MustCompile(`(?i)\b(no|not|never|cannot|nor)( \w+){0,2} guarantee|(whether|if) [^.]* is correct\b`)},
	},
}

// promisesIn returns what a letter's text promises though it may not, each with the
// number of its line.
func promisesIn(lang, text string) []error {
	var found []error
	for _, p := range promises[lang] {
		// What is allowed leaves its line ends, which are counted.
		rest := p.allowed.ReplaceAllStringFunc(text, func(s string) string { return strings.Repeat("\n", strings.Count(s, "\n")) })
		for _, at := range p.forbidden.FindAllStringIndex(rest, -1) {
			line := 1 + strings.Count(rest[:at[0]], "\n")
			found = append(found, fmt.Errorf("%d: %s, which no letter may do: %q", line, p.what, rest[at[0]:at[1]]))
		}
	}
	return found
}
