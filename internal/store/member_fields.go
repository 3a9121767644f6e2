package store

import (
	"context"
	"slices"
	"time"

	"chatd/internal/chat"
	"chatd/internal/filter"
)

// MemberQuery asks for members of one channel.
type MemberQuery struct {
	Channel       *chat.Channel
	Filter        filter.Node
	Sort          []filter.Sort // at most one; none is by the time of joining
	Limit, Offset int
	After         []MemberBound
}

// MemberBound bounds a page of members: only those whose Field (user_id or
// created_at) compares so to Value.
type MemberBound struct {
	Field string
	Op    filter.Op // Gt, Gte, Lt or Lte
	Text  string    // for user_id
	Time  time.Time // for created_at
}

// QueryMembers returns the members that a query asks for, with their users filled
// in. Errors of the filter and the sort are Invalid.
func (a *App) QueryMembers(ctx context.Context, q MemberQuery) ([]*chat.Member, error) {
	b := &filter.Builder{Args: []any{a.ID, q.Channel.CID}}
	where, err := memberFields(a.Now()).SQL(b, q.Filter)
	if err != nil {
		return nil, err
	}
	for _, p := range q.After {
		where += " AND " + p.sql(b)
	}
	sorts := q.Sort
	if len(sorts) == 0 {
		sorts = []filter.Sort{{Field: "created_at"}}
	}
	order, err := memberKeys.Order(b, append(slices.Clip(sorts), filter.Sort{Field: "user_id", Desc: sorts[0].Desc}))
	if err != nil {
		return nil, err
	}
	rows, err := many[chat.Member](ctx, a.db, `
		SELECT `+prefixed("m", memberColumns)+` FROM members m JOIN users u ON u.app_id = m.app_id AND u.id = m.user_id
		WHERE m.app_id = $1 AND m.cid = $2 AND `+where+` ORDER BY `+order.SQL()+
		` LIMIT `+b.Arg(q.Limit)+` OFFSET `+b.Arg(q.Offset), b.Args...)
	if err != nil {
		return nil, err
	}
	return rows, a.FillMembers(ctx, []*chat.Channel{q.Channel}, rows...)
}

// memberColumn are the columns that a MemberBound may name.
var memberColumn = map[string]string{"user_id": "m.user_id", "created_at": "m.created_at"}

func (p MemberBound) sql(b *filter.Builder) string {
	op := map[filter.Op]string{filter.Gt: " > ", filter.Gte: " >= ", filter.Lt: " < ", filter.Lte: " <= "}[p.Op]
	if p.Field == "created_at" {
		return memberColumn[p.Field] + op + b.Arg(p.Time) + "::timestamptz"
	}
	return memberColumn[p.Field] + op + b.Arg(p.Text) + "::text"
}

// memberFields are what members m with their users u can be filtered on.
func memberFields(now time.Time) filter.Fields {
	words := filter.OneOf.With(filter.Autocomplete, filter.Query)
	return filter.Fields{
		Named: map[string]filter.Field{
			"id":                  filter.Text("m.user_id", filter.Range),
			"user_id":             filter.Text("m.user_id", filter.Range),
			"name":                filter.Text("u.name", words),
			"user.name":           filter.Text("u.name", words),
			"user.email":          filter.Text("(u.custom ->> 'email')", words),
			"user.role":           filter.Text("u.role", filter.OneOf),
			"channel_role":        filter.Text("m.channel_role", filter.OneOf),
			"banned":              memberBanned(now),
			"is_moderator":        filter.Bool("(m.channel_role = 'channel_moderator')", filter.Equal),
			"joined":              filter.Bool("(m.status NOT IN ('pending', 'rejected'))", filter.Equal),
			"notifications_muted": filter.Bool("m.notifications_muted", filter.Equal),
			"user.nd_deactivated": filter.Bool("(u.deactivated_at IS NOT NULL)", filter.Equal),
			"invite":              memberInvite,
			"cid":                 noCID,
			"created_at":          filter.Time("m.created_at", filter.Range),
			"updated_at":          filter.Time("m.updated_at", filter.Range),
			"last_active":         filter.Time("u.last_active", filter.Compare),
		},
		Custom: filter.JSON{Column: "m.custom", Ops: filter.Range.With(filter.Contains, filter.Autocomplete, filter.Query), Entity: "members"}.Field,
	}
}

func noCID(*filter.Builder, filter.Cmp) (string, error) {
	return "", chat.Errorf(chat.Invalid, "cannot search by cid")
}

func memberBanned(now time.Time) filter.Field {
	return filter.Rendered(filter.Equal, func(b *filter.Builder, c filter.Cmp) (string, error) {
		banned, err := c.Bool()
		return "(m.banned AND (m.ban_expires IS NULL OR m.ban_expires > " + b.Arg(now) + "::timestamptz)) = " + b.Arg(banned) + "::boolean", err
	})
}

var memberInvite = filter.Rendered(filter.Equal, func(b *filter.Builder, c filter.Cmp) (string, error) {
	status, err := c.Text()
	if err != nil {
		return "", err
	}
	if !isInvite(status) {
		return "", chat.Errorf(chat.Invalid, `invite value must be either "pending", "accepted" or "rejected"`)
	}
	return "m.status = " + b.Arg(status) + "::text", nil
})

func isInvite(status string) bool {
	return status == chat.StatusPending || status == chat.StatusAccepted || status == chat.StatusRejected
}

// memberKeys are what members can be sorted by.
var memberKeys = filter.Keys{Named: map[string]filter.Key{
	"created_at":   {Expr: "m.created_at", Type: "timestamptz"},
	"updated_at":   {Expr: "m.updated_at", Type: "timestamptz"},
	"user_id":      {Expr: "m.user_id", Type: "text"},
	"channel_role": {Expr: "m.channel_role", Type: "text"},
	"name":         {Expr: "u.name", Type: "text"},
	"last_active":  {Expr: "u.last_active", Type: "timestamptz", Nullable: true},
}}
