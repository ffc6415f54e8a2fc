package e2e

import (
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// The life of the daemon, as Postfix and its clients see it.
func TestLife(t *testing.T) {
	m := startMachine(t, options{})
	signed := func(t *testing.T) {
		t.Helper()
		to := newRecipient()
		m.checkSigned(t, m.login(t, port465, taro).mustSend(t, taro, to, message(taro, to)), to, "example.jp")
	}

	t.Run("the socket has its mode and group", func(t *testing.T) {
		info, err := os.Stat(filepath.Join(m.queue, "dkimd/dkimd.sock"))
		if err != nil {
			t.Fatal(err)
		}
		postfix, err := user.LookupGroup("postfix")
		if err != nil {
			t.Fatal(err)
		}
		if gid := info.Sys().(*syscall.Stat_t).Gid; info.Mode() != fs.ModeSocket|0o660 || gid != number(t, postfix.Gid) {
			t.Errorf("the socket has the mode %v and the group %d", info.Mode(), gid)
		}
	})
	t.Run("a broken configuration is not taken", func(t *testing.T) {
		m.configure(t, "[sign]\nauthenticatde = false\n")
		m.signal(t, syscall.SIGHUP)
		m.waitForLine(t, "the configuration cannot be reloaded: the old one stays in force")
		signed(t)
	})
	t.Run("a changed configuration is taken", func(t *testing.T) {
		m.configure(t, "[sign]\nauthenticated = false\n")
		m.signal(t, syscall.SIGHUP)
		m.waitForLine(t, "the configuration is reloaded")
		to := newRecipient()
		m.checkUnsigned(t, m.login(t, port465, taro).mustSend(t, taro, to, message(taro, to)), to, "not_ours")

		m.configure(t, "")
		m.signal(t, syscall.SIGHUP)
		waitFor(t, "the old configuration", func() bool { return len(m.find(t, "msg", "the configuration is reloaded")) == 2 })
		signed(t)
	})
	t.Run("the key of a new domain signs without a reload", func(t *testing.T) {
		const jiro = "jiro@new.example"
		send := func() (id, to string) {
			to = newRecipient()
			return m.login(t, port465, jiro).mustSend(t, jiro, to, message(jiro, to)), to
		}
		id, to := send()
		m.checkUnsigned(t, id, to, "no_key")
		for host, value := range genkey(t, m.config, "new.example") {
			m.records[host] = value
		}
		waitFor(t, "a signed mail", func() bool {
			id, to = send()
			return m.line(t, id)["msg"] == "signed"
		})
		m.checkSigned(t, id, to, "new.example")
	})
	t.Run("a store that cannot be read defers mail, with the queue id", func(t *testing.T) {
		state := filepath.Join(m.store, "state")
		info, err := os.Stat(state)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(state, 0); err != nil {
			t.Fatal(err)
		}
		to := newRecipient()
		c := m.login(t, port587, hanako)
		_, failed := c.send(hanako, to, message(hanako, to))
		if err := os.Chmod(state, info.Mode()); err != nil {
			t.Fatal(err)
		}
		lines := m.find(t, "reason", "store_error")
		if len(lines) != 1 {
			t.Fatalf("dkimd has %d lines of a store error, want 1: %v", len(lines), lines)
		}
		id := lines[0]["queue_id"].(string)
		if id == "" || code(failed) != 451 || !strings.Contains(failed.Error(), "4.7.5 "+id+": ") {
			t.Errorf("%s is deferred with: %v", id, failed)
		}
		waitFor(t, id+" as a queue id of Postfix's", func() bool { return strings.Contains(m.postfix.log(t), id) })
		m.checkSigned(t, c.mustSend(t, hanako, to, message(hanako, to)), to, "example.com")
	})
	t.Run("SIGTERM lets a message in flight finish", func(t *testing.T) {
		to := newRecipient()
		text := message(taro, to)
		idle := m.login(t, port465, taro)
		c := m.login(t, port465, taro)
		c.mustBegin(t, taro, to)
		c.write(t, text[:len(text)/2])
		signed(t) // Postfix does not wait for dkimd to see the MAIL of the first: by now it has

		m.signal(t, syscall.SIGTERM)
		m.waitForLine(t, "stopping: messages under way may finish")
		c.write(t, text[len(text)/2:])
		m.checkSigned(t, c.mustEnd(t), to, "example.jp")
		m.waitForExit(t)
		if code := m.cmd.ProcessState.ExitCode(); code != 0 {
			t.Errorf("dkimd ends with %v", m.cmd.ProcessState)
		}
		if _, err := idle.send(taro, to, text); code(err) != 451 {
			t.Errorf("a client that was idle when dkimd stopped gets: %v", err)
		}
	})
	t.Run("while dkimd is away, Postfix defers", func(t *testing.T) {
		to := newRecipient()
		if _, err := m.connect(t, port25, relay).send(taro, to, message(taro, to)); code(err) != 451 {
			t.Errorf("a relay gets: %v", err)
		}
		m.startDkimd(t)
		signed(t)
	})
	t.Run("the socket of a daemon that was killed is taken over", func(t *testing.T) {
		m.startDkimd(t)
		m.kill(t)
		m.startDkimd(t)
		signed(t)
	})
}

// Another dkimd takes over amid an SMTP connection, and amid a message: neither
// is refused, nor deferred.
func TestUpgrade(t *testing.T) {
	m := startMachine(t, options{})
	signed := func(c *client) {
		t.Helper()
		to := newRecipient()
		m.checkSigned(t, c.mustSend(t, taro, to, message(taro, to)), to, "example.jp")
	}
	idle, uploading := m.login(t, port465, taro), m.login(t, port587, taro)
	signed(idle)
	to := newRecipient()
	text := message(taro, to)
	uploading.mustBegin(t, taro, to)
	uploading.write(t, text[:len(text)/2])

	old := m.dkimd
	m.dkimd = old.upgrade(t)
	signed(m.login(t, port465, taro))
	uploading.write(t, text[len(text)/2:])
	m.checkSigned(t, uploading.mustEnd(t), to, "example.jp")
	signed(idle)
	if !old.running() {
		t.Error("the old dkimd ends before its connections do")
	}
	for _, c := range []*client{idle, uploading} {
		if err := c.Quit(); err != nil {
			t.Error(err)
		}
	}
	old.waitForExit(t)
	if !old.cmd.ProcessState.Success() {
		t.Errorf("the old dkimd ends with %v", old.cmd.ProcessState)
	}
	signed(m.login(t, port465, taro))
	m.dkimd.stop(t)
}
