package testdb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"chatd/internal/devstack"
	"chatd/migrations"
)

// DatabaseVariable names the PostgreSQL that tests make their databases in, as a
// URL. When it is unset, a test binary runs a PostgreSQL of its own.
const DatabaseVariable = "CHATD_TEST_DATABASE_URL"

// zone is the time zone of test databases: one that nobody has by accident, half
// an hour off, so that a time without its zone shows up.
const zone = "Canada/Newfoundland"

// The advisory locks of the server: one that guards templates, and a class of one
// for each database in use, which its test binary holds while it lives.
const (
	templatesLock = 0x63686174
	inUseClass    = 0x6368
)

// templatesKept is how many templates of other schemas stay for who works on them.
const templatesKept = 4

const setupTimeout = 2 * time.Minute

// Database returns the URL of this test binary's database, which has the current
// schema and is empty when the first test asks. All tests of the binary share it:
// they keep apart by each making an app. It is dropped at the end by Main or, after
// a crash, by the next test binary.
func Database(tb testing.TB) string {
	tb.Helper()
	dsn, err := sharedDatabase()
	if err != nil {
		tb.Fatal(err)
	}
	return dsn
}

// Isolated returns the URL of a database with the current schema for one test that
// cannot share, and drops it when the test ends.
func Isolated(tb testing.TB) string {
	tb.Helper()
	s, err := postgres()
	if err != nil {
		tb.Fatal(err)
	}
	name := databaseName()
	tb.Cleanup(func() {
		if err := s.drop(context.Background(), name); err != nil {
			tb.Error(err)
		}
	})
	dsn, err := s.create(tb.Context(), name)
	if err != nil {
		tb.Fatal(err)
	}
	return dsn
}

var sharedDatabase = sync.OnceValues(func() (string, error) {
	s, err := postgres()
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), setupTimeout)
	defer cancel()
	return s.create(ctx, databaseName())
})

// postgres is the server, connected to when the first test asks.
var postgres = sync.OnceValues(func() (*server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), setupTimeout)
	defer cancel()
	s := &server{dsn: os.Getenv(DatabaseVariable)}
	if s.dsn == "" {
		own, err := ownPostgres(ctx)
		if err != nil {
			return nil, err
		}
		s.dsn = own.DSN("postgres")
		AtEnd(own.Stop)
	}
	var err error
	if s.conn, err = pgx.Connect(ctx, s.dsn); err != nil {
		return nil, fmt.Errorf("%s: %w", DatabaseVariable, err)
	}
	AtEnd(s.close)
	return s, nil
})

// ownPostgres runs a PostgreSQL for this binary in a folder that is kept for later
// runs, the first of several that no other binary uses now.
func ownPostgres(ctx context.Context) (*devstack.Postgres, error) {
	const folders = 64
	base := filepath.Join(os.TempDir(), "chatd-test-"+strconv.Itoa(os.Geteuid()))
	for i := range folders {
		dir, err := devstack.Folder(ctx, filepath.Join(base, strconv.Itoa(i)))
		if err != nil {
			return nil, err
		}
		p, err := devstack.StartPostgres(ctx, devstack.PostgresOptions{Dir: dir, Fast: true})
		if !errors.Is(err, devstack.ErrInUse) {
			return p, err
		}
	}
	return nil, fmt.Errorf("all %d folders in %s are in use", folders, base)
}

// server is where the databases are. One connection does everything, one thing at
// a time, and holds the locks of the databases in use.
type server struct {
	dsn string

	mu   sync.Mutex
	conn *pgx.Conn
	made []string
}

