package dnscheck

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"

	"dkimd/keys/finding"
)

// answer is what one address of a name server has at a name.
type answer struct {
	zone      *zone
	server    nameServer
	addr      netip.Addr
	name      string
	values    [][]string        // the strings of each TXT record, unescaped
	target    string            // of a CNAME
	err       error             // no answer with authority
	findings  []finding.Finding // about the values
	unwelcome bool              // one of them is an error
}

func (a answer) absent() bool { return len(a.values) == 0 }
func (a answer) good() bool   { return !a.absent() && !a.unwelcome }

// lameError is what a server answers that does not have the zone.
type lameError string

func (e lameError) Error() string { return string(e) }

func isLame(err error) bool {
	_, lame := errors.AsType[lameError](err)
	return lame
}

// look asks all name servers for the TXT record at a name, and goes on where
// CNAMEs lead.
func (k *check) look(ctx context.Context, name string) {
	if slices.Contains(k.aliases, name) || len(k.aliases) > maxAliases {
		k.find(CNAMELoop, "target", shown(name))
		return
	}
	k.aliases = append(k.aliases, name)

	z, err := k.zone(ctx, name)
	if err != nil {
		k.noZone(name, err)
		return
	}
	if len(z.servers) > maxServers {
		z.servers = z.servers[:maxServers]
		k.find(GaveUp)
	}
	answers := k.askServers(ctx, z, name)
	k.reportServers(z, answers)
	if len(k.aliases) == 1 {
		k.result.Zone = strings.TrimSuffix(z.apex, ".")
		k.first = answers
	}

	var targets []string
	for _, a := range answers {
		switch {
		case a.err != nil:
		case a.target == "":
			k.found = append(k.found, a)
		case !slices.Contains(targets, a.target):
			targets = append(targets, a.target)
		}
	}
	k.targets[name] = targets
	for _, target := range targets {
		k.look(ctx, target)
	}
}

// noZone reports that the zone of a name cannot be found.
func (k *check) noZone(name string, err error) {
	switch {
	case len(k.aliases) > 1 && errors.Is(err, errUndelegated):
		// A CNAME that leads out of all DNS leads to no record.
		k.found = append(k.found, answer{name: name})
	case errors.Is(err, errUndelegated):
		k.find(NoDelegation)
	default:
		k.away = true
		k.find(ZoneUnknown, "error", finding.Excerpt(err.Error()))
	}
}

// askServers asks every address of every name server for the TXT record at a
// name. An address that cannot be reached from here is left out.
func (k *check) askServers(ctx context.Context, z *zone, name string) []answer {
	var answers []answer
	for _, s := range z.servers {
		for _, addr := range s.addresses {
			answers = append(answers, answer{zone: z, server: s, addr: addr, name: name})
		}
	}
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { k.askFor(ctx, &answers[i]) })
	}
	wg.Wait()
	return slices.DeleteFunc(answers, func(a answer) bool { return errors.Is(a.err, errNoRoute) })
}

// askFor fills in what the server has.
func (k *check) askFor(ctx context.Context, a *answer) {
	reply, err := k.question(ctx, a.addr, a.name, dns.TypeTXT)
	if err == nil && reply.Rcode == dns.RcodeServerFailure {
		// BIND fails when CNAMEs go round in a circle, but has each of them.
		reply, err = k.question(ctx, a.addr, a.name, dns.TypeCNAME)
	}
	switch {
	case err != nil:
		a.err = err
	case reply.Rcode != dns.RcodeSuccess && reply.Rcode != dns.RcodeNameError:
		a.err = lameError(rcode(reply))
	case !reply.Authoritative:
		a.err = lameError("AA=0")
	default:
		a.values, a.target = recordsOf(reply, a.name)
	}
}

// recordsOf returns the TXT records at a name, or where its CNAME leads.
func recordsOf(reply *dns.Msg, name string) (values [][]string, target string) {
	for _, rr := range reply.Answer {
		if !same(rr.Header().Name, name) {
			continue
		}
		switch rr := rr.(type) {
		case *dns.TXT:
			if len(values) < maxRecords {
				values = append(values, unescape(rr.Txt))
			}
		case *dns.CNAME:
			target = strings.ToLower(rr.Target)
		}
	}
	if target != "" {
		return nil, target
	}
	slices.SortFunc(values, slices.Compare) // servers give them in any order
	return values, ""
}

// reportServers notes what each server answered, and reports those that did not.
func (k *check) reportServers(z *zone, answers []answer) {
	for _, a := range answers {
		k.result.Servers = append(k.result.Servers, Server{
			Name:    shown(a.server.name),
			Address: a.addr.String(),
			Host:    shown(a.name),
			Answer:  a.String(),
		})
	}
	for _, s := range z.servers {
		confirmed, asked := false, false
		for _, a := range answers {
			if a.server.name != s.name {
				continue
			}
			asked = true
			confirmed = confirmed || a.err == nil
			switch {
			case a.err == nil:
			case isLame(a.err):
				k.findAt(ServerLame, a.place(), "error", a.err.Error())
			case errors.Is(a.err, errNoTCP):
				k.findAt(ServerWithoutTCP, a.place())
			default:
				k.findAt(ServerSilent, a.place())
			}
		}
		switch {
		case len(s.addresses) == 0:
			k.findAt(ServerUnknown, shown(s.name))
		case !asked:
			k.findAt(IPv6Only, shown(s.name))
		}
		k.away = k.away || !confirmed
	}
}

// place says which server this is.
func (a answer) place() string { return fmt.Sprintf("%s (%s)", shown(a.server.name), a.addr) }

// String says what the server answered.
func (a answer) String() string {
	switch {
	case isLame(a.err):
		return a.err.Error()
	case a.err != nil:
		return "no answer"
	case a.target != "":
		return "CNAME " + shown(a.target)
	case a.absent():
		return "nothing"
	}
	var texts []string
	for _, value := range a.values[:min(len(a.values), 4)] {
		texts = append(texts, "TXT "+finding.Excerpt(strings.Join(value, "")))
	}
	return strings.Join(texts, ", ")
}
