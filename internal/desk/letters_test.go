package desk

import (
	"encoding/base64"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"dkimd/internal/desk/calendar"
	"dkimd/internal/desk/request"
	"dkimd/internal/lint"
	"dkimd/keys/dnscheck"
	"dkimd/keys/finding"
	"dkimd/keys/record"
)

var update = flag.Bool("update", false, "write the letters to testdata")

var senders = map[string]Sender{
	"ja": {Company: "サンプルホスティング株式会社", Support: "サポートセンター", Signature: []string{"https://www.hosting.example/support"}},
	"en": {Company: "Sample Hosting Inc.", Support: "Support Centre", Signature: []string{"https://www.hosting.example/support"}},
}

// key is as long as a public key of 2048 bits, and of no other use.
var key = record.Key{Algorithm: record.RSA, Public: []byte(strings.Repeat("dkim", 73) + "dk")}

func rsaRecord(domain, selector string) record.Record {
	return record.Record{Domain: domain, Selector: selector, Key: key}
}

var (
	aRecord  = rsaRecord("example.jp", "s202611a")
	newer    = rsaRecord("example.jp", "s202711a")
	aCNAME   = record.Record{Domain: "example.jp", Selector: "s202611a", Key: key, Via: "abcd.dkim.hosting.example"}
	aSpare   = record.Record{Domain: "example.jp", Selector: "s202611b", Via: "abcd.dkim.hosting.example"}
	aDay     = calendar.Date{Year: 2026, Month: 11, Day: 25}
	truncate = dnscheck.Truncated
)

// aFinding is as checks make them.
var aFinding = finding.Table{
	truncate: finding.Means(finding.Error,
		"a part of the value is missing", "値の一部が欠けています",
		"enter it in strings", "分割形式の値をお試しください"),
}.New(truncate)

// aWish is for a day on which it cannot be done.
var aWish = calendar.Date{Year: 2026, Month: 11, Day: 24}

func wish(office *calendar.Office, received string) []finding.Finding {
	at, err := time.Parse(time.RFC3339, received)
	if err != nil {
		panic(err)
	}
	_, findings := office.Wish(aWish.Japanese(), at, at)
	return findings
}

