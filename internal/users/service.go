package users

import (
	"context"

	"chatd/internal/access"
	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/store"
)

// Service has a method for each operation on users.
type Service struct {
	Store   *store.Store
	Access  *access.Access
	Hub     Hub
	Devices Devices
}

// Devices registers devices for push.
type Devices interface {
	// Known returns the refusal of a device that the app has no push provider for.
	Known(ctx context.Context, userID string, r *chat.DeviceRequest) error
	// Register makes a device a user's.
	Register(ctx context.Context, userID string, r *chat.DeviceRequest) error
}

// Hub knows who is connected.
type Hub interface {
	// Online tells whether a user is connected and not invisible.
	Online(app chat.AppID, userID string) bool
	// SetInvisible makes a connected user appear offline, or not.
	SetInvisible(app chat.AppID, userID string, invisible bool)
	// SubscribePresence sends the presence events of users to a connection.
	SubscribePresence(ctx context.Context, app chat.AppID, userID, connID string, userIDs []string) error
	// PublishLocal delivers a publication to this node's connections only.
	PublishLocal(p *chat.Publication) error
}

// app returns the store of the actor's app.
func (s *Service) app(ctx context.Context) (*auth.Actor, *store.App) {
	actor := auth.FromContext(ctx)
	return actor, s.Store.App(actor.App.ID)
}
