package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"chatd/internal/chat"
	"chatd/internal/filter"
)

// Viewer is who looks at messages.
type Viewer struct {
	UserID string // "" for a server-side call that names nobody
	Server bool   // sees all messages
	// SeesShadowed and SeesRestricted tell that the viewer sees messages of
	// shadow-banned users and messages meant for others only.
	SeesShadowed, SeesRestricted bool
	// Drafts and Reminders tell that the viewer has any: messages come with his drafts
	// of replies to them, and his reminders of them.
	Drafts, Reminders bool
	// Include is what messages come with of the custom data of senders' memberships.
	Include chat.Inclusion
}

// View is what of a channel is visible to a viewer: messages after Since, the later
// of the channel's truncation and the hiding of his history.
type View struct {
	CID   chat.CID
	Since *time.Time
}

// visible keeps the messages m that the viewer may see: $3, $4 and $5 are those of
// Viewer.args.
const visible = `(NOT m.shadowed OR $4 OR m.user_id = $3)
	AND (m.restricted_visibility = '{}' OR $5 OR m.user_id = $3 OR $3 = ANY (m.restricted_visibility))`

// args are the first five parameters of a statement with visible in it.
func (v Viewer) args(app chat.AppID, second any) []any {
	return append(make([]any, 0, 8), app, second, v.UserID, v.Server || v.SeesShadowed, v.Server || v.SeesRestricted)
}

// Page selects messages around a place in a list that is ordered by time. Ids stand
// for the time of their message. Without a place it is the newest page.
type Page struct {
	Limit  int `json:"limit" query:"limit"`
	Offset int `json:"offset" query:"offset"`

	IDLT     string `json:"id_lt" query:"id_lt"`
	IDLTE    string `json:"id_lte" query:"id_lte"`
	IDGT     string `json:"id_gt" query:"id_gt"`
	IDGTE    string `json:"id_gte" query:"id_gte"`
	IDAround string `json:"id_around" query:"id_around"`

	CreatedBefore        *time.Time `json:"created_at_before" query:"created_at_before"`
	CreatedBeforeOrEqual *time.Time `json:"created_at_before_or_equal" query:"created_at_before_or_equal"`
	CreatedAfter         *time.Time `json:"created_at_after" query:"created_at_after"`
	CreatedAfterOrEqual  *time.Time `json:"created_at_after_or_equal" query:"created_at_after_or_equal"`
	CreatedAround        *time.Time `json:"created_at_around" query:"created_at_around"`
}

// Named returns the id of a message that stands for a place of the page, or "".
func (p Page) Named() string { return cmp.Or(p.IDLT, p.IDLTE, p.IDGT, p.IDGTE, p.IDAround) }

// NoMessage is the error for a place named by a message that the channel cid does
// not have.
func NoMessage(id string, cid chat.CID) error {
	return chat.Errorf(chat.Invalid, "message with id %s doesn't exist in channel %s", id, cid)
}

// MaxOffset bounds Page.Offset; further back only places lead.
const MaxOffset = 1000

// Check returns an Invalid error when Limit is not in 0 to most or Offset is out of
// bounds.
func (p Page) Check(most int) error {
	if err := chat.CheckRange("limit", p.Limit, most); err != nil {
		return err
	}
	return chat.CheckRange("offset", p.Offset, MaxOffset)
}

// MessagePage returns a page of the channel's own messages, oldest first, hydrated;
// Invalid when a place is named by a message that the channel does not have.
func (a *App) MessagePage(ctx context.Context, v Viewer, view View, p Page) ([]*chat.Message, error) {
	l := listing{App: a, viewer: v, cid: view.CID, at: "created_at", of: `m.cid = $2 AND m.in_channel`, key: string(view.CID), since: view.Since}
	return l.page(ctx, p, false)
}

// Replies returns a page of a thread, oldest first, hydrated, without deleted
// replies. fromStart makes the page without a place the oldest one. The errors are
// those of MessagePage.
func (a *App) Replies(ctx context.Context, v Viewer, view View, parentID string, p Page, fromStart bool) ([]*chat.Message, error) {
	l := listing{
		App: a, viewer: v, cid: view.CID, at: "created_at", key: parentID, since: view.Since,
		of: `m.parent_id = $2 AND m.parent_id <> '' AND m.deleted_at IS NULL`,
	}
	return l.page(ctx, p, fromStart)
}

