package web

import (
	"context"
	"errors"
	"html"
	"html/template"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"dkimd/internal/desk"
	"dkimd/internal/desk/calendar"
	"dkimd/keys"
	"dkimd/keys/dnscheck"
)

// noDNS has no record of anybody.
type noDNS struct{}

var errAbsent = &net.DNSError{Err: "no such host", IsNotFound: true}

func (noDNS) LookupTXT(context.Context, string) ([]string, error) { return nil, errAbsent }
func (noDNS) LookupMX(context.Context, string) ([]*net.MX, error) { return nil, errAbsent }
func (noDNS) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return nil, errAbsent
}

// newSite returns a site whose store has keys of these domains, in state pending.
func newSite(t testing.TB, domains ...string) (Site, *keys.Dir) {
	t.Helper()
	store := keys.OpenDir(t.TempDir())
	if err := store.Create(nil); err != nil {
		t.Fatal(err)
	}
	for _, domain := range domains {
		add(t, store, domain)
	}
	letters, err := desk.LoadLetters("", nil)
	if err != nil {
		t.Fatal(err)
	}
	return Site{
		Store: store,
		NewDesk: func() (*desk.Desk, error) {
			return &desk.Desk{
				OurNameServers: []string{"dns.hosting.example"},
				Store:          store,
				Resolver:       noDNS{},
				Now:            func() time.Time { return time.Date(2026, 11, 25, 1, 0, 0, 0, time.UTC) }, // 10:00 in Japan
				NameServers: func(context.Context, string) (string, []string, error) {
					return "example.jp", []string{"ns1.example.net"}, nil
				},
				Alias: func(context.Context, string) (string, error) { return "", nil },
				Check: func(context.Context, *keys.Domain, keys.Key) dnscheck.Result {
					return dnscheck.Result{Verdict: dnscheck.NotPublished, Zone: "example.jp"}
				},
			}, nil
		},
		Letters:  letters,
		Lang:     "ja",
		Office:   calendar.New(),
		Resolver: noDNS{},
		Log:      slog.New(slog.DiscardHandler),
		Loopback: true,
	}, store
}

