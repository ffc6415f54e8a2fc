package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"dkimd/internal/testenv"
)

// chaosFaults are what happens to the machine of TestChaos, in this order and
// then again. Each is over when it returns.
var chaosFaults = []struct {
	name string
	do   func(c *chaos, t testing.TB)
}{
	{"dkimd is killed, and started again", func(c *chaos, t testing.TB) {
		c.kill(t)
		c.restartDkimd(t)
	}},
	{"dkimd is stopped, and started again", func(c *chaos, t testing.TB) {
		c.dkimd.stop(t)
		c.restartDkimd(t)
	}},
	{"another dkimd takes over", (*chaos).upgrade},
	{"dkimd hangs", func(c *chaos, t testing.TB) {
		c.signal(t, syscall.SIGSTOP)
		time.Sleep(time.Second)
		c.signal(t, syscall.SIGCONT)
	}},
	{"a good configuration is loaded", func(c *chaos, t testing.TB) { c.reload(t, chaosConfig, "the configuration is reloaded") }},
	{"a bad configuration is loaded", func(c *chaos, t testing.TB) {
		c.reload(t, "nonsense", "the configuration cannot be reloaded: the old one stays in force")
		c.configure(t, chaosConfig)
	}},
	{"a domain is added", (*chaos).addDomain},
	{"keys are rotated", func(c *chaos, t testing.TB) { genkey(t, c.config, c.anyDomain()) }},
	{"private keys are damaged, dkimd is killed and started again, they are mended", func(c *chaos, t testing.TB) {
		dir := filepath.Join(c.store, "private", c.anyDomain())
		aside := dir + ".aside"
		if err := os.Rename(dir, aside); err != nil {
			t.Fatal(err)
		}
		c.kill(t)
		c.restartDkimd(t)
		time.Sleep(time.Second)
		if err := os.Rename(aside, dir); err != nil {
			t.Fatal(err)
		}
	}},
	{"the store cannot be read, dkimd is killed and started again", func(c *chaos, t testing.TB) {
		private := filepath.Join(c.store, "private")
		info, err := os.Stat(private)
		if err != nil {
			t.Fatal(err)
		}
		c.kill(t)
		c.restartDkimd(t)
		if err := os.Chmod(private, 0); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if err := os.Chmod(private, info.Mode()); err != nil {
			t.Fatal(err)
		}
	}},
	{"dkimd runs out of descriptors", (*chaos).exhaust},
	{"the disk is full, keys cannot be rotated", func(c *chaos, t testing.TB) {
		empty := fill(t, c.store)
		c.cannotRotate(t, "no space left on device")
		empty()
	}},
	{"the store is read-only, keys cannot be rotated", func(c *chaos, t testing.TB) {
		runCommand(t, exec.Command("mount", "-o", "remount,ro", c.store))
		c.cannotRotate(t, "read-only file system")
		runCommand(t, exec.Command("mount", "-o", "remount,rw", c.store))
	}},
	{"DNS is away, no key is proven", (*chaos).checkWithoutDNS},
	{"the clock goes forward by a month", func(c *chaos, t testing.TB) { c.clock.move(t, month) }},
	{"the clock goes back by two months", func(c *chaos, t testing.TB) { c.clock.move(t, -month) }},
	{"the clock is put right", func(c *chaos, t testing.TB) { c.clock.move(t, 0) }},
}

// letHappen sends the messages, an equal share of them while each fault happens
// and after it, and returns how often what has happened.
func (c *chaos) letHappen(t testing.TB) map[string]int {
	t.Helper()
	testenv.NeedProgram(t, "prlimit")
	rounds := max(1, *chaosMessages/2000)
	faults := rounds * len(chaosFaults)
	happened := map[string]int{}
	for n := range faults {
		left := *chaosMessages * (faults - n - 1) / faults
		c.mu.Lock()
		c.keep = left
		c.more.Broadcast()
		c.mu.Unlock()
		fault := chaosFaults[n%len(chaosFaults)]
		fault.do(c, t)
		happened[fault.name]++
		waitFor(t, "messages to be sent", func() bool {
			c.mu.Lock()
			defer c.mu.Unlock()
			return c.left <= left
		})
	}
	return happened
}

// anyDomain returns one whose mail is sent.
func (c *chaos) anyDomain() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.domains[c.random.IntN(len(c.domains))]
}

