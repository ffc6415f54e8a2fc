package e2e

import (
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/smtp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Headers by which taro, who is logged in as himself, tries to get a signature of
// hanako's domain. What becomes of each: the reason why it is not signed, or the
// domain that signs it, which is his own.
var attacks = []struct {
	name, header, want string
}{
	{"another customer's From", "From: hanako@example.com\r\n", "login_mismatch"},
	{"his own Sender", "Sender: taro@example.jp\r\nFrom: hanako@example.com\r\n", "login_mismatch"},
	{"his address as her name", "From: \"taro@example.jp\" <hanako@example.com>\r\n", "login_mismatch"},
	{"her address as his name", "From: \"hanako@example.com\" <taro@example.jp>\r\n", "example.jp"},
	{"her encoded address as his name", "From: =?utf-8?q?hanako=40example.com?= <taro@example.jp>\r\n", "example.jp"},
	{"his encoded address as her name", "From: =?utf-8?q?taro=40example.jp?= <hanako@example.com>\r\n", "login_mismatch"},
	{"her encoded address alone", "From: =?utf-8?q?hanako=40example.com?=\r\n", "bad_from"},
	{"a comment with his address", "From: hanako@example.com (taro@example.jp)\r\n", "login_mismatch"},
	{"a comment in front", "From: (<taro@example.jp>) hanako@example.com\r\n", "login_mismatch"},
	{"a comment in the domain", "From: hanako@(taro@example.jp)example.com\r\n", "login_mismatch"},
	{"two From fields, his first", "From: taro@example.jp\r\nFrom: hanako@example.com\r\n", "multiple_from"},
	{"two From fields, hers first", "From: hanako@example.com\r\nSubject: x\r\nFrom: taro@example.jp\r\n", "multiple_from"},
	{"two From fields in odd case", "FROM: hanako@example.com\r\nfrom: taro@example.jp\r\n", "multiple_from"},
	{"two From fields, one with a blank before the colon", "Subject: x\r\nFrom: taro@example.jp\r\nFrom : hanako@example.com\r\n", "multiple_from"},
	{"two addresses", "From: taro@example.jp, hanako@example.com\r\n", "multiple_from"},
	{"two addresses and his Sender", "Sender: taro@example.jp\r\nFrom: hanako@example.com, taro@example.jp\r\n", "multiple_from"},
	{"a group", "From: us: taro@example.jp, hanako@example.com;\r\n", "multiple_from"},
	{"a group of one", "From: us: hanako@example.com;\r\n", "login_mismatch"},
	{"an empty group", "From: us:;\r\n", "no_from"},
	{"folded", "From:\r\n\thanako\r\n @\r\n example.com\r\n", "login_mismatch"},
	{"folded to hide it", "From: taro@example.jp\r\n" + strings.Repeat(" ", 500) + ", hanako@example.com\r\n", "multiple_from"},
	{"upper case", "From: HANAKO@EXAMPLE.COM\r\n", "login_mismatch"},
	{"full-width letters", "From: hanako@ｅｘａｍｐｌｅ．ｃｏｍ\r\n", "login_mismatch"},
	{"Shift_JIS that ends in a backslash, his address last", "From: \"\x95\\\" <hanako@example.com>, \" <taro@example.jp>\r\n", "example.jp"},
	{"Shift_JIS that ends in a backslash, her address last", "From: \"\x95\\\" <taro@example.jp>, \" <hanako@example.com>\r\n", "login_mismatch"},
	{"a final dot", "From: hanako@example.com.\r\n", "bad_from"},
	{"a route", "From: <@example.jp:hanako@example.com>\r\n", "login_mismatch"},
	{"a percent sign", "From: hanako%example.com@example.jp\r\n", "example.jp"},
	{"a quoted address", "From: \"hanako@example.com\"@example.jp\r\n", "example.jp"},
	{"two at signs", "From: hanako@example.com@example.jp\r\n", "bad_from"},
	{"a quote that does not end", "From: \"taro <hanako@example.com>\r\n", "bad_from"},
	{"an address literal", "From: hanako@[127.0.0.1]\r\n", "bad_from"},
	{"a NUL, at which Postfix cuts the field off", "From: hanako@example.com\x00@example.jp\r\n", "login_mismatch"},
	{"a NUL in front of her address", fromNUL, "example.jp"},
	{"a bare CR, which Postfix makes a blank", "From: taro@example.jp\rFrom: hanako@example.com\r\n", "bad_from"},
	{"a control character", "From: hanako@example.com\x08\x08 <taro@example.jp>\r\n", "bad_from"},
	{"no From", "Sender: hanako@example.com\r\nReply-To: hanako@example.com\r\n", "no_from"},
	{"an empty From", "From:\r\nSender: hanako@example.com\r\n", "no_from"},
	{"her subdomain", "From: hanako@mail.example.com\r\n", "login_mismatch"},
	{"his subdomain", "From: taro@mail.example.jp\r\n", "login_mismatch"},
}

// fromNUL has two addresses, of which a C program sees one.
const fromNUL = "From: taro@example.jp\x00, hanako@example.com\r\n"

func TestAttacks(t *testing.T) {
	m := startMachine(t, options{
		services: map[string]string{
			"filter":   "-o milter_macro_daemon_name=FILTER",
			"incoming": "-o smtpd_milters=unix:/dkimd/incoming.sock",
		},
		postfix: []string{"non_smtpd_milters = $smtpd_milters"},
	})
	peers := freePorts(t, 1)[0]
	m.configure(t, fmt.Sprintf(`
[sign]
incoming_daemons = ["FILTER"]
[[listener]]
address = "unix:%s/dkimd/incoming.sock"
group = "postfix"
direction = "incoming"
[[listener]]
address = "inet:127.0.0.1:%d"
peers = ["127.0.0.3"]
`, m.queue, peers))
	m.signal(t, syscall.SIGHUP)
	m.waitForLine(t, "the configuration is reloaded")

	// counted checks that a message is counted once, by its outcome and reason.
	counted := func(t *testing.T, outcome, reason string, send func()) {
		t.Helper()
		want := map[string]float64{fmt.Sprintf("{outcome=%q,reason=%q}", outcome, reason): 1}
		if got := m.moved(t, send); !maps.Equal(got, want) {
			t.Errorf("counted as %v, want %v", got, want)
		}
	}
	// expect sends a message and checks what becomes of it: the reason why it is not
	// signed, or the domain that signs it.
	expect := func(t *testing.T, want, to string, send func() (id string)) {
		t.Helper()
		if strings.Contains(want, ".") {
			counted(t, "signed", "", func() { m.checkSigned(t, send(), to, want) })
		} else {
			counted(t, "unsigned", want, func() { m.checkUnsigned(t, send(), to, want) })
		}
	}
	submit := func(t *testing.T, to, text string) (id string) {
		t.Helper()
		return m.login(t, port587, taro).mustSend(t, taro+parameters([]byte(text)), to, text)
	}
	withHeader := func(header, to string) string {
		return header + "To: <" + to + ">\r\nDate: Wed, 25 Nov 2026 12:00:00 +0900\r\nMessage-ID: <test@" + to + ">\r\n\r\nPay now.\r\n"
	}

	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			to := newRecipient()
			expect(t, a.want, to, func() string { return submit(t, to, withHeader(a.header, to)) })
		})
	}

	for name, test := range map[string]struct {
		service, from, author, want string
	}{
		"from outside":                                    {port25, stranger, taro, "not_ours"},
		"from outside, through the filter":                {"filter", "127.0.0.1", "root@hosting.example", "not_ours"},
		"from outside, where mail comes in":               {"incoming", relay, taro, "not_ours"},
		"a relay as another domain than its own":          {port25, relay, hanako, "network_mismatch"},
		"a filter or a script on the host":                {port25, "127.0.0.1", taro, "network_mismatch"},
		"a filter or a script on the host, as the host":   {port25, "127.0.0.1", "root@hosting.example", "hosting.example"},
		"a loopback address that is in no network":        {port25, customer, taro, "not_ours"},
		"a loopback address that is in none, as the host": {port25, customer, "root@hosting.example", "not_ours"},
	} {
		t.Run(name, func(t *testing.T) {
			to := newAddress("example.jp")
			expect(t, test.want, to, func() string {
				return m.connect(t, test.service, test.from).mustSend(t, test.author, to, message(test.author, to))
			})
		})
	}
	t.Run("a script that uses sendmail", func(t *testing.T) {
		to := newRecipient()
		expect(t, "network_mismatch", to, func() string {
			cmd := m.command("sendmail", "-C", m.etc, "-f", hanako, to)
			cmd.Stdin = strings.NewReader(message(hanako, to))
			runCommand(t, cmd)
			return arrivedAs(t, m.hop.wait(t, to))
		})
	})

	// What Postfix tells dkimd of a client, the client has no say in.
	t.Run("XCLIENT of a stranger", func(t *testing.T) {
		if _, err := m.connect(t, port25, stranger).command(220, "XCLIENT ADDR=%s LOGIN=%s", relay, taro); code(err) != 550 {
			t.Errorf("he is answered: %v", err)
		}
	})
	t.Run("AUTH= of a stranger", func(t *testing.T) {
		to := newAddress("example.jp")
		expect(t, "not_ours", to, func() string {
			return m.connect(t, port25, stranger).mustSend(t, taro+" AUTH="+taro, to, message(taro, to))
		})
	})
	t.Run("AUTH= of a customer", func(t *testing.T) {
		to := newRecipient()
		expect(t, "login_mismatch", to, func() string {
			return m.login(t, port587, taro).mustSend(t, taro+" AUTH="+hanako, to, message(hanako, to))
		})
	})
	for _, helo := range []string{taro, "{auth_authen}", "x\x00{auth_authen}\x00" + taro, "x}{auth_authen} \x01%s%n"} {
		t.Run(fmt.Sprintf("EHLO %q", helo), func(t *testing.T) {
			c := m.connect(t, port25, stranger)
			c.do(t, 250, "EHLO %s", helo)
			to := newAddress("example.jp")
			expect(t, "not_ours", to, func() string { return c.mustSend(t, taro, to, message(taro, to)) })
		})
	}
	for _, login := range []struct{ as, name string }{
		{hanako, taro}, // taro who wants to be taken for hanako
		{"", taro + "@example.com"},
		{"", taro + "\x00" + hanako},
		{"", taro + "\n" + hanako},
		{"", hanako + "\xff"},
	} {
		t.Run(fmt.Sprintf("AUTH %q %q", login.as, login.name), func(t *testing.T) {
			err := m.connect(t, port465, customer).Auth(smtp.PlainAuth(login.as, login.name, password, "127.0.0.1"))
			if code(err) != 535 {
				t.Errorf("he is answered: %v", err)
			}
		})
	}

	// What a signed mail looks like, for those who forge or repeat one.
	to := newRecipient()
	submit(t, to, message(taro, to))
	original := string(m.hop.wait(t, to).text)
	forged := regexp.MustCompile(`(?s)bh=.{10}`).ReplaceAllString(original, "bh=AAAAAAAAAA")
	outside := func(t *testing.T, to, text string) (id string) {
		return m.connect(t, port25, stranger).mustSend(t, taro, to, text)
	}
	for name, test := range map[string]struct {
		send            func(t *testing.T, to, text string) (id string)
		text            string
		outcome, reason string
		pass            int // signatures
	}{
		"a forged signature of ours, from outside":       {outside, forged, "unsigned", "not_ours", 0},
		"a forged signature of ours does not stop one":   {submit, forged, "signed", "", 2},
		"a message that is signed already":               {submit, original, "unsigned", "already_signed", 2},
		"a message that is signed already, from outside": {outside, original, "unsigned", "not_ours", 2},
	} {
		t.Run(name, func(t *testing.T) {
			counted(t, test.outcome, test.reason, func() {
				to := newAddress("example.jp")
				line := m.line(t, test.send(t, to, test.text))
				if reason, _ := line["reason"].(string); line["msg"] != test.outcome || reason != test.reason {
					t.Errorf("dkimd logs %v, want %s %s", line, test.outcome, test.reason)
				}
				m.expectPasses(t, to, "example.jp", test.pass)
			})
		})
	}

	t.Run("a stranger at an inet listener", func(t *testing.T) {
		const bound = `dkimd_connections_refused_total{bound="peers"}`
		before := m.metrics(t)[bound]
		dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(stranger)}}
		conn, err := dialer.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", peers))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(clientTimeout))
		if n, err := io.Copy(io.Discard, conn); n > 0 {
			t.Errorf("it gets %d bytes, %v", n, err)
		}
		if after := m.metrics(t)[bound]; after != before+1 {
			t.Errorf("%s goes from %v to %v", bound, before, after)
		}
	})
	t.Run("a NUL that Postfix takes out", func(t *testing.T) {
		m.restart(t, `message_strip_characters = \0`)
		to := newRecipient()
		expect(t, "multiple_from", to, func() string { return submit(t, to, withHeader(fromNUL, to)) })
	})
}

