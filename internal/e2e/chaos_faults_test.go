package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"dkimd/internal/testenv"
)

// A chaosFault is what happens to the machine of TestChaos. It is over when it
// returns.
type chaosFault struct {
	name string
	do   func(c *chaos, t testing.TB)
}

// endingFaults are those after which another dkimd serves.
var endingFaults = []chaosFault{
	{"dkimd is killed, and started again", func(c *chaos, t testing.TB) {
		c.kill(t)
		c.restartDkimd(t)
	}},
	{"dkimd is stopped, and started again", func(c *chaos, t testing.TB) {
		c.dkimd.stop(t)
		c.restartDkimd(t)
	}},
	{"another dkimd takes over", (*chaos).upgrade},
	{"private keys are damaged, dkimd is killed and started again, they are mended", (*chaos).damageKeys},
	{"the store cannot be read, dkimd is killed and started again", (*chaos).closeStore},
	{"the store is read-only, dkimd is killed and started again", (*chaos).protectStore},
}

// survivedFaults are those after which the same dkimd serves.
var survivedFaults = []chaosFault{
	{"dkimd hangs", func(c *chaos, t testing.TB) {
		c.signal(t, syscall.SIGSTOP)
		time.Sleep(time.Second)
		c.signal(t, syscall.SIGCONT)
	}},
	{"a good configuration is loaded", func(c *chaos, t testing.TB) { c.reload(t, c.more, "the configuration is reloaded") }},
	{"a bad configuration is loaded", func(c *chaos, t testing.TB) {
		c.reload(t, "nonsense", "the configuration cannot be reloaded: the old one stays in force")
		c.configure(t, c.more)
	}},
	{"a domain is added", (*chaos).addDomain},
	{"keys are rotated", func(c *chaos, t testing.TB) { genkey(t, c.config, c.anyDomain()) }},
	{"the disk is full", (*chaos).fillDisk},
	{"DNS is away", (*chaos).takeDNSAway},
	{"the clock is moved ahead, back and right", (*chaos).moveClock},
	{"dkimd runs out of descriptors", (*chaos).exhaust},
}

// letHappen sends the messages, an equal share of them while each fault happens
// and after it, and returns how often what has happened.
func (c *chaos) letHappen(t testing.TB) map[string]int {
	t.Helper()
	testenv.NeedProgram(t, "prlimit")
	rounds := max(1, *chaosMessages/2000)
	var faults []chaosFault
	for round := range rounds {
		if round <= rounds/2 { // in the second half one dkimd serves all the time
			faults = append(faults, endingFaults...)
		}
		faults = append(faults, survivedFaults...)
	}
	happened := map[string]int{}
	for n, fault := range faults {
		left := *chaosMessages * (len(faults) - n - 1) / len(faults)
		c.mu.Lock()
		c.keep = left
		c.wake.Broadcast()
		c.mu.Unlock()
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

func (c *chaos) damageKeys(t testing.TB) {
	t.Helper()
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
}

func (c *chaos) closeStore(t testing.TB) {
	t.Helper()
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
