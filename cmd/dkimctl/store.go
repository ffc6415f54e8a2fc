package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"strings"
	"time"

	"dkimd/internal/config"
	"dkimd/internal/setup"
	"dkimd/keys"
)

// Users and groups that share the store. The package's sysusers file makes them.
const (
	stateUser    = "dkimd-check" // moves keys that are proven
	stateGroup   = "dkimd-state" // may read states: the daemon and the support desk
	privateGroup = "dkimd"       // the daemon alone
)

// store returns the store, if it can be read, and the configuration.
func (u *ui) store() (*keys.Dir, *config.Config, error) {
	c, err := u.config()
	if err != nil {
		return nil, nil, err
	}
	store := setup.Store(c)
	if err := store.Check(); errors.Is(err, fs.ErrNotExist) {
		return nil, nil, usage(c.At("keys.store", err), "the first dkimctl genkey makes it")
	} else if err != nil {
		return nil, nil, err
	}
	return store, c, nil
}

// createStore returns the store, whose directories it makes if they are not
// there yet.
func (u *ui) createStore(c *config.Config) (*keys.Dir, error) {
	store := setup.Store(c)
	if err := store.Check(); !errors.Is(err, fs.ErrNotExist) {
		return store, err
	}
	var owners *keys.Owners
	if os.Geteuid() == 0 {
		var err error
		if owners, err = lookupOwners(); err != nil {
			u.warn(fmt.Sprintf("%v: the new store %s is for root alone, and a dkimd under another user cannot read it", err, c.Keys.Store))
		}
	}
	if err := store.Create(owners); err != nil {
		return nil, err
	}
	u.hint("this is the first key: the key store " + c.Keys.Store + " is made")
	return store, nil
}

func lookupOwners() (*keys.Owners, error) {
	check, err := user.Lookup(stateUser)
	if err != nil {
		return nil, fmt.Errorf("the user %s does not exist on this host", stateUser)
	}
	var ids []int
	for _, name := range []string{stateGroup, privateGroup} {
		group, err := user.LookupGroup(name)
		if err != nil {
			return nil, fmt.Errorf("the group %s does not exist on this host", name)
		}
		id, err := strconv.Atoi(group.Gid)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	id, err := strconv.Atoi(check.Uid)
	if err != nil {
		return nil, err
	}
	return &keys.Owners{StateUser: id, StateGroup: ids[0], PrivateGroup: ids[1]}, nil
}

// readDomain returns what the store has of a domain, whose name is as the user
// typed it.
func readDomain(store keys.Store, name string) (*keys.Domain, error) {
	domain, err := keys.ParseDomain(name)
	if err != nil {
		return nil, usage(err)
	}
	d, _, err := store.Read(domain)
	if errors.Is(err, keys.ErrNoKeys) {
		hint := "make one: dkimctl genkey " + domain
		for _, parent, ok := strings.Cut(domain, "."); ok; _, parent, ok = strings.Cut(parent, ".") {
			if _, err := store.Stamp(parent); err == nil {
				hint = parent + " has keys: is that what you mean?"
			}
		}
		return nil, notWanted(fmt.Errorf("%s has no keys", domain), hint)
	}
	return d, err
}

// pick returns the place of the key with the selector that the user typed.
func pick(d *keys.Domain, selector string) (int, error) {
	selector, err := keys.ParseSelector(selector)
	if err != nil {
		return 0, usage(err)
	}
	if i := d.Pick(selector); i >= 0 {
		return i, nil
	}
	return 0, notWanted(fmt.Errorf("%s has no key with the selector %s", d.Name, selector), "dkimctl show "+d.Name+" lists its keys")
}

// now is the clock.
var now = time.Now

// moveNow returns the entry that a command leaves in the history of a key.
func moveNow(command string) keys.Move {
	return keys.Move{Time: now().UTC().Truncate(time.Second), By: who(), Why: command}
}

// who returns who is running this, for the history of keys: behind sudo, the
// user who called it.
func who() string {
	if name := os.Getenv("SUDO_USER"); name != "" {
		return name
	}
	if current, err := user.Current(); err == nil {
		return current.Username
	}
	return "uid " + strconv.Itoa(os.Getuid())
}