func add(t testing.TB, store *keys.Dir, domain string) {
	t.Helper()
	private, err := keys.Generate("ed25519", 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = store.Update(domain, func(c *keys.Change) error {
		_, err := c.Add("one", private, keys.Move{Time: time.Now(), By: "hanako", Why: "genkey"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// ask returns the answer to a request for http://localhost.
func ask(h http.Handler, r *http.Request) (*http.Response, string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	reply := w.Result()
	body, _ := io.ReadAll(reply.Body) // of a recorder
	return reply, string(body)
}

func get(h http.Handler, path string) (*http.Response, string) {
	return ask(h, httptest.NewRequest("GET", "http://localhost"+path, nil))
}

func post(h http.Handler, path string, form url.Values) (*http.Response, string) {
	return ask(h, newPost(path, form))
}

func newPost(path string, form url.Values) *http.Request {
	r := httptest.NewRequest("POST", "http://localhost"+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func TestPages(t *testing.T) {
	site, _ := newSite(t, "example.jp")
	h := New(site)
	for path, want := range map[string]string{
		"/":                           `<a href="/domain/example.jp">example.jp</a>`,
		"/?q=nobody.example":          `<a href="/domain/nobody.example">`,
		"/domain/example.jp":          "<pre id=\"key-0-host\">one._domainkey.example.jp</pre>",
		"/domain/nobody.example":      "<h1>nobody.example</h1>",
		"/lint":                       `<textarea name="value"`,
		"/request":                    `<textarea name="text"`,
		"/assets/style.css":           "body {",
		"/assets/copy.js":             "clipboard",
		"/domain/%3Cscript%3E?lang=x": "&lt;script&gt;",
	} {
		reply, body := get(h, path)
		if reply.StatusCode != http.StatusOK && !strings.Contains(path, "script") {
			t.Errorf("%s: status %d", path, reply.StatusCode)
		}
		if !strings.Contains(body, want) {
			t.Errorf("%s has no %s:\n%s", path, want, body)
		}
		for name, want := range map[string]string{
			"Content-Security-Policy": policy, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		} {
			if got := reply.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
	}
	for path, want := range map[string]int{
		"/domain/xn--wgv71a119e.jp": http.StatusOK,
		"/domain/EXAMPLE.jp":        http.StatusSeeOther,
		"/domain/日本語.jp":            http.StatusSeeOther,
		"/domain/jp":                http.StatusNotFound,
		"/domain/..%2F..%2Fetc":     http.StatusNotFound,
		"/assets/../web.go":         http.StatusTemporaryRedirect,
		"/elsewhere":                http.StatusNotFound,
	} {
		if reply, _ := get(h, path); reply.StatusCode != want {
			t.Errorf("%s: status %d, want %d", path, reply.StatusCode, want)
		}
	}
}

// hostile is what strangers would call a domain.
var hostile = []string{
	`"><script>alert(1)</script>`,
	`'><img src=x onerror=alert(1)>`,
	"example.jp\u202egnp.exe",
	"100%.example.jp",
	"%3Cb%3E.example.jp",
	"%s%d{{.}}${x}",
	"a?lang=en&q=b#c.jp",
	"javascript:alert(1)//x.jp",
	"../../etc/passwd",
	"\\\\evil.example",
	strings.Repeat("x", 64) + ".jp",
	strings.Repeat("長", 2000),
	"\x00\x1b[2J.jp",
}

var langLink = regexp.MustCompile(`<a class="lang" href="([^"]*)"`)

// Hostile names show up as text, and the page in the other language is of the same name.
func TestHostileNames(t *testing.T) {
	site, _ := newSite(t, "example.jp")
	h := New(site)
	for _, name := range hostile {
		for path, want := range map[string]string{
			"/?q=" + url.QueryEscape(name):    `value="` + template.HTMLEscapeString(strings.ReplaceAll(name, "\x00", "\ufffd")) + `"`,
			"/domain/" + url.PathEscape(name): `<p class="warning">`,
		} {
			status := http.StatusOK
			if strings.HasPrefix(path, "/domain") {
				status = http.StatusNotFound
			}
			for _, side := range []string{"here", "the other language"} {
				reply, body := get(h, path)
				if reply.StatusCode != status || !strings.Contains(body, want) || strings.Contains(body, "<script>alert") || strings.Contains(body, "<img") {
					t.Errorf("%q, %s (%s): status %d, want %s:\n%s", name, path, side, reply.StatusCode, want, body)
				}
				link := langLink.FindStringSubmatch(body)
				if link == nil {
					t.Fatalf("%s has no other language:\n%s", path, body)
				}
				path = html.UnescapeString(link[1])
			}
		}
	}
}

func TestLanguages(t *testing.T) {
	site, _ := newSite(t)
	h := New(site)
	for _, c := range []struct{ accept, cookie, query, want string }{
		{"", "", "", "en"},
		{"ja,en-US;q=0.7,en;q=0.3", "", "", "ja"},
		{"en-GB,ja;q=0.5", "", "", "en"},
		{"fr-FR, ja-JP;q=0.5", "", "", "ja"},
		{"ja", "en", "", "en"},
		{"ja", "fr", "", "ja"},
		{"en", "en", "?lang=ja", "ja"},
	} {
		r := httptest.NewRequest("GET", "http://localhost/"+c.query, nil)
		r.Header.Set("Accept-Language", c.accept)
		r.AddCookie(&http.Cookie{Name: langCookie, Value: c.cookie})
		if _, body := ask(h, r); !strings.Contains(body, `<html lang="`+c.want+`">`) {
			t.Errorf("%+v: the page has another language", c)
		}
	}
}

func TestGuard(t *testing.T) {
	site, _ := newSite(t)
	h := New(site)
	for host, want := range map[string]int{
		"localhost:9881": http.StatusOK, "127.0.0.1:9881": http.StatusOK, "[::1]:8080": http.StatusOK, "LOCALHOST": http.StatusOK,
		"evil.example": http.StatusMisdirectedRequest, "127.0.0.1.evil.example:9881": http.StatusMisdirectedRequest,
		"localhost.evil.example": http.StatusMisdirectedRequest, "192.0.2.1": http.StatusMisdirectedRequest, "": http.StatusMisdirectedRequest,
	} {
		r := httptest.NewRequest("GET", "/lint", nil)
		r.Host = host
		if reply, _ := ask(h, r); reply.StatusCode != want {
			t.Errorf("host %q: status %d, want %d", host, reply.StatusCode, want)
		}
	}
	for field, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
		r := newPost("/lint", url.Values{"host": {"example.jp"}})
		r.Header.Set(field, value)
		if reply, _ := ask(h, r); reply.StatusCode != http.StatusForbidden {
			t.Errorf("a form from elsewhere, with %s: status %d", field, reply.StatusCode)
		}
	}
	reply, _ := post(h, "/lint", url.Values{"value": {strings.Repeat("x", maxBody)}})
	if reply.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a form that is too large: status %d", reply.StatusCode)
	}
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		r := httptest.NewRequest(method, "http://localhost/", nil)
		if reply, _ := ask(h, r); reply.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s: status %d", method, reply.StatusCode)
		}
	}
}

func TestPagesSayThatPrivateKeysCanBeRead(t *testing.T) {
	site, _ := newSite(t)
	for _, reads := range []bool{true, false} {
		site.ReadsPrivate = reads
		if _, body := get(New(site), "/lint"); strings.Contains(body, "can read private keys") != reads {
			t.Errorf("private keys can be read: %v, and the page says\n%s", reads, body)
		}
	}
}

func TestNewDomainIsFoundAtOnce(t *testing.T) {
	site, store := newSite(t, "old.jp")
	h := New(site)
	listed(h, "/")
	add(t, store, "new.jp")
	if got := listed(h, "/?q=new.jp"); len(got) != 1 || got[0] != "new.jp" {
		t.Errorf("new.jp is not found: %q", got)
	}
}

func TestIndexFollowsTheStore(t *testing.T) {
	_, store := newSite(t, "old.jp", "moved.jp")
	x := newIndex(store)
	names := func(state keys.State) string {
		t.Helper()
		x.read = time.Time{}
		entries, err := x.fresh()
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(find(entries, "", state), " ")
	}
	if got := names(keys.Pending); got != "moved.jp old.jp" {
		t.Errorf("pending: %s", got)
	}
	add(t, store, "new.jp")
	_, err := store.Update("moved.jp", func(c *keys.Change) error { return c.Activate(0, keys.Move{Time: time.Now()}) })
	if err != nil {
		t.Fatal(err)
	}
	if got := names(keys.Pending); got != "new.jp old.jp" {
		t.Errorf("pending: %s", got)
	}
	if got := names(keys.Active); got != "moved.jp" {
		t.Errorf("active: %s", got)
	}
}

func TestLookWritesLetters(t *testing.T) {
	site, _ := newSite(t, "example.jp")
	h := New(site)
	_, body := post(h, "/domain/example.jp", url.Values{"mail": {"ours"}})
	for _, want := range []string{`<pre id="letter-ja">`, `<pre id="letter-en">`, "no name server has it", "ns1.example.net"} {
		if !strings.Contains(body, want) {
			t.Errorf("there is no %s:\n%s", want, body)
		}
	}
	if file := "/domain/example.jp/example.jp-one.txt"; !strings.Contains(body, `<a href="`+file+`" download>`) {
		t.Errorf("there is no link to %s:\n%s", file, body)
	} else if reply, text := get(h, file); reply.Header.Get("Content-Disposition") != "attachment" || text != value(t, site, "example.jp") {
		t.Errorf("%s is %q, %v", file, text, reply.Header)
	}
	for _, file := range []string{"/domain/example.jp/other.txt", "/domain/nobody.example/x.txt", "/domain/..%2F..%2Fetc/passwd"} {
		if reply, _ := get(h, file); reply.StatusCode != http.StatusNotFound {
			t.Errorf("%s: status %d", file, reply.StatusCode)
		}
	}
	if !strings.Contains(body, "History, in Japan&#39;s time") || !historyTime.MatchString(body) {
		t.Errorf("the history does not say what times it has:\n%s", body)
	}
	_, body = post(h, "/domain/example.jp", nil)
	if strings.Contains(body, `<pre id="letter-ja">`) || !strings.Contains(body, "it is not known whose the mail server of example.jp is") ||
		!strings.Contains(body, "choose it above") || strings.Contains(body, "--mail") {
		t.Errorf("a letter is written although it is not known whose the mail server is:\n%s", body)
	}
}

var historyTime = regexp.MustCompile(`<td class="time">[0-9-]+ [0-9]{2}:[0-9]{2}</td>`)

// value returns the value of the only record of a domain.
func value(t *testing.T, site Site, domain string) string {
	t.Helper()
	d, _, err := site.Store.Read(domain)
	if err != nil {
		t.Fatal(err)
	}
	return d.Record(d.Keys[0]).Value()
}

func TestLooksThatFailAreSaid(t *testing.T) {
	site, _ := newSite(t, "example.jp")
	site.NewDesk = func() (*desk.Desk, error) { return nil, errors.New("out of order") }
	reply, body := post(New(site), "/domain/example.jp", nil)
	if reply.StatusCode != http.StatusOK || !strings.Contains(body, "out of order") || !strings.Contains(body, "key-0-value") {
		t.Errorf("status %d:\n%s", reply.StatusCode, body)
	}
}

// Nobody waits for ever behind looks that hang.
func TestLooksAreBounded(t *testing.T) {
	site, _ := newSite(t, "example.jp")
	begun, end := make(chan bool), make(chan bool)
	newDesk := site.NewDesk
	site.NewDesk = func() (*desk.Desk, error) {
		begun <- true
		<-end
		return newDesk()
	}
	h := New(site)
	answered := make(chan bool)
	for range looksAtOnce {
		go func() {
			post(h, "/domain/example.jp", nil)
			answered <- true
		}()
		<-begun
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, body := ask(h, newPost("/domain/example.jp", nil).WithContext(ctx))
	if !strings.Contains(body, errBusy.Error()) {
		t.Errorf("one more look is let in:\n%s", body)
	}
	close(end)
	for range looksAtOnce {
		<-answered
	}
}

func TestRequest(t *testing.T) {
	site, _ := newSite(t, "example.jp")
	h := New(site)
	const form = "【DKIMの設定を希望します】\nドメイン名:example.jp\n設定希望日(営業日のみ):至急\n"
	keyless := strings.Replace(form, "example.jp", "nobody.example", 1)
	private := "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n"
	for _, c := range []struct{ text, mail, want, not string }{
		{form, "ours", `<pre id="letter-0-ja">`, "MC4CAQ"},
		{form, "ours", "v=DKIM1;k=ed25519;p=", "MC4CAQ"},
		{form, "", "example.jp", `<pre id="letter-0-ja">`},
		{keyless, "ours", "dkimctl genkey nobody.example", `<pre id="letter-0-ja">`},
		{"【SPFの変更を希望します】\nホスト名:example.jp\n変更前:v=spf1 a ~all\n変更後:v=spf1 mx ~all\n", "", `<dt>Value before</dt><dd class="answer">v=spf1 a ~all</dd>`, ""},
		{"こんにちは", "", "No request is found in it.", ""},
		{form + private, "ours", "findings", "MC4CAQ"},
		{form + "<script>alert(1)</script>", "ours", "&lt;script&gt;alert(1)", "<script>alert"},
	} {
		reply, body := post(h, "/request", url.Values{"text": {c.text}, "mail": {c.mail}})
		if reply.StatusCode != http.StatusOK || !strings.Contains(body, c.want) || c.not != "" && strings.Contains(body, c.not) {
			t.Errorf("%s: want %q, and no %q:\n%s", c.text, c.want, c.not, body)
		}
	}
}

// The 16:00 of the same day goes by our receipt: as staff say, or else as the mail does.
func TestTimeOfReceipt(t *testing.T) {
	site, _ := newSite(t, "example.jp")
	newDesk := site.NewDesk
	site.NewDesk = func() (*desk.Desk, error) {
		d, err := newDesk()
		d.OurNameServers = []string{"ns1.example.net"} // elsewhere, the day is not ours
		return d, err
	}
	h := New(site)
	const form = "【DKIMの設定を希望します】\nドメイン名:example.jp\n設定希望日:本日\n"
	const header = "Received: from a by b; Wed, 25 Nov 2026 16:01:00 +0900\nFrom: taro@example.jp\n\n"
	const unknown = "the time of receipt is unknown"
	for _, c := range []struct{ text, received, want, not string }{
		{form, "", unknown, ""},
		{form, "2026-11-25T16:00", "<dd>2026-11-25 16:00 <span", unknown},
		{form, "2026-11-25T16:00", "<dd>Wednesday, 25 November 2026</dd>", unknown},
		{form, "2026-11-25T16:01", "<dd>Thursday, 26 November 2026</dd>", unknown},
		{form, "2026-11-25T16:01", `name="received" value=""`, unknown},
		{form, "16:01", `name="received" value="16:01"`, ""},
		{header + form, "", "<dd>Thursday, 26 November 2026</dd>", unknown},
		{header + form, "2026-11-25T15:59", "<dd>Wednesday, 25 November 2026</dd>", unknown},
		{form, `"><b>`, "&#34;&gt;&lt;b&gt;&#34; is not a time", "<b>"},
		{form, "16:01", "is not a time in the form", `id="letter-0-ja"`},
	} {
		_, body := post(h, "/request", url.Values{"text": {c.text}, "received": {c.received}, "mail": {"ours"}})
		if !strings.Contains(body, c.want) || c.not != "" && strings.Contains(body, c.not) {
			t.Errorf("%s received %s: want %q, and no %q:\n%s", c.text, c.received, c.want, c.not, body)
		}
	}
}

// A mail need not be pasted again because the time was mistyped or DNS was out of order.
func TestPastedMailIsKeptOnErrors(t *testing.T) {
	site, _ := newSite(t, "example.jp")
	const form = "【DKIMの設定を希望します】\nドメイン名:example.jp\n"
	key := "値:v=DKIM1; p=" + strings.Repeat("q3Rv", 100)
	for _, kept := range []bool{true, false} {
		text := form
		if !kept {
			text += key
		}
		for received, newDesk := range map[string]func() (*desk.Desk, error){
			"16:01": site.NewDesk,
			"":      func() (*desk.Desk, error) { return nil, errors.New("out of order") },
		} {
			failing := site
			failing.NewDesk = newDesk
			_, body := post(New(failing), "/request", url.Values{"text": {text}, "received": {received}})
			if !strings.Contains(body, "The request could not be answered") || strings.Contains(body, "ドメイン名:example.jp") != kept || strings.Contains(body, "q3Rvq3Rv") {
				t.Errorf("received %q, kept %v:\n%s", received, kept, body)
			}
		}
	}
}

// What may be a part of a private key does not come back into the box.
func TestPastedKeysAreNotShownAgain(t *testing.T) {
	site, _ := newSite(t, "example.jp")
	h := New(site)
	secret := strings.Repeat("q3Rv", 100)
	for path, form := range map[string]url.Values{
		"/request": {"text": {"【DKIMの設定を希望します】\nホスト名:s1._domainkey.example.jp\n値:v=DKIM1; p=" + secret}, "mail": {"ours"}},
		"/lint":    {"host": {"s1._domainkey.example.jp"}, "value": {"v=DKIM1; p=" + secret}},
	} {
		if _, body := post(h, path, form); strings.Contains(body, secret[:40]) || !strings.Contains(body, "<textarea") {
			t.Errorf("%s:\n%s", path, body)
		}
	}
}

func TestLint(t *testing.T) {
	site, _ := newSite(t)
	h := New(site)
	private := "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----"
	for _, c := range []struct{ host, value, kind, want, not string }{
		{"example.jp", "v=spf1 ip4:192.0.2.1 -all", "", "<h2>SPF</h2>", `class="error"`},
		{"one._domainkey.example.jp", "v=DKIM1;k=ed25519;p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", "", "Nothing is wrong.", ""},
		{"example.jp", "v=spf1 +all", "", "findings", "Nothing is wrong"},
		{"example.jp", "hello", "", "neither host nor value", "Nothing is wrong"},
		{"example.jp", "spf1 include:_spf.example.net ~all", "", "<h2>SPF</h2>", ""},
		{"example.jp", "hello", "dmarc", "findings", ""},
		{"example.jp", "v=spf1 <b>", "", "v=spf1 &lt;b&gt;", "<b>"},
		{"one._domainkey.example.jp", private, "", "private key", "MC4CAQ"},
		{"example.jp", private, "", "private key", "MC4CAQ"},
		{private, "v=spf1 -all", "", "findings", "MC4CAQ"},
	} {
		_, body := post(h, "/lint", url.Values{"host": {c.host}, "value": {c.value}, "kind": {c.kind}})
		if !strings.Contains(body, c.want) || c.not != "" && strings.Contains(body, c.not) {
			t.Errorf("%s %s: want %q, and no %q:\n%s", c.host, c.value, c.want, c.not, body)
		}
	}
}
