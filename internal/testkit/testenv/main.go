// Command testenv runs a command with the servers that tests need, and stops them
// afterwards:
//
//	testenv [-chatd FILE] [-nodes N] [-operations FILE] COMMAND [ARG...]
//
// The command finds a private PostgreSQL and Redis in CHATD_TEST_DATABASE_URL and
// CHATD_TEST_REDIS_URL. With -chatd it also finds that program running: with one
// node as `chatd dev`, with more as that many `chatd serve` on the same PostgreSQL
// and Redis, at the base URLs STREAM_URL, STREAM_URL_2 and so on, with the
// credentials STREAM_KEY and STREAM_SECRET; STREAM_NODES is N. With -operations the operations that
// the nodes answered are added to that file.
//
// testenv exits with the command's status and passes on SIGINT and SIGTERM.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"

	"chatd/internal/devstack"
)

func main() {
	code, err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, "testenv:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func run() (code int, err error) {
	chatd := flag.String("chatd", "", "the chatd to run, a `FILE`")
	nodes := flag.Int("nodes", 1, "how many nodes of it")
	record := flag.String("operations", "", "where to note what the nodes served, a `FILE`")
	flag.Parse()
	if flag.NArg() == 0 || *nodes < 1 {
		flag.Usage()
		return 2, errors.New("no command given")
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	e, err := newEnvironment()
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, e.close()) }()
	if err := e.startServers(ctx); err != nil {
		return 1, err
	}
	if *chatd != "" {
		if err := e.startChatd(ctx, *chatd, *nodes); err != nil {
			return 1, err
		}
	}
	cancel() // from here on signals are the command's
	code, err = e.command(flag.Args())
	if *record != "" && err == nil {
		err = e.recordOperations(*record)
	}
	return code, err
}

// environment is what runs and what the command is told of it.
type environment struct {
	dir   string   // for everything; removed at the end
	vars  []string // NAME=value
	nodes []string // base URLs
	ends  []func() error
}

// newEnvironment makes the folder. PostgreSQL's user must be able to pass through
// it.
func newEnvironment() (*environment, error) {
	dir, err := os.MkdirTemp("", "chatd-env")
	if err != nil {
		return nil, err
	}
	e := &environment{dir: dir, ends: []func() error{func() error { return os.RemoveAll(dir) }}}
	return e, os.Chmod(dir, 0o711) //nolint:gosec // G302: the folders in it are closed
}

// close stops what was started, the last first.
func (e *environment) close() error {
	var errs []error
	for _, end := range slices.Backward(e.ends) {
		errs = append(errs, end())
	}
	return errors.Join(errs...)
}

func (e *environment) export(name, value string) { e.vars = append(e.vars, name+"="+value) }

func (e *environment) startServers(ctx context.Context) error {
	pg, err := devstack.StartPostgres(ctx, devstack.PostgresOptions{Dir: filepath.Join(e.dir, "pg"), Fast: true})
	if err != nil {
		return err
	}
	e.ends = append(e.ends, pg.Stop)
	e.export("CHATD_TEST_DATABASE_URL", pg.DSN("postgres"))
	redis, err := devstack.StartRedis(ctx, e.dir)
	if err != nil {
		return err
	}
	e.ends = append(e.ends, redis.Stop)
	e.export("CHATD_TEST_REDIS_URL", redis.URL())
	return nil
}

// command runs the command and returns its exit status.
func (e *environment) command(args []string) (int, error) {
	cmd := exec.Command(args[0], args[1:]...) //nolint:gosec,noctx // G204: running it is the purpose; signals end it
	cmd.Env = append(os.Environ(), e.vars...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if err := cmd.Start(); err != nil {
		return 1, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case sig := <-signals:
			_ = cmd.Process.Signal(sig) // an error means that it has ended
		case err := <-ended:
			return status(err)
		}
	}
}

// status turns the end of a command into its exit status, as a shell does.
func status(err error) (int, error) {
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return 0, err
	}
	if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal()), nil
	}
	return exit.ExitCode(), nil
}
