package milter_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dkimd/internal/mta"
	"dkimd/internal/verifiers"
	"dkimd/signer"
)

var (
	randomMessages = flag.Int("random", 300, "how many random messages are signed and verified")
	firstMessage   = flag.Int("first", 0, "the number of the first one: it makes what is random")
)

// Random messages with all that is hard to make canonical go through a server,
// their bodies in pieces cut anywhere. Each is signed, so that the verifiers that
// others wrote accept it, or is left unsigned, which needs a bare CR or LF or the
// like. They disagree in one thing: OpenDKIM loses some bare CRs of a body.
func TestOthersVerifyRandomMessages(t *testing.T) {
	f := start(t)
	rsa, err := rsaKey()
	if err != nil {
		t.Fatal(err)
	}
	f.add("simple.example", "rsa", rsa, true)
	f.settings.Rules.Domains = map[string]signer.DomainRules{"simple.example": {Options: signer.Options{Body: "simple"}}}
	f.apply()
	records := f.records("example.jp", "simple.example")
	all := verifiers.All(t)
	c := f.connect(stranger)
	outcomes := map[string]int{}
	for i := *firstMessage; i < *firstMessage+*randomMessages; i++ {
		random := rand.New(rand.NewPCG(1, uint64(i)))
		domain := []string{"example.jp", "simple.example"}[random.IntN(2)]
		m := message("taro@"+domain, randomMessage(random, domain))
		r := f.sendInPieces(c, m, random)
		line := f.log.about(t, m.QueueID)
		f.log.Take()
		if line["msg"] == "unsigned" {
			outcomes[fmt.Sprint("unsigned: ", line["reason"])]++
			if !odd.Match(m.Text) {
				t.Errorf("message %d is unsigned: %v\n%q", i, line, m.Text)
			}
			continue
		}
		outcomes["signed"]++
		signed, err := r.Apply(m.Text)
		if err != nil {
			t.Fatal(err)
		}
		refusing := refusals(t, all, onTheWire(signed), records, len(r.Inserted))
		if len(refusing) == 0 {
			continue
		}
		by := strings.Join(slices.Sorted(maps.Keys(refusing)), ",")
		outcomes["refused by "+by]++
		if _, body, _ := bytes.Cut(m.Text, []byte("\r\n\r\n")); by != "OpenDKIM" || !bareCR.Match(body) {
			t.Errorf("message %d of %s: %q\n%q", i, domain, refusing, m.Text)
		}
	}
	f.quit(c)
	t.Logf("%d messages: %v", *randomMessages, outcomes)
}

// The least messages of what random ones have brought up.
func TestBodiesThatVerifiersDisagreeAbout(t *testing.T) {
	f := start(t)
	f.settings.Rules.Domains = map[string]signer.DomainRules{"b.example": {Options: signer.Options{Body: "simple"}}}
	f.apply()
	records := f.records("example.jp", "b.example")
	all := verifiers.All(t)
	c := f.connect(stranger)
	const openDKIM, nobody, unsigned = "OpenDKIM", "", "unsigned"
	for _, test := range []struct{ body, relaxed, simple string }{ // who refuses
		{"a\x00b\r\n", nobody, nobody},
		{"a\f \v\r\n", nobody, nobody},
		{"a\r\r\nb\r\n", nobody, nobody},
		// OpenDKIM loses a bare CR in a relaxed body unless the line ends there, ...
		{"a\rb\r\n", openDKIM, nobody},
		{"a\r b\r\n", openDKIM, nobody},
		{"a\n\rb\r\n", openDKIM, nobody},
		// ... and in a simple one if it is all that its line has.
		{"a\r\n\r\r\nb\r\n", nobody, openDKIM},
		// go-msgauth loses blanks before a bare CR in a relaxed body, and bare CRs
		// without text after them: nobody would accept that, so it is not signed.
		{"a \rb\r\n", unsigned, nobody},
		{"a\t\r\r\nb\r\n", unsigned, nobody},
		{"a\r", unsigned, nobody},
		{"a\r\r\n \r\n", unsigned, nobody},
		{"\r\r\n", unsigned, openDKIM},
	} {
		for domain, want := range map[string]string{"example.jp": test.relaxed, "b.example": test.simple} {
			m := message("taro@"+domain, "From: taro@"+domain+"\r\n\r\n"+test.body)
			r, err := c.Send(m)
			if err != nil {
				t.Fatal(err)
			}
			got := unsigned
			if len(r.Inserted) > 0 {
				signed, err := r.Apply(m.Text)
				if err != nil {
					t.Fatal(err)
				}
				refusing := refusals(t, all, onTheWire(signed), records, len(r.Inserted))
				got = strings.Join(slices.Sorted(maps.Keys(refusing)), ",")
			} else if line := f.log.about(t, m.QueueID); line["reason"] != "bad_body" {
				t.Errorf("%q of %s: %v", test.body, domain, line)
			}
			if got != want {
				t.Errorf("%q of %s: %q, want %q", test.body, domain, got, want)
			}
		}
	}
	f.quit(c)
}

var (
	bareCR = regexp.MustCompile(`\r[^\n]|\r$`)
	// odd is what servers and verifiers make different things of.
	odd = regexp.MustCompile(bareCR.String() + `|(^|[^\r])\n|[\x00\f\v]`)
)

