package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/wire"
)

// The kinds of held messages.
const (
	HeldEphemeral = "ephemeral" // an answer of a command, to be sent or not
	HeldPending   = "pending"   // sent, and not committed yet
)

// Held is a message that only its author has. Its id is not taken by another held
// message, and was not by one in a channel when it was held.
type Held struct {
	Kind      string
	Message   *chat.Message     // as it would be sent; not hydrated
	Pending   bool              // an ephemeral one is to be pending when it is sent
	Unasked   bool              // what other servers know of it is still to come
	Metadata  map[string]string // of a pending message
	Request   *chat.RequestInfo // that sent it
	Turn      int               // how often its command was run again
	ExpiresAt time.Time
}

// heldRow is a Held as it is stored.
type heldRow struct {
	CID       chat.CID          `db:"cid"`
	UserID    string            `db:"user_id"`
	Kind      string            `db:"kind"`
	Doc       heldDoc           `db:"message"`
	Metadata  map[string]string `db:"metadata"`
	Request   *chat.RequestInfo `db:"request_info"`
	Turn      int               `db:"turn"`
	ExpiresAt time.Time         `db:"expires_at"`
}

const heldColumns = `cid, user_id, kind, message, metadata, request_info, turn, expires_at`

// heldDoc is a message as the API shows it, with what that leaves out.
type heldDoc struct {
	Message        *chat.Message `json:"message"`
	MentionedUsers []string      `json:"mentioned_users,omitempty"`
	PinnedBy       string        `json:"pinned_by,omitzero"`
	Pending        bool          `json:"pending,omitzero"`
	Unasked        bool          `json:"unasked,omitzero"`
}

// encode is the message without what is filled in when it is read.
func (h *Held) encode() jsontext.Value {
	m := *h.Message
	m.User, m.Member, m.MentionedUsers, m.PinnedBy, m.QuotedMessage, m.Poll, m.Channel, m.CommandInfo = nil, nil, nil, nil, nil, nil, nil, nil
	m.MentionedGroups, m.MentionedInGroups = nil, nil
	return wire.MustMarshal(&heldDoc{Message: &m, MentionedUsers: m.MentionedUserIDs, PinnedBy: m.PinnedByID, Pending: h.Pending, Unasked: h.Unasked})
}

func (r *heldRow) held() *Held {
	m := r.Doc.Message
	m.CID, m.UserID, m.MentionedUserIDs, m.PinnedByID = r.CID, r.UserID, r.Doc.MentionedUsers, r.Doc.PinnedBy
	return &Held{
		Kind: r.Kind, Message: m, Pending: r.Doc.Pending, Unasked: r.Doc.Unasked, Metadata: r.Metadata, Request: r.Request, Turn: r.Turn, ExpiresAt: r.ExpiresAt,
	}
}

func errNoMessage(id string) error {
	return chat.Errorf(chat.NotFound, "message with id %s doesn't exist", id)
}

// Held returns a held message of a kind that has not expired; NotFound when there is
// none.
func (a *App) Held(ctx context.Context, kind, id string) (*Held, error) {
	r, err := maybe[heldRow](ctx, a.db, `
		SELECT `+heldColumns+` FROM held_messages WHERE app_id = $1 AND id = $2 AND kind = $3 AND expires_at > $4`, a.ID, id, kind, a.Now())
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, errNoMessage(id)
	}
	return r.held(), nil
}

// Hold keeps a message for its author only; Invalid when its id is taken.
func (t *Tx) Hold(ctx context.Context, h *Held) error {
	m, request := h.Message, h.Request
	if request == nil {
		request = &chat.RequestInfo{}
	}
	metadata := h.Metadata
	if metadata == nil {
		metadata = map[string]string{}
	}
	n, err := exec(ctx, t.db, `
		INSERT INTO held_messages AS h (app_id, id, cid, user_id, kind, message, metadata, request_info, turn, created_at, expires_at)
		SELECT $1, $2, $3, $4, $5, $6::json, $7::jsonb, $8::jsonb, $9, $10, $11
		WHERE NOT EXISTS (SELECT FROM messages WHERE app_id = $1 AND id = $2)
		ON CONFLICT (app_id, id) DO UPDATE SET cid = excluded.cid, user_id = excluded.user_id, kind = excluded.kind, message = excluded.message,
			metadata = excluded.metadata, request_info = excluded.request_info, turn = excluded.turn, created_at = excluded.created_at,
			expires_at = excluded.expires_at
		WHERE h.kind = $12 AND h.expires_at <= $13`,
		t.ID, m.ID, m.CID, m.UserID, h.Kind, string(h.encode()), metadata, request, h.Turn, m.CreatedAt, h.ExpiresAt, HeldEphemeral, t.Now())
	if err == nil && n == 0 {
		err = chat.Errorf(chat.Invalid, "a message with ID %s already exists", m.ID)
	}
	return err
}

// HoldAgain writes what became of a held message when its command was run again, in
// turn h.Turn; NotFound when it is not held any more, or something else became of it
// meanwhile.
func (t *Tx) HoldAgain(ctx context.Context, h *Held) error {
	n, err := exec(ctx, t.db, `
		UPDATE held_messages SET message = $4::json, turn = $5, expires_at = $6 WHERE app_id = $1 AND id = $2 AND kind = $3 AND turn = $5 - 1`,
		t.ID, h.Message.ID, h.Kind, string(h.encode()), h.Turn, h.ExpiresAt)
	if err == nil && n == 0 {
		err = errNoMessage(h.Message.ID)
	}
	return err
}

