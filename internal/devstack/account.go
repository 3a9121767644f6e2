package devstack

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// account is the user that PostgreSQL runs under when we are root, which it
// refuses to be. A nil account is ourselves.
type account struct {
	name     string
	uid, gid uint32
}

// postgresAccount picks the account for a cluster in the folder dir, which exists:
// nil unless we are root, then the folder's owner, and for a folder of root's own
// the user postgres or else nobody.
func postgresAccount(dir string) (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil //nolint:nilnil // nil is ourselves
	}
	if uid, gid, err := owner(dir); err != nil || uid != 0 {
		return &account{name: "the owner of " + dir, uid: uid, gid: gid}, err
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("user %s: %w", name, err)
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("user %s: %w", name, err)
		}
		return &account{name: "the user " + name, uid: uint32(uid), gid: uint32(gid)}, nil
	}
	return nil, errors.New("PostgreSQL refuses to run as root, and there is no user postgres or nobody to run it as")
}

func (a *account) credential() *syscall.Credential {
	if a == nil {
		return nil
	}
	return &syscall.Credential{Uid: a.uid, Gid: a.gid}
}

// own makes dir, private to the account.
func (a *account) own(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if a == nil {
		return nil
	}
	return os.Chown(dir, int(a.uid), int(a.gid))
}

// owner returns whose the file or folder path is, which must not be a link.
func owner(path string) (uid, gid uint32, err error) {
	fi, err := os.Lstat(path)
	if err != nil {
		return 0, 0, err
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok || fi.Mode()&os.ModeSymlink != 0 {
		return 0, 0, fmt.Errorf("%s is a link", path)
	}
	return st.Uid, st.Gid, nil
}

func (a *account) String() string {
	if a == nil {
		return "the current user"
	}
	return a.name
}
