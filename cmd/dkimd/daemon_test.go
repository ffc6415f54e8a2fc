package main

import (
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"dkimd/internal/mta"
	"dkimd/keys"
	"dkimd/keys/record"
)

const message = "From: Taro <taro@%s>\r\nSubject: hello\r\n\r\nhello\r\n"

// process is a dkimd that systemd, as it believes, has started.
type process struct {
	testing.TB
	*os.Process
	dir    string
	notify *net.UnixConn
	log    logFile       // its standard error
	exited chan struct{} // once the process has ended
	code   int           // with which it has
}

// logFile is a log by its path.
type logFile string

func (l logFile) String() string {
	text, err := os.ReadFile(string(l))
	if err != nil {
		panic(err)
	}
	return string(text)
}

// configuration returns one that listens on unix sockets of these names.
func configuration(dir string, sockets ...string) string {
	text := fmt.Sprintf("[keys]\nstore = %q\n[log]\nformat = \"json\"\n[http]\nlisten = \"\"\n", filepath.Join(dir, "store"))
	for _, name := range sockets {
		text += fmt.Sprintf("[[listener]]\naddress = %q\n", "unix:"+filepath.Join(dir, name))
	}
	return text
}

// start starts dkimd with a configuration, of which %s is the directory. It is
// killed at the end of the test.
func start(t testing.TB, dir, config string) *process {
	t.Helper()
	writeFile(t, filepath.Join(dir, "config.toml"), config)
	notify, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { notify.Close() })
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command("dkimd", "--config", filepath.Join(dir, "config.toml"))
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+filepath.Join(dir, "notify"))
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{TB: t, Process: cmd.Process, dir: dir, notify: notify, log: logFile(log.Name()), exited: make(chan struct{})}
	go func() {
		cmd.Wait()
		p.code = cmd.ProcessState.ExitCode()
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.Kill()
		<-p.exited
		if t.Failed() {
			t.Logf("dkimd's log:\n%s", p.log)
		}
	})
	return p
}

// told fails unless this is what systemd is told next, and returns what follows.
func (p *process) told(want string) (more string) {
	p.Helper()
	p.notify.SetReadDeadline(time.Now().Add(30 * time.Second))
	text := make([]byte, 1000)
	n, err := p.notify.Read(text)
	if err != nil || !strings.HasPrefix(string(text[:n]), want) {
		p.Fatalf("systemd is told %q, want %q: %v", text[:n], want, err)
	}
	if want == "RELOADING=1" && !strings.Contains(string(text[:n]), "\nMONOTONIC_USEC=") {
		p.Errorf("systemd is not told since when: %q", text[:n])
	}
	return string(text[len(want):n])
}

func (p *process) signal(signal os.Signal) {
	p.Helper()
	if err := p.Signal(signal); err != nil {
		p.Fatal(err)
	}
}

// reload reloads, and returns the line of the log about it.
func (p *process) reload(config string) string {
	p.Helper()
	before := len(p.log.String())
	writeFile(p, filepath.Join(p.dir, "config.toml"), config)
	p.signal(syscall.SIGHUP)
	p.told("RELOADING=1")
	p.told("READY=1")
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		for line := range strings.Lines(p.log.String()[before:]) {
			if strings.Contains(line, `"the configuration `) && strings.HasSuffix(line, "\n") {
				return line
			}
		}
	}
	p.Fatal("the log says nothing of a reload")
	return ""
}

// ends fails unless dkimd ends by itself, with this code.
func (p *process) ends(code int) {
	p.Helper()
	select {
	case <-p.exited:
	case <-time.After(30 * time.Second):
		p.Fatal("dkimd does not end")
	}
	if p.code != code {
		p.Errorf("dkimd ends with %d, want %d", p.code, code)
	}
}

// connect connects a mail server to a unix socket.
func (p *process) connect(socket string) *mta.Conn {
	p.Helper()
	c, err := mta.Dial("unix", filepath.Join(p.dir, socket), mta.Postfix6)
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { c.Close() })
	if r, err := c.Connect(mta.Client{Addr: "203.0.113.9"}); err != nil || r.Final() {
		p.Fatalf("%+v, %v", r, err)
	}
	return c
}

