package lint

import (
	"context"
	"strings"

	"dkimd/keys/finding"
)

// Kind is a kind of records.
type Kind string

// The kinds.
const (
	KindSPF   Kind = "spf"
	KindDMARC Kind = "dmarc"
	KindDKIM  Kind = "dkim"
)

// Kinds lists all kinds.
var Kinds = []Kind{KindSPF, KindDMARC, KindDKIM}

// KindOf returns what a record is meant to be: what its host says, or else its
// value. It is empty if neither does.
func KindOf(host, value string) Kind {
	host, value = strings.ToLower(host), strings.ToLower(value)
	switch {
	case strings.Contains(host, "domainkey"):
		return KindDKIM
	case strings.Contains(host, "_dmarc") || strings.HasPrefix(host, "dmarc."):
		return KindDMARC
	case strings.Contains(value, "v=spf1"):
		return KindSPF
	case strings.Contains(value, "dmarc1"):
		return KindDMARC
	case strings.Contains(value, "dkim1"):
		return KindDKIM
	}
	return ""
}

// Judge judges a value for the record of a kind at a host.
func Judge(ctx context.Context, resolver Resolver, kind Kind, host, value string) []finding.Finding {
	switch kind {
	case KindSPF:
		return SPF(ctx, resolver, host, value, "").Findings
	case KindDMARC:
		return DMARC(ctx, resolver, host, value)
	}
	return DKIM(host, value)
}
