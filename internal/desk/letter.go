package desk

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"dkimd/internal/desk/calendar"
	"dkimd/internal/lint"
	"dkimd/keys/finding"
	"dkimd/keys/record"
)

// Name names a letter.
type Name string

const (
	Guide    Name = "guide"    // how each method is set up, by whom
	Publish  Name = "publish"  // a first record to publish
	Rotate   Name = "rotate"   // a new record, beside the one in use
	Wrong    Name = "wrong"    // what is wrong with the record
	Signing  Name = "signing"  // the customer's record is seen, we sign
	Done     Name = "done"     // we have published the record, and sign
	Remove   Name = "remove"   // an old record may go
	Entered  Name = "entered"  // we have entered another company's record
	Accepted Name = "accepted" // a request is accepted
	Missing  Name = "missing"  // a request lacks something
)

// Names lists the letters.
var Names = []Name{Guide, Publish, Rotate, Wrong, Signing, Done, Remove, Entered, Accepted, Missing}

// Sender is who signs letters, in one language.
type Sender struct {
	Company   string // may be empty
	Support   string
	Signature []string
}

// Facts are what a letter is about. Each letter takes what it needs of them.
type Facts struct {
	Domain     string
	Zone       string // that the domain is in; what panels append
	NameServer Side
	MailServer Side
	Day        calendar.Date     // when it was done, or will be
	Records    []record.Record   // to publish, in use, or to remove
	InUse      []record.Record   // that have to stay where others may go
	Signing    bool              // with keys whose records are wrong
	Already    bool              // it was set up before it was asked for
	SPF        *SPFChange        // nil: says nothing of SPF
	Advice     []finding.Text    // for the panel
	Findings   []finding.Finding // of the check, or of the request
	Doubts     []finding.Finding // about values of the customer's own
	Requests   []Request
}

// Request is what a customer asks for. A host may be missing, or a value.
type Request struct {
	Method Method
	Host   string
	Value  string
}

// recordType returns the type of the record: other companies have CNAMEs for DKIM,
// whose value is a name.
func (r Request) recordType() string {
	switch {
	case r.Value == "":
		return ""
	case r.Method == DKIM && lint.IsTarget(r.Value):
		return "CNAME"
	}
	return "TXT"
}

// Letter is a letter to a customer, ready to be sent.
type Letter struct {
	Name        Name         `json:"letter"`
	Lang        string       `json:"lang"`
	Subject     string       `json:"subject"`
	Body        string       `json:"body"`
	Attachments []Attachment `json:"attachments,omitempty"`
}

// Attachment is a file to attach: mail programs fold long lines.
type Attachment struct {
	Name    string `json:"name"`
	Content string `json:"content"`
}

// content is what templates see: everything in the letter's language.
type content struct {
	Sender
	Domain         string
	OurNameServers bool
	OurMailServer  bool
	Day            string
	Records        []recordText
	InUse          []recordText
	LongValue      bool // one of the records has a split form to attach
	Signing        bool
	Already        bool
	SPF            *spfText
	Advice         []string
	Problems       []problemText
	Doubts         []string
	Moved          []string // why it is another day than was wished for
	Needed         string   // what is to be asked for, since DMARC presupposes it
	Awaited        string   // what is set before DMARC
	Steps          []stepText
	HandOut        bool // one of them begins with a question to us
	Requests       []requestText
	Values         bool   // the requests give some
	Methods        string // of the requests
	Forms          []string
}

type recordText struct {
	Host, RelativeHost, Type, Value string
}

type spfText struct {
	Host, RelativeHost     string // the latter empty at the top of the zone
	Found, Value           string
	Add, Change, Unchanged bool
	Problems               []problemText
}

type problemText struct {
	Text, Hint, Server string
}

type stepText struct {
	Method Method
	Text   string
}

type requestText struct {
	Method            Method
	Host, Type, Value string
}

// in returns the facts as templates see them.
func (f Facts) in(lang string, sender Sender) content {
	c := content{
		Sender:         sender,
		Domain:         f.Domain,
		OurNameServers: f.NameServer == Ours,
		OurMailServer:  f.MailServer == Ours,
		Day:            dayIn(lang, f.Day),
		Records:        f.records(f.Records),
		InUse:          f.records(f.InUse),
		Signing:        f.Signing,
		Already:        f.Already,
		Problems:       problemsIn(lang, f.Findings),
		Moved:          f.moved(lang),
		Needed:         listIn(lang, f.methods(needed)),
		Awaited:        listIn(lang, f.methods(awaited)),
	}
	if len(f.Doubts) > 0 {
		c.Problems = problemsIn(lang, errorsOf(f.Findings))
	}
	for _, doubt := range f.Doubts {
		c.Doubts = append(c.Doubts, textIn(lang, doubt.Text))
	}
	for _, r := range f.Records {
		c.LongValue = c.LongValue || hasSplit(r)
	}
	if f.SPF != nil {
		c.SPF = f.SPF.in(lang, f.Zone)
	}
	for _, text := range f.Advice {
		c.Advice = append(c.Advice, textIn(lang, text))
	}
	for _, cell := range CellsOf(f.NameServer, f.MailServer) {
		c.Steps = append(c.Steps, stepText{cell.Method, textIn(lang, cell.Customer)})
		c.HandOut = c.HandOut || cell.HandOut
	}
	c.Forms = f.forms()
	var methods []Method
	for _, r := range f.Requests {
		c.Values = c.Values || r.Value != ""
		c.Requests = append(c.Requests, requestText{r.Method, plain(r.Host), r.recordType(), plain(r.Value)})
		if !slices.Contains(methods, r.Method) {
			methods = append(methods, r.Method)
		}
	}
	c.Methods = listIn(lang, methods)
	return c
}

