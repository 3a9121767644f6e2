package realtime

import (
	"chatd/internal/chat"
)

// apply takes a node's records in order. It returns what users lost with quiet
// records and with what the node did not repeat in its state. cl.mu is held.
func (cl *cluster) apply(p *peer, records []record) map[userKey]*left {
	lost := map[userKey]*left{}
	for i := range records {
		r := &records[i]
		switch r.Presence {
		case stateBegin:
			p.gen++
			p.asked, p.torn = false, false
			continue
		case stateEnd:
			if !p.torn {
				cl.sweep(p, lost)
			}
			continue
		case presenceOn, presenceOff, presenceQuiet:
		}
		k := userKey{r.App, r.User}
		cl.applyUser(p, k, r, lost)
		if r.SetAt > 0 {
			cl.hub.users.with(k, func(u *user) {
				if r.SetAt > u.setAt {
					u.invisible, u.setAt = r.Invisible, r.SetAt
				}
			})
		}
	}
	return lost
}

// applyUser takes a record's presence and watching.
func (cl *cluster) applyUser(p *peer, k userKey, r *record, lost map[userKey]*left) {
	pu := p.users[k]
	if pu == nil {
		pu = &peerUser{}
		p.users[k] = pu
	}
	switch r.Presence {
	case presenceOn:
		cl.setOnline(p, k, pu)
	case presenceOff, presenceQuiet:
		if pu.online && cl.hub.peerOffline(k) && r.Presence == presenceQuiet {
			lose(lost, k).offline = true
		}
		pu.online = false
	case stateBegin, stateEnd:
	}
	for _, cid := range r.Watch {
		cl.setWatch(p, k, pu, cid)
	}
	for _, cid := range r.Stop {
		cl.endWatch(k, pu, cid)
	}
	for _, cid := range r.Quiet {
		if cl.endWatch(k, pu, cid) {
			l := lose(lost, k)
			l.cids = append(l.cids, cid)
		}
	}
	if !pu.online && len(pu.watches) == 0 {
		delete(p.users, k)
	}
}

func lose(lost map[userKey]*left, k userKey) *left {
	l := lost[k]
	if l == nil {
		l = &left{}
		lost[k] = l
	}
	return l
}

func (cl *cluster) setOnline(p *peer, k userKey, pu *peerUser) {
	pu.gen = p.gen
	if pu.online {
		return
	}
	pu.online = true
	s := cl.hub.users.of(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.get(k).peers++
}

// peerOffline notes that a user is gone from one other node and returns whether he
// is nowhere any more.
func (h *Hub) peerOffline(k userKey) (gone bool) {
	s := h.users.of(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.m[k]
	if u == nil {
		return false
	}
	u.peers--
	gone = u.peers == 0 && len(u.conns) == 0
	s.tidy(u)
	return gone
}

func (cl *cluster) setWatch(p *peer, k userKey, pu *peerUser, cid chat.CID) {
	_, known := pu.watches[cid]
	if pu.watches == nil {
		pu.watches = map[chat.CID]int{}
	}
	pu.watches[cid] = p.gen
	if known {
		return
	}
	ck := channelKey{k.app, cid}
	s := cl.hub.channels.of(ck)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.get(ck).watcher(k.id).peers++
}

// endWatch notes that a user stopped watching on one other node and returns
// whether he watches nowhere any more.
func (cl *cluster) endWatch(k userKey, pu *peerUser, cid chat.CID) (gone bool) {
	if _, ok := pu.watches[cid]; !ok {
		return false
	}
	delete(pu.watches, cid)
	ck := channelKey{k.app, cid}
	s := cl.hub.channels.of(ck)
	s.mu.Lock()
	defer s.mu.Unlock()
	ch := s.m[ck]
	if ch == nil || ch.watchers[k.id] == nil {
		return false
	}
	w := ch.watchers[k.id]
	w.peers--
	if w.peers > 0 || w.here > 0 {
		return false
	}
	delete(ch.watchers, k.id)
	s.tidy(ck, ch)
	return true
}

// sweep forgets what a node has not repeated since its generation began, and adds
// what users lost by that. cl.mu is held.
func (cl *cluster) sweep(p *peer, lost map[userKey]*left) {
	for k, pu := range p.users {
		if pu.online && pu.gen != p.gen {
			pu.online = false
			if cl.hub.peerOffline(k) {
				lose(lost, k).offline = true
			}
		}
		for cid, gen := range pu.watches {
			if gen != p.gen && cl.endWatch(k, pu, cid) {
				l := lose(lost, k)
				l.cids = append(l.cids, cid)
			}
		}
		if !pu.online && len(pu.watches) == 0 {
			delete(p.users, k)
		}
	}
}

// tellState tells all nodes everything about this one. What a user's record says
// is read and queued under the locks that guard it, so that later changes follow
// it.
func (h *Hub) tellState() {
	h.outbox.tell(record{Presence: stateBegin})
	for i := range h.users {
		s := &h.users[i]
		s.mu.Lock()
		for _, u := range s.m {
			if len(u.conns) > 0 {
				h.tellUser(u)
			}
		}
		s.mu.Unlock()
	}
	h.outbox.tell(record{Presence: stateEnd})
}

// tellUser tells everything about a user of this node, whose shard is locked.
func (h *Hub) tellUser(u *user) {
	r := record{App: u.key.app, User: u.key.id, Presence: presenceOn, Invisible: u.invisible, SetAt: u.setAt}
	for _, c := range u.conns {
		c.state.Lock()
		defer c.state.Unlock()
		for cid := range c.watching {
			r.Watch = append(r.Watch, cid)
		}
	}
	h.outbox.tell(r)
}
