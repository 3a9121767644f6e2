package users

import (
	"context"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
)

// EventRequest is the body of POST /users/{user_id}/event.
type EventRequest struct {
	UserID string       `json:"-" path:"user_id"`
	Event  *CustomEvent `json:"event"`
}

// CustomEvent is an event of the app's own making.
type CustomEvent struct {
	Type   string         `json:"type"`
	Custom jsontext.Value `json:",embed"`
}

const maxEventType = 255 // bytes

// eventFields are the fields that the server puts into an event for a user.
var eventFields = map[string]bool{"type": true, "unread_count": true, "total_unread_count": true, "unread_channels": true}

// Validate checks the event. Types with a dot are the API's own.
func (r *EventRequest) Validate() error {
	switch {
	case r.Event == nil || r.Event.Type == "":
		return chat.Errorf(chat.Invalid, "event.type is a required field")
	case len(r.Event.Type) > maxEventType:
		return chat.Errorf(chat.Invalid, "event.type must be %d characters or less", maxEventType)
	case strings.Contains(r.Event.Type, "."):
		return chat.Errorf(chat.Invalid, "event.type %q is not valid: custom events have no dot in their type", r.Event.Type)
	}
	if len(r.Event.Custom) > 0 { // SDKs send the time of an event; the server's counts
		r.Event.Custom = chat.Without(r.Event.Custom, "created_at")
	}
	return chat.CheckCustom("event", r.Event.Custom, chat.MaxCustom, eventFields)
}

// SendEvent sends a custom event to all connections of a user.
func (s *Service) SendEvent(ctx context.Context, r *EventRequest) (*struct{}, error) {
	_, app := s.app(ctx)
	u, err := app.User(ctx, r.UserID)
	switch {
	case err != nil:
		return nil, err
	case u == nil || u.DeletedAt != nil:
		return nil, chat.Errorf(chat.NotFound, "user with id %s doesn't exist", r.UserID)
	}
	e := chat.UserEvent(r.Event.Type, app.ID, app.Now(), u.ID)
	e.Custom = r.Event.Custom
	return &struct{}{}, app.Publish(ctx, e)
}
