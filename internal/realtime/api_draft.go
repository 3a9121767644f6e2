package realtime

import (
	"context"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
)

// New returns a hub. It does nothing before Run.
func New(cfg Config) *Hub { return &Hub{cfg: cfg} }

// Run owns the hub's goroutines until ctx ends.
func (h *Hub) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// Stats returns the hub's counters.
func (h *Hub) Stats() Stats { return Stats{} }

// Drain closes all connections with 1012 and waits for their end.
func (h *Hub) Drain(ctx context.Context) {}

// Publish delivers a publication here and hands it to the bus.
func (h *Hub) Publish(ctx context.Context, p *chat.Publication) error { return nil }

// PublishLocal delivers a publication to this node's connections only.
func (h *Hub) PublishLocal(p *chat.Publication) error { return nil }

// Socket is an accepted websocket.
type Socket struct{}

// Accept upgrades a request to a websocket.
func (h *Hub) Accept(w http.ResponseWriter, r *http.Request) (*Socket, error) { return nil, nil }

// Reject sends one text frame and closes with 1000.
func (s *Socket) Reject(errorJSON []byte) {}

// Serve registers the socket, sends hello and reads until the end.
func (h *Hub) Serve(ctx context.Context, s *Socket, app chat.AppID, userID string, hello func(connID string) ([]byte, error)) error {
	return nil
}

// Open opens a long-poll connection; the first event is what hello returns.
func (h *Hub) Open(ctx context.Context, app chat.AppID, userID string, hello func(connID string) ([]byte, error)) (connID string, first jsontext.Value, err error) {
	return "", nil, nil
}

// Poll waits for events of a long-poll connection.
func (h *Hub) Poll(ctx context.Context, app chat.AppID, userID, connID string) ([]jsontext.Value, error) {
	return nil, nil
}

// Close ends a long-poll connection.
func (h *Hub) Close(ctx context.Context, app chat.AppID, userID, connID string) error { return nil }

// First tells whether the connection was its user's only one in the cluster when it opened.
func (h *Hub) First(connID string) bool { return false }

// Watch makes a connection watch channels.
func (h *Hub) Watch(ctx context.Context, app chat.AppID, userID, connID string, cids []chat.CID) (newly []chat.CID, err error) {
	return nil, nil
}

// StopWatching ends a connection's watching of a channel.
func (h *Hub) StopWatching(ctx context.Context, app chat.AppID, userID, connID string, cid chat.CID) (gone bool, err error) {
	return false, nil
}

// SubscribePresence sends presence events of users to a connection.
func (h *Hub) SubscribePresence(ctx context.Context, app chat.AppID, userID, connID string, userIDs []string) error {
	return nil
}

// Online tells whether a user is connected and not invisible.
func (h *Hub) Online(app chat.AppID, userID string) bool { return false }

// OnlineOf returns those of the users who are online.
func (h *Hub) OnlineOf(app chat.AppID, userIDs []string) map[string]bool { return nil }

// WatcherCount counts the users who watch a channel.
func (h *Hub) WatcherCount(app chat.AppID, cid chat.CID) int { return 0 }

// Watchers lists the users who watch a channel, by id.
func (h *Hub) Watchers(app chat.AppID, cid chat.CID, limit, offset int) []string { return nil }

// Watches tells whether a user watches a channel on any connection.
func (h *Hub) Watches(app chat.AppID, userID string, cid chat.CID) bool { return false }

// Totals returns the live unread numbers of a user connected to this node.
func (h *Hub) Totals(app chat.AppID, userID string) (chat.Unread, bool) { return chat.Unread{}, false }

// SetInvisible makes a connected user appear offline, or not.
func (h *Hub) SetInvisible(app chat.AppID, userID string, invisible bool) {}
