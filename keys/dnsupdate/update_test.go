package dnsupdate

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"dkimd/internal/nameserver"
	"dkimd/internal/testenv"
)

const (
	secret  = "c2VjcmV0IGZvciB0ZXN0cyBvbmx5LCBub3QgYSBzZWNyZXQ="
	keyText = `key "Dkimctl" { algorithm hmac-sha256; secret "` + secret + `"; };`
	value   = "v=DKIM1;k=ed25519;p=RH4tKdHvpHEBhg5IYqAh4fH9Qpk4YzqdiKgScAKYrxI="
	other   = "v=DKIM1;k=ed25519;p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	escapes = `v=DKIM1;n=a\b"c;p=`
	ttl     = 3600

	zoneHeader  = "$TTL 60\n@ SOA ns hostmaster 1 60 60 60 60\n@ NS ns\nns A 127.0.0.1\n"
	exampleZone = zoneHeader + `
other._domainkey   TXT "` + other + `"
both._domainkey    TXT "` + other + `"
both._domainkey    TXT "` + value + `"
cut._domainkey     TXT "v=DKIM1;" "k=ed25519;p=RH4tKdHvpHEBhg5I" "YqAh4fH9Qpk4YzqdiKgScAKYrxI="
alias._domainkey   CNAME target._domainkey
target._domainkey  TXT "` + value + `"
out._domainkey     CNAME s1._domainkey.elsewhere.test.
*.wild             TXT "v=spf1 -all"
delegated          NS ns.elsewhere.test.
`
)

// In both, a key may change TXT records below _domainkey of example.jp, all TXT
// records of mail.example.jp, and nothing in fixed.jp.
const (
	bind = keyText + `
zone "example.jp" {
	type primary; file "example.jp";
	update-policy {
		grant Dkimctl wildcard *._domainkey.example.jp TXT;
		grant Dkimctl wildcard *._domainkey.a.wild.example.jp TXT;
	};
};
zone "mail.example.jp" { type primary; file "mail.example.jp"; update-policy { grant Dkimctl zonesub TXT; }; };
zone "fixed.jp" { type primary; file "fixed.jp"; };
zone "broken.example" { type primary; file "broken.example"; };
`
	knot = `
key:
  - id: Dkimctl
    algorithm: hmac-sha256
    secret: ` + secret + `
acl:
  - id: questions
    key: Dkimctl
    action: query
  - id: records
    key: Dkimctl
    action: update
    update-type: TXT
    update-owner: name
    update-owner-match: sub
    update-owner-name: [_domainkey, _domainkey.a.wild]
zone:
  - domain: example.jp
    acl: [questions, records]
  - domain: mail.example.jp
    acl: [questions, records]
  - domain: fixed.jp
    acl: questions
  - domain: broken.example
    acl: questions
`
)

var zones = map[string]string{"example.jp": exampleZone, "mail.example.jp": zoneHeader + "up._domainkey CNAME example.jp.\n", "fixed.jp": zoneHeader, "broken.example": ""}

func TestBIND(t *testing.T) {
	testenv.NeedProgram(t, "named")
	testPrimary(t, nameserver.StartBIND(t, bind, zones))
}

func TestBINDTakesThePolicyThatItIsSaidToNeed(t *testing.T) {
	testenv.NeedProgram(t, "named")
	start := func(policy string) *Server {
		return serverAt(t, nameserver.StartBIND(t, keyText+`zone "example.jp" { type primary; file "example.jp"; `+policy+" };\n", zones), keyText)
	}
	_, err := start("").Add(t.Context(), "s1._domainkey.example.jp", value, ttl)
	if !says(err, "update-policy") {
		t.Fatal(err)
	}
	_, policy, _ := strings.Cut(err.Error(), "BIND needs ")
	if added, err := start(policy).Add(t.Context(), "s1._domainkey.example.jp", value, ttl); !added || err != nil {
		t.Errorf("with %s: %v, %v", policy, added, err)
	}
}

// Such a server serves changes a moment after it has confirmed them.
func TestBINDThatSignsInline(t *testing.T) {
	testenv.NeedProgram(t, "named")
	s := serverAt(t, nameserver.StartBIND(t, keyText+`
zone "example.jp" { type primary; file "example.jp"; dnssec-policy default; inline-signing yes; allow-update { key Dkimctl; }; };
`, zones), keyText)
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err := s.zone(t.Context(), "example.jp."); err == nil {
			break // it is signed
		} else if time.Now().After(end) {
			t.Fatal(err)
		}
	}
	for range 10 {
		if added, err := s.Add(t.Context(), "s1._domainkey.example.jp", value, ttl); !added || err != nil {
			t.Fatalf("add: %v, %v", added, err)
		}
		if removed, err := s.Remove(t.Context(), "s1._domainkey.example.jp", value); !removed || err != nil {
			t.Fatalf("remove: %v, %v", removed, err)
		}
	}
}

// A server with views shows us the one that the key belongs to.
func TestBINDWithViews(t *testing.T) {
	testenv.NeedProgram(t, "named")
	s := serverAt(t, nameserver.StartBIND(t, keyText+`
view "ours" {
	match-clients { key Dkimctl; };
	zone "example.jp" { type primary; file "example.jp"; allow-update { key Dkimctl; }; };
};
view "others" {
	zone "example.jp" { type primary; file "fixed.jp"; };
};
`, zones), keyText)
	if added, err := s.Add(t.Context(), "s1._domainkey.example.jp", value, ttl); !added || err != nil {
		t.Errorf("add: %v, %v", added, err)
	}
	if seen := look(t, s, "s1._domainkey.example.jp"); seen != nil {
		t.Errorf("the view for others has %q", seen)
	}
}

func TestKnot(t *testing.T) {
	testenv.NeedProgram(t, "knotd")
	testPrimary(t, nameserver.StartKnot(t, knot, zones))
}

func testPrimary(t *testing.T, port string) {
	testChanges(t, serverAt(t, port, keyText))
	testKeys(t, port)
}

// serverAt returns the name server at a port of loopback.
func serverAt(t *testing.T, port, keyText string) *Server {
	t.Helper()
	key, err := parseKey(keyText)
	if err != nil {
		t.Fatal(err)
	}
	return New("127.0.0.1:"+port, key, 10*time.Second)
}

// testChanges makes these changes in this order.
func testChanges(t *testing.T, s *Server) {
	der := make([]byte, 550) // as long as the public key of RSA-4096
	rand.Read(der)
	long := "v=DKIM1;k=rsa;p=" + base64.StdEncoding.EncodeToString(der)
	const add, remove = false, true

	for _, test := range []struct {
		name, host string
		remove     bool
		value      string
		done       bool
		err        string
		want       []string // at the host, then
	}{
		{"add", "s1._domainkey.example.jp", add, value, true, "", []string{value}},
		{"add again", "s1._domainkey.example.jp", add, value, false, "", []string{value}},
		{"add in upper case", "S1._DomainKey.Example.JP", add, value, false, "", []string{value}},
		{"add another value", "s1._domainkey.example.jp", add, other, false, `something else is there: TXT "` + value + `"`, []string{value}},
		{"remove another value", "s1._domainkey.example.jp", remove, other, false, "", []string{value}},
		{"remove", "s1._domainkey.example.jp", remove, value, true, "", nil},
		{"remove again", "s1._domainkey.example.jp", remove, value, false, "", nil},

		{"add what is long", "long._domainkey.example.jp", add, long, true, "", []string{long}},
		{"add what is long again", "long._domainkey.example.jp", add, long, false, "", []string{long}},
		{"remove what is long", "long._domainkey.example.jp", remove, long, true, "", nil},
		{"add what is to be escaped", "esc._domainkey.example.jp", add, escapes, true, "", []string{escapes}},
		{"add what is to be escaped again", "esc._domainkey.example.jp", add, escapes, false, "", []string{escapes}},
		{"remove what is to be escaped", "esc._domainkey.example.jp", remove, escapes, true, "", nil},

		{"add where another is", "other._domainkey.example.jp", add, value, false, `something else is there: TXT "` + other + `"`, []string{other}},
		{"add where it is beside another", "both._domainkey.example.jp", add, value, false, "something else is there: TXT ", []string{other, value}},
		{"remove beside another", "both._domainkey.example.jp", remove, value, true, "", []string{other}},
		{"add where it is, cut otherwise", "cut._domainkey.example.jp", add, value, false, "", []string{value}},
		{"remove what is cut otherwise", "cut._domainkey.example.jp", remove, value, true, "", nil},
		{"add at a CNAME", "out._domainkey.example.jp", add, value, false, "something else is there: CNAME s1._domainkey.elsewhere.test.", nil},
		{"add at a CNAME to our value", "alias._domainkey.example.jp", add, value, false, "something else is there: CNAME target._domainkey.example.jp.", []string{value}},
		{"remove at a CNAME to our value", "alias._domainkey.example.jp", remove, value, false, "", []string{value}},
		{"add below a wildcard", "s1._domainkey.a.wild.example.jp", add, value, true, "", []string{value}},

		{"add in a zone below", "s1._domainkey.mail.example.jp", add, value, true, "", []string{value}},
		{"add at a CNAME to the zone above", "up._domainkey.mail.example.jp", add, value, false, "something else is there: CNAME example.jp.", nil},
		{"add where nothing may change", "s1._domainkey.fixed.jp", add, value, false, "the key", nil},
		{"add where this may not change", "s1._domainkey.shop.example.jp", add, value, false, "the key", nil},
		{"add in a broken zone", "s1._domainkey.broken.example", add, value, false, "cannot serve the zone of this name (SERVFAIL)", nil},
		{"add where no zone is", "s1._domainkey.example.com", add, value, false, "has no zone for this name (REFUSED", nil},
		{"add in a zone of others", "s1._domainkey.delegated.example.jp", add, value, false, "has no zone for this name (NOERROR", nil},
		{"remove where no zone is", "s1._domainkey.example.com", remove, value, false, "has no zone for this name (REFUSED", nil},
		{"add at what is no name", "s1.._domainkey.example.jp.", add, value, false, "is no domain name", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			change := func() (bool, error) { return s.Add(t.Context(), test.host, test.value, ttl) }
			if test.remove {
				change = func() (bool, error) { return s.Remove(t.Context(), test.host, test.value) }
			}
			done, err := change()
			if done != test.done || !says(err, test.err) || err != nil && !strings.HasPrefix(err.Error(), test.host+": ") {
				t.Errorf("%v, %v; want %v, %q", done, err, test.done, test.err)
			}
			if taken := strings.HasPrefix(test.err, ErrTaken.Error()); errors.Is(err, ErrTaken) != taken {
				t.Errorf("%v is ErrTaken: %v", err, !taken)
			}
			if strings.HasSuffix(test.host, ".jp") {
				if got := look(t, s, test.host); !slices.Equal(got, test.want) {
					t.Errorf("%s has %q, want %q", test.host, got, test.want)
				}
			}
		})
	}
}

// testKeys tries keys that the server does not take.
func testKeys(t *testing.T, port string) {
	for _, test := range []struct {
		name, from, to string // in the text of the key
		late           time.Duration
		err            string
	}{
		{name: "wrong secret", from: secret, to: "YW5vdGhlciBzZWNyZXQgZm9yIHRlc3RzIG9ubHk=", err: "another secret for the key dkimctl (BADSIG)"},
		{name: "unknown key", from: "Dkimctl", to: "dkimd", err: "does not take the key dkimd with hmac-sha256 (BADKEY)"},
		{name: "wrong algorithm", from: "hmac-sha256", to: "hmac-sha512", err: "does not take the key dkimctl with hmac-sha512 (BADKEY)"},
		{name: "slow clock", late: time.Hour, err: "the clock of 127.0.0.1:" + port + " differs too much (BADTIME): there it is 20"},
		{name: "fast clock", late: -time.Hour, err: "(BADTIME)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := serverAt(t, port, strings.Replace(keyText, test.from, test.to, 1))
			s.now = func() time.Time { return time.Now().Add(-test.late) }
			_, err := s.Add(t.Context(), "s1._domainkey.example.jp", value, ttl)
			if !says(err, test.err) || strings.Contains(err.Error(), s.key.secret) {
				t.Errorf("%v; want %q", err, test.err)
			}
			if got := look(t, s, "s1._domainkey.example.jp"); got != nil {
				t.Errorf("now there is %q", got)
			}
		})
	}
}

// says reports whether an error has this text; none if that is empty.
func says(err error, text string) bool {
	if text == "" || err == nil {
		return text == "" && err == nil
	}
	return strings.Contains(err.Error(), text)
}

// look returns the values of the TXT records at a host, as a resolver finds them.
func look(t *testing.T, s *Server, host string) []string {
	t.Helper()
	resolver := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, s.address)
	}}
	values, err := resolver.LookupTXT(t.Context(), host+".")
	if absent := (*net.DNSError)(nil); err != nil && !(errors.As(err, &absent) && absent.IsNotFound) {
		t.Fatal(err)
	}
	slices.Sort(values)
	return values
}