// restartDkimd starts another dkimd, with a log of its own.
func (c *chaos) restartDkimd(t testing.TB) {
	t.Helper()
	c.n++
	c.retired = append(c.retired, c.dkimd)
	c.dkimd = startDkimd(t, c.program, c.config, filepath.Join(c.dir, fmt.Sprintf("dkimd%d.log", c.n)))
}

// cannotRotate: the command that rotates keys fails, says why, and changes nothing.
func (c *chaos) cannotRotate(t testing.TB, why string) {
	t.Helper()
	domain := c.anyDomain()
	before := c.state(t, domain)
	code, _, stderr := dkimctl(t, "root", c.config, "rotate", domain)
	if code != 1 || !strings.Contains(stderr, why) || !strings.Contains(stderr, c.store) {
		t.Errorf("rotate: exit %d: %s", code, stderr)
	}
	if c.state(t, domain) != before {
		t.Errorf("rotate has failed (%s), and the state of %s is another", why, domain)
	}
}

// checkWithoutDNS has the timer's command look for the record of a new key.
func (c *chaos) checkWithoutDNS(t testing.TB) {
	t.Helper()
	domain := c.anyDomain()
	if code, _, stderr := dkimctl(t, "root", c.config, "genkey", domain); code != 0 {
		t.Errorf("genkey: exit %d: %s", code, stderr)
	}
	before := c.state(t, domain)
	code, stdout, stderr := dkimctl(t, "root", c.config, "check", "--activate", domain)
	if code != 1 {
		t.Errorf("check without DNS: exit %d: %s%s", code, stdout, stderr)
	}
	if c.state(t, domain) != before {
		t.Errorf("check without DNS moves keys of %s", domain)
	}
}

// state returns what the store has of a domain.
func (c *chaos) state(t testing.TB, domain string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.store, "state", domain+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// exhaust leaves dkimd no more descriptors until it has noticed. Who connects
// meanwhile has to wait, and no more.
func (c *chaos) exhaust(t testing.TB) {
	t.Helper()
	limit := func(n string) {
		cmd := exec.Command("prlimit", "--pid", strconv.Itoa(c.cmd.Process.Pid), "--nofile="+n+":")
		cmd.SysProcAttr = as(t, "dkimd", "postfix")
		runCommand(t, cmd)
	}
	const says = "a connection cannot be accepted"
	before := len(c.find(t, "msg", says))
	limit("1")
	dialled := make(chan error)
	go func() {
		conn, err := c.dialMilter()
		if err == nil {
			conn.Close()
		}
		dialled <- err
	}()
	waitFor(t, "dkimd to log: "+says, func() bool { return len(c.find(t, "msg", says)) > before })
	limit("1024")
	if err := <-dialled; err != nil {
		t.Error(err)
	}
}

// upgrade has another dkimd take over.
func (c *chaos) upgrade(t testing.TB) {
	t.Helper()
	c.retired = append(c.retired, c.dkimd)
	c.dkimd = c.dkimd.upgrade(t)
}

// reload loads a configuration, and waits until dkimd says what it makes of it.
func (c *chaos) reload(t testing.TB, config, says string) {
	t.Helper()
	before := len(c.find(t, "msg", says))
	c.configure(t, config)
	c.signal(t, syscall.SIGHUP)
	waitFor(t, "dkimd to log: "+says, func() bool { return len(c.find(t, "msg", says)) > before })
}

// endAll ends the last dkimd, and checks that of all of them none failed. Their
// logs become one.
func (c *chaos) endAll(t testing.TB) {
	t.Helper()
	c.dkimd.stop(t)
	var all bytes.Buffer
	logs := map[string]bool{}
	for _, d := range append(c.retired, c.dkimd) {
		d.waitForExit(t)
		if state := d.cmd.ProcessState; state != nil && state.Exited() && state.ExitCode() != 0 {
			t.Errorf("a dkimd ends with %v", state)
		}
		if logs[d.log] {
			continue
		}
		logs[d.log] = true
		text, err := os.ReadFile(d.log)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte("DATA RACE")) || bytes.Contains(text, []byte("panic")) {
			t.Errorf("a dkimd logs a data race or a panic: %s", d.log)
		}
		all.Write(text)
	}
	c.dkimd.log = filepath.Join(c.dir, "all.log")
	writeFile(t, c.dkimd.log, all.String())
}
