package store

import (
	"context"
	"slices"

	"chatd/internal/chat"
)

const commandColumns = `name, description, args, command_set, created_at, updated_at`

// Commands returns the app's own slash commands by name, without the built-in ones.
func (a *App) Commands(ctx context.Context) ([]*chat.Command, error) {
	return a.commands(ctx, "")
}

// KeepCommands is Commands, none of which is changed or deleted until the
// transaction ends.
func (t *Tx) KeepCommands(ctx context.Context) ([]*chat.Command, error) {
	return t.commands(ctx, "FOR SHARE")
}

func (a *App) commands(ctx context.Context, lock string) ([]*chat.Command, error) {
	return many[chat.Command](ctx, a.db, `SELECT `+commandColumns+` FROM commands WHERE app_id = $1 ORDER BY name `+lock, a.ID)
}

// Command returns one of the app's own commands; NotFound when there is none of that
// name.
func (a *App) Command(ctx context.Context, name string) (*chat.Command, error) {
	return a.command(ctx, name, "")
}

func (a *App) command(ctx context.Context, name, lock string) (*chat.Command, error) {
	c, err := maybe[chat.Command](ctx, a.db, `SELECT `+commandColumns+` FROM commands WHERE app_id = $1 AND name = $2 `+lock, a.ID, name)
	if err == nil && c == nil {
		err = chat.Errorf(chat.NotFound, "command %q does not exist", name)
	}
	return c, err
}

// CreateCommand adds a command of the app's own and sets its times; Invalid when the
// app has one of that name, or already most of them.
func (t *Tx) CreateCommand(ctx context.Context, c *chat.Command, most int) error {
	all, err := scalars[string](ctx, t.db, `SELECT name FROM commands WHERE app_id = $1 FOR UPDATE`, t.ID)
	if err != nil {
		return err
	}
	taken := chat.Errorf(chat.Invalid, "command %q already exists", c.Name)
	if slices.Contains(all, c.Name) {
		return taken
	}
	if len(all) >= most {
		return chat.Errorf(chat.Invalid, "an app can have at maximum %d commands", most)
	}
	now := t.Now()
	c.CreatedAt, c.UpdatedAt = &now, &now
	_, err = exec(ctx, t.db, `INSERT INTO commands (app_id, `+commandColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $6)`,
		t.ID, c.Name, c.Description, c.Args, c.Set, now)
	if isUnique(err, "commands_pkey") {
		return taken
	}
	return err
}

// The changes of a command lock the channel types first, as changes of types do
// before they look at commands.

// UpdateCommand changes a command of the app's own, in the channel types that allow
// it too, and returns it; NotFound when there is none of that name.
func (t *Tx) UpdateCommand(ctx context.Context, name string, change func(*chat.Command)) (*chat.Command, error) {
	if _, err := t.lockTypes(ctx); err != nil {
		return nil, err
	}
	c, err := t.command(ctx, name, "FOR UPDATE")
	if err != nil {
		return nil, err
	}
	change(c)
	now := t.Now()
	c.UpdatedAt = &now
	if _, err := exec(ctx, t.db, `UPDATE commands SET description = $3, args = $4, command_set = $5, updated_at = $6 WHERE app_id = $1 AND name = $2`,
		t.ID, name, c.Description, c.Args, c.Set, now); err != nil {
		return nil, err
	}
	types, err := t.allowing(ctx, name)
	for _, ct := range types {
		ct.Config.Commands[slices.IndexFunc(ct.Config.Commands, named(name))] = c
		if err := t.PutType(ctx, ct); err != nil {
			return nil, err
		}
	}
	return c, err
}

// DeleteCommand removes a command of the app's own; Invalid while a channel type
// allows it, NotFound when there is none of that name.
func (t *Tx) DeleteCommand(ctx context.Context, name string) error {
	if _, err := t.lockTypes(ctx); err != nil {
		return err
	}
	n, err := exec(ctx, t.db, `DELETE FROM commands WHERE app_id = $1 AND name = $2`, t.ID, name)
	if err == nil && n == 0 {
		err = chat.Errorf(chat.NotFound, "command %q does not exist", name)
	}
	if err != nil {
		return err
	}
	types, err := t.allowing(ctx, name)
	if err == nil && len(types) > 0 {
		err = chat.Errorf(chat.Invalid, "command %q is used by channel type %s and cannot be deleted", name, types[0].Name)
	}
	return err
}

// allowing returns the channel types that allow a command.
func (t *Tx) allowing(ctx context.Context, name string) ([]*chat.ChannelType, error) {
	types, err := t.lockTypes(ctx)
	return slices.DeleteFunc(types, func(ct *chat.ChannelType) bool { return !slices.ContainsFunc(ct.Config.Commands, named(name)) }), err
}

// named finds a command.
func named(name string) func(*chat.Command) bool {
	return func(c *chat.Command) bool { return c.Name == name }
}
