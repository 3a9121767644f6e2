package devstack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// pollInterval is how often a server that starts is asked whether it is ready.
	pollInterval = 10 * time.Millisecond
	// retryInterval and retryFor bound the wait for the remains of a server that
	// was killed.
	retryInterval = 100 * time.Millisecond
	retryFor      = 15 * time.Second
	// stopPatience is how long a server may take to write what it has in memory.
	stopPatience = time.Minute
)

// PostgresOptions say where and how PostgreSQL runs.
type PostgresOptions struct {
	Dir string // the data folder, absolute; see Folder
	// Fast gives up durability for speed: data does not survive a crash of the
	// machine. For tests.
	Fast bool
}

// Postgres is a running PostgreSQL of our own. Its superuser and owner is chatd,
// without a password: the socket's folder is what protects it.
type Postgres struct {
	cluster *cluster
	proc    *Process
	stop    func() error
}

// StartPostgres runs PostgreSQL in a data folder and returns when it answers. A
// new folder gets a new cluster. ErrInUse: another process runs it; ErrNoPostgres:
// none is installed. The context bounds the start only; Stop ends the server.
func StartPostgres(ctx context.Context, o PostgresOptions) (*Postgres, error) {
	c, err := openCluster(ctx, o.Dir)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	if err := c.init(ctx, o.Fast); err != nil {
		return nil, fmt.Errorf("postgres: %w", errors.Join(err, c.lock.release()))
	}
	proc, err := c.start(ctx, o.Fast)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", errors.Join(err, c.lock.release()))
	}
	p := &Postgres{cluster: c, proc: proc}
	p.stop = sync.OnceValue(func() error {
		return errors.Join(proc.Stop(syscall.SIGINT, stopPatience), c.lock.release()) // SIGINT: fast shutdown
	})
	return p, nil
}

// DSN returns the URL of a database of the cluster; "postgres" always exists.
func (p *Postgres) DSN(database string) string { return p.cluster.dsn(database) }

// Done is closed when the server has ended, by Stop or by itself.
func (p *Postgres) Done() <-chan struct{} { return p.proc.Done() }

// Stop ends the server after it has written everything, closing connections that
// are open, and frees the folder. Later calls return what the first did.
func (p *Postgres) Stop() error { return p.stop() }

// start starts the server and waits until it answers. It waits too for what is
// left of a server that was killed, which may still hold the cluster.
func (c *cluster) start(ctx context.Context, fast bool) (*Process, error) {
	giveUp := time.Now().Add(retryFor)
	for {
		if err := c.stopLeftover(ctx); err != nil {
			return nil, err
		}
		p, err := c.startOnce(ctx, fast)
		if err == nil || !isHeld(err) || time.Now().After(giveUp) {
			return p, err
		}
		if err := pause(ctx, retryInterval); err != nil {
			return nil, err
		}
	}
}

// isHeld tells whether another server seems to run the cluster.
func isHeld(err error) bool {
	return strings.Contains(err.Error(), `"postmaster.pid" already exists`) ||
		strings.Contains(err.Error(), "pre-existing shared memory block")
}

func (c *cluster) startOnce(ctx context.Context, fast bool) (*Process, error) {
	log, err := os.OpenFile(c.log(), os.O_CREATE|os.O_WRONLY|os.O_TRUNC|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()                          // the child has its own
	cmd := exec.Command(c.prog.postgres(), c.settings(fast)...) //nolint:gosec,noctx // G204: the program that we found; it outlives ctx
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = "/", childEnv(), log, log
	p, err := startAs(c.acct, cmd, syscall.SIGINT)
	if err != nil {
		return nil, fmt.Errorf("%s as %s: %w", c.prog.postgres(), c.acct, err)
	}
	for c.ping(ctx) != nil {
		select {
		case <-p.Done():
			return nil, fmt.Errorf("%s as %s: %w\n%s", c.prog.postgres(), c.acct, p.ended(), c.lastWords())
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), p.Stop(syscall.SIGINT, stopPatience))
		case <-time.After(pollInterval):
		}
	}
	return p, nil
}

// settings are the server's arguments. They are complete: nothing has to be
// written into the cluster's own files.
func (c *cluster) settings(fast bool) []string {
	set := []string{
		"listen_addresses=",
		"port=5432",
		"unix_socket_directories=" + c.socket(),
		"unix_socket_permissions=0700",
		"max_connections=200",
		"shared_buffers=256MB",
		"max_wal_size=2GB",
		"random_page_cost=1.1", // solid-state disks
		"jit=off",              // short queries: compiling them costs more than it saves
		"timezone=UTC",
		"log_timezone=UTC",
		"log_min_messages=log", // a client's error is the client's to log
	}
	if fast {
		set = append(set, "fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0")
	} else {
		set = append(set, "fsync=on", "synchronous_commit=on", "full_page_writes=on")
	}
	args := []string{"-D", c.data()}
	for _, s := range set {
		args = append(args, "-c", s)
	}
	return args
}
