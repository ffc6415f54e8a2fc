package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os/signal"
	"syscall"
	"time"

	"dkimd/internal/config"
	"dkimd/internal/desk"
	"dkimd/internal/desk/web"
	"dkimd/internal/setup"
	"dkimd/keys"
	"dkimd/signer/milter"

	"github.com/spf13/cobra"
)

func newDeskServe(u *ui) *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Show domains, records and letters on a web page",
		Long: `Show domains, records and letters on a web page, for support staff who have no shell
on this host. It changes nothing, and needs no access to private keys: it should run
as the user dkimd-desk, as dkimd-desk.service does.

desk.listen of the configuration says where. Where others than this host can connect,
desk.tls_cert, desk.tls_key and desk.htpasswd are required.`,
		Example: `  systemctl enable --now dkimd-desk
  ssh -L 9881:127.0.0.1:9881 mail.hosting.example`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return u.deskServe(cmd.Context()) },
	}
}

// stopTimeout is how long answers under way may take when the web page stops.
const stopTimeout = 10 * time.Second

func (u *ui) deskServe(ctx context.Context) error {
	store, c, err := u.store()
	if err != nil {
		return err
	}
	log := setup.Log(c, u.err)
	handler, err := newSite(c, store, log)
	if err != nil {
		return err
	}
	address := c.Desk.Address()
	ln, err := milter.Listen(milter.Endpoint{Network: address.Network, Address: address.Address, Mode: 0o660})
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      2 * time.Minute, // longer than a look at DNS
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		stopped <- server.Shutdown(ctx)
	}()
	log.Info("serving", "address", address.String())
	if c.Desk.TLSCert != "" {
		err = server.ServeTLS(ln, c.Desk.TLSCert, c.Desk.TLSKey)
	} else {
		err = server.Serve(ln)
	}
	if !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

// newSite returns the web page of a configuration.
func newSite(c *config.Config, store *keys.Dir, log *slog.Logger) (http.Handler, error) {
	letters, err := loadLetters(c)
	if err != nil {
		return nil, err
	}
	newDesk := func() (*desk.Desk, error) { return newDeskOf(c, store) }
	if _, err := newDesk(); err != nil {
		return nil, err
	}
	site := web.Site{
		Store:        store,
		NewDesk:      newDesk,
		Letters:      letters,
		Lang:         c.Desk.Lang,
		Office:       officeOf(c),
		Resolver:     newResolver(c),
		Log:          log,
		Loopback:     c.Desk.Address().Loopback(),
		ReadsPrivate: store.CheckPrivate() == nil,
	}
	if site.ReadsPrivate {
		log.Warn("this process can read private keys, which it does not need: run it as the user dkimd-desk")
	}
	if c.Desk.HTPasswd != "" {
		if site.Logins, err = web.LoadLogins(c.Desk.HTPasswd, log); err != nil {
			return nil, usage(c.At("desk.htpasswd", err))
		}
	}
	return web.New(site), nil
}
