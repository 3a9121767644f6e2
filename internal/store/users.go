package store

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/filter"
	"chatd/internal/wire"
)

// UserQuery says which users to list.
type UserQuery struct {
	Filter filter.Node
	Sort   []filter.Sort // empty: the newest first
	Limit  int
	Offset int
	// Viewer is the user who asks, "" for the server side. Nobody finds out that he
	// is shadow banned himself.
	Viewer string
	// Deactivated lists deactivated users too. Deleted ones never are.
	Deactivated bool
}

// QueryUsers lists users. The errors of filter and sort are Invalid.
func (a *App) QueryUsers(ctx context.Context, q *UserQuery) ([]*chat.User, error) {
	b := filter.Builder{Args: []any{a.ID}}
	where, err := userFields(a.Now(), q.Viewer).SQL(&b, q.Filter)
	if err != nil {
		return nil, err
	}
	sorts := q.Sort
	if len(sorts) == 0 {
		sorts = []filter.Sort{{Field: "created_at", Desc: true}}
	}
	order, err := userKeys.Order(&b, append(slices.Clip(sorts), filter.Sort{Field: "id"}))
	if err != nil {
		return nil, err
	}
	if !q.Deactivated {
		where += " AND u.deactivated_at IS NULL"
	}
	sql := `SELECT ` + userColumns + ` FROM users u WHERE u.app_id = $1 AND u.deleted_at IS NULL AND ` + where +
		` ORDER BY ` + order.SQL() + ` LIMIT ` + b.Arg(q.Limit) + ` OFFSET ` + b.Arg(q.Offset)
	rows, err := many[chat.User](ctx, a.db, sql, b.Args...)
	for i, u := range rows {
		rows[i] = a.seen(u)
	}
	return rows, err
}

// userFields are what users can be filtered on.
func userFields(now time.Time, viewer string) filter.Fields {
	words := filter.Range.With(filter.Autocomplete)
	custom := func(path string, ops filter.Ops) filter.Field {
		field, err := filter.JSON{Column: "u.custom", Ops: ops}.Field(path)
		if err != nil {
			panic("store: " + path + " is not the name of a custom field")
		}
		return field
	}
	return filter.Fields{
		Named: map[string]filter.Field{
			"id": filter.Text("u.id", words), "name": filter.Text("u.name", words),
			"role": filter.Text("u.role", filter.Range), "language": filter.Text("u.language", filter.Equal),
			"username": custom("username", filter.Equal.With(filter.Autocomplete)), "email": custom("email", filter.OneOf),
			"teams":      teamsField,
			"created_at": filter.Time("u.created_at", filter.Range), "updated_at": filter.Time("u.updated_at", filter.Range),
			"last_active": filter.Time("u.last_active", filter.Range),
			"banned": func(b *filter.Builder, c filter.Cmp) (string, error) {
				return filter.Bool("(u.banned AND (u.ban_expires IS NULL OR u.ban_expires > "+b.Arg(now)+"))", filter.Equal)(b, c)
			},
			"shadow_banned": func(b *filter.Builder, c filter.Cmp) (string, error) {
				return filter.Bool("(u.shadow_banned AND u.id <> "+b.Arg(viewer)+")", filter.Equal)(b, c)
			},
			"bypass_moderation": filter.Bool("false", filter.Equal), // nobody does
		},
		Custom: filter.JSON{Column: "u.custom", Ops: filter.Range.With(filter.Contains), Entity: "users"}.Field,
	}
}

// AnyTeam tells whether a comparison is the filter {"teams": {}}, which users of all
// teams match.
func AnyTeam(c filter.Cmp) bool {
	if c.Op != filter.Eq || c.Value.Kind() != '{' {
		return false
	}
	for range chat.Keys(c.Value) {
		return false
	}
	return true
}

func teamsField(b *filter.Builder, c filter.Cmp) (string, error) {
	if AnyTeam(c) {
		return "TRUE", nil
	}
	return filter.TextArray("u.teams", filter.OneOf.With(filter.Contains))(b, c)
}

// userKeys are what users can be sorted by.
var userKeys = filter.Keys{
	Named: map[string]filter.Key{
		"id": {Expr: "u.id", Type: "text"}, "name": {Expr: "u.name", Type: "text"}, "role": {Expr: "u.role", Type: "text"},
		"language": {Expr: "u.language", Type: "text"}, "banned": {Expr: "u.banned", Type: "boolean"},
		"created_at": {Expr: "u.created_at", Type: "timestamptz"}, "updated_at": {Expr: "u.updated_at", Type: "timestamptz"},
		"last_active": {Expr: "u.last_active", Type: "timestamptz", Nullable: true},
	},
	Custom: filter.JSON{Column: "u.custom"}.Key,
}

// ErrUserExists says that a user who was to be created was created by somebody else
// at the same time. The transaction is to be run again.
var ErrUserExists = errors.New("the user exists by now")

