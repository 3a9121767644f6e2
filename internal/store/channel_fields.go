package store

import (
	"time"

	"chatd/internal/chat"
	"chatd/internal/filter"
)

// channelLookup is what the fields of a channel query depend on.
type channelLookup struct {
	viewer string    // whose membership me is; "" for nobody
	now    time.Time // at which mutes and bans must hold
	off    []string  // the channel types that keep no read state
	reads  bool      // set when a field needs the table reads as r
}

// The statement has the app's id as $1 and the viewer's as $2. Tables: channels c,
// their counters n, the viewer's membership me (all NULL when he has none), and,
// if wanted, how far he has read r.
const (
	lookupTables = channelTables + ` LEFT JOIN members me ON me.app_id = c.app_id AND me.cid = c.cid AND me.user_id = $2`
	lookupReads  = ` LEFT JOIN reads r ON r.app_id = c.app_id AND r.cid = c.cid AND r.user_id = $2`

	isMine   = `(me.user_id IS NOT NULL)`
	isHidden = `coalesce(me.hidden, false)`
	// isBlocked: the conversation of two, one of whom the viewer blocked.
	isBlocked = `(c.member_count = 2 AND ` + isMine + ` AND EXISTS (SELECT FROM members o
		JOIN user_blocks x ON x.app_id = o.app_id AND x.user_id = $2 AND x.blocked_user_id = o.user_id
		WHERE o.app_id = c.app_id AND o.cid = c.cid))`
)

// fields are what channels can be filtered on.
func (l *channelLookup) fields() filter.Fields {
	flag := func(name, cond string) filter.Field { return l.mine(name, condition(cond)) }
	custom := filter.JSON{Column: "c.custom", Ops: filter.Range.With(filter.Contains, filter.Autocomplete, filter.Query), Entity: "channels"}
	return filter.Fields{
		Named: map[string]filter.Field{
			"cid":              filter.Text("c.cid", filter.Range),
			"id":               filter.Text("c.id", filter.Range),
			"type":             filter.Text("c.type", filter.Range),
			"team":             filter.Text("c.team", filter.Range),
			"created_by_id":    filter.Text("c.created_by_id", filter.Range),
			"created_at":       filter.Time("c.created_at", filter.Range),
			"updated_at":       filter.Time("c.updated_at", filter.Range),
			"last_message_at":  filter.Time("n.last_message_at", filter.Range),
			"last_updated":     filter.Time(lastUpdated, filter.Range),
			"member_count":     filter.Number("c.member_count", filter.Range),
			"message_count":    filter.Number("n.message_count", filter.Range),
			"frozen":           filter.Bool("c.frozen", filter.Range),
			"disabled":         filter.Bool("c.disabled", filter.Equal),
			"distinct":         filter.Bool("(cardinality(c.distinct_members) > 0)", filter.Equal),
			"filter_tags":      filter.TextArray("c.filter_tags", filter.OneOf),
			"members":          membersField,
			"member.user.name": filter.Rendered(filter.Equal.With(filter.Autocomplete), memberName),
			"archived":         flag("archived", "me.archived_at IS NOT NULL"),
			"pinned":           flag("pinned", "me.pinned_at IS NOT NULL"),
			"hidden":           flag("hidden", "me.hidden OR "+isBlocked),
			"blocked":          flag("blocked", isBlocked),
			"joined":           flag("joined", "me.status NOT IN ('pending', 'rejected')"),
			"channel_role":     l.mine("channel_role", filter.Text("me.channel_role", filter.OneOf)),
			"muted":            l.mine("muted", filter.Rendered(filter.Equal, l.muted)),
			"has_unread":       l.mine("has_unread", filter.Rendered(filter.Equal, l.hasUnread)),
			"app_banned":       filter.Rendered(filter.Equal, l.appBanned),
			"invite":           l.invite,
			"name":             channelName(custom),
		},
		Custom: custom.Field,
	}
}

// condition is a switch that is on where cond holds. It is off where cond is NULL,
// and asking for those where it is on leaves the planner free to begin with the
// viewer's memberships.
func condition(cond string) filter.Field {
	return filter.Rendered(filter.Equal, func(_ *filter.Builder, c filter.Cmp) (string, error) { return either(cond, c) })
}

