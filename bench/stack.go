package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"chatd/internal/devstack"
)

// The app that the bench makes.
const (
	appKey    = "benchkey0001"
	appSecret = "benchsecretbenchsecretbenchsecretbenchsecretbenchsecret0" //nolint:gosec // G101: of a server that only this run has
)

// stack is what is measured: PostgreSQL, chatd on it, and a bare broadcast server
// beside them.
type stack struct {
	dir   string
	pg    *devstack.Postgres
	chatd *devstack.Process
	bare  *devstack.Process
	pid   map[string]int // of "chatd", "postgres" and "bare"
	addr  string         // chatd's
	bares string         // the bare server's address
	db    *pgxpool.Pool
}

func startStack(ctx context.Context, binary string) (*stack, error) {
	tmp, err := os.MkdirTemp("", "chatd-bench-")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(tmp, 0o755); err != nil { //nolint:gosec // G302: PostgreSQL runs as another user when we are root
		return nil, err
	}
	s := &stack{dir: tmp, pid: map[string]int{}}
	if err := s.start(ctx, binary); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

func (s *stack) start(ctx context.Context, binary string) error {
	dir, err := devstack.Folder(ctx, filepath.Join(s.dir, "data"))
	if err != nil {
		return err
	}
	if s.pg, err = devstack.StartPostgres(ctx, devstack.PostgresOptions{Dir: dir}); err != nil {
		return err
	}
	s.pid["postgres"] = postmaster(dir)
	dsn := s.pg.DSN("postgres")
	if s.db, err = pgxpool.New(ctx, dsn); err != nil {
		return err
	}
	env := append(os.Environ(), "CHATD_DATABASE_URL="+dsn, "CHATD_LOG_LEVEL=WARN")
	create := exec.CommandContext(ctx, binary, "app", "create", "bench", "--key", appKey, "--secret", appSecret) //nolint:gosec // G204: the operator names the binary
	create.Env = env
	if out, err := create.CombinedOutput(); err != nil {
		return fmt.Errorf("app create: %w: %s", err, out)
	}
	if s.addr, err = devstack.FreeAddr(ctx); err != nil {
		return err
	}
	serve := exec.Command(binary, "serve") //nolint:gosec,noctx // G204: the operator names the binary; stop ends it
	serve.Env, serve.Stderr = append(env, "CHATD_ADDR="+s.addr), os.Stderr
	if s.chatd, err = devstack.StartProcess(serve, syscall.SIGTERM); err != nil {
		return err
	}
	s.pid["chatd"] = serve.Process.Pid
	if err := waitFor(ctx, "http://"+s.addr+"/readyz"); err != nil {
		return err
	}
	return s.startBare(ctx)
}

func (s *stack) startBare(ctx context.Context) (err error) {
	if s.bares, err = devstack.FreeAddr(ctx); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self, "-bare", s.bares) //nolint:gosec,noctx // G204: ourselves; stop ends it
	cmd.Stderr = os.Stderr
	if s.bare, err = devstack.StartProcess(cmd, syscall.SIGTERM); err != nil {
		return err
	}
	s.pid["bare"] = cmd.Process.Pid
	return waitFor(ctx, "http://"+s.bares+"/readyz")
}

// stopPatience is how long a process may take to end.
const stopPatience = 30 * time.Second

func (s *stack) stop() error {
	var errs []error
	for _, p := range []*devstack.Process{s.chatd, s.bare} {
		if p != nil {
			errs = append(errs, p.Stop(syscall.SIGTERM, stopPatience))
		}
	}
	if s.db != nil {
		s.db.Close()
	}
	if s.pg != nil {
		errs = append(errs, s.pg.Stop())
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}

// startPatience bounds how long a server may take to answer.
const startPatience = 30 * time.Second

func waitFor(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w", url, ctx.Err())
		case <-tick.C:
		}
	}
}

// postmaster reads the pid of the cluster in dir; 0 when it cannot.
func postmaster(dir string) int {
	files, err := filepath.Glob(filepath.Join(dir, "pg*", "postmaster.pid"))
	if err != nil || len(files) == 0 {
		return 0
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(b), "\n")
	pid, _ := strconv.Atoi(line) // 0 is "not known", too
	return pid
}
