package lint

import (
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"dkimd/keys/finding"
	"dkimd/keys/record"
)

// What keys of RSA may have, in bits (RFC 8301 section 3.2).
const (
	minBits  = 1024
	goodBits = 2048
	maxBits  = 4096
)

// DKIM judges a value for the record of a DKIM key at a host (RFC 6376 section
// 3.6.1), where it is not known which key is wanted. Of a private key no finding
// repeats anything.
func DKIM(host, value string) []finding.Finding {
	var c dkimCheck
	c.judgeHost(host)
	c.judge(value)
	return c.sorted()
}

// DKIMValue judges a value alone, where the host is not known.
func DKIMValue(value string) []finding.Finding {
	c := dkimCheck{findings: noHost}
	c.judge(value)
	return c.sorted()
}

// noHost is how a check begins where the host is not known.
var noHost = findings{fill: []string{"domain", "…"}}

type dkimCheck struct {
	findings
	host string // of the key; empty: the host that was given is none
}

func (c *dkimCheck) judgeHost(host string) {
	name, ok := parseHost(host)
	if !ok {
		c.badHost(host)
		return
	}
	selector, domain, ok := strings.Cut(name, "._domainkey.")
	if !ok {
		c.explainHost(name)
		return
	}
	half, twice := doubled(domain)
	if twice {
		domain = half
	}
	c.host = record.Host(selector, domain)
	c.fill = []string{"host", c.host, "domain", domain, "relative", selector + "._domainkey"}
	if twice {
		c.find(DoubledDomain)
	}
}

// explainHost says what is wrong with a host that is none of a key.
func (c *dkimCheck) explainHost(name string) {
	c.fill = []string{"host", name, "domain", name}
	selector, domain, missing := strings.Cut(name, ".domainkey.")
	switch {
	case missing:
		c.fill = []string{"host", record.Host(selector, domain), "domain", domain}
		c.find(MissingUnderscore, "label", "_domainkey")
	case strings.HasPrefix(name, "_domainkey."):
		c.find(DKIMNoSelector)
	default:
		c.find(DKIMHost)
	}
}

func (c *dkimCheck) judge(value string) {
	clean := c.clean(value)
	if finding.Has(c.list, PrivateKey) {
		return
	}
	bare := record.WithoutBlanks(clean)
	p := record.WithoutBlanks(record.Tag(clean, "p"))
	key, err := record.Parse(clean)
	kind := KindOf("", clean)
	switch {
	case err == nil:
		c.judgeKey(key, clean)
		c.judgeTags(key, clean)
	case strings.TrimRight(bare, ";") == "v=DKIM1":
		c.find(CutAtSemicolon)
	case record.LooksLikeHost(bare):
		c.find(TXTInsteadOfCNAME, "value", finding.Excerpt(bare))
	case record.IsCut(record.Decode(p)) || base64Text.MatchString(p) && len(p)%4 != 0:
		c.truncated(clean)
	case kind == KindSPF, kind == KindDMARC, p == "" && kind != KindDKIM:
		c.find(NotDKIM, "value", finding.Excerpt(clean))
	case record.Tag(clean, "v") != "" && !strings.HasPrefix(bare, "v=DKIM1"):
		c.find(WrongVersion)
	default:
		c.find(Malformed, "error", finding.Excerpt(strings.TrimPrefix(err.Error(), "record: ")))
	}
}

var base64Text = regexp.MustCompile(`^[A-Za-z0-9+/]+$`)

// judgeKey judges what p= and k= say.
func (c *dkimCheck) judgeKey(key record.Key, value string) {
	if len(key.Public) == 0 {
		c.find(Revoked)
		return
	}
	public, err := key.PublicKey()
	rsaKey, isRSA := public.(*rsa.PublicKey)
	switch {
	case isRSA:
		c.judgeBits(rsaKey.N.BitLen())
	case err == nil: // Ed25519
	case isOther(key):
		c.find(WrongAlgorithm, "found", finding.Excerpt(key.Algorithm))
	case record.IsCut(key.Public):
		c.truncated(value)
	case record.IsPKCS1(key.Public):
		c.find(PKCS1)
	case isEd25519SPKI(key.Public):
		c.find(Ed25519Form)
	default:
		c.find(NoKey)
	}
}

// truncated says how much of a value is there: 255 bytes are one string of it.
func (c *dkimCheck) truncated(value string) {
	c.find(Truncated, "length", strconv.Itoa(len(value)))
}

func (c *dkimCheck) judgeBits(bits int) {
	text := strconv.Itoa(bits)
	switch {
	case bits < minBits:
		c.find(WeakKey, "bits", text)
	case bits < goodBits:
		c.find(ShortKey, "bits", text)
	case bits > maxBits:
		c.find(LongKey, "bits", text)
	}
}

// isOther reports whether k= names no algorithm, or p= is a key of the other one.
func isOther(key record.Key) bool {
	switch key.Algorithm {
	case record.RSA:
		key.Algorithm = record.Ed25519
	case record.Ed25519:
		key.Algorithm = record.RSA
	default:
		return true
	}
	_, err := key.PublicKey()
	return err == nil
}

// isEd25519SPKI reports whether a key is in the form that openssl writes, where
// RFC 8463 section 4 wants the 32 bytes alone.
func isEd25519SPKI(der []byte) bool {
	public, err := x509.ParsePKIXPublicKey(der)
	_, ok := public.(ed25519.PublicKey)
	return err == nil && ok
}

// judgeTags judges what else the record says.
func (c *dkimCheck) judgeTags(key record.Key, value string) {
	if len(key.Services) > 0 && !slices.Contains(key.Services, "email") && !slices.Contains(key.Services, "*") {
		c.find(NotForEmail)
	}
	if len(key.Hashes) > 0 && !slices.Contains(key.Hashes, "sha256") {
		c.find(HashNotAllowed)
	}
	if slices.Contains(key.Flags, "y") {
		c.find(TestFlag)
	}
	if slices.Contains(key.Flags, "s") {
		c.find(StrictFlag)
	}
	if strings.ContainsAny(record.Tag(value, "p"), " \t\r\n") {
		c.find(SpacesInKey)
	}
	if record.Tag(value, "v") == "" {
		c.find(NoVersion)
	}
	if granularity.MatchString(value) {
		c.find(Granularity)
	}
	c.judgeLength(value)
}

// granularity matches g=, which RFC 6376 appendix C.1 dropped.
var granularity = regexp.MustCompile(`(?:^|;)[ \t\r\n]*g[ \t\r\n]*=`)
