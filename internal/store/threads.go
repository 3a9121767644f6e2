package store

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/filter"
)

// ThreadQuery asks for the threads that a user takes part in.
type ThreadQuery struct {
	Viewer string
	// Open, if not nil, are the only types of channels in which threads are found
	// where the viewer is no member.
	Open []string
	// Overseen are the types of channels in which the viewer sees what is meant for
	// others.
	Overseen   []string
	Filter     filter.Node
	Sort       []filter.Sort // none is by what is unread, then by the newest reply
	Limit      int
	Next, Prev string
}

// threadRow is a thread with its position in a list.
type threadRow struct {
	chat.Thread

	Position jsontext.Value `db:"position"`
}

// Threads t with their parents p and channels c, and his membership m of the viewer $2.
const (
	threadColumns = `t.cid, t.parent_id, t.created_by_id, p.reply_count, t.participant_count, t.participant_count AS active_participant_count,
		t.unread_seq, t.last_message_at, t.created_at, t.updated_at, p.deleted_at, t.title, t.custom`
	threadTables = `
		JOIN messages p ON p.app_id = t.app_id AND p.id = t.parent_id
		JOIN channels c ON c.app_id = t.app_id AND c.cid = t.cid AND c.deleted_at IS NULL
		LEFT JOIN members m ON m.app_id = t.app_id AND m.cid = t.cid AND m.user_id = $2`
	// The threads that the viewer takes part in. What else is asked of them is in
	// bigger rows, and read only of those that are in the page.
	ownThreads = `SELECT t.*, t.unread_seq > r.unread_base AS has_unread FROM thread_reads r
		JOIN threads t ON t.app_id = r.app_id AND t.cid = r.cid AND t.parent_id = r.parent_id
		WHERE r.app_id = $1 AND r.user_id = $2 AND r.joined_at IS NOT NULL`
	// The same with the numbers of replies, which the parents have.
	ownThreadsReplies = `SELECT t.*, t.unread_seq > r.unread_base AS has_unread, p.reply_count FROM thread_reads r
		JOIN threads t ON t.app_id = r.app_id AND t.cid = r.cid AND t.parent_id = r.parent_id
		JOIN messages p ON p.app_id = t.app_id AND p.id = t.parent_id
		WHERE r.app_id = $1 AND r.user_id = $2 AND r.joined_at IS NOT NULL`
)

var threadFields = filter.Fields{
	Named: map[string]filter.Field{
		"channel_cid":              filter.Text("t.cid", filter.OneOf),
		"parent_message_id":        filter.Text("t.parent_id", filter.OneOf),
		"created_by_user_id":       filter.Text("t.created_by_id", filter.OneOf),
		"title":                    filter.Text("t.title", filter.OneOf),
		"channel.team":             filter.Text("c.team", filter.OneOf),
		"channel.disabled":         filter.Bool("c.disabled", filter.Equal),
		"has_unread":               filter.Bool("t.has_unread", filter.Equal),
		"created_at":               filter.Time("t.created_at", filter.Compare),
		"updated_at":               filter.Time("t.updated_at", filter.Compare),
		"last_message_at":          filter.Time("t.last_message_at", filter.Compare),
		"reply_count":              filter.Number("p.reply_count", filter.Compare),
		"participant_count":        filter.Number("t.participant_count", filter.Compare),
		"active_participant_count": filter.Number("t.participant_count", filter.Compare),
	},
	Custom: filter.JSON{Column: "t.custom", Ops: filter.Range.With(filter.Contains), Entity: "threads"}.Field,
}

var threadKeys = filter.Keys{Named: map[string]filter.Key{
	"has_unread":               {Expr: "t.has_unread", Type: "boolean"},
	"last_message_at":          {Expr: "t.last_message_at", Type: "timestamptz"},
	"created_at":               {Expr: "t.created_at", Type: "timestamptz"},
	"updated_at":               {Expr: "t.updated_at", Type: "timestamptz"},
	"reply_count":              {Expr: "t.reply_count", Type: "int"},
	"participant_count":        {Expr: "t.participant_count", Type: "int"},
	"active_participant_count": {Expr: "t.participant_count", Type: "int"},
	"parent_message_id":        {Expr: "t.parent_id", Type: "text"},
}}

