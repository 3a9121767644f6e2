package chat

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// MessageRequest is a message as clients send one. A nil field was not given.
type MessageRequest struct {
	ActAs

	ID                   string         `json:"id,omitzero"`
	Text                 *string        `json:"text,omitzero"`
	HTML                 *string        `json:"html,omitzero"`
	MML                  *string        `json:"mml,omitzero"`
	Type                 string         `json:"type,omitzero"`
	Attachments          jsontext.Value `json:"attachments,omitzero"`
	ParentID             string         `json:"parent_id,omitzero"`
	ShowInChannel        *bool          `json:"show_in_channel,omitzero"`
	QuotedMessageID      *string        `json:"quoted_message_id,omitzero"`
	PollID               string         `json:"poll_id,omitzero"`
	MentionedUsers       jsontext.Value `json:"mentioned_users,omitzero"` // ids; objects with an id are taken too
	MentionedChannel     *bool          `json:"mentioned_channel,omitzero"`
	MentionedHere        *bool          `json:"mentioned_here,omitzero"`
	MentionedRoles       []string       `json:"mentioned_roles,omitzero"`
	MentionedGroupIDs    []string       `json:"mentioned_group_ids,omitzero"`
	Silent               *bool          `json:"silent,omitzero"`
	Pinned               *bool          `json:"pinned,omitzero"`
	PinnedAt             *time.Time     `json:"pinned_at,omitzero"`
	PinExpires           *time.Time     `json:"pin_expires,omitzero"`
	RestrictedVisibility []string       `json:"restricted_visibility,omitzero"`
	Custom               jsontext.Value `json:",embed"`

	SharedLocation *LocationRequest `json:"shared_location,omitzero"` // when it is sent; edits do not change it
}
