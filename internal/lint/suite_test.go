package lint

import (
	"context"
	"encoding/json"
	"net"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"dkimd/internal/testenv"
)

// suiteFile is the test suite of RFC 7208 from openspf.org, which Debian's
// python3-spf brings.
const suiteFile = "/usr/share/doc/python3-spf/rfc7208-tests.yml.gz"

const suiteAsJSON = `
import gzip, json, sys, yaml
class Loader(yaml.SafeLoader): pass
Loader.add_constructor('tag:yaml.org,2002:binary', lambda loader, node: node.value)
scenarios = [s for s in yaml.load_all(gzip.open(sys.argv[1], 'rt', encoding='utf-8'), Loader=Loader) if s]
json.dump([{
    'tests': [{'name': name, 'domain': (t.get('mailfrom') or '').rpartition('@')[2] or t['helo'],
               'results': t['result'] if isinstance(t['result'], list) else [t['result']]} for name, t in s['tests'].items()],
    'zone': {host.lower(): records for host, records in s['zonedata'].items()},
} for s in scenarios], sys.stdout)
`

// scenario is a part of the suite: tests, and the DNS that they take place in.
type scenario struct {
	Tests []struct {
		Name, Domain string
		Results      []string
	}
	Zone map[string][]any
}

func readSuite(t *testing.T) []scenario {
	t.Helper()
	testenv.NeedProgram(t, debianPython)
	testenv.NeedFile(t, suiteFile)
	out, err := exec.Command(debianPython, "-c", suiteAsJSON, suiteFile).Output()
	if err != nil {
		t.Fatal(err)
	}
	var suite []scenario
	if err := json.Unmarshal(out, &suite); err != nil {
		t.Fatal(err)
	}
	return suite
}

// data returns what the scenario's DNS has of a type at a name.
func (s scenario) data(name, kind string) ([]any, error) {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	for range 8 { // CNAMEs
		var found []any
		target := ""
		for _, record := range s.Zone[name] {
			typed, ok := record.(map[string]any)
			if !ok {
				return found, &net.DNSError{Err: "timeout", Name: name, IsTimeout: true}
			}
			if data, ok := typed[kind]; ok && data != "NONE" {
				found = append(found, data)
			}
			if data, ok := typed["CNAME"].(string); ok {
				target = strings.ToLower(strings.TrimSuffix(data, "."))
			}
		}
		if target == "" || len(found) > 0 {
			return found, nil
		}
		name = target
	}
	return nil, nil
}

var errNotFound = &net.DNSError{Err: "no such host", IsNotFound: true}

func (s scenario) LookupTXT(_ context.Context, name string) ([]string, error) {
	all, err := s.data(name, "TXT")
	if len(all) == 0 && err == nil && !s.hasTXT(name) {
		all, err = s.data(name, "SPF") // the suite's notation
	}
	var texts []string
	for _, data := range all {
		text := ""
		switch data := data.(type) {
		case string:
			text = data
		case []any:
			for _, part := range data {
				text += part.(string)
			}
		}
		latin1 := make([]byte, 0, len(text))
		for _, r := range text {
			latin1 = append(latin1, byte(r))
		}
		texts = append(texts, string(latin1))
	}
	if texts == nil && err == nil {
		return nil, errNotFound
	}
	return texts, err
}

// hasTXT reports whether a name says something of TXT, be it that there is none.
func (s scenario) hasTXT(name string) bool {
	return slices.ContainsFunc(s.Zone[strings.ToLower(strings.TrimSuffix(name, "."))], func(record any) bool {
		typed, ok := record.(map[string]any)
		_, has := typed["TXT"]
		return ok && has
	})
}

func (s scenario) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	all, err := s.data(name, "MX")
	var hosts []*net.MX
	for _, data := range all {
		pair := data.([]any)
		hosts = append(hosts, &net.MX{Pref: uint16(pair[0].(float64)), Host: pair[1].(string) + "."})
	}
	if hosts == nil && err == nil {
		return nil, errNotFound
	}
	return hosts, err
}

func (s scenario) LookupNetIP(_ context.Context, _, name string) ([]netip.Addr, error) {
	var addrs []netip.Addr
	for _, kind := range []string{"A", "AAAA"} {
		all, err := s.data(name, kind)
		if err != nil {
			return addrs, err
		}
		for _, data := range all {
			addrs = append(addrs, netip.MustParseAddr(data.(string)))
		}
	}
	if addrs == nil {
		return nil, errNotFound
	}
	return addrs, nil
}

// suiteExceptions are tests on which we disagree, and why.
var suiteExceptions = map[string]string{
	"include-at-limit": "its sender is let pass before the look-up that is too many; others are not",
}

func TestSuiteOfRFC7208(t *testing.T) {
	suite := readSuite(t)
	if len(suite) == 0 {
		t.Fatal("the suite is empty")
	}
	for _, s := range suite {
		for _, test := range s.Tests {
			report := SPF(t.Context(), s, test.Domain, "", "")
			result := resultOf(codes(report.Findings))
			var want []string
			for _, r := range test.Results {
				want = append(want, withoutMatch(r))
			}
			why := suiteExceptions[test.Name]
			if agree := slices.Contains(want, result); agree == (why != "") {
				t.Errorf("%s: the suite says %v of %s, we say %s (%s)", test.Name, test.Results, test.Domain, result, codes(report.Findings))
			}
		}
	}
}
