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

// The app that the bench makes, on a server that only this run has.
const (
	appKey    = "benchkey0001"
	appSecret = "benchsecretbenchsecretbenchsecretbenchsecretbenchsecret0"
)

// stack is what is measured: PostgreSQL, chatd on it, and a bare broadcast server
// beside them.
type stack struct {
	dir      string
	data     string // PostgreSQL's folder, in dir if it can live there
	binary   string // of chatd
	settings []string
	pg       *devstack.Postgres
	postgres int // its process id; 0 when it is not known
	db       *pgxpool.Pool
	chatd    *server
	bare     *server
}

// server is a process that serves HTTP.
type server struct {
	*devstack.Process
	pid  int
	addr string
}

func startStack(ctx context.Context, binary string, settings []string) (*stack, error) {
	tmp, err := os.MkdirTemp("", "chatd-bench-")
	if err != nil {
		return nil, err
	}
	s := &stack{dir: tmp, binary: binary, settings: settings}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

func (s *stack) start(ctx context.Context) (err error) {
	if err := os.Chmod(s.dir, 0o755); err != nil { //nolint:gosec // G302: PostgreSQL runs as another user when we are root
		return err
	}
	if s.data, err = devstack.Folder(ctx, filepath.Join(s.dir, "data")); err != nil {
		return err
	}
	if s.pg, err = devstack.StartPostgres(ctx, devstack.PostgresOptions{Dir: s.data}); err != nil {
		return err
	}
	s.postgres = postmaster(s.data)
	if s.db, err = pgxpool.New(ctx, s.pg.DSN("postgres")); err != nil {
		return err
	}
	create := exec.CommandContext(ctx, s.binary, "app", "create", "bench", "--key", appKey, "--secret", appSecret) //nolint:gosec // G204: the operator names the binary
	create.Env = s.env("127.0.0.1:0")
	if out, err := create.CombinedOutput(); err != nil {
		return fmt.Errorf("app create: %w: %s", err, out)
	}
	return s.restart(ctx)
}

// env is chatd's environment. The operator's does not go in, so that none of his
// settings changes what is measured unless he says so.
func (s *stack) env(addr string) []string {
	return append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"),
		"CHATD_DATABASE_URL=" + s.pg.DSN("postgres"), "CHATD_LOG_LEVEL=WARN", "CHATD_ADDR=" + addr,
		"CHATD_STORAGE_URL=" + filepath.Join(s.dir, "files"),
	}, s.settings...)
}

// restart stops chatd and the bare server, if they run, and starts them.
func (s *stack) restart(ctx context.Context) error {
	if err := s.stopServers(); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	s.chatd, err = serve(ctx, func(addr string) *exec.Cmd {
		cmd := exec.Command(s.binary, "serve") //nolint:gosec,noctx // G204: the operator names the binary; stop ends it
		cmd.Env = s.env(addr)
		return cmd
	})
	if err != nil {
		return fmt.Errorf("chatd: %w", err)
	}
	s.bare, err = serve(ctx, func(addr string) *exec.Cmd {
		return exec.Command(self, "-bare", addr) //nolint:gosec,noctx // G204: ourselves; stop ends it
	})
	if err != nil {
		return fmt.Errorf("bare server: %w", err)
	}
	return nil
}

// serve starts a server on a free address and waits until it is ready.
func serve(ctx context.Context, command func(addr string) *exec.Cmd) (*server, error) {
	addr, err := devstack.FreeAddr(ctx)
	if err != nil {
		return nil, err
	}
	cmd := command(addr)
	cmd.Stderr = os.Stderr
	p, err := devstack.StartProcess(cmd, syscall.SIGTERM)
	if err != nil {
		return nil, err
	}
	s := &server{Process: p, pid: cmd.Process.Pid, addr: addr}
	if err := s.ready(ctx); err != nil {
		return nil, errors.Join(err, s.Stop(syscall.SIGTERM, stopPatience))
	}
	return s, nil
}

// startPatience bounds how long a server may take to answer.
const startPatience = 30 * time.Second

// ready waits until the server is ready for requests.
func (s *server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.addr+"/readyz", nil)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_ = resp.Body.Close() // nothing is in it
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not ready: %w", ctx.Err())
		case <-s.Done():
			return fmt.Errorf("ended: %v", s.Err()) //nolint:errorlint // nobody looks into it
		case <-poll.C:
		}
	}
}

// stopPatience is how long a process may take to end.
const stopPatience = 30 * time.Second

func (s *stack) stopServers() error {
	var errs []error
	for _, p := range []*server{s.chatd, s.bare} {
		if p != nil {
			errs = append(errs, p.Stop(syscall.SIGTERM, stopPatience))
		}
	}
	s.chatd, s.bare = nil, nil
	return errors.Join(errs...)
}

// stop stops everything and removes the data.
func (s *stack) stop() error {
	err := s.stopServers()
	if s.db != nil {
		s.db.Close()
	}
	if s.pg != nil {
		err = errors.Join(err, s.pg.Stop())
	}
	if s.data != "" {
		err = errors.Join(err, os.RemoveAll(s.data))
	}
	return errors.Join(err, os.RemoveAll(s.dir))
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
