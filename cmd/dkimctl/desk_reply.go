package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"dkimd/internal/desk"
	"dkimd/keys"

	"github.com/spf13/cobra"
)

type replyOptions struct {
	mail        string
	letter      string
	host, value string
	attach      string
}

func newDeskReply(u *ui) *cobra.Command {
	var o replyOptions
	cmd := &cobra.Command{
		Use:   "reply DOMAIN",
		Short: "Write the letter to a customer that fits the state of a domain",
		Long: `Write the letter to a customer that fits the state of a domain: a record to
publish, what is wrong with it, that mail is signed, an old record that may go, or
how SPF, DKIM and DMARC are set up where the mail server is another company's.

Whose the name servers are is looked up in DNS, whose the mail server is in what
[desk] of the configuration says. Where that says nothing, --mail does.

The exit code is 3 if something comes before a letter: the error says what.`,
		Example: `  dkimctl desk reply example.jp
  dkimctl desk reply example.jp --mail ours --attach .
  dkimctl desk reply example.jp --letter entered \
    --host selector1._domainkey.example.jp --value 'v=DKIM1;k=rsa;p=...'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return u.deskReply(cmd.Context(), args[0], o, cmd.Flag("lang").Changed)
		},
	}
	flags := cmd.Flags()
	mailFlag(cmd, &o.mail)
	flags.StringVar(&o.letter, "letter", "", "another letter than the one that fits: "+letterNames())
	flags.StringVar(&o.host, "host", "", "of another company's record that we have entered, for --letter entered")
	flags.StringVar(&o.value, "value", "", "of that record")
	flags.StringVar(&o.attach, "attach", "", "write the files to attach into this `directory`")
	cmd.RegisterFlagCompletionFunc("letter", cobra.FixedCompletions(strings.Split(letterNames(), ", "), cobra.ShellCompDirectiveNoFileComp))
	u.jsonFlag(cmd)
	return cmd
}

// mailFlag gives a command the flag --mail.
func mailFlag(cmd *cobra.Command, mail *string) {
	cmd.Flags().StringVar(mail, "mail", "", "whose the mail server is: ours or elsewhere")
	cmd.RegisterFlagCompletionFunc("mail", cobra.FixedCompletions([]string{string(desk.Ours), string(desk.Elsewhere)}, cobra.ShellCompDirectiveNoFileComp))
}

func letterNames() string {
	var names []string
	for _, name := range desk.Names {
		names = append(names, string(name))
	}
	return strings.Join(names, ", ")
}

// replyView is what the desk knows of a domain, and the letter, if there is one.
type replyView struct {
	*desk.Situation
	*desk.Letter
}

func (u *ui) deskReply(ctx context.Context, name string, o replyOptions, langChosen bool) error {
	if err := errors.Join(checkMail(o.mail), o.check()); err != nil {
		return usage(err)
	}
	domain, err := keys.ParseDomain(name)
	if err != nil {
		return usage(err)
	}
	store, c, err := u.store()
	if err != nil {
		return err
	}
	letters, err := loadLetters(c)
	if err != nil {
		return err
	}
	d, err := newDeskOf(c, store)
	if err != nil {
		return err
	}
	s, err := d.Look(ctx, domain, desk.Side(cmp.Or(o.mail, string(desk.Unknown))))
	if err != nil {
		return err
	}
	lang := c.Desk.Lang
	if langChosen {
		lang = u.lang
	}
	letter, errLetter := writeLetter(ctx, d, letters, s, o, lang)
	if errLetter == nil {
		if err := u.attach(letter, o.attach); err != nil {
			return err
		}
	}
	if err := u.printReply(s, letter); err != nil {
		return err
	}
	return noLetter(errLetter)
}

// checkMail refuses what --mail cannot be.
func checkMail(mail string) error {
	if mail == "" || mail == string(desk.Ours) || mail == string(desk.Elsewhere) {
		return nil
	}
	return fmt.Errorf("--mail %s: it is ours or elsewhere", mail)
}

// check refuses options that do not go together.
func (o replyOptions) check() error {
	entered := o.letter == string(desk.Entered)
	switch {
	case o.letter != "" && !slices.Contains(desk.Names, desk.Name(o.letter)):
		return fmt.Errorf("--letter %s: the letters are %s", o.letter, letterNames())
	case entered != (o.host != "") || entered != (o.value != ""):
		return errors.New("--letter entered, --host and --value belong together")
	}
	return nil
}

// printReply prints a letter; as JSON, also what is known where there is none.
func (u *ui) printReply(s *desk.Situation, letter *desk.Letter) error {
	if u.json {
		return u.printJSON(replyView{s, letter})
	}
	for _, f := range s.Findings {
		u.warn(f.Text.En)
		u.hint(f.Hint.En)
	}
	if letter != nil {
		u.printLetter(*letter)
	}
	return nil
}

func (u *ui) printLetter(letter desk.Letter) {
	label := map[string]string{"ja": "件名", "en": "Subject"}[letter.Lang]
	u.printf("%s: %s\n\n%s", label, letter.Subject, letter.Body)
}

// writeLetter writes the letter that fits, or the one that was asked for.
func writeLetter(ctx context.Context, d *desk.Desk, letters *desk.Letters, s *desk.Situation, o replyOptions, lang string) (*desk.Letter, error) {
	name := desk.Name(o.letter)
	if name == "" {
		var err error
		if name, err = s.Choose(); err != nil {
			return nil, err
		}
	}
	var facts desk.Facts
	var err error
	if name == desk.Entered {
		facts, err = d.Entered(ctx, s, o.host, o.value)
	} else {
		facts, err = s.Facts(name)
	}
	if err != nil {
		return nil, err
	}
	letter, err := letters.Write(name, lang, facts)
	if err != nil {
		return nil, err
	}
	return &letter, nil
}

// noLetter gives an error its exit code and hints.
func noLetter(err error) error {
	none, ok := errors.AsType[*desk.NoLetterError](err)
	if !ok {
		return err
	}
	if none.NoAnswer() {
		return failed(err, none.Finding.Hint.En)
	}
	return notWanted(err, none.Finding.Hint.En)
}

// attach writes the files that the letter speaks of into a directory.
func (u *ui) attach(letter *desk.Letter, dir string) error {
	if len(letter.Attachments) > 0 && dir == "" {
		u.hint("the letter has attachments: --attach DIRECTORY writes them")
		return nil
	}
	for _, file := range letter.Attachments {
		path := filepath.Join(dir, file.Name)
		if err := os.WriteFile(path, []byte(file.Content), 0o644); err != nil {
			return err
		}
		u.hint("attach " + path)
	}
	return nil
}
