package devstack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// ErrInUse means that another process owns the data folder.
var ErrInUse = errors.New("another chatd uses this folder")

// maxSocket is how long the path of a socket's folder may be: what macOS allows,
// less the name of the socket.
const maxSocket = 103 - len("/.s.PGSQL.5432")

// logTail is how much of the server's log goes into an error, in bytes.
const logTail = 2 << 10

// cluster is a PostgreSQL cluster in a data folder:
//
//	DIR/lock          locked by the process that owns the folder
//	DIR/pg15/         the cluster, named for its version, so that another version
//	                  never opens it
//	DIR/s/            the socket
//	DIR/postgres.log  what the server said since it was started
type cluster struct {
	dir  string
	prog programs
	acct *account
	lock *lock
}

func (c *cluster) data() string   { return filepath.Join(c.dir, "pg"+strconv.Itoa(c.prog.major)) }
func (c *cluster) socket() string { return filepath.Join(c.dir, "s") }
func (c *cluster) log() string    { return filepath.Join(c.dir, "postgres.log") }

// dsn is the URL of a database of the cluster.
func (c *cluster) dsn(database string) string {
	q := url.Values{"host": {c.socket()}, "port": {"5432"}, "sslmode": {"disable"}}
	return "postgres://chatd@/" + url.PathEscape(database) + "?" + q.Encode()
}

// openCluster takes possession of the folder dir, which it makes if need be.
func openCluster(ctx context.Context, dir string) (*cluster, error) {
	c := &cluster{dir: dir}
	if len(c.socket()) > maxSocket {
		return nil, fmt.Errorf("the path %s is too long for a unix socket: at most %d bytes", dir, maxSocket-len("/s"))
	}
	if err := makeFolder(dir); err != nil {
		return nil, err
	}
	var err error
	if c.lock, err = lockFile(filepath.Join(dir, "lock")); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	if err := c.prepare(ctx); err != nil {
		return nil, errors.Join(err, c.lock.release())
	}
	return c, nil
}

// prepare finds the programs for what is in the folder and makes its parts.
func (c *cluster) prepare(ctx context.Context) error {
	major, err := c.existing()
	if err != nil {
		return err
	}
	c.prog, err = findPostgres(ctx, major)
	if errors.Is(err, ErrNoPostgres) && major != 0 {
		return fmt.Errorf("%s holds data of PostgreSQL %d, which is not installed: install that version, or remove the folder to start afresh", c.dir, major)
	}
	if err != nil {
		return err
	}
	if c.acct, err = postgresAccount(c.dir); err != nil {
		return err
	}
	return c.acct.own(c.socket())
}

// existing returns the version of the newest cluster in the folder, 0 if none.
func (c *cluster) existing() (int, error) {
	entries, err := os.ReadDir(c.dir)
	newest := 0
	for _, e := range entries {
		if digits, ok := strings.CutPrefix(e.Name(), "pg"); ok {
			if n, err := strconv.Atoi(digits); err == nil {
				newest = max(newest, n)
			}
		}
	}
	return newest, err
}

// init makes the cluster unless it is there. It appears under its name only when it
// is complete.
func (c *cluster) init(ctx context.Context, fast bool) error {
	if _, err := os.Stat(c.data()); err == nil {
		return nil
	}
	unfinished := c.data() + ".new"
	if err := os.RemoveAll(unfinished); err != nil {
		return err
	}
	if err := c.acct.own(unfinished); err != nil {
		return err
	}
	args := []string{"-D", unfinished, "-U", "chatd", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-instructions"}
	if fast {
		args = append(args, "--no-sync")
	}
	var out strings.Builder
	cmd := exec.Command(c.prog.initdb(), args...) //nolint:gosec,noctx // G204: the program that we found; the context is watched below
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = "/", childEnv(), &out, &out
	p, err := startAs(c.acct, cmd, syscall.SIGKILL)
	if err != nil {
		return fmt.Errorf("initdb as %s: %w", c.acct, err)
	}
	select {
	case <-p.Done():
	case <-ctx.Done():
		return errors.Join(ctx.Err(), p.Stop(syscall.SIGTERM, stopPatience))
	}
	if p.Err() != nil {
		return fmt.Errorf("initdb as %s: %w\n%s", c.acct, p.Err(), out.String())
	}
	return os.Rename(unfinished, c.data())
}

// ping connects to the server, whoever started it.
func (c *cluster) ping(ctx context.Context) error {
	conn, err := pgconn.Connect(ctx, c.dsn("postgres"))
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// stopLeftover stops a server that was left behind by a process that was killed:
// nobody waits for it, and it may have other settings.
func (c *cluster) stopLeftover(ctx context.Context) error {
	for c.ping(ctx) == nil {
		pid, err := c.postmaster()
		if err != nil {
			return fmt.Errorf("a PostgreSQL that is not ours serves %s: %w", c.dir, err)
		}
		if err := syscall.Kill(pid, syscall.SIGINT); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stop the PostgreSQL that was left in %s: %w", c.dir, err)
		}
		if err := pause(ctx, pollInterval); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// postmaster returns the process id in the server's own lock file.
func (c *cluster) postmaster() (int, error) {
	b, err := os.ReadFile(filepath.Join(c.data(), "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err == nil && pid <= 1 {
		err = fmt.Errorf("bad process id %d", pid)
	}
	return pid, err
}

// lastWords returns the end of the server's log.
func (c *cluster) lastWords() string {
	f, err := os.Open(c.log())
	if err != nil {
		return err.Error()
	}
	defer func() { _ = f.Close() }()
	if fi, err := f.Stat(); err == nil && fi.Size() > logTail {
		_, _ = f.Seek(-logTail, io.SeekEnd) // on failure more is shown
	}
	b, _ := io.ReadAll(io.LimitReader(f, logTail)) // what could be read is shown
	return strings.TrimSpace(string(b))
}

// pause waits for d or the end of ctx, whose error it returns.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// childEnv is the environment of PostgreSQL's programs: nothing that could change
// their settings, as PGPORT or TZ would.
func childEnv() []string { return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"} }
