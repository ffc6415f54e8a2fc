// Package web is the support desk as web pages, for staff who have no shell on the
// mail server. It shows, and changes nothing.
//
// Names, records and texts come from customers and from DNS: the templates escape
// each of them, and the content security policy lets no other script run than ours.
package web

import (
	"context"
	"embed"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"dkimd/internal/desk"
	"dkimd/internal/desk/calendar"
	"dkimd/internal/lint"
	"dkimd/keys"
)

//go:embed assets
var assets embed.FS

// Site is what the pages show, and to whom.
type Site struct {
	Store   keys.Store
	NewDesk func() (*desk.Desk, error) // for one look at DNS
	Letters *desk.Letters
	Lang    string           // of most customers
	Office  *calendar.Office // which works on requests
	// Resolver answers what lint asks.
	Resolver lint.Resolver
	Log      *slog.Logger

	Logins       *Logins // nil: whoever can connect may read
	Loopback     bool    // only this host can connect
	ReadsPrivate bool    // the process has more rights than it needs, which pages say
}

// Bounds of looks at DNS, which all requests share.
const (
	looksAtOnce = 8
	lookTimeout = 45 * time.Second
)

// site is a Site at work.
type site struct {
	Site
	index *index
	looks chan struct{} // a look at DNS has put something in
}

// New returns the handler of a site. It begins to read the store.
func New(s Site) http.Handler {
	w := &site{Site: s, index: newIndex(s.Store), looks: make(chan struct{}, looksAtOnce)}
	go w.index.fresh()
	pages := http.NewServeMux()
	pages.HandleFunc("GET /{$}", w.list)
	pages.HandleFunc("GET /domain/{name}", w.domain)
	pages.HandleFunc("POST /domain/{name}", w.domain)
	pages.HandleFunc("GET /domain/{name}/{file}", w.attachment)
	pages.HandleFunc("GET /request", w.request)
	pages.HandleFunc("POST /request", w.request)
	pages.HandleFunc("GET /lint", w.lint)
	pages.HandleFunc("POST /lint", w.lint)
	pages.Handle("GET /assets/", http.FileServerFS(assets))
	return w.guard(pages)
}

var errBusy = errors.New("too many look-ups are under way: try again in a minute")

// look waits until DNS may be looked at. The caller has to end the look.
func (s *site) look(r *http.Request) (ctx context.Context, end func(), err error) {
	ctx, cancel := context.WithTimeout(r.Context(), lookTimeout)
	select {
	case s.looks <- struct{}{}:
		return ctx, func() { cancel(); <-s.looks }, nil
	case <-ctx.Done():
		cancel()
		return nil, nil, errBusy
	}
}