// letters are facts of every kind, and what their letter has to have besides.
var letters = []struct {
	file  string // in testdata, without language
	name  Name
	facts Facts
	lines []string // each stands alone in both languages
}{
	{"publish", Publish, Facts{
		Zone: "example.jp", NameServer: Elsewhere, MailServer: Ours, Records: []record.Record{aRecord},
		Advice: new(Situation).advice([]record.Record{aRecord}),
		SPF:    &SPFChange{Domain: "example.jp", Value: "v=spf1 include:_spf.hosting.example ~all"},
	}, []string{aRecord.Value(), "v=spf1 include:_spf.hosting.example ~all"}},
	{"publish_change_spf", Publish, Facts{
		Zone: "example.jp", NameServer: Elsewhere, MailServer: Ours, Records: []record.Record{aRecord},
		SPF: &SPFChange{Domain: "example.jp", Found: "v=spf1 mx -all", Value: "v=spf1 mx include:_spf.hosting.example -all"},
	}, []string{aRecord.Value(), "v=spf1 mx -all", "v=spf1 mx include:_spf.hosting.example -all"}},
	{"publish_spf_unchanged", Publish, Facts{
		Zone: "example.jp", NameServer: Elsewhere, MailServer: Ours, Records: []record.Record{aRecord},
		SPF: &SPFChange{Domain: "example.jp", Found: "v=spf1 include:_spf.hosting.example -all", Value: "v=spf1 include:_spf.hosting.example -all"},
	}, []string{aRecord.Value()}},
	{"publish_spf_refused", Publish, Facts{
		Zone: "example.jp", NameServer: Elsewhere, MailServer: Ours, Records: []record.Record{aRecord},
		SPF: &SPFChange{Domain: "example.jp", Found: "v=spf1 mx -all", Findings: []finding.Finding{aFinding}},
	}, []string{aRecord.Value()}},
	{"publish_cname", Publish, Facts{
		Zone: "example.jp", NameServer: Elsewhere, MailServer: Ours, Records: []record.Record{aCNAME, aSpare},
		Advice: new(Situation).advice([]record.Record{aCNAME, aSpare}),
	}, []string{aCNAME.Value(), aSpare.Value()}},
	{"publish_cname_offered", Publish, Facts{
		Zone: "example.jp", NameServer: Elsewhere, MailServer: Ours, Records: []record.Record{aRecord},
		Advice: (&Situation{delegates: true}).advice([]record.Record{aRecord}),
	}, []string{aRecord.Value()}},
	{"publish_below_zone", Publish, Facts{
		Domain: "mail.example.jp", Zone: "example.jp", NameServer: Elsewhere, MailServer: Ours,
		Records: []record.Record{rsaRecord("mail.example.jp", "s202611a")},
		SPF:     &SPFChange{Domain: "mail.example.jp", Value: "v=spf1 include:_spf.hosting.example ~all"},
	}, []string{key.Value()}},
	{"rotate", Rotate, Facts{
		Zone: "example.jp", NameServer: Elsewhere, MailServer: Ours, Records: []record.Record{newer},
	}, []string{newer.Value()}},
	{"wrong", Wrong, Facts{
		Zone: "example.jp", NameServer: Elsewhere, MailServer: Ours, Records: []record.Record{aRecord},
		Findings: []finding.Finding{aFinding},
	}, []string{aRecord.Value()}},
	{"wrong_signing", Wrong, Facts{
		Zone: "example.jp", NameServer: Elsewhere, MailServer: Ours, Records: []record.Record{aRecord},
		Findings: []finding.Finding{aFinding}, Signing: true,
	}, []string{aRecord.Value()}},
	{"signing", Signing, Facts{Zone: "example.jp", NameServer: Elsewhere, MailServer: Ours, Day: aDay, Records: []record.Record{aRecord}}, nil},
	{"done", Done, Facts{
		Zone: "example.jp", NameServer: Ours, MailServer: Ours, Day: aDay, Records: []record.Record{aRecord},
		SPF: &SPFChange{Domain: "example.jp", Found: "v=spf1 include:_spf.hosting.example ~all", Value: "v=spf1 include:_spf.hosting.example ~all"},
	}, nil},
	{"done_already", Done, Facts{Zone: "example.jp", NameServer: Ours, MailServer: Ours, Day: aDay, Records: []record.Record{aRecord}, Already: true}, nil},
	{"signing_after_rotation", Signing, Facts{
		Zone: "example.jp", NameServer: Elsewhere, MailServer: Ours, Day: aDay, Records: []record.Record{newer}, InUse: []record.Record{aRecord},
	}, nil},
	{"guide_of_a_request", Guide, Facts{
		NameServer: Elsewhere, MailServer: Elsewhere, Requests: []Request{{SPF, "example.jp", "v=spf1 mx -all"}},
	}, nil},
	{"done_without_spf", Done, Facts{
		Zone: "example.jp", NameServer: Ours, MailServer: Ours, Day: aDay, Records: []record.Record{aRecord},
		SPF: &SPFChange{Domain: "example.jp", Found: "v=spf1 mx -all", Value: "v=spf1 mx include:_spf.hosting.example -all"},
	}, nil},
	{"remove", Remove, Facts{
		Zone: "example.jp", NameServer: Elsewhere, MailServer: Ours, Records: []record.Record{aRecord}, InUse: []record.Record{newer},
	}, nil},
	{"remove_last", Remove, Facts{Zone: "example.jp", NameServer: Elsewhere, MailServer: Ours, Records: []record.Record{aRecord}}, nil},
	{"entered", Entered, Facts{
		Zone: "example.jp", NameServer: Ours, MailServer: Elsewhere, Day: aDay,
		Requests: []Request{{DKIM, "selector1._domainkey.example.jp", key.Value()}},
	}, []string{key.Value()}},
	{"entered_cname", Entered, Facts{
		Zone: "example.jp", NameServer: Ours, MailServer: Elsewhere, Day: aDay,
		Requests: []Request{{DKIM, "selector1._domainkey.example.jp", "selector1-example-jp._domainkey.other.example"}},
	}, []string{"selector1-example-jp._domainkey.other.example"}},
	{"accepted", Accepted, Facts{
		NameServer: Ours, MailServer: Elsewhere, Day: aDay,
		Requests: []Request{
			{SPF, "example.jp", "v=spf1 include:_spf.other.example ~all"},
			{DMARC, "_dmarc.example.jp", "v=DMARC1; p=none; rua=mailto:dmarc-reports@example.jp"},
		},
	}, []string{"v=spf1 include:_spf.other.example ~all", "v=DMARC1; p=none; rua=mailto:dmarc-reports@example.jp"}},
	{"accepted_ours", Accepted, Facts{
		NameServer: Ours, MailServer: Ours, Day: aDay, Domain: "example.jp", Requests: []Request{{Method: DKIM}},
	}, nil},
	{"accepted_on_another_day", Accepted, Facts{
		NameServer: Ours, MailServer: Ours, Day: aDay, Requests: []Request{{Method: DKIM}},
		Findings: wish(calendar.New(aWish), "2026-11-20T10:00:00+09:00"),
	}, nil},
	{"accepted_too_late", Accepted, Facts{
		NameServer: Ours, MailServer: Ours, Day: aDay, Requests: []Request{{Method: DKIM}},
		Findings: wish(calendar.New(), "2026-11-24T16:01:00+09:00"),
	}, nil},
	{"accepted_dmarc_after_dkim", Accepted, Facts{
		NameServer: Ours, MailServer: Ours, Day: aDay, Domain: "example.jp",
		Findings: []finding.Finding{table.New(DMARCAfterDKIM)},
		Requests: []Request{{Method: DKIM}, {DMARC, "_dmarc.example.jp", "v=DMARC1; p=none"}},
	}, []string{"v=DMARC1; p=none"}},
	{"missing_dkim_before_dmarc", Missing, Facts{
		NameServer: Ours, MailServer: Ours,
		Findings: lint.DMARCNeeds(true, false),
		Requests: []Request{{DMARC, "_dmarc.example.jp", "v=DMARC1; p=none"}},
	}, []string{"【DKIMの設定を希望します】", "ドメイン名:", "【DMARCの設定を希望します】", "値( VALUE ):"}},
	{"missing_doubtful_value", Missing, Facts{
		NameServer: Ours, MailServer: Elsewhere,
		Findings: []finding.Finding{table.New(SenderUnchecked)},
		Doubts:   []finding.Finding{lint.Codes().New(lint.Truncated, "length", "255")},
		Requests: []Request{{DKIM, "s1._domainkey.example.jp", "v=DKIM1; p=AAAA"}},
	}, []string{"【DKIMの設定を希望します】"}},
	{"missing_doubtful_value_too", Missing, Facts{
		NameServer: Ours, MailServer: Elsewhere,
		Findings: []finding.Finding{aFinding},
		Doubts:   []finding.Finding{lint.Codes().New(lint.Truncated, "length", "255")},
		Requests: []Request{{DKIM, "s1._domainkey.example.jp", "v=DKIM1; p=AAAA"}},
	}, []string{"【DKIMの設定を希望します】"}},
	{"missing_elsewhere", Missing, Facts{
		NameServer: Elsewhere, MailServer: Elsewhere,
		Findings: []finding.Finding{table.New(SenderNotRegistered, "domain", "example.jp")},
		Requests: []Request{{SPF, "example.jp", "v=spf1 a"}},
	}, nil},
	{"missing", Missing, Facts{
		NameServer: Ours, MailServer: Elsewhere, Findings: []finding.Finding{aFinding}, Requests: []Request{{Method: DKIM}},
	}, []string{"【DKIMの設定を希望します】", "ホスト名(ドメイン名):", "値( VALUE ):", "設定希望日(営業日のみ):"}},
	{"missing_others_value", Missing, Facts{ // another company's key, though our mail server
		Domain: "example.jp", NameServer: Ours, MailServer: Ours, Findings: []finding.Finding{aFinding},
		Requests: []Request{{SPF, "example.jp", "v=spf1 a"}, {DKIM, "google._domainkey.example.jp", "v=DKIM1; p=AAAA"}},
	}, []string{"【SPFの設定を希望します】", "【DKIMの設定を希望します】", "ホスト名(ドメイン名):", "値( VALUE ):"}},
	{"missing_unknown", Missing, Facts{Findings: []finding.Finding{aFinding}},
		[]string{"【SPFの設定を希望します】", "【DKIMの設定を希望します】", "【DMARCの設定を希望します】"}},
	{"guide_ours_ours", Guide, Facts{NameServer: Ours, MailServer: Ours}, []string{"【DKIMの設定を希望します】", "ドメイン名:"}},
	{"guide_ours_elsewhere", Guide, Facts{NameServer: Ours, MailServer: Elsewhere}, []string{"【SPFの設定を希望します】", "【DKIMの設定を希望します】"}},
	{"guide_elsewhere_ours", Guide, Facts{NameServer: Elsewhere, MailServer: Ours}, nil},
	{"guide_elsewhere_elsewhere", Guide, Facts{NameServer: Elsewhere, MailServer: Elsewhere}, nil},
}

