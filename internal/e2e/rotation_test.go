package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"dkimd/internal/verifiers"
)

// sender sends mail of a customer all the time.
type sender struct {
	stop chan struct{}
	done chan struct{}
	to   []string // recipients
	err  error
}

func (m *machine) keepSending(t testing.TB, login string) *sender {
	t.Helper()
	s := &sender{stop: make(chan struct{}), done: make(chan struct{})}
	c := m.login(t, port465, login)
	go func() {
		defer close(s.done)
		for {
			select {
			case <-s.stop:
				return
			default:
			}
			to := newRecipient()
			if _, s.err = c.send(login, to, message(login, to)); s.err != nil {
				return
			}
			s.to = append(s.to, to)
		}
	}()
	return s
}

// end returns the recipients of all that was sent.
func (s *sender) end(t testing.TB) []string {
	t.Helper()
	close(s.stop)
	<-s.done
	if s.err != nil {
		t.Errorf("after %d messages: %v", len(s.to), s.err)
	}
	return s.to
}

// story is a machine whose admin has a DNS and time.
type story struct {
	*machine
	dns customerDNS
	day int
}

// run runs dkimctl, which has to end with a code.
func (s *story) run(t testing.TB, want int, args ...string) (stdout string) {
	t.Helper()
	code, stdout, stderr := s.dns.dkimctlAt(t, s.day, s.config, args...)
	if code != want {
		t.Fatalf("day %d: dkimctl %s: exit %d, want %d\n%s%s", s.day, strings.Join(args, " "), code, want, stdout, stderr)
	}
	return stdout
}

// signsWith waits until the mail of a login is signed with these keys.
func (s *story) signsWith(t testing.TB, login, selectors string) {
	t.Helper()
	c := s.login(t, port465, login)
	waitFor(t, "signatures with "+selectors, func() bool {
		to := newRecipient()
		id := c.mustSend(t, login, to, message(login, to))
		line := s.line(t, id)
		return line["msg"] == "signed" && line["selector"] == selectors
	})
}

func startStory(t testing.TB) *story {
	t.Helper()
	dns := startDNS(t)
	hop := startNextHop(t, "8BITMIME", "SMTPUTF8")
	return &story{machine: startMachine(t, options{hop: hop, dkimd: dns.config(t, tempDir(t))}), dns: dns}
}

// verifyAll checks that each message verifies with what each name server had when it
// arrived.
func (s *story) verifyAll(t testing.TB, all []delivered, domain string) (selectors []string) {
	t.Helper()
	signedWith := map[string]bool{}
	for _, d := range all {
		hosts := signatureHosts(d.text)
		if len(hosts) == 0 {
			t.Fatalf("an unsigned message:\n%s", d.text)
		}
		for _, host := range hosts {
			signedWith[strings.TrimSuffix(host, "._domainkey."+domain)] = true
		}
		for i, records := range d.records {
			if len(records) != len(hosts) {
				t.Fatalf("%s: name server %d has %v of the records %v", d.at, i+1, slices.Sorted(maps.Keys(records)), hosts)
			}
			if i == 0 || !maps.Equal(records, d.records[0]) {
				verifiers.Check(t, s.verifiers, d.text, records, domain)
			}
		}
		if t.Failed() {
			return nil
		}
	}
	return slices.Sorted(maps.Keys(signedWith))
}

// While a customer sends all the time, its keys are rotated: a name server lags
// behind, the switch waits for it, the old keys are retired, revoked, and their
// records removed. Each message verifies with what DNS has when it arrives.
func TestRotationUnderLoad(t *testing.T) {
	s := startStory(t)
	s.dns.enter(t, s.run(t, 0, "record", "example.jp", "--format", "nsupdate"))
	s.dns.transfer()
	stop := s.dns.watch(s.hop)
	sender := s.keepSending(t, taro)
	old := parseMade(t, s.run(t, 0, "record", "example.jp", "--json"))

	// The new records are at the first name server, the second lags behind: days
	// later, too, nothing is switched.
	made := parseMade(t, s.run(t, 0, "rotate", "example.jp", "--json"))
	if len(made) != 2 {
		t.Fatalf("rotate made %+v", made)
	}
	for _, r := range made {
		s.dns.enter(t, s.run(t, 0, "record", "example.jp", "--selector", r.Selector, "--format", "nsupdate"))
	}
	for s.day = 1; s.day < 4; s.day++ {
		if out := s.run(t, 3, "check", "example.jp", "--state", "pending", "--activate"); !strings.Contains(out, "servers_disagree") {
			t.Errorf("with a server that lags behind:\n%s", out)
		}
	}
	s.signsWith(t, taro, selectorsOf(old))

	// The second name server catches up: two checks prove the records.
	s.dns.transfer()
	s.run(t, 0, "check", "example.jp", "--state", "pending", "--activate")
	s.signsWith(t, taro, selectorsOf(old))
	s.day++
	s.run(t, 0, "check", "example.jp", "--state", "pending", "--activate")
	s.signsWith(t, taro, selectorsOf(made))

	// The old keys go, when mail that was signed with them has arrived.
	s.run(t, 3, "revoke", "example.jp", "--selector", old[0].Selector)
	s.day += 14
	for _, r := range old {
		s.run(t, 0, "revoke", "example.jp", "--selector", r.Selector)
		s.dns.enter(t, fmt.Sprintf("update delete %s. TXT\nsend\n", r.Host))
	}
	s.dns.transfer()
	s.run(t, 0, "check", "example.jp")
	s.signsWith(t, taro, selectorsOf(made))

	sent := sender.end(t)
	for _, to := range sent {
		s.hop.wait(t, to)
	}
	selectors := s.verifyAll(t, stop(), "example.jp")
	t.Logf("%d messages, signed with %v", len(sent), selectors)
	if want := len(old) + len(made); len(selectors) != want {
		t.Errorf("messages are signed with %v, want %d keys", selectors, want)
	}
}

