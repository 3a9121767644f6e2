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
			p.asked = false
			continue
		case stateEnd:
			for k, l := range cl.sweep(p) {
				lost[k] = l
			}
			continue
		case presenceOn, presenceOff, presenceQuiet:
		}
		k := userKey{r.App, r.User}
		cl.applyUser(p, k, r, lost)
		if r.Invisible != nil {
			cl.hub.users.with(k, func(u *user) { u.invisible = *r.Invisible })
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

// sweep forgets what a node has not repeated since its generation began, and
// returns what users lost by that. cl.mu is held.
func (cl *cluster) sweep(p *peer) map[userKey]*left {
	lost := map[userKey]*left{}
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
	return lost
}

// forgetChannel forgets that users of other nodes watch a channel.
func (cl *cluster) forgetChannel(k channelKey) {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	for _, id := range cl.hub.watchersAway(k) {
		uk := userKey{k.app, id}
		for _, p := range cl.peers {
			if pu := p.users[uk]; pu != nil {
				cl.endWatch(uk, pu, k.cid)
			}
		}
	}
}

// watchersAway returns the users who watch a channel on other nodes.
func (h *Hub) watchersAway(k channelKey) []string {
	s := h.channels.of(k)
	s.mu.RLock()
	defer s.mu.RUnlock()
	ch := s.m[k]
	if ch == nil {
		return nil
	}
	var ids []string
	for id, w := range ch.watchers {
		if w.peers > 0 {
			ids = append(ids, id)
		}
	}
	return ids
}

// tellState tells all nodes everything about this one. The records of each part
// are queued under its lock, so later changes come after them.
func (h *Hub) tellState() {
	h.outbox.tell(record{Presence: stateBegin})
	for i := range h.users {
		s := &h.users[i]
		s.mu.Lock()
		for k, u := range s.m {
			if len(u.conns) > 0 {
				h.outbox.tell(record{App: k.app, User: k.id, Presence: presenceOn, Invisible: new(u.invisible)})
			}
		}
		s.mu.Unlock()
	}
	for i := range h.channels {
		s := &h.channels[i]
		s.mu.RLock()
		for k, ch := range s.m {
			for id, w := range ch.watchers {
				if w.here > 0 {
					h.outbox.tell(record{App: k.app, User: id, Watch: []chat.CID{k.cid}})
				}
			}
		}
		s.mu.RUnlock()
	}
	h.outbox.tell(record{Presence: stateEnd})
}
