package threads

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/access"
	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/filter"
	"chatd/internal/store"
)

// The limits of lists of threads.
const (
	defaultThreads = 10
	maxThreads     = 100
	maxSorts       = 5
)

// QueryRequest asks for the threads that the user takes part in.
type QueryRequest struct {
	chat.ActAs
	detail

	Filter jsontext.Value `json:"filter"`
	Sort   jsontext.Value `json:"sort"`
	Limit  *int           `json:"limit"`
	Next   string         `json:"next"`
	Prev   string         `json:"prev"`
}

// Validate checks the limits.
func (r *QueryRequest) Validate() error {
	if err := within("limit", r.Limit, maxThreads); err != nil {
		return err
	}
	return r.validate(maxReplies)
}

// QueryResponse is threads, with the cursors around them.
type QueryResponse struct {
	Threads []*State `json:"threads"`
	Next    string   `json:"next,omitzero"`
	Prev    string   `json:"prev,omitzero"`
}

// Query returns threads of the actor: by default those with unread replies first,
// then by the newest reply. It watches their channels if he is asked to.
func (s *Service) Query(ctx context.Context, r *QueryRequest) (*QueryResponse, error) {
	actor, app := s.app(ctx)
	if actor.User == nil {
		return nil, chat.Errorf(chat.NotFound, "user with id %s doesn't exist", actor.UserID)
	}
	if err := r.checkWatch(actor); err != nil {
		return nil, err
	}
	q := store.ThreadQuery{Viewer: actor.UserID, Limit: or(r.Limit, defaultThreads), Next: r.Next, Prev: r.Prev}
	var err error
	if q.Filter, err = filter.Parse(r.Filter, filter.Limits{}); err != nil {
		return nil, err
	}
	if q.Sort, err = filter.ParseSort(r.Sort, maxSorts); err != nil {
		return nil, err
	}
	if q.Open, err = s.Access.OpenTypes(ctx); err != nil {
		return nil, err
	}
	if q.Overseen, err = s.Access.OverseenTypes(ctx); err != nil {
		return nil, err
	}
	resp := &QueryResponse{}
	if q.Limit == 0 {
		return resp, nil
	}
	list, next, prev, err := app.QueryThreads(ctx, q)
	if err != nil {
		return nil, err
	}
	resp.Next, resp.Prev = next, prev
	seats, err := s.seats(ctx, list)
	if err != nil {
		return nil, err
	}
	var mine []*chat.Thread
	var at []*access.Seat
	for _, t := range list {
		if seat := seats[t.CID]; seat != nil {
			mine, at = append(mine, t), append(at, seat)
		}
	}
	resp.Threads, err = s.states(ctx, mine, at, r.detail)
	return resp, err
}

// seats returns the actor's seats in the channels of threads that he may read, each
// once.
func (s *Service) seats(ctx context.Context, list []*chat.Thread) (map[chat.CID]*access.Seat, error) {
	_, app := s.app(ctx)
	out := make(map[chat.CID]*access.Seat, len(list))
	var cids []chat.CID
	for _, t := range list {
		if _, ok := out[t.CID]; !ok {
			cids, out[t.CID] = append(cids, t.CID), nil
		}
	}
	channels, err := app.Channels(ctx, cids...)
	if err != nil {
		return nil, err
	}
	seats, err := s.Access.Seats(ctx, channels)
	for _, seat := range seats {
		if seat.Read() == nil {
			out[seat.Channel.CID] = seat
		}
	}
	return out, err
}

// GetRequest asks for the thread that a message starts.
type GetRequest struct {
	chat.ActAs
	detail

	ID string `path:"message_id" json:"-"`
}

// Validate checks the limits.
func (r *GetRequest) Validate() error { return r.validate(maxRepliesOfOne) }

// GetResponse is a thread.
type GetResponse struct {
	Thread *State `json:"thread"`
}

// Get returns a thread, whether or not the actor takes part in it.
func (s *Service) Get(ctx context.Context, r *GetRequest) (*GetResponse, error) {
	actor, app := s.app(ctx)
	if err := r.checkWatch(actor); err != nil {
		return nil, err
	}
	seat, parent, err := s.find(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	t, err := app.Thread(ctx, parent)
	if err != nil {
		return nil, err
	}
	if t == nil {
		return nil, missing(r.ID)
	}
	out, err := s.states(ctx, []*chat.Thread{t}, []*access.Seat{seat}, r.detail)
	if err != nil {
		return nil, err
	}
	return &GetResponse{out[0]}, nil
}

// detail is what of threads a request asks for.
type detail struct {
	ReplyLimit       *int   `json:"reply_limit" query:"reply_limit"`
	ParticipantLimit *int   `json:"participant_limit" query:"participant_limit"`
	MemberLimit      *int   `json:"member_limit" query:"member_limit"`
	Watch            *bool  `json:"watch" query:"watch"` // nil watches if there is a connection
	ConnectionID     string `json:"connection_id" query:"connection_id"`
}

// The limits of what is shown of a thread.
const (
	defaultReplies      = 2
	maxReplies          = 10  // of each of many threads
	maxRepliesOfOne     = 300 // as of a page of replies
	defaultParticipants = 100
	maxParticipants     = 100
	defaultMembers      = 100
	maxMembers          = 100
)

// validate checks the limits; replies is the most of a thread.
func (d detail) validate(replies int) error {
	if err := within("reply_limit", d.ReplyLimit, replies); err != nil {
		return err
	}
	if err := within("participant_limit", d.ParticipantLimit, maxParticipants); err != nil {
		return err
	}
	return within("member_limit", d.MemberLimit, maxMembers)
}

// checkWatch refuses users who want to watch without a connection. The server side
// has none: SDKs ask it to watch all the same.
func (d detail) checkWatch(actor *auth.Actor) error {
	if d.Watch != nil && *d.Watch && d.ConnectionID == "" && !actor.Server {
		return chat.Errorf(chat.Invalid, "Watch or Presence requires an active websocket connection, please make sure to include your websocket connection_id")
	}
	return nil
}

// watches tells whether the channels are to be watched.
func (d detail) watches(actor *auth.Actor) bool {
	return (d.Watch == nil || *d.Watch) && d.ConnectionID != "" && !actor.Server
}

func or(v *int, def int) int {
	if v == nil {
		return def
	}
	return *v
}

func within(name string, v *int, most int) error {
	if v == nil {
		return nil
	}
	return chat.CheckRange(name, *v, most)
}