// create clones the template and returns the new database's URL.
func (s *server) create(ctx context.Context, name string) (_ string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.exec(ctx, "SELECT pg_advisory_lock($1)", templatesLock); err != nil {
		return "", err
	}
	defer func() {
		err = errors.Join(err, s.exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", templatesLock))
	}()
	if err := s.dropAbandoned(ctx); err != nil {
		return "", err
	}
	template, err := s.template(ctx)
	if err != nil {
		return "", err
	}
	if err := s.exec(ctx, "SELECT pg_advisory_lock($1, hashtext($2))", inUseClass, name); err != nil {
		return "", err
	}
	s.made = append(s.made, name)
	for _, sql := range []string{
		"CREATE DATABASE " + quote(name) + " TEMPLATE " + quote(template),
		"ALTER DATABASE " + quote(name) + " SET timezone TO '" + zone + "'",
	} {
		if err := s.exec(ctx, sql); err != nil {
			return "", err
		}
	}
	return databaseURL(s.dsn, name)
}

// template returns the name of the database that has the current schema, which it
// makes if it is the first to need it. It appears under its name when complete.
func (s *server) template(ctx context.Context) (string, error) {
	name := "tpl_" + migrations.Hash()
	known, err := s.names(ctx, `SELECT datname FROM pg_database WHERE datname LIKE 'tpl\_%' ORDER BY oid DESC`)
	if err != nil {
		return "", err
	}
	kept := 0
	for _, other := range known {
		if other == name {
			return name, nil
		}
		if kept++; kept > templatesKept || strings.HasSuffix(other, "_new") {
			if err := s.exec(ctx, "DROP DATABASE "+quote(other)+" WITH (FORCE)"); err != nil {
				return "", err
			}
		}
	}
	unfinished := name + "_new"
	if err := s.exec(ctx, "CREATE DATABASE "+quote(unfinished)); err != nil {
		return "", err
	}
	dsn, err := databaseURL(s.dsn, unfinished)
	if err != nil {
		return "", err
	}
	if err := migrations.Up(ctx, dsn); err != nil {
		return "", err
	}
	return name, s.exec(ctx, "ALTER DATABASE "+quote(unfinished)+" RENAME TO "+quote(name))
}

// dropAbandoned drops the databases of test binaries that ended without doing so.
func (s *server) dropAbandoned(ctx context.Context) error {
	names, err := s.names(ctx, `SELECT datname FROM pg_database WHERE datname LIKE 'test\_%'`)
	if err != nil {
		return err
	}
	for _, name := range names {
		if slices.Contains(s.made, name) {
			continue // our own locks do not keep us out
		}
		var free bool
		if err := s.conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1, hashtext($2))", inUseClass, name).Scan(&free); err != nil {
			return fmt.Errorf("testdb: %w", err)
		}
		if !free {
			continue
		}
		if err := s.exec(ctx, "DROP DATABASE IF EXISTS "+quote(name)+" WITH (FORCE)"); err != nil {
			return err
		}
		if err := s.exec(ctx, "SELECT pg_advisory_unlock($1, hashtext($2))", inUseClass, name); err != nil {
			return err
		}
	}
	return nil
}

// drop drops a database of ours with whatever is connected to it.
func (s *server) drop(ctx context.Context, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.exec(ctx, "DROP DATABASE IF EXISTS "+quote(name)+" WITH (FORCE)")
}

// close drops the databases of this binary.
func (s *server) close() error {
	var errs []error
	for _, name := range s.made {
		errs = append(errs, s.drop(context.Background(), name))
	}
	return errors.Join(append(errs, s.conn.Close(context.Background()))...)
}

func (s *server) exec(ctx context.Context, sql string, args ...any) error {
	if _, err := s.conn.Exec(ctx, sql, args...); err != nil {
		return fmt.Errorf("testdb: %s: %w", sql, err)
	}
	return nil
}

func (s *server) names(ctx context.Context, sql string) ([]string, error) {
	rows, _ := s.conn.Query(ctx, sql) // CollectRows returns the error
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("testdb: %w", err)
	}
	return names, nil
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// databaseName returns a new name that tells whose database it is.
func databaseName() string {
	binary := strings.TrimSuffix(filepath.Base(os.Args[0]), ".test")
	return "test_" + notInNames.ReplaceAllString(strings.ToLower(binary), "_") + "_" + strings.ToLower(rand.Text()[:8])
}

// databaseURL returns dsn with another database.
func databaseURL(dsn, name string) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil || !strings.HasPrefix(u.Scheme, "postgres") {
		return "", fmt.Errorf("%s is not a postgres:// URL", DatabaseVariable)
	}
	u.Path = "/" + name
	return u.String(), nil
}
