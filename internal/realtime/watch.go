package realtime

import (
	"context"
	"slices"

	"chatd/internal/chat"
)

// Watch makes a connection watch channels, wherever in the cluster it is. It
// returns those that the user watched on no connection before, for which
// user.watching.start is due. A connection that is unknown or another user's is a
// ConnectionNotFound error, more than 10,000 watched channels are an Invalid one,
// a node that does not answer is Unavailable.
//
// From its return on no event of the channels is missed, so the caller watches
// first and reads the state then.
func (h *Hub) Watch(ctx context.Context, app chat.AppID, userID, connID string, cids []chat.CID) (newly []chat.CID, err error) {
	a, err := h.do(ctx, &call{Op: opWatch, App: app, User: userID, Conn: connID, CIDs: cids}, callTimeout)
	if err != nil {
		return nil, err
	}
	return a.CIDs, nil
}

// StopWatching ends a connection's watching of a channel. It returns whether the
// user watches it nowhere any more, so that user.watching.stop is due. Errors are
// those of Watch.
func (h *Hub) StopWatching(ctx context.Context, app chat.AppID, userID, connID string, cid chat.CID) (gone bool, err error) {
	a, err := h.do(ctx, &call{Op: opStop, App: app, User: userID, Conn: connID, CIDs: []chat.CID{cid}}, callTimeout)
	if err != nil {
		return false, err
	}
	return a.Gone, nil
}

// watch adds channels to what a connection of this node watches.
func (h *Hub) watch(c *conn, cids []chat.CID) (newly []chat.CID, err error) {
	for _, cid := range cids {
		first, err := h.watchOne(c, cid)
		if err != nil {
			return nil, err
		}
		if first {
			newly = append(newly, cid)
		}
	}
	return newly, nil
}

func (h *Hub) watchOne(c *conn, cid chat.CID) (first bool, err error) {
	k := channelKey{c.user.key.app, cid}
	s := h.channels.of(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	added, err := c.remember(cid)
	if err != nil || !added {
		return false, err
	}
	firstHere, first := s.get(k).addConn(c)
	if firstHere {
		h.outbox.tell(record{App: k.app, User: c.user.key.id, Watch: []chat.CID{cid}})
	}
	return first, nil
}

// remember notes a watched channel; false if it was. The channel's shard is locked.
func (c *conn) remember(cid chat.CID) (bool, error) {
	c.state.Lock()
	defer c.state.Unlock()
	if c.gone {
		return false, connNotFound(c.id)
	}
	if _, ok := c.watching[cid]; ok {
		return false, nil
	}
	if len(c.watching) >= maxWatched {
		return false, chat.Errorf(chat.Invalid, "a connection cannot watch more than %d channels", maxWatched)
	}
	if c.watching == nil {
		c.watching = map[chat.CID]struct{}{}
	}
	c.watching[cid] = struct{}{}
	return true, nil
}

// forget drops a watched channel from the connection's own list. The channel's
// shard is locked.
func (c *conn) forget(cid chat.CID) {
	c.state.Lock()
	defer c.state.Unlock()
	delete(c.watching, cid)
}

// stopWatching ends the watching of channels and returns whether the user watches
// the last of them nowhere any more. The caller is told, so nodes need not tell.
func (h *Hub) stopWatching(c *conn, cids []chat.CID) (gone bool) {
	for _, cid := range cids {
		gone = h.unwatch(c, cid, true)
	}
	return gone
}

// unwatch takes a connection out of a channel. It returns whether the user watches
// it nowhere any more, which the caller must tell the Backend or the client. told
// means that others need not tell, whatever they see.
func (h *Hub) unwatch(c *conn, cid chat.CID, told bool) (last bool) {
	k := channelKey{c.user.key.app, cid}
	s := h.channels.of(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	c.forget(cid)
	ch := s.m[k]
	if ch == nil {
		return false
	}
	lastHere, last := ch.removeConn(c)
	s.tidy(k, ch)
	if lastHere {
		r := record{App: k.app, User: c.user.key.id}
		if told || last {
			r.Stop = []chat.CID{cid}
		} else {
			r.Quiet = []chat.CID{cid}
		}
		h.outbox.tell(r)
	}
	return last
}

// endWatching takes all of a user's connections to this node out of a channel that
// he may not see any more.
func (h *Hub) endWatching(app chat.AppID, cid chat.CID, userID string) {
	var conns []*conn
	h.users.with(userKey{app, userID}, func(u *user) { conns = slices.Clone(u.conns) })
	for _, c := range conns {
		h.unwatch(c, cid, true)
	}
}

// Watchers lists the users who watch a channel anywhere in the cluster, by id, at
// most limit from offset on.
func (h *Hub) Watchers(app chat.AppID, cid chat.CID, limit, offset int) []string {
	limit, offset = max(limit, 0), max(offset, 0)
	k := channelKey{app, cid}
	s := h.channels.of(k)
	s.mu.RLock()
	defer s.mu.RUnlock()
	ch := s.m[k]
	if ch == nil {
		return nil
	}
	ids := firstOf(ch.watchers, min(limit+offset, len(ch.watchers)))
	return ids[min(offset, len(ids)):]
}

// firstOf returns the n first keys, in order, of a map that may be much bigger.
func firstOf(m map[string]*watcher, n int) []string {
	out := make([]string, 0, n+1)
	for id := range m {
		if len(out) == n && (n == 0 || id > out[n-1]) {
			continue
		}
		at, _ := slices.BinarySearch(out, id)
		out = slices.Insert(out, at, id)
		out = out[:min(len(out), n)]
	}
	return out
}

// Watches tells whether a user watches a channel on any connection in the cluster.
func (h *Hub) Watches(app chat.AppID, userID string, cid chat.CID) bool {
	k := channelKey{app, cid}
	s := h.channels.of(k)
	s.mu.RLock()
	defer s.mu.RUnlock()
	ch := s.m[k]
	return ch != nil && ch.watchers[userID] != nil
}
