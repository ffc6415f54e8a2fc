// Package verifiers verifies signatures with programs that others wrote:
// OpenDKIM, dkimpy and Perl's Mail::DKIM. Public keys come to them over DNS, from
// a BIND on loopback.
package verifiers

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dkimd/internal/testenv"
)

// Verifier is a program that verifies signatures.
type Verifier struct {
	Name       string
	Algorithms []string // that it knows
	dns        *nameServer
	verify     func(message []byte) ([]Result, error)
}

// Result is what a verifier makes of one signature.
type Result struct {
	Algorithm string // a=
	Domain    string // d=
	Selector  string // s=
	OK        bool
	Detail    string
}

// All starts all verifiers; they live as long as the test.
func All(t testing.TB) []Verifier {
	t.Helper()
	testenv.NeedProgram(t, "named", "nsupdate", "opendkim", debianPython, "dkimverify", "perl", "dkimproxy-verify")
	dns := startNameServer(t)
	all := []Verifier{
		newOpenDKIM(t, dns.port),
		newDKIMPy(t, dns.port, 0),
		newMailDKIM(t, dns.port),
	}
	for i := range all {
		all[i].dns = dns
	}
	return all
}

// DKIMPyAhead starts a dkimpy whose clock is ahead, for mail of which some was signed
// by such a clock: others refuse that.
func DKIMPyAhead(t testing.TB, ahead time.Duration) Verifier {
	t.Helper()
	testenv.NeedProgram(t, "named", "nsupdate", debianPython, "dkimverify")
	dns := startNameServer(t)
	v := newDKIMPy(t, dns.port, ahead)
	v.dns = dns
	return v
}

// one is held while a message is verified, since all verifiers ask the same
// name server.
var one sync.Mutex

// Verify returns what becomes of each signature of a message, topmost first.
// Lines of the message end in CRLF. DNS has exactly the records given: the TXT
// record's value, by host.
func (v Verifier) Verify(t testing.TB, message []byte, records map[string]string) []Result {
	t.Helper()
	one.Lock()
	defer one.Unlock()
	v.dns.serve(t, records)
	results, err := v.verify(message)
	if err != nil {
		t.Fatalf("%s: %v", v.Name, err)
	}
	return results
}

// Knows says whether a verifier knows an algorithm.
func (v Verifier) Knows(algorithm string) bool { return slices.Contains(v.Algorithms, algorithm) }

// Check checks that a message has one signature of each key that a domain has
// among the records, and that all verifiers accept them where they know the
// algorithm. Signatures of other domains do not matter.
func Check(t testing.TB, all []Verifier, message []byte, records map[string]string, domain string) {
	t.Helper()
	var want []string
	for host := range records {
		if selector, ok := strings.CutSuffix(host, "._domainkey."+domain); ok {
			want = append(want, selector)
		}
	}
	slices.Sort(want)
	for _, v := range all {
		var selectors []string
		for _, r := range v.Verify(t, message, records) {
			if r.Domain != domain {
				continue
			}
			selectors = append(selectors, r.Selector)
			if v.Knows(r.Algorithm) && !r.OK {
				t.Errorf("%s refuses the signature %s of %s: %s\n%s", v.Name, r.Selector, domain, r.Detail, beginning(message))
			}
		}
		if slices.Sort(selectors); !slices.Equal(selectors, want) {
			t.Errorf("%s finds the signatures %v of %s, want %v\n%s", v.Name, selectors, domain, want, beginning(message))
		}
	}
}

// beginning returns as much of a message as can be read.
func beginning(message []byte) []byte { return message[:min(len(message), 4000)] }
