package web

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
)

func TestLogins(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("secret"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "htpasswd")
	if err := os.WriteFile(path, []byte("# support\n\nhanako:"+string(hash)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	site, _ := newSite(t)
	if site.Logins, err = LoadLogins(path, site.Log); err != nil {
		t.Fatal(err)
	}
	h := New(site)
	login := func(user, password, client string) int {
		r := httptest.NewRequest("GET", "http://localhost/lint", nil)
		r.RemoteAddr = client
		if user != "" {
			r.SetBasicAuth(user, password)
		}
		reply, _ := ask(h, r)
		return reply.StatusCode
	}
	const here, there = "192.0.2.1:1000", "192.0.2.2:1000"
	for _, c := range []struct {
		user, password string
		want           int
	}{
		{"", "", http.StatusUnauthorized},
		{"hanako", "secret", http.StatusOK},
		{"hanako", "secret", http.StatusOK},
		{"hanako", "wrong", http.StatusUnauthorized},
		{"hanako", "", http.StatusUnauthorized},
		{"taro", "secret", http.StatusUnauthorized},
		{"hanako\" \"", "secret", http.StatusUnauthorized},
		{"HANAKO", "secret", http.StatusUnauthorized},
	} {
		if got := login(c.user, c.password, there); got != c.want {
			t.Errorf("%q with %q: status %d, want %d", c.user, c.password, got, c.want)
		}
	}
	for range failuresAllowed {
		login("hanako", "wrong", here)
	}
	if got := login("taro", "guess", here); got != http.StatusTooManyRequests {
		t.Errorf("one guess more: status %d", got)
	}
	if got := login("hanako", "secret", here); got != http.StatusOK {
		t.Errorf("who is logged in is kept out by the guesses of another: status %d", got)
	}
	if got := login("taro", "guess", there); got != http.StatusUnauthorized {
		t.Errorf("from elsewhere: status %d", got)
	}
	for client := range site.Logins.failures {
		for i := range site.Logins.failures[client] {
			site.Logins.failures[client][i] = time.Now().Add(-2 * failuresTime)
		}
	}
	if got := login("taro", "guess", here); got != http.StatusUnauthorized {
		t.Errorf("after a while: status %d", got)
	}
}

func TestLoginsThatAreNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "htpasswd")
	for text, want := range map[string]string{
		"":                         "has no user",
		"# nobody\n":               "has no user",
		"hanako\n":                 ":1: it is not user:hash",
		"\nhanako:secret\n":        ":2: it is not user:hash",
		"hanako:$apr1$x$y\n":       ":1: it is not user:hash",
		"hanako:{SHA}aGVsbG8=\n":   ":1: it is not user:hash",
		":$2y$05$abcdefghijklmnop": ":1: it is not user:hash",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadLogins(path, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	if _, err := LoadLogins(path+"x", nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}
