package realtime

import (
	"context"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
)

// poll is the part of a connection that only long-polls have.
type poll struct {
	mu     sync.Mutex
	waiter chan struct{} // closed when a later poll takes over; nil if nobody polls
	last   time.Time     // when the last poll ended
}

// Open opens a long-poll connection, registered like a websocket (see Serve). The
// first event is what hello returns. Without a poll for PollLinger the connection
// ends.
func (h *Hub) Open(ctx context.Context, app chat.AppID, userID string, include chat.Inclusion, hello func(connID string) ([]byte, error)) (connID string, first jsontext.Value, err error) {
	c := &conn{poll: &poll{last: time.Now()}, include: include}
	c.hub, c.wake, c.backlog = h, make(chan struct{}, 1), true
	if err := h.register(ctx, c, app, userID); err != nil {
		return "", nil, err
	}
	first, err = hello(c.id)
	if err != nil {
		h.unregister(c)
		return "", nil, err
	}
	h.polls.add(c)
	return c.id, first, nil
}

// Poll returns the events of a long-poll connection since the last poll, waiting
// up to PollTimeout for the first; none is no error. The connection may be on
// another node. A later poll ends this one without events. Errors are those of
// Watch; after ConnectionNotFound the client opens a new connection.
func (h *Hub) Poll(ctx context.Context, app chat.AppID, userID, connID string) ([]jsontext.Value, error) {
	a, err := h.do(ctx, &call{Op: opPoll, App: app, User: userID, Conn: connID}, h.cfg.PollTimeout+callTimeout)
	if err != nil {
		return nil, err
	}
	return a.Events, nil
}

// Close ends a long-poll connection. Errors are those of Watch.
func (h *Hub) Close(ctx context.Context, app chat.AppID, userID, connID string) error {
	_, err := h.do(ctx, &call{Op: opEnd, App: app, User: userID, Conn: connID}, callTimeout)
	return err
}

// pollEvents waits for events of a connection of this node.
func (h *Hub) pollEvents(ctx context.Context, c *conn) ([]jsontext.Value, error) {
	if c.poll == nil {
		return nil, connNotFound(c.id)
	}
	taken := c.poll.begin()
	defer c.poll.end(taken)
	timeout := time.NewTimer(h.cfg.PollTimeout)
	defer timeout.Stop()
	for {
		events, closed, current := c.takeFor(taken)
		switch {
		case !current:
			c.signal() // it may have been meant for who polls now
			return nil, nil
		case closed:
			h.endPoll(c)
			return nil, connNotFound(c.id)
		case len(events) > 0:
			return events, nil
		}
		select {
		case <-c.wake:
		case <-taken:
			return nil, nil
		case <-timeout.C:
			return nil, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// takeFor empties the queue of a long-poll for a poll, unless another has taken over:
// nobody reads any more what the former one would return.
func (c *conn) takeFor(waiter chan struct{}) (events []jsontext.Value, closed, current bool) {
	c.poll.mu.Lock()
	defer c.poll.mu.Unlock()
	if c.poll.waiter != waiter {
		return nil, false, false
	}
	events, closed = c.take()
	return events, closed, true
}

// take empties the queue of a long-poll.
func (s *sink) take() (events []jsontext.Value, closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.queue {
		events = append(events, f.payload())
	}
	s.queue, s.size = nil, 0
	return events, s.closing || s.dead
}

// begin makes the caller the one who polls. The channel is closed when another
// takes over.
func (p *poll) begin() chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiter != nil {
		close(p.waiter)
	}
	p.waiter = make(chan struct{})
	return p.waiter
}

// end notes that a poll is over.
func (p *poll) end(waiter chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiter == waiter {
		p.waiter, p.last = nil, time.Now()
	}
}

// forsaken tells whether nobody has polled since a time.
func (p *poll) forsaken(since time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.waiter == nil && p.last.Before(since)
}

// endPoll ends a long-poll connection of this node.
func (h *Hub) endPoll(c *conn) {
	h.polls.remove(c)
	c.shut(closeNormal, "")
	h.unregister(c)
}

// polls are this node's long-poll connections.
type polls struct {
	mu sync.Mutex
	m  map[*conn]struct{}
}

func (ps *polls) add(c *conn) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.m == nil {
		ps.m = map[*conn]struct{}{}
	}
	ps.m[c] = struct{}{}
}

func (ps *polls) remove(c *conn) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	delete(ps.m, c)
}

// forsaken returns the connections that nobody has polled since a time.
func (ps *polls) forsaken(since time.Time) []*conn {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	var out []*conn
	for c := range ps.m {
		if c.poll.forsaken(since) {
			out = append(out, c)
		}
	}
	return out
}
