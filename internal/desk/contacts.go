package desk

import (
	"context"
	"slices"
	"strings"

	"dkimd/keys/finding"
)

// checkSender says whether the sender of a request is registered for a domain or, if
// that is not listed, for those above it in its zone. What From says anybody can write:
// whoever takes a request answers to this address.
func (d *Desk) checkSender(ctx context.Context, domain, zone, sender string) ([]finding.Finding, error) {
	registered, known, err := d.isContact(ctx, domain, sender)
	// A program does not say what it has listed, and so is asked for each.
	isProgram := strings.HasPrefix(d.Contacts, "command:")
	for err == nil && !registered && (!known || isProgram) && strings.HasSuffix(domain, "."+zone) {
		_, domain, _ = strings.Cut(domain, ".")
		registered, known, err = d.isContact(ctx, domain, sender)
	}
	switch {
	case err != nil:
		return nil, err
	case !known:
		return []finding.Finding{table.New(SenderUnchecked, "domain", domain)}, nil
	case !registered:
		return []finding.Finding{table.New(SenderNotRegistered, "domain", domain)}, nil
	}
	return nil, nil
}

// isContact asks our account data.
func (d *Desk) isContact(ctx context.Context, domain, address string) (registered, known bool, err error) {
	if d.Contacts == "" || address == "" {
		return false, false, nil
	}
	if program, ok := strings.CutPrefix(d.Contacts, "command:"); ok {
		registered, err = answers(ctx, program, domain, address)
		return registered, true, err
	}
	text, known, err := find(d.Contacts, domain)
	addresses := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' })
	return slices.ContainsFunc(addresses, func(a string) bool { return strings.EqualFold(a, address) }), known, err
}
