package store

import (
	"context"

	"chatd/internal/chat"
)

// CreateType creates a channel type; Invalid when the app has one of that name, or
// already most of them.
func (t *Tx) CreateType(ctx context.Context, ct *chat.ChannelType, most int) error {
	names, err := scalars[string](ctx, t.db, `SELECT name FROM channel_types WHERE app_id = $1 FOR UPDATE`, t.ID)
	if err != nil {
		return err
	}
	for _, name := range names {
		if name == ct.Name {
			return chat.Errorf(chat.Invalid, "channel type %s already exists", name)
		}
	}
	if len(names) >= most {
		return chat.Errorf(chat.Invalid, "an app can have at maximum %d channel types", most)
	}
	return t.PutType(ctx, ct)
}

// LockType returns a channel type and keeps others from changing it until the
// transaction ends; NotFound when the app has none of that name.
func (t *Tx) LockType(ctx context.Context, name string) (*chat.ChannelType, error) {
	ct, err := maybe[chat.ChannelType](ctx, t.db, `SELECT `+typeColumns+` FROM channel_types WHERE app_id = $1 AND name = $2 FOR UPDATE`, t.ID, name)
	if err == nil && ct == nil {
		err = chat.Errorf(chat.NotFound, "%s is not a defined channel type", name)
	}
	return ct, err
}

// lockTypes returns all channel types and keeps others from changing them until the
// transaction ends.
func (t *Tx) lockTypes(ctx context.Context) ([]*chat.ChannelType, error) {
	return many[chat.ChannelType](ctx, t.db, `SELECT `+typeColumns+` FROM channel_types WHERE app_id = $1 ORDER BY name FOR UPDATE`, t.ID)
}
