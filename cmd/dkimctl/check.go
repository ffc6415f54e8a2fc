package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"iter"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"dkimd/internal/config"
	"dkimd/internal/metrics"
	"dkimd/keys"
	"dkimd/keys/dnscheck"
	"dkimd/keys/finding"
	"dkimd/keys/record"

	"github.com/spf13/cobra"
)

type checkOptions struct {
	all               bool
	state             string
	activate          bool
	acceptUnreachable bool
	csv               bool
	metrics           string
}

func newCheck(u *ui) *cobra.Command {
	var o checkOptions
	cmd := &cobra.Command{
		Use:   "check DOMAIN... | --all",
		Short: "Look at the records in DNS, at every name server",
		Long: `Ask every authoritative name server of a domain for the records of its keys, and
say what is wrong in words that a customer understands.

With --activate, a pending key becomes active once its record is proven: two checks
at least dns.settle apart, and all between them, find it as it should be on every
name server. The key before it is retired in the same step.

With --metrics, how many keys there are in each state, and what was found of their
records, is written into a file for Prometheus' node exporter (textfile collector).

The exit code is 3 if a record is missing or wrong, 1 if DNS gave no answer.`,
		Example: `  dkimctl check example.jp
  dkimctl check --all --state pending --activate
  dkimctl check --all --csv > records.csv`,
		RunE: func(cmd *cobra.Command, names []string) error { return u.check(cmd.Context(), names, o) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.all, "all", false, "all domains")
	flags.StringVar(&o.state, "state", "", "only keys in this state: pending, active or retired")
	flags.BoolVar(&o.activate, "activate", false, "make pending keys active whose record is proven")
	flags.BoolVar(&o.acceptUnreachable, "accept-unreachable", false, "a name server that does not answer is no obstacle")
	flags.BoolVar(&o.csv, "csv", false, "print a table for a spreadsheet")
	flags.StringVar(&o.metrics, "metrics", "", "with --all: write numbers for Prometheus into this `file`, whose name ends in .prom")
	u.jsonFlag(cmd)
	return cmd
}

// dialDNS connects to name servers; nil: as usual. In tests they have other ports.
var dialDNS func(ctx context.Context, network, address string) (net.Conn, error)

// checkView is what a check has found of one key.
type checkView struct {
	Domain    string            `json:"domain"`
	Selector  string            `json:"selector"`
	State     keys.State        `json:"state"` // after the check
	Host      string            `json:"host"`
	Verdict   dnscheck.Verdict  `json:"verdict"`
	Activated bool              `json:"activated,omitempty"`
	Servers   []dnscheck.Server `json:"servers"`
	Findings  []finding.Finding `json:"findings"`

	skipped bool  // its state is not that of --state
	err     error // of reading or writing the store
}

func (u *ui) check(ctx context.Context, names []string, o checkOptions) error {
	if o.all == (len(names) > 0) {
		return usage(errors.New("name domains, or give --all"), "dkimctl check --help shows examples")
	}
	if o.state != "" && !slices.Contains([]keys.State{keys.Pending, keys.Active, keys.Retired}, keys.State(o.state)) {
		return usage(fmt.Errorf("--state %s: the states with a record are pending, active and retired", o.state))
	}
	if o.metrics != "" && (!o.all || o.state != "" || filepath.Ext(o.metrics) != ".prom") {
		return usage(errors.New("--metrics FILE.prom is about --all domains, and keys in all states"))
	}
	domains, err := u.parseDomains(names)
	if err != nil {
		return err
	}
	store, c, err := u.store()
	if err != nil {
		return err
	}
	all, total := store.Names(), len(domains)
	if o.all {
		for range all {
			total++
		}
	} else {
		all = func(yield func(string, error) bool) {
			for _, domain := range domains {
				if !yield(domain, nil) {
					return
				}
			}
		}
	}
	checker, err := newChecker(c, o.acceptUnreachable)
	if err != nil {
		return err
	}
	sum := checkSum{records: map[metrics.Record]int{}}
	bar := u.startProgress(total)
	views := func(yield func(checkView) bool) {
		for list := range ordered(all, func(domain string) []checkView { return u.checkDomain(ctx, store, c, checker, domain, o) }) {
			bar.step()
			for _, v := range list {
				if sum.add(v); v.err != nil || v.skipped {
					continue
				}
				bar.hide()
				if !yield(v) {
					return
				}
			}
		}
		bar.hide()
	}
	if o.csv {
		err = u.printCheckCSV(views)
	} else {
		err = printAll(u, views, "\n", u.printCheck)
	}
	if o.metrics != "" {
		err = errors.Join(err, metrics.WriteRecords(o.metrics, sum.records, now()))
	}
	return errors.Join(err, sum.error())
}

func newChecker(c *config.Config, acceptUnreachable bool) (*dnscheck.Checker, error) {
	checker, err := dnscheck.New(dnscheck.Options{
		Resolver: c.DNS.Resolver, Timeout: time.Duration(c.DNS.Timeout), Dial: dialDNS, Unreachable: acceptUnreachable, Elsewhere: c.DNS.AlsoAsk,
	})
	if err != nil {
		return nil, usage(err)
	}
	return checker, nil
}

// atOnce is how many domains are checked at a time.
const atOnce = 64

// ordered does a work for each name, several at a time, and returns the results in
// the order of the names.
func ordered(names iter.Seq2[string, error], work func(string) []checkView) iter.Seq[[]checkView] {
	return func(yield func([]checkView) bool) {
		results := make(chan chan []checkView, atOnce)
		stop := make(chan struct{})
		defer close(stop)
		go func() {
			defer close(results)
			for name, err := range names {
				result := make(chan []checkView, 1)
				select {
				case results <- result:
				case <-stop:
					return
				}
				if err != nil {
					result <- []checkView{{err: err}}
					return
				}
				go func() { result <- work(name) }()
			}
		}()
		for result := range results {
			if !yield(<-result) {
				return
			}
		}
	}
}

// checkDomain checks the records of one domain.
func (u *ui) checkDomain(ctx context.Context, store *keys.Dir, c *config.Config, checker *dnscheck.Checker, domain string, o checkOptions) []checkView {
	d, err := readDomain(store, domain)
	if err != nil {
		return []checkView{{err: err}}
	}
	var views []checkView
	for _, k := range d.Keys {
		if k.State == keys.Revoked && o.state == "" && k.Via != "" && k.Withdrawn.IsZero() {
			views = append(views, checkWithdrawn(ctx, checker, d, k))
			continue
		}
		if k.State == keys.Revoked || o.state != "" && k.State != keys.State(o.state) {
			views = append(views, checkView{State: k.State, skipped: true})
			continue
		}
		result := checkKey(ctx, checker, d, k)
		v := checkView{
			Domain: d.Name, Selector: k.Selector, State: k.State, Host: d.Record(k).Host(),
			Verdict: result.Verdict, Servers: result.Servers, Findings: result.Findings,
		}
		if o.activate && k.State == keys.Pending {
			v.Activated, v.err = noteProof(store, d.Name, k, result.Verdict == dnscheck.Proven, settle(c, k), len(result.Servers))
			if v.Activated {
				v.State = keys.Active
			}
		}
		views = append(views, v)
	}
	for i, v := range slices.Backward(views) {
		if v.skipped {
			continue
		}
		for _, spare := range d.Spares() {
			views[i].Findings = append(views[i].Findings, checker.CheckSpare(ctx, spare)...)
		}
		break
	}
	return views
}

// checkWithdrawn looks whether the record of a revoked key is still in our own zone.
func checkWithdrawn(ctx context.Context, checker *dnscheck.Checker, d *keys.Domain, k keys.Key) checkView {
	txt := d.Record(k).TXT()
	result := checker.Check(ctx, txt, nil)
	if result.Verdict != dnscheck.Proven {
		return checkView{State: k.State, skipped: true}
	}
	return checkView{
		Domain: d.Name, Selector: k.Selector, State: k.State, Host: txt.Host(), Verdict: dnscheck.Wrong,
		Servers: result.Servers, Findings: []finding.Finding{dnscheck.NotWithdrawn(txt, d.Name)},
	}
}

// checkKey checks the record of one key.
func checkKey(ctx context.Context, checker *dnscheck.Checker, d *keys.Domain, k keys.Key) dnscheck.Result {
	var others []record.Record
	for _, other := range d.Keys {
		if other.ID != k.ID {
			others = append(others, d.Record(other))
		}
	}
	return checker.Check(ctx, d.Record(k), others)
}

// settle returns how far apart the checks have to be that prove a key's record.
// Where another key stood before it, that one's record has to have left all caches.
func settle(c *config.Config, k keys.Key) time.Duration {
	if k.Follows() {
		return max(time.Duration(c.DNS.Settle), record.TTL*time.Second)
	}
	return time.Duration(c.DNS.Settle)
}

// noteProof notes what a check has found of a key's record, and makes the key
// active if the record is proven.
func noteProof(store *keys.Dir, domain string, k keys.Key, good bool, settle time.Duration, servers int) (activated bool, err error) {
	if !good && k.ProvenSince.IsZero() {
		return false, nil // as it was
	}
	_, err = store.Update(domain, func(c *keys.Change) error {
		i := slices.IndexFunc(c.Keys, func(other keys.Key) bool { return other.ID == k.ID })
		if i < 0 || c.Keys[i].State != k.State {
			return nil // somebody else was quicker
		}
		if !c.Keys[i].Prove(good, now().UTC().Truncate(time.Second), settle) {
			return nil
		}
		activated = true
		return makeActive(store, c, i, moveNow(fmt.Sprintf("check: on all %d name servers since %s", servers, c.Keys[i].ProvenSince.Format(time.RFC3339))))
	})
	return activated && err == nil, err
}

// checkSum counts what checks have found.
type checkSum struct {
	errs              []error
	wrong, unanswered int
	records           map[metrics.Record]int
}

func (s *checkSum) add(v checkView) {
	if v.State != "" {
		s.records[metrics.Record{State: string(v.State), Verdict: string(v.Verdict)}]++
	}
	switch {
	case v.err != nil:
		s.errs = append(s.errs, v.err)
	case v.skipped:
	case v.Verdict == dnscheck.Unclear:
		s.unanswered++
	case v.Verdict != dnscheck.Proven:
		s.wrong++
	}
}

func (s *checkSum) error() error {
	switch {
	case len(s.errs) > 0:
		return errors.Join(s.errs...)
	case s.wrong > 0:
		return notWanted(fmt.Errorf("%d records are missing or wrong", s.wrong))
	case s.unanswered > 0:
		return failed(fmt.Errorf("DNS gave no answer about %d records", s.unanswered))
	}
	return nil
}

func (u *ui) printCheck(v checkView) {
	u.printf("%s%s\n", u.label("Host", "ホスト名"), v.Host)
	u.printf("%s%s\n", u.label("State", "状態"), u.stateText(v.State))
	u.printf("%s%s\n", u.label("Record", "レコード"), u.verdictText(v.Verdict))
	u.printFindings(v.Findings)
	if v.Activated {
		u.printf("%s\n", u.say("The record is proven: dkimd signs with this key from now on", "レコードの公開を確認できたため、以後この鍵で署名します"))
	}
}

func (u *ui) printFindings(findings []finding.Finding) {
	for _, f := range findings {
		u.printf("  %s %s: %s\n", f.Severity, f.Code, u.say(f.Text.En, f.Text.Ja))
		if hint := u.say(f.Hint.En, f.Hint.Ja); hint != "" {
			u.printf("    %s\n", hint)
		}
	}
}

func (u *ui) verdictText(v dnscheck.Verdict) string {
	text := v.Text()
	return u.say(text.En, text.Ja)
}

func (u *ui) printCheckCSV(views iter.Seq[checkView]) error {
	w := csv.NewWriter(u.out)
	w.Write([]string{"domain", "selector", "state", "host", "verdict", "findings"})
	for v := range views {
		var codes []string
		for _, f := range v.Findings {
			codes = append(codes, string(f.Code))
		}
		w.Write([]string{v.Domain, v.Selector, string(v.State), v.Host, string(v.Verdict), strings.Join(codes, " ")})
	}
	w.Flush()
	return w.Error()
}
