package messages

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/store"
)

// The limits of a query of histories.
const (
	defaultHistory = 25
	maxHistory     = 100
	maxHistoryKeys = 3 // of a filter
)

// HistoryRequest asks for what messages were before they were changed.
type HistoryRequest struct {
	Filter jsontext.Value `json:"filter"`
	Sort   jsontext.Value `json:"sort"`
	Limit  int            `json:"limit"`
	Next   string         `json:"next"`
	Prev   string         `json:"prev"`
}

// Validate checks the page and that the filter selects something.
func (r *HistoryRequest) Validate() error {
	keys := 0
	for range chat.Keys(r.Filter) {
		keys++
	}
	switch {
	case keys == 0:
		return chat.Errorf(chat.Invalid, "filter is a required field")
	case keys > maxHistoryKeys:
		return chat.Errorf(chat.Invalid, "filter must contain at maximum %d items", maxHistoryKeys)
	}
	return chat.CheckRange("limit", r.Limit, maxHistory)
}

// HistoryResponse is a page of entries.
type HistoryResponse struct {
	History []*store.HistoryEntry `json:"message_history"`
	Next    string                `json:"next,omitzero"`
	Prev    string                `json:"prev,omitzero"`
}

// History returns the versions of messages that a change of their text, attachments
// or custom fields replaced, a deletion or an undeletion, each with who wrote it.
func (s *Service) History(ctx context.Context, r *HistoryRequest) (*HistoryResponse, error) {
	if r.Limit == 0 {
		r.Limit = defaultHistory
	}
	_, app := s.app(ctx)
	list, next, prev, err := app.QueryHistory(ctx, store.Query{Filter: r.Filter, Sort: r.Sort, Limit: r.Limit, Next: r.Next, Prev: r.Prev})
	if err != nil {
		return nil, err
	}
	return &HistoryResponse{History: list, Next: next, Prev: prev}, nil
}

// sameHistory tells whether there is nothing between two states of a message that
// its history keeps.
func sameHistory(a, b *chat.Message) bool {
	return a.Text == b.Text && equal(a.Attachments, b.Attachments) && equal(a.Custom, b.Custom)
}
