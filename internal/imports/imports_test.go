// Package imports holds the rules of who may import whom.
package imports

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// down lists, for each package that the programs are made of, what it may import
// of our own: imports run one way. The programs and what only tests use may
// import anything.
var down = map[string][]string{
	"dkimd/keys/record":            {},
	"dkimd/keys/libcrypto":         {},
	"dkimd/keys":                   {"dkimd/keys/libcrypto", "dkimd/keys/record"},
	"dkimd/keys/finding":           {},
	"dkimd/keys/dnscheck":          {"dkimd/keys/finding", "dkimd/keys/record"},
	"dkimd/keys/dnsupdate":         {"dkimd/keys/record"},
	"dkimd/signer":                 {"dkimd/keys", "dkimd/keys/record"},
	"dkimd/signer/milter":          {"dkimd/signer"},
	"dkimd/internal/config":        {},
	"dkimd/internal/desk":          {"dkimd/internal/desk/calendar", "dkimd/internal/desk/request", "dkimd/internal/lint", "dkimd/internal/provider", "dkimd/keys", "dkimd/keys/dnscheck", "dkimd/keys/finding", "dkimd/keys/record"},
	"dkimd/internal/desk/calendar": {"dkimd/keys/finding"},
	"dkimd/internal/desk/request":  {"dkimd/internal/desk/calendar", "dkimd/keys", "dkimd/keys/finding", "dkimd/keys/record"},
	"dkimd/internal/desk/web":      {"dkimd/internal/desk", "dkimd/internal/desk/calendar", "dkimd/internal/desk/request", "dkimd/internal/lint", "dkimd/keys", "dkimd/keys/dnscheck", "dkimd/keys/finding", "dkimd/keys/record"},
	"dkimd/internal/lint":          {"dkimd/keys", "dkimd/keys/finding", "dkimd/keys/record"},
	"dkimd/internal/loginmap":      {"dkimd/keys", "dkimd/signer"},
	"dkimd/internal/metrics":       {},
	"dkimd/internal/provider":      {"dkimd/internal/config", "dkimd/keys/finding"},
	"dkimd/internal/setup":         {"dkimd/internal/config", "dkimd/internal/loginmap", "dkimd/keys", "dkimd/keys/libcrypto", "dkimd/signer", "dkimd/signer/milter"},
}

// importers lists the libraries that we depend on, and the packages that know
// each: one, but for those of DNS and of Japanese.
var importers = map[string][]string{
	"github.com/BurntSushi/toml":          {"dkimd/internal/config"},
	"github.com/chromedp/cdproto":         {"tests"},
	"github.com/chromedp/chromedp":        {"tests"},
	"github.com/coreos/go-systemd":        {"dkimd/cmd/dkimd"},
	"github.com/emersion/go-milter":       {"dkimd/signer/milter"},
	"github.com/emersion/go-msgauth":      {"dkimd/signer"},
	"github.com/emersion/go-sasl":         {"dkimd/internal/demo"},
	"github.com/emersion/go-smtp":         {"dkimd/internal/demo"},
	"github.com/miekg/dns":                {"dkimd/keys/dnscheck", "dkimd/keys/dnsupdate"},
	"github.com/prometheus/client_golang": {"dkimd/internal/metrics"},
	"github.com/rogpeppe/go-internal":     {"tests"},
	"github.com/spf13/cobra":              {"dkimd/cmd/dkimctl"},
	"golang.org/x/crypto":                 {"dkimd/internal/desk/web"},
	"golang.org/x/net":                    {"dkimd/keys"},
	"golang.org/x/text":                   {"dkimd/internal/desk/calendar", "dkimd/internal/desk/request"},
}

type pkg struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "dkimd/...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []pkg
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func TestImportsRunDownwards(t *testing.T) {
	seen := 0
	for _, p := range packages(t) {
		allowed, ok := down[p.ImportPath]
		if !ok {
			continue
		}
		seen++
		for _, path := range p.Imports {
			if strings.HasPrefix(path, "dkimd/") && !slices.Contains(allowed, path) {
				t.Errorf("%s imports %s", p.ImportPath, path)
			}
		}
	}
	if seen != len(down) {
		t.Errorf("%d of %d packages exist", seen, len(down))
	}
}

func TestLibrariesHaveTheirImporters(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for library := range importers {
		if !strings.Contains(string(readme), library) {
			t.Errorf("the README does not say why there is %s", library)
		}
	}
	for _, p := range packages(t) {
		for _, path := range p.Imports {
			owner := p.ImportPath
			if owner == "dkimd/internal/testenv" {
				owner = "tests"
			}
			if library := libraryOf(path); library != "" && !slices.Contains(importers[library], owner) {
				t.Errorf("%s imports %s, which belongs to %q", p.ImportPath, library, importers[library])
			}
		}
		for _, path := range append(p.TestImports, p.XTestImports...) {
			library := libraryOf(path)
			if owners := importers[library]; library != "" && !slices.Contains(owners, p.ImportPath) && !slices.Contains(owners, "tests") {
				t.Errorf("tests of %s import %s, which belongs to %q", p.ImportPath, library, importers[library])
			}
		}
	}
}

// libraryOf returns the library of a package that is neither ours nor Go's.
func libraryOf(path string) string {
	parts := strings.SplitN(path, "/", 4)
	if !strings.Contains(parts[0], ".") || len(parts) < 3 {
		return ""
	}
	return strings.Join(parts[:3], "/")
}
