package drafts

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/store"
)

// QueryRequest asks for the user's drafts.
type QueryRequest struct {
	chat.ActAs

	Filter jsontext.Value `json:"filter"`
	Sort   jsontext.Value `json:"sort"`
	Limit  int            `json:"limit"`
	Next   string         `json:"next"`
	Prev   string         `json:"prev"`
}

// Validate checks the size of the page.
func (r *QueryRequest) Validate() error {
	return chat.CheckRange("limit", r.Limit, maxPage)
}

// QueryResponse is a page of drafts.
type QueryResponse struct {
	Drafts []*chat.Draft `json:"drafts"`
	Next   string        `json:"next,omitzero"`
	Prev   string        `json:"prev,omitzero"`
}

// Query returns the actor's drafts that a filter selects, by default the newest
// first, in channels that he can read.
func (s *Service) Query(ctx context.Context, r *QueryRequest) (*QueryResponse, error) {
	actor, app := s.app(ctx)
	open, err := s.Access.OpenTypes(ctx)
	if err != nil {
		return nil, err
	}
	q := store.Query{Filter: r.Filter, Sort: r.Sort, Limit: r.Limit, Next: r.Next, Prev: r.Prev}
	if q.Limit == 0 {
		q.Limit = defaultPage
	}
	list, next, prev, err := app.QueryDrafts(ctx, store.Viewer{UserID: actor.UserID}, open, q)
	if err != nil {
		return nil, err
	}
	return &QueryResponse{Drafts: list, Next: next, Prev: prev}, nil
}
