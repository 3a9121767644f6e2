package drafts

import (
	"context"

	"chatd/internal/access"
	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/store"
)

// Service has a method for each operation on drafts. All fields are needed.
type Service struct {
	Store    *store.Store
	Access   *access.Access
	Messages Composer
}

// Composer knows what may be in a message.
type Composer interface {
	// ComposeDraft makes a draft of what the actor of seat has written so far.
	ComposeDraft(ctx context.Context, seat *access.Seat, r *chat.MessageRequest) (*chat.Draft, error)
}

// The sizes of pages.
const (
	defaultPage = 25
	maxPage     = 100
)

// app returns the actor and the store of his app.
func (s *Service) app(ctx context.Context) (*auth.Actor, *store.App) {
	actor := auth.FromContext(ctx)
	return actor, s.Store.App(actor.App.ID)
}

// seat returns the actor's seat in a channel that he may read.
func (s *Service) seat(ctx context.Context, typ, id string) (*access.Seat, error) {
	seat, err := s.Access.Seat(ctx, chat.NewCID(typ, id))
	if err != nil {
		return nil, err
	}
	if seat.Actor.User == nil {
		return nil, chat.Errorf(chat.NotFound, "user with id %s doesn't exist", seat.Actor.UserID)
	}
	return seat, seat.Read()
}

// Response is a draft.
type Response struct {
	Draft *chat.Draft `json:"draft"`
}

// SaveRequest keeps a message for later.
type SaveRequest struct {
	Type    string               `path:"type" json:"-"`
	ID      string               `path:"id" json:"-"`
	Message *chat.MessageRequest `json:"message"`
}

// Validate checks that there is a message.
func (r *SaveRequest) Validate() error {
	if r.Message == nil {
		return chat.Errorf(chat.Invalid, "message is a required field")
	}
	return nil
}

// Save keeps the actor's draft of a message to a channel or, where it names a
// parent, of a reply, in place of the one that he has there.
func (s *Service) Save(ctx context.Context, r *SaveRequest) (*Response, error) {
	ctx, err := s.Access.ActAsAuthor(ctx, "message.", r.Message.ActAs, true)
	if err != nil {
		return nil, err
	}
	seat, err := s.seat(ctx, r.Type, r.ID)
	if err != nil {
		return nil, err
	}
	d, err := s.Messages.ComposeDraft(ctx, seat, r.Message)
	if err != nil {
		return nil, err
	}
	_, app := s.app(ctx)
	return &Response{Draft: d}, app.InTx(ctx, func(tx *store.Tx) error {
		if err := tx.SaveDraft(ctx, d); err != nil {
			return err
		}
		if err := tx.FillDrafts(ctx, seat.Viewer(), d); err != nil {
			return err
		}
		tx.Emit(chat.DraftEvent(chat.DraftUpdated, tx.ID, d, d.CreatedAt))
		return nil
	})
}

// AtRequest names a draft by its place.
type AtRequest struct {
	chat.ActAs

	Type     string `path:"type" json:"-"`
	ID       string `path:"id" json:"-"`
	ParentID string `query:"parent_id" json:"-"`
}

// Get returns the actor's draft in a channel, or in one of its threads.
func (s *Service) Get(ctx context.Context, r *AtRequest) (*Response, error) {
	seat, err := s.seat(ctx, r.Type, r.ID)
	if err != nil {
		return nil, err
	}
	actor, app := s.app(ctx)
	d, err := app.Draft(ctx, seat.Channel.CID, actor.UserID, r.ParentID)
	if err != nil {
		return nil, err
	}
	return &Response{Draft: d}, app.FillDrafts(ctx, seat.Viewer(), d)
}

// Empty is the answer where there is nothing to say.
type Empty struct{}

// Delete removes the actor's draft in a channel, or in one of its threads. It is his own
// to remove also where he cannot read the channel any more.
func (s *Service) Delete(ctx context.Context, r *AtRequest) (*Empty, error) {
	seat, err := s.Access.Seat(ctx, chat.NewCID(r.Type, r.ID))
	if err != nil {
		return nil, err
	}
	actor, app := s.app(ctx)
	cid := seat.Channel.CID
	return &Empty{}, app.InTx(ctx, func(tx *store.Tx) error {
		had, err := tx.DeleteDraft(ctx, cid, actor.UserID, r.ParentID)
		if err != nil {
			return err
		}
		if !had {
			return store.NoDraft(cid, r.ParentID)
		}
		tx.Emit(chat.DraftEvent(chat.DraftDeleted, tx.ID, &chat.Draft{CID: cid, UserID: actor.UserID, ParentID: r.ParentID}, tx.Now()))
		return nil
	})
}
