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

// MarkUnreadRequest marks a channel unread from a message on, or from the first
// message not older than a time; with ThreadID, a thread.
type MarkUnreadRequest struct {
	chat.ActAs

	Type             string     `json:"-" path:"type"`
	ID               string     `json:"-" path:"id"`
	MessageID        string     `json:"message_id"`
	MessageTimestamp *time.Time `json:"message_timestamp"`
	ThreadID         string     `json:"thread_id"`
}

// Validate checks that there is something to mark.
func (r *MarkUnreadRequest) Validate() error {
	if r.MessageID == "" && r.MessageTimestamp == nil && r.ThreadID == "" {
		return chat.Errorf(chat.Invalid, "either message_id, message_timestamp or thread_id must be provided")
	}
	return validIDs(r.MessageID, r.ThreadID)
}

// Response is the answer that tells nothing but that it worked.
type Response struct{}

// MarkUnread marks a channel unread for the actor, who gets
// notification.mark_unread. Invalid when the message is not one of the newest of
// the channel, FeatureNotSupported without read_events, NotAllowed for who is no
// member.
func (s *Service) MarkUnread(ctx context.Context, r *MarkUnreadRequest) (*Response, error) {
	seat, err := s.seat(ctx, r.Type, r.ID)
	if err != nil {
		return nil, err
	}
	if !seat.Channel.Config.ReadEvents {
		return nil, unsupported(r.Type, "read")
	}
	if r.ThreadID != "" {
		return &Response{}, s.unmarkThread(ctx, seat, r)
	}
	if seat.Member == nil || !seat.Member.Listens() {
		return nil, notMember(seat)
	}
	app := s.app(seat.Actor)
	first, at, err := s.firstUnread(ctx, app, seat, r)
	if err != nil {
		return nil, err
	}
	return &Response{}, app.InTx(ctx, func(tx *store.Tx) error {
		marked, err := tx.MarkUnread(ctx, seat.Actor.UserID, seat.Oversees(), seat.Channel.CID, at)
		if err != nil {
			return err
		}
		if marked == nil {
			return notMember(seat)
		}
		ev := toSelf(event("notification.mark_unread", seat.Actor, seat.Channel, tx.Now()))
		ev.FirstUnreadMessageID, ev.UnreadMessages = first, &marked.Unread
		if marked.LastReadMessageID != "" {
			ev.LastReadMessageID, ev.LastReadAt = marked.LastReadMessageID, &marked.LastRead
		}
		tx.Emit(ev)
		return numbered(ctx, tx, ev)
	})
}

func notMember(seat *access.Seat) error {
	return chat.Errorf(chat.NotAllowed, "user '%s' is not a member of channel %s", seat.Actor.UserID, seat.Channel.CID)
}

// firstUnread finds the message from which on the channel is to be unread.
func (s *Service) firstUnread(ctx context.Context, app *store.App, seat *access.Seat, r *MarkUnreadRequest) (id string, at time.Time, err error) {
	cid := seat.Channel.CID
	tooOld := chat.Errorf(chat.Invalid, "Either the message with ID \"%s\" does not exist, or it is older than last %d channel messages.", r.MessageID, unreadWindow)
	if r.MessageID == "" {
		tooOld = chat.Errorf(chat.Invalid, "Either there is no message since message_timestamp, or it is older than last %d channel messages.", unreadWindow)
		if id, at, err = app.FirstMessageSince(ctx, seat.Actor.UserID, seat.Oversees(), cid, *r.MessageTimestamp); err != nil {
			return "", at, err
		}
	} else {
		m, err := app.Message(ctx, r.MessageID)
		switch {
		case chat.KindOf(err) == chat.NotFound:
			return "", at, tooOld
		case err != nil:
			return "", at, err
		case m.CID == cid && m.InChannel() && seat.Sees(m):
			id, at = m.ID, m.CreatedAt
		}
	}
	if id == "" || !after(at, seat.Channel.TruncatedAt) || !after(at, seat.Member.HideMessagesBefore) {
		return "", at, tooOld
	}
	newer, err := app.NewerMessages(ctx, cid, at, unreadWindow)
	if err == nil && newer >= unreadWindow {
		err = tooOld
	}
	return id, at, err
}

// after tells whether at is later than a time that may be absent.
func after(at time.Time, than *time.Time) bool { return than == nil || at.After(*than) }

// maxListed bounds the unread channels that are listed; the sums count all.
const maxListed = 100

// UnreadRequest asks for the unread numbers of a user.
type UnreadRequest struct {
	chat.ActAs
}

// UnreadCounts are a user's unread numbers.
type UnreadCounts struct {
	Total        int                  `json:"total_unread_count"`
	TotalThreads int                  `json:"total_unread_threads_count"`
	TotalByTeam  map[string]int       `json:"total_unread_count_by_team,omitempty"` // where teams matter
	Channels     []*UnreadChannel     `json:"channels"`                             // those with the newest messages, at most 100
	ChannelTypes []*UnreadChannelType `json:"channel_type"`
	Threads      []*UnreadThread      `json:"threads"`
}

