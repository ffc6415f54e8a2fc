package loginmap

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

// freshness is how long a file's content is believed before the file is looked
// at again.
const freshness = 5 * time.Second

// file is a map in a text file, in the manner of Postfix's login maps: a key,
// blanks, and the logins. # begins a comment, a line that begins with a blank
// goes on with the one before.
type file struct {
	path string
	log  *slog.Logger
	now  func() time.Time

	mu      sync.Mutex
	logins  map[string][]string
	stamp   stamp
	checked time.Time
}

// stamp differs whenever the file has changed.
type stamp struct {
	inode       uint64
	ctime, size int64
}

func openFile(path string, log *slog.Logger) (*file, error) {
	f := &file{path: path, log: log, now: time.Now}
	if err := f.read(); err != nil {
		return nil, err
	}
	f.checked = f.now()
	return f, nil
}

// Logins implements [Map]. It never fails: while the file is away or wrong, what
// was last read from it stays in force.
func (f *file) Logins(key string) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := f.now(); now.Sub(f.checked) >= freshness {
		f.checked = now
		if err := f.read(); err != nil {
			f.log.Error("the login map cannot be read: what it said before stays in force", "error", err)
		}
	}
	return f.logins[key], nil
}

// read reads the file if it has changed.
func (f *file) read() error {
	info, err := os.Stat(f.path)
	if err != nil {
		return err
	}
	stat := info.Sys().(*syscall.Stat_t)
	now := stamp{stat.Ino, stat.Ctim.Nano(), stat.Size}
	if now == f.stamp {
		return nil
	}
	text, err := os.ReadFile(f.path)
	if err != nil {
		return err
	}
	logins, err := parse(string(text))
	if err != nil {
		return fmt.Errorf("%s:%w", f.path, err)
	}
	f.logins, f.stamp = logins, now
	return nil
}

// parse reads the text of a map. Its error begins with the line's number.
func parse(text string) (map[string][]string, error) {
	logins := map[string][]string{}
	key := ""
	number := 0
	for line := range strings.Lines(text) {
		number++
		content := strings.TrimSpace(line)
		if content == "" || content[0] == '#' {
			continue
		}
		list := split(content)
		if line[0] != ' ' && line[0] != '\t' {
			key = strings.ToLower(list[0])
			list = list[1:]
			if !strings.Contains(key, "@") || strings.HasSuffix(key, "@") {
				return nil, fmt.Errorf("%d: %q is neither an address nor @ and a domain", number, key)
			}
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
		logins[key] = append(logins[key], list...)
	}
	return logins, nil
}