// QueryThreads returns threads of the viewer, without those that have no replies any
// more or whose beginning he cannot see, and the cursors around them. Errors of the
// filter, the sort and the cursors are Invalid.
func (a *App) QueryThreads(ctx context.Context, q ThreadQuery) (threads []*chat.Thread, next, prev string, err error) {
	key, err := a.cursorKey(ctx)
	if err != nil {
		return nil, "", "", err
	}
	b := &filter.Builder{Args: []any{a.ID, q.Viewer}}
	where, err := threadFields.SQL(b, q.Filter)
	if err != nil {
		return nil, "", "", err
	}
	sorts := q.Sort
	if len(sorts) == 0 {
		sorts = []filter.Sort{{Field: "has_unread", Desc: true}, {Field: "last_message_at", Desc: true}}
	}
	sorts = append(slices.Clip(sorts), filter.Sort{Field: "parent_message_id", Desc: sorts[len(sorts)-1].Desc})
	order, err := threadKeys.Order(b, sorts)
	if err != nil {
		return nil, "", "", err
	}
	scope := "threads " + strconv.Itoa(int(a.ID)) + " " + q.Viewer + " " + order.SQL()
	page := cursors{key: key, scope: scope}
	from, order, err := page.from(b, order, q.Next, q.Prev)
	if err != nil {
		return nil, "", "", err
	}
	if q.Open != nil {
		where += ` AND (m.status NOT IN ('pending', 'rejected') OR c.created_by_id = $2 OR c.type = ANY (` + b.Arg(q.Open) + `::text[]))`
	}
	overseen := ""
	if len(q.Overseen) > 0 {
		overseen = ` OR c.type = ANY (` + b.Arg(q.Overseen) + `::text[])`
	}
	own := ownThreads
	if slices.ContainsFunc(sorts, func(s filter.Sort) bool { return s.Field == "reply_count" }) {
		own = ownThreadsReplies
	}
	// OFFSET 0 has the threads put in order before they are joined.
	rows, err := many[threadRow](ctx, a.db, `
		SELECT `+threadColumns+`, `+order.Position()+` AS position
		FROM (SELECT t.* FROM (`+own+`) t WHERE `+from+` ORDER BY `+order.SQL()+` OFFSET 0) t`+threadTables+`
		WHERE p.reply_count > 0 AND p.deleted_at IS NULL AND t.parent_at > coalesce(greatest(c.truncated_at, m.hide_messages_before), '-infinity')
			AND (p.restricted_visibility = '{}' OR p.user_id = $2 OR $2 = ANY (p.restricted_visibility)`+overseen+`) AND (NOT p.shadowed OR p.user_id = $2)
			AND `+where+`
		ORDER BY `+order.SQL()+` LIMIT `+b.Arg(q.Limit+1), b.Args...)
	if err != nil || len(rows) == 0 {
		return nil, "", "", err
	}
	more := len(rows) > q.Limit
	rows = rows[:min(len(rows), q.Limit)]
	if q.Prev != "" {
		slices.Reverse(rows)
	}
	if len(rows) > 0 {
		next, prev = page.ends(rows[0].Position, rows[len(rows)-1].Position, q.Next != "", q.Prev != "", more)
	}
	return column(rows, func(r *threadRow) *chat.Thread { return &r.Thread }), next, prev, nil
}

// Thread returns the thread that a message starts; nil when nobody replied to it.
func (a *App) Thread(ctx context.Context, parent *chat.Message) (*chat.Thread, error) {
	return maybe[chat.Thread](ctx, a.db, `
		SELECT `+threadColumns+` FROM threads t JOIN messages p ON p.app_id = t.app_id AND p.id = t.parent_id
		WHERE t.app_id = $1 AND t.cid = $2 AND t.parent_id = $3`, a.ID, parent.CID, parent.ID)
}

// LockThread is Thread, and keeps others from changing it until the transaction ends.
func (t *Tx) LockThread(ctx context.Context, parent *chat.Message) (*chat.Thread, error) {
	if _, err := exec(ctx, t.db, `
		SELECT FROM threads WHERE app_id = $1 AND cid = $2 AND parent_id = $3 FOR UPDATE`, t.ID, parent.CID, parent.ID); err != nil {
		return nil, err
	}
	return t.Thread(ctx, parent)
}

