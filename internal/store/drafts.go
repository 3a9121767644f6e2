package store

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/filter"
)

const draftColumns = `d.cid, d.user_id, d.parent_id, d.message, d.mentioned_users, d.created_at`

// SaveDraft keeps a draft, in place of what its user has there.
func (t *Tx) SaveDraft(ctx context.Context, d *chat.Draft) error {
	fresh, err := scalars[bool](ctx, t.db, `
		INSERT INTO drafts (app_id, cid, user_id, parent_id, message, mentioned_users, created_at) VALUES ($1, $2, $3, $4, $5::json, $6, $7)
		ON CONFLICT (app_id, cid, user_id, parent_id) DO UPDATE
		SET message = excluded.message, mentioned_users = excluded.mentioned_users, created_at = excluded.created_at
		RETURNING xmax = 0`, // of a row that was there it is the transaction that replaces it
		t.ID, d.CID, d.UserID, d.ParentID, &d.Message, list(d.MentionedUserIDs), d.CreatedAt)
	if err != nil || !fresh[0] {
		return err
	}
	return t.count(ctx, drafts, d.UserID, 1)
}

// DeleteDraft removes a user's draft in a channel or a thread and tells whether he
// had one.
func (t *Tx) DeleteDraft(ctx context.Context, cid chat.CID, userID, parentID string) (bool, error) {
	return t.drop(ctx, drafts, `o.cid = $2 AND o.user_id = $3 AND o.parent_id = $4`, cid, userID, parentID)
}

// HasDraft tells whether a user has a draft in a channel, or in one of its threads.
func (a *App) HasDraft(ctx context.Context, cid chat.CID, userID, parentID string) (bool, error) {
	found, err := scalars[bool](ctx, a.db, `
		SELECT EXISTS (SELECT FROM drafts d WHERE d.app_id = $1 AND d.cid = $2 AND d.user_id = $3 AND d.parent_id = $4)`,
		a.ID, cid, userID, parentID)
	return err == nil && found[0], err
}

// Draft returns the draft of a user in a channel or in one of its threads, not
// filled in; NotFound when he has none.
func (a *App) Draft(ctx context.Context, cid chat.CID, userID, parentID string) (*chat.Draft, error) {
	d, err := maybe[chat.Draft](ctx, a.db, `
		SELECT `+draftColumns+` FROM drafts d WHERE d.app_id = $1 AND d.cid = $2 AND d.user_id = $3 AND d.parent_id = $4`,
		a.ID, cid, userID, parentID)
	if err == nil && d == nil {
		err = NoDraft(cid, parentID)
	}
	return d, err
}

// NoDraft is the error for a draft that there is not.
func NoDraft(cid chat.CID, parentID string) error {
	if parentID != "" {
		return chat.Errorf(chat.NotFound, "draft in the thread of message with id %s doesn't exist", parentID)
	}
	return chat.Errorf(chat.NotFound, "draft in channel %s doesn't exist", cid)
}

// ChannelDrafts returns the viewer's drafts in channels, without their channels.
func (a *App) ChannelDrafts(ctx context.Context, v Viewer, cids []chat.CID) (map[chat.CID]*chat.Draft, error) {
	if !v.Drafts {
		return map[chat.CID]*chat.Draft{}, nil
	}
	rows, err := many[chat.Draft](ctx, a.db, `
		SELECT `+draftColumns+` FROM drafts d WHERE d.app_id = $1 AND d.cid = ANY ($2) AND d.user_id = $3 AND d.parent_id = ''`, a.ID, cids, v.UserID)
	if err != nil {
		return nil, err
	}
	out := make(map[chat.CID]*chat.Draft, len(rows))
	for _, d := range rows {
		out[d.CID] = d
	}
	return out, a.quoteInDrafts(ctx, v, rows)
}

// FillDrafts gives drafts what they are shown with: whom they mention, the messages
// that they quote and reply to, as the viewer sees them, and their channels.
func (a *App) FillDrafts(ctx context.Context, v Viewer, drafts ...*chat.Draft) error {
	if len(drafts) == 0 {
		return nil
	}
	channels, err := a.filledChannels(ctx, column(drafts, func(d *chat.Draft) chat.CID { return d.CID }))
	if err != nil {
		return err
	}
	parents, err := a.inDrafts(ctx, v, drafts, func(d *chat.Draft) string { return d.ParentID })
	if err != nil {
		return err
	}
	for _, d := range drafts {
		d.Channel, d.Parent = channels[d.CID], parents[d.ParentID]
	}
	return a.quoteInDrafts(ctx, v, drafts)
}

