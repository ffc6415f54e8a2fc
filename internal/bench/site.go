package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"dkimd/keys"
	"dkimd/keys/record"
)

// site is a mail host: so many domains, and a key store that has their keys.
type site struct {
	store   string
	domains int
	values  []string // of the records, one a key
}

const selector = "bench"

func domainOf(i int) string { return fmt.Sprintf("d%07d.example", i) }

// privatePath returns the file of a domain's first private key.
func (s site) privatePath(domain string) string {
	return filepath.Join(s.store, "private", domain, selector+"0.1.pem")
}

// newSite makes a store with an active key of each algorithm for each domain. To
// be quick, all domains share the private keys of the first.
func newSite(path string, domains int, algorithms ...string) (site, error) {
	s := site{store: path, domains: domains}
	store := keys.OpenDir(path)
	if err := store.Create(nil); err != nil {
		return s, err
	}
	move := keys.Move{Time: time.Now(), By: "bench", Why: "bench"}
	d, err := store.Update(domainOf(0), func(c *keys.Change) error {
		for i, algorithm := range algorithms {
			private, err := keys.Generate(algorithm, 2048)
			if err != nil {
				return err
			}
			if _, err := c.Add(fmt.Sprint(selector, i), private, move); err != nil {
				return err
			}
			if err := c.Activate(i, move); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return s, err
	}
	for _, k := range d.Keys {
		s.values = append(s.values, d.Record(k).Key.Value())
	}
	return s, s.copyDomains()
}

func (s site) copyDomains() error {
	first := domainOf(0)
	state, err := os.ReadFile(filepath.Join(s.store, "state", first+".json"))
	if err != nil {
		return err
	}
	for i := 1; i < s.domains; i++ {
		domain := domainOf(i)
		text := bytes.ReplaceAll(state, []byte(first), []byte(domain))
		if err := os.WriteFile(filepath.Join(s.store, "state", domain+".json"), text, 0o600); err != nil {
			return err
		}
		if err := os.Symlink(first, filepath.Join(s.store, "private", domain)); err != nil {
			return err
		}
	}
	return nil
}

// lookup returns the record at a host.
func (s site) lookup(host string) ([]string, error) {
	for i, value := range s.values {
		if strings.HasPrefix(host, record.Host(fmt.Sprint(selector, i), "")) {
			return []string{value}, nil
		}
	}
	return nil, fmt.Errorf("no record at %s", host)
}

// tables returns OpenDKIM's KeyTable and SigningTable.
func (s site) tables() (keyTable, signingTable string) {
	var keys, signing strings.Builder
	for i := range s.domains {
		domain := domainOf(i)
		fmt.Fprintf(&keys, "k%d %s:%s0:%s\n", i, domain, selector, s.privatePath(domain))
		fmt.Fprintf(&signing, "%s k%d\n", domain, i)
	}
	return keys.String(), signing.String()
}