// Every letter is as testdata has it, and as the office wants letters to be.
func TestLetters(t *testing.T) {
	l, err := LoadLetters("", senders)
	if err != nil {
		t.Fatal(err)
	}
	written := map[Name]bool{}
	for _, test := range letters {
		written[test.name] = true
		if test.facts.Domain == "" {
			test.facts.Domain = "example.jp"
		}
		for _, lang := range []string{"ja", "en"} {
			t.Run(test.file+"."+lang, func(t *testing.T) {
				letter, err := l.Write(test.name, lang, test.facts)
				if err != nil {
					t.Fatal(err)
				}
				for _, line := range test.lines {
					if !strings.Contains(letter.Body, "\n"+line+"\n") {
						t.Errorf("there is no line %s", line)
					}
				}
				checkStyle(t, letter)
				checkAttachments(t, letter, test.facts.Records)
				golden(t, filepath.Join("testdata", test.file+"."+lang+".txt"), letter.Subject+"\n\n"+letter.Body)
			})
		}
	}
	for _, name := range Names {
		if !written[name] {
			t.Errorf("the letter %s is not tested", name)
		}
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the letter is\n%s\nwant\n%s", got, want)
	}
}

// style is what our own letters do not say besides, by language, and why.
var style = map[string]map[string]*regexp.Regexp{
	"ja": {
		"当社 in a letter instead of 弊社": regexp.MustCompile(`当社|我が社|わが社`),
		"他社様":                          regexp.MustCompile(`他社様`),
		"サーバ beside サーバー":              regexp.MustCompile(`サーバ([^ー]|$)`),
		"下さい beside ください":              regexp.MustCompile(`下さい`),
		"a number without its blank":   regexp.MustCompile(`[0-9]+行`),
		"polite twice":                 regexp.MustCompile(`お承り|ご承り|承られ|おっしゃられ|ご覧になられ|拝見いたし|お伺いいたし|お伺いさせ|ご覧いただかれ|頂戴いたし|なられます|申し上げさせ|させていただいており`),
		"something of the template":    regexp.MustCompile(`<no value>|\{\{|\}\}|%!`),
		"something of the program":     regexp.MustCompile(`dkimctl|--[a-z]`),
	},
	"en": {
		"something of the template": regexp.MustCompile(`<no value>|\{\{|\}\}|%!`),
		"something of the program":  regexp.MustCompile(`dkimctl|--[a-z]`),
	},
}

