package chat

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Channel is a channel. The fields behind "for the viewer" are filled in for the
// user who asks and are absent in events.
type Channel struct {
	ID            string         `db:"id" json:"id"`
	Type          string         `db:"type" json:"type"`
	CID           CID            `db:"cid" json:"cid"`
	LastMessageAt *time.Time     `db:"last_message_at" json:"last_message_at,omitzero"`
	CreatedAt     time.Time      `db:"created_at" json:"created_at"`
	UpdatedAt     time.Time      `db:"updated_at" json:"updated_at"`
	DeletedAt     *time.Time     `db:"deleted_at" json:"deleted_at,omitzero"`
	CreatedByID   string         `db:"created_by_id" json:"-"`
	CreatedBy     *User          `db:"-" json:"created_by"`
	Frozen        bool           `db:"frozen" json:"frozen"`
	Disabled      bool           `db:"disabled" json:"disabled"`
	Cooldown      int            `db:"cooldown" json:"cooldown,omitzero"` // seconds
	Team          string         `db:"team" json:"team,omitzero"`
	FilterTags    []string       `db:"filter_tags" json:"filter_tags,omitempty"`
	MemberCount   int            `db:"member_count" json:"member_count"`
	MessageCount  *int           `db:"-" json:"message_count,omitzero"` // only when the type counts
	TruncatedAt   *time.Time     `db:"truncated_at" json:"truncated_at,omitzero"`
	TruncatedByID string         `db:"truncated_by_id" json:"-"`
	TruncatedBy   *User          `db:"-" json:"truncated_by,omitzero"`
	Overrides     jsontext.Value `db:"config_overrides" json:"-"` // a ConfigOverrides

	AutoTranslation         bool   `db:"auto_translation_enabled" json:"auto_translation_enabled,omitzero"`
	AutoTranslationLanguage string `db:"auto_translation_language" json:"auto_translation_language,omitzero"`

	Members []*Member   `db:"-" json:"members,omitzero"` // only in events
	Config  *TypeConfig `db:"-" json:"config,omitzero"`

	// For the viewer.
	OwnCapabilities    []string   `db:"-" json:"own_capabilities,omitzero"`
	Hidden             *bool      `db:"-" json:"hidden,omitzero"`
	Blocked            *bool      `db:"-" json:"blocked,omitzero"`
	HideMessagesBefore *time.Time `db:"-" json:"hide_messages_before,omitzero"`
	Muted              *bool      `db:"-" json:"muted,omitzero"`
	MuteExpiresAt      *time.Time `db:"-" json:"mute_expires_at,omitzero"`

	// DistinctMembers are the users after whom a distinct channel is named.
	DistinctMembers []string `db:"distinct_members" json:"-"`
	// HiddenCount counts the members who hid the channel; the next message shows
	// it to them again.
	HiddenCount int `db:"hidden_count" json:"-"`
	// HoldsPending tells that messages of the channel may be pending.
	HoldsPending bool `db:"holds_pending" json:"-"`
	// Messages counts the channel's messages, whether or not the type shows it.
	Messages int `db:"message_count" json:"-"`
	// UnreadSeq counts the messages that raise unread numbers.
	UnreadSeq int64 `db:"unread_seq" json:"-"`

	Custom jsontext.Value `db:"custom" json:",embed"`
}

// Visible tells from when on the channel's messages can be seen at all: the
// truncation, or nil.
func (c *Channel) Visible() *time.Time { return c.TruncatedAt }

// The answers to an invite, and the states of a member.
const (
	StatusMember   = "member"
	StatusPending  = "pending"
	StatusAccepted = "accepted"
	StatusRejected = "rejected"
)

// Member is a user's membership of a channel.
type Member struct {
	AppCID             CID            `db:"cid" json:"-"`
	UserID             string         `db:"user_id" json:"user_id"`
	User               *User          `db:"-" json:"user"`
	Status             string         `db:"status" json:"status"`
	CreatedAt          time.Time      `db:"created_at" json:"created_at"`
	UpdatedAt          time.Time      `db:"updated_at" json:"updated_at"`
	Banned             bool           `db:"banned" json:"banned"`
	BanExpires         *time.Time     `db:"ban_expires" json:"ban_expires,omitzero"`
	ShadowBanned       bool           `db:"shadow_banned" json:"shadow_banned"`
	Role               string         `db:"-" json:"role"` // deprecated: owner, moderator, admin or member
	ChannelRole        string         `db:"channel_role" json:"channel_role"`
	IsModerator        bool           `db:"-" json:"is_moderator,omitzero"`
	Invited            bool           `db:"invited" json:"invited,omitzero"`
	InviteAcceptedAt   *time.Time     `db:"invite_accepted_at" json:"invite_accepted_at,omitzero"`
	InviteRejectedAt   *time.Time     `db:"invite_rejected_at" json:"invite_rejected_at,omitzero"`
	NotificationsMuted bool           `db:"notifications_muted" json:"notifications_muted"`
	PinnedAt           *time.Time     `db:"pinned_at" json:"pinned_at,omitzero"`
	ArchivedAt         *time.Time     `db:"archived_at" json:"archived_at,omitzero"`
	Hidden             bool           `db:"hidden" json:"-"`
	HiddenChangedAt    *time.Time     `db:"hidden_changed_at" json:"-"`
	HideMessagesBefore *time.Time     `db:"hide_messages_before" json:"-"`
	JoinSeq            int64          `db:"join_seq" json:"-"` // the channel's UnreadSeq when he joined
	Custom             jsontext.Value `db:"custom" json:",embed"`
}

// Listens tells whether the member gets the channel's events: not while an
// invite is unanswered or was refused.
func (m *Member) Listens() bool { return m.Status != StatusPending && m.Status != StatusRejected }

// Public returns the member as others and he himself see him: who is shadow-banned
// must not find out.
func (m *Member) Public() *Member {
	if user := m.User.Public(); m.ShadowBanned || user != m.User {
		v := *m
		v.ShadowBanned, v.User = false, user
		return &v
	}
	return m
}

// PublicMembers returns members as everybody sees them, in a list of its own.
func PublicMembers(list []*Member) []*Member {
	out := make([]*Member, len(list))
	for i, m := range list {
		out[i] = m.Public()
	}
	return out
}

// IsBanned tells whether the member is banned from the channel at a time.
func (m *Member) IsBanned(now time.Time) bool {
	return m.Banned && (m.BanExpires == nil || now.Before(*m.BanExpires))
}

// Read is how far a member has read a channel. UnreadBase is the value of the
// channel's UnreadSeq at which nothing is unread.
type Read struct {
	CID                    CID        `db:"cid" json:"-"`
	UserID                 string     `db:"user_id" json:"-"`
	User                   *User      `db:"-" json:"user"`
	LastRead               time.Time  `db:"last_read" json:"last_read"`
	UnreadMessages         int        `db:"unread_messages" json:"unread_messages"`
	LastReadMessageID      string     `db:"last_read_message_id" json:"last_read_message_id,omitzero"`
	LastDeliveredAt        *time.Time `db:"last_delivered_at" json:"last_delivered_at,omitzero"`
	LastDeliveredMessageID string     `db:"last_delivered_message_id" json:"last_delivered_message_id,omitzero"`
}
