package e2e

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dkimd/internal/mta"
	"dkimd/internal/testenv"
)

// What the users of the store may do with what root made.
func TestUsers(t *testing.T) {
	testenv.NeedRoot(t)
	dir := tempDir(t)
	config := filepath.Join(dir, "dkimd.toml")
	const text = `[[listener]]
address = "inet:127.0.0.1:%d"
[keys]
store = "%s"
[http]
listen = ""
[log]
format = "json"
`
	port := freePorts(t, 1)[0]
	writeFile(t, config, fmt.Sprintf(text, port, filepath.Join(dir, "store")))
	eml := filepath.Join(dir, "message.eml")
	writeFile(t, eml, message(taro, newRecipient()))
	genkey(t, config, "example.jp")
	if code, _, stderr := dkimctl(t, "root", config, "genkey", "example.jp", "--selector", "next"); code != 0 {
		t.Fatal(stderr)
	}

	may := func(t *testing.T, user string, args ...string) {
		t.Helper()
		if code, _, stderr := dkimctl(t, user, config, args...); code != 0 {
			t.Errorf("%s: %v: exit %d: %s", user, args, code, stderr)
		}
	}
	mayNot := func(t *testing.T, user string, args ...string) {
		t.Helper()
		if code, _, stderr := dkimctl(t, user, config, args...); code != 1 || !strings.Contains(stderr, "permission denied") {
			t.Errorf("%s: %v: exit %d: %s", user, args, code, stderr)
		}
	}
	// mayAsService is may with the umask of dkimd-check.service, whose filter refuses
	// the calls that give a file away.
	mayAsService := func(t *testing.T, user string, args ...string) {
		t.Helper()
		testenv.NeedProgram(t, "strace")
		cmd := exec.Command("sh", append([]string{"-c", `umask 077; exec strace -f -qq -o /dev/null -e inject=chown,fchown,lchown,fchownat:error=EPERM "$@"`,
			"sh", program(t, "dkimctl"), "--config", config}, args...)...)
		cmd.SysProcAttr = as(t, user)
		runCommand(t, cmd)
	}
	show := func(t *testing.T, user string) {
		t.Helper()
		may(t, user, "list")
		may(t, user, "show", "example.jp")
		may(t, user, "record", "example.jp")
	}
	activate := []string{"activate", "example.jp", "--selector", "next", "--unverified"}
	genkey := []string{"genkey", "example.jp"}
	sign := []string{"sign", eml}

	t.Run("dkimd signs and cannot write", func(t *testing.T) {
		daemon := startDkimd(t, program(t, "dkimd"), config, filepath.Join(dir, "dkimd.log"))
		conn, err := mta.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port), mta.Postfix6)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Connect(mta.Client{Addr: "192.0.2.9"}); err != nil {
			t.Fatal(err)
		}
		to := newRecipient()
		r, err := conn.Send(mta.Message{From: taro, Recipients: []string{to}, Login: taro, QueueID: "Q", Text: []byte(message(taro, to))})
		if err != nil || len(r.Inserted) != 1 {
			t.Errorf("dkimd inserts %v: %v", r.Inserted, err)
		}
		daemon.stop(t)

		show(t, "dkimd")
		may(t, "dkimd", sign...)
		mayNot(t, "dkimd", activate...)
		mayNot(t, "dkimd", genkey...)
	})
	t.Run("dkimd-desk shows, and can neither write nor sign", func(t *testing.T) {
		show(t, "dkimd-desk")
		mayNot(t, "dkimd-desk", activate...)
		mayNot(t, "dkimd-desk", genkey...)
		mayNot(t, "dkimd-desk", sign...)
	})
	t.Run("dkimd-check moves states, and can neither make keys nor sign", func(t *testing.T) {
		show(t, "dkimd-check")
		mayNot(t, "dkimd-check", sign...)
		mayNot(t, "dkimd-check", genkey...)
		mayAsService(t, "dkimd-check", activate...)
		mayNot(t, "dkimd-check", sign...)
	})
	t.Run("what dkimd-check moved, the others can read", func(t *testing.T) {
		show(t, "dkimd-desk")
		may(t, "dkimd", sign...)
		may(t, "root", genkey...)
		may(t, "dkimd", sign...)
	})
	t.Run("nobody else reads anything", func(t *testing.T) {
		mayNot(t, "nobody", "list")
		mayNot(t, "nobody", "show", "example.jp")
		mayNot(t, "nobody", sign...)
	})
}
