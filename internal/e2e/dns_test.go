package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"dkimd/internal/nameserver"
	"dkimd/internal/testenv"
)

// customerDNS is all of DNS. The zones of two customers take what their panels
// enter; that of the hosting company takes what dkimctl signs with its TSIG key.
type customerDNS struct {
	ports    []string // of ns1.example, and of ns2.example, which lags behind
	transfer func()   // lets the second server catch up with the first
}

const (
	dnsSOA     = "$TTL 60\n@ SOA ns1.example. hostmaster.example. 1 3600 3600 86400 60\n"
	dnsZone    = dnsSOA + "@ NS ns1.example.\n@ NS ns2.example.\n"
	dnsTSIGKey = `key "dkimctl" { algorithm hmac-sha256; secret "bm90IGEgc2VjcmV0OiBsb29wYmFjayBpbiBhIHRlc3Q="; };
`
	dnsStatements = dnsTSIGKey + `view world {
recursion yes;
zone "jp" { type primary; file "jp"; };
zone "example" { type primary; file "example"; };
zone "example.jp" { type primary; file "example.jp"; allow-update { 127.0.0.1; }; };
zone "new.example" { type primary; file "new.example"; allow-update { 127.0.0.1; }; };
zone "hosting.example" { type primary; file "hosting.example"; update-policy { grant dkimctl subdomain dkim.hosting.example TXT; }; };
};
`
	// dnsConfig is what dkimctl is told of it.
	dnsConfig = `
[dns]
resolver = "127.0.0.1:%[1]s"
timeout = "1s"

[delegation]
zone = "dkim.hosting.example"

[publish]
server = "127.0.0.1:%[1]s"
key_file = "%[2]s"
`
)

func startDNS(t testing.TB) customerDNS {
	t.Helper()
	testenv.NeedProgram(t, "named", "rndc", "dig", "nsupdate")
	port := nameserver.StartBIND(t, dnsStatements, map[string]string{
		"jp":              dnsSOA + "@ NS ns1.example.\nexample NS ns1.example.\nexample NS ns2.example.\n",
		"example":         dnsSOA + "@ NS ns1\nns1 A 127.0.0.1\nns2 A 127.0.0.2\nnew NS ns1\nnew NS ns2\nhosting NS ns1\nhosting NS ns2\n",
		"example.jp":      dnsZone,
		"new.example":     dnsZone,
		"hosting.example": dnsZone,
	})
	second, transfer := nameserver.StartSecondary(t, port, "example.jp", "new.example", "hosting.example")
	return customerDNS{[]string{port, second}, transfer}
}

// config returns what dkimctl has to be told, its TSIG key being in a directory.
func (d customerDNS) config(t testing.TB, dir string) string {
	t.Helper()
	key := filepath.Join(dir, "tsig.key")
	if err := os.WriteFile(key, []byte(dnsTSIGKey), 0o600); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(dnsConfig, d.ports[0], key)
}

// enter changes a customer's zone at the first server, as a panel does.
func (d customerDNS) enter(t testing.TB, commands string) {
	t.Helper()
	cmd := exec.Command("nsupdate")
	cmd.Stdin = strings.NewReader("server 127.0.0.1 " + d.ports[0] + "\n" + commands)
	runCommand(t, cmd)
}

// hang has all name servers answer nothing until resume is called.
func (d customerDNS) hang(t testing.TB) (resume func()) {
	t.Helper()
	var all []func()
	for _, port := range d.ports {
		all = append(all, nameserver.Hang(t, port))
	}
	return func() {
		for _, resume := range all {
			resume()
		}
	}
}

// txt returns what the name server at a port has at a host; empty: nothing.
func (d customerDNS) txt(port, host string) string {
	resolver := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
	}}
	values, _ := resolver.LookupTXT(context.Background(), host)
	return strings.Join(values, "\n")
}

// dkimctlAt runs dkimctl as root, with the clock that its own tests have: so many
// days after 2026-11-25. It asks name servers at the port of this DNS.
func (d customerDNS) dkimctlAt(t testing.TB, days int, config string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	program, err := buildDkimctlWithClock()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, append([]string{"--config", config, "--lang", "en"}, args...)...)
	cmd.Env = append(os.Environ(), fmt.Sprintf("DAYS_LATER=%d", days), "DNS_PORT="+strings.Join(d.ports, " "))
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if failed := cmd.Run(); failed != nil && !errors.As(failed, new(*exec.ExitError)) {
		t.Fatal(failed)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// buildDkimctlWithClock builds the test program of dkimctl, which is dkimctl when it
// is called so.
var buildDkimctlWithClock = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(binDir, "clock")
	program := filepath.Join(dir, "dkimctl")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	if out, err := exec.Command("go", "test", "-c", "-o", program, "dkimd/cmd/dkimctl").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go test -c: %w\n%s", err, out)
	}
	return program, nil
})

// made is a record that dkimctl has printed as JSON.
type made struct{ Domain, Selector, Host, Type, Value string }

func parseMade(t testing.TB, stdout string) []made {
	t.Helper()
	var records []made
	if err := json.Unmarshal([]byte(stdout), &records); err != nil {
		t.Fatalf("%v: %s", err, stdout)
	}
	return records
}

var signatureKey = regexp.MustCompile(`[\s;](d|s)=([^;\s]+)`)

// delivered is a message as it arrived, and what each name server had just then at
// the hosts of its signatures.
type delivered struct {
	text    []byte
	at      time.Time
	records []map[string]string // by name server
}

// watch notes for each message that arrives what DNS has at that time.
func (d customerDNS) watch(hop *nextHop) (stop func() []delivered) {
	var mu sync.Mutex
	var all []delivered
	hop.mu.Lock()
	defer hop.mu.Unlock()
	hop.arrived = func(m mail) {
		one := delivered{text: m.text, at: time.Now()}
		for _, port := range d.ports {
			records := map[string]string{}
			for _, host := range signatureHosts(m.text) {
				if value := d.txt(port, host); value != "" {
					records[host] = value
				}
			}
			one.records = append(one.records, records)
		}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, one)
	}
	return func() []delivered {
		hop.mu.Lock()
		hop.arrived = nil
		hop.mu.Unlock()
		mu.Lock()
		defer mu.Unlock()
		return all
	}
}

// signatureHosts returns the hosts of the records of a message's signatures.
func signatureHosts(text []byte) []string {
	var hosts []string
	header, _, _ := strings.Cut(string(text), "\r\n\r\n")
	for field := range strings.SplitSeq(strings.ReplaceAll(strings.ReplaceAll(header, "\r\n\t", " "), "\r\n ", " "), "\r\n") {
		if !strings.HasPrefix(field, "DKIM-Signature:") {
			continue
		}
		tags := map[string]string{}
		for _, match := range signatureKey.FindAllStringSubmatch(field, -1) {
			tags[match[1]] = match[2]
		}
		hosts = append(hosts, tags["s"]+"._domainkey."+tags["d"])
	}
	return hosts
}