// taros returns a message that the owner of a domain submits.
func taros(domain string) mta.Message {
	return mta.Message{From: "taro@" + domain, Login: "taro@" + domain, Recipients: []string{"hanako@example.com"}, QueueID: "4" + domain, Text: fmt.Appendf(nil, message, domain)}
}

// expectSigned sends a message of the domain's owner, which has to leave signed.
func (p *process) expectSigned(c *mta.Conn, domain string) {
	p.Helper()
	if r, err := c.Send(taros(domain)); err != nil || len(r.Inserted) != 1 {
		p.Fatalf("%+v, %v", r, err)
	}
}

// begin sends a message of the domain's owner up to the end of its header, which
// dkimd answers: from then on the message is under way.
func (p *process) begin(c *mta.Conn, domain string) {
	p.Helper()
	m := taros(domain)
	if _, err := c.Envelope(m); err != nil {
		p.Fatal(err)
	}
	if r, err := c.Header(string(m.Text)); err != nil || r.Final() {
		p.Fatalf("%+v, %v", r, err)
	}
}

var ed25519Key = sync.OnceValues(func() (crypto.Signer, error) { return keys.Generate(record.Ed25519, 0) })

// makeStore makes a store in the directory, unless there is one.
func makeStore(t testing.TB, dir string) *keys.Dir {
	t.Helper()
	store := keys.OpenDir(filepath.Join(dir, "store"))
	if err := store.Create(nil); err != nil {
		t.Fatal(err)
	}
	return store
}

// addKey makes an active key.
func addKey(t testing.TB, store *keys.Dir, domain string) {
	t.Helper()
	private, err := ed25519Key()
	if err != nil {
		t.Fatal(err)
	}
	move := keys.Move{Time: time.Now(), By: "test", Why: "test"}
	_, err = store.Update(domain, func(c *keys.Change) error {
		if _, err := c.Add("s", private, move); err != nil {
			return err
		}
		return c.Activate(len(c.Keys)-1, move)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// publicDir returns a directory that everybody can enter, whose path is short
// enough for sockets.
func publicDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "dkimd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func writeFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestLife(t *testing.T) {
	dir := publicDir(t)
	store := makeStore(t, dir)
	addKey(t, store, "example.jp")
	p := start(t, dir, configuration(dir, "one"))
	p.told("READY=1")
	c := p.connect("one")
	p.expectSigned(c, "example.jp")

	// A new domain needs neither restart nor reload.
	addKey(t, store, "new.example")
	p.expectSigned(c, "new.example")

	// A reload takes all of a good configuration; who is connected stays.
	if line := p.reload(configuration(dir, "two")); !strings.Contains(line, "is reloaded") {
		t.Errorf("the log has %s", line)
	}
	p.expectSigned(p.connect("two"), "example.jp")
	if _, err := net.Dial("unix", filepath.Join(dir, "one")); err == nil {
		t.Error("the old listener is still there")
	}
	p.expectSigned(c, "example.jp")

	// And nothing of a bad one.
	bad := "[milter]\nidle_timeout = \"soon\"\n" + configuration(dir, "three")
	line := p.reload(bad)
	var entry struct{ Level, Msg, Error string }
	if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Level != "ERROR" || !strings.Contains(entry.Msg, "the old one stays in force") ||
		!strings.Contains(entry.Error, "config.toml:2: milter.idle_timeout: ") {
		t.Errorf("the log has %s", line)
	}
	p.expectSigned(p.connect("two"), "example.jp")
	if _, err := os.Lstat(filepath.Join(dir, "three")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the bad configuration's listener is there: %v", err)
	}

	// The keys in memory outlive a reload, while the store is away.
	p.reload(configuration(dir, "two"))
	state := filepath.Join(dir, "store/state")
	if err := os.Rename(state, state+" is away"); err != nil {
		t.Fatal(err)
	}
	p.expectSigned(p.connect("two"), "example.jp")

	// What go-milter itself has to say is for the log, too.
	odd := p.connect("two")
	if err := odd.WriteFrame(mta.EndOfHeader, nil); err != nil {
		t.Fatal(err)
	}
	if err := odd.End(); err != nil {
		t.Error(err)
	}

	// A message under way may finish.
	p.begin(c, "example.jp")
	p.signal(syscall.SIGTERM)
	p.told("STOPPING=1")
	if r, err := c.EndOfBody([]byte("hello\r\n")); err != nil || len(r.Inserted) != 1 {
		t.Errorf("a message under way: %+v, %v", r, err)
	}
	p.ends(exitDone)
	if _, err := os.Lstat(filepath.Join(dir, "two")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is left: %v", err)
	}
	for line := range strings.Lines(p.log.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("a line of the log is not JSON: %s", line)
		}
	}
	if want := "Error performing milter command: a header without MAIL before it"; !strings.Contains(p.log.String(), want) {
		t.Errorf("the log is without go-milter's %q", want)
	}
}

func TestAMessageThatNeverEnds(t *testing.T) {
	dir := publicDir(t)
	addKey(t, makeStore(t, dir), "example.jp")
	p := start(t, dir, "[milter]\nstop_timeout = \"10ms\"\n"+configuration(dir, "one"))
	p.told("READY=1")
	c := p.connect("one")
	p.begin(c, "example.jp")
	p.signal(syscall.SIGTERM)
	p.told("STOPPING=1")
	if err := c.End(); err != nil {
		t.Error(err)
	}
	p.ends(exitDone)
	if want := "connections with a message under way are cut"; !strings.Contains(p.log.String(), want) {
		t.Errorf("the log is without %q", want)
	}
}

// An address that somebody else has is named, and is no fault of the
// configuration.
func TestAnAddressInUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	addr := taken.Addr().String()
	for name, more := range map[string]string{
		"listener[1]": "[[listener]]\naddress = \"inet:" + addr + "\"\n",
		"http.listen": "[[listener]]\naddress = \"unix:$DIR/one\"\n[http]\nlisten = \"" + addr + "\"\n",
	} {
		dir := publicDir(t)
		makeStore(t, dir)
		p := start(t, dir, strings.ReplaceAll(more, "$DIR", dir)+"[keys]\nstore = \""+dir+"/store\"\n")
		p.ends(exitFailed)
		if lines := p.log.String(); strings.Count(lines, "\n") != 1 || !strings.Contains(lines, addr) || !strings.Contains(lines, "address already in use") {
			t.Errorf("%s: it says\n%s", name, lines)
		}
	}
}