// LockUsers returns those of the users ids that exist, deleted ones too, and keeps
// others from changing them until the transaction ends.
func (t *Tx) LockUsers(ctx context.Context, ids []string) (map[string]*chat.User, error) {
	rows, err := many[chat.User](ctx, t.db,
		`SELECT `+userColumns+` FROM users WHERE app_id = $1 AND id = ANY($2) ORDER BY id FOR NO KEY UPDATE`, t.ID, ids)
	out := make(map[string]*chat.User, len(rows))
	for _, u := range rows {
		out[u.ID] = t.seen(u)
	}
	return out, err
}

// userRow is a user as the statements that write many take one.
type userRow struct {
	ID         string                `json:"id"`
	Name       string                `json:"name"`
	UniqueName string                `json:"unique_name"`
	Image      string                `json:"image"`
	Language   string                `json:"language"`
	Role       string                `json:"role"`
	Teams      []string              `json:"teams"`
	TeamsRole  map[string]string     `json:"teams_role"`
	Invisible  bool                  `json:"invisible"`
	Privacy    *chat.PrivacySettings `json:"privacy_settings,omitzero"`
	Revoked    *time.Time            `json:"revoke_tokens_issued_before,omitzero"`
	Custom     jsontext.Value        `json:"custom"`
	CreatedAt  time.Time             `json:"created_at"`
	UpdatedAt  time.Time             `json:"updated_at"`
}

// userRecord is userRow in SQL, as v.
const userRecord = `jsonb_to_recordset($2::jsonb) AS v (id text, name text, unique_name text, image text, language text, role text,
	teams jsonb, teams_role jsonb, invisible boolean, privacy_settings jsonb, revoke_tokens_issued_before timestamptz, custom jsonb,
	created_at timestamptz, updated_at timestamptz)`

const teamsOfRecord = `ARRAY(SELECT jsonb_array_elements_text(v.teams))`

// InsertUsers creates users and returns them as they are stored; ErrUserExists when
// one of them exists.
func (t *Tx) InsertUsers(ctx context.Context, users []*chat.User) ([]*chat.User, error) {
	out, err := t.writeUsers(ctx, `
		INSERT INTO users (app_id, id, name, unique_name, image, language, role, teams, teams_role, invisible, privacy_settings,
			revoke_tokens_issued_before, custom, created_at, updated_at)
		SELECT $1, v.id, v.name, v.unique_name, v.image, v.language, v.role, `+teamsOfRecord+`, v.teams_role, v.invisible, v.privacy_settings,
			v.revoke_tokens_issued_before, v.custom, v.created_at, v.updated_at
		FROM `+userRecord+` ORDER BY v.id
		RETURNING `+userColumns, users)
	if isUnique(err, "users_pkey") {
		return nil, ErrUserExists
	}
	return out, err
}

// UpdateUsers writes the fields that people set, and updated_at, of users that the
// transaction has locked, and returns them as they are stored.
func (t *Tx) UpdateUsers(ctx context.Context, users []*chat.User) ([]*chat.User, error) {
	return t.writeUsers(ctx, `
		UPDATE users u SET name = v.name, unique_name = v.unique_name, image = v.image, language = v.language, role = v.role,
			teams = `+teamsOfRecord+`, teams_role = v.teams_role, invisible = v.invisible, privacy_settings = v.privacy_settings,
			revoke_tokens_issued_before = v.revoke_tokens_issued_before, custom = v.custom, updated_at = v.updated_at
		FROM `+userRecord+` WHERE u.app_id = $1 AND u.id = v.id
		RETURNING `+prefixed("u", userColumns), users)
}

func (t *Tx) writeUsers(ctx context.Context, sql string, users []*chat.User) ([]*chat.User, error) {
	rows, err := wire.Marshal(column(users, func(u *chat.User) *userRow {
		return &userRow{
			ID: u.ID, Name: u.Name, UniqueName: UniqueName(u.Name), Image: u.Image, Language: u.Language, Role: u.Role,
			Teams: u.Teams, TeamsRole: u.TeamsRole, Invisible: u.Invisible, Privacy: u.Privacy, Revoked: u.TokensRevoked,
			Custom: jsontext.Value(object(u.Custom)), CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
		}
	}))
	if err != nil {
		return nil, err
	}
	out, err := many[chat.User](ctx, t.db, sql, t.ID, string(rows))
	for i, u := range out {
		t.Emit(UserStale(u.ID))
		out[i] = t.seen(u)
	}
	return out, err
}

