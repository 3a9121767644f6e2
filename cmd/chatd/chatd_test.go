package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"chatd/internal/auth"
	"chatd/internal/devstack"
	"chatd/internal/testkit/testdb"
)

// helperVariable makes this test binary behave as chatd, so that one can be killed.
const helperVariable = "RUN_CHATD"

func TestMain(m *testing.M) {
	if os.Getenv(helperVariable) != "" {
		main()
		return
	}
	testdb.Main(m)
}

// command runs one command line with these variables and returns what it printed.
func command(t *testing.T, environ []string, args ...string) (string, error) {
	t.Helper()
	out := newOutput()
	err := run(t.Context(), args, &terminal{environ: environ, out: out, err: out})
	return out.String(), err
}

func TestCommandsThatFail(t *testing.T) {
	t.Parallel()
	key, secret := strings.Repeat("k", 12), strings.Repeat("s", 64)
	for _, tt := range []struct {
		args    string
		environ []string
		want    string
	}{
		{"serve", nil, "CHATD_DATABASE_URL is not set"},
		{"migrate up", nil, "CHATD_DATABASE_URL is not set"},
		{"migrate status", nil, "CHATD_DATABASE_URL is not set"},
		{"app create x", nil, "CHATD_DATABASE_URL is not set"},
		{"app list", nil, "CHATD_DATABASE_URL is not set"},
		{"serve", []string{"CHATD_ADR=:1", "CHATD_LOG_FORMAT=xml"}, "did you mean CHATD_ADDR?"},
		{"config", []string{"CHATD_LOG_FORMAT=xml"}, `"xml" is not one of json, text`},
		{"token ann", nil, "whose app?"},
		{"token ann --secret s --ttl -1s", nil, "--ttl"},
		{"token a,b --secret s", nil, "not valid"},
		{"token", nil, "<user>"},
		{"dev --key short --secret " + secret, nil, "--key"},
		{"dev --key " + key, nil, "--secret"},
		{"dev --key " + key + " --secret short", nil, "--secret"},
		{"dev --addr nowhere", nil, "--addr"},
		{"wash", nil, "unexpected argument wash"},
		{"", nil, "expected one of"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			args := strings.Fields(tt.args)
			if len(args) > 0 && args[0] == "token" {
				args = append(args, "--data-dir", t.TempDir())
			}
			if out, err := command(t, tt.environ, args...); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q\n%s", err, tt.want, out)
			}
		})
	}
}

