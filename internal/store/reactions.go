package store

import (
	"context"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/filter"
)

const reactionColumns = `r.message_id, r.user_id, r.type, r.score, r.custom, r.created_at, r.updated_at`

// MaxReactionTypes bounds the different types of reactions that a message gathers.
const MaxReactionTypes = 200

// PutReaction adds r to a message that LockMessage returned, or replaces the user's
// reaction of the same type, and brings the message's groups and time of change up
// to date, in m too. unique takes away the user's reactions of other types. replaced
// tells that he had reacted before, with that type or, if unique, any. Of r, the
// times are filled in.
func (t *Tx) PutReaction(ctx context.Context, m *chat.Message, r *chat.Reaction, unique bool, at time.Time) (replaced bool, err error) {
	had, err := many[chat.Reaction](ctx, t.db, `
		SELECT `+reactionColumns+` FROM reactions r WHERE r.app_id = $1 AND r.message_id = $2 AND r.user_id = $3 AND ($4 OR r.type = $5)`,
		t.ID, m.ID, r.UserID, unique, r.Type)
	if err != nil {
		return false, err
	}
	r.MessageID, r.CreatedAt, r.UpdatedAt = m.ID, at, at
	var gone []*chat.Reaction
	for _, old := range had {
		if old.Type != r.Type {
			gone = append(gone, old)
			continue
		}
		r.CreatedAt = old.CreatedAt
	}
	if err := t.removeReactions(ctx, m, gone); err != nil {
		return false, err
	}
	if m.ReactionGroups[r.Type] == nil && len(m.ReactionGroups) >= MaxReactionTypes {
		return false, chat.Errorf(chat.Invalid, "a message cannot have more than %d types of reactions", MaxReactionTypes)
	}
	if _, err := exec(ctx, t.db, `
		INSERT INTO reactions (app_id, message_id, user_id, type, score, custom, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $7)
		ON CONFLICT (app_id, message_id, user_id, type) DO UPDATE
		SET score = excluded.score, custom = excluded.custom, updated_at = excluded.updated_at`,
		t.ID, m.ID, r.UserID, r.Type, r.Score, object(r.Custom), at); err != nil {
		return false, err
	}
	group(m, r, had)
	return len(had) > 0, t.putGroups(ctx, m, at)
}

// group counts r into its message's groups in the place of what the user had.
func group(m *chat.Message, r *chat.Reaction, had []*chat.Reaction) {
	if m.ReactionGroups == nil {
		m.ReactionGroups = map[string]*chat.ReactionGroup{}
	}
	g := m.ReactionGroups[r.Type]
	if g == nil {
		g = &chat.ReactionGroup{FirstReactionAt: r.CreatedAt}
		m.ReactionGroups[r.Type] = g
	}
	for _, old := range had {
		if old.Type == r.Type {
			g.SumScores += r.Score - old.Score
			return
		}
	}
	g.Count++
	g.SumScores += r.Score
	g.LastReactionAt = r.CreatedAt
}

// DeleteReaction takes a user's reaction of one type off a message that LockMessage
// returned, and brings the message up to date, in m too; NotFound when there is no
// such reaction.
func (t *Tx) DeleteReaction(ctx context.Context, m *chat.Message, userID, typ string, at time.Time) (*chat.Reaction, error) {
	r, err := maybe[chat.Reaction](ctx, t.db, `
		SELECT `+reactionColumns+` FROM reactions r WHERE r.app_id = $1 AND r.message_id = $2 AND r.user_id = $3 AND r.type = $4`,
		t.ID, m.ID, userID, typ)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, chat.Errorf(chat.NotFound, "reaction of type %s doesn't exist on message with id %s", typ, m.ID)
	}
	if err := t.removeReactions(ctx, m, []*chat.Reaction{r}); err != nil {
		return nil, err
	}
	return r, t.putGroups(ctx, m, at)
}

// removeReactions deletes reactions of one user and takes them out of m's groups.
func (t *Tx) removeReactions(ctx context.Context, m *chat.Message, gone []*chat.Reaction) error {
	if len(gone) == 0 {
		return nil
	}
	types := column(gone, func(r *chat.Reaction) string { return r.Type })
	if _, err := exec(ctx, t.db, `DELETE FROM reactions WHERE app_id = $1 AND message_id = $2 AND user_id = $3 AND type = ANY ($4)`,
		t.ID, m.ID, gone[0].UserID, types); err != nil {
		return err
	}
	var ends []string // the groups that lost their first or last reaction
	for _, r := range gone {
		g := m.ReactionGroups[r.Type]
		if g == nil {
			continue
		}
		if g.Count--; g.Count <= 0 {
			delete(m.ReactionGroups, r.Type)
			continue
		}
		g.SumScores -= r.Score
		if !r.CreatedAt.After(g.FirstReactionAt) || !r.CreatedAt.Before(g.LastReactionAt) {
			ends = append(ends, r.Type)
		}
	}
	return t.regroup(ctx, m, ends)
}

