package channels

import (
	"context"
	"time"

	"chatd/internal/access"
	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/store"
)

// State is a channel with what is in it, as its viewer sees it.
type State struct {
	Channel            *chat.Channel   `json:"channel"`
	Messages           []*chat.Message `json:"messages"`
	PinnedMessages     []*chat.Message `json:"pinned_messages"`
	PendingMessages    []*pending      `json:"pending_messages,omitempty"` // of the viewer
	WatcherCount       *int            `json:"watcher_count,omitzero"`
	Watchers           []*chat.User    `json:"watchers,omitempty"`
	Read               []*chat.Read    `json:"read"`
	Members            []*chat.Member  `json:"members"`
	Membership         *chat.Member    `json:"membership"`
	Threads            []struct{}      `json:"threads"`
	Draft              *chat.Draft     `json:"draft,omitzero"`
	Hidden             *bool           `json:"hidden,omitzero"`
	HideMessagesBefore *time.Time      `json:"hide_messages_before,omitzero"`

	LiveLocations []*chat.SharedLocation `json:"active_live_locations,omitempty"`
}

// part is what of channels a request asks for.
type part struct {
	live

	bare     bool // no content
	messages store.Page
	members  *Paging
	watchers *Paging // nil: only their number
	include  chat.MemberInclude
}

// states describes the channels of seats that were read from the database. The
// number of queries does not depend on how many they are.
func (s *Service) states(ctx context.Context, seats []*access.Seat, p part) ([]*State, error) {
	if p.Watch {
		if err := s.Watch(ctx, seats, p.ConnectionID); err != nil {
			return nil, err
		}
	}
	if err := s.decorate(ctx, seats); err != nil {
		return nil, err
	}
	out := make([]*State, len(seats))
	for i, seat := range seats {
		ch := seat.Channel
		if seat.Member != nil {
			own(seat, seat.Member)
		}
		out[i] = &State{Channel: ch, Membership: seat.Member, Hidden: ch.Hidden, HideMessagesBefore: ch.HideMessagesBefore}
	}
	if !p.bare && len(seats) > 0 {
		if err := s.fill(ctx, out, seats, p); err != nil {
			return nil, err
		}
	}
	if err := s.fillWatchers(ctx, out, p); err != nil {
		return nil, err
	}
	if p.Presence {
		return out, s.followPresence(ctx, out, p.ConnectionID)
	}
	return out, nil
}

// decorate adds to the channels of seats, which are the caller's own, what they
// are for the actor.
func (s *Service) decorate(ctx context.Context, seats []*access.Seat) error {
	actor, app := s.app(ctx)
	if actor.UserID == "" || len(seats) == 0 {
		return nil
	}
	channels := make([]*chat.Channel, len(seats))
	for i, seat := range seats {
		channels[i] = seat.Channel
	}
	mutes, err := app.MutesIn(ctx, actor.UserID, channels)
	if err != nil {
		return err
	}
	blocked, err := app.BlockedIn(ctx, actor.UserID, channels)
	if err != nil {
		return err
	}
	for _, seat := range seats {
		ch, b := seat.Channel, blocked[seat.Channel.CID]
		hidden := b || seat.Member != nil && seat.Member.Hidden
		ch.Hidden, ch.Blocked = &hidden, &b
		if seat.Member != nil {
			ch.HideMessagesBefore = seat.Member.HideMessagesBefore
		}
		if m := mutes[ch.CID]; m != nil {
			yes := true
			ch.Muted, ch.MuteExpiresAt = &yes, m.Expires
		}
		if !actor.Server {
			ch.OwnCapabilities = seat.Capabilities()
		}
	}
	return nil
}

// fill adds the content of the channels of seats.
func (s *Service) fill(ctx context.Context, out []*State, seats []*access.Seat, p part) error {
	actor, app := s.app(ctx)
	channels, cids, views := make([]*chat.Channel, len(seats)), make([]chat.CID, len(seats)), make([]store.View, len(seats))
	for i, seat := range seats {
		channels[i], cids[i] = seat.Channel, seat.Channel.CID
		views[i] = seat.View()
	}
	v := seats[0].Including(access.ViewerOf(seats), p.include)
	messages, err := s.messages(ctx, v, views, p.messages)
	if err != nil {
		return err
	}
	pins, err := app.PinnedMessages(ctx, v, views, shownPins)
	if err != nil {
		return err
	}
	members, err := app.MembersOf(ctx, channels, p.members.limit(), p.members.offset())
	if err != nil {
		return err
	}
	reads, err := app.Reads(ctx, cids, actor.UserID, shownReads)
	if err != nil {
		return err
	}
	drafts, err := app.ChannelDrafts(ctx, v, cids)
	if err != nil {
		return err
	}
	live, err := app.LiveLocations(ctx, v, sharing(seats))
	if err != nil {
		return err
	}
	for i, cid := range cids {
		out[i].Draft, out[i].LiveLocations = drafts[cid], live[cid]
		out[i].Messages, out[i].PinnedMessages, out[i].Members, out[i].Read = messages[cid], pins[cid], members[cid], reads[cid]
		own(seats[i], out[i].Members...)
	}
	return s.fillPending(ctx, out)
}

