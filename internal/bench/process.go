package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// process is a signer while it runs, with the processes that it starts.
type process struct {
	cmd     *exec.Cmd
	socket  string
	started time.Time
	ended   chan struct{}
}

// start starts a signer in a new directory and waits until it listens. It ends with
// the context.
func start(ctx context.Context, c contender, s site, dir string) (*process, error) {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	socket := filepath.Join(dir, "milter.sock")
	files := map[string]string{"config": fill(c.config, dir, socket, s)}
	if c.tables {
		files["KeyTable"], files["SigningTable"] = s.tables()
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	var args []string
	for _, arg := range c.args {
		args = append(args, fill(arg, dir, socket, s))
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p := &process{cmd: exec.CommandContext(ctx, c.program, args...), socket: socket, started: time.Now(), ended: make(chan struct{})}
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(os.Interrupt) }
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.cmd.Wait()
		close(p.ended)
	}()
	for deadline := time.Now().Add(2 * time.Minute); ctx.Err() == nil && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if conn, err := net.Dial("unix", socket); err == nil {
			return p, conn.Close()
		}
	}
	p.stop()
	text, _ := os.ReadFile(log.Name())
	return nil, fmt.Errorf("it does not listen: %s", text)
}

func (p *process) stop() {
	p.cmd.Process.Signal(os.Interrupt)
	select {
	case <-p.ended:
	case <-time.After(10 * time.Second):
		for _, pid := range p.all() {
			if process, err := os.FindProcess(pid); err == nil {
				process.Kill()
			}
		}
		<-p.ended
	}
}

// all returns the ids of the process and of those that it has started.
func (p *process) all() []int {
	all := []int{p.cmd.Process.Pid}
	for i := 0; i < len(all); i++ {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", all[i]))
		for _, field := range strings.Fields(string(text)) {
			if pid, err := strconv.Atoi(field); err == nil {
				all = append(all, pid)
			}
		}
	}
	return all
}

// ticks is how many there are in a second, in /proc (proc(5): sysconf(_SC_CLK_TCK),
// which is 100 on every Linux that Go runs on).
const ticks = 100

// cpu returns the time that the processes have spent on processors.
func (p *process) cpu() (time.Duration, error) {
	var sum time.Duration
	for _, pid := range p.all() {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return 0, err
		}
		_, after, ok := strings.Cut(string(text), ") ") // the name may hold blanks
		fields := strings.Fields(after)
		if !ok || len(fields) < 13 {
			return 0, fmt.Errorf("/proc has %q", text)
		}
		var user, system int
		if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
			return 0, err
		}
		sum += time.Duration(user+system) * time.Second / ticks
	}
	return sum, nil
}

// memory returns a figure of /proc/PID/status in bytes: VmRSS is what is resident
// now, VmHWM the most that was. What processes share counts for each.
func (p *process) memory(figure string) (int64, error) {
	var sum int64
	for _, pid := range p.all() {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			return 0, err
		}
		_, after, _ := strings.Cut(string(text), figure+":")
		var kilobytes int64
		if _, err := fmt.Sscan(after, &kilobytes); err != nil {
			return 0, err
		}
		sum += kilobytes << 10
	}
	return sum, nil
}
