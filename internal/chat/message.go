package chat

import (
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// The types of messages.
const (
	MessageRegular   = "regular"
	MessageReply     = "reply"
	MessageSystem    = "system"
	MessageEphemeral = "ephemeral" // seen by the sender only, not stored
	MessageError     = "error"     // seen by the sender only, not stored
	MessageDeleted   = "deleted"
)

// Message is a message. User, reactions, mentions and the quoted message are
// filled in when it is read (store: hydration).
type Message struct {
	ID     string `db:"id" json:"id"`
	Text   string `db:"text" json:"text"`
	HTML   string `db:"html" json:"html"`
	Type   string `db:"type" json:"type"`
	UserID string `db:"user_id" json:"-"`
	User   *User  `db:"-" json:"user"`

	Member      *MessageMember `db:"-" json:"member,omitzero"`
	Attachments jsontext.Value `db:"attachments" json:"attachments"` // a list of objects, as sent
	MML         string         `db:"mml" json:"mml,omitzero"`
	Command     string         `db:"command" json:"command,omitzero"`
	Args        string         `db:"args" json:"args,omitzero"`
	CommandInfo *CommandInfo   `db:"-" json:"command_info,omitzero"`

	LatestReactions []*Reaction               `db:"-" json:"latest_reactions"`
	OwnReactions    []*Reaction               `db:"-" json:"own_reactions"`
	ReactionCounts  map[string]int            `db:"-" json:"reaction_counts"`
	ReactionScores  map[string]int            `db:"-" json:"reaction_scores"`
	ReactionGroups  map[string]*ReactionGroup `db:"reaction_groups" json:"reaction_groups,omitempty"`

	ParentID             string   `db:"parent_id" json:"parent_id,omitzero"`
	ShowInChannel        bool     `db:"show_in_channel" json:"show_in_channel,omitzero"`
	ReplyCount           int      `db:"reply_count" json:"reply_count"`
	DeletedReplyCount    int      `db:"deleted_reply_count" json:"deleted_reply_count"`
	ThreadParticipantIDs []string `db:"thread_participants" json:"-"`
	ThreadParticipants   []*User  `db:"-" json:"thread_participants,omitempty"`

	CID                  CID        `db:"cid" json:"cid"`
	CreatedAt            time.Time  `db:"created_at" json:"created_at"`
	UpdatedAt            time.Time  `db:"updated_at" json:"updated_at"`
	DeletedAt            *time.Time `db:"deleted_at" json:"deleted_at,omitzero"`
	MessageTextUpdatedAt *time.Time `db:"message_text_updated_at" json:"message_text_updated_at,omitzero"`
	Shadowed             bool       `db:"shadowed" json:"shadowed"`
	DeletedForMe         bool       `db:"-" json:"deleted_for_me,omitzero"`

	MentionedUserIDs  []string `db:"mentioned_users" json:"-"`
	MentionedUsers    []*User  `db:"-" json:"mentioned_users"`
	MentionedChannel  bool     `db:"mentioned_channel" json:"mentioned_channel"`
	MentionedHere     bool     `db:"mentioned_here" json:"mentioned_here"`
	MentionedRoles    []string `db:"mentioned_roles" json:"mentioned_roles,omitempty"`
	MentionedGroupIDs []string `db:"mentioned_group_ids" json:"mentioned_group_ids,omitempty"`

	MentionedGroups []*UserGroup `db:"-" json:"mentioned_groups,omitempty"` // without members

	I18n       map[string]string `db:"i18n" json:"i18n,omitempty"`
	Silent     bool              `db:"silent" json:"silent"`
	Pinned     bool              `db:"pinned" json:"pinned"`
	PinnedAt   *time.Time        `db:"pinned_at" json:"pinned_at"`
	PinnedByID string            `db:"pinned_by_id" json:"-"`
	PinnedBy   *User             `db:"-" json:"pinned_by"`
	PinExpires *time.Time        `db:"pin_expires" json:"pin_expires"`

	RestrictedVisibility []string `db:"restricted_visibility" json:"restricted_visibility"`
	QuotedMessageID      string   `db:"quoted_message_id" json:"quoted_message_id,omitzero"`
	QuotedMessage        *Message `db:"-" json:"quoted_message,omitzero"`
	PollID               string   `db:"poll_id" json:"poll_id,omitzero"`
	Poll                 *Poll    `db:"-" json:"poll,omitzero"`
	Draft                *Draft   `db:"-" json:"draft,omitzero"` // the viewer's, of a reply

	Reminder       *Reminder       `db:"-" json:"reminder,omitzero"` // the viewer's
	SharedLocation *SharedLocation `db:"shared_location" json:"shared_location,omitzero"`

	// MentionedInGroups are those members of the channel who are in a mentioned group,
	// of a reply that is being sent.
	MentionedInGroups []string `db:"-" json:"-"`

	// Channel is filled in where a message is answered alone.
	Channel *Channel `db:"-" json:"channel,omitzero"`

	Custom jsontext.Value `db:"custom" json:",embed"`
}

// CommandInfo is a slash command as messages show it to people.
type CommandInfo struct {
	Name string `json:"name"`
}

// NewCommandInfo returns the CommandInfo of a command; nil of none.
func NewCommandInfo(command string) *CommandInfo {
	if command == "" {
		return nil
	}
	return &CommandInfo{strings.ToUpper(command[:1]) + command[1:]}
}

// MessageMember is what a message tells of its sender's membership.
type MessageMember struct {
	ChannelRole        string `json:"channel_role"`
	NotificationsMuted bool   `json:"notifications_muted"`

	// Custom is what the viewer asked for of the membership's custom data.
	Custom jsontext.Value `json:"custom,omitzero"`
	// All is the whole custom data, of which connections that asked for it get theirs.
	All jsontext.Value `json:"-"`
}

// NewMessageMember is what messages tell of their sender's membership; nil of none.
func NewMessageMember(m *Member) *MessageMember {
	if m == nil {
		return nil
	}
	return &MessageMember{ChannelRole: m.ChannelRole, NotificationsMuted: m.NotificationsMuted, All: m.Custom}
}

// InChannel tells whether the message stands in the channel's own list: not when
// it is a reply that is shown in its thread only.
func (m *Message) InChannel() bool { return m.ParentID == "" || m.ShowInChannel }

// Counts tells whether the message raises unread numbers (API: read state and
// unread).
func (m *Message) Counts() bool { return m.InChannel() && m.raises() }

// CountsInThread tells whether the reply raises the unread numbers of its thread.
func (m *Message) CountsInThread() bool { return m.ParentID != "" && m.raises() }

func (m *Message) raises() bool {
	return !m.Silent && !m.Shadowed && m.DeletedAt == nil &&
		(m.Type == MessageRegular || m.Type == MessageReply || m.Type == MessageSystem)
}

// VisibleTo tells whether a message of restricted visibility is for the user.
func (m *Message) VisibleTo(userID string) bool {
	return len(m.RestrictedVisibility) == 0 || m.UserID == userID || slices.Contains(m.RestrictedVisibility, userID)
}

// EndPin takes the pin off a message whose pin has expired, and returns when that was;
// nil where it has not.
func (m *Message) EndPin(now time.Time) *time.Time {
	ended := m.PinExpires
	if !m.Pinned || ended == nil || ended.After(now) {
		return nil
	}
	m.Pinned, m.PinnedAt, m.PinnedByID, m.PinnedBy, m.PinExpires = false, nil, "", nil, nil
	return ended
}

// HideQuoted takes away from a message that everybody is told of a quoted one that
// is not for everybody. Who may see it gets it when he reads the message.
func (m *Message) HideQuoted() {
	q := m.QuotedMessage
	if q == nil {
		return
	}
	restricted := len(q.RestrictedVisibility) > 0 &&
		(len(m.RestrictedVisibility) == 0 || !q.VisibleTo(m.UserID) || slices.ContainsFunc(m.RestrictedVisibility, func(id string) bool { return !q.VisibleTo(id) }))
	if restricted || q.Shadowed && !m.Shadowed {
		m.QuotedMessage = nil
	}
}

// Reaction is a user's reaction of one type to a message.
type Reaction struct {
	MessageID string         `db:"message_id" json:"message_id"`
	UserID    string         `db:"user_id" json:"user_id"`
	User      *User          `db:"-" json:"user"`
	Type      string         `db:"type" json:"type"`
	Score     int            `db:"score" json:"score"`
	CreatedAt time.Time      `db:"created_at" json:"created_at"`
	UpdatedAt time.Time      `db:"updated_at" json:"updated_at"`
	Custom    jsontext.Value `db:"custom" json:",embed"`
}

// ReactionGroup sums up a message's reactions of one type.
type ReactionGroup struct {
	Count             int       `json:"count"`
	SumScores         int       `json:"sum_scores"`
	FirstReactionAt   time.Time `json:"first_reaction_at"`
	LastReactionAt    time.Time `json:"last_reaction_at"`
	LatestReactionsBy []string  `json:"latest_reactions_by"`
}
