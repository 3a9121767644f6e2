package devstack_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"chatd/internal/devstack"
)

// helperVariable makes this test binary a process that only runs a PostgreSQL in
// the folder it names, prints the DSN and waits to be killed.
const helperVariable = "DEVSTACK_TEST_HELPER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperVariable); dir != "" {
		os.Exit(helper(dir))
	}
	os.Exit(m.Run())
}

func helper(dir string) int {
	p, err := devstack.StartPostgres(context.Background(), devstack.PostgresOptions{Dir: dir})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Fprintln(os.Stdout, p.DSN("postgres"))
	<-p.Done()
	return 0
}

// folder is a temporary folder that PostgreSQL's user can reach, unlike
// t.TempDir's when we are root.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "devstack") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "data")
}

func start(t *testing.T, o devstack.PostgresOptions) *devstack.Postgres {
	t.Helper()
	p, err := devstack.StartPostgres(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// query runs one statement on a connection of its own and returns the only value.
func query(t *testing.T, dsn, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	var v string
	if err := conn.QueryRow(t.Context(), sql).Scan(&v); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		t.Fatal(err)
	}
	return v
}

func TestColdWarmAndStop(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	p := start(t, devstack.PostgresOptions{Dir: dir})
	dsn := p.DSN("postgres")
	for setting, want := range map[string]string{"fsync": "on", "synchronous_commit": "on", "TimeZone": "UTC", "listen_addresses": ""} {
		if got := query(t, dsn, "SHOW "+setting); got != want {
			t.Errorf("%s = %q, want %q", setting, got, want)
		}
	}
	query(t, dsn, "CREATE TABLE kept AS SELECT 'yes'::text AS v")
	pid := query(t, dsn, "SELECT pg_backend_pid()::text")
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.Done():
	default:
		t.Error("Done is open after Stop")
	}
	if _, err := os.Stat("/proc/" + pid); err == nil {
		t.Error("a server process is left after Stop")
	}
	p = start(t, devstack.PostgresOptions{Dir: dir})
	if got := query(t, p.DSN("postgres"), "SELECT v FROM kept"); got != "yes" {
		t.Errorf("kept %q", got)
	}
}

func TestFast(t *testing.T) {
	t.Parallel()
	p := start(t, devstack.PostgresOptions{Dir: folder(t), Fast: true})
	if got := query(t, p.DSN("postgres"), "SHOW fsync"); got != "off" {
		t.Errorf("fsync = %s", got)
	}
}

func TestSecondOwnerIsRefused(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	p := start(t, devstack.PostgresOptions{Dir: dir, Fast: true})
	if _, err := devstack.StartPostgres(t.Context(), devstack.PostgresOptions{Dir: dir}); !errors.Is(err, devstack.ErrInUse) {
		t.Fatalf("second start: %v, want ErrInUse", err)
	}
	query(t, p.DSN("postgres"), "SELECT 1::text")
}

func TestTwoAtOnceInANewFolder(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	type result struct {
		p   *devstack.Postgres
		err error
	}
	results := make(chan result)
	for range 2 {
		go func() {
			p, err := devstack.StartPostgres(t.Context(), devstack.PostgresOptions{Dir: dir, Fast: true})
			results <- result{p, err}
		}()
	}
	var running, refused int
	for range 2 {
		switch r := <-results; {
		case r.err == nil:
			running++
			query(t, r.p.DSN("postgres"), "SELECT 1::text")
			defer func() { _ = r.p.Stop() }()
		case errors.Is(r.err, devstack.ErrInUse):
			refused++
		default:
			t.Error(r.err)
		}
	}
	if running != 1 || refused != 1 {
		t.Errorf("%d running, %d refused", running, refused)
	}
}

