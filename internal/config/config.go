// Package config reads the configuration of dkimd and dkimctl. It knows TOML
// and what may stand in the file; what a domain or a selector is, it does not.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Config is a configuration, complete and checked. The keys are explained in
// config.example.toml.
type Config struct {
	Listeners  []Listener `toml:"listener"`
	Milter     Milter     `toml:"milter"`
	Keys       Keys       `toml:"keys"`
	Sign       Sign       `toml:"sign"`
	Networks   []Network  `toml:"network"`
	Domains    []Domain   `toml:"domain"`
	HTTP       HTTP       `toml:"http"`
	DNS        DNS        `toml:"dns"`
	Delegation Delegation `toml:"delegation"`
	Publish    Publish    `toml:"publish"`
	Desk       Desk       `toml:"desk"`
	Log        Log        `toml:"log"`

	file *file
}

// Listener is where MTAs connect.
type Listener struct {
	Address   Address        `toml:"address"`
	Mode      Mode           `toml:"mode"`
	Group     string         `toml:"group"`
	Direction string         `toml:"direction"` // auto or incoming
	Peers     []netip.Prefix `toml:"peers"`
}

// Milter bounds what MTAs can ask of the daemon.
type Milter struct {
	MaxConnections        int      `toml:"max_connections"`
	MaxConnectionsPerPeer int      `toml:"max_connections_per_peer"`
	IdleTimeout           Duration `toml:"idle_timeout"`
	FrameTimeout          Duration `toml:"frame_timeout"`
	StopTimeout           Duration `toml:"stop_timeout"`
	DrainTimeout          Duration `toml:"drain_timeout"`
}

// Keys says where key pairs live and what new ones are like.
type Keys struct {
	Store      string   `toml:"store"`
	Algorithms []string `toml:"algorithms"`
	RSABits    int      `toml:"rsa_bits"`

	KeepRecordFor Duration `toml:"keep_record_for"` // how long a retired key's record stays
	RotateAfter   Duration `toml:"rotate_after"`    // the age at which an active key is due
}

// Sign says whose mail is signed, and how.
type Sign struct {
	Authenticated      bool   `toml:"authenticated"`
	LoginMatch         string `toml:"login_match"` // enforce, report or off
	LoginMap           string `toml:"login_map"`
	LoginSeparators    string `toml:"login_separators"`
	LoginDefaultDomain string `toml:"login_default_domain"`

	IncomingDaemons  []string `toml:"incoming_daemons"`
	Canonicalization string   `toml:"canonicalization"` // relaxed/relaxed or relaxed/simple
	Expiry           Duration `toml:"expiry"`           // zero: none
	AlsoSign         []string `toml:"also_sign"`
	AlsoSignWhen     string   `toml:"also_sign_when"` // always or no_key
	OnStoreError     string   `toml:"on_store_error"` // tempfail or accept
	OnBadKey         string   `toml:"on_bad_key"`     // tempfail or accept
}

// Network is a set of clients that are trusted without a login.
type Network struct {
	CIDR    []netip.Prefix `toml:"cidr"`
	Domains []string       `toml:"domains"`
}

// Domain has what is different for one domain. What is not set is as in [Sign].
type Domain struct {
	Name             string    `toml:"name"`
	Sign             *bool     `toml:"sign"`
	Subdomains       bool      `toml:"subdomains"`
	Canonicalization string    `toml:"canonicalization"`
	Expiry           *Duration `toml:"expiry"`
	Identity         string    `toml:"identity"`
	SignFields       []string  `toml:"sign_fields"`
	Ed25519          *bool     `toml:"ed25519"`
	SingleSignature  bool      `toml:"single_signature"`
}

// HTTP says where the daemon answers /metrics, /healthz and /readyz.
type HTTP struct {
	Listen string `toml:"listen"` // host:port; empty: nowhere
}

// DNS says how records are looked at.
type DNS struct {
	Resolver string   `toml:"resolver"` // address, or address:port; empty: the system's
	Timeout  Duration `toml:"timeout"`  // of one question
	Settle   Duration `toml:"settle"`   // between the checks that prove a record
	AlsoAsk  []string `toml:"also_ask"` // name servers that have records by mistake
}

