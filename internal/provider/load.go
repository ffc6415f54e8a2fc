package provider

import (
	_ "embed"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"
	"unicode"

	"dkimd/internal/config"
	"dkimd/keys/finding"
)

//go:embed providers.toml
var embedded string

// Load returns the providers that are known, after those in a file of the same
// form; an empty path is no such file.
func Load(path string) (Table, error) {
	known, err := parse("providers.toml", embedded)
	if err != nil || path == "" {
		return known, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	own, err := parse(path, string(text))
	if err != nil {
		return nil, err
	}
	return append(own, known...), nil
}

func parse(path, text string) (Table, error) {
	var file struct {
		Providers Table `toml:"provider"`
	}
	err := config.Decode(path, text, &file, func(problem func(key, format string, args ...any)) {
		seen := map[string]bool{}
		for i, p := range file.Providers {
			p.check(seen, func(key, format string, args ...any) {
				problem(fmt.Sprintf("provider[%d].%s", i+1, key), format, args...)
			})
		}
	})
	return file.Providers, err
}

// namePattern is the form of what [matches] takes. Its last two labels say
// something: the name servers of a whole top-level domain are nobody's.
var namePattern = regexp.MustCompile(`^([a-z0-9*-]+\.)*[a-z0-9*-]*[a-z0-9][a-z0-9*-]*\.[a-z0-9-]+$`)

// check notes what is wrong with a provider. Seen are the patterns of the
// providers before it.
func (p Provider) check(seen map[string]bool, problem func(key, format string, args ...any)) {
	if p.Name == (finding.Text{}) {
		problem("name", "it is missing: write name.en and name.ja")
	}
	if len(p.NameServers) == 0 {
		problem("name_servers", "it is missing: it lists the ends of the name servers' names")
	}
	for _, pattern := range p.NameServers {
		if !namePattern.MatchString(pattern) {
			problem("name_servers", "%q is not the end of a name: write it like ns.example.net or ns-*.example.net, in lower case", pattern)
		}
		if seen[pattern] {
			problem("name_servers", "%q stands twice", pattern)
		}
		seen[pattern] = true
	}
	if p.Host != "" && hostTexts[p.Host] == (finding.Text{}) {
		problem("host", "%q is not one of relative, fqdn, fqdn-dot", p.Host)
	}
	if p.AppendsDomain && p.Host != "relative" {
		problem("appends_domain", `where the panel appends the domain, host is "relative"`)
	}
	if p.Value != "" && valueTexts[p.Value] == (finding.Text{}) {
		problem("value", "%q is not one of plain, quoted, split", p.Value)
	}
	if p.MaxValue < 0 {
		problem("max_value", "%d is less than nothing", p.MaxValue)
	}
	checkText("name", p.Name, problem)
	checkText("txt_note", p.TXTNote, problem)
	checkText("cname_note", p.CNAMENote, problem)
	if len(p.Sources) == 0 {
		problem("sources", "it is missing: it says where all this is written")
	}
	if _, err := time.Parse(time.DateOnly, p.Date); err != nil {
		problem("date", "%q is not the day on which the sources were read, written like 2026-01-31", p.Date)
	}
}

func checkText(key string, text finding.Text, problem func(key, format string, args ...any)) {
	switch {
	case text.En == "" && text.Ja != "":
		problem(key+".ja", "it is in Japanese only: write %s.en too", key)
	case text.Ja == "" && text.En != "":
		problem(key+".en", "it is in English only: write %s.ja too", key)
	case strings.ContainsFunc(text.En, unicode.IsControl):
		problem(key+".en", "it has to be one line")
	case strings.ContainsFunc(text.Ja, unicode.IsControl):
		problem(key+".ja", "it has to be one line")
	}
}
