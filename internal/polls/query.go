package polls

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/access"
	"chatd/internal/chat"
	"chatd/internal/permission"
	"chatd/internal/store"
)

// The sizes of pages.
const (
	defaultPage = 25
	maxPage     = 100
)

// Query asks for a page of polls or votes.
type Query struct {
	Filter jsontext.Value `json:"filter"`
	Sort   jsontext.Value `json:"sort"`
	Limit  int            `json:"limit"`
	Next   string         `json:"next"`
	Prev   string         `json:"prev"`
}

// Validate checks the size of the page.
func (q *Query) Validate() error { return chat.CheckRange("limit", q.Limit, maxPage) }

func (q *Query) of(viewer string, all bool) store.PollQuery {
	limit := q.Limit
	if limit == 0 {
		limit = defaultPage
	}
	return store.PollQuery{Viewer: viewer, Server: all, Query: store.Query{Filter: q.Filter, Sort: q.Sort, Limit: limit, Next: q.Next, Prev: q.Prev}}
}

// QueryRequest asks for polls by filter.
type QueryRequest struct {
	chat.ActAs
	Query
}

// QueryResponse is a page of polls.
type QueryResponse struct {
	Polls []*chat.Poll `json:"polls"`
	Next  string       `json:"next,omitzero"`
	Prev  string       `json:"prev,omitzero"`
}

// QueryPolls returns the polls that a filter selects, of those that the actor
// created or sees as a member of a channel; the server side and who may change all
// polls find all.
func (s *Service) QueryPolls(ctx context.Context, r *QueryRequest) (*QueryResponse, error) {
	actor, app := s.app(ctx)
	if !access.MayInApp(actor, permission.QueryPolls, false, true) {
		return nil, access.Refused(actor, permission.QueryPolls, permission.AppScope)
	}
	list, next, prev, err := app.QueryPolls(ctx, r.of(actor.UserID, seesAll(actor)))
	if err != nil {
		return nil, err
	}
	return &QueryResponse{Polls: list, Next: next, Prev: prev}, nil
}

// VotesRequest asks for votes of a poll by filter.
type VotesRequest struct {
	chat.ActAs
	Query

	PollID string `path:"poll_id" json:"-"`
}

// VotesResponse is a page of votes.
type VotesResponse struct {
	Votes []*chat.PollVote `json:"votes"`
	Next  string           `json:"next,omitzero"`
	Prev  string           `json:"prev,omitzero"`
}

// QueryVotes returns the votes of a poll that a filter selects.
func (s *Service) QueryVotes(ctx context.Context, r *VotesRequest) (*VotesResponse, error) {
	p, st, err := s.find(ctx, r.PollID)
	if err != nil {
		return nil, err
	}
	if err := st.read(); err != nil {
		return nil, err
	}
	if len(st.seats) > 0 && !st.in(permission.QueryVotes) {
		return nil, access.Refused(st.actor, permission.QueryVotes, st.seats[0].Channel.Type)
	}
	_, app := s.app(ctx)
	list, next, prev, err := app.QueryVotes(ctx, p, r.of(st.actor.UserID, false))
	if err != nil {
		return nil, err
	}
	return &VotesResponse{Votes: list, Next: next, Prev: prev}, nil
}
