// Dkimctl makes and manages the DKIM keys that dkimd signs with, and prints
// their DNS records.
package main

import (
	"errors"
	"io"
	"os"

	"dkimd/internal/config"
	"dkimd/internal/setup"

	"github.com/spf13/cobra"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the program, apart from what belongs to its process.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	u := &ui{in: stdin, out: stdout, err: stderr}
	root := newRoot(u)
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.Execute()
	if err == nil {
		return exitDone
	}
	u.report(err)
	var coded *codedError
	if errors.As(err, &coded) {
		return coded.code
	}
	return exitFailed
}

func newRoot(u *ui) *cobra.Command {
	root := &cobra.Command{
		Use:   "dkimctl",
		Short: "Make and manage the DKIM keys that dkimd signs with",
		Long: `Dkimctl makes and manages the DKIM keys that dkimd signs with, and prints the
DNS records that have to be published for them.

Data goes to standard output, everything else to standard error.
Exit codes: 0 done; 1 failed, or DNS gave no answer; 2 wrong usage or
configuration; 3 not as wanted (a bad signature, for example).`,
		Example: `  dkimctl genkey example.jp
  dkimctl record example.jp --format value
  dkimctl list`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			return u.chooseLanguage(os.Getenv)
		},
	}
	flags := root.PersistentFlags()
	flags.StringVar(&u.configPath, "config", "/etc/dkimd/config.toml", "the configuration `file`")
	flags.StringVar(&u.lang, "lang", "", "language of text for people: en or ja (default from LANG)")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage(err, cmd.CommandPath()+" --help says what it takes")
	})
	root.AddCommand(
		newGenkey(u),
		newRecord(u),
		newList(u),
		newShow(u),
		newActivate(u),
		newSign(u),
		newVerify(u),
		newVersion(u),
		newMan(root),
	)
	for _, cmd := range root.Commands() {
		if args := cmd.Args; args != nil {
			cmd.Args = func(cmd *cobra.Command, given []string) error {
				if err := args(cmd, given); err != nil {
					return usage(err, "usage: "+cmd.UseLine())
				}
				return nil
			}
		}
	}
	return root
}

// config reads the configuration.
func (u *ui) config() (*config.Config, error) {
	c, err := config.Load(u.configPath)
	if err != nil {
		return nil, usage(err)
	}
	return c, nil
}

func newVersion(u *ui) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			u.printf("dkimctl %s\n", setup.Version())
			return nil
		},
	}
}
