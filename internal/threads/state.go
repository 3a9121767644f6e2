package threads

import (
	"context"

	"chatd/internal/access"
	"chatd/internal/chat"
	"chatd/internal/store"
)

// State is a thread with its newest replies and how far those who take part in it
// have read.
type State struct {
	chat.Thread

	Replies []*chat.Message `json:"latest_replies"`
	Read    []*chat.Read    `json:"read"`
}

// states describes threads; seats are the actor's in their channels, which were read
// from the database. The number of queries does not depend on how many they are.
func (s *Service) states(ctx context.Context, threads []*chat.Thread, seats []*access.Seat, d detail) ([]*State, error) {
	out := make([]*State, len(threads))
	if len(threads) == 0 {
		return out, nil
	}
	actor, app := s.app(ctx)
	if d.watches(actor) {
		if err := s.Watch.Watch(ctx, each(seats), d.ConnectionID); err != nil {
			return nil, err
		}
	}
	views, creators := make([]store.View, len(seats)), make([]string, len(threads))
	for i, seat := range seats {
		views[i], creators[i] = seat.View(), threads[i].CreatedByID
	}
	replies, parents, err := app.LatestReplies(ctx, access.ViewerOf(seats), threads, views, or(d.ReplyLimit, defaultReplies))
	if err != nil {
		return nil, err
	}
	people, err := app.ParticipantsOf(ctx, actor.UserID, threads, or(d.ParticipantLimit, defaultParticipants))
	if err != nil {
		return nil, err
	}
	users, err := app.Users(ctx, creators...)
	if err != nil {
		return nil, err
	}
	if err := s.channels(ctx, each(seats), or(d.MemberLimit, defaultMembers)); err != nil {
		return nil, err
	}
	for i, t := range threads {
		t.Channel, t.Parent, t.CreatedBy = seats[i].Channel, parents[t.ParentID], users[t.CreatedByID].Public()
		t.ParticipantList = people[t.ParentID]
		if t.Parent != nil {
			t.Draft = t.Parent.Draft
		}
		out[i] = &State{Thread: *t, Replies: replies[t.ParentID], Read: reads(actor.UserID, t.ParticipantList)}
	}
	return out, nil
}

// reads are how far those who take part in a thread have read it, as far as the
// viewer may know.
func reads(viewer string, list []*chat.ThreadParticipant) []*chat.Read {
	out := make([]*chat.Read, 0, len(list))
	for _, p := range list {
		if viewer != "" && p.UserID != viewer && !p.User.ShowsReads() {
			continue
		}
		out = append(out, &chat.Read{User: p.User, LastRead: p.LastReadAt, UnreadMessages: p.Unread, LastReadMessageID: p.LastReadMessageID})
	}
	return out
}

// each returns the seats without those in the same channel as one before.
func each(seats []*access.Seat) []*access.Seat {
	seen := make(map[chat.CID]bool, len(seats))
	var out []*access.Seat
	for _, seat := range seats {
		if !seen[seat.Channel.CID] {
			seen[seat.Channel.CID] = true
			out = append(out, seat)
		}
	}
	return out
}

// channels completes the channels of seats as threads show them.
func (s *Service) channels(ctx context.Context, seats []*access.Seat, members int) error {
	actor, app := s.app(ctx)
	list := make([]*chat.Channel, len(seats))
	for i, seat := range seats {
		list[i] = seat.Channel
		if !actor.Server {
			seat.Channel.OwnCapabilities = seat.Capabilities()
		}
	}
	if err := app.FillChannels(ctx, list...); err != nil {
		return err
	}
	all, err := app.MembersOf(ctx, list, members, 0)
	for _, ch := range list {
		ch.Members = chat.PublicMembers(all[ch.CID])
	}
	return err
}
