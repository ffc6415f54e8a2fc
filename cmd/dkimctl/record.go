package main

import (
	"fmt"
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
	Algorithm    string      `json:"algorithm"`
	Bits         int         `json:"bits"`
	State        keys.State  `json:"state"`
	Created      time.Time   `json:"created"`
	Host         string      `json:"host"`
	RelativeHost string      `json:"relative_host"` // to the domain
	Type         string      `json:"type"`
	TTL          int         `json:"ttl"` // seconds
	Value        string      `json:"value"`
	Strings      []string    `json:"strings"`     // the value in pieces of at most 255 bytes
	PrivateKey   string      `json:"private_key"` // the file, never the key
	History      []keys.Move `json:"history"`

	record record.Record
}

func viewKey(store *keys.Dir, d *keys.Domain, k keys.Key) keyView {
	r := d.Record(k)
	return keyView{
		Domain:       d.Name,
		Selector:     k.Selector,
		Algorithm:    k.Algorithm,
		Bits:         k.Bits,
		State:        k.State,
		Created:      k.Created,
		Host:         r.Host(),
		RelativeHost: r.RelativeHost(),
		Type:         "TXT",
		TTL:          record.TTL,
		Value:        r.Key.Value(),
		Strings:      record.Split(r.Key.Value()),
		PrivateKey:   store.PrivatePath(d.Name, k),
		History:      k.History,
		record:       r,
	}
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
		RunE: func(_ *cobra.Command, args []string) error { return u.record(args[0], selector, format) },
	}
	cmd.Flags().StringVar(&selector, "selector", "", "only the key with this selector")
	cmd.Flags().StringVar(&format, "format", "text", "text, value, split, zone or json")
	u.jsonFlag(cmd)
	return cmd
}

func (u *ui) record(name, selector, format string) error {
	switch format {
	case "text", "value", "split", "zone":
	case "json":
		u.json = true
	default:
		return usage(fmt.Errorf("--format %s: the formats are text, value, split, zone and json", format))
	}
	store, _, err := u.store()
	if err != nil {
		return err
	}
	d, err := readDomain(store, name)
	if err != nil {
		return err
	}
	published, err := published(d, selector)
	if err != nil {
		return err
	}
	if (format == "value" || format == "split") && len(published) > 1 && !u.json {
		var selectors []string
		for _, k := range published {
			selectors = append(selectors, k.Selector)
		}
		return usage(fmt.Errorf("%s has %d records, and --format %s prints one without its host", d.Name, len(published), format),
			"choose with --selector: "+strings.Join(selectors, ", "))
	}
	between := ""
	if format == "text" {
		between = "\n"
	}
	return printAll(u, viewKeys(store, d, published), between, func(v keyView) {
		switch format {
		case "text":
			u.printRecord(v)
		case "value":
			u.printf("%s\n", v.Value)
		case "split":
			u.printf("%s\n", v.record.Quoted())
		case "zone":
			u.printf("%s\n", v.record.Zone())
		}
	})
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
	u.printf("%s%s\n", u.label("  or, where the panel appends ."+v.Domain, "  （入力欄で ."+v.Domain+" が自動付加される場合）"), v.RelativeHost)
	u.printf("%s%s\n", u.label("Type", "種別"), v.Type)
	u.printf("%s%d\n", u.label("TTL", "TTL"), v.TTL)
	u.printf("%s\n%s\n", u.say(
		fmt.Sprintf("Value (one line of %d characters, no spaces):", len(v.Value)),
		fmt.Sprintf("値（改行・空白なしの 1 行、%d 文字）:", len(v.Value))), v.Value)
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