// Release takes a held message away, because it is sent or deleted; NotFound when it
// is not held any more, so that only one of several does.
func (t *Tx) Release(ctx context.Context, kind, id string) error {
	n, err := exec(ctx, t.db, `DELETE FROM held_messages WHERE app_id = $1 AND id = $2 AND kind = $3`, t.ID, id, kind)
	if err == nil && n == 0 {
		err = errNoMessage(id)
	}
	return err
}

// TakeExpired takes away a pending message that has expired and returns it; nil when it
// is not held any more. One that has not expired yet is an error.
func (t *Tx) TakeExpired(ctx context.Context, id string) (*Held, error) {
	r, err := maybe[heldRow](ctx, t.db, `
		DELETE FROM held_messages WHERE app_id = $1 AND id = $2 AND kind = $3 RETURNING `+heldColumns, t.ID, id, HeldPending)
	if err != nil || r == nil {
		return nil, err
	}
	if r.ExpiresAt.After(t.Now()) {
		return nil, errors.New("the message has not expired yet")
	}
	return r.held(), nil
}

// cleanedAtOnce is how many expired answers of commands are removed when a new one is
// held: more than come.
const cleanedAtOnce = 50

// KeepEphemeral removes all but the newest most of a user's ephemeral messages, and
// some of anybody's that have expired.
func (t *Tx) KeepEphemeral(ctx context.Context, userID string, most int) error {
	for _, q := range []struct {
		which string
		args  []any
	}{
		{`user_id = $2 ORDER BY created_at DESC OFFSET $3`, []any{userID, most}},
		{`expires_at <= $2 ORDER BY expires_at LIMIT $3`, []any{t.Now(), cleanedAtOnce}},
	} {
		if _, err := exec(ctx, t.db, `
			DELETE FROM held_messages WHERE app_id = $1 AND kind = 'ephemeral' AND id IN (
				SELECT id FROM held_messages WHERE app_id = $1 AND kind = 'ephemeral' AND `+q.which+` FOR UPDATE SKIP LOCKED)`,
			append([]any{t.ID}, q.args...)...); err != nil {
			return err
		}
	}
	return nil
}

// MarkPending notes that messages of a channel may be pending.
func (t *Tx) MarkPending(ctx context.Context, cid chat.CID) error {
	n, err := exec(ctx, t.db, `UPDATE channels SET holds_pending = true WHERE app_id = $1 AND cid = $2 AND NOT holds_pending`, t.ID, cid)
	if n > 0 {
		t.Emit(ChannelStale(cid))
	}
	return err
}

// PendingIn returns a user's pending messages in channels: of each the newest most,
// oldest first, hydrated for him.
func (a *App) PendingIn(ctx context.Context, userID string, cids []chat.CID, most int) (map[chat.CID][]*Held, error) {
	if userID == "" || len(cids) == 0 {
		return nil, nil //nolint:nilnil // an empty map would serve no better
	}
	rows, err := many[heldRow](ctx, a.db, `
		SELECT h.* FROM unnest($2::text[]) AS v (cid) CROSS JOIN LATERAL (
			SELECT `+heldColumns+` FROM held_messages h
			WHERE h.app_id = $1 AND h.cid = v.cid AND h.user_id = $3 AND h.kind = 'pending' AND h.expires_at > $4
			ORDER BY created_at DESC LIMIT $5) h`, a.ID, cids, userID, a.Now(), most)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rows, func(a, b *heldRow) int { return a.Doc.Message.CreatedAt.Compare(b.Doc.Message.CreatedAt) })
	out := make(map[chat.CID][]*Held, len(cids))
	for _, r := range rows {
		out[r.CID] = append(out[r.CID], r.held())
	}
	return out, a.hydrateHeld(ctx, userID, rows)
}

// PendingOf returns those of a user's pending messages in a channel that have one of
// the ids, hydrated for him.
func (a *App) PendingOf(ctx context.Context, userID string, cid chat.CID, ids []string) ([]*Held, error) {
	rows, err := many[heldRow](ctx, a.db, `
		SELECT `+heldColumns+` FROM held_messages
		WHERE app_id = $1 AND id = ANY ($2) AND cid = $3 AND ($4 = '' OR user_id = $4) AND kind = 'pending' AND expires_at > $5`,
		a.ID, ids, cid, userID, a.Now())
	if err != nil {
		return nil, err
	}
	return column(rows, (*heldRow).held), a.hydrateHeld(ctx, userID, rows)
}

func (a *App) hydrateHeld(ctx context.Context, userID string, rows []*heldRow) error {
	return a.Hydrate(ctx, Viewer{UserID: userID, Server: userID == ""}, column(rows, func(r *heldRow) *chat.Message { return r.Doc.Message })...)
}

// PendingSince tells whether the user sent a message to the channel after a time that
// is pending.
func (a *App) PendingSince(ctx context.Context, cid chat.CID, userID string, since time.Time) (bool, error) {
	found, err := scalars[bool](ctx, a.db, `
		SELECT EXISTS (SELECT FROM held_messages WHERE app_id = $1 AND cid = $2 AND user_id = $3 AND created_at > $4 AND kind = 'pending')`,
		a.ID, cid, userID, since)
	return err == nil && found[0], err
}
