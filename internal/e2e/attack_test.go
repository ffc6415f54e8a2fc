package e2e

import (
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// Headers by which taro, who is logged in as himself, tries to get a signature of
// hanako@example.com's domain. What becomes of each: the reason why it is not
// signed; or "signed", with his own domain.
var attacks = []struct {
	name, header, want string
}{
	{"another customer's From", "From: hanako@example.com\r\n", "login_mismatch"},
	{"his own Sender", "Sender: taro@example.jp\r\nFrom: hanako@example.com\r\n", "login_mismatch"},
	{"his address as her name", "From: \"taro@example.jp\" <hanako@example.com>\r\n", "login_mismatch"},
	{"her address as his name", "From: \"hanako@example.com\" <taro@example.jp>\r\n", "signed"},
	{"her encoded address as his name", "From: =?utf-8?q?hanako=40example.com?= <taro@example.jp>\r\n", "signed"},
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
	{"a final dot", "From: hanako@example.com.\r\n", "bad_from"},
	{"a route", "From: <@example.jp:hanako@example.com>\r\n", "login_mismatch"},
	{"a percent sign", "From: hanako%example.com@example.jp\r\n", "signed"},
	{"a quoted address", "From: \"hanako@example.com\"@example.jp\r\n", "signed"},
	{"two at signs", "From: hanako@example.com@example.jp\r\n", "bad_from"},
	{"a quote that does not end", "From: \"taro <hanako@example.com>\r\n", "bad_from"},
	{"an address literal", "From: hanako@[127.0.0.1]\r\n", "bad_from"},
	{"a NUL, behind which Postfix shows nothing", "From: hanako@example.com\x00@example.jp\r\n", "login_mismatch"},
	{"a bare CR, which Postfix makes a blank", "From: taro@example.jp\rFrom: hanako@example.com\r\n", "bad_from"},
	{"a control character", "From: hanako@example.com\x08\x08 <taro@example.jp>\r\n", "bad_from"},
	{"no From", "Sender: hanako@example.com\r\nReply-To: hanako@example.com\r\n", "no_from"},
	{"an empty From", "From:\r\nSender: hanako@example.com\r\n", "no_from"},
	{"her subdomain", "From: hanako@mail.example.com\r\n", "login_mismatch"},
	{"his subdomain", "From: taro@mail.example.jp\r\n", "login_mismatch"},
}

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

	// counted checks that a message is counted, by its outcome and reason.
	counted := func(t *testing.T, want string, send func()) {
		t.Helper()
		before := m.counts(t)
		send()
		after := m.counts(t)
		maps.DeleteFunc(after, func(key string, n string) bool { return before[key] == n })
		if want == "signed" {
			want = `{outcome="signed",reason=""}`
		} else {
			want = fmt.Sprintf(`{outcome="unsigned",reason=%q}`, want)
		}
		if got := slices.Collect(maps.Keys(after)); !slices.Equal(got, []string{want}) {
			t.Errorf("counted as %v, want %s", after, want)
		}
	}
	check := func(t *testing.T, id, to, want string) {
		t.Helper()
		if want == "signed" {
			m.checkSigned(t, id, to, "example.jp")
		} else {
			m.checkUnsigned(t, id, to, want)
		}
	}

	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			counted(t, a.want, func() {
				to := newRecipient()
				text := a.header + "To: <" + to + ">\r\nDate: Wed, 25 Nov 2026 12:00:00 +0900\r\nMessage-ID: <test@" + to + ">\r\n\r\nPay now.\r\n"
				check(t, m.login(t, port465, taro).mustSend(t, taro+parameters([]byte(text)), to, text), to, a.want)
			})
		})
	}

	const hanako = "hanako@example.com"
	for name, test := range map[string]struct {
		service, from, author, want string
	}{
		"from outside":                             {port25, stranger, taro, "not_ours"},
		"from outside, through the filter":         {"filter", "127.0.0.1", "root@hosting.example", "not_ours"},
		"from outside, where mail comes in":        {"incoming", relay, taro, "not_ours"},
		"a relay as another domain than its own":   {port25, relay, hanako, "network_mismatch"},
		"a filter that hands mail back by port 25": {port25, "127.0.0.1", hanako, "network_mismatch"},
		"a script of a customer that uses port 25": {port25, "127.0.0.1", taro, "network_mismatch"},
	} {
		t.Run(name, func(t *testing.T) {
			counted(t, test.want, func() {
				to := newAddress("example.jp")
				m.checkUnsigned(t, m.connect(t, test.service, test.from).mustSend(t, test.author, to, message(test.author, to)), to, test.want)
			})
		})
	}
	t.Run("a script that uses sendmail", func(t *testing.T) {
		counted(t, "network_mismatch", func() {
			to := newRecipient()
			cmd := m.command("sendmail", "-C", m.etc, "-f", hanako, to)
			cmd.Stdin = strings.NewReader(message(hanako, to))
			runCommand(t, cmd)
			m.checkUnsigned(t, arrivedAs(t, m.hop.wait(t, to)), to, "network_mismatch")
		})
	})
	t.Run("a client that says who it is", func(t *testing.T) {
		c := m.connect(t, port25, stranger)
		if _, err := c.command(220, "XCLIENT ADDR=127.0.0.3 LOGIN=%s", taro); err == nil {
			t.Error("XCLIENT is taken from a stranger")
		}
		c.do(t, 250, "EHLO %s", taro)
		counted(t, "not_ours", func() {
			to := newAddress("example.jp")
			m.checkUnsigned(t, c.mustSend(t, taro, to, message(taro, to)), to, "not_ours")
		})
	})

	// What a signed mail looks like, for those who forge or repeat one.
	to := newRecipient()
	m.login(t, port465, taro).mustSend(t, taro, to, message(taro, to))
	original := m.hop.wait(t, to).text
	forged := regexp.MustCompile(`(?s)bh=.{10}`).ReplaceAll(original, []byte("bh=AAAAAAAAAA"))

	t.Run("a forged signature of ours from outside", func(t *testing.T) {
		counted(t, "not_ours", func() {
			to := newAddress("example.jp")
			id := m.connect(t, port25, stranger).mustSend(t, taro, to, string(forged))
			m.expectPasses(t, to, 0)
			if line := m.line(t, id); line["reason"] != "not_ours" {
				t.Errorf("dkimd logs %v", line)
			}
		})
	})
	t.Run("a forged signature of ours does not stop one", func(t *testing.T) {
		counted(t, "signed", func() {
			to := newRecipient()
			m.login(t, port465, taro).mustSend(t, taro, to, string(forged))
			m.expectPasses(t, to, 2)
		})
	})
	t.Run("a message that is signed already", func(t *testing.T) {
		counted(t, "already_signed", func() {
			to := newRecipient()
			m.login(t, port465, taro).mustSend(t, taro, to, string(original))
			m.expectPasses(t, to, 2)
		})
	})

	t.Run("a stranger at an inet listener", func(t *testing.T) {
		const bound = `dkimd_connections_refused_total{bound="peers"}`
		before := m.metrics(t)[bound]
		dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(stranger)}}
		conn, err := dialer.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", peers))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if n, err := io.Copy(io.Discard, conn); n > 0 {
			t.Errorf("it gets %d bytes, %v", n, err)
		}
		if after := m.metrics(t)[bound]; before != "0" || after != "1" {
			t.Errorf("%s goes from %s to %s", bound, before, after)
		}
	})
}

// expectPasses checks how many signatures of a mail verify.
func (m *machine) expectPasses(t *testing.T, to string, want int) {
	t.Helper()
	text := m.hop.wait(t, to).text
	for _, v := range m.verifiers {
		if !v.Knows("ed25519-sha256") {
			continue
		}
		passes := 0
		for _, r := range v.Verify(t, text, m.records) {
			if r.OK {
				passes++
			}
		}
		if passes != want {
			t.Errorf("%s passes %d signatures of the mail to %s, want %d:\n%s", v.Name, passes, to, want, text)
		}
	}
}

// metrics returns dkimd's figures.
func (m *machine) metrics(t testing.TB) map[string]string {
	t.Helper()
	response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/metrics", m.http))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	figures := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && name != "#" {
			figures[name] = value
		}
	}
	return figures
}

// counts returns how many messages there are of each outcome and reason.
func (m *machine) counts(t testing.TB) map[string]string {
	t.Helper()
	counts := map[string]string{}
	for name, value := range m.metrics(t) {
		if labels, ok := strings.CutPrefix(name, "dkimd_messages_total"); ok {
			counts[labels] = value
		}
	}
	return counts
}
