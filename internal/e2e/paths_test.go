package e2e

import (
	"strings"
	"testing"
)

// How mail gets into Postfix, and whether it leaves signed.
func TestPaths(t *testing.T) {
	m := startMachine(t, options{})

	for name, service := range map[string]string{
		"submission with STARTTLS and AUTH": port587,
		"implicit TLS and AUTH":             port465,
	} {
		t.Run(name+" is signed", func(t *testing.T) {
			to := newRecipient()
			id := m.login(t, service, taro).mustSend(t, taro, to, message(taro, to))
			m.checkSigned(t, id, to, "example.jp")
		})
	}
	t.Run("a login with the From of another customer is not signed", func(t *testing.T) {
		to := newRecipient()
		id := m.login(t, port465, hanako).mustSend(t, taro, to, message(taro, to))
		m.checkUnsigned(t, id, to, "login_mismatch")
	})
	t.Run("a relay from a trusted network is signed", func(t *testing.T) {
		to := newRecipient()
		id := m.connect(t, port25, relay).mustSend(t, taro, to, message(taro, to))
		m.checkSigned(t, id, to, "example.jp")
	})
	t.Run("mail from outside with a From of ours is not signed", func(t *testing.T) {
		to := newAddress("example.jp")
		id := m.connect(t, port25, stranger).mustSend(t, taro, to, message(taro, to))
		m.checkUnsigned(t, id, to, "not_ours")
	})

	t.Run("sendmail needs non_smtpd_milters", func(t *testing.T) {
		m.checkPast(t, m.sendmail(t))
		m.restart(t, "non_smtpd_milters = $smtpd_milters")
		to := m.sendmail(t)
		id := arrivedAs(t, m.hop.wait(t, to))
		m.checkSigned(t, id, to, "hosting.example")
	})
	t.Run("a bounce needs internal_mail_filter_classes, too", func(t *testing.T) {
		m.checkPast(t, m.bounce(t))
		m.restart(t, "internal_mail_filter_classes = bounce")
		to := m.bounce(t)
		id := arrivedAs(t, m.hop.wait(t, to))
		m.checkSigned(t, id, to, "hosting.example")
	})
}

// sendmail sends a mail as a program on the host does, and returns whom to.
func (m *machine) sendmail(t *testing.T) (to string) {
	t.Helper()
	to = newRecipient()
	cmd := m.command("sendmail", "-C", m.etc, to)
	cmd.Stdin = strings.NewReader("Subject: the backup is done\n\nAll of it.\n")
	runCommand(t, cmd)
	return to
}

// bounce sends a mail that the next hop refuses, and returns whom Postfix tells.
func (m *machine) bounce(t *testing.T) (to string) {
	t.Helper()
	to = newAddress("example.jp")
	refused := newAddress("refused.example")
	m.login(t, port587, "taro@example.jp").mustSend(t, to, refused, message(to, refused))
	return to
}
