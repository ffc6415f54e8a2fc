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

// publishDelegated brings the records that customers' CNAMEs lead to up to date in our
// own zone: those of revoked keys go, those of the others come. Without a name server
// that it may tell, it says what there is to do.
func (u *ui) publishDelegated(ctx context.Context, store *keys.Dir, c *config.Config, domain string) error {
	d, err := readDomain(store, domain)
	if err != nil {
		return err
	}
	gone, here := delegated(d)
	if len(gone)+len(here) == 0 {
		return nil
	}
	if c.Publish.Server == "" {
		for _, k := range gone {
			u.hint("the record in our own zone is to be removed: " + d.Record(k).TXT().Host())
		}
		if len(here) > 0 {
			u.hint("the records in our own zone are to be published: dkimctl record " + domain + " --target --format zone")
		}
		return nil
	}
	server, err := primary(c)
	if err != nil {
		return err
	}
	done, err := bringUpToDate(ctx, server, d, here)
	for _, v := range done {
		if v.Result != present {
			u.hint("our own zone: " + v.Host + ": " + v.Result)
		}
	}
	if err != nil {
		again := "dkimctl publish " + domain
		if len(here) == 0 {
			again += " --remove"
		}
		return failed(fmt.Errorf("the records of %s in our own zone are not up to date: %w", domain, err), "when that is mended: "+again)
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
		return changeRecords(ctx, server, d, list, removeRecord)
	}
	return bringUpToDate(ctx, server, d, list)
}

// delegated returns the keys that CNAMEs led to and those that they lead to.
func delegated(d *keys.Domain) (gone, here []keys.Key) {
	for _, k := range d.Keys {
		switch {
		case k.Via == "":
		case k.State == keys.Revoked:
			gone = append(gone, k)
		default:
			here = append(here, k)
		}
	}
	return gone, here
}

// bringUpToDate publishes the records of keys, where those of their predecessors
// behind a CNAME may still be.
func bringUpToDate(ctx context.Context, server *dnsupdate.Server, d *keys.Domain, list []keys.Key) ([]publishView, error) {
	gone, _ := delegated(d)
	done, err := changeRecords(ctx, server, d, gone, removeRecord)
	done = slices.DeleteFunc(done, func(v publishView) bool { return v.Result == absent })
	if err != nil {
		return done, err
	}
	more, err := changeRecords(ctx, server, d, list, publishRecord)
	return append(done, more...), err
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
		v := publishView{Domain: d.Name, Selector: k.Selector, State: k.State, Host: txt.Host(), Value: txt.Value()}
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
		return list, nil
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

func (u *ui) printPublished(v publishView) {
	text := ""
	switch v.Result {
	case added:
		text = u.say("added", "登録しました")
	case present:
		text = u.say("there already", "登録済みです")
	case removed:
		text = u.say("removed", "削除しました")
	case absent:
		text = u.say("not there", "登録されていません")
	}
	u.printf("%s: %s\n", v.Host, text)
}
