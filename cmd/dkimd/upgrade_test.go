package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"dkimd/internal/mta"
	"dkimd/internal/testenv"
)

// upgrade makes another process take over, and returns it.
func (p *process) upgrade() *process {
	p.Helper()
	p.signal(syscall.SIGUSR2)
	pid, err := strconv.Atoi(p.told("MAINPID="))
	if err != nil {
		p.Fatal(err)
	}
	found, err := os.FindProcess(pid)
	if err != nil {
		p.Fatal(err)
	}
	next := &process{TB: p, Process: found, dir: p.dir, notify: p.notify, log: p.log, exited: make(chan struct{})}
	go func() {
		for !testenv.Gone(pid) {
			time.Sleep(time.Millisecond)
		}
		close(next.exited)
	}()
	p.Cleanup(func() {
		next.Kill()
		<-next.exited
	})
	return next
}

// logs waits until the log has a text.
func (p *process) logs(text string) {
	p.Helper()
	for deadline := time.Now().Add(30 * time.Second); !strings.Contains(p.log.String(), text); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			p.Fatalf("the log does not come to have %q", text)
		}
	}
}

// finish ends a message that has begun, and that has to be signed.
func (p *process) finish(c *mta.Conn) {
	p.Helper()
	if r, err := c.EndOfBody([]byte("hello\r\n")); err != nil || len(r.Inserted) != 1 {
		p.Errorf("a message under way: %+v, %v", r, err)
	}
}

// startForUpgrades starts a dkimd with all kinds of listeners, on the unix socket
// "one" and on addresses that it returns.
func startForUpgrades(t testing.TB, more string) (p *process, inet, site string) {
	t.Helper()
	dir := publicDir(t)
	addKey(t, makeStore(t, dir), "example.jp")
	var addrs [2]string
	for i := range addrs {
		ln, err := net.Listen("tcp", "127.0.0.1:0") // for a free port
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		addrs[i] = ln.Addr().String()
		ln.Close()
	}
	inet, site = addrs[0], addrs[1]
	text := strings.Replace(configuration(dir, "one"), `listen = ""`, fmt.Sprintf("listen = %q", site), 1)
	p = start(t, dir, more+text+fmt.Sprintf("[[listener]]\naddress = \"inet:%s\"\n", inet))
	p.told("READY=1")
	return p, inet, site
}

func TestUpgrade(t *testing.T) {
	p, inet, site := startForUpgrades(t, "")
	idle, begun := p.connect("one"), p.connect("one")
	p.expectSigned(idle, "example.jp")
	p.begin(begun, "example.jp")

	next := p.upgrade()
	p.expectSigned(p.connect("one"), "example.jp")
	c, err := mta.Dial("tcp", inet, mta.Postfix6)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Quit(); err != nil {
		t.Error(err)
	}
	response, err := http.Get("http://" + site + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if text, err := io.ReadAll(response.Body); err != nil || !strings.Contains(string(text), "\ndkimd_messages_total{outcome=\"signed\",reason=\"\"} 1\n") {
		t.Errorf("the metrics are not those of the new process: %v\n%s", err, text)
	}
	if line := next.reload(configuration(p.dir, "one")); !strings.Contains(line, "is reloaded") {
		t.Errorf("the log has %s", line)
	}

	// The old process has its connections still, as long as they live.
	p.finish(begun)
	p.expectSigned(idle, "example.jp")
	if testenv.Gone(p.Pid) {
		t.Fatal("the old process ends before its connections do")
	}
	for _, c := range []*mta.Conn{idle, begun} {
		if err := c.Quit(); err != nil {
			t.Error(err)
		}
	}
	p.ends(exitDone)

	last := next.upgrade()
	p.expectSigned(p.connect("one"), "example.jp")
	last.signal(syscall.SIGTERM)
	p.told("STOPPING=1")
	<-last.exited
	if _, err := os.Lstat(filepath.Join(p.dir, "one")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is left: %v", err)
	}
}

func TestOldConnectionsEndAfterDrainTimeout(t *testing.T) {
	p, _, _ := startForUpgrades(t, "[milter]\ndrain_timeout = \"100ms\"\n")
	idle, begun := p.connect("one"), p.connect("one")
	p.begin(begun, "example.jp")
	p.upgrade()
	if err := idle.End(); err != nil {
		t.Error(err)
	}
	p.finish(begun) // for which there is stop_timeout
	p.ends(exitDone)
	if !strings.Contains(p.log.String(), "milter.drain_timeout is reached") {
		t.Error("the log does not say why")
	}
	p.expectSigned(p.connect("one"), "example.jp")
}

func TestNothingTakesOverWithABadConfiguration(t *testing.T) {
	p, _, _ := startForUpgrades(t, "")
	good, err := os.ReadFile(filepath.Join(p.dir, "config.toml"))
	if err != nil {
		t.Fatal(err)
	}
	c := p.connect("one")
	for _, bad := range []string{"nonsense", string(good) + "[[listener]]\naddress = \"unix:" + p.dir + "/log\"\n"} {
		writeFile(t, filepath.Join(p.dir, "config.toml"), bad)
		before := strings.Count(p.log.String(), "this one goes on")
		p.signal(syscall.SIGUSR2)
		for deadline := time.Now().Add(30 * time.Second); strings.Count(p.log.String(), "this one goes on") == before; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the log says nothing of the upgrade")
			}
		}
		p.expectSigned(c, "example.jp")
		p.expectSigned(p.connect("one"), "example.jp")
	}
	writeFile(t, filepath.Join(p.dir, "config.toml"), string(good))
	p.upgrade()
	p.expectSigned(p.connect("one"), "example.jp")
}

