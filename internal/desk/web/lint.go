package web

import (
	"net/http"
	"slices"

	"dkimd/internal/lint"
	"dkimd/keys/finding"
	"dkimd/keys/record"
)

// lintPage judges one record.
type lintPage struct {
	page
	Host, Value string
	Kind        lint.Kind // empty: what host and value say
	Kinds       []lint.Kind
	Judged      bool
	As          lint.Kind // what was judged; empty: not known
	Findings    []finding.Finding
	Err         error
}

func (s *site) lint(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	p := lintPage{page: s.page(w, r, "Check a record", "レコードの検査"), Kinds: lint.Kinds}
	if r.Method == http.MethodPost {
		p.Host, p.Value, p.Kind = r.PostFormValue("host"), r.PostFormValue("value"), lint.Kind(r.PostFormValue("kind"))
		s.judge(r, &p)
		if record.MayHoldPrivate(p.Host) || record.MayHoldPrivate(p.Value) || finding.Has(p.Findings, lint.PrivateKey) {
			p.Host, p.Value = "", "" // it is not to be seen again
		}
	}
	s.show(w, http.StatusOK, "lint.html", p)
}

func (s *site) judge(r *http.Request, p *lintPage) {
	kind := p.Kind
	if !slices.Contains(lint.Kinds, kind) {
		kind = lint.KindOf(p.Host, p.Value)
	}
	ctx, end, err := s.look(r)
	if err != nil {
		p.Err = err
		return
	}
	defer end()
	p.Judged, p.As, p.Findings = true, kind, lint.Judge(ctx, s.Resolver, kind, p.Host, p.Value)
}
