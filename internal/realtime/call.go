package realtime

import (
	"context"
	"errors"
	"sync"
	"time"

	"chatd/internal/chat"
	"chatd/internal/wire"
)

// callTimeout is how long another node may take to answer; a poll may take its own
// time besides.
const callTimeout = 2 * time.Second

// calls are this node's requests to others that wait for their answer.
type calls struct {
	mu   sync.Mutex
	last uint64
	open map[uint64]chan *answer
}

func (cs *calls) begin() (id uint64, done <-chan *answer) {
	ch := make(chan *answer, 1)
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.last++
	if cs.open == nil {
		cs.open = map[uint64]chan *answer{}
	}
	cs.open[cs.last] = ch
	return cs.last, ch
}

func (cs *calls) end(id uint64) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	delete(cs.open, id)
}

// finish hands an answer to the call that waits for it, if it still does.
func (cs *calls) finish(a *answer) {
	cs.mu.Lock()
	ch := cs.open[a.ID]
	delete(cs.open, a.ID)
	cs.mu.Unlock()
	if ch != nil {
		ch <- a
	}
}

// do does what a call asks for: here if the connection is this node's, else on the
// node that its id names.
func (h *Hub) do(ctx context.Context, c *call, timeout time.Duration) (*answer, error) {
	tag := tagOf(c.Conn)
	if tag == h.tag {
		return h.perform(ctx, c)
	}
	if tag == "" || !h.cluster.knows(tag) {
		return nil, connNotFound(c.Conn)
	}
	id, done := h.calls.begin()
	defer h.calls.end(id)
	c.ID = id
	h.outbox.post(letter{msg: h.direct(&envelope{Kind: kindCall, To: tag, Call: c})})
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	select {
	case a := <-done:
		if a.Kind != "" {
			return nil, chat.Errorf(a.Kind, "%s", a.Text)
		}
		return a, nil
	case <-ctx.Done():
		if c.Op == opPoll {
			h.outbox.post(letter{msg: h.direct(&envelope{Kind: kindCall, To: tag, Call: c.release()})})
		}
		return nil, chat.Errorf(chat.Unavailable, "the node of connection %s did not answer: %w", c.Conn, ctx.Err())
	}
}

// release returns the call that ends the wait of a poll, so that its events are
// left to the next.
func (c *call) release() *call {
	return &call{Op: opRelease, App: c.App, User: c.User, Conn: c.Conn}
}

// direct encodes a message for one node.
func (h *Hub) direct(env *envelope) Message {
	env.From = h.tag
	return Message{Key: gossipKey, Data: wire.MustMarshal(env)}
}

// serveCall does what another node asks for and answers.
func (h *Hub) serveCall(ctx context.Context, from string, c *call) {
	a, err := h.perform(ctx, c)
	if err != nil {
		a = &answer{Kind: chat.KindOf(err), Text: err.Error()}
		if e, ok := errors.AsType[*chat.Error](err); ok {
			a.Text = e.Message
		}
	}
	a.ID = c.ID
	h.outbox.post(letter{msg: h.direct(&envelope{Kind: kindAnswer, To: from, Answer: a})})
}

// perform does what a call asks for with a connection of this node.
func (h *Hub) perform(ctx context.Context, c *call) (*answer, error) {
	conn, err := h.owned(c.App, c.User, c.Conn)
	if err != nil {
		return nil, err
	}
	switch c.Op {
	case opWatch:
		newly, err := h.watch(conn, c.CIDs)
		return &answer{CIDs: newly}, err
	case opStop:
		return &answer{Gone: h.stopWatching(conn, c.CIDs)}, nil
	case opPresence:
		h.subscribe(conn, c.Users)
		return &answer{}, nil
	case opPoll:
		events, err := h.pollEvents(ctx, conn)
		return &answer{Events: events}, err
	case opRelease:
		if conn.poll != nil {
			conn.poll.end(conn.poll.begin())
		}
		return &answer{}, nil
	case opEnd:
		if conn.poll == nil {
			return nil, connNotFound(c.Conn)
		}
		h.endPoll(conn)
		return &answer{}, nil
	}
	return nil, chat.Errorf(chat.Invalid, "unknown operation %q", c.Op)
}
