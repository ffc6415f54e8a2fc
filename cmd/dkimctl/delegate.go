package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"dkimd/internal/config"
	"dkimd/keys"
	"dkimd/keys/dnsupdate"

	"github.com/spf13/cobra"
)

func newUndelegate(u *ui) *cobra.Command {
	return &cobra.Command{
		Use:   "undelegate DOMAIN",
		Short: "Make the next keys of a domain without its CNAMEs",
		Long: `End the delegation of a domain that stays: its next keys have TXT records that the
customer publishes, or, after genkey --delegate, other CNAMEs. Keys that stand behind
the CNAMEs go on as they are, until the next ones take over.`,
		Example: `  dkimctl undelegate example.jp && dkimctl rotate example.jp`,
		Args:    cobra.ExactArgs(1),
		RunE:    func(_ *cobra.Command, args []string) error { return u.undelegate(args[0]) },
	}
}

func (u *ui) undelegate(name string) error {
	store, _, err := u.store()
	if err != nil {
		return err
	}
	d, err := readDomain(store, name)
	if err != nil {
		return err
	}
	_, err = store.Update(d.Name, func(c *keys.Change) error {
		if c.Delegation == nil {
			return notWanted(errors.New(c.Name + " is not delegated"))
		}
		c.Delegation = nil
		return nil
	})
	if err != nil {
		return err
	}
	u.hint(u.say("its next keys do not stand behind the CNAMEs: dkimctl rotate ", "次回の鍵からは CNAME を使用しません: dkimctl rotate ") + d.Name)
	return nil
}

// delegationZone returns the zone of ours that customers' CNAMEs lead to.
func delegationZone(c *config.Config) (string, error) {
	if c.Delegation.Zone == "" {
		return "", usage(errors.New("there is no delegation.zone in the configuration"), "it names a zone of yours that customers' CNAMEs lead to")
	}
	zone, err := keys.ParseDomain(c.Delegation.Zone)
	if err != nil {
		return "", usage(c.At("delegation.zone", err))
	}
	return zone, nil
}

// delegated returns the keys to which CNAMEs lead, and those to which they led, as far
// as their records may still be in our zone.
func delegated(d *keys.Domain) (gone, here []keys.Key) {
	for _, k := range d.Keys {
		switch {
		case k.Via == "" || !k.Withdrawn.IsZero():
		case k.State == keys.Revoked:
			gone = append(gone, k)
		default:
			here = append(here, k)
		}
	}
	return gone, here
}

// publishDelegated brings the records that customers' CNAMEs lead to up to date in our
// own zone: those of revoked keys go, those of the others come. Without a name server
// that it may tell, it says what there is to do.
func (u *ui) publishDelegated(ctx context.Context, store *keys.Dir, c *config.Config, domain string) error {
	d, err := readDomain(store, domain)
	if err != nil {
		return err
	}
	gone, here := delegated(d)
	if len(gone)+len(here) == 0 {
		return nil
	}
	if c.Publish.Server == "" {
		for _, k := range gone {
			u.hint(u.say("the record in our own zone is to be removed: ", "弊社ゾーンのレコードを削除してください: ") + d.Record(k).TXT().Host())
		}
		if len(here) > 0 {
			u.hint(u.say("the records in our own zone are to be published: ", "弊社ゾーンへの登録が必要です: ") + "dkimctl record " + domain + " --target --format zone")
		}
		return nil
	}
	server, err := primary(c)
	if err != nil {
		return err
	}
	done, notGone := withdraw(ctx, server, store, d, gone)
	more, notHere := changeRecords(ctx, server, d, here, publishRecord)
	for _, v := range append(done, more...) {
		if v.Result != present {
			u.hint(u.say("our own zone: ", "弊社ゾーン: ") + v.Host + ": " + u.resultText(v.Result))
		}
	}
	if notHere == nil && notGone != nil && len(here) > 0 {
		u.warn(fmt.Sprintf("records of revoked keys of %s may still be in our own zone: %v", domain, notGone))
		u.hint("dkimctl publish " + domain + " --remove")
		notGone = nil
	}
	if err := errors.Join(notGone, notHere); err != nil {
		again := "dkimctl publish " + domain
		if len(here) == 0 {
			again += " --remove"
		}
		return failed(fmt.Errorf("the records of %s in our own zone are not up to date: %w", domain, err),
			"when that is mended: "+again, "in BIND, the zone of [delegation] needs update-policy { grant KEY zonesub TXT; }")
	}
	return withdrawRevoked(ctx, server, store, domain, here)
}

// withdrawRevoked takes those records out again whose keys were revoked while they
// were published: two dkimctl at once must not leave one behind.
func withdrawRevoked(ctx context.Context, server *dnsupdate.Server, store *keys.Dir, domain string, published []keys.Key) error {
	d, err := readDomain(store, domain)
	if err != nil {
		return err
	}
	gone, _ := delegated(d)
	gone = slices.DeleteFunc(gone, func(k keys.Key) bool {
		return !slices.ContainsFunc(published, func(p keys.Key) bool { return p.ID == k.ID })
	})
	_, err = withdraw(ctx, server, store, d, gone)
	return err
}

// withdraw takes the records of revoked keys out of our zones, and notes of those
// behind CNAMEs that they are gone, so that nobody has to ask again.
func withdraw(ctx context.Context, server *dnsupdate.Server, store *keys.Dir, d *keys.Domain, gone []keys.Key) ([]publishView, error) {
	done, err := changeRecords(ctx, server, d, gone, removeRecord)
	if len(done) == 0 || !slices.ContainsFunc(gone, func(k keys.Key) bool { return k.Via != "" }) {
		return done, err
	}
	at := moveNow("").Time
	_, failed := store.Update(d.Name, func(c *keys.Change) error {
		for i, k := range c.Keys {
			if k.Via != "" && slices.ContainsFunc(done, func(v publishView) bool { return v.id == k.ID }) {
				c.Keys[i].Withdrawn = at
			}
		}
		return nil
	})
	return done, errors.Join(err, failed)
}
