package channels

import (
	"context"

	"chatd/internal/access"
	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/jobs"
	"chatd/internal/permission"
	"chatd/internal/store"
)

// Hub knows the connections: who watches what.
type Hub interface {
	// Watch makes a connection watch channels and returns those that its user did
	// not watch before.
	Watch(ctx context.Context, app chat.AppID, userID, connID string, cids []chat.CID) ([]chat.CID, error)
	// StopWatching ends that and tells whether the user does not watch the channel
	// any more on any connection.
	StopWatching(ctx context.Context, app chat.AppID, userID, connID string, cid chat.CID) (bool, error)
	// SubscribePresence has a connection told when users come and go.
	SubscribePresence(ctx context.Context, app chat.AppID, userID, connID string, userIDs []string) error
	// WatcherCount counts the users who watch a channel.
	WatcherCount(app chat.AppID, cid chat.CID) int
	// Watchers lists the users who watch a channel, in a stable order.
	Watchers(app chat.AppID, cid chat.CID, limit, offset int) []string
	// PublishLocal tells only the connections of this node.
	PublishLocal(p *chat.Publication) error
}

// Poster posts the message that goes along with a change of a channel.
type Poster interface {
	// PostSystem posts m, a system message unless it says otherwise, as the actor
	// of the seat. It is newer than the channel's truncation.
	PostSystem(ctx context.Context, tx *store.Tx, seat *access.Seat, m *chat.MessageRequest) (*chat.Message, error)
}

// Service answers the routes about channels and members.
type Service struct {
	Store    *store.Store
	Access   *access.Access
	Hub      Hub
	Messages Poster
	Jobs     *jobs.Queue

	crowds crowds
}

// app returns the actor and the store of his app.
func (s *Service) app(ctx context.Context) (*auth.Actor, *store.App) {
	actor := auth.FromContext(ctx)
	return actor, s.Store.App(actor.App.ID)
}

// at names a channel in the path of a request. Requests embed it.
type at struct {
	Type string `json:"-" path:"type"`
	ID   string `json:"-" path:"id"`
}

func (a at) cid() (chat.CID, error) {
	if err := chat.ValidChannelType(a.Type); err != nil {
		return "", err
	}
	return chat.NewCID(a.Type, a.ID), chat.ValidChannelID(a.ID, true)
}

// seat returns the actor's seat in the channel of a request.
func (s *Service) seat(ctx context.Context, a at) (*access.Seat, error) {
	cid, err := a.cid()
	if err != nil {
		return nil, err
	}
	return s.Access.Seat(ctx, cid)
}

// freshSeat is Access.Seat without any cache, with the channel's users filled in.
func (s *Service) freshSeat(ctx context.Context, cid chat.CID) (*access.Seat, error) {
	_, app := s.app(ctx)
	rows, err := app.Channels(ctx, cid)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 || rows[0].DeletedAt != nil {
		return nil, chat.Errorf(chat.NotFound, "Can't find channel with id %s", cid)
	}
	if err := app.FillChannels(ctx, rows...); err != nil {
		return nil, err
	}
	seats, err := s.Access.Seats(ctx, rows)
	if err != nil {
		return nil, err
	}
	return seats[0], nil
}

// mayRead tells whether the actor may find the channel in a list. Who was invited
// may, whatever he answered.
func mayRead(seat *access.Seat) error {
	if seat.Member != nil && seat.Member.Status == chat.StatusRejected && seat.SameTeam() {
		return nil
	}
	return seat.Require(permission.ReadChannel)
}

// maySee tells whether the actor may open the channel.
func maySee(seat *access.Seat) error {
	if err := mayRead(seat); err != nil {
		return err
	}
	return seat.Enabled()
}

// needUser refuses calls of the server side that name no user.
func needUser(actor *auth.Actor) error {
	if actor.UserID == "" {
		return chat.Errorf(chat.Invalid, "either user or user_id must be provided when using server side auth.")
	}
	return nil
}

// checkCount checks the length of a list from a request.
func checkCount(name string, n, most int) error {
	if n > most {
		return chat.Errorf(chat.Invalid, "%s must contain at maximum %d items", name, most)
	}
	return nil
}
