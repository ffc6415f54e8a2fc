package keys

import (
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"dkimd/keys/record"
)

const schema = 1

// Dir is a [Store] in a directory:
//
//	state/<domain>.json         the domain; a private key not named here does not exist
//	private/<domain>/<id>.pem   PKCS #8
//
// The state file is the commit point: it is replaced by one rename, after the
// private keys that it names are on disk.
type Dir struct {
	path string
}

// OpenDir returns the store in a directory, which need not exist yet.
func OpenDir(path string) *Dir { return &Dir{path: path} }

func (d *Dir) stateDir() string { return filepath.Join(d.path, "state") }
func (d *Dir) statePath(domain string) string {
	return filepath.Join(d.stateDir(), domain+".json")
}

func (d *Dir) privateRoot() string { return filepath.Join(d.path, "private") }
func (d *Dir) privateDir(domain string) string {
	return filepath.Join(d.privateRoot(), domain)
}

// PrivatePath returns the file that holds the private key of a key pair.
func (d *Dir) PrivatePath(domain string, k Key) string {
	return filepath.Join(d.privateDir(domain), k.ID+".pem")
}

// Check says whether the store can be read at all.
func (d *Dir) Check() error { return checkDir(d.stateDir()) }

// CheckPrivate says whether private keys can be read, as far as their directory
// tells.
func (d *Dir) CheckPrivate() error { return checkDir(d.privateRoot()) }

func checkDir(path string) error {
	dir, err := os.OpenFile(path, syscall.O_DIRECTORY, 0)
	if err != nil {
		return unreadable(err)
	}
	return dir.Close()
}

// Stamp implements [Store].
func (d *Dir) Stamp(domain string) (Stamp, error) {
	info, err := os.Stat(d.statePath(domain))
	if err != nil {
		return Stamp{}, d.missing(err)
	}
	return stampOf(info), nil
}

// Read implements [Store].
func (d *Dir) Read(domain string) (*Domain, Stamp, error) {
	path := d.statePath(domain)
	text, info, err := readRegular(path)
	var read *Domain
	switch {
	case err == nil:
		read, err = decodeDomain(text, domain)
	case !errors.Is(err, errNotRegular) && !errors.Is(err, errTooLarge):
		return nil, Stamp{}, d.missing(err)
	}
	if err != nil {
		return nil, Stamp{}, fmt.Errorf("%s is %w: %w: restore it from a backup", path, ErrBadKey, err)
	}
	return read, stampOf(info), nil
}

func decodeDomain(text []byte, domain string) (*Domain, error) {
	var read Domain
	if err := json.Unmarshal(text, &read); err != nil {
		return nil, err
	}
	if read.Schema != schema {
		return nil, fmt.Errorf("it has schema %d, this program knows %d", read.Schema, schema)
	}
	if read.Name != domain {
		return nil, fmt.Errorf("it is about %q", read.Name)
	}
	for _, k := range read.Keys {
		// The id is a part of a path: take it from nobody but ourselves.
		dot := strings.LastIndexByte(k.ID, '.')
		selector, serial := k.ID[:max(dot, 0)], k.ID[dot+1:]
		if _, err := ParseSelector(selector); err != nil || selector != k.Selector || strings.Trim(serial, "0123456789") != "" || serial == "" {
			return nil, fmt.Errorf("it has a key with the id %q", k.ID)
		}
	}
	return &read, nil
}

// missing tells a domain that has no state file from a store that is away: an
// unmounted store must not look like one without keys.
func (d *Dir) missing(err error) error {
	if errors.Is(err, syscall.ENAMETOOLONG) {
		return ErrNoKeys // longer than any domain that has room for a selector
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return unreadable(err)
	}
	if _, dirErr := os.Stat(d.stateDir()); dirErr != nil {
		return unreadable(dirErr)
	}
	return ErrNoKeys
}

func unreadable(err error) error {
	return fmt.Errorf("the key store cannot be read: %w", err)
}

func stampOf(info fs.FileInfo) Stamp {
	stat := info.Sys().(*syscall.Stat_t)
	return Stamp{inode: int64(stat.Ino), ctime: stat.Ctim.Nano(), size: stat.Size}
}

// Private implements [Store].
func (d *Dir) Private(domain string, k Key) (crypto.Signer, error) {
	path := d.PrivatePath(domain, k)
	text, _, err := readRegular(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotRegular) || errors.Is(err, errTooLarge) {
			return nil, fmt.Errorf("the private key of %s is %w: %w: restore it from a backup, or make a new key pair", domain, ErrBadKey, err)
		}
		return nil, unreadable(err)
	}
	private, err := decodePrivate(text, k.Public)
	if err != nil {
		return nil, fmt.Errorf("%s is %w: %w: restore it from a backup, or make a new key pair", path, ErrBadKey, err)
	}
	return private, nil
}

