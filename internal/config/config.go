// Package config reads the configuration of dkimd and dkimctl. It knows TOML
// and what may stand in the file; what a domain or a selector is, it does not.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// Config is a configuration, complete and checked. The keys are explained in
// config.example.toml.
type Config struct {
	Listeners []Listener `toml:"listener"`
	Milter    Milter     `toml:"milter"`
	Keys      Keys       `toml:"keys"`
	Sign      Sign       `toml:"sign"`
	Networks  []Network  `toml:"network"`
	Log       Log        `toml:"log"`
}

// Listener is where MTAs connect.
type Listener struct {
	Address   Address  `toml:"address"`
	Mode      Mode     `toml:"mode"`
	Group     string   `toml:"group"`
	Direction string   `toml:"direction"` // auto or incoming
	Peers     Prefixes `toml:"peers"`
}

// Milter bounds what MTAs can ask of the daemon.
type Milter struct {
	MaxConnections int      `toml:"max_connections"`
	IdleTimeout    Duration `toml:"idle_timeout"`
	FrameTimeout   Duration `toml:"frame_timeout"`
	StopTimeout    Duration `toml:"stop_timeout"`
}

// Keys says where key pairs live and what new ones are like.
type Keys struct {
	Store      string   `toml:"store"`
	Algorithms []string `toml:"algorithms"`
	RSABits    int      `toml:"rsa_bits"`
}

// Sign says whose mail is signed, and how.
type Sign struct {
	Authenticated      bool   `toml:"authenticated"`
	LoginMatch         string `toml:"login_match"` // enforce, report or off
	LoginDefaultDomain string `toml:"login_default_domain"`
	Canonicalization   string `toml:"canonicalization"` // relaxed/relaxed or relaxed/simple
	OnStoreError       string `toml:"on_store_error"`   // tempfail or accept
	OnBadKey           string `toml:"on_bad_key"`       // tempfail or accept
}

// Network is a set of clients that are trusted without a login.
type Network struct {
	CIDR    Prefixes `toml:"cidr"`
	Domains []string `toml:"domains"`
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
			MaxConnections: 1000,
			IdleTimeout:    Duration(2 * time.Hour),
			FrameTimeout:   Duration(30 * time.Second),
			StopTimeout:    Duration(time.Minute),
		},
		Keys: Keys{
			Store:      "/var/lib/dkimd",
			Algorithms: []string{"rsa"},
			RSABits:    2048,
		},
		Sign: Sign{
			Authenticated:    true,
			LoginMatch:       "enforce",
			Canonicalization: "relaxed/relaxed",
			OnStoreError:     "tempfail",
			OnBadKey:         "accept",
		},
		Log: Log{Format: "text", Level: "info"},
	}
}

// Load reads a configuration. Its error joins all problems, each of one line
// that names the file.
func Load(path string) (*Config, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: start from config.example.toml, or name the file with --config", err)
	}
	if err != nil {
		return nil, err
	}
	c, err := parse(string(text))
	if err != nil {
		return nil, prefixed(path, err)
	}
	return c, nil
}

// prefixed puts a prefix before each of the joined errors.
func prefixed(prefix string, err error) error {
	list, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return fmt.Errorf("%s: %w", prefix, err)
	}
	var all []error
	for _, err := range list.Unwrap() {
		all = append(all, fmt.Errorf("%s: %w", prefix, err))
	}
	return errors.Join(all...)
}

func parse(text string) (*Config, error) {
	c := defaults()
	meta, err := toml.Decode(text, c)
	if err != nil {
		return nil, oneLine(err)
	}
	var problems []error
	for _, key := range meta.Undecoded() {
		problems = append(problems, fmt.Errorf("unknown key %s", key))
	}
	problems = append(problems, c.check()...)
	return c, errors.Join(problems...)
}

// oneLine makes one line of an error of the TOML library, with the place where
// it stands, if the library tells it.
func oneLine(err error) error {
	var at toml.ParseError
	if !errors.As(err, &at) {
		return errors.New(strings.TrimPrefix(err.Error(), "toml: "))
	}
	message := at.Message
	if message == "" {
		message = strings.TrimPrefix(strings.TrimPrefix(err.Error(), "toml: "), fmt.Sprintf("line %d", at.Position.Line))
		if _, after, ok := strings.Cut(message, "): "); ok { // what stands before is the last key
			message = after
		}
	}
	if at.LastKey != "" {
		message = at.LastKey + ": " + message
	}
	return fmt.Errorf("line %d: %s", at.Position.Line, strings.ReplaceAll(message, "\n", " "))
}