// listIn returns methods as a list within a sentence.
func listIn(lang string, methods []Method) string {
	var names []string
	for _, m := range methods {
		names = append(names, string(m))
	}
	return strings.Join(names, map[string]string{"ja": "・", "en": ", "}[lang])
}

// moved returns why it is another day than was wished for.
func (f Facts) moved(lang string) []string {
	var reasons []string
	for _, one := range f.Findings {
		if calendar.MovesDay(one) {
			reasons = append(reasons, textIn(lang, one.Text))
		}
	}
	return reasons
}

// methods returns those that the findings are about.
func (f Facts) methods(about map[finding.Code]Method) []Method {
	var methods []Method
	for _, m := range []Method{SPF, DKIM} {
		if slices.ContainsFunc(f.Findings, func(one finding.Finding) bool { return about[one.Code] == m }) {
			methods = append(methods, m)
		}
	}
	return methods
}

func (f Facts) records(list []record.Record) []recordText {
	var texts []recordText
	for _, r := range list {
		texts = append(texts, recordText{r.Host(), r.RelativeTo(f.Zone), r.Type(), r.Value()})
	}
	return texts
}

// forms returns the request forms that the customer may have to send: those of the
// methods asked for, or of all. They are in Japanese in each letter, since that is
// how they are read.
func (f Facts) forms() []string {
	list := CellsOf(f.NameServer, f.MailServer)
	if list == nil {
		list = []Cell{{Method: SPF, Requested: true}, {Method: DKIM, Requested: true}, {Method: DMARC, Requested: true}}
	}
	var forms []string
	for _, c := range list {
		asked := slices.Contains(f.methods(needed), c.Method)
		given := false // a value of the customer's
		for _, r := range f.Requests {
			if r.Method == c.Method {
				asked, given = true, given || r.Host != "" || r.Value != ""
			}
		}
		switch {
		case len(f.Requests) > 0 && !asked, !c.Requested && (!asked || f.NameServer == Elsewhere):
		case c.Value == FromUs && c.Method == DKIM && !given:
			forms = append(forms, "【"+string(c.Method)+"の設定を希望します】\nドメイン名:\n設定希望日(営業日のみ):")
		default:
			forms = append(forms, "【"+string(c.Method)+"の設定を希望します】\nホスト名(ドメイン名):\n値( VALUE ):\n設定希望日(営業日のみ):")
		}
	}
	return forms
}

// problemsIn returns what customers have to know of findings: the errors, or if
// there are none, the warnings.
func problemsIn(lang string, findings []finding.Finding) []problemText {
	var texts []problemText
	for _, f := range findings {
		if f.IsError() || f.Severity == finding.Warning && !finding.HasError(findings) {
			texts = append(texts, problemText{textIn(lang, f.Text), textIn(lang, f.Hint), plain(f.Server)})
		}
	}
	return texts
}

func errorsOf(findings []finding.Finding) []finding.Finding {
	return slices.DeleteFunc(slices.Clone(findings), func(f finding.Finding) bool { return !f.IsError() })
}

// textIn returns a text as a sentence.
func textIn(lang string, text finding.Text) string {
	if lang == "ja" {
		return ended(plain(text.Ja), "。")
	}
	sentence := ended(plain(text.En), ".")
	// A host or a tag at its beginning stays as it is.
	if word, _, _ := strings.Cut(sentence, " "); word == "" || strings.Trim(word, "abcdefghijklmnopqrstuvwxyz',:") != "" {
		return sentence
	}
	first, size := utf8.DecodeRuneInString(sentence)
	return string(unicode.ToUpper(first)) + sentence[size:]
}

func ended(text, end string) string {
	if text == "" || strings.HasSuffix(text, end) {
		return text
	}
	return text + end
}

// plain takes away what is not for print: texts come from DNS and from customers,
// and a line of theirs must not look like one of ours.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) {
			return utf8.RuneError
		}
		return r
	}, text)
}

func dayIn(lang string, d calendar.Date) string {
	if lang == "ja" {
		return d.Japanese()
	}
	return d.English()
}

// Attachments returns a file with the value of each record, without anything at
// its end that could be copied along, and one with its split form.
func Attachments(records []record.Record) []Attachment {
	var files []Attachment
	for _, r := range records {
		name := r.Domain + "-" + r.Selector
		files = append(files, Attachment{name + ".txt", r.Value()})
		if hasSplit(r) {
			files = append(files, Attachment{name + "-split.txt", r.Data()})
		}
	}
	return files
}

// hasSplit says whether a value does not fit one string.
func hasSplit(r record.Record) bool {
	return r.Type() == "TXT" && len(record.Split(r.Value())) > 1
}
