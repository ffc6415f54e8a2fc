package verifiers

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"
)

// debianPython is the Python that Debian's packages are for; another one may
// stand before it on PATH.
const debianPython = "/usr/bin/python3"

//go:embed dkimpy.py
var dkimpyScript string

//go:embed mail_dkim.pl
var mailDKIMScript string

// newDKIMPy returns dkimpy with a clock that is ahead.
func newDKIMPy(t testing.TB, dnsPort string, ahead time.Duration) Verifier {
	t.Helper()
	return Verifier{
		Name:       "dkimpy",
		Algorithms: []string{"rsa-sha256", "ed25519-sha256"},
		verify:     startScript(t, debianPython, "-c", dkimpyScript, dnsPort, fmt.Sprint(int(ahead.Seconds()))),
	}
}

// newMailDKIM returns Perl's Mail::DKIM. Debian's release does not know Ed25519
// yet.
func newMailDKIM(t testing.TB, dnsPort string) Verifier {
	t.Helper()
	return Verifier{
		Name:       "Mail::DKIM",
		Algorithms: []string{"rsa-sha256"},
		verify:     startScript(t, "perl", "-e", mailDKIMScript, dnsPort),
	}
}

// startScript starts a script that verifies one message after the other, since
// its start takes long. It reads the length of a message in a line and then the
// message, and answers with a line of JSON, a list of results.
func startScript(t testing.TB, name string, args ...string) func([]byte) ([]Result, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Wait() })
	answers := bufio.NewReader(stdout)
	return func(message []byte) ([]Result, error) {
		if _, err := fmt.Fprintf(stdin, "%d\n%s", len(message), message); err != nil {
			return nil, err
		}
		line, err := answers.ReadBytes('\n')
		if err != nil {
			return nil, err
		}
		var results []Result
		err = json.Unmarshal(line, &results)
		return results, err
	}
}
