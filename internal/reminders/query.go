package reminders

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/store"
)

// The sizes of pages.
const (
	defaultPage = 25
	maxPage     = 100
)

// QueryRequest asks for the user's reminders.
type QueryRequest struct {
	chat.ActAs

	Filter jsontext.Value `json:"filter"`
	// Conditions is what some SDKs call the filter.
	Conditions jsontext.Value `json:"filter_conditions"`
	Sort       jsontext.Value `json:"sort"`
	Limit      int            `json:"limit"`
	Next       string         `json:"next"`
	Prev       string         `json:"prev"`
}

// Validate checks the size of the page.
func (r *QueryRequest) Validate() error {
	if len(r.Filter) > 0 && len(r.Conditions) > 0 {
		return chat.Errorf(chat.Invalid, "cannot use both filter and filter_conditions")
	}
	return chat.CheckRange("limit", r.Limit, maxPage)
}

// QueryResponse is a page of reminders.
type QueryResponse struct {
	Reminders []*chat.Reminder `json:"reminders"`
	Next      string           `json:"next,omitzero"`
	Prev      string           `json:"prev,omitzero"`
}

// Query returns the actor's reminders that a filter selects, by default those first
// that are due first.
func (s *Service) Query(ctx context.Context, r *QueryRequest) (*QueryResponse, error) {
	actor, app := s.app(ctx)
	open, err := s.Access.OpenTypes(ctx)
	if err != nil {
		return nil, err
	}
	q := store.Query{Filter: r.Filter, Sort: r.Sort, Limit: r.Limit, Next: r.Next, Prev: r.Prev}
	if len(q.Filter) == 0 {
		q.Filter = r.Conditions
	}
	if q.Limit == 0 {
		q.Limit = defaultPage
	}
	list, next, prev, err := app.QueryReminders(ctx, store.Viewer{UserID: actor.UserID}, open, q)
	if err != nil {
		return nil, err
	}
	return &QueryResponse{Reminders: list, Next: next, Prev: prev}, nil
}
