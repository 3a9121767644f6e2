package reads

import (
	"context"
	"time"

	"chatd/internal/access"
	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/store"
)

// Service is the area. All fields are needed.
type Service struct {
	Store  *store.Store
	Access *access.Access
	Hub    Hub
}

// Hub knows the connections.
type Hub interface {
	// Watch makes a connection of the user watch channels and returns those that
	// he watches on no other connection; ConnectionNotFound when it is not his.
	Watch(ctx context.Context, app chat.AppID, userID, connID string, cids []chat.CID) (newly []chat.CID, err error)
	// WatcherCount counts the users who watch a channel.
	WatcherCount(app chat.AppID, cid chat.CID) int
}

// Event is an event as answers carry it: with what the hub adds for connections.
type Event struct {
	*chat.Event

	Type         string `json:"type"`
	WatcherCount *int   `json:"watcher_count,omitzero"`
}

func answered(ev *chat.Event) *Event { return &Event{Type: ev.Type, Event: ev} }

// app returns the store of the actor's app.
func (s *Service) app(actor *auth.Actor) *store.App { return s.Store.App(actor.App.ID) }

// event returns an event about the actor in a channel.
func event(typ string, actor *auth.Actor, ch *chat.Channel, at time.Time) *chat.Event {
	ev := chat.ChannelEvent(typ, actor.App.ID, ch.CID, at)
	ev.Team, ev.User = ch.Team, actor.User.Public()
	return ev
}

// toSelf makes the event one for all connections of its user.
func toSelf(ev *chat.Event) *chat.Event {
	ev.To = chat.Audience{Kind: chat.ToUsers, Users: []string{ev.User.ID}}
	return ev
}

// ownOnly restricts an event for watchers to its user's own connections when he
// does not let others see what it tells.
func ownOnly(ev *chat.Event, shows bool) *chat.Event {
	if !shows {
		ev.To.Only = []string{ev.User.ID}
	}
	return ev
}

// unsupported is the API's refusal of what is switched off in a channel type.
func unsupported(typ, what string) error {
	return chat.Errorf(chat.FeatureNotSupported, "Channel type %s does not support %s events", typ, what)
}

// caller returns who a call acts for; NotFound when that user does not exist.
func caller(ctx context.Context) (*auth.Actor, error) {
	actor := auth.FromContext(ctx)
	if actor.User == nil {
		return nil, chat.Errorf(chat.NotFound, "user with id %s doesn't exist", actor.UserID)
	}
	return actor, nil
}

// seat returns the actor's seat in the channel of a route; refused when he may not
// read it.
func (s *Service) seat(ctx context.Context, typ, id string) (*access.Seat, error) {
	if _, err := caller(ctx); err != nil {
		return nil, err
	}
	cid, err := chat.ParseCID(typ + ":" + id)
	if err != nil {
		return nil, err
	}
	seat, err := s.Access.Seat(ctx, cid)
	if err != nil {
		return nil, err
	}
	return seat, seat.Read()
}

// numbered puts the unread numbers of an event's user into it: those of his channels,
// which the hub knows, and those of his threads as they are in the transaction.
func numbered(ctx context.Context, tx *store.Tx, events ...*chat.Event) error {
	if len(events) == 0 {
		return nil
	}
	all, err := tx.UnreadThreads(ctx, events[0].User.ID)
	n := all[events[0].User.ID]
	for _, ev := range events {
		ev.WithUnread, ev.UnreadThreads, ev.UnreadThreadMessages = true, &n.Threads, &n.Messages
	}
	return err
}
