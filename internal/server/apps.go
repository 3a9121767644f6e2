package server

import (
	"context"

	"chatd/internal/chat"
	"chatd/internal/store"
	"chatd/migrations"
)

// CreateApp makes an app with a pair of key and secret in the database at dsn.
func CreateApp(ctx context.Context, dsn, name, key, secret string) (*chat.AppKey, error) {
	var k *chat.AppKey
	err := withStore(ctx, dsn, func(st *store.Store) (err error) {
		k, err = st.CreateApp(ctx, name, key, secret)
		return err
	})
	return k, err
}

// App is an app with its keys.
type App struct {
	*chat.App
	Keys []*chat.AppKey
}

// ListApps returns all apps in the database at dsn with their keys.
func ListApps(ctx context.Context, dsn string) ([]App, error) {
	var out []App
	err := withStore(ctx, dsn, func(st *store.Store) error {
		apps, err := st.Apps(ctx)
		if err != nil {
			return err
		}
		for _, a := range apps {
			keys, err := st.App(a.ID).Keys(ctx)
			if err != nil {
				return err
			}
			out = append(out, App{a, keys})
		}
		return nil
	})
	return out, err
}

func withStore(ctx context.Context, dsn string, fn func(*store.Store) error) error {
	if err := migrations.Up(ctx, dsn); err != nil {
		return err
	}
	st, err := store.Open(ctx, dsn, store.Options{})
	if err != nil {
		return err
	}
	defer st.Close()
	return fn(st)
}
