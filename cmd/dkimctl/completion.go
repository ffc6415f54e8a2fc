package main

import (
	"strings"

	"github.com/spf13/cobra"
)

func newCompletion(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:       "completion bash|zsh|fish",
		Short:     "Print a script that completes commands in bash, zsh or fish",
		Example:   "  source <(dkimctl completion bash)",
		ValidArgs: []string{"bash", "zsh", "fish"},
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(cmd.OutOrStdout(), true)
			case "zsh":
				return root.GenZshCompletion(cmd.OutOrStdout())
			}
			return root.GenFishCompletion(cmd.OutOrStdout(), true)
		},
	}
}

// maxCompletions is how many domains a shell is offered.
const maxCompletions = 100

// completeDomains offers the domains of the store.
func (u *ui) completeDomains(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
	var domains []string
	if store, _, err := u.store(); err == nil {
		for domain, err := range store.Names() {
			if err != nil || len(domains) == maxCompletions {
				break
			}
			if strings.HasPrefix(domain, begun) {
				domains = append(domains, domain)
			}
		}
	}
	return domains, cobra.ShellCompDirectiveNoFileComp
}