// Desk is what the support desk knows of us, and how it writes letters.
type Desk struct {
	OurNameServers []string `toml:"our_name_servers"` // names, or what they end in
	OurMailServers []string `toml:"our_mail_servers"` // the same, of MX records
	HostedDomains  string   `toml:"hosted_domains"`   // a file, or command: and a program; empty: none
	Contacts       string   `toml:"contacts"`         // the same, of registered addresses
	Holidays       []string `toml:"holidays"`         // of the company's own
	SPFInclude     string   `toml:"spf_include"`      // empty: letters have no SPF
	Providers      string   `toml:"providers"`        // a file of DNS panels; empty: those that are known
	Letters        string   `toml:"letters"`          // a directory; empty: the built-in ones alone
	Lang           string   `toml:"lang"`             // ja or en
	Company        string   `toml:"company"`
	CompanyEn      string   `toml:"company_en"`
	SupportName    string   `toml:"support_name"`
	SupportNameEn  string   `toml:"support_name_en"`
	Signature      []string `toml:"signature"` // lines below the names

	// The web page.
	Listen   string `toml:"listen"`   // host:port, or unix: and a path
	TLSCert  string `toml:"tls_cert"` // files
	TLSKey   string `toml:"tls_key"`
	HTPasswd string `toml:"htpasswd"`
}

// Address returns where the web page is.
func (d Desk) Address() Address {
	if path, ok := strings.CutPrefix(d.Listen, "unix:"); ok {
		return Address{"unix", path}
	}
	return Address{"tcp", d.Listen}
}

// Publish says how records get into zones of our own.
type Publish struct {
	Server  string   `toml:"server"`   // address, or address:port; empty: none
	KeyFile string   `toml:"key_file"` // of TSIG
	Timeout Duration `toml:"timeout"`  // of one record
}

// Delegation says where customers' CNAMEs lead.
type Delegation struct {
	Zone string `toml:"zone"` // a zone of ours; empty: there is no delegation
}

// Log says what the daemon's log looks like.
type Log struct {
	Format string `toml:"format"` // text or json
	Level  string `toml:"level"`  // debug, info, warn or error
}

// defaults returns the configuration of an empty file.
func defaults() *Config {
	return &Config{
		Milter: Milter{
			MaxConnections:        1000,
			MaxConnectionsPerPeer: 500,
			IdleTimeout:           Duration(2 * time.Hour),
			FrameTimeout:          Duration(30 * time.Second),
			StopTimeout:           Duration(time.Minute),
			DrainTimeout:          Duration(time.Hour),
		},
		Keys: Keys{
			Store:      "/var/lib/dkimd",
			Algorithms: []string{"rsa"},
			RSABits:    2048,

			KeepRecordFor: Duration(14 * 24 * time.Hour),
			RotateAfter:   Duration(365 * 24 * time.Hour),
		},
		Sign: Sign{
			Authenticated:    true,
			LoginMatch:       "enforce",
			LoginSeparators:  "@",
			Canonicalization: "relaxed/relaxed",
			AlsoSignWhen:     "always",
			OnStoreError:     "tempfail",
			OnBadKey:         "accept",
		},
		HTTP:    HTTP{Listen: "127.0.0.1:9880"},
		DNS:     DNS{Timeout: Duration(5 * time.Second), Settle: Duration(10 * time.Minute)},
		Publish: Publish{Timeout: Duration(10 * time.Second)},
		Desk:    Desk{Lang: "ja", SupportName: "サポートセンター", SupportNameEn: "Support Centre", Listen: "127.0.0.1:9881"},
		Log:     Log{Format: "text", Level: "info"},
	}
}

// Load reads a configuration. Its error joins all problems, each of one line
// that names the file and, if it can be told, the line. What is good is
// returned beside the error; nil is returned if nothing can be read.
func Load(path string) (*Config, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: start from config.example.toml, or name the file with --config", err)
	}
	if err != nil {
		return nil, err
	}
	return parse(path, string(text))
}

func parse(path, text string) (*Config, error) {
	c := defaults()
	c.file = &file{path: path, lines: lineNumbers(text)}
	if err := c.file.decode(text, c); err != nil {
		return nil, err
	}
	c.check()
	return c, c.file.problems()
}

// At returns an error about the value of a key, such as network[1].domains,
// with the place where it stands.
func (c *Config) At(key string, err error) error { return c.file.at(key, err) }

var canonicalizations = []string{"relaxed/relaxed", "relaxed/simple"}

// longestWay is how long mail can be on its way: it waits in Postfix's queue for
// five days (maximal_queue_lifetime), and then in others'.
const longestWay = Duration(7 * 24 * time.Hour)

