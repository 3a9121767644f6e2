package threads

import (
	"context"

	"chatd/internal/access"
	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/store"
)

// Service has a method for each operation on threads. All fields are needed.
type Service struct {
	Store  *store.Store
	Access *access.Access
	Watch  Watcher
}

// Watcher makes connections watch channels.
type Watcher interface {
	// Watch makes the actor's connection watch the channels of seats and tells their
	// other watchers about him.
	Watch(ctx context.Context, seats []*access.Seat, connID string) error
}

// app returns the actor and the store of his app.
func (s *Service) app(ctx context.Context) (*auth.Actor, *store.App) {
	actor := auth.FromContext(ctx)
	return actor, s.Store.App(actor.App.ID)
}

// find returns the message that a thread starts with, and the actor's seat in its
// channel, read from the database; NotFound where he cannot see it.
func (s *Service) find(ctx context.Context, id string) (*access.Seat, *chat.Message, error) {
	if err := chat.ValidMessageID(id); err != nil {
		return nil, nil, err
	}
	actor, app := s.app(ctx)
	m, err := app.Message(ctx, id)
	if chat.KindOf(err) == chat.NotFound || err == nil && m.ParentID != "" {
		return nil, nil, missing(id)
	}
	if err != nil {
		return nil, nil, err
	}
	channels, err := app.Channels(ctx, m.CID)
	if err != nil {
		return nil, nil, err
	}
	if len(channels) == 0 || channels[0].DeletedAt != nil {
		return nil, nil, missing(id)
	}
	seats, err := s.Access.Seats(ctx, channels)
	if err != nil {
		return nil, nil, err
	}
	seat := seats[0]
	if err := seat.Read(); err != nil {
		return nil, nil, err
	}
	v := seat.Viewer()
	since := seat.View().Since
	cut := since != nil && !m.CreatedAt.After(*since)
	if cut || !m.VisibleTo(actor.UserID) && !v.SeesRestricted || m.Shadowed && m.UserID != actor.UserID && !v.SeesShadowed {
		return nil, nil, missing(id)
	}
	return seat, m, nil
}

func missing(id string) error {
	return chat.Errorf(chat.NotFound, "thread with id %s doesn't exist", id)
}
