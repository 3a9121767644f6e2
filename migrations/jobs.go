package migrations

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// River's tables come from River itself. A newer River that needs newer tables gets
// a migration of its own here.
const (
	jobsVersion = 6
	jobsName    = "00006_jobs.go"
	riverTables = 8
)

// jobs makes the tables that package jobs works on, in the database at dsn: River
// migrates through a pool, not through goose's connection.
func jobs(dsn string) *goose.Migration {
	migrate := func(ctx context.Context, direction rivermigrate.Direction, target int) error {
		pool, err := pgxpool.New(ctx, dsn)
		if err != nil {
			return err
		}
		defer pool.Close()
		m, err := rivermigrate.New(riverpgxv5.New(pool), nil)
		if err != nil {
			return err
		}
		if _, err = m.Migrate(ctx, direction, &rivermigrate.MigrateOpts{TargetVersion: target}); err != nil {
			return fmt.Errorf("%s: %w", jobsName, err)
		}
		return nil
	}
	return goose.NewGoMigration(jobsVersion,
		&goose.GoFunc{RunDB: func(ctx context.Context, _ *sql.DB) error {
			return migrate(ctx, rivermigrate.DirectionUp, riverTables)
		}},
		&goose.GoFunc{RunDB: func(ctx context.Context, _ *sql.DB) error {
			return migrate(ctx, rivermigrate.DirectionDown, -1)
		}})
}
