package messages

import (
	"context"

	"chatd/internal/access"
	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/commands"
	"chatd/internal/store"
)

// Service has a method for each operation on messages and reactions. Its exported
// fields must be set before the first call.
type Service struct {
	Store  *store.Store
	Access *access.Access
	Hub    Hub // may be nil: nobody is connected
	Jobs   Queue
	// Previews is nil where links are shown as they are.
	Previews   Previews
	Translator Translator

	Commands Commander // may be nil where no channel allows commands
	Hooks    Hooks     // and Jobs: may be nil where no message is pending

	sending inFlight
}

// Commander runs slash commands.
type Commander interface {
	Run(ctx context.Context, c *commands.Call) (*commands.Reply, error)
}

// Hub knows who watches.
type Hub interface {
	// Watchers lists users who watch a channel, by id, at most limit from offset on.
	Watchers(app chat.AppID, cid chat.CID, limit, offset int) []string
}

// app returns the actor and the store of his app.
func (s *Service) app(ctx context.Context) (*auth.Actor, *store.App) {
	actor := auth.FromContext(ctx)
	return actor, s.Store.App(actor.App.ID)
}

// find returns a message as it is stored and the actor's seat in its channel
// (access.Message).
func (s *Service) find(ctx context.Context, id string) (*access.Seat, *chat.Message, error) {
	return s.Access.Message(ctx, id)
}

// own tells whether the message is the actor's.
func own(seat *access.Seat, m *chat.Message) bool {
	return seat.Actor.UserID != "" && seat.Actor.UserID == m.UserID
}

// notDeleted returns the refusal to change a deleted message.
func notDeleted(m *chat.Message) error {
	if m.DeletedAt != nil {
		return chat.Errorf(chat.Invalid, "message with id %s has been deleted", m.ID)
	}
	return nil
}

// unsupported is the answer where a channel's configuration has a feature off.
func unsupported(seat *access.Seat, feature string) error {
	return chat.Errorf(chat.FeatureNotSupported, "Channel type %s does not support %s", seat.Channel.Type, feature)
}

// within checks a limit of a list.
func within(field string, n, most int) error {
	if n > most {
		return chat.Errorf(chat.Invalid, "%s must contain at maximum %d items", field, most)
	}
	return nil
}
