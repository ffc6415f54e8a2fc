package main

import (
	"cmp"
	"context"
	"crypto"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"dkimd/internal/config"
	"dkimd/keys"
	"dkimd/keys/record"
	"dkimd/signer"

	"github.com/spf13/cobra"
)

type genkeyOptions struct {
	selector   string
	algorithm  string
	bits       int
	force      bool
	delegate   bool
	activate   bool
	unverified bool
	why        string // for the history; empty: genkey
	// first is another change to make in the same step, at the same time.
	first func(*keys.Change, time.Time) error
}

func newGenkey(u *ui) *cobra.Command {
	var o genkeyOptions
	cmd := &cobra.Command{
		Use:   "genkey DOMAIN...",
		Short: "Make a key pair and print the record to publish",
		Long: `Make a key pair for each domain and print the DNS record to publish.

The key is pending: it signs nothing until it is made active. An existing key is
never overwritten.

With --delegate the customer enters two CNAMEs for each algorithm into a zone of ours
(delegation.zone), once for all. Keys take turns behind them: dkimctl rotate.`,
		Example: `  dkimctl genkey example.jp
  dkimctl genkey example.jp --delegate
  dkimctl genkey example.jp --algorithm ed25519
  dkimctl genkey example.jp example.com --json`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, names []string) error { return u.genkey(cmd.Context(), names, o) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.selector, "selector", "", "the selector (default: s, year, month and a letter, as s202611a)")
	flags.StringVar(&o.algorithm, "algorithm", "", "rsa or ed25519 (default: keys.algorithms of the configuration)")
	flags.IntVar(&o.bits, "bits", 0, "size of an RSA key: 2048, 3072 or 4096 (default: keys.rsa_bits of the configuration)")
	flags.BoolVar(&o.force, "force", false, "allow an RSA key of less than 2048 bits, but 1024 at least")
	flags.BoolVar(&o.delegate, "delegate", false, "for customers whose DNS is elsewhere: CNAMEs to names in our own zone")
	flags.BoolVar(&o.activate, "activate", false, "sign with the key at once: needs --unverified, too")
	flags.BoolVar(&o.unverified, "unverified", false, "with --activate: although its record has not been seen in DNS")
	cmd.RegisterFlagCompletionFunc("algorithm", cobra.FixedCompletions([]string{record.RSA, record.Ed25519}, cobra.ShellCompDirectiveNoFileComp))
	u.jsonFlag(cmd)
	return cmd
}

func (u *ui) genkey(ctx context.Context, names []string, o genkeyOptions) error {
	c, err := u.config()
	if err != nil {
		return err
	}
	algorithms, err := o.check(c)
	if err != nil {
		return usage(err)
	}
	if o.delegate {
		if _, err := delegationZone(c); err != nil {
			return err
		}
	}
	if slices.Contains(algorithms, record.RSA) {
		switch {
		case o.bits > keys.ProperBits:
			u.warn(fmt.Sprintf("the record of an RSA key of %d bits does not fit a DNS answer of 512 bytes, and some DNS panels refuse its length: 2048 is what receivers ask for", o.bits))
		case o.bits < keys.ProperBits:
			u.warn(fmt.Sprintf("an RSA key of %d bits is weak: receivers may refuse it (RFC 8301)", o.bits))
		}
	}
	if o.activate {
		u.warn("dkimd signs with the new key at once: until its record is in DNS on every name server, receivers see signatures that fail")
	}
	domains, err := u.parseDomains(names)
	if err != nil {
		return err
	}
	store, err := u.createStore(c)
	if err != nil {
		return err
	}
	var errs []error
	views := func(yield func(keyView) bool) {
		for _, domain := range domains {
			views, err := u.makeKeys(ctx, store, c, domain, algorithms, o)
			if err != nil {
				errs = append(errs, err)
			}
			for _, view := range views {
				if !yield(view) {
					return
				}
			}
			if u.out.err != nil {
				errs = append(errs, failed(fmt.Errorf("the key of %s is made, but cannot be printed: %w", domain, u.out.err),
					"dkimctl record "+domain+" prints it again"))
				return
			}
		}
	}
	err = printAll(u, views, "\n", u.printMade)
	return errors.Join(append(errs, err)...)
}

// parseDomains takes the names all or none, so that a command with a slip in one
// of them can be given again.
func (u *ui) parseDomains(names []string) ([]string, error) {
	var domains []string
	var wrong []error
	for _, name := range names {
		domain, err := keys.ParseDomain(name)
		switch {
		case err != nil:
			wrong = append(wrong, err)
		case slices.Contains(domains, domain):
			u.warn(domain + " is named twice: once is enough")
		default:
			domains = append(domains, domain)
		}
	}
	if len(wrong) > 0 {
		return nil, usage(errors.Join(wrong...))
	}
	return domains, nil
}

