package main

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"dkimd/keys"
	"dkimd/signer"

	"github.com/spf13/cobra"
)

func newVerify(u *ui) *cobra.Command {
	var source string
	cmd := &cobra.Command{
		Use:   "verify FILE",
		Short: "Verify the signatures of a message from a file, or - for standard input",
		Long: `Verify all signatures of a message, with the keys in DNS or, before they are
published, with those of our own store.

The exit code is 3 if there is no signature, or one does not verify.`,
		Example: "  dkimctl verify message.eml\n  dkimctl verify --keys store message.eml",
		Args:    cobra.ExactArgs(1),
		RunE:    func(_ *cobra.Command, args []string) error { return u.verify(args[0], source) },
	}
	cmd.Flags().StringVar(&source, "keys", "dns", "where the public keys come from: dns or store")
	u.jsonFlag(cmd)
	return cmd
}

// resultView is the result of one signature as JSON.
type resultView struct {
	Domain   string `json:"domain"`
	Selector string `json:"selector"`
	Verified bool   `json:"verified"`
	Error    string `json:"error,omitempty"`
}

func (u *ui) verify(file, source string) error {
	lookup := net.LookupTXT
	switch source {
	case "dns":
	case "store":
		store, _, err := u.store()
		if err != nil {
			return err
		}
		lookup = lookupStore(store)
	default:
		return usage(fmt.Errorf("--keys %s: the sources are dns and store", source))
	}
	var dnsErr error
	m, err := u.readMessage(file)
	if err != nil {
		return err
	}
	results, err := signer.Verify(m, func(host string) ([]string, error) {
		values, err := lookup(host)
		if netErr := (net.Error)(nil); errors.As(err, &netErr) && (netErr.Timeout() || isTemporary(err)) {
			dnsErr = fmt.Errorf("DNS gave no answer: %w", err)
		}
		return values, err
	})
	if results == nil && err != nil {
		return failed(err)
	}
	notAll := err
	var views []resultView
	allGood := true
	for _, r := range results {
		view := resultView{Domain: r.Domain, Selector: r.Selector, Verified: r.Err == nil}
		if r.Err != nil {
			allGood = false
			view.Error = r.Err.Error()
		}
		views = append(views, view)
	}
	err = printAll(u, slices.Values(views), "", func(v resultView) {
		if v.Verified {
			u.printf("%s d=%s s=%s\n", u.say("pass", "検証成功"), v.Domain, v.Selector)
		} else {
			u.printf("%s d=%s s=%s: %s\n", u.say("fail", "検証失敗"), v.Domain, v.Selector, v.Error)
		}
	})
	if err != nil {
		return err
	}
	switch {
	case notAll != nil:
		return failed(notAll)
	case dnsErr != nil:
		return failed(dnsErr)
	case len(views) == 0:
		return notWanted(errors.New("the message has no signature"))
	case !allGood:
		return notWanted(errors.New("not every signature verifies"))
	}
	return nil
}

func isTemporary(err error) bool {
	var dnsErr *net.DNSError
	return errors.As(err, &dnsErr) && dnsErr.IsTemporary
}

// lookupStore looks records up in our own store.
func lookupStore(store *keys.Dir) func(host string) ([]string, error) {
	return func(host string) ([]string, error) {
		selector, domain, err := splitHost(host)
		if err != nil {
			return nil, err
		}
		d, err := readDomain(store, domain)
		if err != nil {
			return nil, err
		}
		i, err := pick(d, selector)
		if err != nil {
			return nil, err
		}
		return []string{d.Record(d.Keys[i]).Key.Value()}, nil
	}
}

// splitHost takes a record's host apart into selector and domain.
func splitHost(host string) (selector, domain string, err error) {
	selector, domain, ok := strings.Cut(host, "._domainkey.")
	if !ok {
		return "", "", fmt.Errorf("%s is not the host of a DKIM record", host)
	}
	return selector, domain, nil
}
