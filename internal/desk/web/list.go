package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"dkimd/keys"
)

// perPage is how many domains a page of the list has.
const perPage = 50

// listPage is the list of domains.
type listPage struct {
	page
	Search string
	State  keys.State
	States []keys.State // to choose from
	Rows   []row
	Total  int    // domains found, on all pages
	From   int    // the number of the first row, from 1
	Domain string // what was searched for, if it is a whole domain that is not there
}

// row is a domain of the list.
type row struct {
	Name string
	Keys []keys.Key
	Err  error
}

func (p listPage) To() int { return p.From + len(p.Rows) - 1 }

// Page returns the address of the list so many pages on, if there is such a page.
func (p listPage) Page(on int) string {
	number := (p.From-1)/perPage + on
	if number < 0 || number*perPage >= p.Total {
		return ""
	}
	query := url.Values{"q": {p.Search}, "state": {string(p.State)}, "page": {strconv.Itoa(number + 1)}}
	return "/?" + query.Encode()
}

func (s *site) list(w http.ResponseWriter, r *http.Request) {
	entries, err := s.index.fresh()
	if err != nil {
		s.fail(w, r, http.StatusInternalServerError, err)
		return
	}
	p := listPage{
		page:   s.page(w, r, "Domains", "ドメイン一覧"),
		Search: strings.TrimSpace(r.FormValue("q")),
		State:  keys.State(r.FormValue("state")),
		States: []keys.State{keys.Pending, keys.Active, keys.Retired, keys.Revoked, damaged},
	}
	text := strings.ToLower(p.Search)
	domain, err := keys.ParseDomain(p.Search)
	if err == nil {
		text = domain // also of what was typed in full width, or in Japanese
	}
	found := find(entries, text, p.State)
	if err == nil && p.State == "" && !slices.Contains(found, domain) {
		if _, err := s.Store.Stamp(domain); err == nil {
			found = append([]string{domain}, found...) // newer than the index
		}
		p.Domain = domain
	}
	p.Total = len(found)
	number, _ := strconv.Atoi(r.FormValue("page"))
	start := min(max(number-1, 0)*perPage, max(len(found)-1, 0)/perPage*perPage)
	p.From = start + 1
	for _, name := range found[start:min(start+perPage, len(found))] {
		d, _, err := s.Store.Read(name)
		switch {
		case errors.Is(err, keys.ErrNoKeys): // gone since
		case err != nil:
			p.Rows = append(p.Rows, row{Name: name, Err: err})
		default:
			p.Rows = append(p.Rows, row{Name: name, Keys: d.Keys})
		}
	}
	s.show(w, http.StatusOK, "list.html", p)
}
