package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"dkimd/internal/lint"
	"dkimd/internal/provider"
	"dkimd/keys"
	"dkimd/keys/dnscheck"
	"dkimd/keys/finding"
	"dkimd/keys/record"
)

// Desk looks at what state domains are in. It reads, and changes nothing.
type Desk struct {
	OurNameServers []string
	OurMailServers []string
	HostedDomains  string // a file, or command: and a program; empty: none
	Contacts       string // the same, of registered addresses
	SPFInclude     string // empty: SPF is not looked at
	Delegates      bool   // customers may enter CNAMEs into a zone of ours
	Publishes      bool   // dkimctl publish has a server

	Store         keys.Store
	Resolver      lint.Resolver
	Providers     provider.Table
	KeepRecordFor time.Duration // how long the records of retired keys must stay
	Now           func() time.Time

	// NameServers returns the zone that a domain is in, and the names of its name
	// servers; Alias where a CNAME at a host leads, "" if there is none; OwnRecord
	// whether what stands at a host is more than a wildcard's answer; Check checks the
	// record of a key.
	NameServers func(ctx context.Context, domain string) (zone string, names []string, err error)
	Alias       func(ctx context.Context, host string) (target string, err error)
	OwnRecord   func(ctx context.Context, host string) (bool, error)
	Check       func(ctx context.Context, d *keys.Domain, k keys.Key) dnscheck.Result
}

// errNoAnswer is about a domain, not about our own data.
var errNoAnswer = errors.New("DNS gave no answer")

// Situation is what the desk knows of a domain.
type Situation struct {
	Domain      string            `json:"domain"`
	Zone        string            `json:"zone"`
	NameServers []string          `json:"name_servers"`
	NameServer  Side              `json:"name_server"`
	MailServer  Side              `json:"mail_server"`
	Cells       []Cell            `json:"cells"` // none if a side is unknown
	Keys        []KeyCheck        `json:"keys"`  // pending and active
	SPF         *SPFChange        `json:"spf,omitempty"`
	Findings    []finding.Finding `json:"findings"`

	spares    []record.Record // to be entered for keys to come
	removable []record.Record // of old keys, still in DNS
	staying   []record.Record // of old keys, too early to remove
	provider  provider.Provider
	delegates bool
	publishes bool
}

// KeyCheck is a key and what DNS has of its record.
type KeyCheck struct {
	Key    keys.Key        `json:"key"`
	Record record.Record   `json:"-"`
	Result dnscheck.Result `json:"result"`
}

// Look finds out what state a domain is in. Mail says whose its mail server is, if
// the caller knows; Unknown if not.
func (d *Desk) Look(ctx context.Context, domain string, mail Side) (*Situation, error) {
	s := &Situation{
		Domain: domain, MailServer: mail, Keys: []KeyCheck{}, Findings: []finding.Finding{},
		delegates: d.Delegates, publishes: d.Publishes,
	}
	var err error
	if s.Zone, s.NameServers, err = d.NameServers(ctx, domain); err != nil {
		return nil, fmt.Errorf("%w about the name servers of %s: %w", errNoAnswer, domain, err)
	}
	var findings []finding.Finding
	s.NameServer, findings = nameServerSide(s.NameServers, d.OurNameServers)
	s.Findings = append(s.Findings, findings...)
	if mail == Unknown {
		if s.MailServer, err = d.mailServerSide(ctx, domain, s.Zone); err != nil {
			return nil, err
		}
	}
	s.Cells = CellsOf(s.NameServer, s.MailServer)
	s.provider, _ = d.Providers.Find(s.NameServers)
	if s.MailServer != Ours {
		return s, nil // the keys, and SPF, are others'
	}
	if err := d.lookAtKeys(ctx, s); err != nil {
		return nil, err
	}
	if d.SPFInclude == "" {
		return s, nil
	}
	if s.SPF, err = d.lookAtSPF(ctx, domain); err != nil {
		return nil, err
	}
	s.Findings = append(s.Findings, s.SPF.findings(d.SPFInclude)...)
	return s, nil
}

func (d *Desk) lookAtKeys(ctx context.Context, s *Situation) error {
	of, _, err := d.Store.Read(s.Domain)
	if errors.Is(err, keys.ErrNoKeys) {
		return nil
	}
	if err != nil {
		return err
	}
	s.spares = of.Spares()
	for _, k := range of.Keys {
		r := of.Record(k)
		if k.State == keys.Pending || k.State == keys.Active {
			s.Keys = append(s.Keys, KeyCheck{k, r, d.Check(ctx, of, k)})
			continue
		}
		mayGo := k.State == keys.Revoked || !d.Now().Before(k.Since().Add(d.KeepRecordFor))
		if k.Via != "" { // a CNAME stays, for the keys to come
			continue
		}
		published, err := d.Resolver.LookupTXT(ctx, r.Host()+".")
		if err != nil && !isNotFound(err) {
			return err
		}
		switch {
		case !slices.Contains(published, r.Value()):
		case mayGo:
			s.removable = append(s.removable, r)
		default:
			s.staying = append(s.staying, r)
		}
	}
	return nil
}