// check notes what is wrong with the values.
func (c *Config) check() {
	problem := c.file.problem
	oneOf := func(key, value string, allowed ...string) {
		if !slices.Contains(allowed, value) {
			problem(key, "%q is not one of %s", value, strings.Join(allowed, ", "))
		}
	}
	positive := func(key string, value Duration) {
		if value <= 0 {
			problem(key, "%q is not longer than nothing", value)
		}
	}
	address := func(key, value string) {
		_, errAddr := netip.ParseAddr(value)
		_, errPort := netip.ParseAddrPort(value)
		if value != "" && errAddr != nil && errPort != nil {
			problem(key, "%q is neither an IP address nor one with a port", value)
		}
	}
	outlives := func(key string, value Duration) {
		if value < longestWay {
			problem(key, "%s is too short: it has to outlive Postfix's queue of five days, so %s at least", value, longestWay)
		}
	}

	seen := map[Address]bool{}
	for i := range c.Listeners {
		l := &c.Listeners[i]
		key := indexed("listener", i+1)
		if l.Direction == "" {
			l.Direction = "auto"
		}
		oneOf(key+".direction", l.Direction, "auto", "incoming")
		if l.Address == (Address{}) {
			problem(key+".address", "it is missing: unix:PATH, inet:HOST:PORT or inet:PORT@HOST")
			continue
		}
		if seen[l.Address] {
			problem(key+".address", "%q stands twice", l.Address)
		}
		seen[l.Address] = true
		inet := l.Address.Network == "tcp"
		if inet && l.Mode.set {
			problem(key+".mode", "it is for unix: who may connect to an inet listener is said by peers")
		}
		if inet && l.Group != "" {
			problem(key+".group", "it is for unix: who may connect to an inet listener is said by peers")
		}
		if !inet && len(l.Peers) > 0 {
			problem(key+".peers", "it is for inet: who may connect to a unix socket is said by mode and group")
		}
		if inet && len(l.Peers) == 0 && !l.Address.Loopback() {
			problem(key+".peers", "it is missing: whoever reaches %s dictates login and client address, so that it must be said which hosts may connect", l.Address)
		}
	}

	if c.Milter.MaxConnections < 1 {
		problem("milter.max_connections", "%d is less than 1", c.Milter.MaxConnections)
	}
	if c.Milter.MaxConnectionsPerPeer < 1 {
		problem("milter.max_connections_per_peer", "%d is less than 1", c.Milter.MaxConnectionsPerPeer)
	}
	positive("milter.idle_timeout", c.Milter.IdleTimeout)
	positive("milter.frame_timeout", c.Milter.FrameTimeout)
	positive("milter.stop_timeout", c.Milter.StopTimeout)
	positive("milter.drain_timeout", c.Milter.DrainTimeout)

	if !filepath.IsAbs(c.Keys.Store) {
		problem("keys.store", "%q is not an absolute path", c.Keys.Store)
	}
	if len(c.Keys.Algorithms) == 0 {
		problem("keys.algorithms", "it is empty: it lists rsa, ed25519 or both")
	}
	for i, algorithm := range c.Keys.Algorithms {
		oneOf("keys.algorithms", algorithm, "rsa", "ed25519")
		if slices.Contains(c.Keys.Algorithms[:i], algorithm) {
			problem("keys.algorithms", "%q stands twice", algorithm)
		}
	}
	if !slices.Contains([]int{2048, 3072, 4096}, c.Keys.RSABits) {
		problem("keys.rsa_bits", "%d is not one of 2048, 3072, 4096", c.Keys.RSABits)
	}

	outlives("keys.keep_record_for", c.Keys.KeepRecordFor)
	positive("keys.rotate_after", c.Keys.RotateAfter)

	oneOf("sign.login_match", c.Sign.LoginMatch, "enforce", "report", "off")
	oneOf("sign.canonicalization", c.Sign.Canonicalization, canonicalizations...)
	oneOf("sign.also_sign_when", c.Sign.AlsoSignWhen, "always", "no_key")
	if c.Sign.Expiry != 0 {
		outlives("sign.expiry", c.Sign.Expiry)
	}
	if c.Sign.LoginSeparators == "" {
		problem("sign.login_separators", "it is empty: the domain of a login stands behind the last of these characters")
	}
	oneOf("sign.on_store_error", c.Sign.OnStoreError, "tempfail", "accept")
	oneOf("sign.on_bad_key", c.Sign.OnBadKey, "tempfail", "accept")

	for i, n := range c.Networks {
		key := indexed("network", i+1)
		if len(n.CIDR) == 0 {
			problem(key+".cidr", `it is missing: it lists networks such as "192.0.2.0/24"`)
		}
		if len(n.Domains) == 0 {
			problem(key+".domains", `it is missing: it lists what these clients may send as; ["*"] is everything`)
		}
	}

	for i := range c.Domains {
		d := &c.Domains[i]
		key := fmt.Sprintf("domain[%d]", i+1)
		if d.Name == "" {
			problem(key+".name", "it is missing")
		}
		if d.Canonicalization == "" {
			d.Canonicalization = c.Sign.Canonicalization
		} else {
			oneOf(key+".canonicalization", d.Canonicalization, canonicalizations...)
		}
		if d.Expiry == nil {
			d.Expiry = &c.Sign.Expiry
		} else if *d.Expiry != 0 {
			outlives(key+".expiry", *d.Expiry)
		}
	}
	if c.HTTP.Listen != "" {
		if _, _, err := net.SplitHostPort(c.HTTP.Listen); err != nil {
			problem("http.listen", "%q is not of the form host:port", c.HTTP.Listen)
		}
	}

	address("dns.resolver", c.DNS.Resolver)
	positive("dns.timeout", c.DNS.Timeout)
	positive("dns.settle", c.DNS.Settle)

	address("publish.server", c.Publish.Server)
	if c.Publish.Server != "" && !filepath.IsAbs(c.Publish.KeyFile) {
		problem("publish.key_file", "%q is not an absolute path: the server takes changes signed with a TSIG key only", c.Publish.KeyFile)
	}
	positive("publish.timeout", c.Publish.Timeout)

	names := func(key string, list ...string) {
		for _, name := range list {
			if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" || strings.Trim(name, ".") == "" {
				problem(key, "%q is not a host name in lower case, nor the end of one", name)
			}
		}
	}
	names("desk.our_name_servers", c.Desk.OurNameServers...)
	names("desk.our_mail_servers", c.Desk.OurMailServers...)
	if c.Desk.SPFInclude != "" {
		names("desk.spf_include", c.Desk.SPFInclude)
	}
	source := func(key, value string) {
		if value != "" && !filepath.IsAbs(strings.TrimPrefix(value, "command:")) {
			problem(key, "%q is neither the absolute path of a file nor command: and that of a program", value)
		}
	}
	source("desk.hosted_domains", c.Desk.HostedDomains)
	source("desk.contacts", c.Desk.Contacts)
	for _, day := range c.Desk.Holidays {
		if _, err := time.Parse(time.DateOnly, day); err != nil {
			problem("desk.holidays", "%q is not a date in the form 2026-12-29", day)
		}
	}
	if p := c.Desk.Providers; p != "" && !filepath.IsAbs(p) {
		problem("desk.providers", "%q is not an absolute path", p)
	}
	if l := c.Desk.Letters; l != "" && !filepath.IsAbs(l) {
		problem("desk.letters", "%q is not an absolute path", l)
	}
	oneOf("desk.lang", c.Desk.Lang, "ja", "en")
	c.Desk.checkAccess(problem)

	oneOf("log.format", c.Log.Format, "text", "json")
	oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
}