// TestOwnerKilled kills the process that owns the server, with and without the
// server, and expects what was committed after the next start.
func TestOwnerKilled(t *testing.T) {
	t.Parallel()
	for _, both := range []bool{false, true} {
		t.Run(fmt.Sprintf("server_too=%v", both), func(t *testing.T) {
			t.Parallel()
			dir := folder(t)
			kill, dsn := startHelper(t, dir)
			query(t, dsn, "CREATE TABLE kept AS SELECT 'yes'::text AS v")
			victim := query(t, dsn, "SELECT pg_read_file('postmaster.pid')")
			if both {
				var pid int
				if _, err := fmt.Sscan(victim, &pid); err != nil {
					t.Fatal(err)
				}
				if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
					t.Fatal(err)
				}
			}
			kill()
			begin := time.Now()
			p := start(t, devstack.PostgresOptions{Dir: dir})
			t.Logf("restarted in %v", time.Since(begin))
			if got := query(t, p.DSN("postgres"), "SELECT v FROM kept"); got != "yes" {
				t.Errorf("kept %q", got)
			}
		})
	}
}

// startHelper runs a PostgreSQL in a process of its own and returns its DSN and
// what kills that process.
func startHelper(t *testing.T, dir string) (kill func(), dsn string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), helperVariable+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		_ = cmd.Process.Kill() // its end is what counts
		_ = cmd.Wait()
	}, strings.TrimSpace(line)
}

func TestServerThatDiesIsNoticed(t *testing.T) {
	t.Parallel()
	p := start(t, devstack.PostgresOptions{Dir: folder(t), Fast: true})
	var pid int
	if _, err := fmt.Sscan(query(t, p.DSN("postgres"), "SELECT pg_read_file('postmaster.pid')"), &pid); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.Done():
	case <-time.After(30 * time.Second):
		t.Fatal("Done stays open")
	}
}

func TestStartIsCancelled(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error)
	go func() {
		_, err := devstack.StartPostgres(ctx, devstack.PostgresOptions{Dir: dir})
		ended <- err
	}()
	for tick := time.Tick(time.Millisecond); ; <-tick {
		if begun, _ := filepath.Glob(filepath.Join(dir, "pg*.new", "*")); len(begun) > 0 {
			break
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	// What was left unfinished is no obstacle.
	p := start(t, devstack.PostgresOptions{Dir: dir, Fast: true})
	query(t, p.DSN("postgres"), "SELECT 1::text")
}

func TestBadFolders(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	if err := os.MkdirAll(filepath.Join(dir, "pg9"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ dir, want string }{
		"data of a version that is not installed": {dir, "holds data of PostgreSQL 9"},
		"path too long":     {filepath.Join(dir, strings.Repeat("x", 100)), "too long"},
		"a file in the way": {"/dev/null/x", "not a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := devstack.StartPostgres(t.Context(), devstack.PostgresOptions{Dir: tt.dir})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

func TestFolder(t *testing.T) {
	t.Parallel()
	t.Run("reachable", func(t *testing.T) {
		t.Parallel()
		want := folder(t)
		got, err := devstack.Folder(t.Context(), want)
		if err != nil || got != want {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
	})
	t.Run("below a closed home", func(t *testing.T) {
		t.Parallel()
		closed := t.TempDir()
		if err := os.Chmod(closed, 0o700); err != nil {
			t.Fatal(err)
		}
		asked := filepath.Join(closed, ".chatd")
		got, err := devstack.Folder(t.Context(), asked)
		if err != nil {
			t.Fatal(err)
		}
		if os.Geteuid() != 0 {
			if got != asked {
				t.Errorf("%s, want %s", got, asked)
			}
			return
		}
		t.Cleanup(func() { _ = os.RemoveAll(got) })
		if got == asked {
			t.Fatal("a folder that PostgreSQL's user cannot enter")
		}
		if again, err := devstack.Folder(t.Context(), asked); err != nil || again != got {
			t.Errorf("second answer %s, %v, first %s", again, err, got)
		}
		p := start(t, devstack.PostgresOptions{Dir: got, Fast: true})
		query(t, p.DSN("postgres"), "SELECT 1::text")
	})
	t.Run("path too long", func(t *testing.T) {
		t.Parallel()
		long := filepath.Join(folder(t), strings.Repeat("x", 100))
		got, err := devstack.Folder(t.Context(), long)
		if err != nil || len(got) > 90 {
			t.Errorf("%s, %v", got, err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(got) })
	})
}
