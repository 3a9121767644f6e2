package messages

import (
	"context"

	"chatd/internal/chat"
	"chatd/internal/store"
)

// UndeleteRequest brings back a message that was deleted softly.
type UndeleteRequest struct {
	ID          string `path:"id" json:"-"`
	UndeletedBy string `json:"undeleted_by"`
}

// Validate checks that somebody is named.
func (r *UndeleteRequest) Validate() error {
	if r.UndeletedBy == "" {
		return chat.Errorf(chat.Invalid, "undeleted_by is a required field")
	}
	return chat.ValidUserID(r.UndeletedBy)
}

// Undelete brings back a message in the name of a user. It counts again, for those
// who have not read it too; its pin does not come back.
func (s *Service) Undelete(ctx context.Context, r *UndeleteRequest) (*Response, error) {
	ctx, err := s.Access.ActAs(ctx, "", chat.ActAs{UserID: r.UndeletedBy}, true)
	if err != nil {
		return nil, err
	}
	seat, m, err := s.find(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	_, app := s.app(ctx)
	var seen views
	err = app.InTx(ctx, func(tx *store.Tx) error {
		after, err := tx.UndeleteMessage(ctx, m.CID, m.ID, tx.Now())
		if err != nil {
			return err
		}
		before := *after
		before.DeletedAt = &after.UpdatedAt
		if err := tx.KeepHistory(ctx, &before, seat.Actor.UserID, after.UpdatedAt); err != nil {
			return err
		}
		if seen, err = s.views(ctx, tx.App, seat, after); err != nil {
			return err
		}
		if err := s.emit(ctx, tx, about(evUndeleted, tx.ID, seen.public, seat.Channel)); err != nil {
			return err
		}
		return s.tellParent(ctx, tx, seat, after.ParentID)
	})
	if err != nil {
		return nil, err
	}
	return &Response{Message: seen.own}, nil
}
