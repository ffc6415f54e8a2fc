package main

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"

	"dkimd/internal/setup"
	"dkimd/keys"
	"dkimd/signer"

	"github.com/spf13/cobra"
)

type whyOptions struct {
	from, file       string
	login, client    string
	daemon           string
	incoming         bool
	queueID, logFile string
}

func newWhy(u *ui) *cobra.Command {
	var o whyOptions
	cmd := &cobra.Command{
		Use:   "why --from ADDRESS | --file MESSAGE | --queue-id ID",
		Short: "Say why mail is signed, or why not",
		Long: `Ask the rules that dkimd goes by, one after the other, and print what each saw.

--from and --file ask for mail that may come, from a login or a client; --queue-id
finds a message in dkimd's log, prints what became of it, and asks the rules as
they are now. The exit code is 3 if the mail is not signed.`,
		Example: `  dkimctl why --from taro@example.jp --login taro@example.jp
  dkimctl why --file message.eml --client 192.0.2.25
  dkimctl why --queue-id 4fQ0aB1`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return u.why(o) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.from, "from", "", "the From `address`, or a whole From field")
	flags.StringVar(&o.file, "file", "", "a `message` from a file, or - for standard input")
	flags.StringVar(&o.login, "login", "", "the SMTP AUTH login")
	flags.StringVar(&o.client, "client", "", "the client's `address`")
	flags.StringVar(&o.daemon, "daemon", "", "the service of Postfix, by milter_macro_daemon_name")
	flags.BoolVar(&o.incoming, "incoming", false, "it comes through a listener that is incoming")
	flags.StringVar(&o.queueID, "queue-id", "", "Postfix's queue `id` of a message that has come")
	flags.StringVar(&o.logFile, "log", "", "dkimd's log `file`, or - for standard input (default: the journal)")
	u.jsonFlag(cmd)
	return cmd
}

// whyView is an answer as JSON.
type whyView struct {
	Logged     map[string]string `json:"logged,omitempty"` // the message's line in the log
	Decision   string            `json:"decision"`         // signed, unsigned or tempfail
	Reason     signer.Reason     `json:"reason,omitempty"`
	FromDomain string            `json:"from_domain"`
	Mismatch   bool              `json:"login_mismatch,omitempty"` // signed all the same
	Signatures []whySignature    `json:"signatures"`
	Risks      []string          `json:"risks,omitempty"`
	Steps      []signer.Step     `json:"steps"`
}

type whySignature struct {
	Domain    string `json:"domain"`
	Selector  string `json:"selector"`
	Algorithm string `json:"algorithm"`
}

func (u *ui) why(o whyOptions) error {
	asked := slices.DeleteFunc([]string{o.from, o.file, o.queueID}, func(s string) bool { return s == "" })
	if len(asked) != 1 {
		return usage(errors.New("ask about one of --from, --file and --queue-id"), "dkimctl why --help shows examples")
	}
	if o.queueID != "" && (o.login != "" || o.client != "" || o.daemon != "" || o.incoming) {
		return usage(errors.New("--queue-id takes all else from the log"), "to ask about other mail: dkimctl why --from ADDRESS --login LOGIN")
	}
	c, err := u.config()
	if err != nil {
		return err
	}
	log := slog.New(slog.DiscardHandler)
	rules, err := setup.Rules(c, log)
	if err != nil {
		return usage(err)
	}
	var logged map[string]string
	if o.queueID != "" {
		if logged, err = u.findLogLine(o.queueID, o.logFile); err != nil {
			return err
		}
		o.fromLog(logged)
	}
	origin := signer.Origin{Login: o.login, Daemon: o.daemon, Incoming: o.incoming}
	if o.client != "" && o.client != "unknown" {
		if origin.Client, err = netip.ParseAddr(o.client); err != nil {
			return usage(fmt.Errorf("--client %s is not an IP address", o.client))
		}
	}
	message := signer.ParseMessage([]byte("From: " + o.from))
	if o.file != "" {
		if message, err = u.readMessage(o.file); err != nil {
			return err
		}
	}
	store := setup.Store(c)
	ring := signer.Ring(keys.NewKeyring(store))
	mayRead := !errors.Is(store.CheckPrivate(), fs.ErrPermission)
	if !mayRead {
		u.hint("the private keys are not looked at: " + who() + " may not read them")
		ring = stateRing{store}
	}
	d, steps := rules.Explain(origin, message.Header(rules.AlsoFields), ring)
	if errors.Is(d.Err, fs.ErrPermission) && os.Geteuid() != 0 {
		return d.Err // the daemon may be able to
	}
	var risks []string
	if d.Reason == "" && o.file != "" && mayRead {
		d, risks = rules.Try(d, message)
	}
	view := whyView{
		Logged: logged, Decision: outcome(d), Reason: d.Reason, FromDomain: d.FromDomain, Mismatch: d.Mismatch,
		Signatures: []whySignature{}, Risks: risks, Steps: steps,
	}
	for _, s := range d.Signatures {
		view.Signatures = append(view.Signatures, whySignature{s.Domain, s.Selector, s.Algorithm})
	}
	if u.json {
		err = u.printJSON(view)
	} else {
		u.printWhy(view)
	}
	return cmp.Or(err, u.whyError(view))
}