// either is cond or its opposite, as the comparison asks.
func either(cond string, c filter.Cmp) (string, error) {
	on, err := c.Bool()
	if on {
		return cond, err
	}
	return "(" + cond + ") IS NOT TRUE", err
}

// channelName is the custom field name, of which the beginnings of words have an
// index.
func channelName(custom filter.JSON) filter.Field {
	words := filter.Text("(c.custom ->> 'name')", filter.Ops{filter.Autocomplete})
	return func(b *filter.Builder, c filter.Cmp) (string, error) {
		if c.Op == filter.Autocomplete {
			return words(b, c)
		}
		field, err := custom.Field(c.Field)
		if err != nil {
			return "", err
		}
		return field(b, c)
	}
}

// lastUpdated is of the counters alone, so that the index on its day serves it.
const lastUpdated = "coalesce(n.last_message_at, n.created_at)"

// mine is a field that asks about the viewer.
func (l *channelLookup) mine(name string, field filter.Field) filter.Field {
	return func(b *filter.Builder, c filter.Cmp) (string, error) {
		if l.viewer == "" {
			return "", chat.Errorf(chat.Invalid, "%s requires a valid user", name)
		}
		return field(b, c)
	}
}

// membersField takes $in, any of these users, and $eq with a list, exactly these.
var membersField = filter.Rendered(filter.OneOf, func(b *filter.Builder, c filter.Cmp) (string, error) {
	users, err := c.Texts()
	if err != nil {
		return "", err
	}
	in := `c.cid IN (SELECT o.cid FROM members o WHERE o.app_id = $1 AND o.user_id = ANY (`
	if c.Op == filter.In {
		return in + b.Arg(users) + `::text[]))`, nil
	}
	set := map[string]bool{}
	for _, u := range users {
		set[u] = true
	}
	n := b.Arg(len(set))
	return `c.member_count = ` + n + `::int AND ` + in + b.Arg(users) + `::text[]) GROUP BY o.cid HAVING count(*) = ` + n + `::int)`, nil
})

// memberName asks for channels with a member of that name. OFFSET 0 keeps the
// planner from looking for all users of that name: nearly always other conditions
// leave few channels to look into.
func memberName(b *filter.Builder, c filter.Cmp) (string, error) {
	name, err := filter.Text("u.name", filter.Ops{filter.Eq, filter.Autocomplete})(b, c)
	return `EXISTS (SELECT FROM members o JOIN users u ON u.app_id = o.app_id AND u.id = o.user_id
		WHERE o.app_id = c.app_id AND o.cid = c.cid AND (` + name + `) OFFSET 0)`, err
}

// isMuted is true where the viewer muted the channel.
func (l *channelLookup) isMuted(b *filter.Builder) string {
	return `EXISTS (SELECT FROM channel_mutes x WHERE x.app_id = c.app_id AND x.user_id = $2 AND x.cid = c.cid
		AND (x.expires IS NULL OR x.expires > ` + b.Arg(l.now) + `::timestamptz))`
}

// muted is isMuted as a list of channels, which are few: a query can begin with it.
func (l *channelLookup) muted(b *filter.Builder, c filter.Cmp) (string, error) {
	return either(`c.cid IN (SELECT x.cid FROM channel_mutes x WHERE x.app_id = $1 AND x.user_id = $2
		AND (x.expires IS NULL OR x.expires > `+b.Arg(l.now)+`::timestamptz))`, c)
}

// unread is the viewer's number of unread messages.
func (l *channelLookup) unread(b *filter.Builder) string {
	l.reads = true
	return `(CASE WHEN me.user_id IS NULL OR me.status IN ('pending', 'rejected') OR c.type = ANY (` + b.Arg(list(l.off)) + `::text[])
		OR ` + l.isMuted(b) + ` THEN 0 ELSE greatest(n.unread_seq - coalesce(r.unread_base, me.join_seq), 0) END)`
}

