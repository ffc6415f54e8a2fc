package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"time"
)

// mainCF is of a Postfix with defaults, that relays all mail to a sink.
const mainCF = `compatibility_level = 3.6
queue_directory = %[1]s/queue
data_directory = %[1]s/data
maillog_file_prefixes = %[1]s
maillog_file = %[1]s/mail.log
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.hosting.example
mydestination =
alias_maps =
local_recipient_maps =
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:%[2]d
smtpd_milters = %[3]s
`

// masterCF has the services that a message goes through, and no chroot.
const masterCF = `127.0.0.1:%d inet n - n - - smtpd
cleanup    unix  n - n - 0 cleanup
qmgr       unix  n - n 300 1 qmgr
rewrite    unix  - - n - - trivial-rewrite
bounce     unix  - - n - 0 bounce
defer      unix  - - n - 0 bounce
trace      unix  - - n - 0 bounce
proxymap   unix  - - n - - proxymap
smtp       unix  - - n - - smtp
retry      unix  - - n - - error
anvil      unix  - - n - 1 anvil
scache     unix  - - n - 1 scache
tlsmgr     unix  - - n 1000? 1 tlsmgr
postlog    unix-dgram n - n - 1 postlogd
`

// postfix is a Postfix of our own.
type postfix struct {
	dir  string
	port int // of its smtpd
	sink int // the port to which it relays
}

// canRunPostfix says why this host cannot run one.
func canRunPostfix() error {
	if os.Geteuid() != 0 {
		return errors.New("it has to be started by root")
	}
	for _, program := range []string{"postfix", "smtp-source", "smtp-sink"} {
		if _, err := exec.LookPath(program); err != nil {
			return err
		}
	}
	return nil
}

// measurePostfix sends mail through a Postfix whose milter a signer is, until the
// last message has arrived. Every message has to arrive with a signature; without
// one, if the entry is that of Postfix alone.
func measurePostfix(ctx context.Context, e entry, dir string) (figures, error) {
	milter, perMessage := "", 0
	if !e.alone {
		p, _, err := begin(ctx, e, dir)
		if err != nil {
			return figures{}, err
		}
		defer p.stop()
		milter, perMessage = "unix:"+p.socket, len(e.site.values)
	}
	p, err := newPostfix(dir+"-postfix", milter)
	if err != nil {
		return figures{}, err
	}
	if err := p.run("start"); err != nil {
		return figures{}, err
	}
	defer p.run("stop")
	const warm = 100
	if _, err := p.relay(ctx, warm, e.load); err != nil {
		return figures{}, err
	}
	took, err := p.relay(ctx, e.load.messages, e.load)
	if err != nil {
		return figures{}, err
	}
	mail, err := os.ReadFile(p.received())
	if err != nil {
		return figures{}, err
	}
	if n, want := bytes.Count(mail, []byte("\nDKIM-Signature:")), perMessage*(warm+e.load.messages); n != want {
		return figures{}, fmt.Errorf("%d signatures have arrived, want %d", n, want)
	}
	return figures{PerSecond: float64(e.load.messages) / took.Seconds()}, nil
}

func newPostfix(dir, milter string) (*postfix, error) {
	owner, err := user.Lookup("postfix")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.Atoi(owner.Uid)
	if err != nil {
		return nil, err
	}
	p := &postfix{dir: dir}
	for _, port := range []*int{&p.port, &p.sink} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer ln.Close()
		*port = ln.Addr().(*net.TCPAddr).Port
	}
	for _, name := range []string{"", "etc", "queue", "data"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			return nil, err
		}
	}
	if err := os.Chown(filepath.Join(dir, "data"), uid, -1); err != nil {
		return nil, err
	}
	for name, text := range map[string]string{
		"main.cf":   fmt.Sprintf(mainCF, dir, p.sink, milter),
		"master.cf": fmt.Sprintf(masterCF, p.port),
	} {
		path := filepath.Join(dir, "etc", name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return nil, err
		}
		// Postfix waits for seconds until a file is no longer new.
		old := time.Now().Add(-time.Minute)
		if err := os.Chtimes(path, old, old); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// run has Postfix start or stop.
func (p *postfix) run(command string) error {
	if out, err := exec.Command("postfix", "-c", filepath.Join(p.dir, "etc"), command).CombinedOutput(); err != nil {
		return fmt.Errorf("postfix %s: %w: %s", command, err, out)
	}
	return nil
}

// received returns the file of all mail that has arrived.
func (p *postfix) received() string { return filepath.Join(p.dir, "data", "received") }

// relay sends so many messages, and returns how long it took until all had
// arrived.
func (p *postfix) relay(ctx context.Context, messages int, l load) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	count := strconv.Itoa(messages)
	sink := exec.CommandContext(ctx, "smtp-sink", "-u", "postfix", "-M", count, "-D", p.received(), address(p.sink), "1000")
	if err := sink.Start(); err != nil {
		return 0, err
	}
	started := time.Now()
	source := exec.CommandContext(ctx, "smtp-source", "-s", strconv.Itoa(l.connections), "-m", count, "-l", strconv.Itoa(l.size),
		"-f", "taro@"+domainOf(0), "-t", "hanako@receiver.example", address(p.port))
	if out, err := source.CombinedOutput(); err != nil {
		cancel()
		sink.Wait()
		return 0, fmt.Errorf("smtp-source: %w: %s", err, out)
	}
	if err := sink.Wait(); err != nil {
		return 0, fmt.Errorf("smtp-sink: %w", err)
	}
	return time.Since(started), nil
}

func address(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
