package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"dkimd/internal/config"
	"dkimd/internal/metrics"
	"dkimd/internal/setup"
	"dkimd/keys"
	"dkimd/signer"
	"dkimd/signer/milter"

	systemd "github.com/coreos/go-systemd/v22/daemon"
)

// loaded is all that a configuration makes.
type loaded struct {
	config    *config.Config
	settings  *milter.Settings
	endpoints []milter.Endpoint
}

// loadError is what is wrong with a configuration, or with what it names: all
// problems, joined.
type loadError struct{ error }

func (e loadError) Unwrap() error { return e.error }

// load reads the configuration and checks what it names. Its error is a
// loadError.
func load(path string, stderr io.Writer) (*loaded, error) {
	c, err := config.Load(path)
	if c == nil {
		return nil, loadError{err}
	}
	problems := []error{err, c.CheckDaemon()}
	settings, endpoints, err := setup.Milter(c, setup.Log(c, stderr))
	problems = append(problems, err)
	store := setup.Store(c)
	if err := cmp.Or(store.Check(), store.CheckPrivate()); err != nil {
		problems = append(problems, c.At("keys.store", err))
	}
	for i, e := range endpoints {
		if err := e.Check(); err != nil {
			problems = append(problems, c.At(fmt.Sprintf("listener[%d]", i+1), err))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, loadError{err}
	}
	return &loaded{c, settings, endpoints}, nil
}

// daemon is the program while it runs.
type daemon struct {
	path    string // of the configuration
	stderr  io.Writer
	server  *milter.Server
	metrics *metrics.Metrics
	site    site
	loaded  atomic.Pointer[loaded]

	inherited *milter.Inherited
}

// serve loads the configuration and serves until the context is done, and then
// until the messages under way have finished; or until another process takes
// over, and then until the connections have ended.
func (d *daemon) serve(ctx context.Context, hangup, upgrade <-chan os.Signal) error {
	var err error
	if d.inherited, err = inherit(); err != nil {
		return err
	}
	d.server = milter.NewServer()
	d.server.Inherited = d.inherited
	d.metrics = metrics.New(setup.Version(), reasons(), signer.Risks)
	d.metrics.CountLookups(func() (uint64, uint64) { return d.loaded.Load().settings.Ring.(*keys.Keyring).Lookups() })
	d.site.handler = d.metrics.Handler(func() error { return setup.Store(d.loaded.Load().config).Check() })
	defer d.site.move("", nil)
	if err := d.apply(); err != nil {
		return err
	}
	d.inherited.Close()
	slog.Info("started", "version", setup.Version(), "rsa", setup.RSA(), "config", d.path, "pid", os.Getpid())
	if err := ready(); err != nil {
		return err
	}
	for {
		select {
		case <-hangup:
			d.reload()
		case <-upgrade:
			next, err := d.startNext(ctx)
			if err != nil {
				slog.Error("no other process takes over: this one goes on", "error", err)
				continue
			}
			d.retire(ctx, next)
			return nil
		case <-ctx.Done():
			notify(systemd.SdNotifyStopping)
			d.stop()
			return nil
		}
	}
}

// stop lets the messages under way finish.
func (d *daemon) stop() {
	atMost := time.Duration(d.loaded.Load().config.Milter.StopTimeout)
	slog.Info("stopping: messages under way may finish", "at_most", atMost)
	bounded, cancel := context.WithTimeout(context.Background(), atMost)
	defer cancel()
	d.server.Shutdown(bounded)
	slog.Info("stopped")
}

// reload takes the configuration anew, as a whole or not at all.
func (d *daemon) reload() {
	// Type=notify-reload wants to know since when (sd_notify(3)).
	notify(systemd.SdNotifyReloading + "\n" + systemd.SdNotifyMonotonicUsec())
	if err := d.apply(); err != nil {
		slog.Error("the configuration cannot be reloaded: the old one stays in force", "config", d.path, "error", err)
	} else {
		slog.Info("the configuration is reloaded", "config", d.path)
	}
	notify(systemd.SdNotifyReady)
}

func (d *daemon) apply() error {
	err := d.applyAll()
	d.metrics.Reloaded(err == nil)
	return err
}

func (d *daemon) applyAll() error {
	l, err := load(d.path, d.stderr)
	if err != nil {
		return err
	}
	l.settings.Metrics = d.metrics
	if old := d.loaded.Load(); old != nil && old.config.Keys.Store == l.config.Keys.Store {
		l.settings.Ring = old.settings.Ring // with the keys that it has in memory
	}
	ln, err := d.site.listen(l.config.HTTP.Listen, d.inherited)
	if err != nil {
		return l.config.At("http.listen", err)
	}
	if err := d.server.Apply(l.settings, l.endpoints); err != nil {
		if ln != nil {
			ln.Close()
		}
		return err
	}
	d.loaded.Store(l)
	d.site.move(l.config.HTTP.Listen, ln)
	slog.SetDefault(l.settings.Log) // go-milter's own lines, too
	return nil
}

// reasons are the labels of the counters.
func reasons() []string {
	var list []string
	for _, r := range signer.Reasons {
		list = append(list, string(r))
	}
	return list
}

// notify tells systemd, if it started us.
func notify(state string) {
	if _, err := systemd.SdNotify(false, state); err != nil {
		slog.Warn("systemd cannot be told", "state", state, "error", err)
	}
}
