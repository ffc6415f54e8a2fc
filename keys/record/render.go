package record

import (
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
)

// TTL is the time to live that we propose for a record, in seconds.
const TTL = 3600

// maxString is the most that one character-string of a TXT record holds
// (RFC 1035 section 3.3).
const maxString = 255

// Split cuts a value into the character-strings of a TXT record, each of at
// most 255 bytes. Whoever reads the record joins them without adding anything
// (RFC 6376 section 3.6.2.2).
func Split(value string) []string {
	var parts []string
	for len(value) > maxString {
		parts = append(parts, value[:maxString])
		value = value[maxString:]
	}
	return append(parts, value)
}

// quote escapes what would end a quoted character-string (RFC 1035 section 5.1).
var quote = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// Data returns the value the way zone files and some panels want it: quoted
// character-strings, or a name with a final dot.
func (r Record) Data() string {
	if r.Type() == "CNAME" {
		return r.Value() + "."
	}
	return Quoted(r.Value())
}

// Quoted returns a value as quoted character-strings.
func Quoted(value string) string {
	var quoted []string
	for _, part := range Split(value) {
		quoted = append(quoted, `"`+quote.Replace(part)+`"`)
	}
	return strings.Join(quoted, " ")
}

// Zone returns the record as a line of a zone file.
func (r Record) Zone() string {
	return fmt.Sprintf("%s %d IN %s %s", r.AbsoluteHost(), TTL, r.Type(), r.Data())
}

// tinydnsEscape escapes what means something in a line of tinydns.
var tinydnsEscape = strings.NewReplacer(`\`, `\134`, ":", `\072`)

// Tinydns returns the record as a line for tinydns-data, which cuts values into
// strings by itself.
func (r Record) Tinydns() string {
	kind := "'"
	if r.Type() == "CNAME" {
		kind = "C"
	}
	return fmt.Sprintf("%s%s:%s:%d", kind, r.Host(), tinydnsEscape.Replace(r.Value()), TTL)
}

// Nsupdate returns commands for nsupdate that add the record if nothing is in
// its place: a second TXT record would spoil the first (RFC 6376 section
// 3.6.2.2), and beside a CNAME a server ignores the record without a word (RFC
// 2136 section 3.4.2.2), as it does a CNAME beside anything.
func (r Record) Nsupdate() string {
	host := r.AbsoluteHost()
	free := fmt.Sprintf("prereq nxrrset %s TXT\nprereq nxrrset %s CNAME", host, host)
	if r.Type() == "CNAME" {
		free = "prereq nxdomain " + host
	}
	return fmt.Sprintf("%s\nupdate add %s %d IN %s %s\nsend", free, host, TTL, r.Type(), r.Data())
}

// ChangeBatch is a change batch of Amazon Route 53, as the API and aws route53
// change-resource-record-sets take it.
type ChangeBatch struct {
	Changes []Change
}

// Change is a part of a [ChangeBatch].
type Change struct {
	Action            string
	ResourceRecordSet ResourceRecordSet
}

// ResourceRecordSet is a part of a [Change].
type ResourceRecordSet struct {
	Name            string
	Type            string
	TTL             int
	ResourceRecords []ResourceRecord
}

// ResourceRecord is a part of a [ResourceRecordSet].
type ResourceRecord struct {
	Value string
}

// Route53 returns a change batch that creates the records. If something is in
// the place of one of them, Route 53 creates none.
func Route53(records []Record) ChangeBatch {
	var batch ChangeBatch
	for _, r := range records {
		batch.Changes = append(batch.Changes, Change{
			Action: "CREATE",
			ResourceRecordSet: ResourceRecordSet{
				Name:            r.AbsoluteHost(),
				Type:            r.Type(),
				TTL:             TTL,
				ResourceRecords: []ResourceRecord{{Value: r.Data()}},
			},
		})
	}
	return batch
}

// CSV returns the records as a table with a header line (RFC 4180).
func CSV(records []Record) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	w.Write([]string{"domain", "selector", "host", "relative_host", "absolute_host", "type", "ttl", "value"})
	for _, r := range records {
		w.Write([]string{
			r.Domain, r.Selector, r.Host(), r.RelativeHost(), r.AbsoluteHost(),
			r.Type(), strconv.Itoa(TTL), r.Value(),
		})
	}
	w.Flush() // a strings.Builder takes everything
	return b.String()
}