var dateIn = map[string]*regexp.Regexp{
	"ja": regexp.MustCompile(`[0-9]+年[0-9]+月[0-9]+日(\(.\))?`),
	"en": regexp.MustCompile(`([A-Z][a-z]+day, )?[0-9]+ (January|February|March|April|May|June|July|August|September|October|November|December)( [0-9]{4})?`),
}

// checkStyle holds a letter to what is true of all.
func checkStyle(t *testing.T, letter Letter) {
	t.Helper()
	text := letter.Subject + "\n" + letter.Body
	for _, promise := range promisesIn(letter.Lang, text) {
		t.Error(promise)
	}
	for why, pattern := range style[letter.Lang] {
		if found := pattern.FindString(text); found != "" {
			t.Errorf("%s: %s", why, found)
		}
	}
	days := []string{aDay.English(), aWish.English()}
	if letter.Lang == "ja" {
		days = []string{aDay.Japanese(), aWish.Japanese()}
		for _, has := range []string{"〇〇株式会社\n△△ 様\n", "サンプルホスティング株式会社 サポートセンターでございます。\n", "弊社"} {
			if !strings.Contains(letter.Body, has) {
				t.Errorf("there is no %q", has)
			}
		}
	}
	for _, date := range dateIn[letter.Lang].FindAllString(text, -1) {
		if !slices.Contains(days, date) {
			t.Errorf("the date %s is not one of %s", date, days)
		}
	}
	for _, line := range strings.Split(text, "\n") {
		if strings.TrimRight(line, " 　\t") != line {
			t.Errorf("there is a blank at the end of %q", line)
		}
		if len(line) > 998 { // RFC 5322 section 2.1.1
			t.Errorf("a line has %d bytes", len(line))
		}
		if plain(line) != line {
			t.Errorf("there is something in %q that does not print", line)
		}
	}
	if strings.Contains(text, "\n\n\n") {
		t.Error("there are two empty lines in a row")
	}
}

