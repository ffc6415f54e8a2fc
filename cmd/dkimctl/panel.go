package main

import (
	"context"
	"fmt"
	"strings"

	"dkimd/internal/config"
	"dkimd/internal/provider"
	"dkimd/keys/finding"
)

// panel is where a customer enters a record.
type panel struct {
	Zone        string         `json:"zone"`
	NameServers []string       `json:"name_servers"`
	Provider    *finding.Text  `json:"provider,omitempty"` // nil: not known
	Advice      []finding.Text `json:"advice"`
}

// addPanels looks up where each record is entered, and what is known of the panel.
func addPanels(ctx context.Context, c *config.Config, views []keyView) error {
	table, err := provider.Load(c.Desk.Providers)
	if err != nil {
		return usage(err)
	}
	checker, err := newChecker(c, false)
	if err != nil {
		return err
	}
	for i := range views {
		v := &views[i]
		zone, nameServers, err := checker.NameServers(ctx, v.Host)
		if err != nil {
			return failed(fmt.Errorf("the name servers of %s cannot be found: %w", v.Domain, err), "without --provider, the record is printed without a look at DNS")
		}
		found, known := table.Find(nameServers)
		v.RelativeHost = v.record.RelativeTo(zone)
		v.Panel = &panel{Zone: zone, NameServers: nameServers, Advice: found.Advice(v.Value, v.Type == "CNAME", c.Delegation.Zone != "")}
		if known {
			v.Panel.Provider = &found.Name
		}
	}
	return nil
}

// printAdvice prints what is known of the panel; nil: nothing was looked up.
func (u *ui) printAdvice(p *panel) {
	if p == nil {
		return
	}
	who := u.say("not known", "不明")
	if p.Provider != nil {
		who = u.say(p.Provider.En, p.Provider.Ja)
	}
	u.printf("%s%s (%s)\n", u.label("Panel", "登録先の管理画面"), who, strings.Join(p.NameServers, ", "))
	for _, advice := range p.Advice {
		u.printf("  - %s\n", u.say(advice.En, advice.Ja))
	}
}