// UpdateThread writes what of a thread can be edited.
func (t *Tx) UpdateThread(ctx context.Context, th *chat.Thread) error {
	_, err := exec(ctx, t.db, `
		UPDATE threads SET title = $4, custom = $5::jsonb, updated_at = $6 WHERE app_id = $1 AND cid = $2 AND parent_id = $3`,
		t.ID, th.CID, th.ParentID, th.Title, object(th.Custom), th.UpdatedAt)
	return err
}

// ParticipantsOf returns, by thread, who takes part in threads, those who began first,
// at most perThread of each, and the viewer if he does, with how far they have read.
func (a *App) ParticipantsOf(ctx context.Context, viewer string, threads []*chat.Thread, perThread int) (map[string][]*chat.ThreadParticipant, error) {
	const part = `SELECT r.cid, r.parent_id, r.user_id, r.joined_at, r.last_read, r.last_reply_at, r.last_read_message_id,
			greatest(v.seq - r.unread_base, 0)::int AS unread
		FROM thread_reads r WHERE r.app_id = $1 AND r.cid = v.cid AND r.parent_id = v.parent_id AND r.joined_at IS NOT NULL`
	rows, err := many[chat.ThreadParticipant](ctx, a.db, `
		SELECT r.* FROM unnest($3::text[], $4::text[], $5::bigint[]) AS v (cid, parent_id, seq) CROSS JOIN LATERAL (
			(`+part+` ORDER BY r.joined_at, r.user_id LIMIT $6) UNION (`+part+` AND r.user_id = $2)) r
		ORDER BY r.joined_at, r.user_id`, a.ID, viewer,
		column(threads, func(t *chat.Thread) chat.CID { return t.CID }), column(threads, func(t *chat.Thread) string { return t.ParentID }),
		column(threads, func(t *chat.Thread) int64 { return t.UnreadSeq }), perThread)
	if err != nil {
		return nil, err
	}
	users, err := a.Users(ctx, column(rows, func(p *chat.ThreadParticipant) string { return p.UserID })...)
	out := make(map[string][]*chat.ThreadParticipant, len(threads))
	for _, p := range rows {
		if p.User = users[p.UserID]; p.User == nil {
			continue
		}
		p.User.Conceal()
		out[p.ThreadID] = append(out[p.ThreadID], p)
	}
	return out, err
}

// LatestReplies returns the newest replies of threads, at most limit of each, and the
// messages that they start with, hydrated; the replies by parent, oldest first. views
// are those of the threads' channels.
func (a *App) LatestReplies(ctx context.Context, v Viewer, threads []*chat.Thread, views []View, limit int) (map[string][]*chat.Message, map[string]*chat.Message, error) {
	ids := column(threads, func(t *chat.Thread) string { return t.ParentID })
	parents, err := a.StoredMessages(ctx, ids...)
	if err != nil {
		return nil, nil, err
	}
	list, err := a.messages(ctx, `
		SELECT m.* FROM unnest($2::text[], $6::timestamptz[]) AS v (id, since) CROSS JOIN LATERAL (
			SELECT `+messageColumns+` FROM messages m
			WHERE m.app_id = $1 AND m.parent_id = v.id AND m.parent_id <> '' AND m.deleted_at IS NULL AND (v.since IS NULL OR m.created_at > v.since)
				AND `+visible+`
			ORDER BY m.created_at DESC, m.id DESC LIMIT $7) m`,
		append(v.args(a.ID, ids), column(views, func(w View) *time.Time { return w.Since }), limit)...)
	if err != nil {
		return nil, nil, err
	}
	slices.SortFunc(list, func(a, b *chat.Message) int { return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID)) })
	all := slices.Clone(list)
	for _, p := range parents {
		all = append(all, p)
	}
	if err := a.Hydrate(ctx, v, all...); err != nil {
		return nil, nil, err
	}
	out := make(map[string][]*chat.Message, len(threads))
	for _, m := range list {
		out[m.ParentID] = append(out[m.ParentID], m)
	}
	return out, parents, nil
}
