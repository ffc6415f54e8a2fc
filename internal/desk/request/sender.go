package request

import (
	"net/mail"

	"dkimd/keys/finding"
)

var addresses = mail.AddressParser{WordDecoder: &words}

// sender returns the one address in a From field.
func sender(from string) (string, finding.Code) {
	found, err := addresses.ParseList(from)
	switch {
	case err != nil:
		return "", NoSender
	case len(found) > 1:
		return "", SeveralSenders
	}
	return found[0].Address, ""
}