// records returns the records of domains, as they should be in DNS.
func (f *fixture) records(domains ...string) map[string]string {
	f.Helper()
	records := map[string]string{}
	for _, domain := range domains {
		d, _, err := f.store.Read(domain)
		if err != nil {
			f.Fatal(err)
		}
		for _, k := range d.Keys {
			r := d.Record(k)
			records[r.Host()] = r.Key.Value()
		}
	}
	return records
}

// refusals returns what the verifiers say that do not accept all signatures
// whose algorithm they know, by name.
func refusals(t *testing.T, all []verifiers.Verifier, message []byte, records map[string]string, signatures int) map[string]string {
	t.Helper()
	refusing := map[string]string{}
	for _, v := range all {
		results := v.Verify(t, message, records)
		if len(results) != signatures {
			refusing[v.Name] = fmt.Sprintf("it finds %d signatures", len(results))
		}
		for _, r := range results {
			if v.Knows(r.Algorithm) && !r.OK {
				refusing[v.Name] = r.Detail
			}
		}
	}
	return refusing
}

// sendInPieces is [mta.Conn.Send] with the body in random pieces.
func (f *fixture) sendInPieces(c *mta.Conn, m mta.Message, random *rand.Rand) mta.Result {
	f.Helper()
	header, body, _ := bytes.Cut(m.Text, []byte("\r\n\r\n"))
	r, err := c.Envelope(m)
	if err == nil {
		r, err = c.Header(string(header) + "\r\n")
	}
	for err == nil && !r.Final() && len(body) > 0 {
		n := 1 + random.IntN(len(body))
		if random.IntN(2) == 0 {
			n = min(n, 3)
		}
		r, err = c.Body(body[:n])
		body = body[n:]
	}
	if err == nil && !r.Final() {
		r, err = c.EndOfBody(nil)
	}
	if err != nil {
		f.Fatal(err)
	}
	return r
}

var blankBeforeColon = regexp.MustCompile(`(?m)^([!-9;-~]+)[ \t]+:`)

// onTheWire returns a message as an MTA sends it: without blanks before a colon,
// every LF with a CR before it, the last line with an end.
func onTheWire(text []byte) []byte {
	header, body, _ := bytes.Cut(text, []byte("\r\n\r\n"))
	header = blankBeforeColon.ReplaceAll(header, []byte("$1:"))
	text = bytes.Join([][]byte{header, body}, []byte("\r\n\r\n"))
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	if !bytes.HasSuffix(text, []byte("\n")) {
		text = append(text, '\n')
	}
	return bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
}

// Enormous fields, but with less than the 64 KB that OpenDKIM takes.
var (
	wideField = strings.Repeat("x ", 30<<10)
	longField = strings.Repeat("\r\n y", 20<<10)
	longLine  = strings.Repeat("y", 70<<10)
)

// randomMessage returns a message of what canonicalization has to do with.
func randomMessage(random *rand.Rand, domain string) string {
	var text strings.Builder
	some := func(most int, of ...string) {
		for range random.IntN(min(len(of), 1)*most + 1) {
			text.WriteString(of[random.IntN(len(of))])
		}
	}
	// rarely returns the texts, one time out of n.
	rarely := func(n int, texts ...string) []string {
		if random.IntN(n) == 0 {
			return texts
		}
		return nil
	}
	names := []string{"Subject", "To", "Cc", "Reply-To", "Date", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
		"In-Reply-To", "References", "List-Unsubscribe", "Resent-From", "sUBJECT", "X", "X-Subject", "x!#$%&'*+-/=?^_`{|}~", "Received"}
	values := append([]string{" ", "\t", "\r\n ", "\r\n\t", " \r\n  ", "\r\n \r\n\t", ":", ";", "a", "B", "b=", "word", "日本語", "\x93\xfa\x96{", "\x7f", "\x0e",
		"\xa0", "=?UTF-8?Q?x?="}, rarely(50, "\r", "\r ", " \r")...)
	values = append(values, rarely(50, "\n ", "\n\t")...)
	values = append(values, rarely(50, "\f", "\v", " \f")...)
	text.WriteString("From: taro@" + domain + "\r\n")
	for range random.IntN(40) {
		text.WriteString(names[random.IntN(len(names))])
		some(1, rarely(20, " ", "\t", " \t ")...)
		text.WriteString(":")
		some(12, values...)
		some(1, rarely(500, wideField, longField)...)
		text.WriteString("\r\n")
	}
	text.WriteString("\r\n")

	bodies := append([]string{" ", "\t", "  ", " \t", "\r\n", "\r\n\r\n", " \r\n", "\r\n ", "\t\r\n\t\r\n", ".", "\r\n.", "\r\n..\r\n", "\r\nFrom me", "-- \r\n",
		"a", "word", "日本語", "\x93\xfa\x96{", "\xa0", "\x85", "\x0b", "\x0c", "\x1b$B", "\x7f"}, rarely(5, strings.Repeat("x", 998), strings.Repeat(" ", 998), longLine)...)
	bodies = append(bodies, rarely(5, "\r", " \r", "\r ", "\r\r\n", "\r\r")...)
	bodies = append(bodies, rarely(5, "\n", " \n", "\n ", "\n\r")...)
	bodies = append(bodies, rarely(5, "\x00", " \x00")...)
	some(1, "\r\n\r\n", " \r\n\t\r\n", " ")
	some(60, bodies...)
	some(1, "\r\n\r\n\r\n", " \r\n\t\r\n \t", "\r\n")
	return text.String()
}
