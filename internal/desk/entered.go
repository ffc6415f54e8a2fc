package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"dkimd/internal/desk/calendar"
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
	method, ok := methodOf(host, value)
	if !ok || host != s.Domain && !strings.HasSuffix(host, "."+s.Domain) {
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

// isThere reports whether DNS has the record that was asked for.
func (d *Desk) isThere(ctx context.Context, r Request) (bool, error) {
	if r.recordType() == "CNAME" {
		target, err := d.alias(ctx, r.Host)
		return strings.EqualFold(target, strings.TrimSuffix(r.Value, ".")), err
	}
	published, err := d.Resolver.LookupTXT(ctx, r.Host+".")
	if err != nil && !isNotFound(err) {
		return false, err
	}
	return slices.Contains(published, r.Value), nil
}

// alias returns where a CNAME at a host leads, "" if there is none.
func (d *Desk) alias(ctx context.Context, host string) (string, error) {
	target, err := d.Alias(ctx, host)
	if err != nil {
		return "", fmt.Errorf("%w about %s: %w", errNoAnswer, host, err)
	}
	return target, nil
}

// methodOf says what a record is for.
func methodOf(host, value string) (Method, bool) {
	switch {
	case strings.HasPrefix(host, "_dmarc."):
		return DMARC, true
	case strings.Contains(host, "._domainkey."):
		return DKIM, true
	case strings.HasPrefix(value, "v=spf1"):
		return SPF, true
	}
	return "", false
}
