// Package setup makes, from a checked configuration, what both programs work
// with.
package setup

import (
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

// Rules returns the rules of who is signed.
func Rules(c *config.Config) (*signer.Rules, error) {
	rules := &signer.Rules{
		Authenticated:      c.Sign.Authenticated,
		LoginMatch:         signer.LoginMatch(c.Sign.LoginMatch),
		TempFailStoreError: c.Sign.OnStoreError == "tempfail",
		TempFailBadKey:     c.Sign.OnBadKey == "tempfail",
	}
	if name := c.Sign.LoginDefaultDomain; name != "" {
		domain, err := keys.ParseDomain(name)
		if err != nil {
			return nil, fmt.Errorf("sign.login_default_domain: %w", err)
		}
		rules.LoginDefaultDomain = domain
	}
	for i, n := range c.Networks {
		network := signer.Network{Prefixes: n.CIDR}
		for _, name := range n.Domains {
			domain := name
			if name != "*" {
				var err error
				if domain, err = keys.ParseDomain(name); err != nil {
					return nil, fmt.Errorf("network[%d].domains: %w", i+1, err)
				}
			}
			network.Domains = append(network.Domains, domain)
		}
		rules.Networks = append(rules.Networks, network)
	}
	return rules, nil
}

// BodyCanonicalization returns how bodies are made canonical.
func BodyCanonicalization(c *config.Config) signer.Canonicalization {
	if c.Sign.Canonicalization == "relaxed/simple" {
		return "simple"
	}
	return "relaxed"
}

// Milter returns the settings of the milter server and where it listens.
func Milter(c *config.Config, log *slog.Logger) (*milter.Settings, []milter.Endpoint, error) {
	rules, err := Rules(c)
	if err != nil {
		return nil, nil, err
	}
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
	return settings, endpoints, nil
}
