package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"dkimd/internal/config"
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

Its record has to be proven: seen on every name server now, and also dns.settle ago
or earlier. With --unverified you vouch for it instead; if it is not there, receivers
see signatures that fail.`,
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
	t, err := u.target(name, selector)
	if err != nil {
		return err
	}
	if t.key.State != keys.Pending && t.key.State != keys.Retired {
		return notWanted(t.domain.Activate(t.domain.Pick(t.key.Selector), keys.Move{})) // says why not
	}
	checker, err := newChecker(t.config, false)
	if err != nil {
		return err
	}
	result := checkKey(ctx, checker, t.domain, t.key)
	apart := settle(t.config, t.key)
	activated, err := noteProof(t.store, t.domain.Name, t.key, result.Verdict == dnscheck.Proven, apart, len(result.Servers))
	switch {
	case err != nil:
		return err
	case activated:
		before := t.domain.In(keys.Active)
		if t, err = u.target(name, selector); err != nil {
			return err
		}
		return u.printActivated(viewKey(t.store, t.domain, t.key), before, t.config)
	case result.Verdict == dnscheck.Proven:
		return notWanted(fmt.Errorf("the record of %s is there, but one look does not prove it: some name servers lag behind", t.key.Selector),
			fmt.Sprintf("repeat in %v, or let the timer do it: dkimctl check %s --activate", apart, t.domain.Name))
	case result.Verdict == dnscheck.Unclear:
		return failed(fmt.Errorf("the record of %s is not proven: %s", t.key.Selector, u.verdictText(result.Verdict)), "dkimctl check "+t.domain.Name+" says more")
	}
	return notWanted(fmt.Errorf("the record of %s is not proven: %s", t.key.Selector, u.verdictText(result.Verdict)),
		"dkimctl check "+t.domain.Name+" says what is wrong; --unverified makes the key active all the same")
}

// activate makes a key active whose record the user vouches for.
func (u *ui) activate(name, selector string) error {
	c, err := u.config()
	if err != nil {
		return err
	}
	var before []keys.Key
	view, err := u.moveKey(name, selector, func(store *keys.Dir, c *keys.Change, i int) error {
		before = c.In(keys.Active)
		return makeActive(store, c, i, moveNow("activate --unverified"))
	})
	if err != nil {
		return err
	}
	return u.printActivated(view, before, c)
}

// makeActive makes a key active, unless its private key is damaged: the key
// before it would be retired for nothing.
func makeActive(store *keys.Dir, c *keys.Change, i int, move keys.Move) error {
	if err := c.Activate(i, move); err != nil {
		return notWanted(err)
	}
	// Who may not read private keys has to take them for good.
	if _, err := store.Private(c.Name, c.Keys[i]); err != nil && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
}

// printActivated says which key signs from now on, and what becomes of those that
// were active before.
func (u *ui) printActivated(view keyView, before []keys.Key, c *config.Config) error {
	until := now().Add(time.Duration(c.Keys.KeepRecordFor)).Format(time.DateOnly)
	for _, k := range before {
		if k.Algorithm == view.Algorithm {
			u.hint(u.say(
				fmt.Sprintf("%s is retired: its record must stay until %s, for mail in flight", k.Selector, until),
				fmt.Sprintf("旧セレクタ %s は使用終了となりました。配送中のメールのため、そのレコードは %s まで残してください", k.Selector, until)))
		}
	}
	return printAll(u, slices.Values([]keyView{view}), "", func(v keyView) {
		u.printf("%s\n", u.say(
			fmt.Sprintf("%s: dkimd signs with %s from now on", v.Domain, v.Selector),
			fmt.Sprintf("%s: 以後、セレクタ %s の鍵で署名します", v.Domain, v.Selector)))
	})
}

// target is the key that a command is about, and where it was found.
type target struct {
	store  *keys.Dir
	config *config.Config
	domain *keys.Domain
	key    keys.Key
}

func (u *ui) target(name, selector string) (target, error) {
	if selector == "" {
		return target{}, usage(errors.New("--selector is missing: it names the key"), "dkimctl show "+name+" lists the keys")
	}
	store, c, err := u.store()
	if err != nil {
		return target{}, err
	}
	d, err := readDomain(store, name)
	if err != nil {
		return target{}, err
	}
	i, err := pick(d, selector)
	if err != nil {
		return target{}, err
	}
	return target{store, c, d, d.Keys[i]}, nil
}

// moveKey changes the state of the key that a selector names, and returns it as
// it is written.
func (u *ui) moveKey(name, selector string, change func(store *keys.Dir, c *keys.Change, i int) error) (keyView, error) {
	t, err := u.target(name, selector)
	if err != nil {
		return keyView{}, err
	}
	var key keys.Key
	written, err := t.store.Update(t.domain.Name, func(c *keys.Change) error {
		i, err := pick(&c.Domain, selector)
		if err != nil {
			return err
		}
		if err := change(t.store, c, i); err != nil {
			return err
		}
		key = c.Keys[i]
		return nil
	})
	if err != nil {
		return keyView{}, err
	}
	return viewKey(t.store, written, key), nil
}
