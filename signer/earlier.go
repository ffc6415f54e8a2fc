package signer

import (
	"io"
	"slices"

	"dkimd/keys/record"

	"github.com/emersion/go-msgauth/dkim"
)

// earlier verifies, while a message is being signed, the signature of the same
// domain and selector that it came with: a content filter hands a message back
// to the MTA, and so to us, a second time. Anybody can write such a field, so
// that only one that verifies makes ours needless.
//
// The fields that our own signatures cover are among those that a [Header]
// keeps; a signature that covers others does not verify here, and stops nothing.
type earlier struct {
	message *io.PipeWriter
	result  chan bool
}

// maxEarlier is how many signatures of one domain and selector are verified:
// who writes more wants to keep us busy.
const maxEarlier = 3

// startEarlier returns nil if the message has no such signature.
func startEarlier(s Signature, header *Header, text []byte) *earlier {
	var fields string
	count := 0
	for _, value := range header.signatures {
		if tag(value, "d") == s.Domain && tag(value, "s") == s.Selector && count < maxEarlier {
			fields += FieldName + ": " + value + "\r\n"
			count++
		}
	}
	if count == 0 {
		return nil
	}
	public, err := record.NewKey(s.Private.Public())
	if err != nil {
		return nil
	}
	lookup := recordLookup(record.Record{Domain: s.Domain, Selector: s.Selector, Key: public})

	read, write := io.Pipe()
	e := &earlier{message: write, result: make(chan bool, 1)}
	go func() {
		good := false
		defer func() {
			recover()    // anybody can write what is read here
			read.Close() // what is written from now on is in vain
			e.result <- good
		}()
		results, _ := dkim.VerifyWithOptions(read, &dkim.VerifyOptions{LookupTXT: lookup, MaxVerifications: maxEarlier})
		good = slices.ContainsFunc(results, func(v *dkim.Verification) bool { return v.Err == nil })
	}()
	e.write([]byte(fields))
	e.write(text)
	return e
}

// write takes the next piece of the message.
func (e *earlier) write(p []byte) {
	if e != nil {
		e.message.Write(p) // fails once the result is known
	}
}

// verifies ends the message and says whether the signature that it came with
// verifies.
func (e *earlier) verifies() bool {
	if e == nil {
		return false
	}
	e.message.Close()
	return <-e.result
}

// close gives the message up. It ends as a whole one does: on an error,
// go-msgauth would leave goroutines behind.
func (e *earlier) close() {
	if e != nil {
		e.message.Close()
	}
}
