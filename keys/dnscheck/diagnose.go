package dnscheck

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"dkimd/keys/finding"
	"dkimd/keys/record"
)

// diagnose compares one TXT record, its strings unescaped, with the wanted key.
// Others are the domain's other keys. Without an error among its findings the
// record is as good as the wanted one.
func diagnose(strs []string, wanted record.Record, others []record.Record) []finding.Finding {
	d := diagnosis{wanted: wanted}
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
	findings []finding.Finding
}

func (d *diagnosis) find(code finding.Code, args ...string) {
	d.findings = append(d.findings, newFinding(code, d.wanted, args...))
}

// clean names what the value picked up on its way through mail, office programs
// and panels, and returns it without, so that what is below can be judged too.
func (d *diagnosis) clean(value string) string {
	clean := value
	if bad, first := badCharacters(value); bad {
		d.find(BadCharacters, "character", first)
		clean = strings.Map(toASCII, clean)
	}
	if strings.Contains(clean, `\`) {
		d.find(Backslashes)
		clean = strings.ReplaceAll(clean, `\`, "")
	}
	if strings.Contains(clean, `"`) {
		d.find(LiteralQuotes)
		clean = strings.ReplaceAll(strings.ReplaceAll(clean, `" "`, ""), `"`, "")
	}
	if strings.Contains(clean, "-----") {
		if strings.Contains(clean, "PRIVATE") {
			d.find(PrivateKey)
		} else {
			d.find(PEMArmour)
		}
		clean = blanks.Replace(withoutArmour(clean))
	}
	return clean
}

// badCharacters finds what is neither printable ASCII nor folding white space,
// and describes the first.
func badCharacters(value string) (bool, string) {
	for i, r := range value {
		if r >= 0x20 && r <= 0x7e || strings.ContainsRune("\t\r\n", r) {
			continue
		}
		if r == utf8.RuneError {
			return true, fmt.Sprintf("0x%02X", value[i])
		}
		return true, fmt.Sprintf("U+%04X", r)
	}
	return false, ""
}

// toASCII makes of full-width characters what was meant, and drops the rest that
// does not belong into a record.
func toASCII(r rune) rune {
	switch {
	case r >= 0xff01 && r <= 0xff5e: // full-width
		return r - 0xff01 + '!'
	case r == 0x3000 || r == 0xa0: // ideographic space, no-break space
		return ' '
	case r > 0x7e || r < 0x20 && r != '\t' && r != '\r' && r != '\n':
		return -1
	}
	return r
}

// withoutArmour removes the first and last line of PEM, however they are joined.
func withoutArmour(value string) string {
	var b strings.Builder
	for i, part := range strings.Split(value, "-----") {
		if i%2 == 0 {
			b.WriteString(part)
		}
	}
	return b.String()
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
	if strings.ContainsAny(tag(value, "p"), " \t\r\n") {
		d.find(SpacesInKey)
	}
}

// explain names why the value is not our record.
func (d *diagnosis) explain(strs []string, clean string, key record.Key, parseErr error, others []record.Record) {
	if key.Public != nil && bytes.Equal(key.Public, d.wanted.Key.Public) {
		d.find(WrongAlgorithm, "found", excerpt(key.Algorithm))
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
	bare := blanks.Replace(clean)
	p := strings.TrimRight(blanks.Replace(tag(clean, "p")), "=")
	der := decode(p)
	if p == "" {
		der = decode(bare) // perhaps just a key
	}
	switch {
	case strings.TrimRight(bare, ";") == "v=DKIM1":
		d.find(CutAtSemicolon)
	case isPrivate(der):
		if !d.has(PrivateKey) {
			d.find(PrivateKey)
		}
	case isPKCS1(der):
		d.find(PKCS1)
	case bare == ours && d.has(PEMArmour): // that says it all
	case ordered(strs, d.wanted.Key):
		d.find(WrongOrder)
	case isPart(p, ours) || isPart(bare, d.wanted.Key.Value()):
		d.find(Truncated, "length", strconv.Itoa(len(strings.Join(strs, ""))), "full", strconv.Itoa(len(d.wanted.Key.Value())))
	case ours != "" && strings.Contains(bare, ours):
		// The key is whole, the tags around it are not.
		if version := tag(clean, "v"); version != "" && parseErr != nil && strings.Contains(parseErr.Error(), "v=") {
			d.find(WrongVersion)
		} else if len(d.findings) == 0 {
			d.find(Malformed, "error", reason(parseErr))
		}
	case looksLikeHost(bare):
		d.find(TXTInsteadOfCNAME, "value", excerpt(bare))
	case parseErr == nil && isPublic(key):
		d.find(OtherKey)
	case tag(clean, "p") == "" && tag(clean, "v") != "DKIM1":
		d.find(NotDKIM, "value", excerpt(clean))
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
	if quoted := excerpt(text); quoted != `"`+text+`"` {
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

// tag returns the content of a tag, from values that are not well-formed too.
func tag(value, name string) string {
	for spec := range strings.SplitSeq(value, ";") {
		if found, content, ok := strings.Cut(spec, "="); ok && strings.TrimSpace(found) == name {
			return strings.TrimSpace(content)
		}
	}
	return ""
}

var blanks = strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "")

// decode decodes as much base64 as there is.
func decode(text string) []byte {
	text = strings.TrimRight(text, "=")
	if len(text)%4 == 1 {
		text = text[:len(text)-1]
	}
	der, _ := base64.RawStdEncoding.DecodeString(text)
	return der
}

// isPrivate recognises a private key by its first bytes, so also one that is cut
// off: PKCS #1 and PKCS #8 begin with version 0, SEC 1 with version 1.
func isPrivate(der []byte) bool {
	body := sequence(der)
	return bytes.HasPrefix(body, []byte{2, 1, 0}) || bytes.HasPrefix(body, []byte{2, 1, 1, 4})
}

// sequence returns what stands behind the header of a DER sequence.
func sequence(der []byte) []byte {
	if len(der) < 2 || der[0] != 0x30 {
		return nil
	}
	header := 2
	if der[1] >= 0x80 {
		header += int(der[1] & 0x7f)
	}
	if header > 6 || header > len(der) {
		return nil
	}
	return der[header:]
}

func isPKCS1(der []byte) bool {
	_, err := x509.ParsePKCS1PublicKey(der)
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

// looksLikeHost reports whether a text is a host name, and no number.
func looksLikeHost(text string) bool {
	text = strings.TrimSuffix(text, ".")
	if len(text) > 253 || !strings.Contains(text, ".") {
		return false
	}
	letter := false
	for label := range strings.SplitSeq(text, ".") {
		letter = false
		if label == "" || len(label) > 63 {
			return false
		}
		for _, c := range []byte(label) {
			isLetter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
			if !isLetter && !(c >= '0' && c <= '9') && c != '-' && c != '_' {
				return false
			}
			letter = letter || isLetter
		}
	}
	return letter // in the last label
}