func TestConfigAndVersion(t *testing.T) {
	t.Parallel()
	out, err := command(t, []string{"CHATD_DATABASE_URL=postgres://chatd:hunter2@db/chatd"}, "config")
	if err != nil || !strings.Contains(out, "CHATD_SHUTDOWN_TIMEOUT") || strings.Contains(out, "hunter2") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := command(t, nil, "version"); err != nil || !strings.HasPrefix(out, "chatd ") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestTokenWithSecret(t *testing.T) {
	t.Parallel()
	secret := strings.Repeat("s", 64)
	out, err := command(t, nil, "token", "ann", "--secret", secret, "--ttl", "1h")
	if err != nil {
		t.Fatal(err)
	}
	checkToken(t, out, secret, "ann", time.Hour)
}

func checkToken(t *testing.T, token, secret, user string, ttl time.Duration) {
	t.Helper()
	c, err := auth.NewVerifier(1).Verify(strings.TrimSpace(token), []string{secret}, auth.Options{Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if c.UserID != user || c.IssuedAt == nil || (ttl > 0) != (c.ExpiresAt != nil) {
		t.Errorf("%+v", c)
	}
	if ttl > 0 && c.ExpiresAt.Sub(*c.IssuedAt) != ttl {
		t.Errorf("from %v to %v", c.IssuedAt, c.ExpiresAt)
	}
}

// TestProduction goes the way of an operator: schema, app, token, node.
func TestProduction(t *testing.T) {
	t.Parallel()
	addr, err := devstack.FreeAddr(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	environ := []string{"CHATD_DATABASE_URL=" + testdb.Isolated(t), "CHATD_ADDR=" + addr, "CHATD_DATABASE_MAX_CONNS=4", "CHATD_STORAGE_URL=" + t.TempDir()}
	must := func(args ...string) string {
		t.Helper()
		out, err := command(t, environ, args...)
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		return out
	}
	if out := must("migrate", "up"); !strings.Contains(out, "00001_core.sql") || strings.Contains(out, "pending") {
		t.Errorf("migrate up:\n%s", out)
	}
	if _, err := command(t, environ, "token", "ann"); err == nil || !strings.Contains(err.Error(), "no app yet") {
		t.Errorf("token without an app: %v", err)
	}
	made := must("app", "create", "shop")
	var cred credentials
	if _, err := fmt.Sscanf(made, "key %s\nsecret %s", &cred.Key, &cred.Secret); err != nil || cred.check() != nil {
		t.Fatalf("%v, %v:\n%s", err, cred.check(), made)
	}
	if out := must("app", "list"); !strings.Contains(out, "shop") || !strings.Contains(out, cred.Key) || strings.Contains(out, cred.Secret) {
		t.Errorf("app list:\n%s", out)
	}
	if out := must("app", "list", "--secrets"); !strings.Contains(out, cred.Secret) {
		t.Errorf("app list --secrets:\n%s", out)
	}
	checkToken(t, must("token", "ann"), cred.Secret, "ann", 0)
	must("app", "create", "other", "--key", "another-key-1", "--secret", strings.Repeat("z", 50))
	if _, err := command(t, environ, "app", "create", "again", "--key", "another-key-1", "--secret", strings.Repeat("z", 50)); err == nil {
		t.Error("one key for two apps")
	}
	if _, err := command(t, environ, "token", "ann"); err == nil || !strings.Contains(err.Error(), "--key") {
		t.Errorf("token with two keys: %v", err)
	}
	checkToken(t, must("token", "ann", "--key", cred.Key), cred.Secret, "ann", 0)

	stop := startCommand(t, environ, newOutput(), "serve")
	waitFor(t, func() bool {
		_, err := command(t, environ, "health")
		return err == nil
	})
	stop()
	if _, err := command(t, environ, "health"); err == nil {
		t.Error("healthy after the end")
	}
}

// startCommand runs a command until stop is called, which waits for its end.
func startCommand(t *testing.T, environ []string, out io.Writer, args ...string) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, args, &terminal{environ: environ, out: out, err: out}) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("%v: %v", args, err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// waitFor asks until the answer is yes.
func waitFor(t *testing.T, is func() bool) {
	t.Helper()
	tick, late := time.NewTicker(10*time.Millisecond), time.After(time.Minute)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("it never came")
		}
	}
}

// get makes a request with a token and returns the status, 0 when nobody answered,
// and the body.
func get(t *testing.T, u, token string) (int, string) {
	t.Helper()
	return do(t, http.MethodGet, u, token, "")
}

// devFolder is a temporary folder that PostgreSQL's user can reach.
func devFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "chatd-dev") //nolint:usetesting // t.TempDir is closed to PostgreSQL's user when we are root
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, ".chatd")
}

// greeted reads the greeting of chatd dev.
type greeted struct{ url, key, secret, token string }

func readGreeting(t *testing.T, out *output) greeted {
	t.Helper()
	out.waitFor(t, `client\.disconnectUser\(\)`)
	return greeted{
		url: out.waitFor(t, `Base URL +(\S+)`), key: out.waitFor(t, `API key +(\S+)`),
		secret: out.waitFor(t, `API secret +(\S+)`), token: out.waitFor(t, `User token +(\S+)`),
	}
}

func (g greeted) messageURL() string {
	return g.url + "/messages/demo-3?" + url.Values{"api_key": {g.key}}.Encode()
}