// outcome says what becomes of a message, as the log does.
func outcome(d signer.Decision) string {
	switch {
	case d.TempFail:
		return "tempfail"
	case d.Reason != "":
		return "unsigned"
	}
	return "signed"
}

func (u *ui) printWhy(view whyView) {
	if line := view.Logged; line != nil {
		u.printf("%s%s", u.label("in the log", "ログ"), line["msg"])
		for _, key := range slices.SortedFunc(maps.Keys(line), byLogOrder) {
			if value := line[key]; value != "" && key != "msg" && key != "level" {
				u.printf(" %s=%s", key, value)
			}
		}
		u.printf("\n%s\n", u.say("by the rules and keys as they are now:", "現在の設定と鍵での判定:"))
	}
	for _, s := range view.Steps {
		mark := "yes"
		if !s.OK {
			mark = "no"
		}
		u.printf("%-10s %-3s  %s\n", s.Rule, mark, s.Saw)
	}
	for _, s := range view.Signatures {
		u.printf("%sd=%s s=%s (%s)\n", u.label("signed with", "署名"), s.Domain, s.Selector, s.Algorithm)
	}
	for _, risk := range view.Risks {
		u.printf("%s%s\n", u.label("may break on its way", "配送中に署名が壊れるおそれ"), risk)
	}
	if view.Mismatch {
		u.warn(u.say("the login may not send as the From domain: login_match is not enforce",
			"このログインには From のドメインでの送信が許可されていませんが、login_match の設定により署名します"))
	}
}

// logOrder has the fields of a log line that people look for first.
var logOrder = []string{"error", "risk", "client", "login", "from", "from_domain", "reason", "selector", "domain", "queue_id", "time"}

func byLogOrder(a, b string) int {
	return cmp.Or(slices.Index(logOrder, b)-slices.Index(logOrder, a), strings.Compare(a, b))
}

// whyError is the reason why a message is not signed: the one in the log, for a
// message that has come.
func (u *ui) whyError(view whyView) error {
	decision, reason := view.Decision, view.Reason
	if view.Logged != nil {
		decision, reason = view.Logged["msg"], signer.Reason(view.Logged["reason"])
	}
	if reason == "" {
		return nil
	}
	text := reasonTexts[reason]
	if i := slices.IndexFunc(view.Steps, func(s signer.Step) bool { return !s.OK }); reason == signer.NotOurs && i >= 0 && view.Steps[i].Rule == "listener" {
		text = incomingText
	}
	hint := u.say(text.remedyEn, text.remedyJa)
	if view.Reason == "" {
		hint = u.say("it would be signed now", "現在の設定と鍵では署名されます")
	}
	return notWanted(fmt.Errorf("%s: %s: %s", decision, reason, u.say(text.en, text.ja)), hint)
}

// stateRing gives active keys without their private keys, to those who may not
// read them.
type stateRing struct{ store keys.Store }

// Lookup implements [signer.Ring].
func (r stateRing) Lookup(domain string) (keys.Set, error) {
	d, _, err := r.store.Read(domain)
	if errors.Is(err, keys.ErrNoKeys) {
		return keys.Set{}, nil
	}
	if err != nil {
		return keys.Set{}, err
	}
	set := keys.Set{Pending: len(d.In(keys.Pending)) > 0}
	for _, k := range d.In(keys.Active) {
		set.Active = append(set.Active, keys.SigningKey{Domain: domain, Selector: k.Selector, Algorithm: k.Algorithm})
	}
	return set, nil
}

// fromLog takes over what the log says of a message.
func (o *whyOptions) fromLog(line map[string]string) {
	o.from = line["from"]
	if domain := cmp.Or(line["from_domain"], line["domain"]); o.from == "" && domain != "" {
		o.from = "somebody@" + domain
	}
	o.login, o.client, o.daemon, o.incoming = line["login"], line["client"], line["daemon"], line["incoming"] == "true"
}

// findLogLine returns the line of dkimd's log about a message.
func (u *ui) findLogLine(id, file string) (map[string]string, error) {
	id = strings.Trim(id, ": \t") // as it stands in Postfix's log
	if id == "" {
		return nil, usage(errors.New("--queue-id is empty"))
	}
	var in io.Reader
	switch file {
	case "":
		text, err := exec.Command("journalctl", "--unit=dkimd", "--output=cat", "--no-pager", "--grep="+regexp.QuoteMeta(id)).Output()
		if none := new(exec.ExitError); err != nil && (!errors.As(err, &none) || len(none.Stderr) > 0) {
			return nil, failed(fmt.Errorf("the journal cannot be read: %w", err), "name dkimd's log with --log FILE, if it goes elsewhere")
		}
		in = bytes.NewReader(text)
	case "-":
		in = u.in
	default:
		opened, err := os.Open(file)
		if err != nil {
			return nil, usage(err)
		}
		defer opened.Close()
		in = opened
	}
	var found map[string]string
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if strings.Contains(lines.Text(), id) {
			if line := parseLogLine(lines.Text()); line["queue_id"] == id {
				found = line // the last one, if the message came by more than once
			}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if found == nil {
		return nil, notWanted(fmt.Errorf("the log has no message with the queue id %s", id),
			"the log level may be above info, or the message never came to dkimd: see smtpd_milters and non_smtpd_milters of Postfix")
	}
	return found, nil
}