// checkAttachments holds that what is attached is the records, byte for byte.
func checkAttachments(t *testing.T, letter Letter, records []record.Record) {
	t.Helper()
	speaks := strings.Contains(letter.Body, "添付") || strings.Contains(letter.Body, "attached")
	if speaks != (len(letter.Attachments) > 0) {
		t.Errorf("there are %d attachments, that it speaks of them is %v", len(letter.Attachments), speaks)
	}
	if len(letter.Attachments) == 0 {
		return
	}
	files := map[string]string{}
	for _, a := range letter.Attachments {
		files[a.Name] = a.Content
	}
	for _, r := range records {
		name := r.Domain + "-" + r.Selector
		if got := files[name+".txt"]; got != r.Value() {
			t.Errorf("%s.txt is %q", name, got)
		}
		split, ok := files[name+"-split.txt"]
		if long := r.Type() == "TXT" && len(r.Value()) > 255; ok != long {
			t.Errorf("that there is %s-split.txt is %v", name, ok)
		} else if long && strings.NewReplacer(`"`, "", " ", "").Replace(split) != r.Value() {
			t.Errorf("%s-split.txt is %q", name, split)
		}
	}
}

// Texts of others cannot forge a line, hide one, or become a part of the template.
func TestHostileTexts(t *testing.T) {
	l, err := LoadLetters("", senders)
	if err != nil {
		t.Fatal(err)
	}
	const evil = "a\r\nBcc: victim@example.com\r\n\r\n弊社が保証します\x00\x1b[2J\u202e{{.Company}}<script>"
	hostile := finding.Finding{Severity: finding.Error, Code: "hostile", Server: evil, Text: finding.Text{En: evil, Ja: evil}, Hint: finding.Text{En: evil, Ja: evil}}
	for _, name := range Names {
		for _, lang := range []string{"ja", "en"} {
			letter, err := l.Write(name, lang, Facts{
				Domain: "example.jp", Zone: "example.jp", NameServer: Ours, MailServer: Elsewhere, Day: aDay,
				Records:  []record.Record{aRecord},
				SPF:      &SPFChange{Domain: "example.jp", Found: evil, Value: evil, Findings: []finding.Finding{hostile}},
				Advice:   []finding.Text{{En: evil, Ja: evil}},
				Findings: []finding.Finding{hostile},
				Requests: []Request{{DKIM, evil, evil}},
			})
			if err != nil {
				t.Fatal(err)
			}
			if text := letter.Subject + letter.Body; strings.ContainsAny(text, "\r\x00\x1b\u202e") || strings.Contains(text, "\nBcc:") || strings.Contains(text, "\n弊社が保証") {
				t.Errorf("%s in %s: %s", name, lang, text)
			}
			if strings.Contains(letter.Subject, "\n") || strings.Contains(letter.Subject, "Bcc") {
				t.Errorf("the subject of %s is %q", name, letter.Subject)
			}
		}
	}
}

