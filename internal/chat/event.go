package chat

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Event is one event of the API with everything that any type of event may
// carry; what a type does not use stays zero and is not sent. Type, the
// per-recipient unread numbers and, for events to members, the channel are put
// in front by the hub, so one encoding serves all recipients.
type Event struct {
	App AppID    `json:"-"`
	To  Audience `json:"-"`
	// Also, when set, sends the same body to members who do not watch, under
	// this type and with the channel added (message.new and
	// notification.message_new are one event).
	Also string `json:"-"`
	// WithUnread puts the recipient's unread_count, total_unread_count and
	// unread_channels into the event.
	WithUnread bool `json:"-"`
	// ThreadsOf are the unread_threads and unread_thread_messages that the hub puts
	// into an event for users, by recipient; nil puts none.
	ThreadsOf map[string]UnreadThreads `json:"-"`
	// WithWatchers counts the channel's watchers into watcher_count.
	WithWatchers bool `json:"-"`

	// Encoded, when set, is the event as it would be encoded: without the type and
	// what the hub puts in front. Who sends the same message in an answer encodes it
	// once for both.
	Encoded jsontext.Value `json:"-"`

	Type        string    `json:"-"`
	CreatedAt   time.Time `json:"created_at"`
	CID         CID       `json:"cid,omitzero"`
	ChannelID   string    `json:"channel_id,omitzero"`
	ChannelType string    `json:"channel_type,omitzero"`
	Team        string    `json:"team,omitzero"`

	ChannelLastMessageAt *time.Time     `json:"channel_last_message_at,omitzero"`
	ChannelMemberCount   *int           `json:"channel_member_count,omitzero"`
	ChannelMessageCount  *int           `json:"channel_message_count,omitzero"`
	ChannelCustom        jsontext.Value `json:"channel_custom,omitzero"`

	ConnectionID string   `json:"connection_id,omitzero"`
	Me           *OwnUser `json:"me,omitzero"`
	Channel      *Channel `json:"channel,omitzero"`
	Message      *Message `json:"message,omitzero"`
	// MessageUpdate tells what an edit changed.
	MessageUpdate *MessageUpdate `json:"message_update,omitzero"`
	MessageID     string         `json:"message_id,omitzero"`
	ParentID      string         `json:"parent_id,omitzero"`
	ThreadID      string         `json:"thread_id,omitzero"`
	ParentAuthor  string         `json:"parent_author,omitzero"`
	Thread        *Thread        `json:"thread,omitzero"`
	Member        *Member        `json:"member,omitzero"`
	Reaction      *Reaction      `json:"reaction,omitzero"`
	Poll          *Poll          `json:"poll,omitzero"`
	PollVote      *PollVote      `json:"poll_vote,omitzero"`
	Draft         *Draft         `json:"draft,omitzero"`
	Reminder      *Reminder      `json:"reminder,omitzero"`
	UserID        string         `json:"user_id,omitzero"` // of a reminder
	User          *User          `json:"user,omitzero"`

	*UserGroupChange

	ThreadParticipants []*User `json:"thread_participants,omitzero"`

	ClearHistory   *bool `json:"clear_history,omitzero"`
	HardDelete     *bool `json:"hard_delete,omitzero"`
	DeletedForMe   *bool `json:"deleted_for_me,omitzero"`
	UnreadMessages *int  `json:"unread_messages,omitzero"`
	UnreadThreads  *int  `json:"unread_threads,omitzero"`

	UnreadThreadMessages *int `json:"unread_thread_messages,omitzero"`

	FirstUnreadMessageID   string     `json:"first_unread_message_id,omitzero"`
	LastReadMessageID      string     `json:"last_read_message_id,omitzero"`
	LastReadAt             *time.Time `json:"last_read_at,omitzero"`
	LastDeliveredMessageID string     `json:"last_delivered_message_id,omitzero"`
	LastDeliveredAt        *time.Time `json:"last_delivered_at,omitzero"`

	// Custom holds the fields of custom events, and ai_* fields.
	Custom jsontext.Value `json:",embed"`
}

// MessageUpdate is what an edit changed of a message, and its text before.
type MessageUpdate struct {
	OldText   string           `json:"old_text,omitzero"`
	ChangeSet MessageChangeSet `json:"change_set"`
}

// MessageChangeSet tells for each part of a message whether an edit changed it.
type MessageChangeSet struct {
	Attachments      bool `json:"attachments"`
	Custom           bool `json:"custom"`
	HTML             bool `json:"html"`
	MentionedUserIDs bool `json:"mentioned_user_ids"`
	MML              bool `json:"mml"`
	Pin              bool `json:"pin"`
	QuotedMessageID  bool `json:"quoted_message_id"`
	Silent           bool `json:"silent"` // never
	Text             bool `json:"text"`
}

// ChannelEvent returns an event about a channel for those who watch it.
func ChannelEvent(typ string, app AppID, cid CID, at time.Time) *Event {
	return &Event{
		Type: typ, App: app, To: Audience{Kind: ToWatchers}, CreatedAt: at,
		CID: cid, ChannelID: cid.ID(), ChannelType: cid.Type(),
	}
}

// Risen is the time of a change of what was changed last at another time: at, or just
// after last where the clock stands behind it. So it rises with each change, however
// near they are and whatever the clocks of the nodes say, and tells which of two
// events about the same is the newer one (docs/adr/016).
func Risen(at, last time.Time) time.Time {
	if at.After(last) {
		return at
	}
	return last.Add(time.Microsecond)
}

// UserEvent returns an event for all connections of the users.
func UserEvent(typ string, app AppID, at time.Time, users ...string) *Event {
	return &Event{Type: typ, App: app, To: Audience{Kind: ToUsers, Users: users}, CreatedAt: at}
}
