package store

import (
	"context"
	"time"

	"chatd/internal/chat"
	"chatd/internal/wire"
)

const userColumns = `id, name, image, language, role, teams, teams_role, invisible, privacy_settings, banned, ban_expires, shadow_banned,
	last_active, deactivated_at, deleted_at, revoke_tokens_issued_before, draft_count, reminder_count, custom, created_at, updated_at`

// User returns a user, deleted ones too; nil when there is none.
func (a *App) User(ctx context.Context, id string) (*chat.User, error) {
	m, err := a.Users(ctx, id)
	return m[id], err
}

// Users returns those of the users ids that exist, each a copy of its own with
// Online as it is now.
func (a *App) Users(ctx context.Context, ids ...string) (map[string]*chat.User, error) {
	c := a.s.caches.users
	out := make(map[string]*chat.User, len(ids))
	var miss []string
	for _, id := range ids {
		if _, done := out[id]; done || id == "" {
			continue
		}
		u, ok := c.m.GetIfPresent(entry{a.ID, id})
		if !ok {
			miss = append(miss, id)
		}
		out[id] = u
	}
	if len(miss) > 0 {
		seen := c.seen(a.db)
		rows, err := many[chat.User](ctx, a.db, `SELECT `+userColumns+` FROM users WHERE app_id = $1 AND id = ANY($2)`, a.ID, miss)
		if err != nil {
			return nil, err
		}
		for _, u := range rows {
			out[u.ID] = u
		}
		for _, id := range miss {
			c.put(seen, entry{a.ID, id}, out[id])
		}
	}
	for id, u := range out {
		if u == nil {
			delete(out, id)
			continue
		}
		out[id] = a.seen(u)
	}
	return out, nil
}

// seen is a copy of u as it is seen now.
func (a *App) seen(u *chat.User) *chat.User {
	v := *u
	v.Online = !v.Invisible && a.s.presence != nil && a.s.presence.Online(a.ID, v.ID)
	if v.Banned && !v.IsBanned(a.Now()) {
		v.Banned, v.BanExpires = false, nil
	}
	return &v
}

const channelColumns = `c.cid, c.id, c.type, c.created_by_id, c.team, c.frozen, c.disabled, c.cooldown, c.filter_tags, c.member_count, c.hidden_count, c.holds_pending,
	c.config_overrides, c.distinct_members, c.auto_translation_enabled, c.auto_translation_language, c.truncated_at, c.truncated_by_id,
	c.deleted_at, c.custom, c.created_at, c.updated_at, n.last_message_at, n.message_count, n.unread_seq`

const channelTables = `channels c JOIN channel_counters n ON n.app_id = c.app_id AND n.cid = c.cid`

// Channel returns a channel with its type's configuration and its overrides
// merged into Config; NotFound when there is none or it was deleted. It may come
// from the cache: last_message_at and the counters are then as old as the cached
// row, so lists and answers that show them use Channels.
func (a *App) Channel(ctx context.Context, cid chat.CID) (*chat.Channel, error) {
	ch, err := a.s.caches.channels.get(entry{a.ID, string(cid)}, a.db, func() (*chat.Channel, error) {
		list, err := a.Channels(ctx, cid)
		if err != nil || len(list) == 0 {
			return nil, err
		}
		return list[0], nil
	})
	if err == nil && (ch == nil || ch.DeletedAt != nil) {
		return nil, chat.Errorf(chat.NotFound, "Can't find channel with id %s", cid)
	}
	return ch, err
}

// Channels reads channels and their counters from the database, deleted ones
// too, in no order. Their Config is merged.
func (a *App) Channels(ctx context.Context, cids ...chat.CID) ([]*chat.Channel, error) {
	rows, err := many[chat.Channel](ctx, a.db, `SELECT `+channelColumns+` FROM `+channelTables+` WHERE c.app_id = $1 AND c.cid = ANY($2)`, a.ID, cids)
	if err != nil {
		return nil, err
	}
	return rows, a.configure(ctx, rows)
}

// configure gives channels their merged configuration and message count.
func (a *App) configure(ctx context.Context, rows []*chat.Channel) error {
	if len(rows) == 0 {
		return nil
	}
	types, err := a.Types(ctx)
	if err != nil {
		return err
	}
	for _, ch := range rows {
		t := types[ch.Type]
		if t == nil {
			return chat.Errorf(chat.NotFound, "%s is not a defined channel type", ch.Type)
		}
		if ch.Config, err = merge(&t.Config, ch); err != nil {
			return err
		}
		if ch.Config.CountMessages {
			ch.MessageCount = &ch.Messages
		}
	}
	return nil
}

// merge returns the type's configuration with the channel's overrides: the same
// shared value when there are none.
func merge(cfg *chat.TypeConfig, ch *chat.Channel) (*chat.TypeConfig, error) {
	if len(ch.Overrides) <= len("{}") {
		return cfg, nil
	}
	o := struct {
		chat.TypeConfig
		Commands []string `json:"commands"` // names, not objects
	}{TypeConfig: cfg.Clone()}
	if err := wire.Unmarshal(ch.Overrides, &o); err != nil {
		return nil, err
	}
	v := o.TypeConfig
	if o.Commands != nil {
		v.Commands = nil
		for _, c := range cfg.Commands {
			for _, name := range o.Commands {
				if c.Name == name {
					v.Commands = append(v.Commands, c)
				}
			}
		}
	}
	return &v, nil
}

const memberColumns = `cid, user_id, status, channel_role, banned, ban_expires, shadow_banned, invited, invite_accepted_at, invite_rejected_at,
	notifications_muted, pinned_at, archived_at, hidden, hidden_changed_at, hide_messages_before, join_seq, custom, created_at, updated_at`

// Member returns a user's membership of a channel, or nil. User is not filled in.
func (a *App) Member(ctx context.Context, cid chat.CID, userID string) (*chat.Member, error) {
	return a.s.caches.members.get(entry{a.ID, memberKey(cid, userID)}, a.db, func() (*chat.Member, error) {
		return maybe[chat.Member](ctx, a.db, `SELECT `+memberColumns+` FROM members WHERE app_id = $1 AND cid = $2 AND user_id = $3`, a.ID, cid, userID)
	})
}

// Seat returns what decisions about a user in a channel start from: the channel,
// its type and his membership (nil when he has none), all possibly cached.
func (a *App) Seat(ctx context.Context, cid chat.CID, userID string) (*chat.Channel, *Type, *chat.Member, error) {
	ch, err := a.Channel(ctx, cid)
	if err != nil {
		return nil, nil, nil, err
	}
	t, err := a.Type(ctx, ch.Type)
	if err != nil || userID == "" {
		return ch, t, nil, err
	}
	m, err := a.Member(ctx, cid, userID)
	return ch, t, m, err
}

// LastMessageAt is when the channel's newest counting message was sent, read
// from the database.
func (a *App) LastMessageAt(ctx context.Context, cid chat.CID) (*time.Time, error) {
	at, err := scalars[*time.Time](ctx, a.db, `SELECT last_message_at FROM channel_counters WHERE app_id = $1 AND cid = $2`, a.ID, cid)
	if err != nil || len(at) == 0 {
		return nil, err
	}
	return at[0], nil
}
