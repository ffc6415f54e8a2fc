package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"

	"dkimd/internal/desk"
	"dkimd/keys"
	"dkimd/keys/dnscheck"
	"dkimd/keys/finding"
	"dkimd/keys/record"
)

// domainPage is all there is of a domain.
type domainPage struct {
	page
	Domain string
	Keys   []keyView
	Mail   desk.Side // whose the mail server is, by who asks
	Look   *lookView // nil: nobody has looked at DNS
	Err    error     // of the look
}

// keyView is a key, or a CNAME that waits for one.
type keyView struct {
	keys.Key
	Record record.Record
	Fields []field
	Result *dnscheck.Result // nil: nobody has looked
	Advice []finding.Text
}

// field is a text to copy.
type field struct {
	ID    string
	Label finding.Text
	Text  string
}

// lookView is what a look at DNS has found.
type lookView struct {
	*desk.Situation
	Provider *finding.Text // nil: not known
	Letters  []letterView
	None     *finding.Finding // why there is no letter
}

// letterView is a letter to copy.
type letterView struct {
	desk.Letter
	Domain string
	Fields []field
	Open   bool
}

// spare is the state of a CNAME that waits for a key.
const spare keys.State = "spare"

// order is how the keys of a domain are shown.
var order = []keys.State{keys.Pending, keys.Active, spare, keys.Retired, keys.Revoked}

func (s *site) domain(w http.ResponseWriter, r *http.Request) {
	name, err := keys.ParseDomain(r.PathValue("name"))
	if err != nil {
		s.fail(w, r, http.StatusNotFound, err)
		return
	}
	if name != r.PathValue("name") {
		http.Redirect(w, r, "/domain/"+url.PathEscape(name), http.StatusSeeOther)
		return
	}
	if !s.parseForm(w, r) {
		return
	}
	d, _, err := s.Store.Read(name)
	if errors.Is(err, keys.ErrNoKeys) {
		d, err = &keys.Domain{Name: name}, nil // a first request comes before the key
	}
	if err != nil {
		s.fail(w, r, http.StatusInternalServerError, err)
		return
	}
	p := domainPage{page: s.page(w, r, name, name), Domain: name, Keys: viewKeys(d), Mail: mailSide(r)}
	if r.Method == http.MethodPost {
		p.Look, p.Err = s.lookAt(r, d, p.Keys, p.Mail)
	}
	for i := range p.Keys {
		zone := name
		if p.Look != nil {
			zone = p.Look.Zone
		}
		p.Keys[i].setFields(i, zone)
	}
	s.show(w, http.StatusOK, "domain.html", p)
}

