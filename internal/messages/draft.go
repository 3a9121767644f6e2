package messages

import (
	"context"

	"chatd/internal/access"
	"chatd/internal/chat"
	"chatd/internal/store"
)

// ComposeDraft makes a draft of what the actor of seat has written so far, which must
// be what he could send, though there may be nothing in it yet.
func (s *Service) ComposeDraft(ctx context.Context, seat *access.Seat, r *chat.MessageRequest) (*chat.Draft, error) {
	_, app := s.app(ctx)
	e := &editor{app: app, seat: seat}
	m, err := e.blank(r)
	if err != nil {
		return nil, err
	}
	if _, err := e.reply(ctx, m, r); err != nil {
		return nil, err
	}
	if err := e.extras(ctx, m, r); err != nil {
		return nil, err
	}
	if err := e.parts(ctx, m, r); err != nil {
		return nil, err
	}
	return &chat.Draft{
		CID: m.CID, UserID: m.UserID, ParentID: m.ParentID, MentionedUserIDs: m.MentionedUserIDs, CreatedAt: app.Now(),
		Message: chat.DraftMessage{
			ID: m.ID, Text: m.Text, MML: m.MML, Type: r.Type, ParentID: m.ParentID, QuotedMessageID: m.QuotedMessageID, PollID: m.PollID,
			Attachments: m.Attachments, MentionedChannel: m.MentionedChannel, MentionedHere: m.MentionedHere,
			MentionedRoles: m.MentionedRoles, MentionedGroupIDs: m.MentionedGroupIDs,
			ShowInChannel: m.ShowInChannel, Silent: m.Silent, SharedLocation: r.SharedLocation, Custom: m.Custom,
		},
	}, nil
}

// hasDraft tells whether the author has a draft of the message. Most authors have no
// drafts at all.
func (d *delivery) hasDraft(ctx context.Context) (bool, error) {
	if d.seat.Actor.User.DraftCount == 0 {
		return false, nil
	}
	return d.app.HasDraft(ctx, d.m.CID, d.m.UserID, d.m.ParentID)
}

// dropDraft removes the author's draft of the message, which is on its way.
func (d *delivery) dropDraft(ctx context.Context, tx *store.Tx) error {
	if !d.drafted {
		return nil
	}
	had, err := tx.DeleteDraft(ctx, d.m.CID, d.m.UserID, d.m.ParentID)
	if had {
		tx.Emit(chat.DraftEvent(chat.DraftDeleted, tx.ID, &chat.Draft{CID: d.m.CID, UserID: d.m.UserID, ParentID: d.m.ParentID}, d.m.CreatedAt))
	}
	return err
}
