package record

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"strings"
)

// What follows reads values that are no records, to say what they are.

// Tag returns the content of a tag, from values that are not well-formed too.
func Tag(value, name string) string {
	for spec := range strings.SplitSeq(value, ";") {
		if found, content, ok := strings.Cut(spec, "="); ok && trim(found) == name {
			return trim(content)
		}
	}
	return ""
}

// WithoutBlanks removes folding white space (RFC 6376 section 2.8).
func WithoutBlanks(text string) string { return blanks.Replace(text) }

// Decode decodes as much base64 as there is.
func Decode(text string) []byte {
	text = strings.TrimRight(text, "=")
	if len(text)%4 == 1 {
		text = text[:len(text)-1]
	}
	der, _ := base64.RawStdEncoding.DecodeString(text)
	return der
}

// IsPrivate recognises a private key by its first bytes, so also one that is cut
// off: PKCS #1 and PKCS #8 begin with version 0, SEC 1 with version 1; one that is
// encrypted with the cipher (RFC 5958 section 3); that of OpenSSH with a name.
func IsPrivate(der []byte) bool {
	body, _ := sequence(der)
	cipher, _ := sequence(body)
	return bytes.HasPrefix(body, []byte{2, 1, 0}) || bytes.HasPrefix(body, []byte{2, 1, 1, 4}) ||
		bytes.HasPrefix(cipher, oidPKCS5) || bytes.HasPrefix(cipher, oidPKCS12) ||
		bytes.HasPrefix(der, []byte("openssh-key-v1"))
}

// Beginnings of object identifiers, as they stand in DER but for their length.
var (
	oidPKCS5   = []byte{6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5}
	oidPKCS12  = []byte{6, 10, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12}
	oidRSA     = []byte{6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1}
	oidEd25519 = []byte{6, 3, 0x2b, 0x65, 0x70}
)

// looksPublic recognises a public key by its first bytes: an algorithm, or, in the
// form PKCS #1, a long number.
func looksPublic(der []byte) bool {
	body, _ := sequence(der)
	algorithm, _ := sequence(body)
	return bytes.HasPrefix(algorithm, oidRSA) || bytes.HasPrefix(algorithm, oidEd25519) ||
		bytes.HasPrefix(body, []byte{2, 0x81}) || bytes.HasPrefix(body, []byte{2, 0x82})
}

// keySize is how much base64 may be a key.
const keySize = 64

// MayHoldPrivate reports whether something stands in a text that may be a private
// key, or a part of one: what [HoldsPrivate] recognises, and as much base64 as a key
// has that is no public key. What may is not to be shown again.
func MayHoldPrivate(text string) bool {
	if HoldsPrivate(text) {
		return true
	}
	for run := range strings.FieldsFuncSeq(unquoted.Replace(text), notBase64) {
		if len(run) >= keySize && !looksPublic(Decode(run)) {
			return true
		}
	}
	return false
}

var unquoted = strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "", `"`, "")

// HoldsPrivate reports whether a private key stands somewhere in a text, however
// it is cut or folded.
func HoldsPrivate(text string) bool {
	if strings.Contains(text, "PRIVATE KEY") {
		return true
	}
	for _, text := range []string{text, blanks.Replace(text)} {
		for run := range strings.FieldsFuncSeq(text, notBase64) {
			if IsPrivate(Decode(run)) {
				return true
			}
		}
	}
	return false
}

func notBase64(r rune) bool {
	return !(r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '+' || r == '/')
}

// IsPKCS1 reports whether a public key is in the form PKCS #1.
func IsPKCS1(der []byte) bool {
	_, err := x509.ParsePKCS1PublicKey(der)
	return err == nil
}

// IsCut reports whether a DER sequence says that it is longer than it is.
func IsCut(der []byte) bool {
	body, length := sequence(der)
	return body != nil && len(body) < length
}

// sequence returns what stands behind the header of a DER sequence, and how long
// the header says that it is.
func sequence(der []byte) (body []byte, length int) {
	if len(der) < 2 || der[0] != 0x30 {
		return nil, 0
	}
	header, length := 2, int(der[1])
	if der[1] >= 0x80 {
		header += int(der[1] & 0x7f)
		length = 0
	}
	if header > 6 || header > len(der) {
		return nil, 0
	}
	for _, b := range der[2:header] {
		length = length<<8 | int(b)
	}
	return der[header:], length
}

// LooksLikeHost reports whether a text is a host name, and no number.
func LooksLikeHost(text string) bool {
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
