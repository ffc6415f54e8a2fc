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
)

var update = flag.Bool("update", false, "write what is read now to testdata")

// office is closed on these days too, and morning is when mails came that do not
// say it: on a Wednesday morning.
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
		got := reading(t, Read(content, morning, office))
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
