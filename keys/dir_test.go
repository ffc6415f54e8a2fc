package keys

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"dkimd/keys/record"
)

var testTime = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

func newStore(t testing.TB) *Dir {
	t.Helper()
	store := OpenDir(filepath.Join(t.TempDir(), "store"))
	if err := store.Create(nil); err != nil {
		t.Fatal(err)
	}
	return store
}

// add makes a key pair in the store, active or not, and returns it.
func add(t testing.TB, store Store, domain, algorithm string, active bool) Key {
	t.Helper()
	private, err := Generate(algorithm, 2048)
	if err != nil {
		t.Fatal(err)
	}
	var key Key
	_, err = store.Update(domain, func(c *Change) error {
		if _, err := c.Add(c.NextSelector(testTime), private, Move{Time: testTime, By: "test", Why: "test"}); err != nil {
			return err
		}
		if active {
			if err := c.Activate(len(c.Keys)-1, Move{Time: testTime, By: "test", Why: "test"}); err != nil {
				return err
			}
		}
		key = c.Keys[len(c.Keys)-1]
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestUpdateAndRead(t *testing.T) {
	store := newStore(t)
	if _, _, err := store.Read("example.jp"); !errors.Is(err, ErrNoKeys) {
		t.Fatalf("an unknown domain gives %v", err)
	}
	first := add(t, store, "example.jp", record.RSA, true)
	second := add(t, store, "example.jp", record.Ed25519, true)
	third := add(t, store, "example.jp", record.RSA, true)
	for i, want := range []string{"s202611a", "s202611b", "s202611c"} {
		if got := []Key{first, second, third}[i].Selector; got != want {
			t.Errorf("selector %d is %s, want %s", i, got, want)
		}
	}
	d, _, err := store.Read("example.jp")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []State{Retired, Active, Active} {
		if d.Keys[i].State != want {
			t.Errorf("key %d is %s, want %s: a new active key retires the one of its algorithm", i, d.Keys[i].State, want)
		}
	}
	if n := len(d.Keys[0].History); n != 3 {
		t.Errorf("the first key has a history of %d moves, want 3", n)
	}
	for _, k := range d.Keys {
		private, err := store.Private("example.jp", k)
		if err != nil {
			t.Fatal(err)
		}
		public, err := record.NewKey(private.Public())
		if err != nil || public.Value() != d.Record(k).Key.Value() {
			t.Errorf("%s: the private key is not that of the record: %v", k.Selector, err)
		}
	}
	var names []string
	for name, err := range store.Names() {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if fmt.Sprint(names) != "[example.jp]" {
		t.Errorf("the store has %v", names)
	}
}

func TestAnExistingKeyStays(t *testing.T) {
	store := newStore(t)
	key := add(t, store, "example.jp", record.Ed25519, false)
	before, err := os.ReadFile(store.PrivatePath("example.jp", key))
	if err != nil {
		t.Fatal(err)
	}
	private, err := Generate(record.Ed25519, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = store.Update("example.jp", func(c *Change) error {
		_, err := c.Add(key.Selector, private, Move{Time: testTime})
		return err
	})
	if err == nil {
		t.Error("a selector that is in use is given again")
	}
	after, err := os.ReadFile(store.PrivatePath("example.jp", key))
	if err != nil || string(after) != string(before) {
		t.Errorf("the key has changed: %v", err)
	}
}

// An update that dies leaves a private key that no state names. It is no key,
// and is gone after the next update.
func TestRestOfADeadUpdate(t *testing.T) {
	store := newStore(t)
	key := add(t, store, "example.jp", record.Ed25519, false)
	rest := filepath.Join(filepath.Dir(store.PrivatePath("example.jp", key)), "s202611b.1.pem")
	if err := os.WriteFile(rest, []byte("rest"), 0o600); err != nil {
		t.Fatal(err)
	}
	next := add(t, store, "example.jp", record.Ed25519, false)
	if next.Selector != "s202611b" {
		t.Errorf("the next selector is %s", next.Selector)
	}
	if _, err := store.Private("example.jp", next); err != nil {
		t.Error(err)
	}
}

func TestModes(t *testing.T) {
	store := newStore(t)
	key := add(t, store, "example.jp", record.Ed25519, false)
	for _, path := range []string{store.PrivatePath("example.jp", key), store.statePath("example.jp"), filepath.Dir(store.PrivatePath("example.jp", key))} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has the mode %v in a store for one user", path, info.Mode())
		}
	}
}

// Only "no such file" means that a domain has no key.
func TestWhatIsNoKey(t *testing.T) {
	store := newStore(t)
	add(t, store, "example.jp", record.Ed25519, true)
	state := store.statePath("example.jp")
	text, err := os.ReadFile(state)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		damage func() error
		bad    bool // ErrBadKey, else a store error
	}{
		{"empty", func() error { return os.WriteFile(state, nil, 0o600) }, true},
		{"cut", func() error { return os.WriteFile(state, text[:len(text)/2], 0o600) }, true},
		{"of another domain", func() error { return os.Rename(state, store.statePath("b.example")) }, true},
		{"a directory", func() error { return errors.Join(os.Remove(state), os.Mkdir(state, 0o700)) }, true},
		{"a link", func() error { return errors.Join(os.Remove(state), os.Symlink("/etc/passwd", state)) }, true},
		{"a pipe", func() error { return errors.Join(os.Remove(state), syscall.Mkfifo(state, 0o600)) }, true},
		{"gone with the whole store", func() error { return os.Rename(store.stateDir(), store.stateDir()+".away") }, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := test.damage(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				os.Rename(store.stateDir()+".away", store.stateDir())
				os.Remove(store.statePath("b.example"))
				os.Remove(state)
				if err := os.WriteFile(state, text, 0o600); err != nil {
					t.Fatal(err)
				}
			}()
			domain := "example.jp"
			if test.name == "of another domain" {
				domain = "b.example"
			}
			_, _, err := store.Read(domain)
			if err == nil || errors.Is(err, ErrNoKeys) || errors.Is(err, ErrBadKey) != test.bad {
				t.Errorf("it gives %v", err)
			}
		})
	}
}

func TestUpdatesDoNotLoseEachOther(t *testing.T) {
	store := newStore(t)
	var wait sync.WaitGroup
	for range 16 {
		wait.Go(func() { add(t, store, "example.jp", record.Ed25519, false) })
	}
	wait.Wait()
	d, _, err := store.Read("example.jp")
	if err != nil || len(d.Keys) != 16 {
		t.Errorf("16 updates at once made %d keys, %v", len(d.Keys), err)
	}
}

func TestKeyring(t *testing.T) {
	store := newStore(t)
	now := testTime
	ring := NewKeyring(store)
	ring.now = func() time.Time { return now }
	expect := func(what string, active int, pending bool) {
		t.Helper()
		set, err := ring.Lookup("example.jp")
		if err != nil || len(set.Active) != active || set.Pending != pending {
			t.Errorf("%s: %d active, pending %v, %v; want %d, %v", what, len(set.Active), set.Pending, err, active, pending)
		}
	}
	expect("an unknown domain", 0, false)
	key := add(t, store, "example.jp", record.Ed25519, false)
	expect("a new key within the freshness", 0, false)
	now = now.Add(Freshness)
	expect("a new key", 0, true)
	add(t, store, "example.jp", record.Ed25519, true)
	now = now.Add(Freshness)
	expect("an active key", 1, true)
	expect("an active key in memory", 1, true)
	if memory, store := ring.Lookups(); memory != 2 || store != 3 {
		t.Errorf("%d look-ups answered from memory and %d from the store, want 2 and 3", memory, store)
	}

	t.Run("the store goes away", func(t *testing.T) {
		away := store.path + ".away"
		if err := os.Rename(store.path, away); err != nil {
			t.Fatal(err)
		}
		now = now.Add(Freshness)
		expect("a key in memory", 1, true)
		if set, err := ring.Lookup("b.example"); err == nil || errors.Is(err, ErrNoKeys) {
			t.Errorf("a domain not in memory gives %v, %v", set, err)
		}
		if err := os.Rename(away, store.path); err != nil {
			t.Fatal(err)
		}
	})

	t.Run("a private key is damaged", func(t *testing.T) {
		d, _, err := store.Read("example.jp")
		if err != nil {
			t.Fatal(err)
		}
		active := d.In(Active)[0]
		path := store.PrivatePath("example.jp", active)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		other, err := os.ReadFile(store.PrivatePath("example.jp", key))
		if err != nil {
			t.Fatal(err)
		}
		for _, damage := range [][]byte{nil, text[:20], other, []byte("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n")} {
			if err := os.WriteFile(path, damage, 0o600); err != nil {
				t.Fatal(err)
			}
			add(t, store, "example.jp", record.Ed25519, false) // so that the domain is read again
			now = now.Add(Freshness)
			if _, err := ring.Lookup("example.jp"); !errors.Is(err, ErrBadKey) {
				t.Errorf("damaged as %q: %v", damage, err)
			}
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		expect("mended", 1, true) // at once: no error is remembered
	})
}

func TestLetters(t *testing.T) {
	for n, want := range map[int]string{0: "a", 25: "z", 26: "aa", 27: "ab", 51: "az", 52: "ba", 701: "zz", 702: "aaa"} {
		if got := letters(n); got != want {
			t.Errorf("letters(%d) = %s, want %s", n, got, want)
		}
	}
}

func TestCreateKeepsWhatIsThere(t *testing.T) {
	store := newStore(t)
	if err := os.Chmod(store.stateDir(), 0o710); err != nil {
		t.Fatal(err)
	}
	if err := store.Create(nil); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(store.stateDir())
	if err != nil || info.Mode().Perm() != 0o710 {
		t.Errorf("the directory has the mode %v now, %v", info.Mode(), err)
	}
	if _, err := os.Stat(filepath.Join(store.path, "private")); errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// hangingStore is a store whose disk does not answer, until it is let go.
type hangingStore struct {
	Store
	hang chan struct{}
}

func (s hangingStore) Stamp(domain string) (Stamp, error) {
	<-s.hang
	return s.Store.Stamp(domain)
}

func (s hangingStore) Read(domain string) (*Domain, Stamp, error) {
	<-s.hang
	return s.Store.Read(domain)
}

func TestAStoreThatHangs(t *testing.T) {
	store := newStore(t)
	add(t, store, "example.jp", record.Ed25519, true)
	add(t, store, "b.example", record.Ed25519, true)
	hanging := hangingStore{store, make(chan struct{})}
	ring := NewKeyring(store)
	ring.timeout = 10 * time.Millisecond
	now := testTime
	ring.now = func() time.Time { return now }
	if set, err := ring.Lookup("example.jp"); err != nil || len(set.Active) != 1 {
		t.Fatalf("%d active, %v", len(set.Active), err)
	}
	ring.store = hanging
	now = now.Add(Freshness)
	if set, err := ring.Lookup("example.jp"); err != nil || len(set.Active) != 1 {
		t.Errorf("a key in memory: %d active, %v", len(set.Active), err)
	}
	for range 3 {
		if _, err := ring.Lookup("b.example"); !errors.Is(err, errNoAnswer) {
			t.Errorf("a key not in memory: %v", err)
		}
	}
	if n := len(ring.reading); n != 2 {
		t.Errorf("%d readings are under way, want one a domain", n)
	}
	ring.timeout = time.Millisecond
	for i := range maxReading {
		ring.Lookup(fmt.Sprintf("c%d.example", i))
	}
	if n := len(ring.reading); n != maxReading {
		t.Errorf("%d readings are under way, want %d at most", n, maxReading)
	}
	close(hanging.hang)
	ring.timeout = time.Minute
	if set, err := ring.Lookup("b.example"); err != nil || len(set.Active) != 1 {
		t.Errorf("when it answers again: %d active, %v", len(set.Active), err)
	}
}

func TestAKeyringIsBoundedAndAFloodOfUnknownDomainsLeavesKeysInMemory(t *testing.T) {
	ring := NewKeyring(newStore(t))
	key := entry{set: Set{Active: []SigningKey{{}}}}
	for i := range maxWithKeys + 10 {
		ring.remember(fmt.Sprint("with", i), key)
	}
	for i := range maxWithoutKeys + 10 {
		ring.remember(fmt.Sprint("without", i), entry{})
	}
	if with, without := len(ring.withKeys), len(ring.withoutKeys); with != maxWithKeys || without != maxWithoutKeys {
		t.Errorf("%d domains with keys and %d without, want %d and %d", with, without, maxWithKeys, maxWithoutKeys)
	}
	ring.remember("without0", key) // it has got one
	if e, ok := ring.known("without0"); !ok || len(e.set.Active) != 1 || len(ring.withKeys) != maxWithKeys {
		t.Errorf("a domain that has got a key: %v, %v, %d with keys", e, ok, len(ring.withKeys))
	}
	ring.forget("without0")
	if _, ok := ring.known("without0"); ok {
		t.Error("a domain that is forgotten is known")
	}
}
