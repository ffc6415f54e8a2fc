package main

import (
	"maps"
	"slices"

	"dkimd/internal/desk"
	"dkimd/internal/desk/calendar"
	"dkimd/internal/desk/request"
	"dkimd/internal/lint"
	"dkimd/keys/dnscheck"
	"dkimd/keys/finding"

	"github.com/spf13/cobra"
)

func newCodes(u *ui) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "codes",
		Short: "List the codes of all findings, with what they mean",
		Long: `List the codes of all that check, lint and desk can find: how bad it is, what it
means and what to do. In braces stands what each finding fills in. Codes do not
change, so that programs can rely on them.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return u.codes() },
	}
	u.jsonFlag(cmd)
	return cmd
}

func (u *ui) codes() error {
	all := finding.Table{}
	for _, table := range []finding.Table{dnscheck.Codes(), lint.Codes(), desk.Codes(), request.Codes(), calendar.Codes()} {
		maps.Copy(all, table)
	}
	return printAll(u, slices.Values(all.All()), "", func(f finding.Finding) {
		u.printFindings([]finding.Finding{f})
	})
}
