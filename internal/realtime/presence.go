package realtime

import (
	"context"

	"chatd/internal/chat"
)

// SubscribePresence sends a connection the events with the audience ToPresence of
// these users, besides those subscribed before; beyond 10,000 users of one
// connection further ones are left out. Errors are those of Watch.
func (h *Hub) SubscribePresence(ctx context.Context, app chat.AppID, userID, connID string, userIDs []string) error {
	_, err := h.do(ctx, &call{Op: opPresence, App: app, User: userID, Conn: connID, Users: userIDs}, callTimeout)
	return err
}

// subscribe adds users to those whose presence a connection gets.
func (h *Hub) subscribe(c *conn, userIDs []string) {
	for _, id := range userIDs {
		k := userKey{c.user.key.app, id}
		s := h.users.of(k)
		s.mu.Lock()
		if c.follow(id) {
			u := s.get(k)
			if u.subs == nil {
				u.subs = map[*conn]struct{}{}
			}
			u.subs[c] = struct{}{}
		}
		s.mu.Unlock()
	}
}

// follow notes a user whose presence the connection gets; false if it does, or
// may not.
func (c *conn) follow(userID string) bool {
	c.state.Lock()
	defer c.state.Unlock()
	if _, ok := c.presence[userID]; ok || c.gone || len(c.presence) >= maxPresence {
		return false
	}
	if c.presence == nil {
		c.presence = map[string]struct{}{}
	}
	c.presence[userID] = struct{}{}
	return true
}

// unsubscribe ends a connection's subscription to one user's presence.
func (h *Hub) unsubscribe(c *conn, userID string) {
	k := userKey{c.user.key.app, userID}
	s := h.users.of(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.m[k]; u != nil {
		delete(u.subs, c)
		s.tidy(u)
	}
}

// Online tells whether a user is connected anywhere in the cluster and not
// invisible.
func (h *Hub) Online(app chat.AppID, userID string) (online bool) {
	h.users.with(userKey{app, userID}, func(u *user) { online = u.online() })
	return online
}

// OnlineOf returns those of the users who are Online.
func (h *Hub) OnlineOf(app chat.AppID, userIDs []string) map[string]bool {
	online := make(map[string]bool, len(userIDs))
	for _, id := range userIDs {
		if h.Online(app, id) {
			online[id] = true
		}
	}
	return online
}

// SetInvisible makes a user appear offline, or not, on all nodes until he is
// connected nowhere any more. It does nothing for a user who is not connected, so
// it is called whenever a user of whom this is stored connects (in hello) or
// changes it.
func (h *Hub) SetInvisible(app chat.AppID, userID string, invisible bool) {
	h.users.with(userKey{app, userID}, func(u *user) {
		if len(u.conns) == 0 && u.peers == 0 || u.invisible == invisible {
			return
		}
		u.invisible, u.setAt = invisible, max(h.cfg.Now().UnixNano(), u.setAt+1)
		h.outbox.tell(record{App: app, User: userID, Invisible: invisible, SetAt: u.setAt})
	})
}

// Totals returns the live unread numbers of a user connected to this node; false
// if he is not.
func (h *Hub) Totals(app chat.AppID, userID string) (unread chat.Unread, ok bool) {
	h.users.with(userKey{app, userID}, func(u *user) {
		if ok = len(u.conns) > 0 && u.loaded.Load(); ok {
			t := totals(u.totals.Load())
			unread = chat.Unread{UnreadCount: t.messages(), TotalUnread: t.messages(), UnreadChannels: t.channels()}
		}
	})
	return unread, ok
}
