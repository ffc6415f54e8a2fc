package main

import (
	"context"
	"errors"
	"time"

	"dkimd/internal/config"
	"dkimd/internal/desk"
	"dkimd/internal/provider"
	"dkimd/keys"
	"dkimd/keys/dnscheck"

	"github.com/spf13/cobra"
)

func newDesk(u *ui) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "desk",
		Short: "The support desk: letters to customers, and a web page",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return usage(errors.New("desk has commands of its own"), "dkimctl desk --help lists them")
		},
	}
	cmd.AddCommand(newDeskReply(u), newDeskRequest(u), newDeskLetters(), newDeskServe(u))
	return cmd
}

// loadLetters returns the letters of a configuration.
func loadLetters(c *config.Config) (*desk.Letters, error) {
	letters, err := desk.LoadLetters(c.Desk.Letters, map[string]desk.Sender{
		"ja": {Company: c.Desk.Company, Support: c.Desk.SupportName, Signature: c.Desk.Signature},
		"en": {Company: c.Desk.CompanyEn, Support: c.Desk.SupportNameEn, Signature: c.Desk.Signature},
	})
	if err != nil {
		return nil, usage(err)
	}
	return letters, nil
}

// newDeskOf returns the desk of a configuration. It looks at DNS through a checker
// of its own, so make a new one for each run.
func newDeskOf(c *config.Config, store keys.Store) (*desk.Desk, error) {
	if len(c.Desk.OurNameServers) == 0 {
		return nil, usage(c.At("desk.our_name_servers", errors.New("it is empty: without it, nobody can tell whose the name servers of a domain are")))
	}
	providers, err := provider.Load(c.Desk.Providers)
	if err != nil {
		return nil, usage(err)
	}
	checker, err := newChecker(c, false)
	if err != nil {
		return nil, err
	}
	return &desk.Desk{
		OurNameServers: c.Desk.OurNameServers,
		OurMailServers: c.Desk.OurMailServers,
		HostedDomains:  c.Desk.HostedDomains,
		Contacts:       c.Desk.Contacts,
		SPFInclude:     c.Desk.SPFInclude,
		Delegates:      c.Delegation.Zone != "",
		Publishes:      c.Publish.Server != "",
		Store:          store,
		Resolver:       newResolver(c),
		Providers:      providers,
		KeepRecordFor:  time.Duration(c.Keys.KeepRecordFor),
		Now:            now,
		NameServers:    checker.NameServers,
		Alias:          checker.Alias,
		OwnRecord:      checker.OwnRecord,
		Check: func(ctx context.Context, d *keys.Domain, k keys.Key) dnscheck.Result {
			return checkKey(ctx, checker, d, k)
		},
	}, nil
}
