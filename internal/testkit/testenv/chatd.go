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

	"chatd/internal/devstack"
	"chatd/internal/testkit/operations"
)

// The app that the command uses; its credentials have the lengths that tools
// expect.
const (
	appKey    = "sdktestskey1"
	appSecret = "sdktests-secret-sdktests-secret-sdktests-secret-sdktests-secret"
)

const (
	startPatience = time.Minute
	stopPatience  = time.Minute
	pollInterval  = 20 * time.Millisecond
	logShown      = 8 << 10        // bytes of a node's log that are shown when it failed
	testsAt       = "127.0.0.1/32" // where the tests have servers that are called
)

// startChatd starts the nodes and waits until each is ready.
func (e *environment) startChatd(ctx context.Context, path string, nodes int) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	e.export("STREAM_KEY", appKey)
	e.export("STREAM_SECRET", appSecret)
	e.export("STREAM_NODES", strconv.Itoa(nodes))
	if nodes == 1 {
		return e.startNode(ctx, 1, path, "dev", "--data-dir", filepath.Join(e.dir, "dev"), "--key", appKey, "--secret", appSecret, "--addr")
	}
	create := exec.CommandContext(ctx, path, "app", "create", "sdk-tests", "--key", appKey, "--secret", appSecret)
	create.Env = e.serveEnv("")
	if out, err := create.CombinedOutput(); err != nil {
		return fmt.Errorf("chatd app create: %w\n%s", err, out)
	}
	for n := range nodes {
		if err := e.startNode(ctx, n+1, path, "serve"); err != nil {
			return err
		}
	}
	return nil
}

// startNode starts node n and exports its base URL. If args end in --addr, the
// address is an argument, else it is in the environment.
func (e *environment) startNode(ctx context.Context, n int, path string, args ...string) error {
	addr, err := devstack.FreeAddr(ctx)
	if err != nil {
		return err
	}
	env := e.serveEnv(addr)
	if args[len(args)-1] == "--addr" {
		env, args = os.Environ(), append(args, addr)
	}
	log, err := os.Create(filepath.Join(e.dir, "chatd"+strconv.Itoa(n)+".log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the child has its own
	cmd := exec.Command(path, args...) //nolint:gosec,noctx // G204: the program under test; it outlives ctx
	cmd.Env, cmd.Stdout, cmd.Stderr = env, log, log
	p, err := devstack.StartProcess(cmd, syscall.SIGTERM)
	if err != nil {
		return err
	}
	e.ends = append(e.ends, func() error { return stopNode(p, log.Name()) })
	url := "http://" + addr
	if err := waitReady(ctx, p, url); err != nil {
		return fmt.Errorf("node %d: %w", n, err)
	}
	name := "STREAM_URL"
	if n > 1 {
		name += "_" + strconv.Itoa(n)
	}
	e.export(name, url)
	e.nodes = append(e.nodes, url)
	return nil
}

// recordOperations adds what the nodes have served to a file.
func (e *environment) recordOperations(file string) error {
	for _, url := range e.nodes {
		if err := operations.Record(context.Background(), url, file); err != nil {
			return err
		}
	}
	return nil
}

// serveEnv is the environment of chatd as a server on the private PostgreSQL and
// Redis.
func (e *environment) serveEnv(addr string) []string {
	env := append(os.Environ(), "CHATD_STORAGE_URL="+filepath.Join(e.dir, "files"), "CHATD_LINK_PREVIEWS=on", "CHATD_TRANSLATE_URL=dictionary", "CHATD_LINK_NETWORKS="+testsAt, "CHATD_HOOK_NETWORKS="+testsAt)
	for _, v := range e.vars {
		if value, ok := strings.CutPrefix(v, "CHATD_TEST_"); ok {
			env = append(env, "CHATD_"+value)
		}
	}
	if addr != "" {
		env = append(env, "CHATD_ADDR="+addr, "CHATD_STORAGE_URL="+filepath.Join(e.dir, "files"))
	}
	return env
}

// waitReady polls a node until it is ready.
func waitReady(ctx context.Context, p *devstack.Process, url string) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for !ready(ctx, url) {
		select {
		case <-p.Done():
			return errors.New("it ended before it was ready")
		case <-ctx.Done():
			return fmt.Errorf("it is not ready: %w", ctx.Err())
		case <-time.After(pollInterval):
		}
	}
	return nil
}

func ready(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/readyz", http.NoBody)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close() // its status is all that counts
	return resp.StatusCode == http.StatusOK
}

// stopNode stops a node; one that ended before or with an error shows its log.
func stopNode(p *devstack.Process, log string) error {
	early := false
	select {
	case <-p.Done():
		early = true
	default:
	}
	err := errors.Join(p.Stop(syscall.SIGTERM, stopPatience), p.Err())
	switch {
	case err == nil && early:
		err = errors.New("it ended by itself")
	case err == nil:
		return nil
	}
	b, _ := os.ReadFile(log) //nolint:gosec // G304: our own file; what could be read is shown
	return fmt.Errorf("chatd: %w; the end of its log:\n%s", err, b[max(0, len(b)-logShown):])
}
