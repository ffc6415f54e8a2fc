package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"dkimd/internal/config"
	"dkimd/keys"
	"dkimd/keys/dnsupdate"
	"dkimd/keys/record"

	"github.com/spf13/cobra"
)

func newPublish(u *ui) *cobra.Command {
	var selector string
	var remove bool
	cmd := &cobra.Command{
		Use:   "publish DOMAIN...",
		Short: "Put records into a zone of our own",
		Long: `Put the records of domains whose DNS is ours into it: those of their pending, active
and retired keys. The primary name server (publish.server) is told by DNS UPDATE,
signed with a TSIG key (publish.key_file). What else is in a record's place stays as
it is, and is an error.

With --remove, the records of revoked keys are taken away, and nothing else is.

That the name server has a record does not prove that the world sees it, so no key
becomes active by this: dkimctl check --activate looks.`,
		Example: `  dkimctl publish example.jp
  dkimctl publish example.jp --remove --selector s202611a`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return u.publish(cmd.Context(), args, selector, remove)
		},
	}
	cmd.Flags().StringVar(&selector, "selector", "", "only the key with this selector")
	cmd.Flags().BoolVar(&remove, "remove", false, "take the records of revoked keys away")
	u.jsonFlag(cmd)
	return cmd
}

// publishView is what has become of one record.
type publishView struct {
	Domain   string     `json:"domain"`
	Selector string     `json:"selector"`
	State    keys.State `json:"state"`
	Host     string     `json:"host"` // of the TXT record
	Value    string     `json:"value"`
	Result   string     `json:"result"`

	id string // of the key
}

// Results of publish.
const (
	added   = "added"
	present = "present" // was there already
	removed = "removed"
	absent  = "absent" // was not there
)

func (u *ui) publish(ctx context.Context, names []string, selector string, remove bool) error {
	domains, err := u.parseDomains(names)
	if err != nil {
		return err
	}
	store, c, err := u.store()
	if err != nil {
		return err
	}
	server, err := primary(c)
	if err != nil {
		return err
	}
	var errs []error
	views := func(yield func(publishView) bool) {
		for _, domain := range domains {
			done, err := publishDomain(ctx, server, store, domain, selector, remove)
			for _, v := range done {
				if !yield(v) {
					return
				}
			}
			if err != nil {
				errs = append(errs, err)
			}
			if errors.Is(err, dnsupdate.ErrNoAnswer) {
				return
			}
		}
	}
	err = printAll(u, views, "", u.printPublished)
	if err := errors.Join(append(errs, err)...); err != nil {
		return err
	}
	if !remove {
		u.hint(u.say("a name server that has a record is no proof that the world sees it; next: ", "ネームサーバーへの登録だけでは公開の確認になりません。次の手順: ") +
			"dkimctl check " + strings.Join(domains, " ") + " --activate")
	}
	return nil
}

// primary returns the name server that has our zones.
func primary(c *config.Config) (*dnsupdate.Server, error) {
	if c.Publish.Server == "" {
		return nil, usage(errors.New("there is no publish.server in the configuration"),
			"it names the primary name server of your zones; dkimctl record --format nsupdate prints what nsupdate can send to it")
	}
	key, err := dnsupdate.ReadKey(c.Publish.KeyFile)
	if err != nil {
		var hints []string
		if errors.Is(err, dnsupdate.ErrReadable) {
			hints = append(hints, "chmod 640 "+c.Publish.KeyFile+", and make a new key if others have read it")
		}
		return nil, usage(c.At("publish.key_file", err), hints...)
	}
	return dnsupdate.New(c.Publish.Server, key, time.Duration(c.Publish.Timeout)), nil
}

// publishDomain publishes the records of one domain, or removes those of its
// revoked keys.
func publishDomain(ctx context.Context, server *dnsupdate.Server, store *keys.Dir, domain, selector string, remove bool) ([]publishView, error) {
	d, err := readDomain(store, domain)
	if err != nil {
		return nil, err
	}
	list, err := toPublish(d, selector, remove)
	if err != nil {
		return nil, err
	}
	if remove {
		return withdraw(ctx, server, store, d, list)
	}
	before, _ := delegated(d)
	done, notGone := withdraw(ctx, server, store, d, before)
	more, err := changeRecords(ctx, server, d, list, publishRecord)
	return append(done, more...), errors.Join(notGone, err)
}

// changeRecords does something with the record of each key. It returns what it has
// done also beside an error.
func changeRecords(ctx context.Context, server *dnsupdate.Server, d *keys.Domain, list []keys.Key,
	change func(ctx context.Context, server *dnsupdate.Server, host, value string) (result string, err error),
) ([]publishView, error) {
	var done []publishView
	var errs []error
	var err error
	for _, k := range list {
		txt := d.Record(k).TXT()
		v := publishView{Domain: d.Name, Selector: k.Selector, State: k.State, Host: txt.Host(), Value: txt.Value(), id: k.ID}
		if v.Result, err = change(ctx, server, v.Host, v.Value); err != nil {
			errs = append(errs, err)
			if errors.Is(err, dnsupdate.ErrNoAnswer) {
				break
			}
			continue
		}
		done = append(done, v)
	}
	return done, errors.Join(errs...)
}

// toPublish returns the keys whose records are to be published, or removed.
func toPublish(d *keys.Domain, selector string, remove bool) ([]keys.Key, error) {
	if remove && selector == "" {
		list := d.In(keys.Revoked)
		if len(list) == 0 {
			return nil, notWanted(fmt.Errorf("%s has no revoked key: the records of the others have to stay", d.Name), "dkimctl show "+d.Name+" lists its keys")
		}
		return slices.DeleteFunc(list, func(k keys.Key) bool { return !k.Withdrawn.IsZero() }), nil
	}
	list, err := published(d, selector)
	if err != nil {
		return nil, err
	}
	for _, k := range list {
		switch revoked := k.State == keys.Revoked; {
		case remove && !revoked:
			return nil, notWanted(fmt.Errorf("the key %s of %s is %s: only the record of a revoked key may be removed", k.Selector, d.Name, k.State),
				"when its time is over: dkimctl revoke "+d.Name+" --selector "+k.Selector)
		case !remove && revoked:
			return nil, notWanted(fmt.Errorf("the key %s of %s is revoked: its record is not to be published", k.Selector, d.Name), "--remove takes it away")
		}
	}
	return list, nil
}

// publishRecord puts a TXT record into our DNS.
func publishRecord(ctx context.Context, server *dnsupdate.Server, host, value string) (result string, err error) {
	isNew, err := server.Add(ctx, host, value, record.TTL)
	switch {
	case errors.Is(err, dnsupdate.ErrTaken):
		return "", notWanted(err, "take it away first; the records of revoked keys: dkimctl publish --remove")
	case err != nil:
		return "", err
	case isNew:
		return added, nil
	}
	return present, nil
}

// removeRecord takes a TXT record out of our DNS.
func removeRecord(ctx context.Context, server *dnsupdate.Server, host, value string) (result string, err error) {
	was, err := server.Remove(ctx, host, value)
	switch {
	case err != nil:
		return "", err
	case was:
		return removed, nil
	}
	return absent, nil
}

func (u *ui) printPublished(v publishView) { u.printf("%s: %s\n", v.Host, u.resultText(v.Result)) }

func (u *ui) resultText(result string) string {
	switch result {
	case added:
		return u.say("added", "登録しました")
	case present:
		return u.say("there already", "登録済みです")
	case removed:
		return u.say("removed", "削除しました")
	}
	return u.say("not there", "登録されていません")
}
