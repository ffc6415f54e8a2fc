package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"dkimd/internal/desk/calendar"
	"dkimd/keys"
	"dkimd/keys/dnscheck"
	"dkimd/keys/finding"
)

//go:embed templates
var templates embed.FS

// pages are the templates, by language.
var pages = map[string]*template.Template{"en": parse("en"), "ja": parse("ja")}

func parse(lang string) *template.Template {
	text := func(t finding.Text) string {
		if lang == "ja" {
			return t.Ja
		}
		return t.En
	}
	return template.Must(template.New("").Funcs(template.FuncMap{
		"say":     func(en, ja string) string { return text(finding.Text{En: en, Ja: ja}) },
		"text":    text,
		"state":   func(s keys.State) string { return text(stateTexts[s]) },
		"verdict": func(v dnscheck.Verdict) string { return text(v.Text()) },
		"japan":   calendar.FormatTime,
		"upper":   func(kind any) string { return strings.ToUpper(fmt.Sprint(kind)) },
		"join":    func(list []string) string { return strings.Join(list, ", ") },
	}).ParseFS(templates, "templates/*.html"))
}

// stateTexts name states where there is little room.
var stateTexts = map[keys.State]finding.Text{
	keys.Pending: {En: "pending", Ja: "公開待ち"},
	keys.Active:  {En: "active", Ja: "使用中"},
	keys.Retired: {En: "retired", Ja: "使用終了"},
	keys.Revoked: {En: "revoked", Ja: "失効"},
	spare:        {En: "spare", Ja: "予備"},
	damaged:      {En: "unreadable", Ja: "読み取り不可"},
}

// page is what all pages have.
type page struct {
	Lang         string
	Title        finding.Text
	Other        string // the address of the page in the other language
	ReadsPrivate bool
}

// page returns what all pages have, in the language that was asked for.
func (s *site) page(w http.ResponseWriter, r *http.Request, en, ja string) page {
	lang := language(w, r)
	query := r.URL.Query()
	query.Set("lang", map[string]string{"en": "ja", "ja": "en"}[lang])
	return page{
		Lang:         lang,
		Title:        finding.Text{En: en, Ja: ja},
		Other:        r.URL.EscapedPath() + "?" + query.Encode(),
		ReadsPrivate: s.ReadsPrivate,
	}
}

// langCookie keeps the language that was chosen.
const langCookie = "lang"

// language returns the language of a page: what was chosen now or before, or else
// what the browser prefers.
func language(w http.ResponseWriter, r *http.Request) string {
	if lang := r.URL.Query().Get("lang"); pages[lang] != nil {
		http.SetCookie(w, &http.Cookie{
			Name: langCookie, Value: lang, Path: "/", MaxAge: int((365 * 24 * time.Hour).Seconds()),
			HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode,
		})
		return lang
	}
	if cookie, err := r.Cookie(langCookie); err == nil && pages[cookie.Value] != nil {
		return cookie.Value
	}
	for tag := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		lang, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), ";")
		lang, _, _ = strings.Cut(lang, "-")
		if pages[lang] != nil {
			return lang
		}
	}
	return "en"
}

// lang returns the language of the page.
func (p page) lang() string { return p.Lang }

// show answers with a page.
func (s *site) show(w http.ResponseWriter, status int, name string, p interface{ lang() string }) {
	var body bytes.Buffer
	if err := pages[p.lang()].ExecuteTemplate(&body, name, p); err != nil {
		s.Log.Error("page", "name", name, "error", err)
		http.Error(w, "this page is broken", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(body.Bytes())
}

// errorPage says what went wrong.
type errorPage struct {
	page
	Err error
}

func (s *site) fail(w http.ResponseWriter, r *http.Request, status int, err error) {
	if status == http.StatusInternalServerError {
		s.Log.Error("page", "path", r.URL.Path, "error", err)
	}
	s.show(w, status, "error.html", errorPage{s.page(w, r, "This did not work", "処理できませんでした"), err})
}
