package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"dkimd/internal/desk"

	"github.com/spf13/cobra"
)

func newDeskLetters() *cobra.Command {
	return &cobra.Command{
		Use:   "letters DIRECTORY",
		Short: "Write the built-in letters into a directory, to change them",
		Long: `Write the built-in letters into a directory, to change them. Those that stay as
they are can be removed: what desk.letters of the configuration does not have is
taken from the built-in ones.`,
		Example: "  dkimctl desk letters /etc/dkimd/letters",
		Args:    cobra.ExactArgs(1),
		RunE:    func(_ *cobra.Command, args []string) error { return writeLetters(args[0]) },
	}
}

// writeLetters writes all letters or none: one that is there may have been changed.
func writeLetters(dir string) error {
	texts, err := desk.BuiltIn()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name := range texts {
		if path := filepath.Join(dir, name); exists(path) {
			return fmt.Errorf("%s is there already", path)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(texts[name]), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