// attachment sends a file that a letter speaks of: mail programs fold long lines.
func (s *site) attachment(w http.ResponseWriter, r *http.Request) {
	name, err := keys.ParseDomain(r.PathValue("name"))
	if err != nil || name != r.PathValue("name") {
		http.NotFound(w, r)
		return
	}
	d, _, err := s.Store.Read(name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	var records []record.Record
	for _, v := range viewKeys(d) {
		records = append(records, v.Record)
	}
	for _, file := range desk.Attachments(records) {
		if file.Name == r.PathValue("file") {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.Header().Set("Content-Disposition", "attachment")
			io.WriteString(w, file.Content)
			return
		}
	}
	http.NotFound(w, r)
}

// mailSide returns whose the mail server is, by who asks.
func mailSide(r *http.Request) desk.Side {
	if side := desk.Side(r.PostFormValue("mail")); side == desk.Ours || side == desk.Elsewhere {
		return side
	}
	return desk.Unknown
}

// viewKeys returns the keys of a domain, those that matter most first.
func viewKeys(d *keys.Domain) []keyView {
	var views []keyView
	for _, k := range slices.Backward(d.Keys) {
		views = append(views, keyView{Key: k, Record: d.Record(k)})
	}
	for _, r := range d.Spares() {
		views = append(views, keyView{Key: keys.Key{Selector: r.Selector, State: spare}, Record: r})
	}
	slices.SortStableFunc(views, func(a, b keyView) int {
		return slices.Index(order, a.State) - slices.Index(order, b.State)
	})
	return views
}

// setFields sets what there is to copy of the key's record, whose host is relative
// to a zone.
func (v *keyView) setFields(i int, zone string) {
	r := v.Record
	add := func(id string, label finding.Text, text string) {
		v.Fields = append(v.Fields, field{fmt.Sprintf("key-%d-%s", i, id), label, text})
	}
	add("host", finding.Text{En: "Host", Ja: "ホスト名"}, r.Host())
	if v.Result != nil {
		zone = cmp.Or(v.Result.Zone, zone)
	}
	add("relative", finding.Text{
		En: "Host, where the panel appends ." + zone,
		Ja: "ホスト名（入力欄で ." + zone + " が自動付加される場合）",
	}, r.RelativeTo(zone))
	if r.Type() == "CNAME" {
		add("value", finding.Text{En: "Value", Ja: "値"}, r.Value())
		add("data", finding.Text{En: "Value, where a final dot is wanted", Ja: "値（末尾に「.」が必要な場合）"}, r.Data())
		return
	}
	add("value", finding.Text{
		En: fmt.Sprintf("Value, one line of %d characters", len(r.Value())),
		Ja: fmt.Sprintf("値（改行なしの 1 行、%d 文字）", len(r.Value())),
	}, r.Value())
	if len(record.Split(r.Value())) > 1 {
		add("data", finding.Text{En: "Value, split into quoted strings", Ja: "値（分割形式）"}, r.Data())
	}
}

// lookAt looks at DNS, and writes the letters that fit. It also fills in what it
// finds of the keys.
func (s *site) lookAt(r *http.Request, d *keys.Domain, views []keyView, mail desk.Side) (*lookView, error) {
	ctx, end, err := s.look(r)
	if err != nil {
		return nil, err
	}
	defer end()
	of, err := s.NewDesk()
	if err != nil {
		return nil, err
	}
	situation, err := of.Look(ctx, d.Name, mail)
	if err != nil {
		return nil, err
	}
	look := &lookView{Situation: situation}
	provider, known := of.Providers.Find(situation.NameServers)
	if known {
		look.Provider = &provider.Name
	}
	check(ctx, of, d, situation, views)
	for i, v := range views {
		if situation.NameServer != desk.Ours {
			views[i].Advice = provider.Advice(v.Record.Value(), v.Record.Type() == "CNAME", of.Delegates)
		}
	}
	look.Letters, err = s.letters(situation)
	if none, ok := errors.AsType[*desk.NoLetterError](err); ok {
		look.None, err = &none.Finding, nil
	}
	return look, err
}

// check fills in what DNS has of the keys' records: what the desk has seen already,
// and of the others.
func check(ctx context.Context, of *desk.Desk, d *keys.Domain, situation *desk.Situation, views []keyView) {
	var checks sync.WaitGroup
	defer checks.Wait()
	for i := range views {
		v := &views[i]
		seen := slices.IndexFunc(situation.Keys, func(k desk.KeyCheck) bool { return k.Key.ID == v.ID })
		switch {
		case seen >= 0:
			v.Result = &situation.Keys[seen].Result
		case v.State == keys.Pending || v.State == keys.Active || v.State == keys.Retired:
			checks.Go(func() {
				result := of.Check(ctx, d, v.Key)
				v.Result = &result
			})
		}
	}
}

// letters writes the letter that fits, in both languages.
func (s *site) letters(situation *desk.Situation) ([]letterView, error) {
	name, err := situation.Choose()
	if err != nil {
		return nil, err
	}
	facts, err := situation.Facts(name)
	if err != nil {
		return nil, err
	}
	return s.write("letter", name, facts)
}

// write writes a letter in both languages, as elements whose ids begin with id.
func (s *site) write(id string, name desk.Name, facts desk.Facts) ([]letterView, error) {
	var views []letterView
	for _, lang := range []string{"ja", "en"} {
		letter, err := s.Letters.Write(name, lang, facts)
		if err != nil {
			return nil, err
		}
		views = append(views, letterView{letter, facts.Domain, []field{
			{id + "-" + lang + "-subject", finding.Text{En: "Subject", Ja: "件名"}, letter.Subject},
			{id + "-" + lang, finding.Text{En: "Text", Ja: "本文"}, letter.Body},
		}, lang == s.Lang})
	}
	return views, nil
}
