package desk

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
	"unicode/utf8"

	"dkimd/internal/desk/calendar"
	"dkimd/internal/lint"
	"dkimd/keys/finding"
	"dkimd/keys/record"
)

//go:embed letters
var embedded embed.FS

// parts is the file of what letters have in common.
const parts = "parts"

// Letters are the templates of all letters.
type Letters struct {
	senders   map[string]Sender // by language
	templates map[string]*template.Template
}

// LoadLetters reads the letters: those in a directory in place of the built-in ones
// that have the same file name. An empty path means the built-in ones alone. The
// error joins all that is wrong with them.
func LoadLetters(dir string, senders map[string]Sender) (*Letters, error) {
	texts, err := BuiltIn()
	if err != nil {
		return nil, err
	}
	var problems []error
	changed := map[string]string{} // the paths of those that are not built in
	if dir != "" {
		files, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			name, path := file.Name(), filepath.Join(dir, file.Name())
			if filepath.Ext(name) != ".txt" { // what editors leave
				continue
			}
			if _, ok := texts[name]; !ok {
				problems = append(problems, fmt.Errorf("%s: there is no letter of this name", path))
				continue
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			if !utf8.Valid(text) {
				problems = append(problems, fmt.Errorf("%s: it is not in UTF-8", path))
				continue
			}
			texts[name], changed[name] = strings.TrimPrefix(string(text), "\ufeff"), path
			for _, promise := range promisesIn(langOf(name), texts[name]) {
				problems = append(problems, fmt.Errorf("%s:%w", path, promise))
			}
		}
	}
	l := &Letters{senders: senders, templates: map[string]*template.Template{}}
	for _, lang := range []string{"ja", "en"} {
		common := fileName(parts, lang)
		shared, err := template.New(common).Parse(texts[common])
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", changed[common], err))
			continue
		}
		for _, name := range Names {
			file := fileName(string(name), lang)
			err := l.parse(shared, file, texts[file])
			if err == nil {
				err = l.check(name, lang)
			}
			if err != nil {
				place := cmp.Or(changed[file], changed[common])
				problems = append(problems, fmt.Errorf("%s: the letter %s: %w", place, name, err))
			}
		}
	}
	return l, errors.Join(problems...)
}

// BuiltIn returns the built-in letters by file name.
func BuiltIn() (map[string]string, error) {
	texts := map[string]string{}
	err := fs.WalkDir(embedded, "letters", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := embedded.ReadFile(path)
		texts[entry.Name()] = string(text)
		return err
	})
	return texts, err
}

func fileName(name, lang string) string { return name + "." + lang + ".txt" }

// langOf returns the language of a file with a name that [fileName] made.
func langOf(file string) string { return strings.Split(file, ".")[1] }

// parse parses a letter, beside what letters have in common.
func (l *Letters) parse(shared *template.Template, file, text string) error {
	own, err := shared.Clone()
	if err != nil {
		return err
	}
	l.templates[file], err = own.New(file).Parse(text)
	return err
}

// Write writes a letter. Lang is ja or en.
func (l *Letters) Write(name Name, lang string, facts Facts) (Letter, error) {
	parsed := l.templates[fileName(string(name), lang)]
	if parsed == nil {
		return Letter{}, fmt.Errorf("there is no letter %q in the language %q", name, lang)
	}
	var text strings.Builder
	if err := parsed.Execute(&text, facts.in(lang, l.senders[lang])); err != nil {
		return Letter{}, err
	}
	subject, body, ok := strings.Cut(strings.TrimSpace(text.String()), "\n")
	for _, label := range []string{"件名:", "件名：", "Subject:"} {
		subject = strings.TrimSpace(strings.TrimPrefix(subject, label))
	}
	if !ok || subject == "" {
		return Letter{}, errors.New("its first line has to be the subject")
	}
	letter := Letter{Name: name, Lang: lang, Subject: subject, Body: strings.TrimSpace(body) + "\n"}
	if slices.Contains([]Name{Publish, Rotate, Wrong}, name) {
		letter.Attachments = Attachments(facts.Records)
	}
	return letter, nil
}

