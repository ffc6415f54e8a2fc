package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"

	"dkimd/internal/setup"
	"dkimd/keys"
	"dkimd/signer"

	"github.com/spf13/cobra"
)

func newSign(u *ui) *cobra.Command {
	return &cobra.Command{
		Use:   "sign FILE",
		Short: "Sign a message from a file, or - for standard input",
		Long: `Sign a message with the active keys of its From domain, and print it. Nothing is
asked about who sends it. The message is printed with CRLF line ends, as it
would go over the wire.`,
		Example: "  dkimctl sign message.eml > signed.eml",
		Args:    cobra.ExactArgs(1),
		RunE:    func(_ *cobra.Command, args []string) error { return u.sign(args[0]) },
	}
}

func (u *ui) sign(file string) error {
	store, c, err := u.store()
	if err != nil {
		return err
	}
	rules, err := setup.Rules(c, slog.Default())
	if err != nil {
		return usage(err)
	}
	m, err := u.readMessage(file)
	if err != nil {
		return err
	}
	domain, err := m.FromDomain()
	if err != nil {
		return notWanted(err)
	}
	set, err := keys.NewKeyring(store).Lookup(domain)
	if err != nil {
		return err
	}
	if len(set.Active) == 0 {
		hint := "make one: dkimctl genkey " + domain
		if set.Pending {
			hint = "one is pending: dkimctl show " + domain
		}
		return notWanted(fmt.Errorf("%s has no active key", domain), hint)
	}
	signatures, err := signer.Sign(m, rules.Signatures(domain, set.Active))
	if err != nil {
		return err
	}
	_, err = u.out.Write(m.Text(signatures))
	return err
}

// readMessage reads a message from a file, or from standard input for -.
func (u *ui) readMessage(file string) (*signer.Message, error) {
	text, err := u.readFile(file)
	if err != nil {
		return nil, err
	}
	return signer.ParseMessage(text), nil
}

// readFile reads a file, or standard input for -.
func (u *ui) readFile(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(u.in)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, usage(err)
	}
	return text, nil
}