// Names implements [Store].
func (d *Dir) Names() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		dir, err := os.Open(d.stateDir())
		if err != nil {
			yield("", unreadable(err))
			return
		}
		defer dir.Close()
		for {
			names, err := dir.Readdirnames(1024)
			for _, name := range names {
				domain, ok := strings.CutSuffix(name, ".json")
				if parsed, err := ParseDomain(domain); !ok || err != nil || parsed != domain {
					continue // one on its way, or none of ours
				}
				if !yield(domain, nil) {
					return
				}
			}
			if err == io.EOF {
				return
			}
			if err != nil {
				yield("", unreadable(err))
				return
			}
		}
	}
}

// Update implements [Store].
func (d *Dir) Update(domain string, change func(*Change) error) (*Domain, error) {
	unlock, err := lock(d.stateDir())
	if err != nil {
		return nil, unwritable(err)
	}
	defer unlock()

	known, _, err := d.Read(domain)
	if errors.Is(err, ErrNoKeys) {
		known, err = &Domain{Schema: schema, Name: domain}, nil
	}
	if err != nil {
		return nil, err
	}
	// What an update that died has left behind goes first.
	if err := d.sweep(known); err != nil && !errors.Is(err, fs.ErrPermission) {
		return nil, unwritable(err)
	}
	revoked := len(known.In(Revoked))
	c := &Change{Domain: *known, added: map[string]crypto.Signer{}}
	if err := change(c); err != nil {
		return nil, err
	}
	if err := d.writePrivate(c); err != nil {
		return nil, unwritable(err)
	}
	destroy := len(c.In(Revoked)) > revoked
	if destroy {
		// Who may not destroy private keys is told so before, not after.
		if _, err := os.ReadDir(d.privateDir(domain)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, unwritable(err)
		}
	}
	text, err := json.MarshalIndent(c.Domain, "", "\t")
	if err != nil {
		return nil, err
	}
	if err := writeFile(d.statePath(domain), append(text, '\n')); err != nil {
		return nil, unwritable(err)
	}
	if destroy {
		if err := d.sweep(&c.Domain); err != nil {
			return nil, fmt.Errorf("the keys of %s are moved, but what is left of old private keys cannot be destroyed: %w", domain, err)
		}
	}
	return &c.Domain, nil
}

// sweep destroys what lies among the private keys of a domain and belongs to no
// living key: that of a key that is revoked, or the rest of an update that died.
func (d *Dir) sweep(of *Domain) error {
	dir := d.privateDir(of.Name)
	living := map[string]bool{}
	for _, k := range of.Keys {
		living[k.ID+".pem"] = k.State != Revoked
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	gone := false
	for _, entry := range entries {
		if !living[entry.Name()] {
			if err := os.Remove(filepath.Join(dir, entry.Name())); err != nil {
				return err
			}
			gone = true
		}
	}
	if !gone {
		return nil
	}
	return syncDir(dir)
}

// writePrivate puts the private keys of a change on disk.
func (d *Dir) writePrivate(c *Change) error {
	if len(c.added) == 0 {
		return nil
	}
	dir := d.privateDir(c.Name)
	if err := makeDirLikeParent(dir); err != nil {
		return err
	}
	for id, private := range c.added {
		text, err := encodePrivate(private)
		if err != nil {
			return err
		}
		if err := writeFile(filepath.Join(dir, id+".pem"), text); err != nil {
			return err
		}
	}
	return nil
}

// Add puts a new key pair into the change, in state Pending. Selector is what
// [ParseSelector] returned. A selector that the domain already has is refused.
func (c *Change) Add(selector string, private crypto.Signer, move Move) (Key, error) {
	if c.Pick(selector) >= 0 || c.Delegation.has(selector) {
		return Key{}, fmt.Errorf("%s already has a key with the selector %s: leave --selector out, or choose another", c.Name, selector)
	}
	return c.add(Key{ID: selector + ".1", Selector: selector}, private, move)
}

// add completes a new key that has its id and selector.
func (c *Change) add(key Key, private crypto.Signer, move Move) (Key, error) {
	if err := checkHost(key.Selector, c.Name); err != nil {
		return Key{}, err
	}
	public, err := record.NewKey(private.Public())
	if err != nil {
		return Key{}, err
	}
	key.Algorithm = public.Algorithm
	key.Bits = bits(private)
	key.Created = move.Time.UTC().Truncate(time.Second)
	key.Public = public.Public
	key.move(Pending, move)
	c.Keys = append(c.Keys, key)
	c.added[key.ID] = private
	return key, nil
}

func unwritable(err error) error {
	return fmt.Errorf("the key store cannot be written: %w", err)
}
