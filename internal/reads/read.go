package reads

import (
	"context"
	"maps"
	"slices"
	"time"

	"chatd/internal/access"
	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/store"
)

// The limits of marking.
const (
	maxMarks     = 30  // channels that one call may mark read
	unreadWindow = 100 // newest messages of a channel that can be marked unread from
)

// MarkReadRequest marks a channel read, up to a message or all of it, or a thread.
type MarkReadRequest struct {
	chat.ActAs

	Type      string `json:"-" path:"type"`
	ID        string `json:"-" path:"id"`
	MessageID string `json:"message_id"`
	ThreadID  string `json:"thread_id"`
}

// Validate checks the ids.
func (r *MarkReadRequest) Validate() error { return validIDs(r.MessageID, r.ThreadID) }

func validIDs(ids ...string) error {
	for _, id := range ids {
		if err := chat.ValidMessageID(id); err != nil {
			return err
		}
	}
	return nil
}

// ReadResponse is the answer to marking read. Event is absent when many channels
// were marked.
type ReadResponse struct {
	Event *Event `json:"event,omitzero"`
}

// MarkRead marks a channel read for the actor: message.read to its watchers, if he
// lets others see what he reads, and notification.mark_read to himself. Who is no
// member has no read state: nothing changes for him. NotFound when the message or
// the channel does not exist, FeatureNotSupported without read_events.
func (s *Service) MarkRead(ctx context.Context, r *MarkReadRequest) (*ReadResponse, error) {
	seat, err := s.seat(ctx, r.Type, r.ID)
	if err != nil {
		return nil, err
	}
	if !seat.Channel.Config.ReadEvents {
		return nil, unsupported(r.Type, "read")
	}
	if r.ThreadID != "" {
		return s.markThread(ctx, seat, r)
	}
	mark := store.Mark{CID: seat.Channel.CID, Overseer: seat.Oversees()}
	app := s.app(seat.Actor)
	if r.MessageID != "" {
		if mark.Until, err = app.Message(ctx, r.MessageID); err != nil {
			return nil, err
		}
		if err := inList(mark.Until, seat.Channel.CID, seat.Sees(mark.Until)); err != nil {
			return nil, err
		}
	}
	if seat.Member == nil || !seat.Member.Listens() {
		ev := event("message.read", seat.Actor, seat.Channel, app.Now())
		ev.LastReadMessageID = r.MessageID
		return &ReadResponse{answered(ev)}, nil
	}
	ev, err := s.markMember(ctx, seat, mark)
	if err != nil {
		return nil, err
	}
	return &ReadResponse{answered(ev)}, nil
}

// inList checks that a message stands in the channel's own list, which the actor sees.
func inList(m *chat.Message, cid chat.CID, seen bool) error {
	switch {
	case m.CID != cid || !seen:
		return chat.Errorf(chat.NotFound, "message with id %s doesn't exist", m.ID)
	case !m.InChannel():
		return chat.Errorf(chat.Invalid, "message with id %s is a thread reply", m.ID)
	}
	return nil
}

// markMember marks a channel read for a member and returns message.read.
func (s *Service) markMember(ctx context.Context, seat *access.Seat, mark store.Mark) (*chat.Event, error) {
	app, read := s.app(seat.Actor), (*chat.Event)(nil)
	shown, err := s.shown(ctx, app, seat.Channel)
	if err != nil {
		return nil, err
	}
	err = app.InTx(ctx, func(tx *store.Tx) error {
		at := tx.Now()
		marked, err := tx.MarkRead(ctx, seat.Actor.UserID, at, mark)
		if err != nil {
			return err
		}
		read = event("message.read", seat.Actor, seat.Channel, at)
		if len(marked) == 0 { // left meanwhile
			return nil
		}
		tell(read, marked[0])
		own := toSelf(event("notification.mark_read", seat.Actor, seat.Channel, at))
		tell(own, marked[0])
		own.Channel = asMarked(shown, marked[0])
		tx.Emit(ownOnly(read, seat.Actor.User.ShowsReads()), own)
		return numbered(ctx, tx, own)
	})
	return read, err
}

// tell puts into an event what was read.
func tell(ev *chat.Event, m *store.Marked) {
	ev.LastReadMessageID, ev.ChannelLastMessageAt = m.LastReadMessageID, m.LastMessageAt
}

// shown returns a channel as events show it, without its members. It comes from
// the cache: its counters may be old.
func (s *Service) shown(ctx context.Context, app *store.App, ch *chat.Channel) (*chat.Channel, error) {
	v := *ch
	if v.CreatedByID == "" {
		return &v, nil
	}
	u, err := app.User(ctx, v.CreatedByID)
	v.CreatedBy = u.Public()
	return &v, err
}

