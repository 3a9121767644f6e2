package store

import (
	"context"
	"maps"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/permission"
	"chatd/internal/wire"
)

// Type is a channel type with its grants prepared for decisions.
type Type struct {
	chat.ChannelType
	Table *permission.Table
}

// Key returns the key's app and secret; AccessKey when there is no such key.
func (s *Store) Key(ctx context.Context, key string) (*chat.AppKey, error) {
	return s.caches.keys.get(entry{0, key}, s.pool, func() (*chat.AppKey, error) {
		k, err := maybe[chat.AppKey](ctx, s.pool, `SELECT key, app_id, secret FROM app_keys WHERE key = $1`, key)
		if err == nil && k == nil {
			err = chat.Errorf(chat.AccessKey, "api_key not valid")
		}
		return k, err
	})
}

// Keys returns all pairs of key and secret of the app.
func (a *App) Keys(ctx context.Context) ([]*chat.AppKey, error) {
	return many[chat.AppKey](ctx, a.db, `SELECT key, app_id, secret FROM app_keys WHERE app_id = $1 ORDER BY created_at, key`, a.ID)
}

// Apps returns all tenants.
func (s *Store) Apps(ctx context.Context) ([]*chat.App, error) {
	return many[chat.App](ctx, s.pool, `SELECT id, name, settings, created_at, updated_at FROM apps ORDER BY id`)
}

// App returns the tenant itself.
func (a *App) App(ctx context.Context) (*chat.App, error) {
	return a.s.caches.apps.get(entry{a.ID, ""}, a.db, func() (*chat.App, error) {
		app, err := maybe[chat.App](ctx, a.db, `SELECT id, name, settings, created_at, updated_at FROM apps WHERE id = $1`, a.ID)
		if err == nil && app == nil {
			err = chat.Errorf(chat.AccessKey, "api_key not valid")
		}
		return app, err
	})
}

// CreateApp makes a tenant with the built-in channel types and one key.
func (s *Store) CreateApp(ctx context.Context, name string, key, secret string) (*chat.AppKey, error) {
	now := s.now().UTC()
	ids, err := s.numberApp(ctx, name, now)
	for isUnique(err, "apps_pkey") { // another was made at the same moment
		ids, err = s.numberApp(ctx, name, now)
	}
	if err != nil {
		return nil, err
	}
	a := s.App(ids[0])
	err = a.InTx(ctx, func(tx *Tx) error {
		for _, t := range permission.DefaultTypes(now) {
			if err := tx.PutType(ctx, &t); err != nil {
				return err
			}
		}
		return tx.AddKey(ctx, key, secret)
	})
	return &chat.AppKey{Key: key, AppID: a.ID, Secret: secret}, err
}

// numberApp writes a tenant's row under the next number.
func (s *Store) numberApp(ctx context.Context, name string, now time.Time) ([]chat.AppID, error) {
	return scalars[chat.AppID](ctx, s.pool, `
		INSERT INTO apps (id, name, settings, created_at, updated_at)
		SELECT coalesce(max(id), 0) + 1, $1, $2::jsonb, $3, $3 FROM apps RETURNING id`,
		name, wire.MustMarshal(chat.DefaultAppSettings()), now)
}

// AddKey gives the app another pair of key and secret.
func (t *Tx) AddKey(ctx context.Context, key, secret string) error {
	_, err := exec(ctx, t.db, `INSERT INTO app_keys (key, app_id, secret, created_at) VALUES ($1, $2, $3, $4)`, key, t.ID, secret, t.Now())
	if isUnique(err, "app_keys_pkey") {
		return chat.Errorf(chat.Invalid, "the key %q is taken", key)
	}
	return err
}