// A changed letter is taken if it has what it must.
func TestChangedLetters(t *testing.T) {
	builtIn, err := BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		file    string
		changed func(string) string
		wrong   string // what the error says behind the file's name
	}{
		"unchanged": {"publish.ja.txt", func(s string) string { return s }, ""},
		"other words": {"publish.ja.txt", func(s string) string {
			return strings.ReplaceAll(s, "お手数ですが、", "恐れ入りますが、")
		}, ""},
		"value in a sentence": {"parts.ja.txt", func(s string) string {
			return strings.Replace(s, "値( VALUE ):\n{{.Value}}\n\n{{end}}{{end}}", "値:{{.Value}}\n\n{{end}}{{end}}", 1)
		},
			"{{.Value}} of {{.Records}}, on a line of its own, is missing"},
		"no relative host": {"parts.en.txt", func(s string) string { return strings.ReplaceAll(s, `"{{.RelativeHost}}"`, "the host") }, "{{.RelativeHost}} of {{.Records}} is missing"},
		"no records":       {"rotate.en.txt", func(s string) string { return strings.ReplaceAll(s, `{{template "records" .}}`, "") }, "{{.Host}} of {{.Records}} is missing"},
		"no SPF":           {"publish.en.txt", func(s string) string { return strings.ReplaceAll(s, `{{template "spf" .}}`, "") }, "{{.Value}} of {{.SPF}}, on a line of its own, is missing"},
		"no findings":      {"wrong.ja.txt", func(s string) string { return strings.ReplaceAll(s, `{{template "problems" .}}`, "") }, "{{.Text}} of {{.Problems}} is missing"},
		"no day":           {"done.ja.txt", func(s string) string { return strings.ReplaceAll(s, "{{.Day}}に", "") }, "{{.Day}} is missing"},
		"no warning":       {"remove.ja.txt", func(s string) string { return strings.ReplaceAll(s, ".InUse", ".Records") }, "{{.Host}} of {{.InUse}} is missing"},
		"no request":       {"entered.en.txt", func(s string) string { return strings.ReplaceAll(s, `{{template "requests" .}}`, "") }, "{{.Host}} of {{.Requests}} is missing"},
		"no domain":        {"signing.en.txt", func(s string) string { return strings.Replace(s, "{{.Domain}}", "yours", 1) }, "the subject does not have {{.Domain}}"},
		"no subject":       {"guide.en.txt", func(string) string { return "" }, "its first line has to be the subject"},
		"not a template":   {"guide.en.txt", func(string) string { return "Subject: {{.Domain" }, "unclosed action"},
		"unknown field":    {"guide.en.txt", func(s string) string { return s + "{{.Secret}}" }, "can't evaluate field Secret"},
		"a time of day": {"accepted.ja.txt", func(s string) string { return strings.Replace(s, "弊社営業時間内に", "午前中に", 1) },
			`: a time of day is promised, which no letter may do: "午前"`},
		"at once":     {"done.en.txt", func(s string) string { return s + "It works immediately.\n" }, `: a time of day is promised, which no letter may do: "immediately"`},
		"a guarantee": {"entered.en.txt", func(s string) string { return s + "We guarantee that it works.\n" }, `: something is guaranteed, which no letter may do: "guarantee"`},
		"certain arrival": {"parts.ja.txt", func(s string) string {
			return "{{/* a comment */}}\n" + s + "\n設定後は、メールが必ず届くようになります。\n"
		},
			`: something is guaranteed, which no letter may do: "必ず"`},
		"the manual's own rules": {"accepted.ja.txt", func(s string) string {
			return strings.Replace(s, "弊社営業時間内に", "弊社営業時間(平日10時~17時)内に", 1) + "即日変更のご依頼は【16時まで】とさせていただいております。\n動作を保証するものではございません。\n必ず SPF と DKIM の設定が完了していることをご確認ください。\n"
		}, ""},
		"a full-width colon": {"done.ja.txt", func(s string) string { return strings.Replace(s, "件名: ", "件名：", 1) }, ""},
		"a byte order mark":  {"done.ja.txt", func(s string) string { return "\ufeff" + s }, ""},
		"not in UTF-8":       {"done.ja.txt", func(s string) string { return s + "\x82\xa0" }, "it is not in UTF-8"},
		"its own lines":      {"done.ja.txt", func(s string) string { return "件名: {{.Domain}}\n\n{{.Domain" }, "done.ja.txt:3: unclosed action"},
		"what an editor has": {"done.ja.txt~", func(string) string { return "" }, ""},
		"a swap file":        {".done.ja.txt.swp", func(string) string { return "\xff" }, ""},
		"unknown letter":     {"publish.fr.txt", func(string) string { return "" }, "there is no letter of this name"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, test.file)
			if err := os.WriteFile(path, []byte(test.changed(builtIn[test.file])), 0o644); err != nil {
				t.Fatal(err)
			}
			l, err := LoadLetters(dir, senders)
			if test.wrong == "" && err == nil {
				letter, err := l.Write(Done, "ja", sample)
				if err != nil || strings.HasPrefix(letter.Subject, "件名") {
					t.Errorf("the subject is %q, %v", letter.Subject, err)
				}
			}
			switch {
			case test.wrong == "" && err != nil:
				t.Error(err)
			case test.wrong != "" && (err == nil || !strings.Contains(err.Error(), test.wrong) || !strings.HasPrefix(err.Error(), path+":")):
				t.Errorf("the error is %v, want %s", err, test.wrong)
			}
		})
	}
}

