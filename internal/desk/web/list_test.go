package web

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dkimd/keys"
)

func TestSearch(t *testing.T) {
	site, store := newSite(t, "example.jp", "shop.example.jp", "anexample.jp", "other.jp", "xn--wgv71a119e.jp")
	if err := os.WriteFile(filepath.Join(filepath.Dir(store.PrivatePath("bad.jp", keys.Key{})), "../../state/bad.jp.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	h := New(site)
	for query, want := range map[string]string{
		"q=example":           "example.jp anexample.jp shop.example.jp",
		"q=+EXAMPLE.jp+":      "example.jp anexample.jp shop.example.jp",
		"q=ｅｘａｍｐｌｅ．ｊｐ":        "example.jp anexample.jp shop.example.jp",
		"q=日本語.jp":            "xn--wgv71a119e.jp",
		"q=nobody":            "",
		"state=active":        "",
		"state=damaged":       "bad.jp",
		"state=nonsense":      "",
		"q=o&state=pending":   "other.jp shop.example.jp",
		"q=example&page=9":    "example.jp anexample.jp shop.example.jp",
		"q=example&page=-1":   "example.jp anexample.jp shop.example.jp",
		"q=bad":               "bad.jp",
		"q=example&page=many": "example.jp anexample.jp shop.example.jp",
	} {
		if got := strings.Join(listed(h, "/?"+query), " "); got != want {
			t.Errorf("%s finds %s, want %s", query, got, want)
		}
	}
}

// listed returns the domains of a list.
func listed(h http.Handler, path string) []string {
	_, body := get(h, path)
	var names []string
	_, list, _ := strings.Cut(body, `<ul class="domains">`)
	list, _, _ = strings.Cut(list, "</ul>")
	for part := range strings.SplitSeq(list, `<a href="/domain/`) {
		if name, _, ok := strings.Cut(part, `">`); ok && !strings.HasPrefix(name, "\n") {
			names = append(names, name)
		}
	}
	return names
}

func TestPaging(t *testing.T) {
	site, store := newSite(t)
	for n := range 2*perPage + 1 {
		add(t, store, "d"+strings.Repeat("x", n%60)+string(rune('a'+n/60))+".jp")
	}
	h := New(site)
	var all []string
	path, pages := "/?q=d", 0
	for path != "" {
		all = append(all, listed(h, path)...)
		_, body := get(h, path)
		_, next, _ := strings.Cut(body, `<p class="pages">`)
		next, _, found := strings.Cut(next, `" rel="next"`)
		pages++
		path = ""
		if found {
			path = strings.ReplaceAll(next[strings.LastIndex(next, `"`)+1:], "&amp;", "&")
		}
	}
	if seen := map[string]bool{}; pages != 3 || len(all) != 2*perPage+1 {
		t.Errorf("%d pages have %d domains", pages, len(all))
	} else {
		for _, name := range all {
			if seen[name] {
				t.Errorf("%s is there twice", name)
			}
			seen[name] = true
		}
	}
}
