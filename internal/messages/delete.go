package messages

import (
	"context"

	"chatd/internal/access"
	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/permission"
	"chatd/internal/store"
)

// DeleteRequest deletes a message: softly, for good (Hard) or for one user only
// (ForMe).
type DeleteRequest struct {
	ID        string `path:"id" json:"-"`
	Hard      bool   `query:"hard" json:"-"`
	ForMe     bool   `query:"delete_for_me" json:"-"`
	DeletedBy string `query:"deleted_by" json:"-"`
	UserID    string `query:"user_id" json:"-"`
}

// Validate checks that the message is to be deleted in one way.
func (r *DeleteRequest) Validate() error {
	if r.Hard && r.ForMe {
		return chat.Errorf(chat.Invalid, "cannot use both hard and delete_for_me")
	}
	return nil
}

// Delete deletes a message as the actor, or as the user whom a server-side call
// names. Deleting softly what is deleted softly already changes nothing.
func (s *Service) Delete(ctx context.Context, r *DeleteRequest) (*Response, error) {
	by := r.DeletedBy
	if by == "" {
		by = r.UserID
	}
	ctx, err := s.Access.ActAs(ctx, "", chat.ActAs{UserID: by}, r.ForMe)
	if err != nil {
		return nil, err
	}
	seat, m, err := s.find(ctx, r.ID)
	if err != nil {
		return s.deletePending(ctx, r, err)
	}
	if r.ForMe {
		return s.deleteForMe(ctx, seat, m)
	}
	if err := seat.RequireOf(permission.DeleteMessage, own(seat, m)); err != nil {
		return nil, err
	}
	if r.Hard {
		return s.remove(ctx, seat, m)
	}
	return s.deleteSoftly(ctx, seat, m)
}

// deleted is the event that tells of a deletion.
func deleted(seat *access.Seat, app chat.AppID, m *chat.Message, hard bool) *chat.Event {
	ev := about(evDeleted, app, m, seat.Channel)
	ev.HardDelete = &hard
	ev.User = seat.Actor.User.Public()
	return ev
}

func (s *Service) deleteSoftly(ctx context.Context, seat *access.Seat, m *chat.Message) (*Response, error) {
	_, app := s.app(ctx)
	var seen views
	err := app.InTx(ctx, func(tx *store.Tx) error {
		after, err := tx.DeleteMessage(ctx, m.CID, m.ID, tx.Now())
		if err != nil {
			return err
		}
		known := after == nil
		if known {
			if after, err = tx.Message(ctx, m.ID); err != nil {
				return err
			}
		}
		if seen, err = s.views(ctx, tx.App, seat, after); err != nil || known {
			return err
		}
		if err := s.emit(ctx, tx, deleted(seat, tx.ID, seen.public, false)); err != nil {
			return err
		}
		before := *after
		before.DeletedAt = nil
		if err := tx.KeepHistory(ctx, &before, seat.Actor.UserID, after.UpdatedAt); err != nil {
			return err
		}
		return s.tellParent(ctx, tx, seat, after.ParentID)
	})
	if err != nil {
		return nil, err
	}
	return &Response{Message: seen.own}, nil
}

// tellParent tells of the message whose reply was deleted, or brought back; it is
// read anew. Nothing happens when there is none.
func (s *Service) tellParent(ctx context.Context, tx *store.Tx, seat *access.Seat, id string) error {
	if id == "" {
		return nil
	}
	parent, err := tx.Message(ctx, id)
	if chat.KindOf(err) == chat.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	ev, err := parentChanged(ctx, tx.App, seat, parent)
	if err != nil {
		return err
	}
	return s.emit(ctx, tx, ev)
}

// remove deletes a message for good.
func (s *Service) remove(ctx context.Context, seat *access.Seat, m *chat.Message) (*Response, error) {
	_, app := s.app(ctx)
	var seen views
	err := app.InTx(ctx, func(tx *store.Tx) error {
		now := tx.Now()
		if _, err := tx.LockCounters(ctx, m.CID); err != nil {
			return err
		}
		last, err := tx.LockMessage(ctx, m.ID)
		if err != nil {
			return err
		}
		if seen, err = s.views(ctx, tx.App, seat, last); err != nil {
			return err
		}
		now = chat.Risen(now, last.UpdatedAt)
		shown, err := tx.RemoveMessage(ctx, m.CID, m.ID, now)
		if err != nil {
			return err
		}
		for _, v := range []*chat.Message{seen.own, seen.public} {
			v.Type, v.DeletedAt, v.UpdatedAt = chat.MessageDeleted, &now, now
		}
		if err := tx.Hydrate(ctx, store.Viewer{Server: true}, shown...); err != nil {
			return err
		}
		told := []*chat.Event{deleted(seat, tx.ID, seen.public, true)}
		for _, reply := range shown {
			reply.Type, reply.DeletedAt, reply.UpdatedAt = chat.MessageDeleted, &now, now
			reply.HideQuoted()
			told = append(told, deleted(seat, tx.ID, reply, true))
		}
		if err := s.emit(ctx, tx, told...); err != nil {
			return err
		}
		return s.tellParent(ctx, tx, seat, last.ParentID)
	})
	if err != nil {
		return nil, err
	}
	return &Response{Message: seen.own}, nil
}

// deleteForMe deletes a message for the actor and leaves it to everybody else.
func (s *Service) deleteForMe(ctx context.Context, seat *access.Seat, m *chat.Message) (*Response, error) {
	if err := seat.Read(); err != nil {
		return nil, err
	}
	actor, app := s.app(ctx)
	if err := needUser(actor); err != nil {
		return nil, err
	}
	var mine *chat.Message
	err := app.InTx(ctx, func(tx *store.Tx) error {
		now := tx.Now()
		if err := tx.HideMessage(ctx, m, actor.UserID, now); err != nil {
			return err
		}
		v := *m
		mine = &v
		if err := tx.Hydrate(ctx, seat.Viewer(), mine); err != nil {
			return err
		}
		told, forMe := *mine, true
		told.OwnReactions = nil
		ev := deleted(seat, tx.ID, &told, false)
		ev.CreatedAt, ev.DeletedForMe = now, &forMe
		ev.To = chat.Audience{Kind: chat.ToUsers, Users: []string{actor.UserID}}
		tx.Emit(ev)
		return count(ctx, tx.App, ev)
	})
	if err != nil {
		return nil, err
	}
	return &Response{Message: mine}, nil
}

func needUser(actor *auth.Actor) error {
	if actor.User == nil {
		return chat.Errorf(chat.NotFound, "user with id %s doesn't exist", actor.UserID)
	}
	return nil
}
