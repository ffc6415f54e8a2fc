package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dkimd/internal/testenv"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets scripts and tests run dkimd.
func TestMain(m *testing.M) {
	os.Setenv("GORACE", "atexit_sleep_ms=0") // else each run of dkimd takes a second
	testscript.Main(m, map[string]func(){"dkimd": func() {
		testenv.RunAs()
		main()
	}})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                "testdata",
		RequireUniqueNames: true,
		Setup:              func(env *testscript.Env) error { return testenv.FillIn(env.WorkDir) },
		Cmds:               map[string]func(*testscript.TestScript, bool, []string){"exits": testenv.Exits},
	})
}

// What another user may not read is said, with a hint.
func TestCheckAsAnotherUser(t *testing.T) {
	testenv.NeedRoot(t)
	dir := publicDir(t)
	config := filepath.Join(dir, "config.toml")
	for _, test := range []struct{ unreadable, want string }{
		{"config.toml", config + ": permission denied"},
		{"store/state", config + ":4: keys.store: the key store cannot be read: open " + dir + "/store/state: permission denied"},
		{"store/private", config + ":4: keys.store: the key store cannot be read: open " + dir + "/store/private: permission denied"},
	} {
		makeStore(t, dir)
		writeFile(t, config, "[[listener]]\naddress = \"unix:"+dir+"/milter.sock\"\n[keys]\nstore = \""+dir+"/store\"\n")
		for _, name := range []string{"config.toml", "store/state", "store/private"} {
			mode := os.FileMode(0o755)
			if name == test.unreadable {
				mode = 0o700
			}
			if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.Command("dkimd", "--check", "--config", config)
		cmd.Env = append(os.Environ(), "RUN_AS=65534")
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != exitUsage {
			t.Errorf("%s: %v", test.unreadable, err)
		}
		for _, want := range []string{test.want + "\n", "dkimd: hint: this runs as uid 65534, the daemon as the user dkimd"} {
			if !strings.Contains(string(out), want) {
				t.Errorf("%s: it says\n%s\nwithout %s", test.unreadable, out, want)
			}
		}
	}
}