// expectPasses checks how many signatures of a mail verify, all of one domain.
func (m *machine) expectPasses(t *testing.T, to, domain string, want int) {
	t.Helper()
	text := m.hop.wait(t, to).text
	for _, v := range m.verifiers {
		if !v.Knows("ed25519-sha256") {
			continue
		}
		var passes []string
		for _, r := range v.Verify(t, text, m.records) {
			if r.OK {
				passes = append(passes, r.Domain)
			}
		}
		if !slices.Equal(passes, slices.Repeat([]string{domain}, want)) {
			t.Errorf("%s passes signatures of %v of the mail to %s, want %d of %s:\n%s", v.Name, passes, to, want, domain, text)
		}
	}
}

// moved returns which counters of messages a function moves, and by how much.
func (m *machine) moved(t testing.TB, do func()) map[string]float64 {
	t.Helper()
	before := m.metrics(t)
	do()
	moved := map[string]float64{}
	for name, value := range m.metrics(t) {
		if labels, ok := strings.CutPrefix(name, "dkimd_messages_total"); ok && value != before[name] {
			moved[labels] = value - before[name]
		}
	}
	return moved
}

// metrics returns dkimd's figures.
func (m *machine) metrics(t testing.TB) map[string]float64 {
	t.Helper()
	_, text := m.get(t, "/metrics")
	figures := map[string]float64{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && name != "#" {
			figure, err := strconv.ParseFloat(value, 64)
			if err != nil {
				t.Fatal(err)
			}
			figures[name] = figure
		}
	}
	return figures
}

// get returns what dkimd answers over HTTP.
func (m *machine) get(t testing.TB, path string) (status int, text string) {
	t.Helper()
	response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d%s", m.http, path))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}
