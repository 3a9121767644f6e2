// Package migrations is the schema: goose files, numbered, applied in order and
// never edited once released. It knows how to apply them and what was applied;
// what the tables mean is package store's.
//
// The functions are safe to call from several nodes at once: one applies, the
// others wait for it on a lease in the database, which outlives no killed node by
// more than a few seconds.
package migrations

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// FS holds the migration files.
//
//go:embed *.sql
var FS embed.FS

// The lease that one migrating node holds: how long it outlives a killed node, how
// often it is renewed, and how often and how many times the others look.
const (
	leaseDuration = 10 * time.Second
	leaseRenewal  = 2 * time.Second
	waitInterval  = 250 * time.Millisecond
	waitTimes     = 10 * 60 * 4 // ten minutes
)

// Migration is one file of the schema and whether a database has it.
type Migration struct {
	Version   int64
	Name      string
	AppliedAt time.Time // zero: not applied
}

// Up brings the database at dsn to the newest schema. dsn must be a direct
// connection to PostgreSQL, not a transaction pooler. Each file is a transaction
// of its own unless it says otherwise, so after an error the database is at the
// last file that succeeded.
func Up(ctx context.Context, dsn string) error {
	return with(dsn, func(p *goose.Provider) error {
		// A node that finds nothing to do needs no lease. What goes wrong here is
		// tried again under the lease: two nodes may be making goose's tables.
		if pending, err := p.HasPending(ctx); err == nil && !pending {
			return nil
		}
		_, err := p.Up(ctx)
		return err
	})
}

// Status lists all migrations, oldest first.
func Status(ctx context.Context, dsn string) ([]Migration, error) {
	var all []Migration
	err := with(dsn, func(p *goose.Provider) error {
		states, err := p.Status(ctx)
		for _, s := range states {
			name := jobsName
			if s.Source.Path != "" {
				name = path.Base(s.Source.Path)
			}
			all = append(all, Migration{Version: s.Source.Version, Name: name, AppliedAt: s.AppliedAt})
		}
		return err
	})
	return all, err
}

// Hash names the schema: it changes when any file does.
func Hash() string {
	h := sha256.New()
	names, _ := fs.Glob(FS, "*.sql") // only a bad pattern is an error
	for _, name := range names {
		b, _ := FS.ReadFile(name) // embedded, so it is there
		fmt.Fprintf(h, "%s %d\n%s", name, len(b), b)
	}
	fmt.Fprintf(h, "%s %d\n", jobsName, riverTables)
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// with calls fn with the migrations of the database at dsn.
func with(dsn string, fn func(*goose.Provider) error) (err error) {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	locker, err := lock.NewPostgresTableLocker(
		lock.WithTableLeaseDuration(leaseDuration),
		lock.WithTableHeartbeatInterval(leaseRenewal),
		lock.WithTableLockTimeout(waitInterval, waitTimes),
		lock.WithTableUnlockTimeout(waitInterval, waitTimes),
	)
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, FS, goose.WithLocker(locker), goose.WithGoMigrations(jobs(dsn)),
		goose.WithAllowOutofOrder(true)) // numbers are given before the work is done, so a lower one may come later
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	if err := fn(p); err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	return nil
}
