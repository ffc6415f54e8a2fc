package main

import (
	"fmt"
	"time"

	"dkimd/internal/setup"

	"github.com/spf13/cobra"
)

func newShow(u *ui) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "show DOMAIN",
		Short:   "Show the keys of a domain and their history",
		Example: "  dkimctl show example.jp",
		Args:    cobra.ExactArgs(1),
		RunE:    func(_ *cobra.Command, args []string) error { return u.show(args[0]) },
	}
	u.jsonFlag(cmd)
	return cmd
}

func (u *ui) show(name string) error {
	c, err := u.config()
	if err != nil {
		return err
	}
	store := setup.Store(c)
	d, err := readDomain(store, name)
	if err != nil {
		return err
	}
	if u.json {
		return u.printJSON(d)
	}
	u.printf("%s%s\n", u.label("Domain", "ドメイン"), d.Name)
	for _, k := range d.Keys {
		u.printf("\n%s%s (%s, %d)\n", u.label("Selector", "セレクタ"), k.Selector, k.Algorithm, k.Bits)
		u.printf("  %s%s\n", u.label("State", "状態"), u.stateText(k.State))
		u.printf("  %s%s\n", u.label("Host", "ホスト名"), d.Record(k).Host())
		u.printf("  %s%s\n", u.label("Private key", "秘密鍵"), store.PrivatePath(d.Name, k))
		for _, m := range k.History {
			u.printf("  %s\n", fmt.Sprintf("%s  %-8s %s: %s", m.Time.Format(time.RFC3339), m.To, m.By, m.Why))
		}
	}
	return nil
}
