package main

import (
	"time"

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
	store, c, err := u.store()
	if err != nil {
		return err
	}
	d, err := readDomain(store, name)
	if err != nil {
		return err
	}
	views := func(yield func(dueView) bool) {
		for _, k := range d.Keys {
			if !yield(viewDue(store, c, d, k)) {
				return
			}
		}
	}
	return printAll(u, views, "\n", func(v dueView) {
		u.printKey(v.keyView)
		if v.Next != "" {
			u.printf("%s%s\n", u.label("Next", "次の予定"), u.nextText(v))
		}
		u.printf("%s%s\n", u.label("Host", "ホスト名"), v.Host)
		if v.PrivateKey != "" {
			u.printf("%s%s\n", u.label("Private key", "秘密鍵の保存先"), v.PrivateKey)
		}
		u.printf("%s\n", u.say("History:", "履歴:"))
		for _, m := range v.History {
			u.printf("  %s  %-7s  %s: %s\n", m.Time.Format(time.RFC3339), m.To, m.By, m.Why)
		}
	})
}
