package messages

import (
	"context"

	"chatd/internal/chat"
	"chatd/internal/store"
)

// defaultPinned is how many pinned messages a page has by default.
const defaultPinned = 100

// PinnedRequest asks for a page of a channel's pinned messages.
type PinnedRequest struct {
	chat.ActAs
	store.PinPage

	Type string           `path:"type" json:"-"`
	ID   string           `path:"id" json:"-"`
	Sort []chat.SortParam `query:"sort" json:"sort"`

	MemberInclude chat.MemberInclude `query:"member_custom_include" json:"member_custom_include"`
}

// Validate checks the page, the sort and what is to be included.
func (r *PinnedRequest) Validate() error {
	if err := r.Page().Check(maxPage); err != nil {
		return err
	}
	if err := r.MemberInclude.Check(); err != nil {
		return err
	}
	return checkSort(r.Sort, "pinned_at")
}

// Pinned returns a page of a channel's pinned messages, by default the latest pins
// first. A page after a place begins right there, whatever the sort.
func (s *Service) Pinned(ctx context.Context, r *PinnedRequest) (*ListResponse, error) {
	seat, err := s.Access.Seat(ctx, chat.NewCID(r.Type, r.ID))
	if err != nil {
		return nil, err
	}
	if err := seat.Read(); err != nil {
		return nil, err
	}
	if r.Limit == 0 {
		r.Limit = defaultPinned
	}
	_, app := s.app(ctx)
	list, err := app.PinnedPage(ctx, seat.Including(seat.Viewer(), r.MemberInclude), seat.View(), r.PinPage, len(r.Sort) > 0 && r.Sort[0].Direction > 0)
	if err != nil {
		return nil, err
	}
	return &ListResponse{Messages: list}, nil
}
