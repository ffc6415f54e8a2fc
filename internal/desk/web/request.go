package web

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"dkimd/internal/desk"
	"dkimd/internal/desk/calendar"
	"dkimd/internal/desk/request"
	"dkimd/internal/lint"
	"dkimd/keys/finding"
	"dkimd/keys/record"
)

// requestPage answers a customer's mail.
type requestPage struct {
	page
	Pasted   string
	Received string     // as it was typed, for this mail alone
	Mail     desk.Side  // whose the mail server is, by who asks
	Plan     *desk.Plan // nil: nothing has been pasted
	Letters  []letterView
	Err      error
}

func (s *site) request(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	p := requestPage{page: s.page(w, r, "Answer a request", "設定依頼への回答"), Mail: desk.Unknown}
	if r.Method == http.MethodPost {
		p.Pasted, p.Received, p.Mail = r.PostFormValue("text"), r.PostFormValue("received"), mailSide(r)
		if p.Err = s.plan(r, &p); p.Err == nil {
			p.Received = "" // the next mail has a time of its own
		}
		if record.MayHoldPrivate(p.Pasted) || p.Plan != nil && holdsPrivate(p.Plan) {
			p.Pasted = "" // it is not to be seen again
		}
	}
	s.show(w, http.StatusOK, "request.html", p)
}

// holdsPrivate reports whether a private key was found in a mail.
func holdsPrivate(p *desk.Plan) bool {
	return finding.Has(p.Findings, request.PrivateKey) || slices.ContainsFunc(p.Requests, func(r desk.Planned) bool {
		return finding.Has(r.Findings, lint.PrivateKey) || finding.Has(r.Findings, request.ValueHidden)
	})
}

// plan says what is to be done about the mail, and writes the letters that answer it.
func (s *site) plan(r *http.Request, p *requestPage) error {
	var received time.Time // zero: unknown
	if p.Received != "" {
		var err error
		if received, err = calendar.ParseTime(p.Received); err != nil {
			return err
		}
	}
	ctx, end, err := s.look(r)
	if err != nil {
		return err
	}
	defer end()
	of, err := s.NewDesk()
	if err != nil {
		return err
	}
	if p.Plan, err = of.Plan(ctx, request.Read([]byte(p.Pasted), received, of.Now(), s.Office), p.Mail); err != nil {
		return err
	}
	for i, answer := range p.Plan.Answers {
		letters, err := s.write(fmt.Sprintf("letter-%d", i), answer.Letter, answer.Facts)
		if err != nil {
			return err
		}
		p.Letters = append(p.Letters, letters...)
	}
	return nil
}
