// Dkimd is a milter that signs the mail a mail server sends with DKIM.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"dkimd/internal/setup"
)

// Exit codes, as everywhere in dkimd and dkimctl.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2 // wrong usage or configuration: starting again will not help
)

func main() {
	if os.Getenv("GOGC") == "" {
		// What a message leaves behind is collected half as often as Go would: that saves
		// a tenth of the time on processors, for some MB of memory.
		debug.SetGCPercent(200)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	upgrade := make(chan os.Signal, 1)
	signal.Notify(upgrade, syscall.SIGUSR2)
	os.Exit(run(ctx, hangup, upgrade, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program, apart from what belongs to its process.
func run(ctx context.Context, hangup, upgrade <-chan os.Signal, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("dkimd", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	path := flags.String("config", "/etc/dkimd/config.toml", "the configuration `file`")
	check := flags.Bool("check", false, "load everything, say every problem, and exit")
	version := flags.Bool("version", false, "print the version, and exit")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(stdout, "Dkimd is a milter that signs the mail a mail server sends with DKIM.\n\nFlags:")
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return exitDone
	}
	if err == nil && flags.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q: dkimd takes flags only", flags.Arg(0))
	}
	if err != nil {
		report(stderr, err)
		fmt.Fprintln(stderr, "dkimd: hint: dkimd --help says what it takes")
		return exitUsage
	}
	switch {
	case *version:
		fmt.Fprintf(stdout, "dkimd %s, RSA by %s\n", setup.Version(), setup.RSA())
		return exitDone
	case *check:
		if _, err := load(*path, stderr); err != nil {
			report(stderr, err)
			return exitUsage
		}
		fmt.Fprintf(stdout, "%s is good\n", *path)
		return exitDone
	}
	d := &daemon{path: *path, stderr: stderr}
	if err := d.serve(ctx, hangup, upgrade); err != nil {
		report(stderr, err)
		if errors.As(err, new(loadError)) {
			return exitUsage
		}
		return exitFailed
	}
	return exitDone
}

// report prints an error, one line a problem.
func report(stderr io.Writer, err error) {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintln(stderr, "dkimd: error:", line)
	}
	if errors.Is(err, fs.ErrPermission) {
		fmt.Fprintf(stderr, "dkimd: hint: this runs as uid %d, the daemon as the user dkimd: sudo -u dkimd dkimd --check\n", os.Geteuid())
	}
}
