package signer

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"dkimd/keys"
)

// Bounds of what is kept of one message's header: the fields that get signed. They
// are far beyond what mail has, and Postfix itself cuts a field at
// header_size_limit, 100 KiB.
const (
	maxHeaderBytes  = 1 << 20
	maxHeaderFields = 1000
	maxSignature    = 8 << 10 // of the value of a DKIM-Signature field, in bytes
)

// maxSignatures is how many DKIM-Signature fields of a message are looked at.
const maxSignatures = 20

// Header is what a signer needs of a message's header: the fields that get
// signed, in the order in which they stand, and the signatures that it has.
type Header struct {
	// Also has the lower-case names of fields to sign besides the usual ones.
	Also map[string]bool

	fields     []field
	signatures []string // values of DKIM-Signature fields
	bytes      int
	fault      Reason // why it cannot be signed, with details
	err        error
}

// field is a header field. Its value is what stands behind the colon; lines
// within it end in CRLF and go on with a blank or a tab.
type field struct{ name, value string }

// Add takes the next field. Lines of its value end in LF, as milters see them, so
// that a CR is a bare one. What cannot be signed is remembered and answers a
// decision.
func (h *Header) Add(name, value string) {
	name = strings.TrimRight(name, " \t") // blanks before the colon: RFC 5322 section 4.5
	lower := strings.ToLower(name)
	_, usual := treatments[lower]
	signature := lower == "dkim-signature" && len(h.signatures) < maxSignatures
	if !usual && !signature && !h.Also[lower] || h.err != nil {
		return
	}
	if signature {
		if len(value) <= maxSignature && checkValue(value) == nil {
			h.signatures = append(h.signatures, strings.ReplaceAll(value, "\n", "\r\n"))
		}
		return
	}
	if err := checkValue(value); err != nil {
		h.fault, h.err = BadHeader, fmt.Errorf("the field %s %w", name, err)
		return
	}
	value = strings.ReplaceAll(value, "\n", "\r\n")
	h.bytes += len(name) + len(value)
	h.fields = append(h.fields, field{name, value})
	if h.bytes > maxHeaderBytes || len(h.fields) > maxHeaderFields {
		h.fault, h.err = LongHeader, fmt.Errorf("the fields to sign are more than %d or have more than %d bytes", maxHeaderFields, maxHeaderBytes)
		h.fields = nil
	}
}

// checkValue refuses what software on the way reads, or rewrites, in more than
// one manner. Form feeds and vertical tabs are not white space in RFC 6376
// (section 2.8), but to verifiers they are.
func checkValue(value string) error {
	if strings.ContainsAny(value, "\x00\r\f\v") {
		return errors.New("holds a NUL, a bare CR, a form feed or a vertical tab")
	}
	for i := 0; i < len(value); i++ {
		if value[i] == '\n' && (i+1 == len(value) || value[i+1] != ' ' && value[i+1] != '\t') {
			return errors.New("holds a line end that no blank follows")
		}
	}
	return nil
}

// author returns the address of the author, its domain in A-labels. If there is
// not exactly one, the reason says so.
func (h *Header) author() (author address, reason Reason, err error) {
	if h.err != nil {
		return address{}, h.fault, h.err
	}
	var values []string
	for _, f := range h.fields {
		if strings.EqualFold(f.name, "From") {
			values = append(values, f.value)
		}
	}
	switch len(values) {
	case 0:
		return address{}, NoFrom, errors.New("there is no From field")
	case 1:
	default:
		return address{}, MultipleFrom, fmt.Errorf("there are %d From fields", len(values))
	}
	found, err := parseAddresses(values[0])
	if err != nil {
		return address{}, BadFrom, fmt.Errorf("the From field has %w", err)
	}
	switch len(found) {
	case 0:
		return address{}, NoFrom, errors.New("the From field has no address")
	case 1:
	default:
		return address{}, MultipleFrom, fmt.Errorf("the From field has %d addresses", len(found))
	}
	domain, err := keys.ParseDomain(found[0].domain)
	if err != nil {
		return address{}, BadFrom, fmt.Errorf("the From address: %w", err)
	}
	return address{found[0].local, domain}, "", nil
}

