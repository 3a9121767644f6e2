package main

import (
	"context"
	"time"

	"chatd/migrations"
)

type (
	migrateUpCommand     struct{}
	migrateStatusCommand struct{}
)

func (migrateUpCommand) Run(ctx context.Context, t *terminal) error {
	c, err := t.databaseConfig()
	if err != nil {
		return err
	}
	if err := migrations.Up(ctx, c.DatabaseDirectURL); err != nil {
		return err
	}
	return migrateStatusCommand{}.Run(ctx, t)
}

func (migrateStatusCommand) Run(ctx context.Context, t *terminal) error {
	c, err := t.databaseConfig()
	if err != nil {
		return err
	}
	all, err := migrations.Status(ctx, c.DatabaseDirectURL)
	if err != nil {
		return err
	}
	for _, m := range all {
		state := "pending"
		if !m.AppliedAt.IsZero() {
			state = m.AppliedAt.UTC().Format(time.RFC3339)
		}
		t.printf("%-20s  %s\n", state, m.Name)
	}
	return nil
}
