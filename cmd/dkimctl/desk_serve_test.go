package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"dkimd/internal/nameserver"
	"dkimd/internal/testenv"

	"github.com/chromedp/chromedp"
)

const deskConfig = `[desk]
our_name_servers = ["dns.hosting.jp"]
our_mail_servers = ["mail.hosting.jp"]
hosted_domains = "$WORK/hosted"
spf_include = "_spf.hosting.jp"
company = "株式会社例示ホスティング"
`

// deskWorld is a store, and a DNS, that desk serve shows.
type deskWorld struct {
	dir    string
	config string // but for where the web page is
	client *http.Client
	base   string // of the addresses of pages
}

// newDeskWorld returns a world with example.jp, whose record nobody has published yet,
// ours.jp, where a stranger has written, and so many other domains.
func newDeskWorld(t *testing.T, others int) deskWorld {
	testenv.NeedProgram(t, "named")
	files := map[string]string{
		"jp":         worldFiles["jp"],
		"example.jp": worldFiles["example.jp"],
		"ours.jp":    worldSOA + "@ NS ns.jp.\none._domainkey TXT \"" + strings.ReplaceAll(hostile, `"`, `\"`) + "\"\n",
	}
	dns := nameserver.StartBIND(t, worldStatements, files)
	t.Setenv("DNS_PORT", dns)
	port := freePort(t)
	w := deskWorld{dir: t.TempDir(), client: http.DefaultClient, base: "http://127.0.0.1:" + port}
	w.write(t, "hosted", "example.jp\nours.jp\n")
	w.config = strings.ReplaceAll(fmt.Sprintf(worldConfig, dns)+deskConfig, "$WORK", w.dir)
	w.write(t, "config.toml", w.config+fmt.Sprintf("listen = %q\n", "127.0.0.1:"+port))
	w.run(t, "genkey", "example.jp", "--selector", "one")
	w.run(t, "genkey", "ours.jp", "--selector", "one")
	state := w.state(t, "ours.jp")
	for n := range others {
		name := fmt.Sprintf("d%d.jp", n)
		w.write(t, "store/state/"+name+".json", strings.ReplaceAll(state, `"ours.jp"`, `"`+name+`"`))
	}
	w.write(t, "store/state/ours.jp.json", strings.ReplaceAll(state, `"why": "genkey"`, `"why": "`+strings.ReplaceAll(hostile, `"`, `\"`)+`"`))
	return w
}

// hostile is what a stranger would write.
const hostile = `"><script>alert(1)</script>'<img src=x onerror=alert(2)>{{.}}%3Cb%3E%s` + "\u202etxet"

// hostileNames are what strangers would call domains and selectors.
var hostileNames = []string{
	hostile,
	"example.jp\u202egnp.exe",
	"100%.example.jp",
	"a?lang=en&q=b#c.jp",
	"javascript:alert(1)",
	strings.Repeat("x-", 250) + ".jp",
}

