package main

import (
	"fmt"
	"strings"

	"dkimd/internal/setup"
	"dkimd/keys"
	"dkimd/keys/record"

	"github.com/spf13/cobra"
)

// recordView is a record as it is shown and printed as JSON.
type recordView struct {
	Domain       string   `json:"domain"`
	Selector     string   `json:"selector"`
	Algorithm    string   `json:"algorithm"`
	Bits         int      `json:"bits"`
	State        string   `json:"state"`
	Host         string   `json:"host"`
	RelativeHost string   `json:"relative_host"` // to the domain
	Type         string   `json:"type"`
	TTL          int      `json:"ttl"` // seconds
	Value        string   `json:"value"`
	Strings      []string `json:"strings"`               // the value in pieces of at most 255 bytes
	PrivateKey   string   `json:"private_key,omitempty"` // the file, never the key

	record record.Record
}

// viewRecord shows a key's record, and where its private key lies if dir is
// given.
func viewRecord(d *keys.Domain, k keys.Key, dir *keys.Dir) recordView {
	r := d.Record(k)
	view := recordView{
		Domain:       d.Name,
		Selector:     k.Selector,
		Algorithm:    k.Algorithm,
		Bits:         k.Bits,
		State:        string(k.State),
		Host:         r.Host(),
		RelativeHost: r.RelativeHost(),
		Type:         "TXT",
		TTL:          record.TTL,
		Value:        r.Key.Value(),
		Strings:      record.Split(r.Key.Value()),
		record:       r,
	}
	if dir != nil {
		view.PrivateKey = dir.PrivatePath(d.Name, k)
	}
	return view
}

func newRecord(u *ui) *cobra.Command {
	var selector, format string
	cmd := &cobra.Command{
		Use:   "record DOMAIN",
		Short: "Print the records of a domain again",
		Long: `Print the records that a domain has to publish: those of its pending, active and
retired keys.

Formats: text is for people; value is the value alone in one line; split is the
value in quoted strings of at most 255 bytes; zone is a line for a zone file.`,
		Example: `  dkimctl record example.jp
  dkimctl record example.jp --selector s202611a --format value
  dkimctl record example.jp --format zone >> example.jp.zone`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if u.json {
				format = "json"
			}
			return u.record(args[0], selector, format)
		},
	}
	cmd.Flags().StringVar(&selector, "selector", "", "only the key with this selector")
	cmd.Flags().StringVar(&format, "format", "text", "text, value, split, zone or json")
	u.jsonFlag(cmd)
	return cmd
}

func (u *ui) record(name, selector, format string) error {
	c, err := u.config()
	if err != nil {
		return err
	}
	d, err := readDomain(setup.Store(c), name)
	if err != nil {
		return err
	}
	views, err := viewRecords(d, selector)
	if err != nil {
		return err
	}
	if (format == "value" || format == "split") && len(views) > 1 {
		var selectors []string
		for _, view := range views {
			selectors = append(selectors, view.Selector)
		}
		return usage(fmt.Errorf("%s has %d records, and --format %s prints one without its host", d.Name, len(views), format),
			"choose with --selector: "+strings.Join(selectors, ", "))
	}
	switch format {
	case "json":
		return u.printJSON(views)
	case "value":
		u.printf("%s\n", views[0].Value)
	case "split":
		u.printf("%s\n", views[0].record.Quoted())
	case "zone":
		for _, view := range views {
			u.printf("%s\n", view.record.Zone())
		}
	case "text":
		for i, view := range views {
			if i > 0 {
				u.printf("\n")
			}
			u.printRecord(view)
		}
	default:
		return usage(fmt.Errorf("--format %s: the formats are text, value, split, zone and json", format))
	}
	return nil
}

// viewRecords returns the records that have to be published, or the one of a
// selector.
func viewRecords(d *keys.Domain, selector string) ([]recordView, error) {
	if selector != "" {
		i, err := pick(d, selector)
		if err != nil {
			return nil, err
		}
		return []recordView{viewRecord(d, d.Keys[i], nil)}, nil
	}
	var views []recordView
	for _, k := range d.Keys {
		if k.State != keys.Revoked {
			views = append(views, viewRecord(d, k, nil))
		}
	}
	if len(views) == 0 {
		return nil, notWanted(fmt.Errorf("all keys of %s are revoked", d.Name), "make one: dkimctl genkey "+d.Name)
	}
	return views, nil
}

// printRecord prints a record for a person. The value stands on a line of its
// own, so that it can be copied as a whole.
func (u *ui) printRecord(v recordView) {
	u.printf("%s%s\n", u.label("Domain", "ドメイン"), v.Domain)
	u.printf("%s%s\n", u.label("Key", "鍵"), u.say(
		fmt.Sprintf("%s, %d bits, selector %s", v.Algorithm, v.Bits, v.Selector),
		fmt.Sprintf("%s(%d ビット)、セレクタ %s", v.Algorithm, v.Bits, v.Selector)))
	u.printf("%s%s\n", u.label("State", "状態"), u.stateText(keys.State(v.State)))
	u.printf("%s%s\n", u.label("Host", "ホスト名"), v.Host)
	u.printf("%s%s\n", u.label("  or, where the panel appends the domain", "  (ドメイン名が自動で付く画面では)"), v.RelativeHost)
	u.printf("%s%s\n", u.label("Type", "種別"), v.Type)
	u.printf("%s%d\n", u.label("TTL", "TTL"), v.TTL)
	u.printf("%s\n%s\n", u.say(
		fmt.Sprintf("Value (one line of %d characters, no spaces):", len(v.Value)),
		fmt.Sprintf("値(1行、%d 文字、空白なし):", len(v.Value))), v.Value)
}

// label returns what stands before a value.
func (u *ui) label(en, ja string) string { return u.say(en, ja) + ": " }

func (u *ui) stateText(s keys.State) string {
	switch s {
	case keys.Pending:
		return u.say("pending: it signs nothing yet", "pending(公開待ち。まだ署名に使いません)")
	case keys.Active:
		return u.say("active: dkimd signs with it", "active(署名に使用中)")
	case keys.Retired:
		return u.say("retired: it signs no more, its record must stay for now", "retired(署名には使いません。レコードはまだ残してください)")
	}
	return u.say("revoked: its record is to be removed", "revoked(失効済み。レコードは削除してください)")
}

// jsonFlag gives a command the flag --json.
func (u *ui) jsonFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&u.json, "json", false, "print JSON")
}
