package reads

import (
	"context"
	"time"

	"chatd/internal/access"
	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/store"
)

// The limits of Sync. Clients answer a refusal by reading everything anew.
const (
	maxSyncChannels = 255
	maxSyncAge      = 30 * 24 * time.Hour
	maxSyncEvents   = 1000
	maxSyncMembers  = 100 // of a channel who joined, and who left; clients hold no more
)

// SyncRequest asks what happened to channels since a time.
type SyncRequest struct {
	chat.ActAs

	CIDs             []string   `json:"channel_cids"`
	LastSyncAt       *time.Time `json:"last_sync_at"`
	Watch            bool       `json:"watch" query:"watch"`
	WithInaccessible bool       `json:"with_inaccessible_cids" query:"with_inaccessible_cids"`
	ConnectionID     string     `json:"connection_id" query:"connection_id"`
}

// Validate checks the channels and the time.
func (r *SyncRequest) Validate() error {
	switch {
	case len(r.CIDs) == 0:
		return chat.Errorf(chat.Invalid, "channel_cids is a required field")
	case len(r.CIDs) > maxSyncChannels:
		return chat.Errorf(chat.Invalid, "channel_cids must contain at maximum %d items", maxSyncChannels)
	case r.LastSyncAt == nil || r.LastSyncAt.IsZero():
		return chat.Errorf(chat.Invalid, "last_sync_at is a required field")
	}
	for _, cid := range r.CIDs {
		if _, err := chat.ParseCID(cid); err != nil {
			return err
		}
	}
	return nil
}

// SyncResponse is what happened, oldest first. Inaccessible are the channels that
// the user cannot see, if he asked for them to be listed.
type SyncResponse struct {
	Events       []*Event   `json:"events"`
	Inaccessible []chat.CID `json:"inaccessible_cids,omitempty"`
}

// Sync tells the actor what changed in channels since a time. The events come from
// what the channels are now, not from a log: a message that was sent and edited is
// one message.new. Invalid when that was too long ago or too much happened since.
func (s *Service) Sync(ctx context.Context, r *SyncRequest) (*SyncResponse, error) {
	actor, err := caller(ctx)
	if err != nil {
		return nil, err
	}
	app := s.app(actor)
	if app.Now().Sub(*r.LastSyncAt) > maxSyncAge {
		return nil, chat.Errorf(chat.Invalid, "Too old last_sync_at time, please have last_sync_at argument no later than 30 days ago")
	}
	y := &syncing{Service: s, actor: actor, app: app, since: *r.LastSyncAt}
	if err := y.find(ctx, r.CIDs); err != nil {
		return nil, err
	}
	if r.Watch { // before anything is read, so that nothing is missed in between
		if err := y.watch(ctx, r.ConnectionID); err != nil {
			return nil, err
		}
	}
	resp := &SyncResponse{}
	if r.WithInaccessible {
		resp.Inaccessible = y.closed
	} else {
		y.tellClosed()
	}
	for _, step := range []func(context.Context) error{y.channels, y.members, y.messages} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	if len(y.events) > maxSyncEvents {
		return nil, tooMuch()
	}
	resp.Events = y.sorted()
	return resp, nil
}

func tooMuch() error {
	return chat.Errorf(chat.Invalid, "Too many events to sync, please use a more recent last_sync_at parameter")
}

// find loads the channels and sorts them into those that the actor may see, those
// that were deleted, and the rest.
func (y *syncing) find(ctx context.Context, names []string) error {
	types, err := y.app.Types(ctx)
	if err != nil {
		return err
	}
	seen := make(map[chat.CID]bool, len(names))
	var cids, known []chat.CID
	for _, name := range names {
		cid := chat.CID(name)
		if seen[cid] {
			continue
		}
		seen[cid] = true
		cids = append(cids, cid)
		if types[cid.Type()] != nil {
			known = append(known, cid)
		}
	}
	rows, err := y.app.Channels(ctx, known...)
	if err != nil {
		return err
	}
	own, err := y.app.MembershipsIn(ctx, y.actor.UserID, rows)
	if err != nil {
		return err
	}
	seats := make(map[chat.CID]*access.Seat, len(rows))
	for _, ch := range rows {
		if seat := access.NewSeat(y.actor, ch, types[ch.Type], own[ch.CID]); seat.Read() == nil {
			seats[ch.CID] = seat
		}
	}
	departed, err := y.app.DeparturesSince(ctx, known, y.actor.UserID, y.since, maxSyncMembers)
	if err != nil {
		return err
	}
	y.departed = departed
	y.place(cids, seats)
	return nil
}

// place sorts the channels.
func (y *syncing) place(cids []chat.CID, seats map[chat.CID]*access.Seat) {
	for _, cid := range cids {
		switch seat := seats[cid]; {
		case seat == nil:
			y.closed = append(y.closed, cid)
		case seat.Channel.DeletedAt == nil:
			y.seats = append(y.seats, seat)
		case seat.Channel.DeletedAt.After(y.since):
			y.deleted = append(y.deleted, seat.Channel)
		default:
			y.closed = append(y.closed, cid)
		}
	}
}

// watch makes the actor's connection watch the channels, except those of unanswered
// and refused invites.
func (y *syncing) watch(ctx context.Context, connID string) error {
	if y.actor.Server || connID == "" {
		return chat.Errorf(chat.Invalid, "Watch or Presence requires an active websocket connection, please make sure to include your websocket connection_id")
	}
	var cids []chat.CID
	channels := map[chat.CID]*chat.Channel{}
	for _, seat := range y.seats {
		if seat.Member == nil || seat.Member.Listens() {
			cids = append(cids, seat.Channel.CID)
			channels[seat.Channel.CID] = seat.Channel
		}
	}
	if len(cids) == 0 {
		return nil
	}
	newly, err := y.Hub.Watch(ctx, y.actor.App.ID, y.actor.UserID, connID, cids)
	if err != nil {
		return err
	}
	var items []chat.Item
	for _, cid := range newly {
		if ch := channels[cid]; ch.Config.ConnectEvents {
			ev := event("user.watching.start", y.actor, ch, y.app.Now())
			ev.To = chat.Audience{Kind: chat.ToOtherWatcher, Users: []string{y.actor.UserID}}
			ev.WithWatchers = true
			items = append(items, ev)
		}
	}
	return y.app.Publish(ctx, items...)
}

// syncing is one Sync.
type syncing struct {
	*Service

	actor    *auth.Actor
	app      *store.App
	since    time.Time
	seats    []*access.Seat  // channels that he may see
	deleted  []*chat.Channel // that he could see until they were deleted since
	closed   []chat.CID      // that he cannot see
	departed []*store.Departure
	events   []*Event
}
