package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"dkimd/internal/config"
	"dkimd/internal/lint"
	"dkimd/keys/finding"
	"dkimd/keys/record"

	"github.com/spf13/cobra"
)

type lintOptions struct {
	file string
	kind string
}

func newLint(u *ui) *cobra.Command {
	var o lintOptions
	cmd := &cobra.Command{
		Use:   "lint HOST VALUE | --file FILE",
		Short: "Check an SPF, DMARC or DKIM record that somebody typed",
		Long: `Check an SPF, DMARC or DKIM record before it is published: whether it is correct,
and what it refers to in DNS. What kind it is, its host and value say, or --kind.

A file has a record a line: host and value, or as in a zone file; - is standard
input.

The exit code is 3 if something is wrong, 1 if DNS gave no answer.`,
		Example: `  dkimctl lint example.jp 'v=spf1 include:_spf.example.net ~all'
  dkimctl lint _dmarc.example.jp 'v=DMARC1; p=none; rua=mailto:dmarc@example.jp'
  dkimctl lint --file records.txt --lang ja`,
		Args: cobra.MaximumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error { return u.lint(cmd.Context(), args, o) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.file, "file", "", "read records from this `file`, or - for standard input")
	flags.StringVar(&o.kind, "kind", "", "what the records are: spf, dmarc or dkim")
	u.jsonFlag(cmd)
	cmd.RegisterFlagCompletionFunc("kind", cobra.FixedCompletions([]string{"spf", "dmarc", "dkim"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// lintView is what is to be said of one record.
type lintView struct {
	Line     int               `json:"line,omitempty"` // of the file
	Host     string            `json:"host"`
	Kind     lint.Kind         `json:"kind"`
	Findings []finding.Finding `json:"findings"`
}

func (u *ui) lint(ctx context.Context, args []string, o lintOptions) error {
	kind := lint.Kind(o.kind)
	switch {
	case kind != "" && !slices.Contains(lint.Kinds, kind):
		return usage(fmt.Errorf("--kind %s: the kinds are spf, dmarc and dkim", o.kind))
	case (o.file != "") == (len(args) > 0) || len(args) == 1:
		return usage(errors.New("give a host and a value, or --file"), "dkimctl lint --help shows examples")
	}
	var lines []lint.Line
	var errs error
	if o.file == "" {
		lines = append(lines, lint.Line{Host: args[0], Value: args[1]})
	} else {
		text, err := u.readFile(o.file)
		if err != nil {
			return err
		}
		lines, errs = lint.ParseLines(string(text))
	}
	var resolver lint.Resolver
	if slices.ContainsFunc(lines, func(line lint.Line) bool { return asksDNS(kindOf(line, kind)) }) {
		c, err := u.config()
		if err != nil {
			return err
		}
		resolver = newResolver(c)
	}
	wrong, unanswered := 0, 0
	views := func(yield func(lintView) bool) {
		for _, line := range lines {
			v := lintView{Line: line.Number, Host: line.Host, Kind: kindOf(line, kind)}
			if record.HoldsPrivate(line.Host) {
				v.Host = "…"
			}
			v.Findings = lint.Judge(ctx, resolver, v.Kind, line.Host, line.Value)
			switch {
			case finding.HasError(v.Findings):
				wrong++
			case finding.Has(v.Findings, lint.NoAnswer):
				unanswered++
			}
			if !yield(v) {
				return
			}
		}
	}
	if err := printAll(u, views, "\n", u.printLint); err != nil {
		return err
	}
	switch {
	case errs != nil:
		return usage(errs)
	case wrong > 0:
		return notWanted(fmt.Errorf("%d records are wrong", wrong))
	case unanswered > 0:
		return failed(fmt.Errorf("DNS gave no answer about %d records", unanswered))
	}
	return nil
}

// newResolver returns how lint and desk ask DNS.
func newResolver(c *config.Config) lint.Resolver {
	return lint.NewResolver(c.DNS.Resolver, time.Duration(c.DNS.Timeout), dialDNS)
}

// kindOf returns the kind of a record: the given one, or what the line says.
func kindOf(line lint.Line, given lint.Kind) lint.Kind {
	if given != "" {
		return given
	}
	return lint.KindOf(line.Host, line.Value)
}

func asksDNS(kind lint.Kind) bool { return kind == lint.KindSPF || kind == lint.KindDMARC }

func (u *ui) printLint(v lintView) {
	u.printf("%s%s\n", u.label("Host", "ホスト名"), v.Host)
	u.printf("%s%s\n", u.label("Kind", "種類"), u.kindText(v.Kind))
	if len(v.Findings) == 0 {
		u.printf("  %s\n", u.say("nothing is wrong", "問題は見つかりませんでした"))
	}
	u.printFindings(v.Findings)
}

func (u *ui) kindText(kind lint.Kind) string {
	if kind == "" {
		return u.say("not known", "不明")
	}
	return strings.ToUpper(string(kind))
}
