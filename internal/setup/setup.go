// Package setup makes, from a checked configuration, what both programs work
// with.
package setup

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"dkimd/internal/config"
	"dkimd/internal/loginmap"
	"dkimd/keys"
	"dkimd/keys/libcrypto"
	"dkimd/signer"
	"dkimd/signer/milter"
)

// version is set by the Makefile.
var version = "unknown"

// Version returns which build this is.
func Version() string { return version }

// RSA returns what makes RSA signatures in this build.
func RSA() string { return libcrypto.Name() }

// Store returns the key store.
func Store(c *config.Config) *keys.Dir { return keys.OpenDir(c.Keys.Store) }

// Log returns a logger as the configuration wants it.
func Log(c *config.Config, w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Log.Level)); err != nil {
		level = slog.LevelInfo
	}
	options := &slog.HandlerOptions{Level: level}
	if c.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// Rules returns the rules of who is signed. The error joins all problems.
func Rules(c *config.Config, log *slog.Logger) (*signer.Rules, error) {
	var problems []error
	wrong := func(key string, err error) { problems = append(problems, c.At(key, err)) }
	domain := func(key, name string) string {
		domain, err := keys.ParseDomain(name)
		if err != nil {
			wrong(key, err)
		}
		return domain
	}
	rules := &signer.Rules{
		Authenticated:      c.Sign.Authenticated,
		LoginMatch:         signer.LoginMatch(c.Sign.LoginMatch),
		LoginSeparators:    c.Sign.LoginSeparators,
		IncomingDaemons:    c.Sign.IncomingDaemons,
		Options:            signer.Options{Body: body(c.Sign.Canonicalization), Expiry: time.Duration(c.Sign.Expiry)},
		Domains:            map[string]signer.DomainRules{},
		AlsoFields:         map[string]bool{},
		AlsoSignAlways:     c.Sign.AlsoSignWhen == "always",
		TempFailStoreError: c.Sign.OnStoreError == "tempfail",
		TempFailBadKey:     c.Sign.OnBadKey == "tempfail",
	}
	if name := c.Sign.LoginDefaultDomain; name != "" {
		rules.LoginDefaultDomain = domain("sign.login_default_domain", name)
	}
	if spec := c.Sign.LoginMap; spec != "" {
		opened, err := loginmap.Open(spec, log)
		if err != nil {
			wrong("sign.login_map", err)
		}
		rules.LoginMap = opened
	}
	for _, name := range c.Sign.AlsoSign {
		rules.AlsoSign = append(rules.AlsoSign, domain("sign.also_sign", name))
	}
	for i, n := range c.Networks {
		network := signer.Network{Prefixes: n.CIDR}
		for _, name := range n.Domains {
			if name != "*" {
				name = domain(fmt.Sprintf("network[%d].domains", i+1), name)
			}
			network.Domains = append(network.Domains, name)
		}
		rules.Networks = append(rules.Networks, network)
	}
	for i, d := range c.Domains {
		key := fmt.Sprintf("domain[%d]", i+1)
		name := domain(key+".name", d.Name)
		if _, twice := rules.Domains[name]; twice {
			wrong(key+".name", fmt.Errorf("%q stands twice", d.Name))
		}
		if err := signer.CheckIdentity(d.Identity, name); err != nil {
			wrong(key+".identity", err)
		}
		for _, field := range d.SignFields {
			if err := signer.CheckField(field); err != nil {
				wrong(key+".sign_fields", err)
			}
			rules.AlsoFields[strings.ToLower(field)] = true
		}
		rules.Domains[name] = signer.DomainRules{
			Off:        d.Sign != nil && !*d.Sign,
			Subdomains: d.Subdomains,
			Options: signer.Options{
				Body:      body(d.Canonicalization),
				Expiry:    time.Duration(*d.Expiry),
				Identity:  d.Identity,
				Fields:    d.SignFields,
				NoEd25519: d.Ed25519 != nil && !*d.Ed25519,
				Single:    d.SingleSignature,
			},
		}
	}
	return rules, errors.Join(problems...)
}

// body returns how bodies are made canonical.
func body(canonicalization string) signer.Canonicalization {
	_, body, _ := strings.Cut(canonicalization, "/")
	return signer.Canonicalization(body)
}

// Milter returns the settings of the milter server and where it listens, also
// beside an error.
func Milter(c *config.Config, log *slog.Logger) (*milter.Settings, []milter.Endpoint, error) {
	rules, err := Rules(c, log)
	settings := &milter.Settings{
		Log:                   log,
		Rules:                 rules,
		Ring:                  keys.NewKeyring(Store(c)),
		MaxConnections:        c.Milter.MaxConnections,
		MaxConnectionsPerPeer: c.Milter.MaxConnectionsPerPeer,
		IdleTimeout:           time.Duration(c.Milter.IdleTimeout),
		FrameTimeout:          time.Duration(c.Milter.FrameTimeout),
	}
	var endpoints []milter.Endpoint
	for _, l := range c.Listeners {
		endpoints = append(endpoints, milter.Endpoint{
			Network:  l.Address.Network,
			Address:  l.Address.Address,
			Mode:     l.Mode.FileMode(),
			Group:    l.Group,
			Peers:    l.Peers,
			Incoming: l.Direction == "incoming",
		})
	}
	return settings, endpoints, err
}
