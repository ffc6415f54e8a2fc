package main

import (
	"context"
	"errors"
	"slices"

	"dkimd/keys"

	"github.com/spf13/cobra"
)

func newRemove(u *ui) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "remove DOMAIN",
		Short: "End a domain: its mail is signed no more, its private keys are destroyed",
		Long: `End a domain whose customer has left. All its keys are revoked at once and their
private keys destroyed. Mail that still comes leaves unsigned; none is deferred.

What remains is the list of its keys and their history, so that no selector is
ever used again. If the customer comes back: dkimctl genkey.`,
		Example: "  dkimctl remove example.jp",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return u.remove(cmd.Context(), args[0]) },
	}
	u.jsonFlag(cmd)
	return cmd
}

func (u *ui) remove(ctx context.Context, name string) error {
	store, c, err := u.store()
	if err != nil {
		return err
	}
	known, err := readDomain(store, name)
	if err != nil {
		return err
	}
	var revoked []keys.Key
	written, err := store.Update(known.Name, func(c *keys.Change) error {
		for i, k := range c.Keys {
			if k.State == keys.Revoked {
				continue
			}
			if err := c.RevokeCompromised(i, moveNow("remove")); err != nil {
				return err
			}
			revoked = append(revoked, c.Keys[i])
		}
		c.Delegation = nil // its CNAMEs never lead to a key again
		if len(revoked) == 0 {
			return notWanted(errors.New(c.Name + " is removed already: all its keys are revoked"))
		}
		return nil
	})
	if err != nil {
		return err
	}
	views := slices.Collect(viewKeys(store, written, revoked))
	for _, v := range views {
		u.hintRemovable(v)
	}
	if known.Delegation != nil {
		u.hint(u.say("the customer's CNAMEs lead nowhere now, and may be removed", "お客様の DNS の CNAME は不要となりましたので、削除していただけます"))
	}
	return errors.Join(u.publishDelegated(ctx, store, c, known.Name), printAll(u, slices.Values(views), "", u.printRevoked))
}
