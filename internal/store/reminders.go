package store

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/filter"
)

const reminderColumns = `r.cid, r.user_id, r.message_id, r.remind_at, r.reminded, r.job_id, r.created_at, r.updated_at`

var reminders = owned{"reminders", "reminder_count"}

// InsertReminder keeps a reminder; Invalid when its user has one of the message, or
// most of them already.
func (t *Tx) InsertReminder(ctx context.Context, r *chat.Reminder, most int) error {
	n, err := exec(ctx, t.db, `
		INSERT INTO reminders (app_id, cid, user_id, message_id, remind_at, job_id, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (app_id, user_id, message_id) DO NOTHING`, t.ID, r.CID, r.UserID, r.MessageID, r.RemindAt, r.JobID, r.CreatedAt, r.UpdatedAt)
	if err != nil {
		return err
	}
	if n == 0 {
		return chat.Errorf(chat.Invalid, "user already has reminder created for this message_id")
	}
	if n, err = exec(ctx, t.db, `
		UPDATE users SET reminder_count = reminder_count + 1 WHERE app_id = $1 AND id = $2 AND reminder_count < $3`, t.ID, r.UserID, most); err != nil {
		return err
	}
	if n == 0 {
		return chat.Errorf(chat.Invalid, "user cannot have more than %d reminders", most)
	}
	t.Emit(UserStale(r.UserID))
	return nil
}

// LockReminder returns a user's reminder of a message, not filled in, and keeps
// others from changing it until the transaction ends; NotFound when there is none.
func (t *Tx) LockReminder(ctx context.Context, userID, messageID string) (*chat.Reminder, error) {
	r, err := maybe[chat.Reminder](ctx, t.db, `
		SELECT `+reminderColumns+` FROM reminders r WHERE r.app_id = $1 AND r.user_id = $2 AND r.message_id = $3 FOR UPDATE`, t.ID, userID, messageID)
	if err == nil && r == nil {
		err = chat.Errorf(chat.NotFound, "reminder does not exist")
	}
	return r, err
}

// SaveReminder writes what changes of a locked reminder (LockReminder).
func (t *Tx) SaveReminder(ctx context.Context, r *chat.Reminder) error {
	_, err := exec(ctx, t.db, `
		UPDATE reminders SET remind_at = $4, reminded = $5, job_id = $6, updated_at = $7 WHERE app_id = $1 AND user_id = $2 AND message_id = $3`,
		t.ID, r.UserID, r.MessageID, r.RemindAt, r.Reminded, r.JobID, r.UpdatedAt)
	return err
}

// DeleteReminder removes a locked reminder (LockReminder).
func (t *Tx) DeleteReminder(ctx context.Context, r *chat.Reminder) error {
	_, err := t.drop(ctx, reminders, `o.user_id = $2 AND o.message_id = $3`, r.UserID, r.MessageID)
	return err
}

// FillReminders gives reminders their users, channels and messages, as the viewer
// sees them.
func (a *App) FillReminders(ctx context.Context, v Viewer, list ...*chat.Reminder) error {
	if len(list) == 0 {
		return nil
	}
	channels, err := a.filledChannels(ctx, column(list, func(r *chat.Reminder) chat.CID { return r.CID }))
	if err != nil {
		return err
	}
	v.Reminders = false // they are not shown within reminders
	stored, err := a.StoredMessages(ctx, column(list, func(r *chat.Reminder) string { return r.MessageID })...)
	if err != nil {
		return err
	}
	ids := map[string]bool{}
	var msgs []*chat.Message
	for _, r := range list {
		ids[r.UserID], r.Channel = true, channels[r.CID]
		if r.Message = stored[r.MessageID]; r.Message != nil {
			msgs = append(msgs, r.Message)
		}
	}
	if err := a.Hydrate(ctx, v, msgs...); err != nil {
		return err
	}
	users, err := a.named(ctx, ids)
	for _, r := range list {
		r.User = users[r.UserID]
	}
	return err
}

// Of reminders, what can be filtered and sorted by.
var (
	reminderFields = filter.Fields{Named: map[string]filter.Field{
		"channel_cid": filter.Text("r.cid", filter.OneOf),
		"message_id":  filter.Text("r.message_id", filter.OneOf),
		"user_id":     filter.Text("r.user_id", filter.OneOf),
		"remind_at":   filter.Time("r.remind_at", filter.Compare.With(filter.Exists)),
		"created_at":  filter.Time("r.created_at", filter.Compare),
	}}
	reminderKeys = filter.Keys{Named: map[string]filter.Key{
		"channel_cid": {Expr: "r.cid", Type: "text"},
		"message_id":  {Expr: "r.message_id", Type: "text"},
		"remind_at":   {Expr: "r.remind_at", Type: "timestamptz", Nullable: true},
		"created_at":  {Expr: "r.created_at", Type: "timestamptz"},
		"updated_at":  {Expr: "r.updated_at", Type: "timestamptz"},
	}}
)

// QueryReminders returns reminders of the viewer, by default in the order in which
// they are due, filled in, of messages that he can see, and the cursors of the pages
// after and before. open is as for QueryDrafts. What the query gets wrong is Invalid.
func (a *App) QueryReminders(ctx context.Context, v Viewer, open []string, q Query) (list []*chat.Reminder, next, prev string, err error) {
	type row struct {
		chat.Reminder

		Position jsontext.Value `db:"position"`
	}
	rows, next, prev, err := pages[row]{
		name: "reminders " + v.UserID, args: []any{a.ID, v.UserID, open}, fields: reminderFields, keys: reminderKeys,
		first: filter.Sort{Field: "remind_at"}, unique: []string{"message_id"},
		columns: reminderColumns,
		from: `reminders r JOIN channels c ON c.app_id = r.app_id AND c.cid = r.cid
			JOIN messages p ON p.app_id = r.app_id AND p.id = r.message_id AND p.deleted_at IS NULL
			LEFT JOIN members m ON m.app_id = r.app_id AND m.cid = r.cid AND m.user_id = r.user_id
			WHERE r.app_id = $1 AND r.user_id = $2 AND ` + readable + `
				AND p.created_at > coalesce(greatest(c.truncated_at, m.hide_messages_before), '-infinity')`,
		position: func(r *row) jsontext.Value { return r.Position },
	}.read(ctx, a, q)
	if err != nil {
		return nil, "", "", err
	}
	list = column(rows, func(r *row) *chat.Reminder { return &r.Reminder })
	return list, next, prev, a.FillReminders(ctx, v, list...)
}