func (w deskWorld) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (w deskWorld) state(t *testing.T, domain string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, "store/state", domain+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// run returns what dkimctl prints, be it that something is not as wanted.
func (w deskWorld) run(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("dkimctl", append([]string{"--config", filepath.Join(w.dir, "config.toml")}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil && cmd.ProcessState.ExitCode() != exitNotWanted {
		t.Fatalf("dkimctl %v: %v\n%s", args, err, &stderr)
	}
	return string(out)
}

func (w deskWorld) url(path string) string { return w.base + path }

// serve runs desk serve until the test ends, as another user if it is given one, and
// returns its log. It ends well when it is told to.
func (w deskWorld) serve(t *testing.T, as *syscall.Credential) *testenv.Log {
	t.Helper()
	log := new(testenv.Log)
	cmd := exec.Command("dkimctl", "--config", filepath.Join(w.dir, "config.toml"), "desk", "serve")
	cmd.Stderr = log
	if as != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
		bin := filepath.Dir(cmd.Path)
		for _, dir := range []string{bin, filepath.Dir(bin), filepath.Dir(w.dir)} { // of the test alone
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("desk serve ends with %v:\n%s", err, log)
		}
	})
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		reply, err := w.client.Get(w.url("/lint"))
		if err == nil {
			reply.Body.Close()
			return log
		}
		if time.Now().After(deadline) {
			t.Fatalf("desk serve does not answer: %v\n%s", err, log)
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	return port
}

const requestMail = "お世話になっております。\n\n【DKIMの設定を希望します】\nドメイン名：ｅｘａｍｐｌｅ．ｊｐ\n設定希望日(営業日のみ)：至急\n"

// What support does in a minute: find a domain among many, copy its record and the
// letter, answer a mail.
func TestDeskInBrowser(t *testing.T) {
	b := openTab(t)
	w := newDeskWorld(t, 100_000)
	w.serve(t, nil)
	for _, lang := range []string{"ja", "en"} {
		b.do(
			chromedp.Navigate(w.url("/?lang="+lang)),
			chromedp.SendKeys(`input[name=q]`, "xample.J"),
			chromedp.Submit(`form.search`),
			chromedp.WaitVisible(`.domains a[href="/domain/example.jp"]`),
		)
		b.shoot("list-" + lang)
		b.do(
			chromedp.Click(`.domains a[href="/domain/example.jp"]`),
			chromedp.WaitVisible(`#key-0-value`),
		)
		b.shoot("domain-" + lang)
		if got, want := b.copied("key-0-value")+"\n", w.run(t, "record", "example.jp", "--format", "value"); got != want {
			t.Errorf("the clipboard has %q, dkimctl record prints %q", got, want)
		}
		if got, want := b.copied("key-0-data")+"\n", w.run(t, "record", "example.jp", "--format", "split"); got != want {
			t.Errorf("the clipboard has %q, dkimctl record prints %q", got, want)
		}
		b.do(
			chromedp.Click(`form.look button`), chromedp.WaitVisible(`#letter-ja`),
			chromedp.Click(`.key summary`), chromedp.WaitVisible(`.key .time`),
		)
		b.shoot("look-" + lang)
		letter := "件名: " + b.copied("letter-ja-subject") + "\n\n" + b.copied("letter-ja")
		if want := w.run(t, "desk", "reply", "example.jp"); letter != want {
			t.Errorf("the clipboard has\n%s\ndkimctl desk reply prints\n%s", letter, want)
		}
		b.do(chromedp.Click(`details:not([open]) > summary`), chromedp.WaitVisible(`#letter-en`))
		letter = "Subject: " + b.copied("letter-en-subject") + "\n\n" + b.copied("letter-en")
		if want := w.run(t, "desk", "reply", "example.jp", "--lang", "en"); letter != want {
			t.Errorf("the clipboard has\n%s\ndkimctl desk reply prints\n%s", letter, want)
		}
		b.do(
			chromedp.Navigate(w.url("/request")),
			chromedp.SetValue(`textarea`, requestMail),
			chromedp.SetValue(`input[name=received]`, "2026-11-25T15:59"),
			chromedp.Submit(`form.wide`),
			chromedp.WaitVisible(`#letter-0-ja`),
		)
		if text := value(b, chromedp.TextContent(`main`)); !strings.Contains(text, "2026-11-25 15:59") {
			t.Errorf("the time of receipt is not shown:\n%s", text)
		}
		b.shoot("request-" + lang)
		letter = "件名: " + b.copied("letter-0-ja-subject") + "\n\n" + b.copied("letter-0-ja")
		w.write(t, "mail", requestMail)
		if printed := w.run(t, "desk", "request", filepath.Join(w.dir, "mail"), "--received", "2026-11-25T15:59"); !strings.HasSuffix(printed, letter) {
			t.Errorf("the clipboard has\n%s\ndkimctl desk request prints\n%s", letter, printed)
		}
		b.do(
			chromedp.Navigate(w.url("/lint")),
			chromedp.SetValue(`input[name=host]`, "one._domainkey.example.jp"),
			chromedp.SetValue(`textarea[name=value]`, "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="),
			chromedp.Submit(`form.wide`),
			chromedp.WaitVisible(`.good`),
		)
		b.shoot("lint-" + lang)
	}
	b.noProblems()
}

// Whatever strangers write shows up as text.
func TestDeskShowsHostileTexts(t *testing.T) {
	b := openTab(t)
	w := newDeskWorld(t, 0)
	long := strings.Repeat(strings.Repeat("x", 60)+".", 3)
	w.run(t, "genkey", long+"jp", "--selector", strings.Repeat("y", 30))
	state := w.state(t, "ours.jp")
	for i, name := range hostileNames {
		text, err := json.Marshal(name)
		if err != nil {
			t.Fatal(err)
		}
		w.write(t, fmt.Sprintf("store/state/selector%d.jp.json", i), strings.ReplaceAll(strings.ReplaceAll(state, `"ours.jp"`, fmt.Sprintf(`"selector%d.jp"`, i)), `"one"`, string(text)))
		if file := strings.ReplaceAll(name, "/", "%2f") + ".json"; len(file) < 256 { // more than a file system takes
			w.write(t, "store/state/"+file, state)
		}
	}
	w.serve(t, nil)
	b.do(chromedp.Navigate(w.url("/?lang=ja")), chromedp.WaitVisible(`.domains`))
	b.shoot("hostile-list")
	b.fits()
	if rows, want := value(b, chromedp.Evaluate[int](`document.querySelectorAll(".domains li").length`)), 3+len(hostileNames); rows != want {
		t.Errorf("%d domains are listed, want %d", rows, want)
	}
	b.do(chromedp.Click(`.domains a[href*="xxx"]`), chromedp.WaitVisible(`#key-0-host`))
	b.fits()
	if host, want := value(b, chromedp.TextContent(`#key-0-host`)), strings.Repeat("y", 30)+"._domainkey."+long+"jp"; host != want {
		t.Errorf("the host is %q, want %q", host, want)
	}
	for i, name := range hostileNames {
		b.do(chromedp.Navigate(w.url(fmt.Sprintf("/domain/selector%d.jp", i))), chromedp.WaitVisible(`p.warning`))
		b.fits()
		b.do(chromedp.Navigate(w.url("/domain/"+url.PathEscape(name)+"?lang=ja")), chromedp.WaitVisible(`p.warning`))
		b.fits()
		page := value(b, chromedp.Evaluate[string](`location.pathname`))
		b.do(chromedp.Click(`a.lang`), chromedp.WaitVisible(`html[lang=en] p.warning`))
		if other := value(b, chromedp.Evaluate[string](`location.pathname`)); !strings.EqualFold(other, page) {
			t.Errorf("%s is %s in English", page, other)
		}
		b.do(chromedp.Navigate(w.url("/?lang=ja")), chromedp.SetValue(`input[name=q]`, name), chromedp.Submit(`form.search`),
			chromedp.WaitVisible(`form.search + p:not([class])`), chromedp.Click(`a.lang`), chromedp.WaitVisible(`html[lang=en] form.search`))
		b.fits()
		if typed := value(b, chromedp.Value(`input[name=q]`)); typed != name {
			t.Errorf("the search for %q has become %q", name, typed)
		}
		b.do(
			chromedp.Navigate(w.url("/request?lang=ja")),
			chromedp.SetValue(`textarea`, "【SPFの変更を希望します】\nホスト名:"+name+"\n変更前:v=spf1 "+name+"\n変更後:v=spf1 "+name+"\n設定希望日:"+name+"\n"),
			chromedp.Submit(`form.wide`),
			chromedp.WaitVisible(`.key .answer`),
		)
		b.fits()
		visible, _, _ := strings.Cut(name, "\u202e") // a value ends where it is not ASCII any more
		for i, value := range value(b, chromedp.Evaluate[[]string](`[...document.querySelectorAll(".key .answer")].map(e => e.textContent)`)) {
			if value != "v=spf1 "+visible {
				t.Errorf("value %d of the request is %q, want %q", i, value, visible)
			}
		}
	}
	b.shoot("hostile-names")
	b.forgive("the server responded with a status of 404", "the server responded with a status of 500")
	b.do(
		chromedp.Navigate(w.url("/domain/ours.jp?lang=ja")),
		chromedp.Click(`form.look button`),
		chromedp.WaitVisible(`.result`),
	)
	text := value(b, chromedp.TextContent(`main`))
	b.shoot("hostile-domain")
	if !strings.Contains(text, hostile) {
		t.Errorf("the history is not shown as it is:\n%s", text)
	}
	if !strings.Contains(text, `<script>alert(1)</script>`) {
		t.Errorf("the answer of DNS is not shown:\n%s", text)
	}
	b.do(chromedp.Navigate(w.url("/?q=" + url.QueryEscape(hostile))))
	if typed := value(b, chromedp.Value(`input[name=q]`)); typed != hostile {
		t.Errorf("the search has become %q", typed)
	}
	b.do(
		chromedp.Navigate(w.url("/request")),
		chromedp.SetValue(`textarea`, requestMail+"\n【DMARCの設定を希望します】\nホスト名:_dmarc.ours.jp\n値:v=DMARC1; p=none; "+hostile+"\n"),
		chromedp.Submit(`form.wide`),
		chromedp.WaitVisible(`.key`),
	)
	b.shoot("hostile-request")
	if text := value(b, chromedp.TextContent(`main`)); !strings.Contains(text, `<script>alert(1)</script>`) {
		t.Errorf("the request is not shown as it is:\n%s", text)
	}
	b.do(
		chromedp.Navigate(w.url("/lint")),
		chromedp.SetValue(`input[name=host]`, hostile),
		chromedp.SetValue(`textarea[name=value]`, "v=spf1 "+hostile),
		chromedp.Submit(`form.wide`),
		chromedp.WaitVisible(`.findings`),
	)
	b.shoot("hostile-lint")
	if typed := value(b, chromedp.Value(`input[name=host]`)); typed != hostile {
		t.Errorf("the host has become %q", typed)
	}
	b.noProblems()
}

// It runs as a user who cannot read private keys. As root it could, and says so.
func TestDeskNeedsNoPrivateKeys(t *testing.T) {
	testenv.NeedRoot(t)
	w := newDeskWorld(t, 0)
	const warning = "can read private keys"

	t.Run("dkimd-desk", func(t *testing.T) {
		desk := credential(t, "dkimd-desk", stateGroup)
		log := w.serve(t, desk)
		if page := w.get(t, "/"); strings.Contains(page, warning) || !strings.Contains(page, "example.jp") {
			t.Errorf("the page is\n%s", page)
		}
		if log := log.String(); strings.Contains(log, warning) || !strings.Contains(log, "serving") {
			t.Errorf("the log is\n%s", log)
		}
		files, err := filepath.Glob(filepath.Join(w.dir, "store/private/*/*.pem"))
		if err != nil || len(files) != 2 {
			t.Fatal(files, err)
		}
		for _, file := range files {
			cat := exec.Command("cat", file)
			cat.SysProcAttr = &syscall.SysProcAttr{Credential: desk}
			if out, err := cat.CombinedOutput(); err == nil || !strings.Contains(string(out), "Permission denied") {
				t.Errorf("its user may read %s: %v", file, err)
			}
		}
	})
	t.Run("root", func(t *testing.T) {
		log := w.serve(t, nil)
		if page := w.get(t, "/"); !strings.Contains(page, warning) {
			t.Errorf("the page is\n%s", page)
		}
		if !strings.Contains(log.String(), warning) {
			t.Errorf("the log is\n%s", log)
		}
	})
}

// credential returns what a process of a user has who is in another group besides.
func credential(t *testing.T, name, group string) *syscall.Credential {
	t.Helper()
	number := func(text string) uint32 {
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		return uint32(n)
	}
	found, err := user.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	other, err := user.LookupGroup(group)
	if err != nil {
		t.Fatal(err)
	}
	return &syscall.Credential{Uid: number(found.Uid), Gid: number(found.Gid), Groups: []uint32{number(other.Gid)}}
}

// With a certificate and users, strangers see nothing.
func TestDeskHasTLSAndLogins(t *testing.T) {
	w := newDeskWorld(t, 0)
	example := httptest.NewTLSServer(nil) // for its certificate of 127.0.0.1
	defer example.Close()
	certificate := example.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	w.write(t, "cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]})))
	w.write(t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})))
	w.write(t, "users", "hanako:$2a$04$N1EOdDtcgN1iEFKxBRYWOOAYOw7b.UzblXK/ia.g79uF2wfSYBCky\n")
	_, address, _ := strings.Cut(w.base, "://")
	w.write(t, "config.toml", w.config+fmt.Sprintf("listen = %q\ntls_cert = %q\ntls_key = %q\nhtpasswd = %q\n",
		address, filepath.Join(w.dir, "cert.pem"), filepath.Join(w.dir, "key.pem"), filepath.Join(w.dir, "users")))
	w.client, w.base = example.Client(), "https://"+address
	w.serve(t, nil)
	if page := w.get(t, "/"); strings.Contains(page, "example.jp") || page != "log in\n" {
		t.Errorf("a stranger sees %s", page)
	}
	w.base = "https://hanako:secret@" + address
	if page := w.get(t, "/"); !strings.Contains(page, "example.jp") {
		t.Errorf("a user sees %s", page)
	}
	if reply, err := http.Get("http://" + address); err == nil && reply.StatusCode != http.StatusBadRequest {
		t.Errorf("without TLS: status %d", reply.StatusCode)
	}
}

// A proxy, which is in the socket's group, has TLS and logins of its own.
func TestDeskServesProxies(t *testing.T) {
	w := newDeskWorld(t, 0)
	path := filepath.Join(w.dir, "desk.sock")
	w.write(t, "config.toml", w.config+fmt.Sprintf("listen = %q\n", "unix:"+path))
	w.base = "http://desk.hosting.example"
	w.client = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}}
	t.Run("while it runs", func(t *testing.T) {
		w.serve(t, nil)
		if page := w.get(t, "/"); !strings.Contains(page, "example.jp") {
			t.Errorf("the page is %s", page)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o660 {
			t.Errorf("the socket is %v, %v", info, err)
		}
	})
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket is left behind: %v", err)
	}
}

func (w deskWorld) get(t *testing.T, path string) string {
	t.Helper()
	reply, err := w.client.Get(w.url(path))
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
