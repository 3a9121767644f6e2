package store

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/filter"
)

// PollQuery selects polls, or votes of one.
type PollQuery struct {
	Query

	Viewer string // "" for a server-side call that names nobody
	Server bool   // finds the polls of everybody
}

// latest is the order of lists of polls, and of votes, without a sort.
var latest = filter.Sort{Field: "created_at", Desc: true}

// pollFields are what polls p can be filtered on.
var pollFields = filter.Fields{
	Named: map[string]filter.Field{
		"id":                           filter.Text("p.id", filter.OneOf),
		"poll_id":                      filter.Text("p.id", filter.OneOf),
		"name":                         filter.Text("p.name", filter.OneOf),
		"created_by_id":                filter.Text("p.created_by_id", filter.OneOf),
		"is_closed":                    filter.Bool("p.is_closed", filter.Equal),
		"allow_answers":                filter.Bool("p.allow_answers", filter.Equal),
		"allow_user_suggested_options": filter.Bool("p.allow_user_suggested_options", filter.Equal),
		"voting_visibility":            filter.Enum("p.voting_visibility", filter.Equal, chat.VotesPublic, chat.VotesAnonymous),
		"max_votes_allowed":            filter.Number("p.max_votes_allowed", filter.Compare),
		"created_at":                   filter.Time("p.created_at", filter.Compare),
		"updated_at":                   filter.Time("p.updated_at", filter.Compare),
	},
	Custom: filter.JSON{Column: "p.custom", Ops: filter.Range.With(filter.Contains), Entity: "polls"}.Field,
}

// pollKeys are what polls can be sorted by.
var pollKeys = filter.Keys{Named: map[string]filter.Key{
	"id":         {Expr: "p.id", Type: "text"},
	"name":       {Expr: "p.name", Type: "text"},
	"created_at": {Expr: "p.created_at", Type: "timestamptz"},
	"updated_at": {Expr: "p.updated_at", Type: "timestamptz"},
	"is_closed":  {Expr: "p.is_closed", Type: "boolean"},
}}

// reachable keeps the polls p that the user $2 created or that a message carries
// which he can see as a member of its channel.
const reachable = `(p.created_by_id = $2 OR EXISTS (
	SELECT FROM messages m JOIN members b ON b.app_id = m.app_id AND b.cid = m.cid AND b.user_id = $2 AND b.status <> 'rejected'
		JOIN channels c ON c.app_id = m.app_id AND c.cid = m.cid AND c.deleted_at IS NULL
	WHERE m.app_id = $1 AND m.poll_id = p.id AND m.poll_id <> '' AND m.deleted_at IS NULL
		AND (c.truncated_at IS NULL OR m.created_at > c.truncated_at)
		AND (b.hide_messages_before IS NULL OR m.created_at > b.hide_messages_before)
		AND (NOT m.shadowed OR m.user_id = $2)
		AND (m.restricted_visibility = '{}' OR m.user_id = $2 OR $2 = ANY (m.restricted_visibility))))`

// QueryPolls returns the polls that a filter selects, by default the newest first,
// as the viewer sees them, and the cursors of the pages after and before; "" where
// there is none. What the query gets wrong is Invalid.
func (a *App) QueryPolls(ctx context.Context, q PollQuery) (list []*chat.Poll, next, prev string, err error) {
	who := `$2::text IS NOT NULL` // everybody's; every parameter has to stand somewhere
	if !q.Server {
		who = reachable
	}
	type row struct {
		chat.Poll

		Position jsontext.Value `db:"position"`
	}
	rows, next, prev, err := pages[row]{
		name: "polls", args: []any{a.ID, q.Viewer}, fields: pollFields, keys: pollKeys, first: latest, unique: []string{"id"},
		columns: pollColumns, from: `polls p WHERE p.app_id = $1 AND ` + who,
		position: func(r *row) jsontext.Value { return r.Position },
	}.read(ctx, a, q.Query)
	if err != nil {
		return nil, "", "", err
	}
	r := newPollReading(q.Viewer)
	for _, p := range rows {
		list = append(list, &p.Poll)
		r.ids, r.byID[p.ID] = append(r.ids, p.ID), &p.Poll
	}
	return list, next, prev, a.readPolls(ctx, r)
}

// QueryVotes returns the votes of a poll that a filter selects, by default the
// newest first, and the cursors of the pages after and before; "" where there is
// none. Others' anonymous votes come without their voters, who cannot be filtered
// on. What the query gets wrong is Invalid.
func (a *App) QueryVotes(ctx context.Context, p *chat.Poll, q PollQuery) (list []*chat.PollVote, next, prev string, err error) {
	type row struct {
		chat.PollVote

		Position jsontext.Value `db:"position"`
	}
	rows, next, prev, err := pages[row]{
		name: "votes " + p.ID, args: []any{a.ID, p.ID, q.Viewer, p.Anonymous()}, fields: voteFields, keys: voteKeys,
		first: latest, unique: []string{"id"},
		columns: voteColumns, from: `poll_votes v WHERE v.app_id = $1 AND v.poll_id = $2 AND $3::text IS NOT NULL AND $4::boolean IS NOT NULL`,
		position: func(r *row) jsontext.Value { return r.Position },
	}.read(ctx, a, q.Query)
	if err != nil {
		return nil, "", "", err
	}
	ids := make(map[string]bool, len(rows))
	for _, v := range rows {
		list = append(list, &v.PollVote)
		ids[v.UserID] = true
	}
	markAnswers(list)
	users, err := a.named(ctx, ids)
	h := hydration{users: users}
	for i, v := range list {
		list[i] = signed(p, v, q.Viewer, h.user)
	}
	return list, next, prev, err
}

// voter is who cast the vote v as the viewer $3 may know: nobody, where it is
// another's and anonymous ($4: the poll is).
const voter = `(CASE WHEN v.user_id = $3 OR NOT ($4 OR v.anonymous) THEN v.user_id ELSE '' END)`

// voteFields are what votes v can be filtered on.
var voteFields = filter.Fields{Named: map[string]filter.Field{
	"id":         filter.Text("v.id", filter.OneOf),
	"user_id":    filter.Text(voter, filter.OneOf),
	"poll_id":    filter.Text("v.poll_id", filter.OneOf),
	"option_id":  filter.Text("v.option_id", filter.OneOf.With(filter.Exists)),
	"is_answer":  filter.Bool("(v.option_id = '')", filter.Equal),
	"created_at": filter.Time("v.created_at", filter.Compare),
	"updated_at": filter.Time("v.updated_at", filter.Compare),
}}

// voteKeys are what votes can be sorted by.
var voteKeys = filter.Keys{Named: map[string]filter.Key{
	"id":         {Expr: "v.id", Type: "text"},
	"created_at": {Expr: "v.created_at", Type: "timestamptz"},
	"updated_at": {Expr: "v.updated_at", Type: "timestamptz"},
}}
