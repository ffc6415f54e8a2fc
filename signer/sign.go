// Package signer decides which messages get a DKIM signature, and makes it. It
// knows nothing of DNS, of files or of the MTA.
package signer

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"strings"
	"time"

	"dkimd/keys"
	"dkimd/keys/record"

	"github.com/emersion/go-msgauth/dkim"
)

// FieldName is the name of the header field that a signature is.
const FieldName = "DKIM-Signature"

// Canonicalization is how the body is made canonical, "relaxed" or "simple"
// (RFC 6376 section 3.4). The header is always relaxed: an MTA changes white
// space in it before and after a milter sees it.
type Canonicalization string

// maxBlank is how many bytes of white space and line ends may follow each other
// in a body. go-msgauth keeps them all until it knows whether text follows, as
// only then they count (RFC 6376 sections 3.4.3 and 3.4.4); without a bound,
// memory would grow with the message.
const maxBlank = 1 << 20

var (
	// errBlank is the error of Write for a body with more blanks than that.
	errBlank = fmt.Errorf("the body has more than %d bytes of white space in a row", maxBlank)
	// errMisread is the error of Finish for a body of which a relaxed signature
	// would be wrong.
	errMisread = errors.New("the body has a bare CR after a blank, or at its end, which a relaxed signature cannot cover")
	// errAlreadySigned is the error of Finish for a message that has all the
	// signatures it was to get.
	errAlreadySigned = errors.New("the signatures that it came with verify")
)

// Signing is one message on its way through the signers of all its signatures.
// After Start, the caller writes the body with CRLF line ends, in any pieces,
// and ends with Finish; Close is due in any case, and harmless after Finish.
type Signing struct {
	signers []*dkim.Signer
	earlier []*earlier // per signer: nil unless the message has such a signature
	body    bodyScan
	relaxed bool // a signature has the body so
}

// Start begins to sign a message.
func Start(list []Signature, header *Header) (*Signing, error) {
	s := &Signing{}
	text := header.text()
	s.body.longLine = hasLongLine(text) // MTAs cut those of the header, too
	for _, signature := range list {
		var expiration time.Time
		if signature.Options.Expiry > 0 {
			expiration = time.Now().Add(signature.Options.Expiry)
		}
		signer, err := dkim.NewSigner(&dkim.SignOptions{
			Domain:                 signature.Domain,
			Selector:               signature.Selector,
			Identifier:             signature.Options.Identity,
			Signer:                 signature.Private,
			Hash:                   crypto.SHA256,
			HeaderCanonicalization: dkim.CanonicalizationRelaxed,
			BodyCanonicalization:   dkim.Canonicalization(signature.Options.Body),
			HeaderKeys:             header.names(signature.Options.Fields),
			Expiration:             expiration,
		})
		if err != nil {
			s.Close()
			return nil, err
		}
		s.signers = append(s.signers, signer)
		s.relaxed = s.relaxed || signature.Options.Body == "relaxed"
		s.earlier = append(s.earlier, startEarlier(signature, header, text))
		if _, err := signer.Write(text); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

func hasLongLine(text []byte) bool {
	for line := range bytes.Lines(text) {
		if len(line)-len("\r\n") > maxTextLine {
			return true
		}
	}
	return false
}

// text returns the fields that get signed, and the empty line after them.
func (h *Header) text() []byte {
	text := make([]byte, 0, h.bytes+len(h.fields)*len(": \r\n")+len("\r\n"))
	for _, f := range h.fields {
		text = append(text, f.name...)
		text = append(text, ": "...)
		text = append(text, f.value...)
		text = append(text, "\r\n"...)
	}
	return append(text, "\r\n"...)
}

// Write takes the next piece of the body.
func (s *Signing) Write(p []byte) (int, error) {
	if s.body.scan(p); s.body.tooBlank {
		return 0, errBlank
	}
	for i, signer := range s.signers {
		if _, err := signer.Write(p); err != nil {
			return 0, err
		}
		s.earlier[i].write(p)
	}
	return len(p), nil
}

// Finish ends the body and returns the values of the DKIM-Signature fields, one
// a signature, their lines ending in CRLF but for the last. A signature that the
// message has already, and that verifies, is not made again.
func (s *Signing) Finish() ([]string, error) {
	if s.relaxed && s.body.misread() {
		return nil, errMisread
	}
	var values []string
	for i, signer := range s.signers {
		if s.earlier[i].verifies() {
			continue // Close ends its signer
		}
		if err := signer.Close(); err != nil {
			return nil, err
		}
		value := strings.TrimPrefix(signer.Signature(), FieldName+": ")
		value = strings.TrimSuffix(value, "\r\n")
		// go-msgauth leaves the field's name out when it measures the first line.
		// In a relaxed header, a line may be folded at a blank at any time.
		values = append(values, strings.Replace(value, " bh=", "\r\n bh=", 1))
	}
	if len(values) == 0 {
		return nil, errAlreadySigned
	}
	return values, nil
}

// Risks returns what in the body may be rewritten on its way, which breaks the
// signature; to be asked after the whole body has been written.
func (s *Signing) Risks() []string { return s.body.risks() }

// Close gives the message up, if there is one. Without it, go-msgauth's
// goroutines would wait for the rest of the message for ever.
func (s *Signing) Close() {
	if s == nil {
		return
	}
	for i, signer := range s.signers {
		signer.Close() // its error is that the message is not whole
		s.earlier[i].close()
	}
}

// Sign signs a whole message and returns the values of its DKIM-Signature
// fields, one a signature. Whether it should be signed is not asked.
func Sign(m *Message, list []Signature) ([]string, error) {
	also := map[string]bool{}
	for _, signature := range list {
		for _, name := range signature.Options.Fields {
			also[strings.ToLower(name)] = true
		}
	}
	header := m.Header(also)
	header.signatures = nil // it is signed again, whatever it has
	if header.err != nil {
		return nil, header.err
	}
	values, _, err := signWhole(m, list, header)
	return values, err
}

func signWhole(m *Message, list []Signature, header *Header) (values, risks []string, err error) {
	s, err := Start(list, header)
	if err != nil {
		return nil, nil, err
	}
	defer s.Close()
	if _, err := s.Write(m.body); err != nil {
		return nil, nil, err
	}
	values, err = s.Finish()
	return values, s.Risks(), err
}

// Prove signs a sample with a private key, and verifies it against the text of
// the record that is going to be published.
func Prove(r record.Record, private crypto.Signer) error {
	sample := ParseMessage([]byte("From: sample@" + r.Domain + "\nSubject: sample\n\nA sample.\n"))
	key := keys.SigningKey{Domain: r.Domain, Selector: r.Selector, Private: private}
	signatures, err := Sign(sample, []Signature{{key, Options{Body: "relaxed"}}})
	if err != nil {
		return err
	}
	results, err := Verify(ParseMessage(sample.Text(signatures)), recordLookup(r))
	if err != nil {
		return err
	}
	return results[0].Err
}

// recordLookup returns a look-up that knows one record.
func recordLookup(r record.Record) func(host string) ([]string, error) {
	return func(host string) ([]string, error) {
		if host != r.Host() {
			return nil, fmt.Errorf("no record at %s", host)
		}
		return []string{r.Key.Value()}, nil
	}
}
