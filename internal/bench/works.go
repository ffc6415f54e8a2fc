package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"dkimd/keys/record"
)

// work is what some signers are compared at.
type work struct {
	name, title string
	entries     []entry // the first is what the others are compared with
	measure     func(ctx context.Context, e entry, dir string) (figures, error)
}

// entry is a signer, and what it gets to do.
type entry struct {
	contender
	as    string // its name in the table, if not the program's
	site  site
	load  load
	alone bool // Postfix goes without it
}

func (e entry) title() string {
	if e.as != "" {
		return e.as
	}
	return e.name
}

const (
	kilobyte = 1 << 10
	megabyte = 1 << 20
)

// works returns all there is to compare. Stores are made below dir.
func works(all []contender, dir string, wanted func(name string) bool, domains int) ([]work, error) {
	one, err := newSite(filepath.Join(dir, "one"), 1, record.RSA)
	if err != nil {
		return nil, err
	}
	dkimd, opendkim := all[0], all[2]
	everyone := func(l load, names ...string) []entry {
		var list []entry
		for _, c := range all {
			if len(names) == 0 {
				list = append(list, entry{contender: c, site: one, load: l})
			}
			for _, name := range names {
				if c.name == name {
					list = append(list, entry{contender: c, site: one, load: l})
				}
			}
		}
		return list
	}
	small := load{messages: 2000, size: 4 * kilobyte, connections: 64, perConn: 10}
	var list []work
	add := func(w work) {
		if wanted(w.name) {
			list = append(list, w)
		}
	}
	add(work{"4k", "4 KB, RSA-2048", everyone(small), measureLoad})
	add(work{"100k", "100 KB, RSA-2048", everyone(load{messages: 600, size: 100 * kilobyte, connections: 64, perConn: 10}), measureLoad})
	add(work{"10m", "10 MB, RSA-2048, 64 at once", everyone(load{messages: 64, size: 10 * megabyte, connections: 64, perConn: 1}, "dkimd", "OpenDKIM", "rspamd"), measureLoad})
	add(work{"half", "4 KB at half of the rate that is possible", everyone(small, "dkimd", "OpenDKIM", "rspamd"), measureHalf})
	add(work{"idle", fmt.Sprintf("%d idle connections", idle), everyone(small, "dkimd", "OpenDKIM", "rspamd"), measureIdle})
	if wanted("postfix") {
		if err := canRunPostfix(); err != nil {
			fmt.Fprintln(os.Stderr, "Postfix is left out:", err)
		} else {
			relayed := load{messages: 3000, size: 4 * kilobyte, connections: 20, perConn: 1}
			alone := entry{contender: dkimd, as: "none", load: relayed, alone: true}
			add(work{"postfix", "4 KB through Postfix", append([]entry{alone}, everyone(relayed, "dkimd", "OpenDKIM", "rspamd")...), measurePostfix})
		}
	}
	if wanted("two") {
		two, err := newSite(filepath.Join(dir, "two"), 1, record.RSA, record.Ed25519)
		if err != nil {
			return nil, err
		}
		add(work{"two", "4 KB, a second signature", []entry{
			{contender: dkimd, as: "dkimd, RSA", site: one, load: small},
			{contender: dkimd, as: "dkimd, RSA and Ed25519", site: two, load: small},
		}, measureLoad})
	}
	if wanted("domains") {
		many, err := newSite(filepath.Join(dir, "many"), domains, record.RSA)
		if err != nil {
			return nil, err
		}
		any := rand.Perm(domains)
		fresh, known := small, small
		fresh.domain = func(i int) int { return any[i%domains] }
		known.known = small.messages
		known.domain = func(i int) int { return any[i*7919%known.known%domains] } // in another order
		add(work{"domains", fmt.Sprintf("4 KB, RSA-2048, %d domains", domains), []entry{
			{contender: dkimd, as: "dkimd, 1 domain", site: one, load: small},
			{contender: dkimd, as: "dkimd, domains seen before", site: many, load: known},
			{contender: dkimd, as: "dkimd, domains never seen", site: many, load: fresh},
			{contender: opendkim, as: "OpenDKIM", site: many, load: fresh},
		}, measureLoad})
	}
	return list, nil
}
