// Dkimctl makes and manages the DKIM keys that dkimd signs with, and prints
// their DNS records.
package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"dkimd/internal/config"
	"dkimd/internal/setup"

	"github.com/spf13/cobra"
)

var defaultConfig = "/etc/dkimd/config.toml"

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the program, apart from what belongs to its process.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	u := &ui{in: stdin, out: &output{w: stdout}, err: stderr}
	root := newRoot(u)
	root.SetArgs(args)
	root.SetOut(u.out)
	root.SetErr(stderr)
	err := cmp.Or(root.Execute(), u.out.err)
	if err != nil && strings.HasPrefix(err.Error(), "unknown command") {
		err = unknownCommand(err)
	}
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
		Use:     "dkimctl",
		Version: setup.Version(),
		Short:   "Make and manage the DKIM keys that dkimd signs with",
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
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return cmp.Or(emptyFlag(cmd), u.chooseLanguage(os.Getenv))
		},
	}
	flags := root.PersistentFlags()
	flags.StringVar(&u.configPath, "config", defaultConfig, "the configuration `file`")
	flags.StringVar(&u.lang, "lang", "", "language of text for people: en or ja (default from LANG)")
	root.InitDefaultHelpFlag() // else cobra takes what follows --help for its value
	root.SetVersionTemplate("dkimctl {{.Version}}\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		what, _, _ := strings.Cut(err.Error(), ": strconv.") // of no help to people
		return usage(errors.New(what), cmd.CommandPath()+" --help says what it takes")
	})
	root.SetHelpCommand(&cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Say what a command does",
		RunE:  func(_ *cobra.Command, args []string) error { return help(root, args) },
	})
	root.CompletionOptions.DisableDefaultCmd = true
	desk := newDesk(u)
	root.AddCommand(
		newGenkey(u),
		newRecord(u),
		newPublish(u),
		newList(u),
		newShow(u),
		newCheck(u),
		newLint(u),
		newActivate(u),
		newRotate(u),
		newRetire(u),
		newRevoke(u),
		newRemove(u),
		desk,
		newUndelegate(u),
		newWhy(u),
		newSign(u),
		newVerify(u),
		newCodes(u),
		newCompletion(root),
		newVersion(u),
		newMan(root),
	)
	root.RegisterFlagCompletionFunc("lang", cobra.FixedCompletions([]string{"en", "ja"}, cobra.ShellCompDirectiveNoFileComp))
	for _, cmd := range slices.Concat(root.Commands(), desk.Commands()) {
		if strings.Contains(cmd.Use, "DOMAIN") {
			cmd.ValidArgsFunction = u.completeDomains
		}
		if args := cmd.Args; args != nil {
			cmd.Args = func(cmd *cobra.Command, given []string) error {
				if err := args(cmd, given); err != nil {
					return usage(wrongArgs(cmd, given, err), "usage: "+cmd.UseLine())
				}
				return nil
			}
		}
	}
	return root
}

// emptyFlag refuses a flag without a value, as --selector "$S" is where S is not
// set: it would mean all.
func emptyFlag(cmd *cobra.Command) error {
	for _, name := range []string{"config", "selector", "queue-id", "mail", "letter", "attach"} {
		if flag := cmd.Flag(name); flag != nil && flag.Changed && flag.Value.String() == "" {
			return usage(fmt.Errorf("--%s is empty: give it a value, or leave it out", name))
		}
	}
	return nil
}

// wrongArgs says which argument of the usage is missing, or which is too much.
func wrongArgs(cmd *cobra.Command, given []string, err error) error {
	arguments, _, _ := strings.Cut(cmd.Use, " --")
	takes := strings.Fields(arguments)[1:]
	switch {
	case len(takes) > 0 && len(given) == 0:
		return fmt.Errorf("%s is missing", strings.TrimRight(takes[0], "."))
	case len(given) > len(takes):
		return fmt.Errorf("unexpected argument %q", given[len(takes)])
	}
	return err
}

// help prints the help of a command, or of the program.
func help(root *cobra.Command, args []string) error {
	cmd, rest, err := root.Find(args)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("unknown command %q", strings.Join(args, " "))
	}
	if err != nil {
		return err
	}
	cmd.InitDefaultHelpFlag()
	cmd.InitDefaultVersionFlag()
	return cmd.Help()
}

// unknownCommand makes hints of the lines in which cobra suggests commands.
func unknownCommand(err error) error {
	what, _, _ := strings.Cut(err.Error(), "\n")
	hints := []string{"dkimctl --help lists the commands"}
	_, suggested, _ := strings.Cut(err.Error(), "Did you mean this?")
	for _, name := range strings.Fields(suggested) {
		hints = append(hints, "did you mean dkimctl "+name+"?")
	}
	return usage(errors.New(what), hints...)
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
