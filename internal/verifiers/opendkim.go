package verifiers

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"dkimd/internal/mta"
)

const openDKIMConf = `Mode v
AuthservID verifier
AlwaysAddARHeader yes
MaximumHeaders 0
MaximumSignaturesToVerify 20
ResolverConfiguration %s
`

// unboundConf is of the resolver that is part of OpenDKIM.
const unboundConf = `server:
	do-not-query-localhost: no
forward-zone:
	name: "."
	forward-addr: 127.0.0.1@%s
`

// newOpenDKIM returns OpenDKIM as a milter that adds what it finds to the header.
// Its mode that takes a message from a file reads NULs and long lines otherwise.
func newOpenDKIM(t testing.TB, dnsPort string) Verifier {
	t.Helper()
	dir, err := os.MkdirTemp("", "opendkim") // a socket's path has to be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	unbound := writeFile(t, filepath.Join(dir, "unbound.conf"), fmt.Sprintf(unboundConf, dnsPort))
	conf := writeFile(t, filepath.Join(dir, "opendkim.conf"), fmt.Sprintf(openDKIMConf, unbound))
	socket := filepath.Join(dir, "milter")
	startMilter(t, socket, "opendkim", "-f", "-x", conf)
	offer := mta.Postfix6
	offer.Protocol &^= mta.MaySkip
	return Verifier{
		Name:       "OpenDKIM",
		Algorithms: []string{"rsa-sha256", "ed25519-sha256"},
		verify: func(message []byte) ([]Result, error) {
			c, err := mta.Dial("unix", socket, offer)
			if err != nil {
				return nil, err
			}
			defer c.Close()
			if _, err := c.Connect(mta.Client{Addr: "192.0.2.1"}); err != nil {
				return nil, err
			}
			r, err := c.Send(mta.Message{From: "taro@example.jp", Recipients: []string{"hanako@example.com"}, QueueID: "Q", Text: message})
			if err != nil {
				return nil, err
			}
			for _, field := range r.Inserted {
				if field.Name == "Authentication-Results" {
					return parseAuthenticationResults(field.Value), nil
				}
			}
			return nil, fmt.Errorf("no result: %+v", r)
		},
	}
}

// startMilter starts a program that takes -p for its socket, and waits until it
// answers there.
func startMilter(t testing.TB, socket, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, append(args, "-p", "local:"+socket)...)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not answer: %v", name, err)
		}
	}
}

var (
	method   = regexp.MustCompile(`^\s*dkim=(\w+)`)
	property = regexp.MustCompile(`\sheader\.(\w)=(\S+)`)
)

// parseAuthenticationResults reads what OpenDKIM writes into that field (RFC
// 8601), one result a signature.
func parseAuthenticationResults(value string) []Result {
	var results []Result
	for part := range strings.SplitSeq(value, ";\n") {
		verdict := method.FindStringSubmatch(part)
		if verdict == nil {
			continue
		}
		tags := map[string]string{}
		for _, tag := range property.FindAllStringSubmatch(part, -1) {
			tags[tag[1]] = tag[2]
		}
		results = append(results, Result{tags["a"], tags["d"], tags["s"], verdict[1] == "pass", strings.TrimSpace(part)})
	}
	return results
}