// check returns what is wrong with the values.
func (c *Config) check() []error {
	var problems []error
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	oneOf := func(key, value string, allowed ...string) {
		if !slices.Contains(allowed, value) {
			problem("%s = %q: it is one of %s", key, value, strings.Join(allowed, ", "))
		}
	}
	positive := func(key string, value Duration) {
		if value <= 0 {
			problem("%s = %q: it must be longer than nothing", key, value)
		}
	}

	seen := map[string]bool{}
	for i := range c.Listeners {
		l := &c.Listeners[i]
		key := fmt.Sprintf("listener[%d]", i+1)
		if l.Address.Network == "" {
			problem("%s.address is missing: unix:PATH, inet:HOST:PORT or inet:PORT@HOST", key)
			continue
		}
		if seen[l.Address.String()] {
			problem("%s.address = %q stands twice", key, l.Address)
		}
		seen[l.Address.String()] = true
		if l.Direction == "" {
			l.Direction = "auto"
		}
		oneOf(key+".direction", l.Direction, "auto", "incoming")
		switch {
		case l.Address.Network == "unix" && len(l.Peers) > 0:
			problem("%s.peers is for inet: who may connect to a unix socket is said by mode and group", key)
		case l.Address.Network == "tcp" && (l.Group != "" || l.Mode.set):
			problem("%s.mode and group are for unix: who may connect to an inet listener is said by peers", key)
		case l.Address.Network == "tcp" && !l.Address.Loopback() && len(l.Peers) == 0:
			problem("%s.peers is missing: whoever reaches %s dictates login and client address, so that it must be said which hosts may connect", key, l.Address)
		}
	}

	if c.Milter.MaxConnections < 1 {
		problem("milter.max_connections = %d: it must be at least 1", c.Milter.MaxConnections)
	}
	positive("milter.idle_timeout", c.Milter.IdleTimeout)
	positive("milter.frame_timeout", c.Milter.FrameTimeout)
	positive("milter.stop_timeout", c.Milter.StopTimeout)

	if !filepath.IsAbs(c.Keys.Store) {
		problem("keys.store = %q: it must be an absolute path", c.Keys.Store)
	}
	if len(c.Keys.Algorithms) == 0 {
		problem("keys.algorithms is empty: it lists rsa, ed25519 or both")
	}
	for i, algorithm := range c.Keys.Algorithms {
		oneOf("keys.algorithms", algorithm, "rsa", "ed25519")
		if slices.Contains(c.Keys.Algorithms[:i], algorithm) {
			problem("keys.algorithms has %q twice", algorithm)
		}
	}
	if !slices.Contains([]int{2048, 3072, 4096}, c.Keys.RSABits) {
		problem("keys.rsa_bits = %d: it is one of 2048, 3072, 4096", c.Keys.RSABits)
	}

	oneOf("sign.login_match", c.Sign.LoginMatch, "enforce", "report", "off")
	oneOf("sign.canonicalization", c.Sign.Canonicalization, "relaxed/relaxed", "relaxed/simple")
	oneOf("sign.on_store_error", c.Sign.OnStoreError, "tempfail", "accept")
	oneOf("sign.on_bad_key", c.Sign.OnBadKey, "tempfail", "accept")

	for i, n := range c.Networks {
		if len(n.CIDR) == 0 {
			problem("network[%d].cidr is missing", i+1)
		}
		if len(n.Domains) == 0 {
			problem(`network[%d].domains is missing: it lists what these clients may send as; ["*"] is everything`, i+1)
		}
	}

	oneOf("log.format", c.Log.Format, "text", "json")
	oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	return problems
}

// CheckDaemon returns what dkimd misses in a configuration that is good enough
// for dkimctl.
func (c *Config) CheckDaemon() error {
	if len(c.Listeners) == 0 {
		return errors.New("there is no [[listener]]: dkimd needs one that Postfix connects to")
	}
	return nil
}