// selectorsOf lists selectors as dkimd logs them.
func selectorsOf(records []made) string {
	var selectors []string
	for _, r := range records {
		selectors = append(selectors, r.Selector)
	}
	return strings.Join(selectors, ",")
}

// A customer whose DNS is elsewhere, from the order to signed mail and to the end of
// the contract, without a restart and without a hand on the store: once with a TXT
// record, once with CNAMEs into a zone of ours.
func TestTheStoryOfACustomer(t *testing.T) {
	const jiro = "jiro@new.example"
	for name, test := range map[string]struct {
		order   []string
		entered string // type of what the customer enters
	}{
		"by TXT":   {[]string{"genkey", "new.example", "--json"}, "TXT"},
		"by CNAME": {[]string{"genkey", "new.example", "--delegate", "--json"}, "CNAME"},
	} {
		t.Run(name, func(t *testing.T) {
			s := startStory(t)
			c := s.login(t, port465, jiro)
			send := func() (id, to string) {
				to = newRecipient()
				return c.mustSend(t, jiro, to, message(jiro, to)), to
			}
			id, to := send()
			s.checkUnsigned(t, id, to, "no_key")

			// The order: two keys, what the customer has to enter is printed.
			made := parseMade(t, s.run(t, 0, test.order...))
			waitFor(t, "the new keys", func() bool {
				id, to = send()
				return s.line(t, id)["reason"] == "key_pending"
			})
			s.checkUnsigned(t, id, to, "key_pending")

			// The customer enters it, what is ours is published; the check sees it, twice.
			for _, r := range made {
				if r.Type != test.entered {
					t.Errorf("the customer is to enter a %s", r.Type)
				}
				value := r.Value
				if r.Type == "TXT" {
					value = s.run(t, 0, "record", r.Domain, "--selector", r.Selector, "--format", "split")
				} else {
					value += "."
				}
				s.dns.enter(t, fmt.Sprintf("update add %s. 60 %s %s\nsend\n", r.Host, r.Type, strings.TrimSpace(value)))
			}
			s.run(t, 3, "check", "new.example", "--activate")
			s.dns.transfer()
			for range 2 {
				s.day++
				s.run(t, 0, "check", "--all", "--state", "pending", "--activate")
			}
			keys := made[:2]
			s.signsWith(t, jiro, selectorsOf(keys))
			s.waitForQueue(t) // with what was sent before they signed
			stop := s.dns.watch(s.hop)
			_, to = send()
			s.hop.wait(t, to)
			if selectors := s.verifyAll(t, stop(), "new.example"); len(selectors) != 2 {
				t.Errorf("signed with %v", selectors)
			}

			// The next keys. Behind CNAMEs the customer has nothing to do.
			s.day += 400
			next := parseMade(t, s.run(t, 0, "rotate", "new.example", "--json"))
			if test.entered == "TXT" {
				for _, r := range next {
					s.dns.enter(t, s.run(t, 0, "record", "new.example", "--selector", r.Selector, "--format", "nsupdate"))
				}
			}
			s.dns.transfer()
			for range 2 {
				s.day++
				s.run(t, 0, "check", "new.example", "--activate")
			}
			s.signsWith(t, jiro, selectorsOf(next))
			stop = s.dns.watch(s.hop)
			_, to = send()
			s.hop.wait(t, to)
			s.verifyAll(t, stop(), "new.example")

			// The customer leaves: mail goes on, unsigned.
			s.run(t, 0, "remove", "new.example")
			waitFor(t, "an unsigned mail", func() bool {
				id, to = send()
				return s.line(t, id)["msg"] == "unsigned"
			})
			s.checkUnsigned(t, id, to, "no_key")
			if test.entered == "CNAME" {
				for _, r := range append(keys, next...) {
					if value := s.dns.txt(s.dns.ports[0], r.Value); value != "" {
						t.Errorf("%s still has %s", r.Value, value)
					}
				}
			}
		})
	}
}