// LatestMessages returns the newest messages of each channel, at most limit, oldest
// first, hydrated.
func (a *App) LatestMessages(ctx context.Context, v Viewer, views []View, limit int) (map[chat.CID][]*chat.Message, error) {
	return a.perChannel(ctx, v, views, perChannel{
		where: `m.in_channel`, first: `m.created_at DESC, m.id DESC`, limit: limit,
		compare: func(a, b *chat.Message) int { return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID)) },
	})
}

// PinnedMessages returns the pinned messages of each channel, the latest pin first,
// at most limit, hydrated.
func (a *App) PinnedMessages(ctx context.Context, v Viewer, views []View, limit int) (map[chat.CID][]*chat.Message, error) {
	return a.perChannel(ctx, v, views, perChannel{
		where: pinnedNow, first: `m.pinned_at DESC, m.id DESC`, limit: limit, more: []any{a.Now()},
		compare: func(a, b *chat.Message) int { return cmp.Or(b.PinnedAt.Compare(*a.PinnedAt), cmp.Compare(b.ID, a.ID)) },
	})
}

// pinnedNow keeps messages whose pin has not ended at the time $8.
const pinnedNow = `m.pinned AND (m.pin_expires IS NULL OR m.pin_expires > $8)`

// perChannel selects the first messages of each of several channels.
type perChannel struct {
	where   string                       // which messages
	first   string                       // the order in which they are the first
	compare func(a, b *chat.Message) int // the order of the result
	limit   int                          // per channel
	more    []any                        // parameters from $8 on
}

// perChannel reads the first messages of many channels with one statement.
func (a *App) perChannel(ctx context.Context, v Viewer, views []View, p perChannel) (map[chat.CID][]*chat.Message, error) {
	if len(views) == 0 || p.limit <= 0 {
		return nil, nil //nolint:nilnil // an empty map would serve no better
	}
	args := append(v.args(a.ID, column(views, func(w View) string { return string(w.CID) })),
		column(views, func(w View) *time.Time { return w.Since }), p.limit)
	list, err := a.messages(ctx, `
		SELECT m.* FROM unnest($2::text[], $6::timestamptz[]) AS v (cid, since) CROSS JOIN LATERAL (
			SELECT `+messageColumns+` FROM messages m
			WHERE m.app_id = $1 AND m.cid = v.cid AND (v.since IS NULL OR m.created_at > v.since) AND `+p.where+` AND `+visible+`
			ORDER BY `+p.first+` LIMIT $7) m`, append(args, p.more...)...)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, p.compare) // here: the database would sort whole rows
	if err := a.Hydrate(ctx, v, list...); err != nil {
		return nil, err
	}
	out := make(map[chat.CID][]*chat.Message, len(views))
	for _, m := range list {
		out[m.CID] = append(out[m.CID], m)
	}
	return out, nil
}

// listing is a list of messages ordered by time: of a channel or of a thread.
type listing struct {
	*App

	viewer Viewer
	cid    chat.CID
	at     string // the column of the time
	of     string // which messages; $2 is key
	key    string
	more   []any // parameters of of, from $6 on
	since  *time.Time
}

// place is a message's place in a list, or a moment when id is "".
type place struct {
	at time.Time
	id string
}

// bound is one end of a page.
type bound struct {
	place

	op string // <, <=, >, >=
}

func (b bound) sql(column string, args *filter.Builder) string {
	if b.id == "" {
		return "m." + column + " " + b.op + " " + args.Arg(b.at)
	}
	return "(m." + column + ", m.id) " + b.op + " (" + args.Arg(b.at) + ", " + args.Arg(b.id) + ")"
}

