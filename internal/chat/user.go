package chat

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// The built-in roles of users and of channel members (API: permissions, model).
const (
	RoleUser            = "user"
	RoleGuest           = "guest"
	RoleAnonymous       = "anonymous"
	RoleAdmin           = "admin"
	RoleModerator       = "moderator"
	RoleGlobalAdmin     = "global_admin"
	RoleGlobalModerator = "global_moderator"

	RoleChannelMember    = "channel_member"
	RoleChannelModerator = "channel_moderator"
)

// User is a user as stored and as others see it.
type User struct {
	ID             string            `db:"id" json:"id"`
	Name           string            `db:"name" json:"name,omitzero"`
	Image          string            `db:"image" json:"image,omitzero"`
	Language       string            `db:"language" json:"language"`
	Role           string            `db:"role" json:"role"`
	Teams          []string          `db:"teams" json:"teams"`
	TeamsRole      map[string]string `db:"teams_role" json:"teams_role,omitempty"`
	CreatedAt      time.Time         `db:"created_at" json:"created_at"`
	UpdatedAt      time.Time         `db:"updated_at" json:"updated_at"`
	Banned         bool              `db:"banned" json:"banned"`
	BanExpires     *time.Time        `db:"ban_expires" json:"ban_expires,omitzero"`
	ShadowBanned   bool              `db:"shadow_banned" json:"shadow_banned"`
	Online         bool              `db:"-" json:"online"`
	Invisible      bool              `db:"invisible" json:"invisible"`
	LastActive     *time.Time        `db:"last_active" json:"last_active,omitzero"`
	DeactivatedAt  *time.Time        `db:"deactivated_at" json:"deactivated_at,omitzero"`
	DeletedAt      *time.Time        `db:"deleted_at" json:"deleted_at,omitzero"`
	TokensRevoked  *time.Time        `db:"revoke_tokens_issued_before" json:"revoke_tokens_issued_before,omitzero"`
	BlockedUserIDs []string          `db:"-" json:"blocked_user_ids"`
	Privacy        *PrivacySettings  `db:"privacy_settings" json:"privacy_settings,omitzero"`
	DraftCount     int               `db:"draft_count" json:"-"` // in channels and threads
	ReminderCount  int               `db:"reminder_count" json:"-"`
	Custom         jsontext.Value    `db:"custom" json:",embed"`
}

// PrivacySettings are what a user lets others see. An absent setting means
// enabled.
type PrivacySettings struct {
	TypingIndicators *Enabled `json:"typing_indicators,omitzero"`
	ReadReceipts     *Enabled `json:"read_receipts,omitzero"`
	DeliveryReceipts *Enabled `json:"delivery_receipts,omitzero"`
}

// Enabled is a switch.
type Enabled struct {
	Enabled bool `json:"enabled"`
}

// On tells whether the switch is on; a switch nobody set is.
func (e *Enabled) On() bool { return e == nil || e.Enabled }

// ShowsTyping tells whether others may see the user type.
func (u *User) ShowsTyping() bool { return u.Privacy == nil || u.Privacy.TypingIndicators.On() }

// ShowsReads tells whether others may see what the user has read.
func (u *User) ShowsReads() bool { return u.Privacy == nil || u.Privacy.ReadReceipts.On() }

// ShowsDeliveries tells whether others may see what reached the user.
func (u *User) ShowsDeliveries() bool { return u.Privacy == nil || u.Privacy.DeliveryReceipts.On() }

// Public returns the user as others see him. Of nobody it is nobody.
func (u *User) Public() *User {
	if u == nil || !u.ShadowBanned && !u.Invisible {
		return u
	}
	v := *u
	v.Conceal()
	return &v
}

// Conceal takes away what others do not see of the user: that he is shadow-banned, which
// he must not find out, and that he is invisible, not just away.
func (u *User) Conceal() { u.ShadowBanned, u.Invisible = false, false }

// IsBanned tells whether the user is banned from the whole app at a time.
func (u *User) IsBanned(now time.Time) bool {
	return u.Banned && (u.BanExpires == nil || now.Before(*u.BanExpires))
}

// FullUser is a user as the server side and user queries see it.
type FullUser struct {
	User

	Unread
	UnreadThreads int `json:"unread_threads"`

	Devices      []*Device      `json:"devices"`
	Mutes        []*UserMute    `json:"mutes"`
	ChannelMutes []*ChannelMute `json:"channel_mutes"`
}

// OwnUser is a user as he sees himself: the `me` of the first health.check.
type OwnUser struct {
	User

	Unread
	UnreadThreads int `json:"unread_threads"`

	Devices       []*Device      `json:"devices"`
	Mutes         []*UserMute    `json:"mutes"`
	ChannelMutes  []*ChannelMute `json:"channel_mutes"`
	UnreadByTeam  map[string]int `json:"total_unread_count_by_team,omitempty"`
	HiddenLatest  []CID          `json:"latest_hidden_channels,omitempty"`
	PushPreferred PushPreferred  `json:"push_preferences"`
}

// PushPreferred are the push levels of a user.
type PushPreferred struct {
	ChatLevel  string `json:"chat_level"`
	CallLevel  string `json:"call_level"`
	FeedsLevel string `json:"feeds_level"`
}

// Unread are a user's totals. Both counts are the same number; the API kept the
// old name.
type Unread struct {
	UnreadCount    int `json:"unread_count"`
	TotalUnread    int `json:"total_unread_count"`
	UnreadChannels int `json:"unread_channels"`
}

// UserMute is one user's mute of another.
type UserMute struct {
	User      *User      `json:"user"`
	Target    *User      `json:"target"`
	CreatedAt time.Time  `json:"created_at"`
	UpdatedAt time.Time  `json:"updated_at"`
	Expires   *time.Time `json:"expires,omitzero"`
}

// ChannelMute is a user's mute of a channel.
type ChannelMute struct {
	User      *User      `json:"user"`
	Channel   *Channel   `json:"channel"`
	CreatedAt time.Time  `json:"created_at"`
	UpdatedAt time.Time  `json:"updated_at"`
	Expires   *time.Time `json:"expires,omitzero"`
}
