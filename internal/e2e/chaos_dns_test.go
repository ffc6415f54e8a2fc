package e2e

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"dkimd/keys"
)

// provenDomain is the one of TestChaos whose records are in DNS.
const provenDomain = "new.example"

// provenKeys returns its keys in a state.
func (c *chaos) provenKeys(t testing.TB, state keys.State) []string {
	t.Helper()
	d, _, err := keys.OpenDir(c.store).Read(provenDomain)
	if err != nil {
		t.Fatal(err)
	}
	var selectors []string
	for _, k := range d.In(state) {
		selectors = append(selectors, k.Selector)
	}
	return selectors
}

// rotateProven makes its next keys, unless there are some, and has their records
// published.
func (c *chaos) rotateProven(t testing.TB) {
	t.Helper()
	if len(c.provenKeys(t, keys.Pending)) > 0 {
		return
	}
	c.publish(t, c.run(t, 0, "rotate", provenDomain, "--json"))
}

func (c *chaos) publish(t testing.TB, printed string) {
	t.Helper()
	for _, r := range parseMade(t, printed) {
		c.dns.enter(t, c.run(t, 0, "record", r.Domain, "--selector", r.Selector, "--format", "nsupdate"))
	}
	c.dns.transfer()
}

// prove lets time pass until its next keys are proven, and sign.
func (c *chaos) prove(t testing.TB) {
	t.Helper()
	next := c.provenKeys(t, keys.Pending)
	for range 2 {
		c.day++
		c.run(t, 0, "check", provenDomain, "--state", "pending", "--activate")
	}
	if active := c.provenKeys(t, keys.Active); !slices.Equal(active, next) {
		t.Errorf("%v sign, want %v", active, next)
	}
	c.pass(t, provenDomain)
}

// takeDNSAway has all name servers answer nothing. Mail goes on, a check says so, and
// no key is moved; when they are back, the next keys are proven.
func (c *chaos) takeDNSAway(t testing.TB) {
	t.Helper()
	c.rotateProven(t)
	c.run(t, 0, "check", provenDomain, "--state", "pending", "--activate")
	states := func() map[keys.State]string {
		states := map[keys.State]string{}
		for _, state := range []keys.State{keys.Pending, keys.Active, keys.Retired} {
			states[state] = strings.Join(c.provenKeys(t, state), " ")
		}
		return states
	}
	before := states()
	c.day++
	resume := c.dns.hang(t)
	code, stdout, stderr := c.dns.dkimctlAt(t, c.day, c.config, "check", provenDomain, "--state", "pending", "--activate")
	c.pass(t, provenDomain)
	resume()
	if code != 1 || !strings.Contains(stderr, "dkimctl: error: DNS gave no answer about 2 records") {
		t.Errorf("without DNS, a check ends with %d: %s%s", code, stdout, stderr)
	}
	if after := states(); !maps.Equal(before, after) {
		t.Errorf("without DNS, a check moves keys: %v, before %v", after, before)
	}
	c.prove(t)
}
