package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"dkimd/keys"

	"github.com/spf13/cobra"
)

func newList(u *ui) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List all domains with their selectors and the states of their keys",
		Example: `  dkimctl list
  dkimctl list --json | jq -r '.[] | select(.state == "pending") | .domain'`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return u.list() },
	}
	u.jsonFlag(cmd)
	return cmd
}

// list prints domains as it reads them: there may be a hundred thousand.
func (u *ui) list() error {
	store, c, err := u.store()
	if err != nil {
		return err
	}
	var names []string
	widest := len("DOMAIN")
	for name, err := range store.Names() {
		if err != nil {
			return err
		}
		names = append(names, name)
		widest = max(widest, len(name))
	}
	slices.Sort(names)

	bad := 0
	views := func(yield func(dueView) bool) {
		for _, name := range names {
			d, _, err := store.Read(name)
			if errors.Is(err, keys.ErrNoKeys) {
				continue // gone since
			}
			if err != nil {
				bad++
				u.report(err) // one bad domain does not hide the others
				continue
			}
			for _, k := range d.Keys {
				if !yield(viewDue(store, c, d, k)) {
					return
				}
			}
		}
	}
	const row = "%-*s  %-12s  %-9s  %4v  %-7s  %-10s  %s"
	if !u.json {
		u.printf(row+"\n", widest, "DOMAIN", "SELECTOR", "ALGORITHM", "BITS", "STATE", "CREATED", "NEXT")
	}
	err = printAll(u, views, "", func(v dueView) {
		u.printf("%s\n", strings.TrimRight(fmt.Sprintf(row, widest, v.Domain, v.Selector, v.Algorithm, v.Bits, v.State, v.Created.Format(time.DateOnly), u.nextText(v)), " "))
	})
	if err == nil && bad > 0 {
		err = fmt.Errorf("%d of %d domains cannot be read", bad, len(names))
	}
	return err
}