// asMarked returns the channel with its counters as they were when it was marked.
func asMarked(ch *chat.Channel, m *store.Marked) *chat.Channel {
	v := *ch
	v.LastMessageAt = m.LastMessageAt
	if v.MessageCount != nil {
		v.MessageCount = &m.Messages
	}
	return &v
}

// MarkChannelsReadRequest marks channels read, each up to a message; all of the
// user's channels when it names none.
type MarkChannelsReadRequest struct {
	chat.ActAs

	ReadByChannel map[chat.CID]string `json:"read_by_channel"`
}

// Validate checks the map.
func (r *MarkChannelsReadRequest) Validate() error {
	if len(r.ReadByChannel) > maxMarks {
		return chat.Errorf(chat.Invalid, "read_by_channel must contain at maximum %d items", maxMarks)
	}
	for cid, id := range r.ReadByChannel {
		if _, err := chat.ParseCID(string(cid)); err != nil {
			return err
		}
		if err := validIDs(id); err != nil {
			return err
		}
	}
	return nil
}

// MarkChannelsRead marks many of the actor's channels read, or all of them.
// Channels that he does not listen to are passed over. NotFound when a message
// does not exist.
func (s *Service) MarkChannelsRead(ctx context.Context, r *MarkChannelsReadRequest) (*ReadResponse, error) {
	actor, err := caller(ctx)
	if err != nil {
		return nil, err
	}
	app := s.app(actor)
	marks, err := s.marks(ctx, app, r.ReadByChannel)
	if err != nil {
		return nil, err
	}
	all := len(r.ReadByChannel) == 0
	if len(marks) == 0 && !all {
		return &ReadResponse{}, nil
	}
	err = app.InTx(ctx, func(tx *store.Tx) error {
		at := tx.Now()
		var marked []*store.Marked
		if all {
			marked, err = tx.MarkAllRead(ctx, actor.UserID, at)
		} else {
			marked, err = tx.MarkRead(ctx, actor.UserID, at, marks...)
		}
		if err != nil {
			return err
		}
		var own []*chat.Event
		for _, m := range marked {
			read, mine := manyRead(actor, m, at)
			tx.Emit(read)
			if !all { // otherwise he is told once
				own = append(own, mine)
				tx.Emit(mine)
			}
		}
		if all {
			own = []*chat.Event{toSelf(&chat.Event{Type: "notification.mark_read", App: actor.App.ID, CreatedAt: at, User: actor.User.Public()})}
			tx.Emit(own[0])
		}
		return numbered(ctx, tx, own...)
	})
	return &ReadResponse{}, err
}

// manyRead are the events of one of many channels that were marked read: for those
// who watch it, and for the actor himself.
func manyRead(actor *auth.Actor, m *store.Marked, at time.Time) (read, own *chat.Event) {
	ch := &chat.Channel{CID: m.CID}
	read, own = event("message.read", actor, ch, at), toSelf(event("notification.mark_read", actor, ch, at))
	tell(read, m)
	tell(own, m)
	return ownOnly(read, actor.User.ShowsReads()), own
}

// marks looks up the messages of a map of channels, and leaves out channels whose
// type keeps no read state.
func (s *Service) marks(ctx context.Context, app *store.App, read map[chat.CID]string) ([]store.Mark, error) {
	if len(read) == 0 {
		return nil, nil
	}
	ids := make([]string, 0, len(read))
	for _, id := range read {
		if id != "" {
			ids = append(ids, id)
		}
	}
	found, err := app.StoredMessages(ctx, ids...)
	if err != nil {
		return nil, err
	}
	overseen, err := s.overseen(ctx, app, slices.Collect(maps.Keys(read)))
	if err != nil {
		return nil, err
	}
	types, err := app.Types(ctx)
	if err != nil {
		return nil, err
	}
	marks := make([]store.Mark, 0, len(read))
	for cid, id := range read {
		mark := store.Mark{CID: cid, Overseer: overseen[cid]}
		if id != "" {
			if mark.Until = found[id]; mark.Until == nil {
				return nil, chat.Errorf(chat.NotFound, "message with id %s doesn't exist", id)
			}
			if err := inList(mark.Until, cid, mark.Overseer || mark.Until.VisibleTo(auth.FromContext(ctx).UserID)); err != nil {
				return nil, err
			}
		}
		if t := types[cid.Type()]; t != nil && t.Config.ReadEvents {
			marks = append(marks, mark)
		}
	}
	return marks, nil
}

// overseen tells in which channels the actor sees what is meant for others.
func (s *Service) overseen(ctx context.Context, app *store.App, cids []chat.CID) (map[chat.CID]bool, error) {
	channels, err := app.Channels(ctx, cids...)
	if err != nil {
		return nil, err
	}
	seats, err := s.Access.Seats(ctx, channels)
	out := make(map[chat.CID]bool, len(seats))
	for _, seat := range seats {
		out[seat.Channel.CID] = seat.Oversees()
	}
	return out, err
}
