package lint

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"dkimd/internal/nameserver"
	"dkimd/internal/testenv"
	"dkimd/keys/finding"
	"dkimd/keys/record"
)

// world is all there is of DNS: the root with a subdomain of test for each case,
// and the zone example, which has no answer to anything.
type world struct {
	port     string
	resolver Resolver
}

// newWorld starts a BIND that has these zones of subdomains, by name.
func newWorld(t *testing.T, subdomains map[string]string) world {
	t.Helper()
	testenv.NeedProgram(t, "named")
	var zone strings.Builder
	zone.WriteString("$TTL 60\n. SOA ns.test. root.test. 1 60 60 60 60\n. NS ns.test.\nns.test. A 127.0.0.1\n")
	for name, records := range subdomains {
		fmt.Fprintf(&zone, "$ORIGIN %s.test.\n%s\n", name, records)
	}
	port := nameserver.StartBIND(t, `
zone "." { type primary; file "root"; check-names ignore; check-mx ignore; check-spf ignore; };
zone "example" { type primary; file "missing"; };
`, map[string]string{"root": zone.String()})
	return world{port, NewResolver("127.0.0.1:"+port, 5*time.Second, nil)}
}

// txt returns a TXT record in a zone file.
func txt(name, value string) string {
	var quoted []string
	for _, part := range record.Split(value) {
		var b strings.Builder
		for _, c := range []byte(part) {
			if c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
				fmt.Fprintf(&b, `\%03d`, c)
			} else {
				b.WriteByte(c)
			}
		}
		quoted = append(quoted, `"`+b.String()+`"`)
	}
	return name + " TXT " + strings.Join(quoted, " ") + "\n"
}

func codes(list []finding.Finding) string {
	var codes []string
	for _, f := range list {
		if code := string(f.Code); !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	return strings.Join(codes, " ")
}

// checkTexts: a finding says everything in both languages, nothing in it moves a
// terminal's cursor, and everything is filled in.
func checkTexts(t *testing.T, list []finding.Finding) {
	t.Helper()
	for _, f := range list {
		for _, text := range []string{f.Text.En, f.Text.Ja, f.Hint.En, f.Hint.Ja} {
			if text == "" || len(text) > 1200 {
				t.Errorf("%s: text %q", f.Code, text)
			}
			if strings.ContainsFunc(text, func(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0xfffd }) {
				t.Errorf("%s: control characters in %q", f.Code, text)
			}
			for _, name := range placeholders {
				if strings.Contains(text, name) {
					t.Errorf("%s: %s is not filled in: %s", f.Code, name, text)
				}
			}
		}
	}
}

var placeholders = []string{
	"{address}", "{authorization}", "{bits}", "{character}", "{count}", "{domain}", "{error}", "{found}", "{host}", "{include}",
	"{label}", "{length}", "{name}", "{network}", "{part}", "{recipient}", "{record}", "{relative}", "{size}", "{tag}", "{target}", "{term}", "{terms}", "{value}",
}
