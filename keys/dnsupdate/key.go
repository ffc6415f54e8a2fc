package dnsupdate

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/miekg/dns"
)

// Key is a TSIG key (RFC 8945).
type Key struct {
	name      string // lower-case, with a final dot
	algorithm string // with a final dot
	secret    string // base64
}

// String returns the key's name. The secret is never shown.
func (k *Key) String() string { return strings.TrimSuffix(k.name, ".") }

// ErrReadable means that everybody on this host can read a key file.
var ErrReadable = errors.New("everybody can read it")

// ReadKey reads a key from a file as tsig-keygen(8) writes it.
func ReadKey(path string) (*Key, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode()&0o006 != 0 {
		return nil, fmt.Errorf("%s: %w", path, ErrReadable)
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	key, err := parseKey(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

var keyForm = regexp.MustCompile(`^\s*key\s+"([\w.-]+)"\s*\{\s*algorithm\s+([\w-]+)\s*;\s*secret\s+"([^"\s]+)"\s*;\s*\}\s*;\s*$`)

// parseKey reads a key. Its errors never quote the text, which may be a secret.
func parseKey(text string) (*Key, error) {
	m := keyForm.FindStringSubmatch(text)
	if m == nil {
		return nil, errors.New(`it is not one key as tsig-keygen writes it: key "NAME" { algorithm hmac-sha256; secret "BASE64"; };`)
	}
	key := &Key{name: dns.CanonicalName(m[1]), algorithm: dns.CanonicalName(m[2]), secret: m[3]}
	if _, ok := dns.IsDomainName(key.name); !ok {
		return nil, errors.New("the name of the key is not a domain name")
	}
	switch key.algorithm {
	case dns.HmacSHA256, dns.HmacSHA384, dns.HmacSHA512:
	default:
		return nil, errors.New("its algorithm is not one of hmac-sha256, hmac-sha384, hmac-sha512")
	}
	if _, err := base64.StdEncoding.Strict().DecodeString(key.secret); err != nil {
		return nil, errors.New("its secret is not base64")
	}
	return key, nil
}
