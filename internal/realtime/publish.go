package realtime

import (
	"context"
	"errors"

	"chatd/internal/chat"
)

// errStopped means that the hub does not run any more.
var errStopped = errors.New("realtime: the hub has stopped")

// Publish delivers a publication to this node's connections and hands it to the
// bus for the others. It never waits for a single reader; it waits for the bus up
// to 250 ms, and for its turn while this node has more to deliver than it can.
// Stale changes have been passed to OnStale when it returns.
//
// An error means that other nodes may not get the publication: they are told that
// they have missed something as soon as the bus is back. On this node it is
// delivered all the same, unless it could not be encoded.
func (h *Hub) Publish(ctx context.Context, p *chat.Publication) error {
	parts, err := h.deliverLocal(p)
	if err != nil || len(parts) == 0 {
		return err
	}
	return h.outbox.publish(ctx, parts)
}

// PublishLocal delivers a publication to this node's connections only. The error
// is one of encoding.
func (h *Hub) PublishLocal(p *chat.Publication) error {
	_, err := h.deliverLocal(p)
	return err
}

// deliverLocal delivers a publication here, and returns its parts.
func (h *Hub) deliverLocal(p *chat.Publication) ([]*publication, error) {
	out, err := h.prepare(p)
	if err != nil || len(out.Items) == 0 {
		return nil, err
	}
	h.stale(out)
	parts := out.parts()
	for _, part := range parts {
		if !h.enqueue(part) {
			return nil, errStopped
		}
	}
	return parts, nil
}

// stale passes stale keys to the caches.
func (h *Hub) stale(p *publication) {
	if h.cfg.OnStale == nil {
		return
	}
	for _, it := range p.Items {
		if it.Change != nil && it.Change.Kind == chat.Stale {
			h.cfg.OnStale(p.App, it.Change.Key)
		}
	}
}

// enqueue hands a publication to its dispatcher, and waits while that has more than
// it can do. False after the end of Run. While nobody is connected to this node
// there is nothing to be handed over: who connects from now on counts as live before
// he asks the Backend for anything, and so finds what was published.
func (h *Hub) enqueue(p *publication) bool {
	if len(p.Items) == 0 {
		return true
	}
	if h.live.n.Load() == 0 {
		return !h.ended()
	}
	select {
	case h.dispatcherOf(p).in <- p:
		return true
	case <-h.stopped:
		return false
	}
}

// ended tells whether Run has come to its end.
func (h *Hub) ended() bool {
	select {
	case <-h.stopped:
		return true
	default:
		return false
	}
}
