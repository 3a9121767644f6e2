package chat

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Thread is a message with the replies to it. Users, the channel and the parent are
// filled in where it is answered.
type Thread struct {
	CID             CID                  `db:"cid" json:"channel_cid"`
	Channel         *Channel             `db:"-" json:"channel,omitzero"`
	ParentID        string               `db:"parent_id" json:"parent_message_id"`
	Parent          *Message             `db:"-" json:"parent_message,omitzero"`
	CreatedByID     string               `db:"created_by_id" json:"created_by_user_id"` // who replied first
	CreatedBy       *User                `db:"-" json:"created_by,omitzero"`
	Replies         int                  `db:"reply_count" json:"reply_count"`
	Participants    int                  `db:"participant_count" json:"participant_count"`
	ActiveCount     int                  `db:"active_participant_count" json:"active_participant_count"`
	UnreadSeq       int64                `db:"unread_seq" json:"-"` // counts the replies that raise unread numbers
	ParticipantList []*ThreadParticipant `db:"-" json:"thread_participants,omitempty"`

	LastMessageAt time.Time  `db:"last_message_at" json:"last_message_at"`
	CreatedAt     time.Time  `db:"created_at" json:"created_at"` // of the first reply
	UpdatedAt     time.Time  `db:"updated_at" json:"updated_at"`
	DeletedAt     *time.Time `db:"deleted_at" json:"deleted_at,omitzero"` // of the parent
	Title         string     `db:"title" json:"title"`
	Draft         *Draft     `db:"-" json:"draft,omitzero"` // the viewer's, of a reply

	Custom jsontext.Value `db:"custom" json:",embed"`
}

// ThreadParticipant is a user who takes part in a thread: who replied, was mentioned
// in a reply, or wrote the parent.
type ThreadParticipant struct {
	AppPK       int        `db:"-" json:"app_pk"` // the API's, always 0
	CID         CID        `db:"cid" json:"channel_cid"`
	ThreadID    string     `db:"parent_id" json:"thread_id"`
	UserID      string     `db:"user_id" json:"user_id"`
	User        *User      `db:"-" json:"user,omitzero"`
	CreatedAt   time.Time  `db:"joined_at" json:"created_at"`
	LastReadAt  time.Time  `db:"last_read" json:"last_read_at"`
	LastReplyAt *time.Time `db:"last_reply_at" json:"last_thread_message_at,omitzero"`
	Custom      struct{}   `db:"-" json:"custom"`

	LastReadMessageID string `db:"last_read_message_id" json:"-"`
	Unread            int    `db:"unread" json:"-"`
}

// UnreadThreads are a user's unread numbers over the threads that he takes part in.
type UnreadThreads struct {
	Threads  int `db:"threads" json:"threads"`
	Messages int `db:"messages" json:"messages"`
}