func (l *channelLookup) hasUnread(b *filter.Builder, c filter.Cmp) (string, error) {
	want, err := c.Bool()
	if err == nil && !want {
		err = chat.Errorf(chat.Invalid, "has_unread only supports true")
	}
	return l.unread(b) + ` > 0`, err
}

// appBanned asks for conversations of two whose other member is banned from the
// app, or for all channels but those.
func (l *channelLookup) appBanned(b *filter.Builder, c filter.Cmp) (string, error) {
	which, err := c.OneOf("only", "excluded")
	cond := `(c.member_count = 2 AND EXISTS (SELECT FROM members o JOIN users u ON u.app_id = o.app_id AND u.id = o.user_id
		WHERE o.app_id = c.app_id AND o.cid = c.cid AND o.user_id <> $2
			AND u.banned AND (u.ban_expires IS NULL OR u.ban_expires > ` + b.Arg(l.now) + `::timestamptz)))`
	if which == "excluded" {
		cond = `NOT ` + cond
	}
	return cond, err
}

// invite asks for the viewer's answer to an invite. It has error texts of its own.
func (l *channelLookup) invite(b *filter.Builder, c filter.Cmp) (string, error) {
	if c.IsList() {
		return "", chat.Errorf(chat.Invalid, "cannot match array value on field `invite`.")
	}
	if c.Op != filter.Eq {
		return "", chat.Errorf(chat.Invalid, `invalid invite operator, expecting {invite:"pending"} or {invite:{$eq:"pending"}}`)
	}
	status, err := c.Text()
	switch {
	case err != nil:
		return "", err
	case !isInvite(status):
		return "", chat.Errorf(chat.Invalid, "invalid invite parameter. should be one of pending|accepted|rejected")
	case l.viewer == "":
		return "", chat.Errorf(chat.Invalid, "invite requires a valid user")
	}
	return `me.status = ` + b.Arg(status) + `::text`, nil
}

// broadFields are those that leave many channels of an app.
var broadFields = map[string]bool{
	"type": true, "team": true, "frozen": true, "disabled": true, "distinct": true, "hidden": true, "member_count": true, "message_count": true,
	"created_at": true, "updated_at": true, "last_message_at": true, "last_updated": true,
}

// broad tells that a filter leaves so many channels that the latest of them are
// found soonest in an index by time. Where it finds few, as by members, the planner
// would often choose that index all the same and look through all channels, so it is
// not offered. Of custom fields it knows how rare a value is.
func broad(n filter.Node, fields filter.Fields) bool {
	all := true
	_ = filter.Walk(n, func(c filter.Cmp, _ bool) error { // visit never fails
		all = all && (broadFields[c.Field] || fields.Named[c.Field] == nil && c.Op == filter.Eq)
		return nil
	})
	return all
}

// keys are what channels can be sorted by, after a filter that is broad or not.
func (l *channelLookup) keys(broad bool) filter.Keys {
	custom := filter.JSON{Column: "c.custom"}.Key
	activeDay, messageDay := "", ""
	if broad {
		activeDay, messageDay = "n.active_day", "n.message_day"
	}
	return filter.Keys{
		Named: map[string]filter.Key{
			"cid":             {Expr: "c.cid", Type: "text"},
			"created_at":      {Expr: "c.created_at", Type: "timestamptz"},
			"updated_at":      {Expr: "c.updated_at", Type: "timestamptz"},
			"last_updated":    {Expr: lastUpdated, Type: "timestamptz", Coarse: activeDay},
			"last_message_at": {Expr: "n.last_message_at", Type: "timestamptz", Nullable: true, Coarse: messageDay},
			"member_count":    {Expr: "c.member_count", Type: "int"},
			"message_count":   {Expr: "n.message_count", Type: "bigint"},
			"pinned_at":       {Expr: "me.pinned_at", Type: "timestamptz", Nullable: true},
		},
		Custom: func(b *filter.Builder, s filter.Sort) (filter.Key, error) {
			switch s.Field {
			case "unread_count":
				return filter.Key{Expr: l.unread(b), Type: "bigint"}, nil
			case "has_unread":
				return filter.Key{Expr: "(" + l.unread(b) + " > 0)", Type: "boolean"}, nil
			}
			return custom(b, s)
		},
	}
}
