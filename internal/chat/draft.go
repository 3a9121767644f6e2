package chat

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// The events about drafts.
const (
	DraftUpdated = "draft.updated"
	DraftDeleted = "draft.deleted"
)

// Draft is a message that a user has not sent yet. He has one for each channel, and
// one for each thread. The channel and the messages are filled in where it is read.
type Draft struct {
	Message          DraftMessage `db:"message" json:"message"`
	CID              CID          `db:"cid" json:"channel_cid"`
	UserID           string       `db:"user_id" json:"-"`
	ParentID         string       `db:"parent_id" json:"parent_id,omitzero"` // "" of the channel's own
	MentionedUserIDs []string     `db:"mentioned_users" json:"-"`
	CreatedAt        time.Time    `db:"created_at" json:"created_at"` // when it was last saved

	Channel *Channel `db:"-" json:"channel"`
	Parent  *Message `db:"-" json:"parent_message"`
	Quoted  *Message `db:"-" json:"quoted_message"`
}

// DraftMessage is what a draft says. It is stored as JSON.
type DraftMessage struct {
	ID                string         `json:"id"`
	Text              string         `json:"text"`
	MML               string         `json:"mml,omitzero"`
	Type              string         `json:"type,omitzero"`
	ParentID          string         `json:"parent_id,omitzero"`
	QuotedMessageID   string         `json:"quoted_message_id,omitzero"`
	PollID            string         `json:"poll_id,omitzero"`
	Attachments       jsontext.Value `json:"attachments,omitzero"`
	MentionedUsers    []*User        `json:"mentioned_users,omitempty"`
	MentionedChannel  bool           `json:"mentioned_channel,omitzero"`
	MentionedHere     bool           `json:"mentioned_here,omitzero"`
	MentionedRoles    []string       `json:"mentioned_roles,omitempty"`
	MentionedGroupIDs []string       `json:"mentioned_group_ids,omitempty"`
	MentionedGroups   []*UserGroup   `json:"mentioned_groups,omitempty"` // filled in where it is read
	ShowInChannel     bool           `json:"show_in_channel"`
	Silent            bool           `json:"silent"`
	Custom            jsontext.Value `json:",embed"`

	SharedLocation *LocationRequest `json:"shared_location,omitzero"`
}

// DraftEvent returns an event about a draft, for all connections of who wrote it.
func DraftEvent(typ string, app AppID, d *Draft, at time.Time) *Event {
	e := UserEvent(typ, app, at, d.UserID)
	e.CID, e.ParentID, e.Draft = d.CID, d.ParentID, d
	return e
}