// UniqueName returns a name in the form in which names are compared where the app
// wants them to be unique: letters and digits only, in lower case.
func UniqueName(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsNumber(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// Named is a user's name with the teams in which it must not be given again.
type Named struct {
	Name  string   `db:"unique_name"` // as UniqueName makes it
	Teams []string `db:"teams"`
}

// NamesTaken returns which of the names, in the form of UniqueName, users other than
// the users ids have. Until the transaction ends no other one that asks for them
// goes on.
func (t *Tx) NamesTaken(ctx context.Context, names, ids []string) ([]*Named, error) {
	if _, err := exec(ctx, t.db, `
		SELECT pg_advisory_xact_lock(hashtextextended(name, $1)) FROM (SELECT DISTINCT name FROM unnest($2::text[]) AS v (name) ORDER BY name) n`,
		t.ID, names); err != nil {
		return nil, err
	}
	return many[Named](ctx, t.db, `
		SELECT unique_name, teams FROM users
		WHERE app_id = $1 AND unique_name <> '' AND unique_name = ANY($2) AND id <> ALL($3) AND deleted_at IS NULL`, t.ID, names, ids)
}

// SetLastActive notes that users were active at a time.
func (a *App) SetLastActive(ctx context.Context, at time.Time, ids ...string) error {
	_, err := exec(ctx, a.db, `
		UPDATE users SET last_active = $3 WHERE app_id = $1 AND id = ANY($2) AND (last_active IS NULL OR last_active < $3)`, a.ID, ids, at)
	return err
}

// TotalsOf returns the unread numbers of users over all their channels, as Totals
// does for one; of users without unread messages none.
func (a *App) TotalsOf(ctx context.Context, ids ...string) (map[string]chat.Unread, error) {
	off, err := a.unreadOff(ctx)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	type row struct {
		UserID   string `db:"user_id"`
		Messages int    `db:"messages"`
		Channels int    `db:"channels"`
	}
	rows, err := many[row](ctx, a.db, `
		SELECT user_id, sum(unread)::int AS messages, count(*)::int AS channels
		FROM (SELECT m.user_id, `+unreadCount+` AS unread FROM `+memberTables+`
			WHERE m.app_id = $1 AND m.user_id = ANY($2) AND c.type <> ALL ($4) AND `+listening+` AND NOT `+mutedAt3+`) u
		WHERE unread > 0 GROUP BY user_id`, a.ID, ids, a.Now(), off)
	out := make(map[string]chat.Unread, len(rows))
	for _, r := range rows {
		out[r.UserID] = chat.Unread{UnreadCount: r.Messages, TotalUnread: r.Messages, UnreadChannels: r.Channels}
	}
	return out, err
}

// maxChannelMutes bounds how many channel mutes are read at once.
const maxChannelMutes = 10_000

// ChannelMutes returns the channel mutes of users that have not expired, the oldest
// first, with users and channels filled in.
func (a *App) ChannelMutes(ctx context.Context, ids ...string) (map[string][]*chat.ChannelMute, error) {
	if len(ids) == 0 {
		return map[string][]*chat.ChannelMute{}, nil
	}
	type row struct {
		UserID    string     `db:"user_id"`
		CID       chat.CID   `db:"cid"`
		Expires   *time.Time `db:"expires"`
		CreatedAt time.Time  `db:"created_at"`
		UpdatedAt time.Time  `db:"updated_at"`
	}
	rows, err := many[row](ctx, a.db, `
		SELECT user_id, cid, expires, created_at, updated_at FROM channel_mutes
		WHERE app_id = $1 AND user_id = ANY($2) AND (expires IS NULL OR expires > $3)
		ORDER BY user_id, created_at, cid LIMIT $4`, a.ID, ids, a.Now(), maxChannelMutes)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	channels, err := a.Channels(ctx, column(rows, func(r *row) chat.CID { return r.CID })...)
	if err != nil {
		return nil, err
	}
	byCID := make(map[chat.CID]*chat.Channel, len(channels))
	wanted := column(rows, func(r *row) string { return r.UserID })
	for _, ch := range channels {
		if ch.DeletedAt == nil {
			byCID[ch.CID] = ch
			wanted = append(wanted, ch.CreatedByID)
		}
	}
	users, err := a.Users(ctx, wanted...)
	if err != nil {
		return nil, err
	}
	out := map[string][]*chat.ChannelMute{}
	for _, r := range rows {
		ch := byCID[r.CID]
		if ch == nil {
			continue
		}
		ch.CreatedBy = users[ch.CreatedByID].Public()
		out[r.UserID] = append(out[r.UserID], &chat.ChannelMute{
			User: users[r.UserID], Channel: ch, Expires: r.Expires, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
		})
	}
	return out, nil
}

// BlockedUsers returns whom each of the users has blocked, the first first.
func (a *App) BlockedUsers(ctx context.Context, ids ...string) (map[string][]string, error) {
	if len(ids) == 0 {
		return map[string][]string{}, nil
	}
	type row struct {
		UserID  string `db:"user_id"`
		Blocked string `db:"blocked_user_id"`
	}
	rows, err := many[row](ctx, a.db, `
		SELECT user_id, blocked_user_id FROM user_blocks WHERE app_id = $1 AND user_id = ANY($2) ORDER BY created_at, blocked_user_id`, a.ID, ids)
	out := make(map[string][]string, len(ids))
	for _, r := range rows {
		out[r.UserID] = append(out[r.UserID], r.Blocked)
	}
	return out, err
}
