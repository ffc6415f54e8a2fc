package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"dkimd/keys"
	"dkimd/keys/dnscheck"

	"github.com/spf13/cobra"
)

func newActivate(u *ui) *cobra.Command {
	var selector string
	var unverified bool
	cmd := &cobra.Command{
		Use:   "activate DOMAIN --selector S",
		Short: "Sign with a key from now on",
		Long: `Make a key active: dkimd signs with it within five seconds, without a reload. The
active key of the same algorithm, if there is one, is retired in the same step.

Its record has to be proven: seen on every name server, now and dns.settle ago. With
--unverified you vouch for it instead; if it is not there, receivers see signatures
that fail.`,
		Example: "  dkimctl activate example.jp --selector s202611a",
		Args:    cobra.ExactArgs(1),

		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if unverified || selector == "" {
				return u.activate(args[0], selector)
			}
			return u.activateProven(cmd.Context(), args[0], selector)
		},
	}
	cmd.Flags().StringVar(&selector, "selector", "", "the key's selector")
	cmd.Flags().BoolVar(&unverified, "unverified", false, "although dkimctl has not seen the record in DNS")
	u.jsonFlag(cmd)
	return cmd
}

// activateProven makes a key active whose record is proven.
func (u *ui) activateProven(ctx context.Context, name, selector string) error {
	store, c, err := u.store()
	if err != nil {
		return err
	}
	d, err := readDomain(store, name)
	if err != nil {
		return err
	}
	i, err := pick(d, selector)
	if err != nil {
		return err
	}
	k := d.Keys[i]
	if k.State != keys.Pending && k.State != keys.Retired {
		return notWanted(d.Activate(i, keys.Move{})) // says why not
	}
	checker, err := newChecker(c, false)
	if err != nil {
		return err
	}
	result := checkKey(ctx, checker, d, k)
	settle := time.Duration(c.DNS.Settle)
	activated, err := noteProof(store, d.Name, k, result.Verdict == dnscheck.Proven, settle, len(result.Servers))
	switch {
	case err != nil:
		return err
	case activated:
		u.printf("%s\n", u.activatedText(d.Name, k.Selector))
		return nil
	case result.Verdict == dnscheck.Proven:
		return notWanted(fmt.Errorf("the record of %s is there, but one look does not prove it: some name servers lag behind", k.Selector),
			fmt.Sprintf("repeat in %v, or let the timer do it: dkimctl check %s --activate", settle, d.Name))
	case result.Verdict == dnscheck.Unclear:
		return failed(fmt.Errorf("the record of %s is not proven: %s", k.Selector, u.verdictText(result.Verdict)), "dkimctl check "+d.Name+" says more")
	}
	return notWanted(fmt.Errorf("the record of %s is not proven: %s", k.Selector, u.verdictText(result.Verdict)),
		"dkimctl check "+d.Name+" says what is wrong; --unverified makes the key active all the same")
}

func (u *ui) activatedText(domain, selector string) string {
	return u.say(
		fmt.Sprintf("%s: dkimd signs with %s from now on", domain, selector),
		fmt.Sprintf("%s: 以後、セレクタ %s の鍵で署名します", domain, selector))
}

func (u *ui) activate(name, selector string) error {
	var before []keys.Key
	view, err := u.moveKey(name, selector, func(store *keys.Dir, c *keys.Change, i int) error {
		before = c.In(keys.Active)
		if err := c.Activate(i, moveNow("activate --unverified")); err != nil {
			return notWanted(err)
		}
		// Who may not read private keys has to take them for good.
		if _, err := store.Private(c.Name, c.Keys[i]); err != nil && !errors.Is(err, fs.ErrPermission) {
			return err
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, k := range before {
		if k.Algorithm == view.Algorithm {
			u.hint(u.say(
				fmt.Sprintf("%s is retired: its record must stay until mail in flight has arrived, for two weeks", k.Selector),
				fmt.Sprintf("旧セレクタ %s は使用終了となりました。配送中のメールのため、そのレコードは 2 週間ほど残してください", k.Selector)))
		}
	}
	return printAll(u, slices.Values([]keyView{view}), "", func(v keyView) {
		u.printf("%s\n", u.activatedText(v.Domain, v.Selector))
	})
}

// moveKey changes the state of the key that a selector names, and returns it as
// it is written.
func (u *ui) moveKey(name, selector string, change func(store *keys.Dir, c *keys.Change, i int) error) (keyView, error) {
	if selector == "" {
		return keyView{}, usage(errors.New("--selector is missing: it names the key"), "dkimctl show "+name+" lists the keys")
	}
	store, _, err := u.store()
	if err != nil {
		return keyView{}, err
	}
	known, err := readDomain(store, name)
	if err != nil {
		return keyView{}, err
	}
	var key keys.Key
	written, err := store.Update(known.Name, func(c *keys.Change) error {
		i, err := pick(&c.Domain, selector)
		if err != nil {
			return err
		}
		if err := change(store, c, i); err != nil {
			return err
		}
		key = c.Keys[i]
		return nil
	})
	if err != nil {
		return keyView{}, err
	}
	return viewKey(store, written, key), nil
}
