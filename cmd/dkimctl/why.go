package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
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
	cmd.MarkFlagsOneRequired("from", "file", "queue-id")
	cmd.MarkFlagsMutuallyExclusive("from", "file", "queue-id")
	u.jsonFlag(cmd)
	return cmd
}

// whyView is an answer as JSON.
type whyView struct {
	Logged     map[string]string `json:"logged,omitempty"` // the message's line in the log
	Decision   string            `json:"decision"`         // signed, unsigned or tempfail
	Reason     string            `json:"reason,omitempty"`
	FromDomain string            `json:"from_domain"`
	Signatures []whySignature    `json:"signatures"`
	Steps      []signer.Step     `json:"steps"`
}

type whySignature struct {
	Domain    string `json:"domain"`
	Selector  string `json:"selector"`
	Algorithm string `json:"algorithm"`
}

func (u *ui) why(o whyOptions) error {
	c, err := u.config()
	if err != nil {
		return err
	}
	rules, err := setup.Rules(c, slog.Default())
	if err != nil {
		return usage(err)
	}
	view := whyView{Signatures: []whySignature{}}
	if o.queueID != "" {
		if view.Logged, err = u.findLogLine(o.queueID, o.logFile); err != nil {
			return err
		}
		o.fromLog(view.Logged)
	}
	header := &signer.Header{Also: rules.AlsoFields}
	if o.file != "" {
		m, err := u.readMessage(o.file)
		if err != nil {
			return err
		}
		header = m.Header()
	} else {
		header.Add("From", o.from)
	}
	origin := signer.Origin{Login: o.login, Daemon: o.daemon, Incoming: o.incoming}
	if o.client != "" && o.client != "unknown" {
		if origin.Client, err = netip.ParseAddr(o.client); err != nil {
			return usage(fmt.Errorf("--client %s is not an IP address", o.client))
		}
	}
	d, steps := rules.Explain(origin, header, keys.NewKeyring(setup.Store(c), slog.Default()))
	view.Decision, view.Reason, view.FromDomain, view.Steps = "signed", string(d.Reason), d.FromDomain, steps
	if d.Reason != "" {
		view.Decision = "unsigned"
		if d.TempFail {
			view.Decision = "tempfail"
		}
	}
	for _, s := range d.Signatures {
		view.Signatures = append(view.Signatures, whySignature{s.Domain, s.Selector, s.Algorithm})
	}
	return u.printWhy(view, d)
}

func (u *ui) printWhy(view whyView, d signer.Decision) error {
	if u.json {
		if err := u.printJSON(view); err != nil {
			return err
		}
	} else {
		u.printLogged(view.Logged)
		for _, s := range view.Steps {
			mark := u.say("yes", "可")
			if !s.OK {
				mark = u.say("no", "否")
			}
			u.printf("%s%s: %s\n", u.label(s.Rule, s.Rule), mark, s.Saw)
		}
		for _, s := range view.Signatures {
			u.printf("%sd=%s s=%s (%s)\n", u.label("signed with", "署名"), s.Domain, s.Selector, s.Algorithm)
		}
		if d.Mismatch {
			u.printf("%s\n", u.say("although the login does not own the domain: login_match is not enforce",
				"ログインのドメインは From と異なりますが、login_match の設定により署名します"))
		}
	}
	if d.Reason == "" {
		return nil
	}
	text := reasonTexts[d.Reason]
	return notWanted(fmt.Errorf("%s: %s: %s", view.Decision, d.Reason, u.say(text.en, text.ja)), u.say(text.remedyEn, text.remedyJa))
}

// printLogged prints the message's line in the log.
func (u *ui) printLogged(line map[string]string) {
	if line == nil {
		return
	}
	u.printf("%s%s", u.label("in the log", "ログ"), line["msg"])
	for _, key := range []string{"time", "queue_id", "domain", "selector", "from_domain", "reason", "login", "client", "error"} {
		if value := line[key]; value != "" {
			u.printf(" %s=%s", key, value)
		}
	}
	u.printf("\n%s\n", u.say("by the rules as they are now:", "現在の設定での判定:"))
}

// fromLog takes over what the log says of a message.
func (o *whyOptions) fromLog(line map[string]string) {
	domain := line["from_domain"]
	if domain == "" {
		domain = line["domain"]
	}
	if domain != "" {
		o.from = "somebody@" + domain
	}
	o.login, o.client, o.daemon = line["login"], line["client"], line["daemon"]
}

// findLogLine returns the line of dkimd's log about a message.
func (u *ui) findLogLine(id, file string) (map[string]string, error) {
	var in io.Reader
	switch file {
	case "":
		text, err := exec.Command("journalctl", "--unit=dkimd", "--output=cat", "--no-pager", "--grep="+regexp.QuoteMeta(id)).Output()
		if err != nil && len(text) == 0 {
			return nil, failed(fmt.Errorf("the journal has nothing of %s: %w", id, err), "name dkimd's log with --log FILE, if it goes elsewhere")
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
