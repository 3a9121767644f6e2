package channels

import (
	"context"
	"sync"
	"time"

	"chatd/internal/access"
	"chatd/internal/auth"
	"chatd/internal/chat"
)

// live is what requests for channels say about the caller's connection.
type live struct {
	Watch        bool   `json:"watch"`
	Presence     bool   `json:"presence"`
	ConnectionID string `json:"connection_id" query:"connection_id"`
}

// check refuses to watch without a connection; the server side has none.
func (l live) check(actor *auth.Actor) error {
	if (l.Watch || l.Presence) && (actor.Server || l.ConnectionID == "") {
		return chat.Errorf(chat.Invalid, "Watch or Presence requires an active websocket connection, please make sure to include your websocket connection_id")
	}
	return nil
}

// Watch makes the actor's connection watch the channels and tells their other
// watchers about him. Unanswered and refused invites watch nothing.
func (s *Service) Watch(ctx context.Context, seats []*access.Seat, connID string) error {
	actor, app := s.app(ctx)
	channels := make(map[chat.CID]*chat.Channel, len(seats))
	cids := make([]chat.CID, 0, len(seats))
	for _, seat := range seats {
		if seat.Member == nil || seat.Member.Listens() {
			cids = append(cids, seat.Channel.CID)
			channels[seat.Channel.CID] = seat.Channel
		}
	}
	if len(cids) == 0 {
		return nil
	}
	newly, err := s.Hub.Watch(ctx, app.ID, actor.UserID, connID, cids)
	if err != nil {
		return err
	}
	var items []chat.Item
	for _, cid := range newly {
		if e := s.watching(evUserWatching, app.ID, channels[cid], actor.User, app.Now()); e != nil {
			items = append(items, e)
		}
	}
	return app.Publish(ctx, items...)
}

// watching is the event that a user watches a channel or does not any more; nil
// where nobody is told.
func (s *Service) watching(typ string, app chat.AppID, ch *chat.Channel, user *chat.User, at time.Time) chat.Item {
	if !ch.Config.ConnectEvents || user == nil {
		return nil
	}
	if s.Hub.WatcherCount(app, ch.CID) > crowd && !s.crowds.due(app, ch.CID, at) {
		return nil
	}
	e := chat.ChannelEvent(typ, app, ch.CID, at)
	e.To = chat.Audience{Kind: chat.ToOtherWatcher, Users: []string{user.ID}}
	e.User, e.Team, e.WithWatchers = user.Public(), ch.Team, true
	return e
}

// StopWatchingRequest names the connection that is to stop watching a channel.
type StopWatchingRequest struct {
	at `json:"-"`

	ConnectionID string `json:"connection_id" query:"connection_id"`
}

// Empty is the answer of routes that have nothing to say.
type Empty struct{}

// StopWatching ends the watching of a channel on the caller's connection.
func (s *Service) StopWatching(ctx context.Context, r *StopWatchingRequest) (*Empty, error) {
	cid, err := r.cid()
	if err != nil {
		return nil, err
	}
	actor, app := s.app(ctx)
	if err := (live{Watch: true, ConnectionID: r.ConnectionID}).check(actor); err != nil {
		return nil, err
	}
	stopped, err := s.Hub.StopWatching(ctx, app.ID, actor.UserID, r.ConnectionID, cid)
	if err != nil {
		return nil, err
	}
	if stopped {
		s.Unwatched(ctx, app.ID, actor.UserID, []chat.CID{cid}, false)
	}
	return &Empty{}, nil
}

// Unwatched tells the watchers of channels that a user does not watch them any
// more; local tells those on this node only. It is told nobody that fails.
func (s *Service) Unwatched(ctx context.Context, id chat.AppID, userID string, cids []chat.CID, local bool) {
	app := s.Store.App(id)
	channels, err := app.Channels(ctx, cids...)
	if err != nil || len(channels) == 0 {
		return
	}
	user, err := app.User(ctx, userID)
	if err != nil {
		return
	}
	if user == nil && chat.IsAnonymousID(userID) {
		user = anonymous(userID)
	}
	var items []chat.Item
	for _, ch := range channels {
		if e := s.watching(evUserStoppedWatching, id, ch, user, app.Now()); e != nil && ch.DeletedAt == nil {
			items = append(items, e)
		}
	}
	if local {
		_ = s.Hub.PublishLocal(&chat.Publication{App: id, Items: items}) // nobody waits for it
		return
	}
	_ = app.Publish(ctx, items...) // nobody waits for it
}

// anonymous is a user whom no table knows.
func anonymous(id string) *chat.User { return &chat.User{ID: id, Role: chat.RoleAnonymous} }

// In a channel that more than crowd users watch, comings and goings are told at
// most once in crowdPause; the number of watchers goes along with every one.
const (
	crowd      = 100
	crowdPause = 5 * time.Second
)

// crowds remembers when comings and goings in crowded channels were last told.
type crowds struct {
	mu   sync.Mutex
	told map[crowded]time.Time
}

type crowded struct {
	app chat.AppID
	cid chat.CID
}

// mostCrowds bounds what is remembered; old entries say nothing any more.
const mostCrowds = 10_000

func (c *crowds) due(app chat.AppID, cid chat.CID, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := crowded{app, cid}
	if last, ok := c.told[k]; ok && now.Sub(last) < crowdPause {
		return false
	}
	if c.told == nil || len(c.told) >= mostCrowds {
		c.told = map[crowded]time.Time{}
	}
	c.told[k] = now
	return true
}
