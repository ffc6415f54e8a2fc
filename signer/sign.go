// Package signer decides which messages get a DKIM signature, and makes it. It
// knows nothing of DNS, of files or of the MTA.
package signer

import (
	"crypto"
	"fmt"
	"strings"

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

// errBlank is the error of Write for a body with more blanks than that.
var errBlank = fmt.Errorf("the body has more than %d bytes of white space in a row", maxBlank)

// Signing is one message on its way through the signers of all its keys. After
// Start, the caller writes the body with CRLF line ends, in any pieces, and
// ends with Finish; Close is due in any case, and harmless after Finish.
type Signing struct {
	signers []*dkim.Signer
	blank   int
}

// Start begins to sign a message.
func Start(with []keys.SigningKey, header *Header, body Canonicalization) (*Signing, error) {
	s := &Signing{}
	names := header.names()
	for _, key := range with {
		signer, err := dkim.NewSigner(&dkim.SignOptions{
			Domain:                 key.Domain,
			Selector:               key.Selector,
			Signer:                 key.Private,
			Hash:                   crypto.SHA256,
			HeaderCanonicalization: dkim.CanonicalizationRelaxed,
			BodyCanonicalization:   dkim.Canonicalization(body),
			HeaderKeys:             names,
		})
		if err != nil {
			s.Close()
			return nil, err
		}
		s.signers = append(s.signers, signer)
	}
	var text strings.Builder
	for _, f := range header.fields {
		text.WriteString(f.name + ": " + f.value + "\r\n")
	}
	text.WriteString("\r\n")
	if err := s.write([]byte(text.String())); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Write takes the next piece of the body.
func (s *Signing) Write(p []byte) (int, error) {
	for _, c := range p {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			s.blank = 0
		} else if s.blank++; s.blank > maxBlank {
			return 0, errBlank
		}
	}
	if err := s.write(p); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (s *Signing) write(p []byte) error {
	for _, signer := range s.signers {
		if _, err := signer.Write(p); err != nil {
			return err
		}
	}
	return nil
}

// Finish ends the body and returns the values of the DKIM-Signature fields, one
// a key, their lines ending in CRLF but for the last.
func (s *Signing) Finish() ([]string, error) {
	var values []string
	for _, signer := range s.signers {
		if err := signer.Close(); err != nil {
			return nil, err
		}
		value := strings.TrimPrefix(signer.Signature(), FieldName+": ")
		value = strings.TrimSuffix(value, "\r\n")
		// go-msgauth leaves the field's name out when it measures the first line.
		// In a relaxed header, a line may be folded at a blank at any time.
		values = append(values, strings.Replace(value, " bh=", "\r\n bh=", 1))
	}
	return values, nil
}

// Close gives the message up, if there is one. Without it, go-msgauth's
// goroutines would wait for the rest of the message for ever.
func (s *Signing) Close() {
	if s == nil {
		return
	}
	for _, signer := range s.signers {
		signer.Close() // its error is that the message is not whole
	}
}

// Sign signs a whole message and returns the values of its DKIM-Signature
// fields, one a key. Whether it should be signed is not asked.
func Sign(m *Message, with []keys.SigningKey, body Canonicalization) ([]string, error) {
	header := m.Header()
	if header.err != nil {
		return nil, header.err
	}
	s, err := Start(with, header, body)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	if _, err := s.Write(m.body); err != nil {
		return nil, err
	}
	return s.Finish()
}

// Prove signs a sample with a private key, and verifies it against the text of
// the record that is going to be published.
func Prove(r record.Record, private crypto.Signer) error {
	sample := ParseMessage([]byte("From: sample@" + r.Domain + "\nSubject: sample\n\nA sample.\n"))
	key := keys.SigningKey{Domain: r.Domain, Selector: r.Selector, Private: private}
	signatures, err := Sign(sample, []keys.SigningKey{key}, "relaxed")
	if err != nil {
		return err
	}
	results, err := Verify(ParseMessage(sample.Text(signatures)), func(host string) ([]string, error) {
		if host != r.Host() {
			return nil, fmt.Errorf("no record at %s", host)
		}
		return []string{r.Key.Value()}, nil
	})
	if err != nil {
		return err
	}
	return results[0].Err
}
