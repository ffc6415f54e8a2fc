package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"dkimd/internal/desk/calendar"
	"dkimd/internal/lint"
	"dkimd/keys/record"
)

// Entered returns what the letter says about another company's record that
// support has entered in our name servers. The error is a *[NoLetterError] if it is
// not there.
func (d *Desk) Entered(ctx context.Context, s *Situation, host, value string) (Facts, error) {
	if s.NameServer != Ours {
		return Facts{}, noLetter(notOurNameServers, s.Domain)
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	method := methodOf(string(lint.KindOf(host, value)))
	if method == "" && lint.IsTarget(value) { // a CNAME that a provider wants besides those of its keys
		method = DKIM
	}
	if method == "" || host != s.Domain && !strings.HasSuffix(host, "."+s.Domain) {
		return Facts{}, noLetter(notARecord, s.Domain)
	}
	if _, damage := record.Clean(value); damage.Private {
		return Facts{}, noLetter(privateKeyEntered, s.Domain)
	}
	request := Request{method, host, value}
	if there, err := d.isThere(ctx, request); err != nil {
		return Facts{}, err
	} else if !there {
		return Facts{}, noLetter(notEntered, s.Domain, "host", host)
	}
	return Facts{
		Domain:     s.Domain,
		Zone:       s.Zone,
		NameServer: s.NameServer,
		MailServer: s.MailServer,
		Day:        calendar.DateOf(d.Now()),
		Requests:   []Request{request},
	}, nil
}

// isThere reports whether DNS has the record that was asked for, and no other in its
// place.
func (d *Desk) isThere(ctx context.Context, r Request) (bool, error) {
	if r.recordType() == "CNAME" {
		target, err := d.alias(ctx, r.Host)
		return strings.EqualFold(target, strings.TrimSuffix(r.Value, ".")), err
	}
	published, err := d.published(ctx, r)
	return slices.Equal(published, []string{r.Value}), err
}

// published returns the TXT records in the place of the one that was asked for, of which
// there may be one (RFC 6376 section 3.6.2.2, RFC 7208 section 4.5, RFC 7489 section
// 6.6.3).
func (d *Desk) published(ctx context.Context, r Request) ([]string, error) {
	texts, err := d.Resolver.LookupTXT(ctx, r.Host+".")
	if err != nil && !isNotFound(err) {
		return nil, err
	}
	return slices.DeleteFunc(texts, func(text string) bool {
		return r.Method == SPF && lint.KindOf(r.Host, text) != lint.KindSPF
	}), nil
}

// alias returns where a CNAME at a host leads, "" if there is none.
func (d *Desk) alias(ctx context.Context, host string) (string, error) {
	target, err := d.Alias(ctx, host)
	if err != nil {
		return "", fmt.Errorf("%w about %s: %w", errNoAnswer, host, err)
	}
	return target, nil
}
