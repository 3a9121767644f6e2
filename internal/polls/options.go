package polls

import (
	"context"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/permission"
)

// OptionResponse is an option of a poll.
type OptionResponse struct {
	Option *chat.PollOption `json:"poll_option"`
}

// CreateOptionRequest adds an option to a poll: at its end, or before the one at
// Position.
type CreateOptionRequest struct {
	chat.ActAs

	PollID   string         `path:"poll_id" json:"-"`
	ID       string         `json:"id"`
	Text     string         `json:"text"`
	Position *int           `json:"position"`
	Custom   jsontext.Value `json:",embed"`
}

// Validate checks the option.
func (r *CreateOptionRequest) Validate() error {
	if r.Position != nil && *r.Position < 0 {
		return chat.Errorf(chat.Invalid, "position must be 0 or greater")
	}
	return checkOption(&r.ID, &r.Text, &r.Custom)
}

// checkOption checks an option that is sent alone.
func checkOption(id, words *string, custom *jsontext.Value) error {
	if *words == "" {
		return chat.Errorf(chat.Invalid, "text is a required field")
	}
	o := &Option{ID: *id, Text: *words, Custom: *custom}
	err := o.check("")
	*custom = o.Custom
	return err
}

// CreateOption adds an option. Where users may suggest options, who may vote may do
// so as long as the poll is open.
func (s *Service) CreateOption(ctx context.Context, r *CreateOptionRequest) (*OptionResponse, error) {
	_, st, err := s.find(ctx, r.PollID)
	if err != nil {
		return nil, err
	}
	refused, voter := st.require(permission.UpdatePoll), st.in(permission.CastVote)
	o := (&Option{ID: r.ID, Text: r.Text, Custom: r.Custom}).made()
	_, err = s.edit(ctx, st, r.PollID, func(p *chat.Poll) error {
		suggested := p.AllowUserSuggestedOptions && voter
		switch {
		case refused != nil && !suggested:
			return refused
		case refused != nil && p.IsClosed:
			return closed(p)
		case len(p.Options) >= maxOptions:
			return chat.Errorf(chat.Invalid, "options must contain at maximum %d items", maxOptions)
		case p.Option(o.ID) != nil:
			return chat.Errorf(chat.Invalid, "an option with ID %s already exists", o.ID)
		}
		at := len(p.Options)
		if r.Position != nil {
			at = min(at, *r.Position)
		}
		p.Options = slices.Insert(p.Options, at, o)
		return checkSize(p)
	})
	if err != nil {
		return nil, err
	}
	return &OptionResponse{Option: o}, nil
}

// UpdateOptionRequest replaces an option's text and custom data.
type UpdateOptionRequest struct {
	chat.ActAs

	PollID string         `path:"poll_id" json:"-"`
	ID     string         `json:"id"`
	Text   string         `json:"text"`
	Custom jsontext.Value `json:",embed"`
}

// Validate checks the option.
func (r *UpdateOptionRequest) Validate() error {
	if r.ID == "" {
		return chat.Errorf(chat.Invalid, "id is a required field")
	}
	return checkOption(&r.ID, &r.Text, &r.Custom)
}

// UpdateOption replaces an option, which keeps its votes.
func (s *Service) UpdateOption(ctx context.Context, r *UpdateOptionRequest) (*OptionResponse, error) {
	o := &chat.PollOption{ID: r.ID, Text: r.Text, Custom: r.Custom}
	err := s.editOption(ctx, r.PollID, r.ID, func(p *chat.Poll, i int) error {
		p.Options[i] = o
		return checkSize(p)
	})
	if err != nil {
		return nil, err
	}
	return &OptionResponse{Option: o}, nil
}

// OptionRequest names an option of a poll.
type OptionRequest struct {
	chat.ActAs

	PollID string `path:"poll_id" json:"-"`
	ID     string `path:"option_id" json:"-"`
}

// DeleteOption removes an option with its votes.
func (s *Service) DeleteOption(ctx context.Context, r *OptionRequest) (*Empty, error) {
	return &Empty{}, s.editOption(ctx, r.PollID, r.ID, func(p *chat.Poll, i int) error {
		p.Options = slices.Delete(p.Options, i, i+1)
		return nil
	})
}

// editOption changes the option at a place in a poll.
func (s *Service) editOption(ctx context.Context, pollID, id string, change func(p *chat.Poll, i int) error) error {
	_, st, err := s.find(ctx, pollID)
	if err != nil {
		return err
	}
	if err := st.require(permission.UpdatePoll); err != nil {
		return err
	}
	_, err = s.edit(ctx, st, pollID, func(p *chat.Poll) error {
		i := slices.IndexFunc(p.Options, func(o *chat.PollOption) bool { return o.ID == id })
		if i < 0 {
			return noOption(p, id)
		}
		return change(p, i)
	})
	return err
}

// GetOption returns an option of a poll.
func (s *Service) GetOption(ctx context.Context, r *OptionRequest) (*OptionResponse, error) {
	p, st, err := s.find(ctx, r.PollID)
	if err != nil {
		return nil, err
	}
	if err := st.read(); err != nil {
		return nil, err
	}
	o := p.Option(r.ID)
	if o == nil {
		return nil, noOption(p, r.ID)
	}
	return &OptionResponse{Option: o}, nil
}

func noOption(p *chat.Poll, id string) error {
	return chat.Errorf(chat.NotFound, "option with id %s doesn't exist in poll with id %s", id, p.ID)
}

func closed(p *chat.Poll) error {
	return chat.Errorf(chat.Invalid, "poll with id %s is closed", p.ID)
}
