package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"dkimd/internal/config"
	"dkimd/internal/desk"
	"dkimd/internal/desk/calendar"
	"dkimd/internal/desk/request"
	"dkimd/keys/finding"

	"github.com/spf13/cobra"
)

type requestOptions struct {
	mail     string
	received string
}

func newDeskRequest(u *ui) *cobra.Command {
	var o requestOptions
	cmd := &cobra.Command{
		Use:   "request FILE",
		Short: "Read a customer's request, and say what is to be done about it",
		Long: `Read a mail in which a customer asks for SPF, DKIM or DMARC records, whole or the
text alone; - is standard input. It says what is asked for, what is wrong with it,
what to enter and to run, and when; and it writes the letter that answers it. It
changes nothing.

Dates depend on the time of receipt: what --received says, or else the mail's first
Received line, which is that of our own server.

The exit code is 3 if something is missing or wrong, 1 if DNS gave no answer.`,
		Example: `  dkimctl desk request mail.eml
  dkimctl desk request - --mail elsewhere --received '2026-11-25 15:30' < form.txt`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return u.deskRequest(cmd.Context(), args[0], o) },
	}
	mailFlag(cmd, &o.mail)
	cmd.Flags().StringVar(&o.received, "received", "", "when the mail came, as in '2026-11-25 15:30' (in Japan) or 2026-11-25T15:30:00+09:00")
	u.jsonFlag(cmd)
	return cmd
}

// requestView is a plan, and the letters that answer it.
type requestView struct {
	*desk.Plan
	Letters []desk.Letter `json:"letters"`
}

func (u *ui) deskRequest(ctx context.Context, file string, o requestOptions) error {
	received, err := receivedAt(o.received)
	if err := errors.Join(err, checkMail(o.mail)); err != nil {
		return usage(err)
	}
	content, err := u.readFile(file)
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(content)) == 0 {
		return usage(fmt.Errorf("%s is empty", file))
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
	mail := desk.Side(cmp.Or(o.mail, string(desk.Unknown)))
	plan, err := d.Plan(ctx, request.Read(content, received, now(), officeOf(c)), mail)
	if err != nil {
		return err
	}
	view := requestView{plan, []desk.Letter{}}
	for _, a := range plan.Answers {
		letter, err := letters.Write(a.Letter, c.Desk.Lang, a.Facts)
		if err != nil {
			return err
		}
		view.Letters = append(view.Letters, letter)
	}
	if err := u.printRequest(view); err != nil {
		return err
	}
	switch {
	case plan.NoAnswer():
		return failed(errors.New("DNS gave no answer about a part of the request"), "try again later")
	case !plan.Accepted():
		return notWanted(errors.New("something is missing or wrong"))
	}
	return nil
}

// receivedAt reads a time of receipt; zero: unknown.
func receivedAt(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := calendar.ParseTime(text)
	if err != nil {
		return at, fmt.Errorf("--received: %w", err)
	}
	return at, nil
}

// officeOf returns the office of a configuration, which has been checked.
func officeOf(c *config.Config) *calendar.Office {
	var closed []calendar.Date
	for _, day := range c.Desk.Holidays {
		d, _ := calendar.ParseDate(day)
		closed = append(closed, d)
	}
	return calendar.New(closed...)
}

func (u *ui) printRequest(v requestView) error {
	if u.json {
		return u.printJSON(v)
	}
	u.printf("%s%s\n", u.label("Sender", "送信元"), cmp.Or(finding.Shorten(v.Sender), "-"))
	u.printf("%s%s\n", u.label("Received", "受信日時"), calendar.FormatTime(v.Received))
	u.printFindings(v.Findings)
	if len(v.Words) > 0 {
		u.printf("%s\n", strings.TrimSpace(u.label("Outside of the forms", "書式以外の本文")))
	}
	for _, line := range v.Words {
		u.printf("  %s\n", line)
	}
	for _, r := range v.Requests {
		u.printf("\n")
		u.printPlanned(r)
	}
	for _, letter := range v.Letters {
		u.printf("\n%s\n", strings.Repeat("=", 40))
		u.printLetter(letter)
	}
	return nil
}

func (u *ui) printPlanned(r desk.Planned) {
	u.printf("%s%s\n", u.label("Kind", "種類"), cmp.Or(strings.ToUpper(string(r.Kind)), "-"))
	u.printf("%s%s\n", u.label("Host", "ホスト名"), cmp.Or(r.Host.Read, r.Domain, "-"))
	if r.Before != "" {
		u.printf("%s%s\n", u.label("Value before", "変更前の値"), r.Before)
	}
	if r.Value.Read != "" {
		u.printf("%s%s\n", u.label("Value", "値"), r.Value.Read)
	}
	if r.Cell != nil {
		u.printf("%s%s\n", u.label("Name servers", "ネームサーバー"), u.sideText(r.Cell.NameServer))
		u.printf("%s%s\n", u.label("Mail server", "メールサーバー"), u.sideText(r.Cell.MailServer))
	}
	if work := r.Work(); work != (finding.Text{}) {
		u.printf("%s%s\n", u.label("To do", "作業"), u.say(work.En, work.Ja))
	}
	if day := r.Day(); !day.IsZero() {
		u.printf("%s%s\n", u.label("On", "設定予定日"), u.say(day.English(), day.Japanese()))
	}
	u.printFindings(r.Findings)
	for _, line := range r.Remove {
		u.printf("%s%s\n", u.label("Remove from the zone", "ゾーンから削除"), line)
	}
	for _, line := range r.Add {
		u.printf("%s%s\n", u.label("Enter into the zone", "ゾーンに追加"), line)
	}
	for _, command := range r.Commands {
		u.printf("%s%s\n", u.label("Run", "実行"), command)
	}
}

func (u *ui) sideText(s desk.Side) string {
	if s == desk.Ours {
		return u.say("ours", "弊社")
	}
	return u.say("elsewhere", "他社")
}