// regroup reads when the first and the last reaction of some types were made.
func (t *Tx) regroup(ctx context.Context, m *chat.Message, types []string) error {
	if len(types) == 0 {
		return nil
	}
	type row struct {
		Type  string     `db:"type"`
		First *time.Time `db:"first"`
		Last  *time.Time `db:"last"`
	}
	rows, err := many[row](ctx, t.db, `
		SELECT v.type, (SELECT min(r.created_at) FROM reactions r WHERE r.app_id = $1 AND r.message_id = $2 AND r.type = v.type) AS first,
			(SELECT max(r.created_at) FROM reactions r WHERE r.app_id = $1 AND r.message_id = $2 AND r.type = v.type) AS last
		FROM unnest($3::text[]) AS v (type)`, t.ID, m.ID, types)
	for _, r := range rows {
		if g := m.ReactionGroups[r.Type]; g != nil && r.First != nil {
			g.FirstReactionAt, g.LastReactionAt = *r.First, *r.Last
		}
	}
	return err
}

func (t *Tx) putGroups(ctx context.Context, m *chat.Message, at time.Time) error {
	m.UpdatedAt = chat.Risen(at, m.UpdatedAt)
	groups := m.ReactionGroups
	if groups == nil {
		groups = map[string]*chat.ReactionGroup{}
	}
	_, err := exec(ctx, t.db, `UPDATE messages SET reaction_groups = $3::jsonb, updated_at = $4 WHERE app_id = $1 AND id = $2`, t.ID, m.ID, groups, m.UpdatedAt)
	return err
}

// Reactions returns a message's reactions with their users, newest first.
func (a *App) Reactions(ctx context.Context, messageID string, limit, offset int) ([]*chat.Reaction, error) {
	list, err := many[chat.Reaction](ctx, a.db, `
		SELECT `+reactionColumns+` FROM reactions r WHERE r.app_id = $1 AND r.message_id = $2
		ORDER BY r.created_at DESC, r.user_id, r.type LIMIT $3 OFFSET $4`, a.ID, messageID, limit, offset)
	if err != nil {
		return nil, err
	}
	return list, a.reactors(ctx, list)
}

// reactors gives reactions their users.
func (a *App) reactors(ctx context.Context, list []*chat.Reaction) error {
	users, err := a.Users(ctx, column(list, func(r *chat.Reaction) string { return r.UserID })...)
	if err != nil {
		return err
	}
	for _, u := range users {
		u.Conceal()
	}
	h := hydration{users: users}
	for _, r := range list {
		r.User = h.user(r.UserID)
	}
	return nil
}

// ReactionQuery selects reactions of a message.
type ReactionQuery struct {
	MessageID  string
	Filter     jsontext.Value
	Sort       jsontext.Value
	Limit      int
	Next, Prev string // at most one: a cursor of an earlier answer
}

// Of reactions, what can be filtered and sorted by.
var (
	reactionFields = filter.Fields{Named: map[string]filter.Field{
		"type":       filter.Text("r.type", filter.OneOf),
		"user_id":    filter.Text("r.user_id", filter.OneOf),
		"created_at": filter.Time("r.created_at", filter.Range),
	}}
	reactionKeys = filter.Keys{Named: map[string]filter.Key{
		"created_at": {Expr: "r.created_at", Type: "timestamptz"},
		"user_id":    {Expr: "r.user_id", Type: "text"},
		"type":       {Expr: "r.type", Type: "text"},
	}}
)

// maxReactionSort bounds the items of a sort of reactions.
const maxReactionSort = 2

// QueryReactions returns the reactions that a filter selects, by default the newest
// first, and the cursors of the pages after and before; "" where there is none. What
// the query gets wrong is Invalid.
func (a *App) QueryReactions(ctx context.Context, q ReactionQuery) (list []*chat.Reaction, next, prev string, err error) {
	b := &filter.Builder{Args: []any{a.ID, q.MessageID, q.Limit + 1}}
	node, err := filter.Parse(q.Filter, filter.Limits{})
	if err != nil {
		return nil, "", "", err
	}
	where, err := reactionFields.SQL(b, node)
	if err != nil {
		return nil, "", "", err
	}
	sorts, err := filter.ParseSort(q.Sort, maxReactionSort)
	if err != nil {
		return nil, "", "", err
	}
	order, scope, err := totalOrder(b, reactionKeys, sorts, filter.Sort{Field: "created_at", Desc: true}, "user_id", "type")
	if err != nil {
		return nil, "", "", err
	}
	c := cursors{scope: "reactions " + q.MessageID + " " + scope}
	if c.key, err = a.cursorKey(ctx); err != nil {
		return nil, "", "", err
	}
	cond, order, err := c.from(b, order, q.Next, q.Prev)
	if err != nil {
		return nil, "", "", err
	}
	type row struct {
		chat.Reaction

		Position jsontext.Value `db:"position"`
	}
	rows, err := many[row](ctx, a.db, `
		SELECT `+reactionColumns+`, `+order.Position()+` AS position FROM reactions r
		WHERE r.app_id = $1 AND r.message_id = $2 AND `+where+` AND `+cond+`
		ORDER BY `+order.SQL()+` LIMIT $3`, b.Args...)
	if err != nil {
		return nil, "", "", err
	}
	more := len(rows) > q.Limit
	rows = rows[:min(len(rows), q.Limit)]
	if q.Prev != "" {
		slices.Reverse(rows)
	}
	if len(rows) > 0 {
		next, prev = c.ends(rows[0].Position, rows[len(rows)-1].Position, q.Next != "", q.Prev != "", more)
	}
	list = column(rows, func(r *row) *chat.Reaction { return &r.Reaction })
	return list, next, prev, a.reactors(ctx, list)
}
