package realtime

import (
	"context"
	"maps"
	"slices"
	"time"

	"chatd/internal/chat"
)

// reloadTimeout bounds the reading of a channel's unread numbers, during which its
// dispatcher waits.
const reloadTimeout = 5 * time.Second

// apply makes a change of what this node keeps in memory.
func (d *dispatcher) apply(app chat.AppID, c *chat.Change) {
	h := d.hub
	switch c.Kind {
	case chat.MemberJoined, chat.MemberLeft, chat.UnreadSet, chat.ChannelMuted, chat.ChannelUnmuted:
		h.changeMember(h.connectedUser(userKey{app, c.User}), nil, c)
	case chat.MessageCounted:
		h.countMessage(app, c)
	case chat.UnreadReload:
		d.flush()
		h.reloadChannel(app, c.CID)
	case chat.ChannelGone:
		h.channelGone(app, c.CID)
	case chat.WatchEnded:
		h.endWatching(app, c.CID, c.User)
	case chat.Stale: // done when the publication arrived
	}
}

// connectedUser returns a user with connections to this node, or nil.
func (h *Hub) connectedUser(k userKey) (found *user) {
	h.users.with(k, func(u *user) {
		if len(u.conns) > 0 {
			found = u
		}
	})
	return found
}

// changeMember applies a change of one membership. During a load of the user only
// the load itself (l) applies changes; others wait for its end.
func (h *Hub) changeMember(u *user, l *load, c *chat.Change) {
	if u == nil {
		return
	}
	k := channelKey{u.key.app, c.CID}
	cs, us := h.channels.of(k), h.users.of(u.key)
	cs.mu.Lock()
	defer cs.mu.Unlock()
	us.mu.Lock()
	defer us.mu.Unlock()
	if u.loading != l {
		if u.loading != nil && l == nil {
			u.loading.pending = append(u.loading.pending, c)
		}
		return
	}
	if l == nil && !u.loaded.Load() {
		return
	}
	switch m := u.members[c.CID]; {
	case c.Kind == chat.MemberJoined:
		u.join(cs.get(k), Membership{CID: c.CID, Unread: c.N, Seq: c.Seq})
	case m == nil: // no member
	case c.Kind == chat.MemberLeft:
		u.leave(cs, k, m)
	case c.Kind == chat.UnreadSet:
		u.update(m, func(m *membership) { m.set(c.N, c.Seq) })
	default:
		u.update(m, func(m *membership) { m.muted = c.Kind == chat.ChannelMuted })
	}
}

// join makes the user a member, or sets the numbers of his membership. Both
// shards are locked.
func (u *user) join(ch *channel, loaded Membership) *membership {
	m := u.members[loaded.CID]
	if m == nil {
		m = &membership{}
		if u.members == nil {
			u.members = map[chat.CID]*membership{}
		}
		u.members[loaded.CID] = m
		ch.addMember(u, m)
	}
	u.update(m, func(m *membership) {
		m.set(loaded.Unread, loaded.Seq)
		m.muted = loaded.Muted
	})
	return m
}

// leave ends a membership. Both shards are locked.
func (u *user) leave(cs *channelShard, k channelKey, m *membership) {
	u.update(m, func(m *membership) { m.base = m.last })
	if u.members[k.cid] == m {
		delete(u.members, k.cid)
	}
	if ch := cs.m[k]; ch != nil && ch.members[u] == m {
		delete(ch.members, u)
		cs.tidy(k, ch)
	}
}

// countMessage raises the unread numbers of a channel's connected members.
func (h *Hub) countMessage(app chat.AppID, c *chat.Change) {
	k := channelKey{app, c.CID}
	cs := h.channels.of(k)
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if h.loads.Load() > 0 {
		if cs.recent == nil {
			cs.recent = map[channelKey][]counted{}
		}
		cs.recent[k] = append(cs.recent[k], counted{c, time.Now()})
	}
	ch := cs.m[k]
	if ch == nil {
		return
	}
	for u, m := range ch.members {
		us := h.users.of(u.key)
		us.mu.Lock()
		u.update(m, func(m *membership) { m.count(u.key.id, c) })
		us.mu.Unlock()
	}
}

// forgetCounted drops counted messages that no load can need any more.
func (h *Hub) forgetCounted() {
	old := time.Now().Add(-2 * loadTimeout)
	for i := range h.channels {
		s := &h.channels[i]
		s.mu.Lock()
		for k, list := range s.recent {
			needed := slices.IndexFunc(list, func(c counted) bool { return c.at.After(old) })
			if needed < 0 {
				delete(s.recent, k)
			} else {
				s.recent[k] = list[needed:]
			}
		}
		s.mu.Unlock()
	}
}

// reloadChannel reads the unread numbers of a channel's connected members anew.
func (h *Hub) reloadChannel(app chat.AppID, cid chat.CID) {
	k := channelKey{app, cid}
	s := h.channels.of(k)
	var ids []string
	s.mu.RLock()
	if ch := s.m[k]; ch != nil {
		for u := range ch.members {
			ids = append(ids, u.key.id)
		}
	}
	s.mu.RUnlock()
	if len(ids) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), reloadTimeout)
	defer cancel()
	unread, seq, err := h.cfg.Backend.Unread(ctx, app, cid, ids)
	if err != nil {
		h.log.Warn("realtime: read unread numbers", "cid", cid, "err", err)
		return
	}
	for _, id := range ids {
		// Who is not among them has nothing unread: the channel was deleted.
		c := &chat.Change{Kind: chat.UnreadSet, CID: cid, User: id, N: unread[id], Seq: seq}
		h.changeMember(h.connectedUser(userKey{app, id}), nil, c)
	}
}

// channelGone ends the watching of this node's connections to a channel that does
// not exist any more, and its memberships. Other nodes do the same.
func (h *Hub) channelGone(app chat.AppID, cid chat.CID) {
	k := channelKey{app, cid}
	for _, c := range h.watching(k) {
		h.unwatch(c, cid, true)
	}
	s := h.channels.of(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	ch := s.m[k]
	if ch == nil {
		return
	}
	for u, m := range ch.members {
		us := h.users.of(u.key)
		us.mu.Lock()
		if u.loading == nil {
			u.leave(s, k, m)
		} else {
			u.loading.pending = append(u.loading.pending, &chat.Change{Kind: chat.MemberLeft, CID: cid, User: u.key.id})
		}
		us.mu.Unlock()
	}
}

// watching returns the connections to this node that watch a channel.
func (h *Hub) watching(k channelKey) []*conn {
	s := h.channels.of(k)
	s.mu.RLock()
	defer s.mu.RUnlock()
	if ch := s.m[k]; ch != nil {
		return slices.Collect(maps.Keys(ch.conns))
	}
	return nil
}
