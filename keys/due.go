package keys

import "time"

// Next is what has to be done about a key.
type Next string

const (
	Publish Next = "publish" // its record, which it waits for
	Rotate  Next = "rotate"  // a new key is due
	Revoke  Next = "revoke"  // its record need not stay any longer
)

// Next returns what comes next for a key, and from when on: none for a key that is
// revoked, or whose successor waits for its record. keep and rotateAfter are the
// ages at which retired keys may go and active ones should.
func (d *Domain) Next(k Key, keep, rotateAfter time.Duration) (Next, time.Time) {
	switch k.State {
	case Pending:
		return Publish, k.Since()
	case Active:
		if !d.HasPending(k.Algorithm) {
			return Rotate, k.Since().Add(rotateAfter)
		}
	case Retired:
		return Revoke, k.Since().Add(keep)
	}
	return "", time.Time{}
}

// HasPending says whether a key of an algorithm waits for its record.
func (d *Domain) HasPending(algorithm string) bool {
	for _, k := range d.In(Pending) {
		if k.Algorithm == algorithm {
			return true
		}
	}
	return false
}