// Names and tags stay as they are, also at the beginning of a sentence.
func TestSentences(t *testing.T) {
	for _, test := range []struct {
		lang, text, want string
	}{
		{"en", "the value is missing", "The value is missing."},
		{"en", "without rua=, nobody sends reports", "Without rua=, nobody sends reports."},
		{"en", "example.jp has no SPF record", "example.jp has no SPF record."},
		{"en", "v=DKIM1 is missing", "v=DKIM1 is missing."},
		{"en", "+all lets everybody send", "+all lets everybody send."},
		{"ja", "example.jp のレコードがありません", "example.jp のレコードがありません。"},
		{"ja", "値がありません。", "値がありません。"},
		{"en", "", ""},
	} {
		if got := textIn(test.lang, finding.Text{En: test.text, Ja: test.text}); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}

// What a letter may not say, and what it may, though it sounds similar.
func TestPromises(t *testing.T) {
	for _, test := range []struct{ lang, text, want string }{
		{"ja", "午前中に実施いたします。", "1: 午前"},
		{"ja", "設定予定日\n\n15時頃に完了します。", "3: 5時"},
		{"ja", "15:30までに完了します。", "1: 15:30"},
		{"ja", "１６：００に完了します。", "1: ６：０"},
		{"ja", "即時反映されます。", "1: 即時"},
		{"ja", "即日設定いたします。", "1: 即日"},
		{"ja", "直ちに設定いたします。", "1: 直ちに"},
		{"ja", "24時間以内に設定いたします。", "1: 4時"},
		{"ja", "動作を保証します。", "1: 保証"},
		{"ja", "動作を保証しますので心配ありません。", "1: 保証"},
		{"ja", "必ず届きます。", "1: 必ず"},
		{"ja", "必ず届きますので、ご確認ください。", "1: 必ず"},
		{"ja", "確実に届きます。", "1: 確実"},
		{"ja", "値に問題ございません。", "1: 問題ございません"},
		{"ja", "弊社営業時間(平日10時~17時)内にて\n即時に実施いたします。", "2: 即時"},
		{"ja", "動作を保証いたしかねます。", ""},
		{"ja", "動作の保証はできません。", ""},
		{"ja", "内容を保証するものではございません。", ""},
		{"ja", "内容は保証しておりません。", ""},
		{"ja", "必ず SPF と DKIM の設定が完了していることをご確認の上でご依頼ください。", ""},
		{"ja", "一時的に反映されない場合がございます。", ""},
		{"ja", "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 ~all", ""},
		{"en", "It is done at 4 pm.", "1: 4 pm"},
		{"en", "It is done by 16:00.", "1: 16:00"},
		{"en", "It is done\ntoday.", "2: today"},
		{"en", "It is done within 2 hours.", "1: within 2 hours"},
		{"en", "We guarantee it.", "1: guarantee"},
		{"en", "We make sure that it works.", "1: We make sure"},
		{"en", "The value is correct.", "1: is correct"},
		{"en", "Your mail certainly arrives.", "1: certainly"},
		{"en", "We do not guarantee it.", ""},
		{"en", "There is no guarantee that it works.", ""},
		{"en", "We do not say whether the value is correct.", ""},
		{"en", "Please make sure that SPF stands.", ""},
		{"en", "We work in our office hours (10:00 to 17:00).", ""},
	} {
		got := ""
		for _, promise := range promisesIn(test.lang, test.text) {
			line, found, _ := strings.Cut(promise.Error(), ": ")
			got = line + ": " + strings.Trim(found[strings.LastIndex(found, ": ")+2:], `"`)
			break
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.text, got, test.want)
		}
	}
}