// UpdateSettings changes the app's settings under a lock and returns the app.
func (t *Tx) UpdateSettings(ctx context.Context, change func(*chat.AppSettings) error) (*chat.App, error) {
	app, err := maybe[chat.App](ctx, t.db, `SELECT id, name, settings, created_at, updated_at FROM apps WHERE id = $1 FOR UPDATE`, t.ID)
	if err != nil || app == nil {
		return nil, err
	}
	if err := change(&app.Settings); err != nil {
		return nil, err
	}
	app.UpdatedAt = t.Now()
	t.Emit(AppStale())
	_, err = exec(ctx, t.db, `UPDATE apps SET settings = $2::jsonb, updated_at = $3 WHERE id = $1`, t.ID, wire.MustMarshal(app.Settings), app.UpdatedAt)
	return app, err
}

const typeColumns = `name, config, grants, policies, created_at, updated_at`

// Types returns the app's channel types by name.
func (a *App) Types(ctx context.Context) (map[string]*Type, error) {
	return a.s.caches.types.get(entry{a.ID, ""}, a.db, func() (map[string]*Type, error) {
		rows, err := many[chat.ChannelType](ctx, a.db, `SELECT `+typeColumns+` FROM channel_types WHERE app_id = $1`, a.ID)
		out := make(map[string]*Type, len(rows))
		for _, t := range rows {
			t.Config.Name, t.Config.CreatedAt, t.Config.UpdatedAt = t.Name, t.CreatedAt, t.UpdatedAt
			out[t.Name] = &Type{ChannelType: *t, Table: permission.Compile(t.Grants)}
		}
		return out, err
	})
}

// Type returns a channel type; NotFound when the app has none of that name.
func (a *App) Type(ctx context.Context, name string) (*Type, error) {
	types, err := a.Types(ctx)
	if err != nil {
		return nil, err
	}
	if t := types[name]; t != nil {
		return t, nil
	}
	return nil, chat.Errorf(chat.NotFound, "%s is not a defined channel type", name)
}

// PutType creates or replaces a channel type.
func (t *Tx) PutType(ctx context.Context, ct *chat.ChannelType) error {
	t.Emit(TypesStale())
	policies := ct.Policies
	if policies == nil {
		policies = jsontext.Value("[]")
	}
	_, err := exec(ctx, t.db, `
		INSERT INTO channel_types (app_id, `+typeColumns+`) VALUES ($1, $2, $3::jsonb, $4::jsonb, $5::jsonb, $6, $7)
		ON CONFLICT (app_id, name) DO UPDATE SET config = excluded.config, grants = excluded.grants,
			policies = excluded.policies, updated_at = excluded.updated_at`,
		t.ID, ct.Name, wire.MustMarshal(&ct.Config), wire.MustMarshal(maps.Clone(ct.Grants)), policies, ct.CreatedAt, ct.UpdatedAt)
	return err
}

// DeleteType removes a channel type; Invalid while channels of it exist.
func (t *Tx) DeleteType(ctx context.Context, name string) error {
	n, err := exec(ctx, t.db, `DELETE FROM channel_types WHERE app_id = $1 AND name = $2`, t.ID, name) // first: it waits for channels that are being created
	if err != nil {
		return err
	}
	if n == 0 {
		return noType(name)
	}
	used, err := scalars[bool](ctx, t.db, `SELECT EXISTS (SELECT FROM channels WHERE app_id = $1 AND type = $2 AND deleted_at IS NULL)`, t.ID, name)
	if err != nil {
		return err
	}
	if used[0] {
		return chat.Errorf(chat.Invalid, "channel type %s has active channels and cannot be deleted", name)
	}
	t.Emit(TypesStale())
	return nil
}

// keepType keeps a channel type from being deleted until the transaction ends.
func (t *Tx) keepType(ctx context.Context, name string) error {
	found, err := scalars[bool](ctx, t.db, `SELECT TRUE FROM channel_types WHERE app_id = $1 AND name = $2 FOR KEY SHARE`, t.ID, name)
	if err == nil && len(found) == 0 {
		return noType(name)
	}
	return err
}

func noType(name string) error {
	return chat.Errorf(chat.NotFound, "%s is not a defined channel type", name)
}
