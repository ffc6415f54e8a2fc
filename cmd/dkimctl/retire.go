package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"dkimd/keys"

	"github.com/spf13/cobra"
)

func newRetire(u *ui) *cobra.Command {
	var selector string
	var leaveUnsigned bool
	cmd := &cobra.Command{
		Use:   "retire DOMAIN --selector S",
		Short: "Sign with a key no more",
		Long: `Retire an active key: within five seconds dkimd signs with it no more. Its record
must stay in DNS until mail in flight has arrived (keys.keep_record_for); then it
can be revoked. While its record stands, activate takes the key back.

Making another key active retires the old one by itself.`,
		Example: "  dkimctl retire example.jp --selector s202611a",
		Args:    cobra.ExactArgs(1),

		DisableFlagsInUseLine: true,
		RunE: func(_ *cobra.Command, args []string) error {
			return u.retire(args[0], selector, leaveUnsigned)
		},
	}
	cmd.Flags().StringVar(&selector, "selector", "", "the key's selector")
	cmd.Flags().BoolVar(&leaveUnsigned, "leave-unsigned", false, "also if the domain's mail is unsigned then")
	u.jsonFlag(cmd)
	return cmd
}

func (u *ui) retire(name, selector string, leaveUnsigned bool) error {
	c, err := u.config()
	if err != nil {
		return err
	}
	why := "retire"
	if leaveUnsigned {
		why += " --leave-unsigned"
	}
	view, err := u.moveKey(name, selector, func(_ *keys.Dir, c *keys.Change, i int) error {
		err := c.Retire(i, leaveUnsigned, moveNow(why))
		if errors.Is(err, keys.ErrLastActive) {
			return notWanted(err, "make another one active first, or repeat with --leave-unsigned")
		}
		return notWanted(err)
	})
	if err != nil {
		return err
	}
	until := now().Add(time.Duration(c.Keys.KeepRecordFor)).Format(time.DateOnly)
	return printAll(u, slices.Values([]keyView{view}), "", func(v keyView) {
		u.printf("%s\n", u.say(
			fmt.Sprintf("%s: dkimd signs with %s no more; its record must stay until %s", v.Domain, v.Selector, until),
			fmt.Sprintf("%s: セレクタ %s の鍵の使用を終了しました。レコードは %s まで残してください", v.Domain, v.Selector, until)))
	})
}
