package web

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"dkimd/keys"
)

// BenchmarkList shows what the list costs with 100,000 domains.
func BenchmarkList(b *testing.B) {
	const domains = 100_000
	site, store := newSite(b, "example.jp")
	dir := filepath.Join(filepath.Dir(store.PrivatePath("example.jp", keys.Key{})), "../../state")
	state, err := os.ReadFile(filepath.Join(dir, "example.jp.json"))
	if err != nil {
		b.Fatal(err)
	}
	for n := range domains {
		name := fmt.Sprintf("d%d.jp", n)
		text := bytes.ReplaceAll(state, []byte(`"example.jp"`), []byte(`"`+name+`"`))
		if err := os.WriteFile(filepath.Join(dir, name+".json"), text, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	x := newIndex(store)
	refresh := func(b *testing.B) {
		x.read = time.Time{}
		if entries, err := x.fresh(); err != nil || len(entries) != domains+1 {
			b.Fatal(len(entries), err)
		}
	}
	b.Run("first index", func(b *testing.B) {
		for b.Loop() {
			x.entries = nil
			refresh(b)
		}
	})
	b.Run("index again", func(b *testing.B) {
		for b.Loop() {
			refresh(b)
		}
	})
	h := New(site)
	get(h, "/") // waits for the index
	for name, path := range map[string]string{"list": "/", "last page": "/?page=2001", "search": "/?q=999", "search for nothing": "/?q=nobody", "state": "/?state=pending"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				get(h, path)
			}
		})
	}
}
