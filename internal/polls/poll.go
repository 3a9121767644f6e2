package polls

import (
	"context"

	"chatd/internal/access"
	"chatd/internal/chat"
	"chatd/internal/permission"
	"chatd/internal/store"
)

// Response is a poll.
type Response struct {
	Poll *chat.Poll `json:"poll"`
}

// Empty is the answer where there is nothing to say.
type Empty struct{}

// CreateRequest creates a poll.
type CreateRequest struct {
	chat.ActAs
	Settings

	ID string `json:"id"`
}

// Validate checks the poll.
func (r *CreateRequest) Validate() error {
	if err := validID("id", r.ID); err != nil {
		return err
	}
	return r.check()
}

// Create creates a poll of the actor.
func (s *Service) Create(ctx context.Context, r *CreateRequest) (*Response, error) {
	actor, app := s.app(ctx)
	if err := needUser(actor); err != nil {
		return nil, err
	}
	if !access.MayInApp(actor, permission.CreatePoll, true, true) {
		return nil, access.Refused(actor, permission.CreatePoll, permission.AppScope)
	}
	now := app.Now()
	p := &chat.Poll{ID: r.ID, CreatedByID: actor.UserID, CreatedAt: now, UpdatedAt: now}
	if p.ID == "" {
		p.ID = chat.NewID()
	}
	if err := r.apply(p); err != nil {
		return nil, err
	}
	if err := app.InsertPoll(ctx, p); err != nil {
		return nil, err
	}
	p, err := app.Poll(ctx, actor.UserID, p.ID)
	if err != nil {
		return nil, err
	}
	return &Response{Poll: p}, nil
}

// GetRequest asks for a poll.
type GetRequest struct {
	chat.ActAs

	ID string `path:"poll_id" json:"-"`
}

// Get returns a poll with the actor's own votes.
func (s *Service) Get(ctx context.Context, r *GetRequest) (*Response, error) {
	p, st, err := s.find(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	return &Response{Poll: p}, st.read()
}

// DeleteRequest deletes a poll.
type DeleteRequest struct {
	chat.ActAs

	ID string `path:"poll_id" json:"-"`
}

// Delete removes a poll with its votes. The messages that carried it stay without
// it, which is told like an edit.
func (s *Service) Delete(ctx context.Context, r *DeleteRequest) (*Empty, error) {
	_, st, err := s.find(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	if err := st.require(permission.DeletePoll); err != nil {
		return nil, err
	}
	_, app := s.app(ctx)
	return &Empty{}, app.InTx(ctx, func(tx *store.Tx) error {
		if _, err := tx.LockPoll(ctx, r.ID); err != nil {
			return err
		}
		p, err := tx.Poll(ctx, "", r.ID)
		if err != nil {
			return err
		}
		if err := s.tell(ctx, tx, evDeleted, st.actor, p, nil); err != nil {
			return err
		}
		msgs, err := tx.DeletePoll(ctx, p, tx.Now())
		if err != nil {
			return err
		}
		return s.Messages.TellUpdated(ctx, tx, st.actor, msgs...)
	})
}
