package loginmap

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"dkimd/keys"
)

// freshness is how long a file's content is believed before the file is looked
// at again.
const freshness = 5 * time.Second

// file is a map in a text file, in the manner of Postfix's login maps: a key,
// blanks, and the logins. # begins a line of comment, a line that begins with a blank
// goes on with the one before.
type file struct {
	path string
	log  *slog.Logger
	now  func() time.Time

	mu      sync.Mutex
	logins  map[string][]string
	stamp   stamp
	checked time.Time
	reading bool
}

// maxFile is the most that a file may have, in bytes.
const maxFile = 64 << 20

// stamp differs whenever the file has changed.
type stamp struct {
	inode       uint64
	ctime, size int64
}

func openFile(path string, log *slog.Logger) (*file, error) {
	logins, stamp, err := read(path, stamp{})
	if err != nil {
		return nil, err
	}
	f := &file{path: path, log: log, now: time.Now, logins: logins, stamp: stamp}
	f.checked = f.now()
	return f, nil
}

// Logins implements [signer.LoginMap]. It never fails and never waits for the
// disk: until a changed file has been read, and while it is away or wrong, what
// was last read from it stays in force.
func (f *file) Logins(key string) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := f.now(); now.Sub(f.checked) >= freshness && !f.reading {
		f.checked, f.reading = now, true
		go f.refresh(f.stamp)
	}
	return f.logins[key], nil
}

// refresh reads the file, which had that stamp, if it has changed.
func (f *file) refresh(before stamp) {
	logins, stamp, err := read(f.path, before)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reading = false
	switch {
	case err != nil:
		f.log.Error("the login map cannot be read: what it said before stays in force", "error", err)
	case stamp != before:
		f.logins, f.stamp = logins, stamp
	}
}

// read reads a file, unless its stamp is still the one that is known.
func read(path string, known stamp) (map[string][]string, stamp, error) {
	opened, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, known, err
	}
	defer opened.Close()
	info, err := opened.Stat()
	if err != nil {
		return nil, known, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil, known, fmt.Errorf("%s is not a regular file of at most %d bytes", path, maxFile)
	}
	stat := info.Sys().(*syscall.Stat_t)
	now := stamp{stat.Ino, stat.Ctim.Nano(), stat.Size}
	if now == known {
		return nil, known, nil
	}
	text, err := io.ReadAll(opened)
	if err != nil {
		return nil, known, err
	}
	logins, err := parse(string(text))
	if err != nil {
		return nil, known, fmt.Errorf("%s:%w", path, err)
	}
	return logins, now, nil
}

// parse reads the text of a map. Its error begins with the line's number.
func parse(text string) (map[string][]string, error) {
	logins := map[string][]string{}
	key := ""
	number := 0
	for line := range strings.Lines(text) {
		number++
		content := strings.TrimSpace(line)
		list := split(content)
		if len(list) == 0 || content[0] == '#' {
			continue
		}
		if line[0] != ' ' && line[0] != '\t' {
			at := strings.LastIndexByte(list[0], '@')
			if at < 0 {
				return nil, fmt.Errorf("%d: %q is neither an address nor @ and a domain", number, list[0])
			}
			domain, err := keys.ParseDomain(list[0][at+1:])
			if err != nil {
				return nil, fmt.Errorf("%d: %w", number, err)
			}
			key = strings.ToLower(list[0][:at]) + "@" + domain
			list = list[1:]
			if logins[key] != nil {
				return nil, fmt.Errorf("%d: %q stands twice", number, key)
			}
			if len(list) == 0 {
				return nil, fmt.Errorf("%d: %q has no login behind it", number, key)
			}
		}
		if key == "" {
			return nil, errors.New(fmt.Sprint(number) + ": the first line begins with a blank, as if it went on with another")
		}
		if i := slices.IndexFunc(list, func(login string) bool { return login[0] == '#' }); i >= 0 {
			return nil, fmt.Errorf("%d: %q is no login: a comment has a line of its own", number, list[i])
		}
		logins[key] = append(logins[key], list...)
	}
	return logins, nil
}