// A treatment is how a header field takes part in a signature.
type treatment int

const (
	// sign covers the fields that are there.
	sign treatment = iota
	// sealPresent covers them and, if there is any, forbids more: its name stands
	// in h= once more than the field in the header (RFC 6376 section 8.15).
	sealPresent
	// seal forbids more also where there is none.
	seal
)

// treatments lists the fields to sign, by lower-case name: RFC 6376 section
// 5.4.1 and what mail since then depends on. Not here, since relays add or
// change them: Received, Return-Path, Bcc, Comments, Keywords, Sender (mailing
// lists set it), DKIM-Signature, Authentication-Results, ARC-*, X-*.
var treatments = map[string]treatment{}

type signedField struct {
	name      string
	treatment treatment
}

// signedFields is the same in the order of h=.
var signedFields = []signedField{
	// What a reader sees and answers to. Another From or Subject above the signed
	// one would be shown in its place.
	{"From", seal},
	{"Subject", seal},
	{"To", seal},
	{"Cc", seal},
	{"Reply-To", seal},

	// The frame of the message. A relay that misses one adds it, which must not
	// break the signature; a second one would change how the body is read.
	{"Date", sealPresent},
	{"Message-ID", sealPresent},
	{"MIME-Version", sealPresent},
	{"Content-Type", sealPresent},
	{"Content-Transfer-Encoding", sealPresent},
	{"Content-Disposition", sealPresent},
	{"Content-ID", sealPresent},
	{"Content-Description", sealPresent},

	// Threads.
	{"In-Reply-To", sign},
	{"References", sign},

	// Mailing lists and newsletters. One-click unsubscription counts only if
	// both its fields are signed (RFC 8058 section 4). A list on the way sets its
	// own, so that they are not sealed.
	{"List-Id", sign},
	{"List-Help", sign},
	{"List-Subscribe", sign},
	{"List-Unsubscribe", sign},
	{"List-Unsubscribe-Post", sign},
	{"List-Post", sign},
	{"List-Owner", sign},
	{"List-Archive", sign},

	// Who passed the message on by hand; who does it again adds more.
	{"Resent-From", sign},
	{"Resent-Sender", sign},
	{"Resent-To", sign},
	{"Resent-Cc", sign},
	{"Resent-Date", sign},
	{"Resent-Message-ID", sign},
}

func init() {
	for _, f := range signedFields {
		treatments[strings.ToLower(f.name)] = f.treatment
	}
}

// maxLine is how long a line of the DKIM-Signature field gets, in bytes (RFC
// 5322 section 2.1.1).
const maxLine = 78

// names returns the content of h=: each name as often as its field is there,
// and once more if it is sealed; also names fields to sign besides the usual
// ones.
//
// go-msgauth looks for the field of each name as it stands in the list, and
// finds none for a name that a line end folds. So every line but the first
// begins with From once more: there is one From field, and it is listed before.
func (h *Header) names(also []string) []string {
	count := map[string]int{}
	for _, f := range h.fields {
		count[strings.ToLower(f.name)]++
	}
	var names []string
	line := len(" h=")
	add := func(name string) {
		if line+len(name)+len(":") > maxLine {
			names = append(names, "\r\n From")
			line = len(" From:")
		}
		names = append(names, name)
		line += len(name) + len(":")
	}
	wanted := signedFields
	for _, name := range also {
		if _, usual := treatments[strings.ToLower(name)]; !usual {
			wanted = append(slices.Clip(wanted), signedField{name, sign})
		}
	}
	for _, f := range wanted {
		n := count[strings.ToLower(f.name)]
		if f.treatment == seal || f.treatment == sealPresent && n > 0 {
			n++
		}
		for range n {
			add(f.name)
		}
	}
	return names
}
