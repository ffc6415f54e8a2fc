package signer

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/emersion/go-msgauth/dkim"
)

// Result is what became of one signature of a message.
type Result struct {
	Domain   string // d=
	Selector string // s=
	Err      error  // nil: it verifies
}

// Verify verifies the signatures of a message, topmost first. lookup returns
// the values of the TXT records at a host, one a record. The error says so if
// there are more signatures than are verified, which are returned beside it.
func Verify(m *Message, lookup func(host string) ([]string, error)) ([]Result, error) {
	verifications, err := dkim.VerifyWithOptions(bytes.NewReader(m.text), &dkim.VerifyOptions{
		LookupTXT:        lookup,
		MaxVerifications: maxSignatures,
	})
	if err == dkim.ErrTooManySignatures {
		err = fmt.Errorf("only the first %d signatures are verified", maxSignatures)
	} else if err != nil {
		return nil, err
	}
	var results []Result
	for _, f := range m.fields {
		if strings.EqualFold(f.name, FieldName) && len(results) < len(verifications) {
			v := verifications[len(results)]
			results = append(results, Result{Domain: v.Domain, Selector: tag(f.value, "s"), Err: v.Err})
		}
	}
	return results, err
}

// tag returns the value of a tag in a DKIM-Signature field (RFC 6376 section
// 3.2), or nothing.
func tag(field, name string) string {
	for spec := range strings.SplitSeq(field, ";") {
		if key, value, ok := strings.Cut(spec, "="); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
