// Package setup makes, from a checked configuration, what both programs work
// with.
package setup

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"dkimd/internal/config"
	"dkimd/keys"
	"dkimd/signer"
	"dkimd/signer/milter"
)

// version is set by the Makefile.
var version = "unknown"

// Version returns which build this is.
func Version() string { return version }

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
func Rules(c *config.Config) (*signer.Rules, error) {
	rules := &signer.Rules{
		Authenticated:      c.Sign.Authenticated,
		LoginMatch:         signer.LoginMatch(c.Sign.LoginMatch),
		TempFailStoreError: c.Sign.OnStoreError == "tempfail",
		TempFailBadKey:     c.Sign.OnBadKey == "tempfail",
	}
	var problems []error
	domain := func(key, name string) string {
		domain, err := keys.ParseDomain(name)
		if err != nil {
			problems = append(problems, c.At(key, err))
		}
		return domain
	}
	if name := c.Sign.LoginDefaultDomain; name != "" {
		rules.LoginDefaultDomain = domain("sign.login_default_domain", name)
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
	return rules, errors.Join(problems...)
}

// BodyCanonicalization returns how bodies are made canonical.
func BodyCanonicalization(c *config.Config) signer.Canonicalization {
	if c.Sign.Canonicalization == "relaxed/simple" {
		return "simple"
	}
	return "relaxed"
}

// Milter returns the settings of the milter server and where it listens, also
// beside an error.
func Milter(c *config.Config, log *slog.Logger) (*milter.Settings, []milter.Endpoint, error) {
	rules, err := Rules(c)
	settings := &milter.Settings{
		Log:              log,
		Rules:            rules,
		Ring:             keys.NewKeyring(Store(c), log),
		Canonicalization: BodyCanonicalization(c),
		MaxConnections:   c.Milter.MaxConnections,
		IdleTimeout:      time.Duration(c.Milter.IdleTimeout),
		FrameTimeout:     time.Duration(c.Milter.FrameTimeout),
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
