package locations

import (
	"context"

	"chatd/internal/access"
	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/store"
)

// Service has a method for each operation on live locations. All fields are needed.
type Service struct {
	Store    *store.Store
	Access   *access.Access
	Messages Messages
}

// Messages tells of messages.
type Messages interface {
	// TellUpdated emits message.updated for messages as they are stored.
	TellUpdated(ctx context.Context, tx *store.Tx, by *auth.Actor, msgs ...*chat.Message) error
}

// app returns the actor and the store of his app.
func (s *Service) app(ctx context.Context) (*auth.Actor, *store.App) {
	actor := auth.FromContext(ctx)
	return actor, s.Store.App(actor.App.ID)
}

// GetRequest asks for what the user shares live.
type GetRequest struct{ chat.ActAs }

// GetResponse is what a user shares live.
type GetResponse struct {
	Active []*chat.SharedLocation `json:"active_live_locations"`
}

// Get returns what the actor shares live.
func (s *Service) Get(ctx context.Context, _ *GetRequest) (*GetResponse, error) {
	actor, app := s.app(ctx)
	list, err := app.LiveLocationsOf(ctx, actor.UserID)
	if err != nil {
		return nil, err
	}
	return &GetResponse{Active: list}, app.FillLocations(ctx, store.Viewer{UserID: actor.UserID}, list...)
}

// UpdateRequest moves a live location, or sets when it ends. The device is not
// looked at: a user may go on from another one.
type UpdateRequest struct {
	chat.ActAs
	chat.LocationRequest

	MessageID string `json:"message_id"`
}

// Validate checks that there is a message, and the coordinates.
func (r *UpdateRequest) Validate() error {
	if r.MessageID == "" {
		return chat.Errorf(chat.Invalid, "message_id is a required field")
	}
	return r.Check("")
}

// UpdateResponse is a shared location.
type UpdateResponse struct{ chat.SharedLocation }

// find returns the actor's seat in the channel of the message that shares the location,
// and whether he can see it. To end what he shares he need not: he may have left.
func (s *Service) find(ctx context.Context, r *UpdateRequest) (seat *access.Seat, m *chat.Message, sees bool, err error) {
	if seat, m, err = s.Access.Message(ctx, r.MessageID); err == nil {
		err = seat.Read()
	}
	if err == nil || r.EndAt == nil || r.Latitude != nil || r.Longitude != nil {
		return seat, m, true, err
	}
	actor, app := s.app(ctx)
	stored, found := app.Message(ctx, r.MessageID)
	if found != nil || stored.UserID != actor.UserID {
		return nil, nil, false, err
	}
	seat, err = s.Access.Seat(ctx, stored.CID)
	return seat, stored, false, err
}

// Update changes a live location of the actor and tells of the message that shares
// it. It is live no more when its end is over.
func (s *Service) Update(ctx context.Context, r *UpdateRequest) (*UpdateResponse, error) {
	seat, m, sees, err := s.find(ctx, r)
	if err != nil {
		return nil, err
	}
	actor, app := s.app(ctx)
	if m.UserID != actor.UserID {
		return nil, chat.Errorf(chat.NotAllowed, "the location of message with id %s can only be updated by the user who shares it", m.ID)
	}
	resp := &UpdateResponse{}
	err = app.InTx(ctx, func(tx *store.Tx) error {
		m, err := tx.LockMessage(ctx, m.ID)
		if err != nil {
			return err
		}
		l, err := r.apply(tx, m)
		if err != nil {
			return err
		}
		resp.SharedLocation = *l
		if err := tx.SaveLocation(ctx, m); err != nil {
			return err
		}
		return s.Messages.TellUpdated(ctx, tx, actor, m)
	})
	if err != nil || !sees {
		return resp, err
	}
	return resp, app.FillLocations(ctx, seat.Viewer(), &resp.SharedLocation)
}

// apply changes the location of a message, which must be live.
func (r *UpdateRequest) apply(tx *store.Tx, m *chat.Message) (*chat.SharedLocation, error) {
	l, now := m.SharedLocation, tx.Now()
	switch {
	case m.DeletedAt != nil:
		return nil, chat.Errorf(chat.Invalid, "message with id %s has been deleted", m.ID)
	case l == nil || l.EndAt == nil:
		return nil, chat.Errorf(chat.Invalid, "message with id %s does not share a live location", m.ID)
	case !l.EndAt.After(now):
		return nil, chat.Errorf(chat.Invalid, "the live location of message with id %s has ended", m.ID)
	}
	if r.Latitude != nil {
		l.Latitude = *r.Latitude
	}
	if r.Longitude != nil {
		l.Longitude = *r.Longitude
	}
	if r.EndAt != nil {
		l.EndAt = r.EndAt
	}
	m.UpdatedAt = chat.Risen(now, m.UpdatedAt)
	l.UpdatedAt = m.UpdatedAt
	return l, nil
}