// UnreadChannel is a channel with unread messages; ChannelID is its cid.
type UnreadChannel struct {
	ChannelID chat.CID  `json:"channel_id"`
	Unread    int       `json:"unread_count"`
	LastRead  time.Time `json:"last_read"`
}

// UnreadChannelType sums up the unread channels of a type.
type UnreadChannelType struct {
	Type     string `json:"channel_type"`
	Channels int    `json:"channel_count"`
	Unread   int    `json:"unread_count"`
}

// UnreadThread is a thread with unread replies.
type UnreadThread struct {
	ParentID          string    `json:"parent_message_id"`
	Unread            int       `json:"unread_count"`
	LastRead          time.Time `json:"last_read"`
	LastReadMessageID string    `json:"last_read_message_id"`
}

// Unread returns the actor's unread numbers.
func (s *Service) Unread(ctx context.Context, _ *UnreadRequest) (*UnreadCounts, error) {
	actor, err := caller(ctx)
	if err != nil {
		return nil, err
	}
	counts, err := s.counts(ctx, actor, actor.UserID)
	return counts[actor.UserID], err
}

// UnreadBatchRequest asks for the unread numbers of several users.
type UnreadBatchRequest struct {
	UserIDs []string `json:"user_ids"`
}

// maxBatch bounds the users of an UnreadBatchRequest.
const maxBatch = 100

// Validate checks the ids.
func (r *UnreadBatchRequest) Validate() error {
	switch {
	case len(r.UserIDs) == 0:
		return chat.Errorf(chat.Invalid, "user_ids is a required field")
	case len(r.UserIDs) > maxBatch:
		return chat.Errorf(chat.Invalid, "user_ids must contain at maximum %d items", maxBatch)
	}
	return nil
}

// UnreadBatchResponse are the numbers of those users who exist.
type UnreadBatchResponse struct {
	CountsByUser map[string]*UnreadCounts `json:"counts_by_user"`
}

// UnreadBatch returns the unread numbers of users.
func (s *Service) UnreadBatch(ctx context.Context, r *UnreadBatchRequest) (*UnreadBatchResponse, error) {
	actor := auth.FromContext(ctx)
	asked := slices.DeleteFunc(r.UserIDs, func(id string) bool { return chat.ValidUserID(id) != nil })
	users, err := s.app(actor).Users(ctx, asked...)
	if err != nil {
		return nil, err
	}
	counts, err := s.counts(ctx, actor, slices.Collect(maps.Keys(users))...)
	return &UnreadBatchResponse{counts}, err
}

// counts returns the unread numbers of each of the users.
func (s *Service) counts(ctx context.Context, actor *auth.Actor, users ...string) (map[string]*UnreadCounts, error) {
	out := make(map[string]*UnreadCounts, len(users))
	for _, id := range users {
		out[id] = &UnreadCounts{}
	}
	if len(users) == 0 {
		return out, nil
	}
	channels, sums, err := s.app(actor).UnreadChannels(ctx, maxListed, users...)
	if err != nil {
		return nil, err
	}
	if err := s.threadCounts(ctx, actor, out, users); err != nil {
		return nil, err
	}
	for _, c := range channels {
		u := out[c.UserID]
		u.Channels = append(u.Channels, &UnreadChannel{c.CID, c.Unread, c.LastRead})
	}
	for _, sum := range sums { // by user and type
		u := out[sum.UserID]
		u.Total += sum.Messages
		n := len(u.ChannelTypes)
		if n == 0 || u.ChannelTypes[n-1].Type != sum.Type {
			u.ChannelTypes = append(u.ChannelTypes, &UnreadChannelType{Type: sum.Type})
			n++
		}
		t := u.ChannelTypes[n-1]
		t.Channels += sum.Channels
		t.Unread += sum.Messages
		if actor.App.Settings.MultiTenantEnabled && sum.Team != "" {
			if u.TotalByTeam == nil {
				u.TotalByTeam = map[string]int{}
			}
			u.TotalByTeam[sum.Team] += sum.Messages
		}
	}
	return out, nil
}

// threadCounts adds to the counts of users those of their threads.
func (s *Service) threadCounts(ctx context.Context, actor *auth.Actor, counts map[string]*UnreadCounts, users []string) error {
	totals, err := s.app(actor).UnreadThreads(ctx, users...)
	if err != nil || len(totals) == 0 {
		return err
	}
	threads, err := s.app(actor).UnreadThreadList(ctx, maxListed, users...)
	for _, t := range threads {
		u := counts[t.UserID]
		u.Threads = append(u.Threads, &UnreadThread{t.ParentID, t.Unread, t.LastRead, t.LastReadMessageID})
	}
	for id, n := range totals {
		counts[id].TotalThreads = n.Threads
	}
	return err
}
