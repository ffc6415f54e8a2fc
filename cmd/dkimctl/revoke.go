package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"dkimd/keys"
	"dkimd/keys/record"

	"github.com/spf13/cobra"
)

func newRevoke(u *ui) *cobra.Command {
	var selector string
	var compromised bool
	cmd := &cobra.Command{
		Use:   "revoke DOMAIN --selector S",
		Short: "Destroy a private key for good",
		Long: `Revoke a key: its private key is destroyed, and its record may be removed from
DNS. A retired key has to wait for that until mail in flight has arrived
(keys.keep_record_for).

With --compromised it is revoked at once, whatever its state, and a new key takes
its place: pending, so that the domain's mail is unsigned until its record is in
DNS.`,
		Example: `  dkimctl revoke example.jp --selector s202611a
  dkimctl revoke example.jp --selector s202611a --compromised`,
		Args: cobra.ExactArgs(1),

		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return u.revoke(cmd.Context(), args[0], selector, compromised)
		},
	}
	cmd.Flags().StringVar(&selector, "selector", "", "the key's selector")
	cmd.Flags().BoolVar(&compromised, "compromised", false, "somebody else may have the private key")
	u.jsonFlag(cmd)
	return cmd
}

func (u *ui) revoke(ctx context.Context, name, selector string, compromised bool) error {
	if compromised {
		return u.replace(ctx, name, selector)
	}
	store, c, err := u.store()
	if err != nil {
		return err
	}
	view, err := u.moveKey(name, selector, func(_ *keys.Dir, change *keys.Change, i int) error {
		err := change.Revoke(i, time.Duration(c.Keys.KeepRecordFor), moveNow("revoke"))
		if errors.Is(err, keys.ErrTooEarly) {
			return notWanted(err, "if somebody else may have the private key: --compromised")
		}
		return notWanted(err)
	})
	if err != nil {
		return err
	}
	u.hintRemovable(view)
	return errors.Join(u.publishDelegated(ctx, store, c, view.Domain), printAll(u, slices.Values([]keyView{view}), "", u.printRevoked))
}

// replace revokes a key that somebody else may have, and makes a new one in the same
// step if it was to sign.
func (u *ui) replace(ctx context.Context, name, selector string) error {
	t, err := u.target(name, selector)
	if err != nil {
		return err
	}
	const why = "revoke --compromised"
	old := viewKey(t.store, t.domain, t.key)
	if old.State != keys.Pending && old.State != keys.Active {
		return u.revokeNow(ctx, t, selector, why)
	}
	made, err := u.makeKeys(ctx, t.store, t.config, t.domain.Name, []string{old.Algorithm}, genkeyOptions{
		bits: max(old.Bits, t.config.Keys.RSABits),
		why:  "instead of " + old.Selector + ", which is compromised",
		first: func(change *keys.Change, at time.Time) error {
			i, err := pick(&change.Domain, selector)
			if err != nil {
				return err
			}
			move := moveNow(why)
			move.Time = at
			return notWanted(change.RevokeCompromised(i, move))
		},
	})
	if len(made) == 0 {
		// That there is no key in its place must not keep it alive.
		return errors.Join(u.revokeNow(ctx, t, selector, why), fmt.Errorf("there is no key in the place of %s: %w", old.Selector, err))
	}
	u.hintRemovable(old)
	if old.State == keys.Active {
		u.warn(t.domain.Name + " has no " + old.Algorithm + " signatures until the new key is active")
	}
	return errors.Join(err, printAll(u, slices.Values(made), "\n", u.printMade))
}

// revokeNow revokes a key that somebody else may have.
func (u *ui) revokeNow(ctx context.Context, t target, selector, why string) error {
	view, err := u.moveKey(t.domain.Name, selector, func(_ *keys.Dir, change *keys.Change, i int) error {
		return notWanted(change.RevokeCompromised(i, moveNow(why)))
	})
	if err != nil {
		return err
	}
	u.hintRemovable(view)
	return errors.Join(u.publishDelegated(ctx, t.store, t.config, t.domain.Name), printAll(u, slices.Values([]keyView{view}), "", u.printRevoked))
}

func (u *ui) printRevoked(v keyView) {
	u.printf("%s\n", u.say(
		fmt.Sprintf("%s: the key %s is revoked, its private key is destroyed", v.Domain, v.Selector),
		fmt.Sprintf("%s: セレクタ %s の鍵を失効させ、秘密鍵を破棄しました", v.Domain, v.Selector)))
}

// hintRemovable says what may happen to the customer's record of a revoked key.
func (u *ui) hintRemovable(v keyView) {
	if v.Type == "CNAME" {
		return // behind it comes another key, or the domain is removed
	}
	empty := record.Key{Algorithm: v.Algorithm}.Value()
	u.hint(u.say(
		fmt.Sprintf("the record %s may be removed now, or replaced by the empty one: %s", v.Host, empty),
		fmt.Sprintf("レコード %s は削除するか、空のレコード %s に置き換えてください", v.Host, empty)))
}