// check completes the options from the configuration and returns the algorithms
// to make keys for.
func (o *genkeyOptions) check(c *config.Config) ([]string, error) {
	algorithms := c.Keys.Algorithms
	if o.algorithm != "" {
		if o.algorithm != record.RSA && o.algorithm != record.Ed25519 {
			return nil, fmt.Errorf("--algorithm %s: the algorithms are rsa and ed25519", o.algorithm)
		}
		algorithms = []string{o.algorithm}
	}
	if o.bits == 0 {
		o.bits = c.Keys.RSABits
	} else if !slices.Contains(algorithms, record.RSA) {
		return nil, errors.New("--bits is for RSA: Ed25519 keys have one size")
	}
	switch {
	case o.bits < keys.MinBits || o.bits > keys.MaxBits:
		return nil, fmt.Errorf("--bits %d: verifiers take RSA keys of %d to %d bits only (RFC 8301)", o.bits, keys.MinBits, keys.MaxBits)
	case o.bits < keys.ProperBits && !o.force:
		return nil, fmt.Errorf("--bits %d is less than the 2048 that a signer should have (RFC 8301): if a DNS panel takes no longer record, repeat with --force", o.bits)
	case o.bits > keys.ProperBits && o.bits != 3072 && o.bits != 4096:
		return nil, fmt.Errorf("--bits %d: the sizes are 2048, 3072 and 4096", o.bits)
	case o.selector != "" && len(algorithms) > 1:
		return nil, errors.New("--selector names one key, keys.algorithms asks for several: choose with --algorithm")
	case o.selector != "" && o.delegate:
		return nil, errors.New("--selector and --delegate exclude each other: keys take turns behind the selectors of a delegation")
	case o.activate != o.unverified:
		return nil, errors.New("--activate and --unverified belong together: a new key's record cannot have been seen in DNS yet")
	}
	if o.selector != "" {
		if _, err := keys.ParseSelector(o.selector); err != nil {
			return nil, err
		}
	}
	return algorithms, nil
}

// makeKeys makes the key pairs of one domain, all or none. They go behind the
// domain's CNAMEs if it has some, unless a selector is asked for. Beside an error they
// are returned if only their records could not be published.
func (u *ui) makeKeys(ctx context.Context, store *keys.Dir, config *config.Config, domain string, algorithms []string, o genkeyOptions) ([]keyView, error) {
	// The slow work first: nobody else can change the store during Update.
	privates := make([]crypto.Signer, len(algorithms))
	for i, algorithm := range algorithms {
		private, err := keys.Generate(algorithm, o.bits)
		if err != nil {
			return nil, err
		}
		privates[i] = private
	}
	why := cmp.Or(o.why, "genkey")
	if o.activate {
		why = "genkey --activate --unverified"
	}
	var ids []string
	entered := map[string]bool{} // by algorithm: the customer's CNAMEs are there
	_, err := store.Update(domain, func(c *keys.Change) error {
		move := moveNow(why) // now that nobody else can change the domain
		if o.first != nil {
			if err := o.first(c, move.Time); err != nil {
				return err
			}
		}
		if o.delegate {
			zone, err := delegationZone(config)
			if err != nil {
				return err
			}
			if err := c.Delegate(zone); err != nil {
				return notWanted(err, "dkimctl rotate "+domain+" makes its next key; for other CNAMEs: dkimctl undelegate "+domain+", then this once more")
			}
		}
		for i, private := range privates {
			entered[algorithms[i]] = c.Delegation != nil && len(c.Delegation.Selectors[algorithms[i]]) > 0
			key, err := o.add(c, private, time.Duration(config.Keys.KeepRecordFor), move)
			if err != nil {
				return err
			}
			if err := signer.Prove(c.Record(key), private); err != nil {
				return fmt.Errorf("the new key pair of %s does not prove itself: %w", domain, err)
			}
			ids = append(ids, key.ID)
			if o.activate {
				if err := c.Activate(len(c.Keys)-1, move); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	// What is printed comes from what lies on disk.
	written, _, err := store.Read(domain)
	if err != nil {
		return nil, err
	}
	var views []keyView
	hasRSA := false
	for _, key := range written.Keys {
		hasRSA = hasRSA || key.Algorithm == record.RSA && key.State != keys.Revoked
		if !slices.Contains(ids, key.ID) {
			if key.State == keys.Pending && slices.Contains(algorithms, key.Algorithm) {
				u.warn(domain + " has a pending key already, " + key.Selector + ": dkimctl record " + domain + " prints its record")
			}
			continue
		}
		if _, err := store.Private(domain, key); err != nil {
			return nil, err
		}
		view := viewKey(store, written, key)
		view.entered = key.Via != "" && entered[key.Algorithm]
		views = append(views, view)
	}
	for _, v := range viewSpares(written) {
		if slices.ContainsFunc(views, func(made keyView) bool { return !made.entered && written.Delegation.Pairs(made.Selector, v.Selector) }) {
			views = append(views, v)
		}
	}
	if !hasRSA {
		u.warn("many receivers do not verify Ed25519: " + domain + " needs an RSA key as well")
	}
	return views, u.publishDelegated(ctx, store, config, domain)
}

// add puts a new key into a change: with the selector that is asked for, behind a
// CNAME, or with a selector of its own.
func (o genkeyOptions) add(c *keys.Change, private crypto.Signer, keep time.Duration, move keys.Move) (keys.Key, error) {
	if c.Delegation != nil && o.selector == "" {
		key, err := c.AddDelegated(private, keep, move)
		return key, notWanted(err, "dkimctl show "+c.Name+" lists its keys")
	}
	selector := strings.ToLower(o.selector)
	if selector == "" {
		selector = c.NextSelector(move.Time)
	}
	key, err := c.Add(selector, private, move)
	if err != nil {
		return keys.Key{}, usage(err)
	}
	return key, nil
}

// printMade prints a new key for a person.
func (u *ui) printMade(v keyView) {
	u.printRecord(v)
	if v.State == spare {
		return
	}
	u.printf("%s%s\n", u.label("Private key", "秘密鍵の保存先"), v.PrivateKey)
	if v.State == keys.Pending {
		before := u.say("have the record published, then: ", "レコードを DNS に登録し、公開を確認してから実行: ")
		switch {
		case v.entered:
			before = u.say("nothing for the customer to do; a little later: ", "お客様側での作業は不要です。しばらくしてから実行: ")
		case v.Type == "CNAME":
			before = u.say("have the customer enter the CNAMEs, then: ", "お客様に CNAME を登録していただいた後に実行: ")
		}
		u.printf("%s%s\n", u.label("Next", "次の手順"), before+"dkimctl check "+v.Domain+" --activate")
	}
}
