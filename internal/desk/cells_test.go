package desk

import (
	"regexp"
	"strings"
	"testing"
)

// There is one cell for each method on each pair of sides, and it says in both
// languages what is to be done.
func TestTwelveCells(t *testing.T) {
	if len(cells) != 12 {
		t.Errorf("there are %d cells", len(cells))
	}
	for _, nameServer := range []Side{Ours, Elsewhere} {
		for _, mailServer := range []Side{Ours, Elsewhere} {
			list := CellsOf(nameServer, mailServer)
			if len(list) != 3 || list[0].Method != SPF || list[1].Method != DKIM || list[2].Method != DMARC {
				t.Errorf("%s and %s have the cells %v", nameServer, mailServer, list)
			}
			for _, c := range list {
				checkCell(t, c)
			}
		}
	}
	for _, sides := range [][2]Side{{Unknown, Ours}, {Ours, Unknown}, {"", ""}} {
		if list := CellsOf(sides[0], sides[1]); list != nil {
			t.Errorf("%v have the cells %v", sides, list)
		}
	}
}

// What follows from the sides is in every cell.
func checkCell(t *testing.T, c Cell) {
	t.Helper()
	// A request is for what we enter; SPF of our own mail is there already.
	if want := c.NameServer == Ours && (c.Method != SPF || c.MailServer == Elsewhere); c.Requested != want {
		t.Errorf("%+v: requested is %v", c, c.Requested)
	}
	if want := c.NameServer == Elsewhere && c.MailServer == Ours && c.Method != DMARC; c.HandOut != want {
		t.Errorf("%+v: handed out is %v", c, c.HandOut)
	}
	want := FromUs
	switch {
	case c.Method == DMARC:
		want = FromCustomer
	case c.MailServer == Elsewhere:
		want = FromMailProvider
	}
	if c.Value != want {
		t.Errorf("%+v: the value is from %s", c, c.Value)
	}
	japanese := regexp.MustCompile(`^[^a-z]*。$`)
	for _, ja := range []string{c.Customer.Ja, c.Support.Ja} {
		if !japanese.MatchString(ja) || strings.Contains(ja, "当社") {
			t.Errorf("%+v: %s", c, ja)
		}
	}
	for _, en := range []string{c.Customer.En, c.Support.En} {
		if !strings.HasSuffix(en, ".") || regexp.MustCompile(`[^ -~]`).MatchString(en) {
			t.Errorf("%+v: %s", c, en)
		}
	}
}
