package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dkimd/internal/config"
	"dkimd/keys"

	"github.com/spf13/cobra"
)

func newRotate(u *ui) *cobra.Command {
	var due bool
	cmd := &cobra.Command{
		Use:   "rotate DOMAIN... | --due",
		Short: "Make a new key beside the active one and print the record to publish",
		Long: `Make a new key pair for each active key of a domain, of the same algorithm, and
print the DNS record to publish. The active key goes on signing until the new one
is made active. Keys of a domain that is delegated need nothing of the customer; the
selector that the new key gets is free once mail in flight has arrived that was signed
with its last one.

With --due, for all domains whose active keys are older than keys.rotate_after and
have no successor yet.`,
		Example: `  dkimctl rotate example.jp
  dkimctl rotate --due --json`,
		RunE: func(cmd *cobra.Command, names []string) error { return u.rotate(cmd.Context(), names, due) },
	}
	cmd.Flags().BoolVar(&due, "due", false, "all domains with a key that is due")
	u.jsonFlag(cmd)
	return cmd
}

func (u *ui) rotate(ctx context.Context, names []string, due bool) error {
	if due == (len(names) > 0) {
		return usage(errors.New("name domains, or give --due"), "dkimctl rotate --help shows examples")
	}
	domains, err := u.parseDomains(names)
	if err != nil {
		return err
	}
	store, c, err := u.store()
	if err != nil {
		return err
	}
	var errs []error
	views := func(yield func(keyView) bool) {
		each := func(domain string) bool {
			made, err := u.rotateDomain(ctx, store, c, domain, due)
			if err != nil {
				errs = append(errs, err)
			}
			for _, v := range made {
				if !yield(v) {
					return false
				}
			}
			return u.out.err == nil
		}
		for _, domain := range domains {
			if !each(domain) {
				return
			}
		}
		if !due {
			return
		}
		for domain, err := range store.Names() {
			if err != nil {
				errs = append(errs, err)
				return
			}
			if !each(domain) {
				return
			}
		}
	}
	err = printAll(u, views, "\n", u.printMade)
	return errors.Join(append(errs, err)...)
}

// rotateDomain makes new keys for a domain, if only for those that are due.
func (u *ui) rotateDomain(ctx context.Context, store *keys.Dir, c *config.Config, domain string, due bool) ([]keyView, error) {
	d, err := readDomain(store, domain)
	if err != nil {
		return nil, err
	}
	var algorithms []string
	bits := c.Keys.RSABits
	for _, k := range d.In(keys.Active) {
		next, from := d.Next(k, 0, time.Duration(c.Keys.RotateAfter))
		if next == keys.Rotate && (!due || !now().Before(from)) {
			algorithms = append(algorithms, k.Algorithm)
			bits = max(bits, k.Bits)
		}
	}
	switch {
	case len(algorithms) > 0:
		return u.makeKeys(ctx, store, c, domain, algorithms, genkeyOptions{bits: bits, why: "rotate"})
	case due:
		return nil, nil
	case len(d.In(keys.Active)) == 0:
		return nil, notWanted(fmt.Errorf("%s has no active key: there is nothing to rotate", domain), "dkimctl show "+domain+" lists its keys")
	}
	waiting := d.In(keys.Pending)[0]
	return nil, notWanted(fmt.Errorf("%s has a new key already: %s waits for its record since %s", domain, waiting.Selector, waiting.Since().Format(time.DateOnly)),
		"dkimctl record "+domain+" prints it")
}