// needs lists what a letter has to have, whoever changes it.
var needs = map[Name][]need{
	Guide:    {steps},
	Publish:  {host, relativeHost, value, spfValue},
	Rotate:   {host, relativeHost, value},
	Wrong:    {host, relativeHost, value, problem},
	Signing:  {day, host},
	Done:     {day, host},
	Remove:   {host, inUse},
	Entered:  {day, requestHost, requestValue},
	Accepted: {day, moved, requestHost, requestValue},
	Missing:  {problem, doubt, forms},
}

// need is something that a letter has to have.
type need struct {
	field string // as templates write it
	in    func(body string, c content) bool
}

var (
	host         = has("{{.Host}} of {{.Records}}", func(c content) string { return c.Records[0].Host })
	value        = hasAlone("{{.Value}} of {{.Records}}", func(c content) string { return c.Records[0].Value })
	inUse        = has("{{.Host}} of {{.InUse}}", func(c content) string { return c.InUse[0].Host })
	spfValue     = hasAlone("{{.Value}} of {{.SPF}}", func(c content) string { return c.SPF.Value })
	problem      = has("{{.Text}} of {{.Problems}}", func(c content) string { return c.Problems[0].Text })
	doubt        = has("{{.Doubts}}", func(c content) string { return c.Doubts[0] })
	moved        = has("{{.Moved}}", func(c content) string { return c.Moved[0] })
	forms        = has("{{.Forms}}", func(c content) string { return c.Forms[0] })
	day          = has("{{.Day}}", func(c content) string { return c.Day })
	steps        = has("{{.Text}} of {{.Steps}}", func(c content) string { return c.Steps[0].Text })
	requestHost  = has("{{.Host}} of {{.Requests}}", func(c content) string { return c.Requests[0].Host })
	requestValue = hasAlone("{{.Value}} of {{.Requests}}", func(c content) string { return c.Requests[0].Value })

	// The host begins with the relative host, which has to be there besides.
	relativeHost = need{"{{.RelativeHost}} of {{.Records}}", func(body string, c content) bool {
		r := c.Records[0]
		return strings.Contains(strings.ReplaceAll(body, r.Host, ""), r.RelativeHost)
	}}
)

func has(field string, text func(content) string) need {
	return need{field, func(body string, c content) bool { return strings.Contains(body, text(c)) }}
}

func hasAlone(field string, text func(content) string) need {
	return need{field + ", on a line of its own,", func(body string, c content) bool {
		return slices.Contains(strings.Split(body, "\n"), text(c))
	}}
}

// check writes a letter about sample facts and says what it has not.
func (l *Letters) check(name Name, lang string) error {
	letter, err := l.Write(name, lang, sample)
	if err != nil {
		return err
	}
	if !strings.Contains(letter.Subject, sample.Domain) {
		return errors.New("the subject does not have {{.Domain}}")
	}
	c := sample.in(lang, l.senders[lang])
	var missing []error
	for _, n := range needs[name] {
		if !n.in(letter.Body, c) {
			missing = append(missing, fmt.Errorf("%s is missing", n.field))
		}
	}
	return errors.Join(missing...)
}

// sample has one of everything.
var sample = Facts{
	Domain:     "example.jp",
	Zone:       "example.jp",
	NameServer: Ours,
	MailServer: Elsewhere,
	Day:        calendar.Date{Year: 2026, Month: 11, Day: 25},
	Records:    []record.Record{{Domain: "example.jp", Selector: "sample-new", Key: record.Key{Algorithm: record.RSA, Public: []byte("sample")}}},
	InUse:      []record.Record{{Domain: "example.jp", Selector: "sample-used", Key: record.Key{Algorithm: record.RSA, Public: []byte("sample")}}},
	SPF:        &SPFChange{Domain: "example.jp", Value: "v=spf1 include:_spf.sample.example ~all"},
	Findings: []finding.Finding{
		table.New(MixedNameServers, "ours", "ns.sample.example", "others", "ns.other.example"),
		calendar.Codes().New(calendar.ClosedDay, "asked", "sample day", "asked_ja", "見本の日"),
	},
	Doubts:   []finding.Finding{lint.Codes().New(lint.DKIMNoSelector)},
	Requests: []Request{{DKIM, "sample-other._domainkey.example.jp", "v=DKIM1;k=rsa;p=c2FtcGxl"}},
}
