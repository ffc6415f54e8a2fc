package dnscheck

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"dkimd/keys/finding"
	"dkimd/keys/record"
)

// diagnose compares one TXT record, its strings unescaped, with the wanted key.
// Others are the domain's other keys; zone is where the record is, if that is known.
// Without an error among its findings the record is as good as the wanted one.
func diagnose(strs []string, wanted record.Record, others []record.Record, zone string) []finding.Finding {
	d := diagnosis{wanted: wanted, zone: zone}
	value := strings.Join(strs, "")
	clean := d.clean(value)
	key, err := record.Parse(clean)
	switch {
	case err == nil && sameKey(key, wanted.Key):
		d.judgeTags(key)
		d.judgeBlanks(clean)
	case err == nil && len(key.Public) == 0:
		d.find(Revoked)
	default:
		d.explain(strs, clean, key, err, others)
	}
	return d.findings
}

type diagnosis struct {
	wanted   record.Record
	zone     string
	findings []finding.Finding
}

func (d *diagnosis) find(code finding.Code, args ...string) {
	d.findings = append(d.findings, newFinding(code, d.wanted, d.zone, args...))
}

// clean names what the value picked up on its way, and returns it without.
func (d *diagnosis) clean(value string) string {
	clean, damage := record.Clean(value)
	if damage.Character != "" {
		d.find(BadCharacters, "character", damage.Character)
	}
	if damage.Backslashes {
		d.find(Backslashes)
	}
	if damage.Quotes {
		d.find(LiteralQuotes)
	}
	if damage.Private {
		d.find(PrivateKey)
	} else if damage.Armour {
		d.find(PEMArmour)
	}
	return clean
}

// judgeTags judges what else a record of the right key says.
func (d *diagnosis) judgeTags(key record.Key) {
	if len(key.Services) > 0 && !slices.Contains(key.Services, "email") && !slices.Contains(key.Services, "*") {
		d.find(NotForEmail)
	}
	if len(key.Hashes) > 0 && !slices.Contains(key.Hashes, "sha256") {
		d.find(HashNotAllowed)
	}
	if slices.Contains(key.Flags, "y") {
		d.find(TestFlag)
	}
}

// judgeBlanks: blanks may stand in p= (RFC 6376 section 3.6.1), but some
// verifiers stumble.
func (d *diagnosis) judgeBlanks(value string) {
	if strings.ContainsAny(record.Tag(value, "p"), " \t\r\n") {
		d.find(SpacesInKey)
	}
}

// explain names why the value is not our record.
func (d *diagnosis) explain(strs []string, clean string, key record.Key, parseErr error, others []record.Record) {
	if key.Public != nil && bytes.Equal(key.Public, d.wanted.Key.Public) {
		d.find(WrongAlgorithm, "found", finding.Excerpt(key.Algorithm))
		return
	}
	for _, other := range others {
		if parseErr == nil && sameKey(key, other.Key) {
			if other.Selector == d.wanted.Selector {
				d.find(OldKey)
			} else {
				d.find(WrongHost, "right", other.Host(), "found", d.wanted.Host())
			}
			return
		}
	}

	ours := base64.StdEncoding.EncodeToString(d.wanted.Key.Public)
	bare := record.WithoutBlanks(clean)
	p := strings.TrimRight(record.WithoutBlanks(record.Tag(clean, "p")), "=")
	der := record.Decode(p)
	if p == "" {
		der = record.Decode(bare) // perhaps just a key
	}
	switch {
	case strings.TrimRight(bare, ";") == "v=DKIM1":
		d.find(CutAtSemicolon)
	case record.IsPrivate(der):
		if !d.has(PrivateKey) {
			d.find(PrivateKey)
		}
	case record.IsPKCS1(der):
		d.find(PKCS1)
	case bare == ours && d.has(PEMArmour): // that says it all
	case ordered(strs, d.wanted.Key):
		d.find(WrongOrder)
	case isPart(p, ours) || isPart(bare, d.wanted.Key.Value()):
		d.find(Truncated, "length", strconv.Itoa(len(strings.Join(strs, ""))), "full", strconv.Itoa(len(d.wanted.Key.Value())))
	case ours != "" && strings.Contains(bare, ours):
		// The key is whole, the tags around it are not.
		if version := record.Tag(clean, "v"); version != "" && parseErr != nil && strings.Contains(parseErr.Error(), "v=") {
			d.find(WrongVersion)
		} else if len(d.findings) == 0 {
			d.find(Malformed, "error", reason(parseErr))
		}
	case record.LooksLikeHost(bare):
		d.find(TXTInsteadOfCNAME, "value", finding.Excerpt(bare))
	case parseErr == nil && isPublic(key):
		d.find(OtherKey)
	case record.Tag(clean, "p") == "" && record.Tag(clean, "v") != "DKIM1":
		d.find(NotDKIM, "value", finding.Excerpt(clean))
	case len(d.findings) == 0:
		d.find(Malformed, "error", reason(parseErr))
	}
}

func (d *diagnosis) has(code finding.Code) bool {
	return finding.Has(d.findings, code)
}

// reason returns why a value cannot be used, fit to be shown.
func reason(err error) string {
	if err == nil {
		return "p= is not a public key"
	}
	text := strings.TrimPrefix(err.Error(), "record: ")
	if quoted := finding.Excerpt(text); quoted != `"`+text+`"` {
		return quoted
	}
	return text
}

// sameKey compares what verifies, not how it is written.
func sameKey(a, b record.Key) bool {
	if len(a.Public) == 0 && len(b.Public) == 0 {
		return true // both are revoked
	}
	if a.Algorithm != b.Algorithm {
		return false
	}
	if bytes.Equal(a.Public, b.Public) {
		return true
	}
	aKey, errA := a.PublicKey()
	bKey, errB := b.PublicKey()
	if errA != nil || errB != nil {
		return false
	}
	comparable, ok := aKey.(interface{ Equal(crypto.PublicKey) bool })
	return ok && comparable.Equal(bKey)
}

func isPublic(key record.Key) bool {
	_, err := key.PublicKey()
	return err == nil
}

// ordered reports whether the strings make up the wanted key in another order.
func ordered(strs []string, wanted record.Key) bool {
	if len(strs) < 2 || len(strs) > 4 {
		return false
	}
	for _, order := range permutations(strs) {
		if key, err := record.Parse(strings.Join(order, "")); err == nil && sameKey(key, wanted) {
			return true
		}
	}
	return false
}

func permutations(strs []string) [][]string {
	if len(strs) == 1 {
		return [][]string{strs}
	}
	var all [][]string
	for i := range strs {
		rest := slices.Delete(slices.Clone(strs), i, i+1)
		for _, tail := range permutations(rest) {
			all = append(all, append([]string{strs[i]}, tail...))
		}
	}
	return all
}

// isPart reports whether a text is the beginning or the end of another, and long
// enough to be no accident.
func isPart(part, whole string) bool {
	return len(part) >= 8 && len(part) < len(whole) && (strings.HasPrefix(whole, part) || strings.HasSuffix(whole, part))
}
