package reads

import (
	"context"

	"chatd/internal/access"
	"chatd/internal/chat"
	"chatd/internal/store"
)

// thread returns the message that a thread of the seat's channel starts with;
// Invalid when there is no such thread.
func (s *Service) thread(ctx context.Context, seat *access.Seat, id string) (*chat.Message, error) {
	m, err := s.app(seat.Actor).Message(ctx, id)
	if chat.KindOf(err) == chat.NotFound || err == nil && (m.CID != seat.Channel.CID || m.ParentID != "") {
		return nil, chat.Errorf(chat.Invalid, "thread with id %s doesn't exist", id)
	}
	return m, err
}

// markThread marks a thread read for the actor, who alone is told.
func (s *Service) markThread(ctx context.Context, seat *access.Seat, id string) (*ReadResponse, error) {
	parent, err := s.thread(ctx, seat, id)
	if err != nil {
		return nil, err
	}
	var read *chat.Event
	err = s.app(seat.Actor).InTx(ctx, func(tx *store.Tx) error {
		at := tx.Now()
		t, err := tx.SetThreadRead(ctx, seat.Actor.UserID, parent, at)
		if err != nil {
			return err
		}
		read = event("message.read", seat.Actor, seat.Channel, at)
		read.ThreadID, read.LastReadMessageID = id, t.LastReadMessageID
		own := toSelf(event("notification.mark_read", seat.Actor, seat.Channel, at))
		own.ThreadID, own.LastReadMessageID = id, t.LastReadMessageID
		own.WithUnread, own.UnreadThreads = true, zero()
		tx.Emit(own)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &ReadResponse{answered(read)}, nil
}

// unmarkThread marks a thread unread for the actor from a reply on, or all of it
// when r names none.
func (s *Service) unmarkThread(ctx context.Context, seat *access.Seat, r *MarkUnreadRequest) error {
	parent, err := s.thread(ctx, seat, r.ThreadID)
	if err != nil {
		return err
	}
	from := parent.CreatedAt
	switch {
	case r.MessageTimestamp != nil:
		from = *r.MessageTimestamp
	case r.MessageID != "" && r.MessageID != parent.ID:
		reply, err := s.app(seat.Actor).Message(ctx, r.MessageID)
		if chat.KindOf(err) == chat.NotFound || err == nil && reply.ParentID != parent.ID {
			return chat.Errorf(chat.Invalid, "message with id %s doesn't exist in thread %s", r.MessageID, parent.ID)
		}
		if err != nil {
			return err
		}
		from = reply.CreatedAt
	}
	return s.app(seat.Actor).InTx(ctx, func(tx *store.Tx) error {
		t, err := tx.SetThreadRead(ctx, seat.Actor.UserID, parent, from)
		if err != nil {
			return err
		}
		ev := toSelf(event("notification.mark_unread", seat.Actor, seat.Channel, tx.Now()))
		ev.ThreadID, ev.WithUnread, ev.UnreadThreads = r.ThreadID, true, zero()
		ev.FirstUnreadMessageID = r.MessageID
		if t.LastReadMessageID != "" {
			ev.LastReadMessageID, ev.LastReadAt = t.LastReadMessageID, &t.LastRead
		}
		tx.Emit(ev)
		return nil
	})
}