func TestHTTP(t *testing.T) {
	dir := publicDir(t)
	addKey(t, makeStore(t, dir), "example.jp")
	site, err := net.Listen("tcp", "127.0.0.1:0") // for a free port
	if err != nil {
		t.Fatal(err)
	}
	addr := site.Addr().String()
	site.Close()
	p := start(t, dir, strings.Replace(configuration(dir, "one"), `listen = ""`, fmt.Sprintf("listen = %q", addr), 1))
	p.told("READY=1")
	p.expectSigned(p.connect("one"), "example.jp")
	get := func(path string, status int, want string) {
		t.Helper()
		response, err := http.Get("http://" + addr + path)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != status || !strings.Contains(string(text), want) {
			t.Errorf("%s: %d, %v, without %q:\n%s", path, response.StatusCode, err, want, text)
		}
	}
	get("/metrics", 200, "\ndkimd_messages_total{outcome=\"signed\",reason=\"\"} 1\n")
	get("/metrics", 200, "\ndkimd_signatures_total{algorithm=\"ed25519\"} 1\n")
	get("/metrics", 200, "\ndkimd_connections 1\n")
	get("/metrics", 200, "\ndkimd_config_last_reload_successful 1\n")
	get("/readyz", 200, "ok\n")
	get("/healthz", 200, "ok\n")
	p.reload("nonsense")
	get("/metrics", 200, "\ndkimd_config_last_reload_successful 0\n")
	state := filepath.Join(dir, "store/state")
	if err := os.Rename(state, state+" is away"); err != nil {
		t.Fatal(err)
	}
	get("/readyz", 503, "the key store cannot be read")
	get("/healthz", 200, "ok\n")
}
