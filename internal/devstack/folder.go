package devstack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
)

// Folders returns the absolute paths of the folders that Folder chooses from when
// dir is asked for, the first that will do.
func Folders(dir string) ([]string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(abs))
	name := filepath.Base(filepath.Dir(abs)) + "-" + hex.EncodeToString(sum[:4])
	return []string{
		abs,
		filepath.Join("/var/lib/chatd", name),
		filepath.Join(os.TempDir(), "chatd-"+strconv.Itoa(os.Geteuid()), name),
	}, nil
}

// Folder returns the absolute path of the folder to use when dir was asked for,
// and makes it. That is dir, except when we are root and the user that PostgreSQL
// runs as cannot get there (below a home that is closed to others) or its path is
// too long for a socket: then it is a folder named after dir in /var/lib/chatd or,
// where that cannot be, the folder for temporary files.
func Folder(ctx context.Context, dir string) (string, error) {
	folders, err := Folders(dir)
	if err != nil {
		return "", err
	}
	why := usable(ctx, folders[0])
	if why == nil {
		return folders[0], nil
	}
	for _, other := range folders[1:] {
		parent := filepath.Dir(other)
		if makeFolder(parent) != nil {
			continue
		}
		if uid, _, err := owner(parent); err != nil || int(uid) != os.Geteuid() {
			continue // somebody made it to catch us
		}
		if usable(ctx, other) == nil {
			return other, nil
		}
	}
	return "", why
}

// errUnreachable marks a folder that PostgreSQL's user cannot enter.
var errUnreachable = errors.New("cannot be entered")

// usable makes the folder dir and checks that PostgreSQL can live there. A folder
// that it made in vain it removes.
func usable(ctx context.Context, dir string) error {
	if len(dir)+len("/s") > maxSocket {
		return fmt.Errorf("the path %s is too long for a unix socket", dir)
	}
	_, statErr := os.Lstat(dir)
	if err := makeFolder(dir); err != nil {
		return err
	}
	err := enter(ctx, dir)
	if err != nil && errors.Is(statErr, os.ErrNotExist) {
		_ = os.Remove(dir) // it is empty, and it does no harm
	}
	return err
}

// makeFolder makes the folder dir, or checks that it is ours. As root it may also
// be another user's, and others may pass through our own (not look): the cluster
// in it belongs to somebody else.
func makeFolder(dir string) error {
	mode, root := os.FileMode(0o700), os.Geteuid() == 0
	if root {
		mode = 0o711
	}
	if err := os.MkdirAll(dir, mode); err != nil {
		return err
	}
	uid, _, err := owner(dir)
	if err != nil {
		return err
	}
	if int(uid) != os.Geteuid() {
		if root {
			return nil
		}
		return fmt.Errorf("%s belongs to another user", dir)
	}
	fi, err := os.Stat(dir)
	if err != nil || fi.Mode().Perm()&mode == mode {
		return err
	}
	return os.Chmod(dir, fi.Mode().Perm()|mode)
}

// enter tries whether PostgreSQL's user can enter dir, by entering it.
func enter(ctx context.Context, dir string) error {
	acct, err := postgresAccount(dir)
	if acct == nil || err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", ":")
	cmd.Dir, cmd.SysProcAttr = dir, &syscall.SysProcAttr{Credential: acct.credential()}
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %w by %s", dir, errUnreachable, acct)
	}
	return nil
}

// lock is a locked file. The end of the process releases it too.
type lock struct{ file *os.File }

// release gives up the lock. Closing the file alone would leave it to a child that
// is being made at this moment, until that runs its program.
func (l *lock) release() error {
	return errors.Join(syscall.Flock(int(l.file.Fd()), syscall.LOCK_UN), l.file.Close())
}

// lockFile makes and locks a file; ErrInUse if another process has locked it.
func lockFile(path string) (*lock, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // G304: a file in our own folder
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = ErrInUse
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &lock{f}, nil
}
