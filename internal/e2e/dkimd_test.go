package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"dkimd/internal/testenv"
)

// dkimd is a running daemon.
type dkimd struct {
	cmd    *exec.Cmd
	log    string
	exited chan struct{} // once cmd.ProcessState is there
}

// startDkimd starts a build of dkimd as its own user and waits until it is ready.
// Its log is added to a file. It is stopped at the end of the test, and must have
// run without a data race.
func startDkimd(t testing.TB, program, config, log string) *dkimd {
	t.Helper()
	file, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	d := &dkimd{
		cmd:    exec.Command(program, "--config", config),
		log:    log,
		exited: make(chan struct{}),
	}
	d.cmd.SysProcAttr = as(t, "dkimd", "postfix")
	d.cmd.Stderr = file
	d.cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	before := len(d.find(t, "msg", "started"))
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		d.cmd.Wait()
		close(d.exited)
	}()
	t.Cleanup(func() {
		if d.running() {
			d.stop(t)
		}
		text, _ := os.ReadFile(log)
		if bytes.Contains(text, []byte("DATA RACE")) { // not all that ran have an exit code to tell
			t.Error("dkimd logs a data race")
		}
		if t.Failed() {
			t.Logf("dkimd's log:\n%s", text)
		}
	})
	waitFor(t, "dkimd to start", func() bool {
		return !d.running() || len(d.find(t, "msg", "started")) > before
	})
	if !d.running() {
		t.Fatalf("dkimd does not start: %v", d.cmd.ProcessState)
	}
	return d
}

func (d *dkimd) running() bool {
	select {
	case <-d.exited:
		return false
	default:
		return true
	}
}

func (d *dkimd) signal(t testing.TB, signal os.Signal) {
	t.Helper()
	if err := d.cmd.Process.Signal(signal); err != nil {
		t.Error(err)
	}
}

// stop ends the daemon as systemd does.
func (d *dkimd) stop(t testing.TB) {
	t.Helper()
	d.signal(t, syscall.SIGTERM)
	d.waitForExit(t)
	if state := d.cmd.ProcessState; state != nil && !state.Success() { // nil: it was not we who started it
		t.Errorf("dkimd ends with %v", state)
	}
}

// kill ends the daemon as a lack of memory does.
func (d *dkimd) kill(t testing.TB) {
	t.Helper()
	d.signal(t, syscall.SIGKILL)
	d.waitForExit(t)
}

// upgrade has another process take over, and returns it.
func (d *dkimd) upgrade(t testing.TB) *dkimd {
	t.Helper()
	const taken = "another process has taken over: connections may end"
	before := len(d.find(t, "msg", taken))
	d.signal(t, syscall.SIGUSR2)
	waitFor(t, "another dkimd to take over", func() bool { return len(d.find(t, "msg", taken)) > before })
	pid := int(d.find(t, "msg", taken)[before]["pid"].(float64))
	process, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	next := &dkimd{cmd: &exec.Cmd{Process: process}, log: d.log, exited: make(chan struct{})}
	go func() {
		for !testenv.Gone(pid) {
			time.Sleep(10 * time.Millisecond)
		}
		close(next.exited)
	}()
	t.Cleanup(func() {
		process.Kill()
		<-next.exited
	})
	return next
}

func (d *dkimd) waitForExit(t testing.TB) {
	t.Helper()
	waitFor(t, "dkimd to end", func() bool { return !d.running() })
}

// lines returns what the daemon has logged.
func (d *dkimd) lines(t testing.TB) []map[string]any {
	t.Helper()
	text, err := os.ReadFile(d.log)
	if err != nil {
		t.Fatal(err)
	}
	var lines []map[string]any
	whole := text[:bytes.LastIndexByte(text, '\n')+1] // the last line may be on its way
	for text := range bytes.Lines(whole) {
		var line map[string]any
		if err := json.Unmarshal(text, &line); err != nil {
			t.Errorf("not a line of dkimd's log: %s", text)
			continue
		}
		lines = append(lines, line)
	}
	return lines
}

// find returns the lines of the log that say something.
func (d *dkimd) find(t testing.TB, key, value string) []map[string]any {
	t.Helper()
	return slices.DeleteFunc(d.lines(t), func(line map[string]any) bool { return line[key] != value })
}

// waitForLine waits for a message of the log.
func (d *dkimd) waitForLine(t testing.TB, msg string) {
	t.Helper()
	waitFor(t, "dkimd to log: "+msg, func() bool { return len(d.find(t, "msg", msg)) > 0 })
}

// dkimctl runs dkimctl as a user.
func dkimctl(t testing.TB, user, config string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	cmd := exec.Command(program(t, "dkimctl"), append([]string{"--config", config, "--lang", "en"}, args...)...)
	cmd.SysProcAttr = as(t, user)
	var out, err strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &err
	if failed := cmd.Run(); failed != nil && !errors.As(failed, new(*exec.ExitError)) {
		t.Fatal(failed)
	}
	return cmd.ProcessState.ExitCode(), out.String(), err.String()
}

// genkey makes active keys for domains, as root, and returns their records: the
// value by host.
func genkey(t testing.TB, config string, domains ...string) map[string]string {
	t.Helper()
	code, stdout, stderr := dkimctl(t, "root", config,
		append([]string{"genkey", "--activate", "--unverified", "--json"}, domains...)...)
	var made []struct{ Host, Value string }
	if err := json.Unmarshal([]byte(stdout), &made); err != nil || code != 0 {
		t.Fatalf("dkimctl genkey: exit %d: %s%s", code, stdout, stderr)
	}
	records := map[string]string{}
	for _, r := range made {
		records[r.Host] = r.Value
	}
	return records
}
