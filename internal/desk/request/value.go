package request

import (
	"regexp"
	"strings"

	"dkimd/keys/finding"

	"golang.org/x/text/unicode/norm"
)

var (
	version    = regexp.MustCompile(`(?i)^[\s("]*v\s*=\s*"?(spf1|dkim1|dmarc1)\b`)
	anyVersion = regexp.MustCompile(`(?i)v\s*=\s*"?(?:spf1|dkim1|dmarc1)\b`)
	inTXT      = regexp.MustCompile(`(?i)^[^"]*\bTXT\s*\(?\s*"`)
	zoneString = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"?`)
	change     = regexp.MustCompile(`^(.*\S)\s*(?:[→⇒➡]|[-=]+>)\s*(.*)$`)
	escaped    = regexp.MustCompile(`\\(.)`)
	autolink   = regexp.MustCompile(`\s*<(?:mailto:|https?://)[^<>]*>`)
	key        = regexp.MustCompile(`(?i)(\bp\s*=)([^;]*)`)
)

// signs are what phones and office programs make of ASCII.
var signs = strings.NewReplacer("“", `"`, "”", `"`, "„", `"`, "‘", "'", "’", "'", "〜", "~",
	"‐", "-", "‑", "-", "‒", "-", "–", "-", "—", "-", "―", "-", "−", "-",
	"\u200b", "", "\u200c", "", "\u200d", "", "\u2060", "", "\ufeff", "", "\u00ad", "")

// plain returns the ASCII that was meant.
func plain(text string) string { return strings.TrimSpace(norm.NFKC.String(signs.Replace(text))) }

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > '~' })
}

// kindOfValue returns the kind of record that a value says it is, "" if none.
func kindOfValue(value string) Kind {
	found := version.FindStringSubmatch(plain(value))
	if found == nil {
		return ""
	}
	return Kind(strings.TrimSuffix(strings.ToLower(found[1]), "1"))
}

// cutChange returns the two values of a text such as v=spf1 a → v=spf1 mx, none if it
// is not one.
func cutChange(text string) (old, wanted string) {
	found := change.FindStringSubmatch(text)
	if found == nil || kindOfValue(found[1]) == "" || kindOfValue(found[1]) != kindOfValue(found[2]) {
		return "", ""
	}
	return found[1], found[2]
}

// readValue returns a value as it would be published, and what was changed for that.
func readValue(k Kind, lines []string) (value string, notes []finding.Code) {
	note := func(code finding.Code, noticed bool) {
		if noticed {
			notes = append(notes, code)
		}
	}
	typed := strings.Join(lines, " ")
	text := autolink.ReplaceAllString(plain(strings.Join(lines, separator(k))), "")
	note(ValueJoined, len(lines) > 1)
	note(ValueCorrected, plain(typed) != typed || autolink.MatchString(plain(typed)))

	if strings.HasPrefix(strings.TrimLeft(text, "( "), `"`) || inTXT.MatchString(text) {
		note(ValueQuoted, true)
		text = unquote(text)
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return r > '~' }); i >= 0 {
		note(ValueWithWords, true)
		if text = text[:i]; kindOfValue(text) == "" {
			return "", notes
		}
	}
	text = strings.Join(strings.Fields(text), " ")
	if k == DKIM {
		joined := key.ReplaceAllStringFunc(text, func(tag string) string { return strings.ReplaceAll(tag, " ", "") })
		note(ValueBlanks, joined != text)
		text = joined
	}
	return text, notes
}

// separator is what stands between the lines of a value. A key is broken anywhere,
// everything else at blanks.
func separator(k Kind) string {
	if k == DKIM {
		return ""
	}
	return " "
}

// unquote joins the strings of a zone file.
func unquote(text string) string {
	var b strings.Builder
	for _, s := range zoneString.FindAllStringSubmatch(text, -1) {
		b.WriteString(escaped.ReplaceAllString(s[1], "$1"))
	}
	return b.String()
}
