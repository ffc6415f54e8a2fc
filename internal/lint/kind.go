package lint

import (
	"context"
	"regexp"
	"strings"

	"dkimd/keys/finding"
	"dkimd/keys/record"
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

// KindOf returns what a record is meant to be: what its host says, or else the version
// in its value, however it is written. It is empty if neither does.
func KindOf(host, value string) Kind {
	host = strings.ToLower(host)
	clean, _ := record.Clean(value)
	version := strings.ToLower(versions.FindString(clean))
	switch {
	case strings.Contains(host, "domainkey"):
		return KindDKIM
	case strings.Contains(host, "_dmarc") || strings.HasPrefix(host, "dmarc."):
		return KindDMARC
	case version == "spf1":
		return KindSPF
	case version == "dmarc1":
		return KindDMARC
	case version == "dkim1":
		return KindDKIM
	}
	return ""
}

var versions = regexp.MustCompile(`(?i)\b(?:spf|dmarc|dkim)1`)

// Judge judges a value for the record of a kind at a host.
func Judge(ctx context.Context, resolver Resolver, kind Kind, host, value string) []finding.Finding {
	switch kind {
	case KindSPF:
		return SPF(ctx, resolver, host, value, "").Findings
	case KindDMARC:
		return DMARC(ctx, resolver, host, value)
	case KindDKIM:
		return DKIM(host, value)
	}
	return unknownKind(value)
}

// unknownKind is what can be said of any value.
func unknownKind(value string) []finding.Finding {
	f := noHost
	f.clean(value)
	f.find(UnknownKind)
	return f.sorted()
}