// demoMessage reads a message of the demo data as the demo user.
func (g greeted) demoMessage(t *testing.T) {
	t.Helper()
	status, body := get(t, g.messageURL(), g.token)
	if status != http.StatusOK || !strings.Contains(body, `"user_id":"bob"`) && !strings.Contains(body, `"id":"bob"`) {
		t.Errorf("%d %s", status, body)
	}
}

func TestDev(t *testing.T) {
	t.Parallel()
	dir := devFolder(t)
	out := newOutput()
	stop := startCommand(t, nil, out, "dev", "--addr", "127.0.0.1:0", "--data-dir", dir)
	first := readGreeting(t, out)
	first.demoMessage(t)
	if err := (credentials{first.key, first.secret}).check(); err != nil {
		t.Error(err)
	}
	if token, err := command(t, nil, "token", "bob", "--data-dir", dir); err != nil {
		t.Error(err)
	} else {
		checkToken(t, token, first.secret, "bob", 0)
	}
	if _, err := command(t, nil, "dev", "--addr", "127.0.0.1:0", "--data-dir", dir); !errors.Is(err, devstack.ErrInUse) {
		t.Errorf("a second one in the same folder: %v", err)
	}
	stop()
	if _, err := os.Stat(filepath.Join(dir, "s", ".s.PGSQL.5432")); err == nil {
		t.Error("PostgreSQL is left")
	}

	begin, out := time.Now(), newOutput()
	stop = startCommand(t, nil, out, "dev", "--addr", "127.0.0.1:0", "--data-dir", dir)
	second := readGreeting(t, out)
	t.Logf("second start: %v", time.Since(begin))
	if second.key != first.key || second.secret != first.secret {
		t.Error("other credentials")
	}
	second.demoMessage(t)
	stop()

	// Credentials that somebody wants make another app beside the first.
	out = newOutput()
	secret := strings.Repeat("s", 50)
	stop = startCommand(t, nil, out, "dev", "--addr", "127.0.0.1:0", "--data-dir", dir, "--key", "chosen-key", "--secret", secret)
	if g := readGreeting(t, out); g.key != "chosen-key" || g.secret != secret {
		t.Errorf("%+v", g)
	} else {
		g.demoMessage(t)
	}
	stop()
	if _, err := command(t, nil, "dev", "--addr", "127.0.0.1:0", "--data-dir", dir, "--key", first.key, "--secret", secret); err == nil || !strings.Contains(err.Error(), "another secret") {
		t.Errorf("a key with another secret: %v", err)
	}
}

func TestDevIsKilled(t *testing.T) {
	t.Parallel()
	dir := devFolder(t)
	out := newOutput()
	killed := startProcess(t, out, nil, "dev", "--addr", "127.0.0.1:0", "--data-dir", dir)
	before := readGreeting(t, out)
	killed.kill()

	out = newOutput()
	begin := time.Now()
	startCommand(t, nil, out, "dev", "--addr", "127.0.0.1:0", "--data-dir", dir)
	after := readGreeting(t, out)
	t.Logf("start after kill -9: %v", time.Since(begin))
	if after.key != before.key {
		t.Error("other credentials")
	}
	after.demoMessage(t)
}

func TestDevDatabaseDies(t *testing.T) {
	t.Parallel()
	dir := devFolder(t)
	out := newOutput()
	startCommand(t, nil, out, "dev", "--addr", "127.0.0.1:0", "--data-dir", dir)
	g := readGreeting(t, out)
	pids, err := filepath.Glob(filepath.Join(dir, "pg*", "postmaster.pid"))
	if err != nil || len(pids) != 1 {
		t.Fatal(pids, err)
	}
	b, err := os.ReadFile(pids[0])
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(b), "\n")
	var pid int
	if _, err := fmt.Sscan(first, &pid); err != nil {
		t.Fatal(err)
	}
	victim, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Kill(); err != nil {
		t.Fatal(err)
	}
	out.waitFor(t, "PostgreSQL runs again")
	// The first requests may meet connections that died with it.
	waitFor(t, func() bool {
		status, _ := get(t, g.messageURL(), g.token)
		return status == http.StatusOK
	})
}