// pending is a message that waits for a commit. Its metadata have a name of older and
// one of newer SDKs.
type pending struct {
	Message       *chat.Message     `json:"message"`
	Metadata      map[string]string `json:"metadata,omitempty"`
	OlderMetadata map[string]string `json:"pending_message_metadata,omitempty"`
}

// fillPending adds the actor's own pending messages to the few channels that may have
// any.
func (s *Service) fillPending(ctx context.Context, out []*State) error {
	var cids []chat.CID
	for _, st := range out {
		if st.Channel.HoldsPending {
			cids = append(cids, st.Channel.CID)
		}
	}
	if len(cids) == 0 {
		return nil
	}
	actor, app := s.app(ctx)
	held, err := app.PendingIn(ctx, actor.UserID, cids, shownPending)
	for _, st := range out {
		for _, h := range held[st.Channel.CID] {
			st.PendingMessages = append(st.PendingMessages, &pending{h.Message, h.Metadata, h.Metadata})
		}
	}
	return err
}

// sharing are the views of the channels in which locations can be shared.
func sharing(seats []*access.Seat) []store.View {
	var out []store.View
	for _, seat := range seats {
		if seat.Channel.Config.SharedLocations {
			out = append(out, seat.View())
		}
	}
	return out
}

// messages reads a page of one channel, or the newest messages of many.
func (s *Service) messages(ctx context.Context, v store.Viewer, views []store.View, p store.Page) (map[chat.CID][]*chat.Message, error) {
	_, app := s.app(ctx)
	if len(views) > 1 {
		return app.LatestMessages(ctx, v, views, p.Limit)
	}
	list, err := app.MessagePage(ctx, v, views[0], p)
	return map[chat.CID][]*chat.Message{views[0].CID: list}, err
}

// own keeps from the actor of a seat that he is shadow-banned, and who is invisible. The
// members must not be a cache's.
func own(seat *access.Seat, members ...*chat.Member) {
	for _, m := range members {
		if !seat.Actor.Server && m.UserID == seat.Actor.UserID {
			m.ShadowBanned = false
		}
		veil(seat.Actor, m.User)
	}
}

// veil is own for users.
func veil(actor *auth.Actor, users ...*chat.User) {
	for _, u := range users {
		switch {
		case u == nil || actor.Server:
		case u.ID == actor.UserID:
			u.ShadowBanned = false // he is not to know
		default:
			u.Invisible = false
		}
	}
}

// fillWatchers adds how many watch the channels and, if asked for, who.
func (s *Service) fillWatchers(ctx context.Context, out []*State, p part) error {
	actor, app := s.app(ctx)
	for _, st := range out {
		if n := s.Hub.WatcherCount(app.ID, st.Channel.CID); n > 0 || p.Watch {
			st.WatcherCount = &n
		}
		if p.watchers == nil || p.bare || p.watchers.limit() == 0 {
			continue
		}
		ids := s.Hub.Watchers(app.ID, st.Channel.CID, p.watchers.limit(), p.watchers.offset())
		users, err := app.Users(ctx, ids...)
		if err != nil {
			return err
		}
		for _, id := range ids {
			veil(actor, users[id])
			switch {
			case users[id] != nil:
				st.Watchers = append(st.Watchers, users[id])
			case chat.IsAnonymousID(id):
				st.Watchers = append(st.Watchers, anonymous(id))
			}
		}
	}
	return nil
}

// followPresence has a connection told when the members and watchers that were
// answered come and go.
func (s *Service) followPresence(ctx context.Context, out []*State, connID string) error {
	actor, app := s.app(ctx)
	seen := map[string]bool{}
	var users []string
	follow := func(id string) {
		if !seen[id] {
			seen[id] = true
			users = append(users, id)
		}
	}
	for _, st := range out {
		if st.Membership != nil && !st.Membership.Listens() {
			continue
		}
		for _, m := range st.Members {
			follow(m.UserID)
		}
		for _, u := range st.Watchers {
			follow(u.ID)
		}
	}
	if len(users) == 0 {
		return nil
	}
	return s.Hub.SubscribePresence(ctx, app.ID, actor.UserID, connID, users)
}

// load returns the state of a channel, if the actor may see it.
func (s *Service) load(ctx context.Context, cid chat.CID, p part) (*State, error) {
	seat, err := s.freshSeat(ctx, cid)
	if err != nil {
		return nil, err
	}
	return s.show(ctx, seat, p)
}

// show is load for a seat that was read from the database.
func (s *Service) show(ctx context.Context, seat *access.Seat, p part) (*State, error) {
	if err := maySee(seat); err != nil {
		return nil, err
	}
	out, err := s.states(ctx, []*access.Seat{seat}, p)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}
