package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"dkimd/keys"
	"dkimd/keys/record"
)

// key is the key that all signers sign with.
type key struct {
	domain, selector string
	store            string // of dkimd
	private          string // the file
	value            string // of the record
}

// makeKey makes an active key in a store of dkimd's.
func makeKey(path string) (key, error) {
	const domain, selector = "example.jp", "bench"
	store := keys.OpenDir(path)
	if err := store.Create(nil); err != nil {
		return key{}, err
	}
	private, err := keys.Generate(record.RSA, 2048)
	if err != nil {
		return key{}, err
	}
	move := keys.Move{Time: time.Now(), By: "bench", Why: "bench"}
	d, err := store.Update(domain, func(c *keys.Change) error {
		if _, err := c.Add(selector, private, move); err != nil {
			return err
		}
		return c.Activate(0, move)
	})
	if err != nil {
		return key{}, err
	}
	return key{domain, selector, path, store.PrivatePath(domain, d.Keys[0]), d.Record(d.Keys[0]).Key.Value()}, nil
}

// contender is a program that signs over a milter socket. Its configuration is one
// that a mail host would run: one domain, relaxed/relaxed, one RSA key.
type contender struct {
	name    string
	program string
	// In these, $DIR is its directory, $SOCKET its socket, $KEY the private key and
	// $STORE dkimd's key store.
	config string
	files  []string // more files: name, content
	args   []string
}

func contenders(dkimd string) []contender {
	return []contender{
		{
			name: "dkimd", program: dkimd,
			config: "[[listener]]\naddress = \"unix:$SOCKET\"\n[keys]\nstore = \"$STORE\"\n[http]\nlisten = \"\"\n",
			args:   []string{"--config", "$DIR/config"},
		},
		{
			name: "OpenDKIM", program: "opendkim",
			config: "Mode s\nSocket local:$SOCKET\nKeyTable file:$DIR/KeyTable\nSigningTable file:$DIR/SigningTable\n" +
				"Canonicalization relaxed/relaxed\nInternalHosts 127.0.0.1\nRequireSafeKeys no\nSyslog yes\n" +
				"OversignHeaders From,Subject,To,Cc,Reply-To\nUMask 002\n",
			files: []string{
				"KeyTable", "k example.jp:bench:$KEY\n",
				"SigningTable", "example.jp k\n",
			},
			args: []string{"-f", "-x", "$DIR/config"},
		},
		{
			name: "dkimpy-milter", program: "dkimpy-milter",
			config: "Mode s\nSocket local:$SOCKET\nPidFile $DIR/pid\nUserID root\nDomain example.jp\nSelector bench\nKeyFile $KEY\n" +
				"Canonicalization relaxed/relaxed\nInternalHosts 127.0.0.1\nSyslog yes\nUMask 002\n",
			args: []string{"$DIR/config"},
		},
	}
}

func (s contender) installed() bool {
	_, err := exec.LookPath(s.program)
	return err == nil
}

// process is a signer while it runs.
type process struct {
	cmd    *exec.Cmd
	socket string
}

// start starts a signer and waits until it listens.
func start(s contender, dir string, key key) (*process, error) {
	socket := filepath.Join(dir, "milter.sock")
	fill := strings.NewReplacer("$DIR", dir, "$SOCKET", socket, "$KEY", key.private, "$STORE", key.store)
	files := append([]string{"config", s.config}, s.files...)
	for i := 0; i < len(files); i += 2 {
		if err := os.WriteFile(filepath.Join(dir, files[i]), []byte(fill.Replace(files[i+1])), 0o600); err != nil {
			return nil, err
		}
	}
	var args []string
	for _, arg := range s.args {
		args = append(args, fill.Replace(arg))
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p := &process{cmd: exec.Command(s.program, args...), socket: socket}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(socket); err == nil {
			return p, nil
		}
	}
	p.stop()
	text, _ := os.ReadFile(log.Name())
	return nil, fmt.Errorf("it does not listen: %s", text)
}

func (p *process) stop() {
	p.cmd.Process.Signal(os.Interrupt)
	ended := make(chan struct{})
	go func() {
		p.cmd.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		p.cmd.Process.Kill()
		<-ended
	}
}

// ticks is how many there are in a second, in /proc (proc(5): sysconf(_SC_CLK_TCK),
// which is 100 on every Linux that Go runs on).
const ticks = 100

// cpu returns the time that the process has spent on processors.
func (p *process) cpu() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
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
	return time.Duration(user+system) * time.Second / ticks, nil
}

// peakMemory returns the most that was resident, in bytes.
func (p *process) peakMemory() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(text), "VmHWM:")
	var kilobytes int64
	if _, err := fmt.Sscan(after, &kilobytes); err != nil {
		return 0, err
	}
	return kilobytes << 10, nil
}
