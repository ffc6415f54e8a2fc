package verifiers

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const openDKIMConf = `Mode v
AuthservID verifier
AlwaysAddARHeader yes
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

// newOpenDKIM returns OpenDKIM, in its mode that filters a message from a file
// and prints what it does to it.
func newOpenDKIM(t testing.TB, dnsPort string) Verifier {
	t.Helper()
	dir := t.TempDir()
	unbound := writeFile(t, filepath.Join(dir, "unbound.conf"), fmt.Sprintf(unboundConf, dnsPort))
	conf := writeFile(t, filepath.Join(dir, "opendkim.conf"), fmt.Sprintf(openDKIMConf, unbound))
	return Verifier{
		Name:       "OpenDKIM",
		Algorithms: []string{"rsa-sha256", "ed25519-sha256"},
		verify: func(message []byte) ([]Result, error) {
			cmd := exec.Command("opendkim", "-x", conf, "-vv", "-t", "-")
			cmd.Stdin = bytes.NewReader(message)
			// It exits with an error for a bad signature, too.
			out, err := cmd.CombinedOutput()
			_, header, ok := strings.Cut(string(out), "hname='Authentication-Results' hvalue='verifier")
			if !ok {
				return nil, fmt.Errorf("no result (%v):\n%s", err, out)
			}
			header, _, _ = strings.Cut(header, "'\n")
			return parseAuthenticationResults(header), nil
		},
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
