package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"dkimd/keys"
	"dkimd/keys/record"

	"github.com/spf13/cobra"
)

// keyView is a key pair with its record, as it is shown and printed as JSON.
type keyView struct {
	Domain       string      `json:"domain"`
	Selector     string      `json:"selector"`
	Algorithm    string      `json:"algorithm,omitempty"`
	Bits         int         `json:"bits,omitempty"`
	State        keys.State  `json:"state"`
	Created      time.Time   `json:"created,omitzero"`
	Host         string      `json:"host"`
	RelativeHost string      `json:"relative_host"` // to the domain, or to the panel's zone
	AbsoluteHost string      `json:"absolute_host"` // with a final dot
	Type         string      `json:"type"`
	TTL          int         `json:"ttl"` // seconds
	Value        string      `json:"value"`
	Strings      []string    `json:"strings"`               // the value in pieces of at most 255 bytes
	PrivateKey   string      `json:"private_key,omitempty"` // the file, never the key
	History      []keys.Move `json:"history,omitempty"`
	Panel        *panel      `json:"panel,omitempty"` // where it is entered, if that was looked up

	record  record.Record
	entered bool // it is a CNAME that the customer has entered for a key before this one
}

func viewKey(store *keys.Dir, d *keys.Domain, k keys.Key) keyView {
	v := viewRecord(d.Record(k))
	v.Algorithm, v.Bits = k.Algorithm, k.Bits
	v.State, v.Created, v.History = k.State, k.Created, k.History
	if k.State != keys.Revoked {
		v.PrivateKey = store.PrivatePath(d.Name, k)
	}
	return v
}

func viewRecord(r record.Record) keyView {
	v := keyView{Domain: r.Domain, Selector: r.Selector}
	v.setRecord(r)
	return v
}

func (v *keyView) setRecord(r record.Record) {
	v.Host, v.RelativeHost, v.AbsoluteHost = r.Host(), r.RelativeHost(), r.AbsoluteHost()
	v.Type, v.TTL = r.Type(), record.TTL
	v.Value, v.Strings = r.Value(), record.Split(r.Value())
	v.record = r
}

// spare is the state of a CNAME that waits for a key.
const spare keys.State = "spare"

// viewSpares returns the CNAMEs of a domain that wait for their keys.
func viewSpares(d *keys.Domain) []keyView {
	var views []keyView
	for _, r := range d.Spares() {
		v := viewRecord(r)
		v.State = spare
		views = append(views, v)
	}
	return views
}

func viewKeys(store *keys.Dir, d *keys.Domain, list []keys.Key) iter.Seq[keyView] {
	return func(yield func(keyView) bool) {
		for _, k := range list {
			if !yield(viewKey(store, d, k)) {
				return
			}
		}
	}
}

// formats are those of record.
var formats = []string{"text", "value", "split", "zone", "tinydns", "nsupdate", "route53", "csv", "json"}

func newRecord(u *ui) *cobra.Command {
	var o recordOptions
	cmd := &cobra.Command{
		Use:   "record DOMAIN...",
		Short: "Print the records of domains again",
		Long: `Print the records that domains have to publish: those of their pending, active and
retired keys.

For a domain that is delegated these are CNAMEs into a zone of ours; --target prints
the TXT records that belong there.

With --provider auto the domain's name servers are looked up, the host is made
relative to the zone that they serve, and what is known of their provider's panel is
printed as advice.

Formats: text is for people; value is the value alone in one line; split is the
value in quoted strings of at most 255 bytes; zone is a line for a zone file;
tinydns is a line for tinydns-data; nsupdate is a script for nsupdate; route53 is a
change batch for Amazon Route 53; csv is a table with a header line.

Neither the script for nsupdate nor the change batch overwrites anything: a record
that is there already is refused, and Route 53 then takes none of the batch. Give
--selector for a new record beside old ones.`,
		Example: `  dkimctl record example.jp
  dkimctl record example.jp --selector s202611a --format value
  dkimctl record example.jp --format zone >> example.jp.zone
  dkimctl record example.jp --selector s202611a --format nsupdate | nsupdate -k tsig.key
  dkimctl record example.jp example.com --format csv > records.csv`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return u.record(cmd.Context(), args, o) },
	}
	cmd.Flags().StringVar(&o.selector, "selector", "", "only the keys with this selector")
	cmd.Flags().StringVar(&o.format, "format", "text", strings.Join(formats, ", "))
	cmd.Flags().StringVar(&o.provider, "provider", "", "auto: look up whose DNS panel it is, and say what that wants")
	cmd.RegisterFlagCompletionFunc("provider", cobra.FixedCompletions([]string{"auto"}, cobra.ShellCompDirectiveNoFileComp))
	cmd.Flags().BoolVar(&o.target, "target", false, "of domains that are delegated, the records in our own zone")
	cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
	u.jsonFlag(cmd)
	return cmd
}

type recordOptions struct {
	selector string
	format   string
	provider string // "" or auto
	target   bool
}

