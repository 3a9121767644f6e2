package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"chatd/internal/chat"
	"chatd/internal/filter"
)

// ChannelQuery asks for channels.
type ChannelQuery struct {
	Viewer        string // whose membership filters and sorts ask about; "" for nobody
	Filter        filter.Node
	Sort          []filter.Sort // none is by what was last updated
	Limit, Offset int
	// Teams, if not nil, are the only teams whose channels are found; "" stands for
	// channels without one.
	Teams []string
	// Open, if not nil, are the only types of channels that are found where the
	// viewer is no member and did not create them.
	Open []string
}

// QueryChannels returns the channels that a query asks for. Channels that the
// viewer hid are left out unless the filter speaks of them, and so are his
// conversations with users whom he blocked. Errors of the filter and the sort are
// Invalid.
func (a *App) QueryChannels(ctx context.Context, q ChannelQuery) ([]*chat.Channel, error) {
	off, err := a.unreadOff(ctx)
	if err != nil {
		return nil, err
	}
	sql, args, err := (&channelLookup{viewer: q.Viewer, now: a.Now(), off: off}).statement(a.ID, q)
	if err != nil {
		return nil, err
	}
	rows, err := many[chat.Channel](ctx, a.db, sql, args...)
	if err != nil {
		return nil, err
	}
	if err := a.FillChannels(ctx, rows...); err != nil {
		return nil, err
	}
	return rows, a.configure(ctx, rows)
}

// statement writes the query.
func (l *channelLookup) statement(app chat.AppID, q ChannelQuery) (string, []any, error) {
	b := &filter.Builder{Args: []any{app, l.viewer}}
	fields := l.fields()
	where, err := fields.SQL(b, q.Filter)
	if err != nil {
		return "", nil, err
	}
	if l.viewer != "" && !filter.Mentions(q.Filter, "hidden") {
		where += ` AND NOT ` + isHidden
	}
	if l.viewer != "" && !filter.Mentions(q.Filter, "hidden") && !filter.Mentions(q.Filter, "blocked") {
		where += ` AND NOT ` + isBlocked
	}
	if q.Teams != nil {
		where += ` AND c.team = ANY (` + b.Arg(q.Teams) + `::text[])`
	}
	if q.Open != nil {
		where += ` AND (` + isMine + ` OR c.created_by_id = $2 OR c.type = ANY (` + b.Arg(q.Open) + `::text[]))`
	}
	sorts := q.Sort
	if len(sorts) == 0 {
		sorts = []filter.Sort{{Field: "last_updated", Desc: true}}
	}
	order, err := l.keys(broad(q.Filter, fields)).Order(b, append(slices.Clip(sorts), filter.Sort{Field: "cid"}))
	if err != nil {
		return "", nil, err
	}
	tables := lookupTables
	if l.reads {
		tables += lookupReads
	}
	return `SELECT ` + channelColumns + ` FROM ` + tables + ` WHERE c.app_id = $1 AND c.deleted_at IS NULL AND ` + where +
		` ORDER BY ` + order.SQL() + ` LIMIT ` + b.Arg(q.Limit) + ` OFFSET ` + b.Arg(q.Offset), b.Args, nil
}

// ChannelMute is a user's mute of a channel that has not ended.
type ChannelMute struct {
	CID     chat.CID   `db:"cid"`
	Expires *time.Time `db:"expires"`
}

// MutesIn returns a user's mutes of channels, by channel.
func (a *App) MutesIn(ctx context.Context, userID string, channels []*chat.Channel) (map[chat.CID]*ChannelMute, error) {
	rows, err := many[ChannelMute](ctx, a.db, `
		SELECT cid, expires FROM channel_mutes WHERE app_id = $1 AND user_id = $2 AND cid = ANY ($3) AND (expires IS NULL OR expires > $4)`,
		a.ID, userID, column(channels, func(ch *chat.Channel) chat.CID { return ch.CID }), a.Now())
	out := make(map[chat.CID]*ChannelMute, len(rows))
	for _, m := range rows {
		out[m.CID] = m
	}
	return out, err
}

// BlockedIn returns those of the channels that are conversations of two of whom
// the user blocked the other.
func (a *App) BlockedIn(ctx context.Context, userID string, channels []*chat.Channel) (map[chat.CID]bool, error) {
	cids, err := scalars[chat.CID](ctx, a.db, `
		SELECT c.cid FROM channels c JOIN members me ON me.app_id = c.app_id AND me.cid = c.cid AND me.user_id = $2
		WHERE c.app_id = $1 AND c.cid = ANY ($3) AND `+isBlocked,
		a.ID, userID, column(channels, func(ch *chat.Channel) chat.CID { return ch.CID }))
	out := make(map[chat.CID]bool, len(cids))
	for _, cid := range cids {
		out[cid] = true
	}
	return out, err
}

// Blockers returns those of the users who blocked the user.
func (a *App) Blockers(ctx context.Context, userID string, users []string) ([]string, error) {
	return scalars[string](ctx, a.db, `
		SELECT user_id FROM user_blocks WHERE app_id = $1 AND blocked_user_id = $2 AND user_id = ANY ($3)`, a.ID, userID, users)
}

// prefixed writes a list of columns with the table's alias before each.
func prefixed(alias, columns string) string {
	names := strings.Split(columns, ",")
	for i, name := range names {
		names[i] = alias + "." + strings.TrimSpace(name)
	}
	return strings.Join(names, ", ")
}
