package keys

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Owners are the numeric owners of a store's two directories. A file takes
// those of its directory.
type Owners struct {
	StateUser    int // may move states: dkimd-check
	StateGroup   int // may read states: the daemon and the support desk
	PrivateGroup int // may read private keys: the daemon alone
}

// Create makes the directories of the store that do not exist yet. Without
// owners they are for the current user alone. state/ comes last: where it
// stands, the store is whole.
func (d *Dir) Create(owners *Owners) error {
	mode := fs.ModeSetgid | 0o750
	if owners == nil {
		owners, mode = &Owners{-1, -1, -1}, 0o700
	}
	err := os.MkdirAll(filepath.Dir(d.path), 0o755)
	if err == nil {
		err = makeDir(d.path, -1, -1, 0o755) // whatever the umask
	}
	if err == nil {
		err = makeDir(d.privateRoot(), -1, owners.PrivateGroup, mode)
	}
	if err == nil {
		err = makeDir(d.stateDir(), owners.StateUser, owners.StateGroup, mode)
	}
	if err != nil {
		return unwritable(err)
	}
	return nil
}

// makeDir makes a directory, unless it is there already. It gets its name when
// it has its owner and mode. An owner of -1 is the current user's.
func makeDir(path string, uid, gid int, mode fs.FileMode) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	temp := tempName(path)
	err := os.Mkdir(temp, 0o700)
	if err == nil || errors.Is(err, fs.ErrExist) {
		err = os.Chown(temp, uid, gid)
	}
	if err == nil {
		err = os.Chmod(temp, mode)
	}
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err == nil {
		return syncDir(filepath.Dir(path))
	}
	os.Remove(temp)
	if _, statErr := os.Lstat(path); statErr == nil {
		return nil // somebody else has made it meanwhile
	}
	return err
}

// makeDirLikeParent makes a directory with the owner, group and mode of the one
// that it stands in.
func makeDirLikeParent(path string) error {
	parent, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return err
	}
	stat := parent.Sys().(*syscall.Stat_t)
	uid := -1
	if os.Geteuid() == 0 { // only root can give away
		uid = int(stat.Uid)
	}
	return makeDir(path, uid, int(stat.Gid), parent.Mode()&(fs.ModePerm|fs.ModeSetgid))
}

// tempName returns the name of a file or directory until it is whole.
func tempName(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".tmp")
}

// lock takes the lock that every change of the store is made under, waiting
// for it. It dies with the process. The lock is on the directory itself: a file
// would have to be made by root and given away in a directory that is another's.
func lock(dir string) (unlock func(), err error) {
	file, err := os.OpenFile(dir, syscall.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX)
		if err != syscall.EINTR {
			break
		}
	}
	if err != nil {
		file.Close()
		return nil, &fs.PathError{Op: "lock", Path: dir, Err: err}
	}
	return func() { file.Close() }, nil
}

// writeFile replaces a file by one rename, after the text is on disk, and
// returns when the rename is. The caller holds the lock.
//
// The user who owns state/ reads hostile DNS, so that root must not follow
// what may have been laid there: hence O_EXCL, which follows no link.
func writeFile(path string, text []byte) error {
	temp := tempName(path)
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := os.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err == nil {
		err = likeDir(file, 0o640)
	}
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		os.Remove(temp)
		return err
	}
	return syncDir(filepath.Dir(path))
}

// likeDir gives a file the owner and group of its directory, and as much of a
// mode as the directory allows.
func likeDir(file *os.File, mode fs.FileMode) error {
	dir, err := os.Stat(filepath.Dir(file.Name()))
	if err != nil {
		return err
	}
	if err := own(file, dir); err != nil {
		return err
	}
	return file.Chmod(mode & dir.Mode().Perm())
}

// own gives a file the owner and group of a directory. Only root can give away;
// who else has the wrong ones would leave a file that the daemon cannot read.
func own(file *os.File, dir fs.FileInfo) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	has, want := info.Sys().(*syscall.Stat_t), dir.Sys().(*syscall.Stat_t)
	if has.Gid == want.Gid && (has.Uid == want.Uid || os.Geteuid() != 0) {
		return nil
	}
	user := -1
	if os.Geteuid() == 0 {
		user = int(want.Uid)
	}
	return file.Chown(user, int(want.Gid))
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// maxFile is the most that a file of the store may have, in bytes: hundreds of
// keys with their history.
const maxFile = 4 << 20

// What such a file makes of a domain is a damaged one: trying again does not help.
var (
	errNotRegular = errors.New("not a regular file")
	errTooLarge   = fmt.Errorf("more than %d bytes", maxFile)
)

// readRegular reads a file whole. A link, a directory or a pipe that would make
// the reader wait is refused.
func readRegular(path string) ([]byte, fs.FileInfo, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		if _, statErr := os.Lstat(path); statErr != nil {
			return nil, nil, err // of a directory on the way
		}
		switch {
		case errors.Is(err, syscall.ELOOP):
			err = &fs.PathError{Op: "open", Path: path, Err: errNotRegular}
		case errors.Is(err, fs.ErrPermission):
			err = fmt.Errorf("%w: give it the owner and group of its directory, and the mode 0640", err)
		}
		return nil, nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, &fs.PathError{Op: "read", Path: path, Err: errNotRegular}
	}
	if info.Size() > maxFile {
		return nil, nil, &fs.PathError{Op: "read", Path: path, Err: errTooLarge}
	}
	text, err := io.ReadAll(io.LimitReader(file, maxFile))
	return text, info, err
}
