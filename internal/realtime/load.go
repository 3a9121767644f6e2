package realtime

import (
	"context"
	"errors"
	"fmt"
	"time"

	"chatd/internal/chat"
)

// loadTimeout bounds one load of memberships.
const loadTimeout = 10 * time.Second

// errAway means that a user's last connection ended while something was done for
// him.
var errAway = errors.New("user is not connected any more")

// load is the reading of a user's memberships. Changes of his own memberships that
// arrive meanwhile wait in pending; counted messages are kept by the channels.
type load struct {
	done    chan struct{}
	err     error // set before done is closed
	began   time.Time
	pending []*chat.Change
}

// ensureLoaded reads the memberships of a connected user unless they are known. If
// that is under way for another of his connections it waits for that.
func (h *Hub) ensureLoaded(ctx context.Context, u *user) error {
	s := h.users.of(u.key)
	for {
		s.mu.Lock()
		l := u.loading
		if l == nil && u.loaded.Load() {
			s.mu.Unlock()
			return nil
		}
		if l == nil {
			l = u.beginLoad()
			s.mu.Unlock()
			return h.load(ctx, u, l)
		}
		s.mu.Unlock()
		select {
		case <-l.done:
			if !errors.Is(l.err, context.Canceled) { // that was the other's wish
				return l.err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// reload reads the memberships of a connected user anew, after a load that is under
// way and may have read too early.
func (h *Hub) reload(ctx context.Context, u *user) error {
	s := h.users.of(u.key)
	for {
		s.mu.Lock()
		if len(u.conns) == 0 {
			s.mu.Unlock()
			return nil
		}
		l := u.loading
		if l == nil {
			l = u.beginLoad()
			s.mu.Unlock()
			return h.load(ctx, u, l)
		}
		s.mu.Unlock()
		select {
		case <-l.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// beginLoad marks the user as being loaded. His shard is locked.
func (u *user) beginLoad() *load {
	u.loading = &load{done: make(chan struct{}), began: time.Now()}
	return u.loading
}

// load reads the memberships and puts them in place.
func (h *Hub) load(ctx context.Context, u *user, l *load) error {
	h.loads.Add(1)
	defer h.loads.Add(-1)
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	list, err := h.cfg.Backend.Memberships(ctx, u.key.app, u.key.id)
	if err != nil {
		err = fmt.Errorf("load memberships of %s: %w", u.key.id, err)
		h.endLoad(u, l, err)
		return err
	}
	known := make(map[chat.CID]struct{}, len(list))
	for _, m := range list {
		known[m.CID] = struct{}{}
		h.install(u, l, m)
	}
	for _, cid := range h.unlisted(u, l, known) {
		h.changeMember(u, l, &chat.Change{Kind: chat.MemberLeft, CID: cid, User: u.key.id})
	}
	return h.finishLoad(u, l)
}

// unlisted returns the memberships that a load did not find.
func (h *Hub) unlisted(u *user, l *load, known map[chat.CID]struct{}) []chat.CID {
	s := h.users.of(u.key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if u.loading != l {
		return nil
	}
	var out []chat.CID
	for cid := range u.members {
		if _, ok := known[cid]; !ok {
			out = append(out, cid)
		}
	}
	return out
}

// install puts one loaded membership in place and counts the messages that came
// after it was read.
func (h *Hub) install(u *user, l *load, loaded Membership) {
	k := channelKey{u.key.app, loaded.CID}
	cs, us := h.channels.of(k), h.users.of(u.key)
	cs.mu.Lock()
	defer cs.mu.Unlock()
	us.mu.Lock()
	defer us.mu.Unlock()
	if u.loading != l {
		return
	}
	m := u.join(cs.get(k), loaded)
	for _, r := range cs.recent[k] {
		if r.at.After(l.began) {
			u.update(m, func(m *membership) { m.count(u.key.id, r.change) })
		}
	}
}

// finishLoad applies the changes that arrived during a load until there are none.
func (h *Hub) finishLoad(u *user, l *load) error {
	s := h.users.of(u.key)
	for {
		s.mu.Lock()
		if u.loading != l {
			s.mu.Unlock()
			h.endLoad(u, l, errAway)
			return errAway
		}
		pending := l.pending
		l.pending = nil
		if len(pending) == 0 {
			u.loaded.Store(true)
			s.mu.Unlock()
			h.endLoad(u, l, nil)
			return nil
		}
		s.mu.Unlock()
		for _, c := range pending {
			h.changeMember(u, l, c)
		}
	}
}

// endLoad lets those go on who wait for the load.
func (h *Hub) endLoad(u *user, l *load, err error) {
	s := h.users.of(u.key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if u.loading == l {
		u.loading = nil
	}
	l.err = err
	close(l.done)
}

// reloadAll reads the memberships of all connected users anew, a few at a time.
// It is needed when changes of other nodes may have been missed.
func (h *Hub) reloadAll(ctx context.Context) {
	const atOnce = 4
	slots := make(chan struct{}, atOnce)
	for i := range h.users {
		for _, u := range h.users[i].connected() {
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				return
			}
			h.spawn(func() {
				defer func() { <-slots }()
				if err := h.reload(ctx, u); err != nil && !errors.Is(err, errAway) {
					h.log.Warn("realtime: reload after a gap", "user", u.key.id, "err", err)
				}
			})
		}
	}
	for range atOnce { // wait for the last ones
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
	}
}

// connected returns the users of one part who are connected to this node.
func (s *userShard) connected() []*user {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*user
	for _, u := range s.m {
		if len(u.conns) > 0 {
			out = append(out, u)
		}
	}
	return out
}
