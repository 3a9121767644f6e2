package realtime

import (
	"context"
	"slices"

	"chatd/internal/chat"
)

// register makes a connection known: from now on its user is online and events
// for it are queued. It returns once the user's memberships are known.
func (h *Hub) register(ctx context.Context, c *conn, app chat.AppID, userID string) error {
	if err := h.admit(c, userKey{app, userID}); err != nil {
		return err
	}
	h.conns.add(c)
	if h.draining.Load() { // Drain may have missed it
		h.unregister(c)
		return errDraining()
	}
	if err := h.ensureLoaded(ctx, c.user); err != nil {
		h.unregister(c)
		return err
	}
	return nil
}

// admit gives a connection to its user.
func (h *Hub) admit(c *conn, k userKey) error {
	s := h.users.of(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.m[k]; u != nil && len(u.conns) >= h.cfg.MaxConnsPerUser {
		return chat.Errorf(chat.TooManyConnections, "user %s has too many connections, at most %d are allowed", k.id, h.cfg.MaxConnsPerUser)
	}
	u := s.get(k)
	c.id = newConnID(h.tag)
	c.user = u
	c.first = len(u.conns) == 0 && u.peers == 0
	u.conns = append(u.conns, c)
	u.open.Store(int32(len(u.conns))) //nolint:gosec // bounded by MaxConnsPerUser
	h.live.add()
	if len(u.conns) == 1 {
		h.stats.users.Add(1)
		h.outbox.tell(record{App: k.app, User: k.id, Presence: presenceOn})
	}
	return nil
}

// unregister forgets a connection and tells the Backend what its user lost by
// that. It may be called more than once.
func (h *Hub) unregister(c *conn) {
	c.state.Lock()
	done := c.gone
	c.gone = true
	watching, presence := c.watching, c.presence
	c.watching, c.presence = nil, nil
	c.state.Unlock()
	if done {
		return
	}
	h.conns.remove(c)
	var l left
	for cid := range watching {
		if h.unwatch(c, cid, false) {
			l.cids = append(l.cids, cid)
		}
	}
	for id := range presence {
		h.unsubscribe(c, id)
	}
	l.offline = h.dismiss(c)
	h.left(c.user.key, &l, false)
	h.live.remove()
}

// dismiss takes a connection from its user. It returns whether he is connected
// nowhere any more.
func (h *Hub) dismiss(c *conn) (offline bool) {
	u := c.user
	s := h.users.of(u.key)
	s.mu.Lock()
	u.conns = slices.DeleteFunc(u.conns, func(o *conn) bool { return o == c })
	u.open.Store(int32(len(u.conns))) //nolint:gosec // bounded by MaxConnsPerUser
	if len(u.conns) > 0 {
		s.mu.Unlock()
		return false
	}
	members := u.members
	u.members, u.loading = nil, nil
	u.loaded.Store(false)
	u.totals.Store(0)
	for _, m := range members {
		m.muted = true // who still finds it in its channel must not change the totals
	}
	h.stats.users.Add(-1)
	offline = u.peers == 0
	r := record{App: u.key.app, User: u.key.id, Presence: presenceQuiet}
	if offline {
		r.Presence = presenceOff
	}
	h.outbox.tell(r)
	s.tidy(u)
	s.mu.Unlock()

	for cid, m := range members {
		h.removeMember(u, cid, m)
	}
	return offline
}

// removeMember takes a membership of a user who left this node from the channel,
// unless he is back already and has a new one.
func (h *Hub) removeMember(u *user, cid chat.CID, m *membership) {
	k := channelKey{u.key.app, cid}
	s := h.channels.of(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	if ch := s.m[k]; ch != nil && ch.members[u] == m {
		delete(ch.members, u)
		s.tidy(k, ch)
	}
}

// First tells whether a connection of this node was its user's only one in the
// cluster when it opened, so that he came online with it. Meant for hello.
func (h *Hub) First(connID string) bool {
	c := h.conns.get(connID)
	return c != nil && c.first
}
