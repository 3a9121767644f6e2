package reads

import (
	"context"
	"time"

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

// replyIn returns when a reply of a thread was sent; Invalid when it has none of that
// id.
func (s *Service) replyIn(ctx context.Context, seat *access.Seat, parent *chat.Message, id string) (time.Time, error) {
	reply, err := s.app(seat.Actor).Message(ctx, id)
	if chat.KindOf(err) == chat.NotFound || err == nil && (reply.ParentID != parent.ID || !seat.Sees(reply)) {
		return time.Time{}, chat.Errorf(chat.Invalid, "message with id %s doesn't exist in thread %s", id, parent.ID)
	}
	if err != nil {
		return time.Time{}, err
	}
	return reply.CreatedAt, nil
}

// markThread marks a thread read for the actor, all of it or up to a reply: he is told
// so, and where there are replies those who watch the channel, if he lets others see
// what he reads.
func (s *Service) markThread(ctx context.Context, seat *access.Seat, r *MarkReadRequest) (*ReadResponse, error) {
	parent, err := s.thread(ctx, seat, r.ThreadID)
	if err != nil {
		return nil, err
	}
	var until time.Time
	if r.MessageID != "" && r.MessageID != parent.ID {
		if until, err = s.replyIn(ctx, seat, parent, r.MessageID); err != nil {
			return nil, err
		}
		until = until.Add(time.Microsecond)
	}
	var read *chat.Event
	err = s.app(seat.Actor).InTx(ctx, func(tx *store.Tx) error {
		at := tx.Now()
		before := at
		if !until.IsZero() {
			before = until
		}
		t, err := tx.SetThreadRead(ctx, seat.Actor.UserID, seat.Oversees(), parent, before)
		if err != nil {
			return err
		}
		read = event("message.read", seat.Actor, seat.Channel, at)
		own := toSelf(event("notification.mark_read", seat.Actor, seat.Channel, at))
		read.ThreadID, read.LastReadMessageID = parent.ID, t.LastReadMessageID
		own.ThreadID, own.LastReadMessageID = parent.ID, t.LastReadMessageID
		if read.Thread, err = tx.Thread(ctx, parent); err != nil {
			return err
		}
		own.Thread = read.Thread
		if read.Thread != nil && !parent.Shadowed && len(parent.RestrictedVisibility) == 0 {
			tx.Emit(ownOnly(read, seat.Actor.User.ShowsReads()))
		}
		tx.Emit(own)
		return numbered(ctx, tx, own)
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
		if from, err = s.replyIn(ctx, seat, parent, r.MessageID); err != nil {
			return err
		}
	}
	return s.app(seat.Actor).InTx(ctx, func(tx *store.Tx) error {
		t, err := tx.SetThreadRead(ctx, seat.Actor.UserID, seat.Oversees(), parent, from)
		if err != nil {
			return err
		}
		ev := toSelf(event("notification.mark_unread", seat.Actor, seat.Channel, tx.Now()))
		ev.ThreadID, ev.UnreadMessages, ev.FirstUnreadMessageID = r.ThreadID, &t.Unread, r.MessageID
		if t.LastReadMessageID != "" {
			ev.LastReadMessageID, ev.LastReadAt = t.LastReadMessageID, &t.LastRead
		}
		tx.Emit(ev)
		return numbered(ctx, tx, ev)
	})
}
