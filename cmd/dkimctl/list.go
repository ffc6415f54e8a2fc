package main

import (
	"fmt"
	"slices"
	"time"

	"dkimd/internal/setup"
	"dkimd/keys"

	"github.com/spf13/cobra"
)

func newList(u *ui) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List domains, selectors and states",
		Example: "  dkimctl list\n  dkimctl list --json",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return u.list() },
	}
	u.jsonFlag(cmd)
	return cmd
}

func (u *ui) list() error {
	c, err := u.config()
	if err != nil {
		return err
	}
	store := setup.Store(c)
	var names []string
	for name, err := range store.Names() {
		if err != nil {
			return err
		}
		names = append(names, name)
	}
	slices.Sort(names)

	domains := []*keys.Domain{}
	var bad error
	for _, name := range names {
		d, _, err := store.Read(name)
		if err != nil {
			bad = err
			u.report(err) // one bad domain does not hide the others
			continue
		}
		domains = append(domains, d)
	}
	if u.json {
		if err := u.printJSON(domains); err != nil {
			return err
		}
	} else {
		rows := [][]string{{"DOMAIN", "SELECTOR", "ALGORITHM", "BITS", "STATE", "CREATED"}}
		for _, d := range domains {
			for _, k := range d.Keys {
				rows = append(rows, []string{d.Name, k.Selector, k.Algorithm, fmt.Sprint(k.Bits), string(k.State), k.Created.Format(time.DateOnly)})
			}
		}
		u.table(rows)
	}
	if bad != nil {
		return failed(fmt.Errorf("%d of %d domains could not be read", len(names)-len(domains), len(names)))
	}
	return nil
}
