package reads

import (
	"context"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/access"
	"chatd/internal/chat"
	"chatd/internal/permission"
)

// maxEventType bounds the type of a custom event, in bytes.
const maxEventType = 255

// SendEventRequest sends an event to a channel.
type SendEventRequest struct {
	Type  string       `json:"-" path:"type"`
	ID    string       `json:"-" path:"id"`
	Event EventRequest `json:"event"`
}

// EventRequest is an event as clients send one.
type EventRequest struct {
	chat.ActAs

	Type      string         `json:"type"`
	ParentID  string         `json:"parent_id,omitzero"`
	MessageID string         `json:"message_id,omitzero"`
	Custom    jsontext.Value `json:",embed"`
}

// Validate checks the event's fields and drops those that are not its sender's to
// say: SDKs send back events that they got.
func (r *SendEventRequest) Validate() error {
	e := &r.Event
	switch {
	case e.Type == "":
		return chat.Errorf(chat.Invalid, "event.type is a required field")
	case len(e.Type) > maxEventType || !utf8.ValidString(e.Type):
		return chat.Errorf(chat.Invalid, "event.type must be %d or less", maxEventType)
	}
	if err := validIDs(e.ParentID, e.MessageID); err != nil {
		return err
	}
	e.Custom = chat.Without(e.Custom, eventFields...)
	return chat.CheckCustom("event", e.Custom, chat.MaxCustom, nil)
}

// eventFields are the names of what events tell beside custom fields.
var eventFields = func() []string {
	names := []string{"type", "unread_count", "total_unread_count", "unread_channels", "watcher_count", "received_at", "user_id"}
	for f := range reflect.TypeFor[chat.Event]().Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}()

// EventResponse is the answer to SendEvent: the event as it was sent.
type EventResponse struct {
	Event *Event `json:"event"`
}

// SendEvent sends an event of the actor to the watchers of a channel: typing, AI
// indicators, custom events; message.read marks the channel read.
// EventNotSupported for the API's other types, FeatureNotSupported when the
// channel's type has the kind of event switched off.
func (s *Service) SendEvent(ctx context.Context, r *SendEventRequest) (*EventResponse, error) {
	ctx, err := s.Access.ActAs(ctx, "event.", r.Event.Known(), true)
	if err != nil {
		return nil, err
	}
	seat, err := s.seat(ctx, r.Type, r.ID)
	if err != nil {
		return nil, err
	}
	if r.Event.Type == "message.read" {
		read, err := s.MarkRead(ctx, &MarkReadRequest{Type: r.Type, ID: r.ID, MessageID: r.Event.MessageID})
		if err != nil {
			return nil, err
		}
		return &EventResponse{read.Event}, nil
	}
	if err := maySend(seat, r.Event.Type); err != nil {
		return nil, err
	}
	app := s.app(seat.Actor)
	ev := event(r.Event.Type, seat.Actor, seat.Channel, app.Now())
	ev.ParentID, ev.MessageID, ev.Custom = r.Event.ParentID, r.Event.MessageID, r.Event.Custom
	if strings.HasPrefix(ev.Type, "typing.") && !seat.Actor.User.ShowsTyping() {
		return &EventResponse{answered(ev)}, nil
	}
	return &EventResponse{answered(ev)}, app.Publish(ctx, ev)
}

// maySend checks whether the actor may send an event of a type to the channel.
func maySend(seat *access.Seat, typ string) error {
	cfg, name := seat.Channel.Config, seat.Channel.Type
	switch typ {
	case "typing.start", "typing.stop":
		if !cfg.TypingEvents {
			return unsupported(name, "typing")
		}
		return nil
	case "ai_indicator.update", "ai_indicator.clear", "ai_indicator.stop":
		return nil
	}
	if chat.IsBuiltinEvent(typ) {
		return chat.Errorf(chat.EventNotSupported, "event type %q can not be sent by clients", typ)
	}
	if !cfg.CustomEvents {
		return unsupported(name, "custom")
	}
	return seat.Require(permission.SendCustomEvent)
}
