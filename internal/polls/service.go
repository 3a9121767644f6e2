package polls

import (
	"context"

	"chatd/internal/access"
	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/permission"
	"chatd/internal/store"
)

// Messages tells of messages.
type Messages interface {
	// Audience makes an event about a message of what reaches those who may see it.
	Audience(ctx context.Context, tx *store.Tx, by *auth.Actor, ev *chat.Event) ([]chat.Item, error)
	// TellUpdated emits message.updated for messages as they are stored.
	TellUpdated(ctx context.Context, tx *store.Tx, by *auth.Actor, msgs ...*chat.Message) error
}

// Service has a method for each operation on polls. Its fields must be set before
// the first call.
type Service struct {
	Store    *store.Store
	Access   *access.Access
	Messages Messages
}

// app returns the actor and the store of his app.
func (s *Service) app(ctx context.Context) (*auth.Actor, *store.App) {
	actor := auth.FromContext(ctx)
	return actor, s.Store.App(actor.App.ID)
}

func needUser(actor *auth.Actor) error {
	if actor.User == nil {
		return chat.Errorf(chat.NotFound, "user with id %s doesn't exist", actor.UserID)
	}
	return nil
}

// standing is an actor's relation to a poll.
type standing struct {
	actor   *auth.Actor
	creator *chat.User // with no more than an id, when he was removed
	seats   []*access.Seat
}

// standing finds out how the actor stands to a poll: who created it and in which
// channels he sees it.
func (s *Service) standing(ctx context.Context, p *chat.Poll) (*standing, error) {
	actor, app := s.app(ctx)
	st := &standing{actor: actor, creator: &chat.User{ID: p.CreatedByID}}
	creator, err := app.User(ctx, p.CreatedByID)
	if err != nil {
		return nil, err
	}
	if creator != nil {
		st.creator = creator
	}
	msgs, err := app.PollMessages(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	for _, m := range msgs { // few, and of channels that are cached
		seat, err := s.Access.Seat(ctx, m.CID)
		if chat.KindOf(err) == chat.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		if seat.Sees(m) && seat.Read() == nil && (!m.Shadowed || m.UserID == actor.UserID) {
			st.seats = append(st.seats, seat)
		}
	}
	return st, nil
}

// require returns the API's refusal when the actor may not do something to the poll
// itself.
func (st *standing) require(action permission.Action) error {
	return access.RequireUser(st.actor, action, st.creator)
}

// in tells whether the actor may do something in a channel in which he sees the
// poll.
func (st *standing) in(action permission.Action) bool {
	for _, seat := range st.seats {
		if seat.May(action, seat.Owner()) {
			return true
		}
	}
	return false
}

// read returns the API's refusal when the actor does not know the poll: it is not
// his, he sees no message with it, and he may not change polls of others.
func (st *standing) read() error {
	if len(st.seats) > 0 || st.actor.UserID != "" && st.actor.UserID == st.creator.ID || seesAll(st.actor) {
		return nil
	}
	return access.Refused(st.actor, permission.QueryPolls, permission.AppScope)
}

// seesAll tells whether the actor may see all polls of the app.
func seesAll(actor *auth.Actor) bool {
	return access.MayInApp(actor, permission.UpdatePoll, false, true)
}

// find returns a poll as the actor sees it, and how he stands to it. He may not
// know it: read tells.
func (s *Service) find(ctx context.Context, id string) (*chat.Poll, *standing, error) {
	actor, app := s.app(ctx)
	p, err := app.Poll(ctx, actor.UserID, id)
	if err != nil {
		return nil, nil, err
	}
	st, err := s.standing(ctx, p)
	return p, st, err
}
