package testdb_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"chatd/internal/testkit/testdb"
	"chatd/migrations"
)

func TestMain(m *testing.M) { testdb.Main(m) }

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) }) // Isolated's drop may have been faster
	return conn
}

func TestDatabaseIsSharedAndMigrated(t *testing.T) {
	t.Parallel()
	dsn := testdb.Database(t)
	if again := testdb.Database(t); again != dsn {
		t.Errorf("two databases: %s and %s", dsn, again)
	}
	all, err := migrations.Status(t.Context(), dsn)
	if err != nil || len(all) == 0 {
		t.Fatalf("%d migrations, %v", len(all), err)
	}
	for _, m := range all {
		if m.AppliedAt.IsZero() {
			t.Errorf("%s is not applied", m.Name)
		}
	}
	var zone string
	if err := connect(t, dsn).QueryRow(t.Context(), "SHOW timezone").Scan(&zone); err != nil || zone != "Canada/Newfoundland" {
		t.Errorf("time zone %q, %v", zone, err)
	}
}

func TestIsolated(t *testing.T) {
	t.Parallel()
	var dsn string
	t.Cleanup(func() { // runs after Isolated's own
		conn, err := pgx.Connect(context.Background(), dsn)
		if err == nil {
			_ = conn.Close(context.Background())
			t.Error("the database is still there")
		}
	})
	dsn = testdb.Isolated(t)
	if dsn == testdb.Database(t) {
		t.Error("it is the shared database")
	}
	if _, err := connect(t, dsn).Exec(t.Context(), "CREATE TABLE mine ()"); err != nil {
		t.Error(err)
	}
}

func TestUpFromManyNodes(t *testing.T) {
	t.Parallel()
	dsn := testdb.Isolated(t)
	conn := connect(t, dsn)
	if _, err := conn.Exec(t.Context(), "DROP SCHEMA public CASCADE; CREATE SCHEMA public"); err != nil {
		t.Fatal(err)
	}
	errs := make(chan error)
	for range 4 {
		go func() { errs <- migrations.Up(t.Context(), dsn) }()
	}
	var err error
	for range 4 {
		err = errors.Join(err, <-errs)
	}
	if err != nil {
		t.Fatal(err)
	}
	var n, all int
	if err := conn.QueryRow(t.Context(), "SELECT count(*), count(DISTINCT version_id) FROM goose_db_version").Scan(&all, &n); err != nil || n != all {
		t.Errorf("%d versions recorded %d times, %v", n, all, err)
	}
}

func TestRedis(t *testing.T) {
	t.Parallel()
	if url := testdb.Redis(t); url == "" || url != testdb.Redis(t) {
		t.Errorf("url %q", url)
	}
}