func (u *ui) record(ctx context.Context, names []string, o recordOptions) error {
	format := o.format
	switch {
	case !slices.Contains(formats, format):
		return usage(fmt.Errorf("--format %s: the formats are %s", format, strings.Join(formats, ", ")))
	case o.provider != "" && o.provider != "auto":
		return usage(fmt.Errorf("--provider %s: it is auto", o.provider))
	case o.provider != "" && o.target:
		return usage(errors.New("--provider is about the customer's panel, --target about our own zone"))
	}
	if u.json {
		format = "json"
	}
	u.json = format == "json"
	store, c, err := u.store()
	if err != nil {
		return err
	}
	var views []keyView
	for _, name := range names {
		d, err := readDomain(store, name)
		if err != nil {
			return err
		}
		var spares []keyView
		if !o.target {
			spares = viewSpares(d)
		}
		if i := slices.IndexFunc(spares, func(v keyView) bool { return strings.EqualFold(v.Selector, o.selector) }); i >= 0 {
			views = append(views, spares[i])
			continue
		}
		published, err := published(d, o.selector)
		if err != nil {
			return err
		}
		views = slices.AppendSeq(views, viewKeys(store, d, published))
		if o.selector == "" {
			views = append(views, spares...)
		}
	}
	for i := range views {
		if o.target {
			views[i].setRecord(views[i].record.TXT())
		}
	}
	if o.provider == "auto" {
		if err := addPanels(ctx, c, views); err != nil {
			return err
		}
	}
	between := ""
	switch format {
	case "text":
		between = "\n"
	case "value", "split":
		if len(views) > 1 {
			var selectors []string
			for _, v := range views {
				selectors = append(selectors, v.Selector)
			}
			return usage(fmt.Errorf("there are %d records, and --format %s prints one without its host", len(views), format),
				"choose one domain, and with --selector one of its keys: "+strings.Join(selectors, ", "))
		}
	case "route53":
		return u.printJSON(record.Route53(records(views)))
	case "csv":
		_, err := io.WriteString(u.out, record.CSV(records(views)))
		return err
	}
	return printAll(u, slices.Values(views), between, func(v keyView) {
		switch format {
		case "text":
			u.printRecord(v)
		case "value":
			u.printf("%s\n", v.Value)
		case "split":
			u.printf("%s\n", v.record.Data())
		case "zone":
			u.printf("%s\n", v.record.Zone())
		case "tinydns":
			u.printf("%s\n", v.record.Tinydns())
		case "nsupdate":
			u.printf("%s\n", v.record.Nsupdate())
		}
	})
}

func records(views []keyView) []record.Record {
	var list []record.Record
	for _, v := range views {
		list = append(list, v.record)
	}
	return list
}

// published returns the keys whose records have to be published, or the one of
// a selector.
func published(d *keys.Domain, selector string) ([]keys.Key, error) {
	if selector != "" {
		i, err := pick(d, selector)
		if err != nil {
			return nil, err
		}
		return d.Keys[i : i+1], nil
	}
	list := slices.DeleteFunc(slices.Clone(d.Keys), func(k keys.Key) bool { return k.State == keys.Revoked })
	if len(list) == 0 {
		return nil, notWanted(fmt.Errorf("all keys of %s are revoked", d.Name), "make one: dkimctl genkey "+d.Name)
	}
	return list, nil
}

// printKey says for a person which key this is.
func (u *ui) printKey(v keyView) {
	u.printf("%s%s\n", u.label("Domain", "ドメイン"), v.Domain)
	if v.State == spare {
		u.printf("%s%s\n", u.label("Key", "鍵"), u.say("none yet: this CNAME is for a later one", "なし（今後の鍵の更新に備えた CNAME です）"))
		return
	}
	u.printf("%s%s\n", u.label("Key", "鍵"), u.say(
		fmt.Sprintf("%s, %d bits, selector %s", v.Algorithm, v.Bits, v.Selector),
		fmt.Sprintf("%s（%d ビット）、セレクタ %s", v.Algorithm, v.Bits, v.Selector)))
	u.printf("%s%s\n", u.label("State", "状態"), u.stateText(v.State))
}

// printRecord prints a record for a person. The value stands on a line of its
// own, so that it can be copied as a whole.
func (u *ui) printRecord(v keyView) {
	u.printKey(v)
	u.printf("%s%s\n", u.label("Host", "ホスト名"), v.Host)
	zone := strings.TrimPrefix(v.Host, v.RelativeHost+".")
	u.printf("%s%s\n", u.label("  or, where the panel appends ."+zone, "  （入力欄で ."+zone+" が自動付加される場合）"), v.RelativeHost)
	u.printf("%s%s\n", u.label("Type", "種別"), v.Type)
	u.printf("%s%d\n", u.label("TTL", "TTL"), v.TTL)
	if v.Type == "CNAME" {
		u.printf("%s%s\n", u.label("Value", "値"), v.Value)
		u.printf("%s%s\n", u.label("  or, where a final dot is wanted", "  （末尾に「.」が必要な場合）"), v.record.Data())
		u.printAdvice(v.Panel)
		return
	}
	u.printf("%s\n%s\n", u.say(
		fmt.Sprintf("Value (one line of %d characters, no spaces):", len(v.Value)),
		fmt.Sprintf("値（改行・空白なしの 1 行、%d 文字）:", len(v.Value))), v.Value)
	u.printAdvice(v.Panel)
}

// label returns what stands before a value.
func (u *ui) label(en, ja string) string { return u.say(en, ja) + ": " }

func (u *ui) stateText(s keys.State) string {
	switch s {
	case keys.Pending:
		return u.say("pending: it signs nothing yet", "公開待ち（pending）。署名にはまだ使用しません")
	case keys.Active:
		return u.say("active: dkimd signs with it", "使用中（active）。この鍵で署名しています")
	case keys.Retired:
		return u.say("retired: it signs no more, its record must stay for now", "使用終了（retired）。署名には使用しませんが、レコードは当面残してください")
	}
	return u.say("revoked: its record is to be removed", "失効（revoked）。レコードを削除してください")
}

// jsonFlag gives a command the flag --json.
func (u *ui) jsonFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&u.json, "json", false, "print JSON")
}
