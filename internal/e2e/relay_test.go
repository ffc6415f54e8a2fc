package e2e

import (
	"regexp"
	"strings"
	"testing"
)

// What the next hop does to a message after it is signed.
func TestRelay(t *testing.T) {
	t.Run("a relay that adds Message-ID and Date leaves the signature good", func(t *testing.T) {
		hop := startNextHop(t, "8BITMIME", "SMTPUTF8")
		second := newPostfix(t, hop.port(), nil)
		second.set(t, "myhostname = relay.example", "always_add_missing_headers = yes")
		second.start(t)
		m := startMachine(t, options{hop: hop, relayTo: second})

		to := newRecipient()
		id := m.login(t, port465, taro).mustSend(t, taro, to, "From: "+taro+"\r\nTo: "+to+"\r\nSubject: a test\r\n\r\nHello.\r\n")
		text := string(hop.wait(t, to).text)
		if !regexp.MustCompile(`(?m)^Message-Id: <.*@relay\.example>`).MatchString(text) || !strings.Contains(text, "\r\nDate: ") {
			t.Errorf("the relay did not add Message-ID and Date:\n%s", text)
		}
		m.checkSigned(t, id, to, "example.jp")
	})

	const eightBit = "From: " + taro + "\r\nSubject: a test\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nこんにちは。\r\n"
	t.Run("8-bit text to a server without 8BITMIME needs disable_mime_output_conversion", func(t *testing.T) {
		m := startMachine(t, options{
			hop:     startNextHop(t),
			postfix: []string{"disable_mime_output_conversion = yes"},
		})
		to := newRecipient()
		id := m.login(t, port465, taro).mustSend(t, taro+" BODY=8BITMIME", to, eightBit)
		m.checkSigned(t, id, to, "example.jp")

		m.restart(t, "disable_mime_output_conversion = no")
		to = newRecipient()
		m.login(t, port465, taro).mustSend(t, taro+" BODY=8BITMIME", to, eightBit)
		if text := m.hop.wait(t, to).text; !strings.Contains(string(text), "quoted-printable") {
			t.Errorf("Postfix did not convert:\n%s", text)
		}
	})
}
