package devstack

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// redisTries is how often a port that somebody took first is replaced.
const redisTries = 5

// Redis is a running Redis of our own, in memory only, for tests.
type Redis struct {
	addr string
	proc *Process
	stop func() error
}

// StartRedis runs redis-server on a free port of the loopback interface, with its
// log in dir, and returns when it answers.
func StartRedis(ctx context.Context, dir string) (*Redis, error) {
	var err error
	for range redisTries {
		var addr string
		if addr, err = FreeAddr(ctx); err != nil {
			break
		}
		var r *Redis
		if r, err = StartRedisAt(ctx, dir, addr); err == nil {
			return r, nil
		}
		if !strings.Contains(err.Error(), "Address already in use") {
			break
		}
	}
	return nil, err
}

// StartRedisAt runs redis-server at an address, as that of one that was killed.
func StartRedisAt(ctx context.Context, dir, addr string) (*Redis, error) {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, fmt.Errorf("redis: %w: install it (Debian: apt-get install redis-server; macOS: brew install redis)", err)
	}
	r, err := startRedis(ctx, path, dir, addr)
	if err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	return r, nil
}

func startRedis(ctx context.Context, path, dir, addr string) (*Redis, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(path, "--bind", host, "--port", port, "--save", "", "--appendonly", "no", "--dir", dir) //nolint:gosec,noctx // G204: redis-server; it outlives ctx
	log, err := os.Create(filepath.Join(dir, "redis.log"))                                                      //nolint:gosec // G304: in the folder that the caller gave
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the child has its own
	cmd.Stdout, cmd.Stderr = log, log
	proc, err := StartProcess(cmd, syscall.SIGKILL)
	if err != nil {
		return nil, err
	}
	r := &Redis{addr: addr, proc: proc}
	r.stop = sync.OnceValue(func() error { return proc.Stop(syscall.SIGTERM, stopPatience) })
	for r.ping(ctx) != nil {
		select {
		case <-proc.Done():
			words, _ := os.ReadFile(log.Name()) // what could be read is shown
			return nil, fmt.Errorf("redis-server: %w\n%s", proc.ended(), words)
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), r.Stop())
		case <-time.After(pollInterval):
		}
	}
	return r, nil
}

// URL returns the address in the form CHATD_REDIS_URL has.
func (r *Redis) URL() string { return "redis://" + r.addr + "/0" }

// Addr returns the address in the form StartRedisAt takes.
func (r *Redis) Addr() string { return r.addr }

// Done is closed when the server has ended, by Stop or by itself.
func (r *Redis) Done() <-chan struct{} { return r.proc.Done() }

// Stop ends the server; its data is gone. Later calls return what the first did.
func (r *Redis) Stop() error { return r.stop() }

// Kill ends the server as a crash does. Stop may follow.
func (r *Redis) Kill() error { return r.proc.Stop(syscall.SIGKILL, stopPatience) }

// ping asks the server for a sign of life.
func (r *Redis) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", r.addr)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // nothing was written that could be lost
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline) // a TCP connection has deadlines
	}
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	if err == nil && strings.TrimSpace(answer) != "+PONG" {
		err = fmt.Errorf("answered %q", answer)
	}
	return err
}

// FreeAddr returns an address of the loopback interface that nobody listens on now.
func FreeAddr(ctx context.Context) (string, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
