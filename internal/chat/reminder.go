package chat

import "time"

// Reminder is a message that a user keeps, and is reminded of when RemindAt is set.
// The channel, the message and the user are filled in where it does not come with
// the message itself.
type Reminder struct {
	CID       CID        `db:"cid" json:"channel_cid"`
	Channel   *Channel   `db:"-" json:"channel,omitzero"`
	MessageID string     `db:"message_id" json:"message_id"`
	Message   *Message   `db:"-" json:"message,omitzero"`
	UserID    string     `db:"user_id" json:"user_id"`
	User      *User      `db:"-" json:"user,omitzero"`
	RemindAt  *time.Time `db:"remind_at" json:"remind_at,omitzero"`
	CreatedAt time.Time  `db:"created_at" json:"created_at"`
	UpdatedAt time.Time  `db:"updated_at" json:"updated_at"`

	Reminded bool  `db:"reminded" json:"-"` // of RemindAt
	JobID    int64 `db:"job_id" json:"-"`   // of the job that reminds him, or 0
}