// What customers read of findings has nothing of our program, and no promise.
func TestFindingsInLetters(t *testing.T) {
	ours := []finding.Code{dnscheck.TargetMissing, dnscheck.StillPublished, request.ReceivedUnknown} // for support alone
	urgent := []finding.Code{dnscheck.PrivateKey}                                                    // not for us
	for _, table := range []finding.Table{dnscheck.Codes(), lint.Codes(), request.Codes(), calendar.Codes(), table} {
		for _, f := range table.All() {
			if f.Severity == finding.Info || slices.Contains(ours, f.Code) || request.IsForStaff(f) {
				continue
			}
			for lang, text := range map[string]string{"ja": f.Text.Ja + "\n" + f.Hint.Ja, "en": f.Text.En + "\n" + f.Hint.En} {
				if promises := promisesIn(lang, text); promises != nil && !slices.Contains(urgent, f.Code) {
					t.Errorf("%s: %v", f.Code, promises)
				}
				for why, pattern := range style[lang] {
					if found := pattern.FindString(text); found != "" {
						t.Errorf("%s: %s: %q", f.Code, why, found)
					}
				}
			}
		}
	}
}

// The letters' values decode to what they were made of.
func TestValueByteForByte(t *testing.T) {
	l, err := LoadLetters("", senders)
	if err != nil {
		t.Fatal(err)
	}
	letter, err := l.Write(Publish, "ja", Facts{Domain: "example.jp", Zone: "example.jp", Records: []record.Record{aRecord}})
	if err != nil {
		t.Fatal(err)
	}
	_, p, _ := strings.Cut(letter.Body, ";p=")
	p, _, _ = strings.Cut(p, "\n")
	if public, err := base64.StdEncoding.DecodeString(p); err != nil || string(public) != string(key.Public) {
		t.Errorf("p= is %q, %v", public, err)
	}
}
