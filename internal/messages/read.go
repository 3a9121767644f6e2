package messages

import (
	"context"

	"chatd/internal/chat"
	"chatd/internal/store"
)

// The limits of reading messages.
const (
	maxIDs         = 50
	maxPage        = 300 // replies, reactions, pins
	defaultReplies = 100
)

// GetRequest asks for one message.
type GetRequest struct {
	chat.ActAs

	ID          string `path:"id" json:"-"`
	ShowDeleted bool   `query:"show_deleted_message" json:"-"`
}

// GetResponse is a message with its channel.
type GetResponse struct {
	Message  *chat.Message     `json:"message"`
	Metadata map[string]string `json:"pending_message_metadata,omitempty"` // of a pending one
}

// Get returns a message with its channel; a pending one to its author and the server
// side only. Deleted messages keep their content, so there is no more to show of them
// to who asks for it, which only the server side may.
func (s *Service) Get(ctx context.Context, r *GetRequest) (*GetResponse, error) {
	resp := &GetResponse{}
	seat, m, err := s.find(ctx, r.ID)
	if err != nil {
		var h *store.Held
		if seat, h, err = s.findPending(ctx, r.ID, err); err != nil {
			return nil, err
		}
		m, resp.Metadata = h.Message, h.Metadata
	}
	if err := seat.Read(); err != nil {
		return nil, err
	}
	actor, app := s.app(ctx)
	if r.ShowDeleted && !actor.Server {
		return nil, chat.Errorf(chat.NotAllowed, "show_deleted_message can only be used with server side auth")
	}
	if err := app.Hydrate(ctx, seat.Viewer(), m); err != nil {
		return nil, err
	}
	channels, err := app.Channels(ctx, m.CID)
	if err != nil || len(channels) == 0 {
		return nil, err
	}
	m.Channel, resp.Message = channels[0], m
	return resp, app.FillChannels(ctx, m.Channel)
}

// ListResponse is messages in order.
type ListResponse struct {
	Messages []*chat.Message `json:"messages"`
}

// GetManyRequest asks for messages of a channel by their ids.
type GetManyRequest struct {
	chat.ActAs

	Type string   `path:"type" json:"-"`
	ID   string   `path:"id" json:"-"`
	IDs  []string `query:"ids" json:"-"`

	MemberInclude chat.MemberInclude `query:"member_custom_include" json:"-"`
}

// Validate checks that there are ids and not too many.
func (r *GetManyRequest) Validate() error {
	if len(r.IDs) == 0 {
		return chat.Errorf(chat.Invalid, "ids is a required field")
	}
	if err := within("ids", len(r.IDs), maxIDs); err != nil {
		return err
	}
	return r.MemberInclude.Check()
}

// GetMany returns those of the messages that the channel has and the actor may see, his
// own pending ones among them.
func (s *Service) GetMany(ctx context.Context, r *GetManyRequest) (*ListResponse, error) {
	seat, err := s.Access.Seat(ctx, chat.NewCID(r.Type, r.ID))
	if err != nil {
		return nil, err
	}
	if err := seat.Read(); err != nil {
		return nil, err
	}
	_, app := s.app(ctx)
	list, err := app.Messages(ctx, seat.Including(seat.Viewer(), r.MemberInclude), seat.View(), r.IDs)
	if err != nil {
		return nil, err
	}
	if list, err = s.withPending(ctx, seat, list, r.IDs); err != nil {
		return nil, err
	}
	return &ListResponse{Messages: list}, nil
}

// RepliesRequest asks for a page of a thread.
type RepliesRequest struct {
	chat.ActAs
	store.Page

	ParentID string           `path:"parent_id" json:"-"`
	Sort     []chat.SortParam `query:"sort" json:"sort"`

	MemberInclude chat.MemberInclude `query:"member_custom_include" json:"-"`
}

// Validate checks the page, the sort and what is to be included.
func (r *RepliesRequest) Validate() error {
	if err := r.Check(maxPage); err != nil {
		return err
	}
	if err := r.MemberInclude.Check(); err != nil {
		return err
	}
	return checkSort(r.Sort, "created_at")
}

// checkSort checks a sort of a list that has but one order, in both directions.
func checkSort(sort []chat.SortParam, field string) error {
	if len(sort) > 1 {
		return chat.Errorf(chat.Invalid, "sort must contain at maximum 1 item")
	}
	for _, p := range sort {
		switch {
		case p.Field != field:
			return chat.Errorf(chat.Invalid, "unrecognized field %q", p.Field)
		case p.Direction != 1 && p.Direction != -1:
			return chat.Errorf(chat.Invalid, "sort.direction must be one of [-1 1]")
		}
	}
	return nil
}

// Replies returns a page of a thread, oldest first whatever the sort: that tells
// whether the first page is the newest (by default) or the oldest.
func (s *Service) Replies(ctx context.Context, r *RepliesRequest) (*ListResponse, error) {
	seat, parent, err := s.find(ctx, r.ParentID)
	if err != nil {
		return nil, err
	}
	if err := seat.Read(); err != nil {
		return nil, err
	}
	if r.Limit == 0 {
		r.Limit = defaultReplies
	}
	_, app := s.app(ctx)
	fromStart := len(r.Sort) > 0 && r.Sort[0].Direction > 0
	list, err := app.Replies(ctx, seat.Including(seat.Viewer(), r.MemberInclude), seat.View(), parent.ID, r.Page, fromStart)
	if err != nil {
		return nil, err
	}
	return &ListResponse{Messages: list}, nil
}
