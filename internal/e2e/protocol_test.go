package e2e

import "testing"

// emptied is Postfix told to send no macros of its own accord.
const emptied = " -o milter_connect_macros= -o milter_helo_macros= -o milter_mail_macros= -o milter_rcpt_macros=" +
	" -o milter_data_macros= -o milter_end_of_header_macros= -o milter_end_of_data_macros= -o milter_unknown_command_macros="

// Postfix speaks the milter protocol in the version that milter_protocol says.
func TestMilterProtocol(t *testing.T) {
	services := map[string]string{}
	for _, version := range []string{"2", "3", "4", "6"} {
		services[version] = "-o smtpd_tls_wrappermode=yes -o milter_protocol=" + version + forCustomers
	}
	services["6, without macros"] = services["6"] + emptied
	m := startMachine(t, options{services: services})
	for name := range services {
		t.Run(name, func(t *testing.T) {
			c := m.login(t, name, taro)
			for range 2 {
				to := newRecipient()
				m.checkSigned(t, c.mustSend(t, taro, to, message(taro, to)), to, "example.jp")
			}
			to := newRecipient()
			m.checkUnsigned(t, c.mustSend(t, taro, to, message(hanako, to)), to, "login_mismatch")
		})
	}
}