func (l listing) page(ctx context.Context, p Page, fromStart bool) ([]*chat.Message, error) {
	if p.Limit <= 0 {
		return nil, nil
	}
	places, err := l.places(ctx, p.IDLT, p.IDLTE, p.IDGT, p.IDGTE, p.IDAround)
	if err != nil {
		return nil, err
	}
	var out []*chat.Message
	if at, ok := p.around(places); ok {
		out, err = l.around(ctx, at, p.Limit)
	} else {
		bounds := p.bounds(places)
		up := fromStart && len(bounds) == 0
		for _, b := range bounds {
			up = up || b.op[0] == '>'
		}
		out, err = l.slice(ctx, bounds, up, p.Limit, p.Offset)
	}
	if err != nil {
		return nil, err
	}
	return out, l.Hydrate(ctx, l.viewer, out...)
}

func (p Page) around(places map[string]place) (place, bool) {
	switch {
	case p.IDAround != "":
		return places[p.IDAround], true
	case p.CreatedAround != nil:
		return place{at: *p.CreatedAround}, true
	}
	return place{}, false
}

func (p Page) bounds(places map[string]place) []bound {
	var out []bound
	for _, b := range []struct {
		id, op string
		at     *time.Time
	}{
		{p.IDLT, "<", p.CreatedBefore},
		{p.IDLTE, "<=", p.CreatedBeforeOrEqual},
		{p.IDGT, ">", p.CreatedAfter},
		{p.IDGTE, ">=", p.CreatedAfterOrEqual},
	} {
		if b.id != "" {
			out = append(out, bound{places[b.id], b.op})
		}
		if b.at != nil {
			out = append(out, bound{place{at: *b.at}, b.op})
		}
	}
	return out
}

// places finds the messages that a page is bounded by.
func (l listing) places(ctx context.Context, ids ...string) (map[string]place, error) {
	ids = slices.DeleteFunc(ids, func(id string) bool { return id == "" })
	if len(ids) == 0 {
		return nil, nil //nolint:nilnil // nothing was asked for
	}
	type row struct {
		ID string    `db:"id"`
		At time.Time `db:"at"`
	}
	rows, err := many[row](ctx, l.db, `
		SELECT id, `+l.at+` AS at FROM messages WHERE app_id = $1 AND id = ANY ($2) AND cid = $3 AND `+l.at+` IS NOT NULL`, l.ID, ids, l.cid)
	if err != nil {
		return nil, err
	}
	out := make(map[string]place, len(rows))
	for _, r := range rows {
		out[r.ID] = place{r.At, r.ID}
	}
	for _, id := range ids {
		if _, ok := out[id]; !ok {
			return nil, NoMessage(id, l.cid)
		}
	}
	return out, nil
}

// slice reads one side of a place: up, the messages right after the bounds, else
// those right before them. The result is oldest first.
func (l listing) slice(ctx context.Context, bounds []bound, up bool, limit, offset int) ([]*chat.Message, error) {
	b := &filter.Builder{Args: append(l.viewer.args(l.ID, l.key), l.more...)}
	var sql strings.Builder
	sql.WriteString(`SELECT ` + messageColumns + ` FROM messages m WHERE m.app_id = $1 AND ` + l.of + ` AND ` + visible)
	if l.since != nil {
		sql.WriteString(` AND m.created_at > ` + b.Arg(*l.since))
	}
	for _, e := range bounds {
		sql.WriteString(` AND ` + e.sql(l.at, b))
	}
	if up {
		sql.WriteString(` ORDER BY m.` + l.at + `, m.id`)
	} else {
		sql.WriteString(` ORDER BY m.` + l.at + ` DESC, m.id DESC`)
	}
	sql.WriteString(` LIMIT ` + b.Arg(limit))
	if offset > 0 {
		sql.WriteString(` OFFSET ` + b.Arg(offset))
	}
	out, err := l.messages(ctx, sql.String(), b.Args...)
	if !up {
		slices.Reverse(out)
	}
	return out, err
}

// around reads a page with the place in its middle, or as near to it as there are
// messages on both sides.
func (l listing) around(ctx context.Context, at place, limit int) ([]*chat.Message, error) {
	older, err := l.slice(ctx, []bound{{at, "<"}}, false, limit, 0)
	if err != nil {
		return nil, err
	}
	newer, err := l.slice(ctx, []bound{{at, ">="}}, true, limit, 0)
	if err != nil {
		return nil, err
	}
	half := limit / 2
	before := min(len(older), max(half, limit-len(newer)))
	after := min(len(newer), limit-before)
	return append(older[len(older)-before:], newer[:after]...), nil
}
