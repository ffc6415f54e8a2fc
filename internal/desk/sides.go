package desk

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"dkimd/keys/finding"
)

// nameServerSide says whose the name servers of a zone are: ours if all have names
// of ours. A mixture is a finding, since nobody can tell which of them is right.
func nameServerSide(names, ours []string) (Side, []finding.Finding) {
	var known, foreign []string
	for _, name := range names {
		if under(name, ours) {
			known = append(known, name)
		} else {
			foreign = append(foreign, name)
		}
	}
	switch {
	case len(names) == 0:
		return Unknown, nil
	case len(foreign) == 0:
		return Ours, nil
	case len(known) == 0:
		return Elsewhere, nil
	}
	return Unknown, []finding.Finding{table.New(MixedNameServers,
		"ours", strings.Join(known, ", "), "others", strings.Join(foreign, ", "))}
}

// under reports whether a host is one of the names, or below one.
func under(host string, names []string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	for _, name := range names {
		name = strings.Trim(name, ".")
		if host == name || strings.HasSuffix(host, "."+name) {
			return true
		}
	}
	return false
}

// mailServerSide says whose the mail server of a domain is. Only our own account
// data and MX records of ours say something: an MX elsewhere may be a filter that
// hands mail on to us. A name without MX records has no mail of its own, and belongs
// to the domain above it in its zone, unless its address is its mail server (RFC 5321
// section 5.1).
func (d *Desk) mailServerSide(ctx context.Context, domain, zone string) (Side, error) {
	hosted, err := d.hosts(ctx, domain)
	if hosted || err != nil {
		return oursIf(hosted), err
	}
	servers, err := d.mailServers(ctx, domain)
	if len(servers) > 0 || err != nil {
		return oursIf(len(servers) > 0 && !slices.ContainsFunc(servers, d.isForeign)), err
	}
	addresses, err := d.Resolver.LookupNetIP(ctx, "ip", domain+".")
	if err != nil && !isNotFound(err) {
		return Unknown, err
	}
	if len(addresses) > 0 || !strings.HasSuffix(domain, "."+zone) {
		return Unknown, nil
	}
	_, above, _ := strings.Cut(domain, ".")
	return d.mailServerSide(ctx, above, zone)
}

func oursIf(known bool) Side {
	if known {
		return Ours
	}
	return Unknown
}

// hosts asks our account data.
func (d *Desk) hosts(ctx context.Context, domain string) (bool, error) {
	if d.HostedDomains == "" {
		return false, nil
	}
	if program, ok := strings.CutPrefix(d.HostedDomains, "command:"); ok {
		return answers(ctx, program, domain)
	}
	_, listed, err := find(d.HostedDomains, domain)
	return listed, err
}

// find returns what a file says of a domain, which is the first word of its line,
// as in tables of Postfix.
func find(path, domain string) (text string, listed bool, err error) {
	file, err := os.Open(path)
	if err != nil {
		return "", false, err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) > 0 && strings.EqualFold(words[0], domain) {
			return strings.Join(words[1:], " "), true, nil
		}
	}
	return "", false, lines.Err()
}

// answerTimeout is how long a program may think about a domain.
const answerTimeout = 10 * time.Second

// answers runs a program with a domain as its first argument: exit code 0 is yes,
// 1 no.
func answers(ctx context.Context, program, domain string, more ...string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, append([]string{domain}, more...)...)
	cmd.WaitDelay = time.Second // for what it has left running
	err := cmd.Run()
	if err == nil {
		return true, nil
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == 1 {
		return false, nil
	}
	return false, fmt.Errorf("%s does not answer about %s: %w", program, domain, err)
}

// isForeign reports whether a mail server is none of ours.
func (d *Desk) isForeign(host string) bool { return !under(host, d.OurMailServers) }

// mailServers returns the hosts in the MX records of a domain.
func (d *Desk) mailServers(ctx context.Context, domain string) ([]string, error) {
	records, err := d.Resolver.LookupMX(ctx, domain+".")
	if err != nil && !isNotFound(err) {
		return nil, err
	}
	var hosts []string
	for _, mx := range records {
		hosts = append(hosts, mx.Host)
	}
	return hosts, nil
}

func isNotFound(err error) bool {
	dnsErr, ok := errors.AsType[*net.DNSError](err)
	return ok && dnsErr.IsNotFound
}
