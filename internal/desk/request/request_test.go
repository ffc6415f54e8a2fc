package request

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dkimd/internal/desk/calendar"
	"dkimd/keys/finding"
)

var update = flag.Bool("update", false, "write what is read now to testdata")

// office is closed on these days too, and morning is when texts came, and when mails
// are read: on a Wednesday morning.
var (
	office  = calendar.New(calendar.Date{Year: 2026, Month: 12, Day: 30}, calendar.Date{Year: 2026, Month: 12, Day: 31})
	morning = time.Date(2026, 11, 25, 10, 0, 0, 0, time.FixedZone("JST", 9*60*60))
)

// mails returns the names of the mails in testdata.
func mails(t testing.TB) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"testdata/*.txt", "testdata/*.eml"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatal(pattern, err)
		}
		all = append(all, names...)
	}
	return all
}

// reading is a Mail with the codes of its findings alone, to be read by people.
func reading(t *testing.T, m Mail) []byte {
	t.Helper()
	content, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := json.Unmarshal(content, &tree); err != nil {
		t.Fatal(err)
	}
	codesAlone(tree)
	for _, r := range tree["requests"].([]any) {
		codesAlone(r.(map[string]any))
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "\t")
	if err := encoder.Encode(tree); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func codesAlone(tree map[string]any) {
	var codes []string
	for _, f := range tree["findings"].([]any) {
		codes = append(codes, f.(map[string]any)["code"].(string))
	}
	tree["findings"] = strings.Join(codes, " ")
}

func TestMailsAreReadAsTheyAreMeant(t *testing.T) {
	for _, path := range mails(t) {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		received := morning
		if strings.HasSuffix(path, ".eml") {
			received = time.Time{} // it says so itself
		}
		got := reading(t, Read(content, received, morning, office))
		golden := path + ".json"
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is read as\n%s\nwant\n%s", path, got, want)
		}
	}
}

// What staff say of the time of receipt counts, then what the mail says. Where nobody
// knows, it is now, and said so.
func TestTimeOfReceipt(t *testing.T) {
	const form = "【DKIMの設定を希望します】\nドメイン名:example.jp\n設定希望日:本日\n"
	const header = "Received: from a by b; Wed, 25 Nov 2026 16:01:00 +0900\nFrom: taro@example.jp\n\n"
	said := time.Date(2026, 11, 27, 15, 0, 0, 0, morning.Location())
	for name, c := range map[string]struct {
		content string
		said    time.Time
		want    string
		known   bool
	}{
		"a text":                        {form, time.Time{}, "2026-11-25", false},
		"a text, and somebody knows":    {form, said, "2026-11-27", true},
		"a mail":                        {header + form, time.Time{}, "2026-11-26", true},
		"a mail, but somebody knows":    {header + form, said, "2026-11-27", true},
		"a mail that has not been sent": {"From: taro@example.jp\n\n" + form, time.Time{}, "2026-11-25", false},
	} {
		m := Read([]byte(c.content), c.said, morning, office)
		if got := m.Requests[0].Date.Date.String(); got != c.want || finding.Has(m.Findings, ReceivedUnknown) == c.known {
			t.Errorf("%s: it is done on %s, with %v, want %s", name, got, m.Findings, c.want)
		}
	}
}