// quoteInDrafts gives drafts whom they mention and the messages that they quote.
func (a *App) quoteInDrafts(ctx context.Context, v Viewer, drafts []*chat.Draft) error {
	quoted, err := a.inDrafts(ctx, v, drafts, func(d *chat.Draft) string { return d.Message.QuotedMessageID })
	if err != nil {
		return err
	}
	ids := map[string]bool{}
	var groupIDs []string
	for _, d := range drafts {
		d.Quoted = quoted[d.Message.QuotedMessageID]
		for _, id := range d.MentionedUserIDs {
			ids[id] = true
		}
		groupIDs = append(groupIDs, d.Message.MentionedGroupIDs...)
	}
	if len(ids) > 0 {
		users, err := a.named(ctx, ids)
		if err != nil {
			return err
		}
		for _, d := range drafts {
			d.Message.MentionedUsers = picked(d.MentionedUserIDs, users)
		}
	}
	if len(groupIDs) == 0 {
		return nil
	}
	groups, err := a.UserGroups(ctx, groupIDs...)
	for _, d := range drafts {
		d.Message.MentionedGroups = picked(d.Message.MentionedGroupIDs, groups)
	}
	return err
}

// picked returns those of all that ids name, in their order. Some may not be there any
// more.
func picked[T any](ids []string, all map[string]*T) (out []*T) {
	for _, id := range ids {
		if one := all[id]; one != nil {
			out = append(out, one)
		}
	}
	return out
}

// inDrafts returns messages that drafts name, by id, hydrated.
func (a *App) inDrafts(ctx context.Context, v Viewer, drafts []*chat.Draft, id func(*chat.Draft) string) (map[string]*chat.Message, error) {
	var ids []string
	for _, d := range drafts {
		if s := id(d); s != "" {
			ids = append(ids, s)
		}
	}
	if len(ids) == 0 {
		return map[string]*chat.Message{}, nil
	}
	v.Drafts = false // they are not shown within drafts
	rows, err := a.shown(ctx, v, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[string]*chat.Message, len(rows))
	for _, m := range rows {
		out[m.ID] = m
	}
	return out, a.Hydrate(ctx, v, rows...)
}

// Of drafts, what can be filtered and sorted by.
var (
	draftFields = filter.Fields{Named: map[string]filter.Field{
		"channel_cid": filter.Text("d.cid", filter.OneOf),
		"parent_id":   filter.Text("d.parent_id", filter.OneOf.With(filter.Exists)),
		"created_at":  filter.Time("d.created_at", filter.Compare),
	}}
	draftKeys = filter.Keys{Named: map[string]filter.Key{
		"created_at":  {Expr: "d.created_at", Type: "timestamptz"},
		"channel_cid": {Expr: "d.cid", Type: "text"},
		"parent_id":   {Expr: "d.parent_id", Type: "text"},
	}}
)

// readable keeps things o of the user $2 in channels c that he may read: as a member
// m, as their creator, or because their type is one of $3, if that is not NULL.
const readable = `c.deleted_at IS NULL
	AND ($3::text[] IS NULL OR m.status NOT IN ('pending', 'rejected') OR c.created_by_id = $2 OR c.type = ANY ($3))`

// QueryDrafts returns drafts of the viewer, by default the newest first, filled in,
// and the cursors of the pages after and before. open, if it is not nil, are the
// types of channels that he may read without being a member. What the query gets
// wrong is Invalid.
func (a *App) QueryDrafts(ctx context.Context, v Viewer, open []string, q Query) (list []*chat.Draft, next, prev string, err error) {
	type row struct {
		chat.Draft

		Position jsontext.Value `db:"position"`
	}
	rows, next, prev, err := pages[row]{
		name: "drafts " + v.UserID, args: []any{a.ID, v.UserID, open}, fields: draftFields, keys: draftKeys,
		first: latest, unique: []string{"channel_cid", "parent_id"},
		columns: draftColumns,
		from: `drafts d JOIN channels c ON c.app_id = d.app_id AND c.cid = d.cid
			LEFT JOIN members m ON m.app_id = d.app_id AND m.cid = d.cid AND m.user_id = d.user_id
			WHERE d.app_id = $1 AND d.user_id = $2 AND ` + readable,
		position: func(r *row) jsontext.Value { return r.Position },
	}.read(ctx, a, q)
	if err != nil {
		return nil, "", "", err
	}
	list = column(rows, func(r *row) *chat.Draft { return &r.Draft })
	return list, next, prev, a.FillDrafts(ctx, v, list...)
}
