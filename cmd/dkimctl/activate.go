package main

import (
	"errors"
	"fmt"
	"time"

	"dkimd/internal/setup"
	"dkimd/keys"

	"github.com/spf13/cobra"
)

func newActivate(u *ui) *cobra.Command {
	var selector string
	var unverified bool
	cmd := &cobra.Command{
		Use:   "activate DOMAIN --selector S --unverified",
		Short: "Sign with a key from now on",
		Long: `Make a key active: dkimd signs with it within five seconds, without a reload. The
active key of the same algorithm, if there is one, is retired in the same step.

With --unverified you vouch that the record is in DNS on every name server of
the domain. If it is not, receivers see signatures that fail.`,
		Example: "  dkimctl activate example.jp --selector s202611a --unverified",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if selector == "" {
				return usage(errors.New("--selector is missing: it names the key"), "dkimctl show "+args[0]+" lists the keys")
			}
			if !unverified {
				return usage(errors.New("--unverified is missing: this version cannot see the record in DNS by itself"),
					"look it up at every name server of the domain, then repeat with --unverified")
			}
			return u.activate(args[0], selector)
		},
	}
	cmd.Flags().StringVar(&selector, "selector", "", "the key's selector")
	cmd.Flags().BoolVar(&unverified, "unverified", false, "although dkimctl has not seen the record in DNS")
	u.jsonFlag(cmd)
	return cmd
}

func (u *ui) activate(name, selector string) error {
	c, err := u.config()
	if err != nil {
		return err
	}
	store := setup.Store(c)
	known, err := readDomain(store, name)
	if err != nil {
		return err
	}
	var key keys.Key
	written, err := store.Update(known.Name, func(c *keys.Change) error {
		i, err := pick(&c.Domain, selector)
		if err != nil {
			return err
		}
		err = c.Activate(i, keys.Move{Time: time.Now().UTC().Truncate(time.Second), By: who(), Why: "activate --unverified"})
		key = c.Keys[i]
		if err != nil {
			return notWanted(err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if u.json {
		return u.printJSON(viewRecord(written, key, nil))
	}
	u.printf("%s\n", u.say(
		fmt.Sprintf("%s: dkimd signs with %s from now on", written.Name, key.Selector),
		fmt.Sprintf("%s: 今後 %s で署名します", written.Name, key.Selector)))
	return nil
}
