package lint

import (
	"os/exec"
	"strings"
	"testing"

	"dkimd/internal/testenv"
)

// Other checkers of SPF, from Debian. Each prints a line "domain result" for every
// domain that it reads, for a sender that no mechanism matches.
const (
	debianPython = "/usr/bin/python3"

	pyspf = `
import sys, dns.resolver, spf
resolver = dns.resolver.Resolver(configure=False)
resolver.nameservers, resolver.port = ['127.0.0.1'], int(sys.argv[1])
dns.resolver.default_resolver = resolver
for line in sys.stdin:
    domain = line.strip()
    result, _ = spf.check2(i='203.0.113.9', s='user@' + domain, h='mail.sender.example')
    print(domain, result)
`

	mailSPF = `
use Net::DNS::Resolver;
use Mail::SPF;
my $dns = Net::DNS::Resolver->new(nameservers => ['127.0.0.1'], port => $ARGV[0]);
my $server = Mail::SPF::Server->new(dns_resolver => $dns, max_void_dns_lookups => 2);
while (my $domain = <STDIN>) {
	chomp $domain;
	my $request = Mail::SPF::Request->new(scope => 'mfrom', identity => "user\@$domain", ip_address => '203.0.113.9');
	print "$domain ", $server->process($request)->code, "\n";
}
`
)

// judgeAll returns what a checker makes of the domains of all cases, by case.
func judgeAll(t *testing.T, cmd *exec.Cmd) map[string]string {
	t.Helper()
	var domains strings.Builder
	for _, test := range spfCases {
		domains.WriteString(test.name + ".test\n")
	}
	var stderr strings.Builder
	cmd.Stdin, cmd.Stderr = strings.NewReader(domains.String()), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	results := map[string]string{}
	for line := range strings.Lines(string(out)) {
		domain, result, _ := strings.Cut(strings.TrimSpace(line), " ")
		results[strings.TrimSuffix(domain, ".test")] = withoutMatch(result)
	}
	return results
}

// withoutMatch returns a result of SPF, apart from whether the sender matched.
func withoutMatch(result string) string {
	switch result {
	case "pass", "fail", "softfail", "neutral":
		return evaluated
	}
	return result
}

func TestOthersJudgeSPFAlike(t *testing.T) {
	testenv.NeedProgram(t, debianPython, "perl")
	w := spfWorld(t)
	for _, checker := range []struct {
		name    string
		results map[string]string
		want    func(spfCase) string // empty: as we do
	}{
		{"pyspf", judgeAll(t, exec.Command(debianPython, "-c", pyspf, w.port)), func(c spfCase) string { return c.pyspf }},
		{"Mail::SPF", judgeAll(t, exec.Command("perl", "-e", mailSPF, w.port)), func(c spfCase) string { return c.mailSPF }},
	} {
		for _, test := range spfCases {
			want := test.result
			if other := checker.want(test); other != "" {
				if want = other; test.why == "" || other == test.result {
					t.Errorf("%s: nothing says why %s disagrees", test.name, checker.name)
				}
			}
			if got := checker.results[test.name]; got != want {
				t.Errorf("%s says %s of %s (%s), want %s", checker.name, got, test.name, test.value, want)
			}
		}
	}
}
