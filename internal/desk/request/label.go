package request

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// label is what a field of the form is for.
type label int

const (
	noLabel label = iota
	hostLabel
	domainLabel
	valueLabel
	dateLabel
	beforeLabel // the value that is to be replaced
	afterLabel  // the value in its place
	otherLabel  // of a record, but not asked for: its type, how long it is kept
)

// labels are the labels as people write them, by their letters alone.
var labels = map[string]label{
	"ホスト名ドメイン名": hostLabel, "ホスト名": hostLabel, "ホスト": hostLabel, "ドメイン名ホスト名": hostLabel,
	"レコード名": hostLabel, "hostname": hostLabel, "host": hostLabel,
	"ドメイン名": domainLabel, "ドメイン": domainLabel, "対象ドメイン": domainLabel, "domainname": domainLabel, "domain": domainLabel,
	"値value": valueLabel, "値": valueLabel, "value": valueLabel, "設定値": valueLabel, "レコード値": valueLabel, "txt値": valueLabel, "txtレコード": valueLabel,
	"pointstoaddressorvalue": valueLabel, "ポイント先のアドレスまたは値": valueLabel, "参照先": valueLabel, "ターゲット": valueLabel, "target": valueLabel,
	"設定希望日営業日のみ": dateLabel, "設定希望日": dateLabel, "希望日": dateLabel, "設定希望日時": dateLabel, "希望日時": dateLabel, "設定日": dateLabel,
	"種別": otherLabel, "種類": otherLabel, "タイプ": otherLabel, "type": otherLabel, "レコードタイプ": otherLabel, "recordtype": otherLabel,
	"ttl": otherLabel, "優先度": otherLabel, "優先順位": otherLabel, "priority": otherLabel,
}

// The labels of the two values of a change.
const whatChanges = `(?:の|値|内容|設定|レコード|txt|spf|dkim|dmarc)*$`

var (
	beforeName = regexp.MustCompile(`^値?(?:変更前|修正前|訂正前|現在|現行|既存|旧)+` + whatChanges)
	afterName  = regexp.MustCompile(`^値?(?:変更後|修正後|訂正後|新しい|新)+` + whatChanges)
)

// labelOf returns the label that a text is.
func labelOf(text string) label {
	if utf8.RuneCountInString(text) > maxLabel {
		return noLabel
	}
	name := strings.TrimRight(bare(text), "0123456789") // 値1
	switch l := labels[name]; {
	case l != noLabel:
		return l
	case beforeName.MatchString(name):
		return beforeLabel
	case afterName.MatchString(name):
		return afterLabel
	}
	return noLabel
}

// maxLabel is how long a label is, in characters.
const maxLabel = 40

// cutLabel returns the label at the beginning of a line, and what follows it. Instead of
// the colon there may be an arrow, a blank or the end of the line.
func cutLabel(text string) (l label, rest string) {
	count := 0
	for i, r := range text {
		if count++; count > maxLabel {
			break
		}
		end := i + utf8.RuneLen(r)
		if text[end:] != "" && labelEnd.FindString(text[end:]) == "" {
			continue
		}
		if found := labelOf(text[:end]); found != noLabel {
			l, rest = found, text[end:]
		}
	}
	return l, strings.TrimSpace(rest[len(labelEnd.FindString(rest)):])
}

// labelEnd is what stands behind a label, in both widths: blanks and brackets, then a
// colon, an arrow or a bar.
var labelEnd = regexp.MustCompile(`^[\s\x{a0}\x{3000})\]\x{ff09}\x{ff3d}】」』>\x{ff1e}〉》]*(?:[-=]+[>\x{ff1e}]|[→⇒➡:=\x{ff1a}\x{ff1d}\x{fe30}` + bars + `])?`)

// bare returns a label without numbering, brackets and blanks.
func bare(label string) string {
	folded := strings.ToLower(norm.NFKC.String(label))
	folded = strings.TrimLeftFunc(folded, func(r rune) bool { return !unicode.IsLetter(r) })
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || strings.ContainsRune("()[]【】「」『』/・", r) {
			return -1
		}
		return r
	}, folded)
}

// kinds is one kind or several in a heading.
const kinds = `((?:SPF|DKIM|DMARC)(?:レコード)?(?:(?:[、,/・&と+]|および|及び)+(?:SPF|DKIM|DMARC)(?:レコード)?)*)`

var (
	heading = regexp.MustCompile(`^(?:\d+[.)])?[^\p{L}\p{N}]*` + kinds + `の?(?:レコード)?の?(?:(?:設定|追加|登録|変更|更新)の?)+を?(?:ご?希望|お願い|ご?依頼|ご?申請|お?申し?込)`)
	kind    = regexp.MustCompile(`SPF|DKIM|DMARC`)
	// example is what the manual writes above an example of a form.
	example = regexp.MustCompile(`(?:参考|記入|記載|入力)例`)
)

// opposite is a line that asks for no setting, or for one to be taken away.
var opposite = regexp.MustCompile(kinds + `.{0,20}(?:ません|しない|不要|削除|解除|停止|取り?消|取り?止|中止|廃止|キャンセル)`)

// maxHeading is how long a heading is, in bytes; longer lines are sentences.
const maxHeading = 150

// readOpposite returns the kinds that a line such as 【DKIMの設定の削除を希望します】
// names.
func readOpposite(text string) []Kind {
	folded := strings.ToUpper(strings.Join(strings.Fields(norm.NFKC.String(text)), ""))
	found := opposite.FindStringSubmatch(folded)
	if found == nil || len(folded) > maxHeading || strings.HasSuffix(folded, "?") {
		return nil
	}
	return kindsIn(found[1])
}

// readHeading returns the kinds that a heading such as 【SPFの設定を希望します】 names.
func readHeading(text string) []Kind {
	folded := strings.ToUpper(strings.Join(strings.Fields(norm.NFKC.String(text)), ""))
	found := heading.FindStringSubmatch(folded)
	if found == nil {
		return nil
	}
	return kindsIn(found[1])
}

// kindsIn returns the kinds that a text names, each once.
func kindsIn(text string) []Kind {
	var all []Kind
	for _, name := range kind.FindAllString(strings.ToUpper(norm.NFKC.String(text)), -1) {
		if k := Kind(strings.ToLower(name)); !slices.Contains(all, k) {
			all = append(all, k)
		}
	}
	return all
}
