package messages

import (
	"context"

	"chatd/internal/chat"
)

// ChannelContext is the channel of a message that was sent, in short.
type ChannelContext struct {
	CID       chat.CID   `json:"cid"`
	ID        string     `json:"id"`
	Type      string     `json:"type"`
	CreatedBy *chat.User `json:"created_by,omitzero"`
}

// surroundings are what who sends a message may ask for beside it.
type surroundings struct {
	Channel   *ChannelContext `json:"channel_context,omitzero"`
	Mentioned map[string]bool `json:"mentioned_members,omitzero"` // by user id: whether he is a member
}

// none tells whether nothing was asked for.
func (s *surroundings) none() bool { return s.Channel == nil && s.Mentioned == nil }

// surroundings finds what the request asks for of a message that is about to be sent.
func (d *delivery) surroundings(ctx context.Context, r *SendRequest) (out surroundings, err error) {
	if ch := d.seat.Channel; r.ChannelContext {
		out.Channel = &ChannelContext{CID: ch.CID, ID: ch.ID, Type: ch.Type}
		creators, err := d.app.Users(ctx, ch.CreatedByID)
		if err != nil {
			return out, err
		}
		out.Channel.CreatedBy = creators[ch.CreatedByID].Public()
	}
	if !r.MentionedMembers {
		return out, nil
	}
	out.Mentioned = make(map[string]bool, len(d.m.MentionedUserIDs))
	roles, err := d.app.RolesIn(ctx, d.m.CID, d.m.MentionedUserIDs, nil, 0)
	for id, role := range roles {
		out.Mentioned[id] = role != ""
	}
	return out, err
}