// The service has to have no process left, for systemd to start it again.
func TestTheOldProcessEndsIfTheNewOneFails(t *testing.T) {
	p, _, _ := startForUpgrades(t, "[milter]\nstop_timeout = \"10ms\"\n")
	c := p.connect("one")
	next := p.upgrade()
	next.signal(syscall.SIGKILL)
	if err := c.End(); err != nil {
		t.Error(err)
	}
	p.ends(exitDone)
	p.logs("the process that has taken over fails")
}

// Twenty upgrades under load: nobody is refused, nobody waits in vain, and every
// message is signed.
func TestUpgradesUnderLoad(t *testing.T) {
	p, inet, _ := startForUpgrades(t, "")
	stop := make(chan struct{})
	var connections, messages atomic.Int64
	errs := make(chan error, 100)
	// talk sends messages on a connection until it has sent so many, or shall stop.
	talk := func(network, address string, most int) error {
		c, err := mta.Dial(network, address, mta.Postfix6)
		if err != nil {
			return err
		}
		defer c.Close()
		connections.Add(1)
		if _, err := c.Connect(mta.Client{Addr: "203.0.113.9"}); err != nil {
			return err
		}
		for range most {
			r, err := c.Send(taros("example.jp"))
			if err != nil || len(r.Inserted) != 1 {
				return fmt.Errorf("%+v, %w", r, err)
			}
			messages.Add(1)
			select {
			case <-stop:
				return c.Quit()
			default:
			}
		}
		return c.Quit()
	}
	var clients sync.WaitGroup
	for _, client := range []struct {
		network, address string
		most             int
	}{
		{"unix", filepath.Join(p.dir, "one"), 1},
		{"unix", filepath.Join(p.dir, "one"), 3},
		{"tcp", inet, 1},
		{"unix", filepath.Join(p.dir, "one"), 1 << 30}, // over all upgrades
	} {
		clients.Go(func() {
			for {
				if err := talk(client.network, client.address, client.most); err != nil {
					errs <- err
					return
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	slow := p.connect("one")
	p.begin(slow, "example.jp") // its client uploads all the while

	processes := []*process{p}
	for range 20 {
		before := connections.Load()
		processes = append(processes, processes[len(processes)-1].upgrade())
		for deadline := time.Now().Add(30 * time.Second); connections.Load() < before+50 && len(errs) == 0; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("no more connections are taken")
			}
		}
	}
	p.finish(slow)
	slow.Quit()
	close(stop)
	clients.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
	for _, p := range processes[:20] {
		<-p.exited
	}
	t.Logf("%d upgrades, %d connections, %d messages", len(processes)-1, connections.Load(), messages.Load())
}

// Sockets of systemd's are taken as they are, and stay.
func TestSocketActivation(t *testing.T) {
	testenv.NeedProgram(t, "systemd-socket-activate")
	dir := publicDir(t)
	addKey(t, makeStore(t, dir), "example.jp")
	writeFile(t, filepath.Join(dir, "config.toml"), configuration(dir, "one"))
	dkimd, err := exec.LookPath("dkimd")
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "one")
	log := &testenv.Log{}
	cmd := exec.Command("systemd-socket-activate", "--listen", socket, "--setenv", "GORACE", dkimd, "--config", filepath.Join(dir, "config.toml"))
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	p := &process{TB: t, dir: dir}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		if strings.Contains(log.String(), "Listening on") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("nobody listens: %s", log)
		}
	}
	p.expectSigned(p.connect("one"), "example.jp")
	cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, log)
	}
	if _, err := os.Lstat(socket); err != nil {
		t.Errorf("systemd's socket is gone: %v", err)
	}
}