// checkAccess notes what is wrong with where the web page is, and who may see it.
func (d Desk) checkAccess(problem func(key, format string, args ...any)) {
	address := d.Address()
	open := address.Network == "tcp" && !address.Loopback()
	if address.Network == "unix" {
		if !filepath.IsAbs(address.Address) {
			problem("desk.listen", "%q needs an absolute path", d.Listen)
		}
		if d.TLSCert != "" {
			problem("desk.tls_cert", "it is for host:port: before a unix socket stands a proxy, which has TLS")
		}
	} else if _, _, err := net.SplitHostPort(d.Listen); err != nil {
		problem("desk.listen", "%q is neither host:port nor unix:PATH", d.Listen)
		open = false
	}
	for _, file := range []struct{ key, path string }{
		{"desk.tls_cert", d.TLSCert}, {"desk.tls_key", d.TLSKey}, {"desk.htpasswd", d.HTPasswd},
	} {
		switch {
		case file.path == "" && open:
			problem(file.key, "it is missing: %s can be reached from elsewhere, so that the page needs TLS and logins", d.Listen)
		case file.path != "" && !filepath.IsAbs(file.path):
			problem(file.key, "%q is not an absolute path", file.path)
		}
	}
	if !open && (d.TLSCert == "") != (d.TLSKey == "") {
		problem("desk.tls_key", "tls_cert and tls_key belong together")
	}
}

// CheckDaemon returns what dkimd misses in a configuration that is good enough
// for dkimctl.
func (c *Config) CheckDaemon() error {
	if len(c.Listeners) == 0 {
		return errors.New("there is no [[listener]]: dkimd needs one that Postfix connects to")
	}
	return nil
}
