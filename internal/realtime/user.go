package realtime

import (
	"cmp"
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"

	"chatd/internal/chat"
)

// shards is how many parts the maps of users, channels and connections have, each
// with its own lock.
const shards = 64

var seed = maphash.MakeSeed()

type userKey struct {
	app chat.AppID
	id  string
}

// user is a user who is connected somewhere in the cluster, or whose presence
// somebody here subscribed to. The fields are guarded by the user's shard, except
// the atomic ones.
type user struct {
	key       userKey
	conns     []*conn                  // on this node
	members   map[chat.CID]*membership // of a user connected to this node
	loading   *load
	peers     int // other nodes he is connected to
	invisible bool
	setAt     int64              // when invisible was set, in Unix nanoseconds; the latest wins
	subs      map[*conn]struct{} // connections that get his presence

	open   atomic.Int32  // len(conns)
	loaded atomic.Bool   // members is complete
	totals atomic.Uint64 // of type totals
}

// membership is a user's membership of a channel. Like in the database its unread
// number is the difference of two values of the channel's UnreadSeq, so nothing is
// counted twice or lost, whatever overtakes what between nodes. watching is guarded
// by the channel's shard, the rest by the user's.
type membership struct {
	base     int64 // at which nothing was unread
	last     int64 // the highest that was seen
	setAt    int64 // the one for which base was set
	muted    bool
	watching int // connections on this node that watch the channel
}

func (m *membership) unread() int { return int(max(m.last-m.base, 0)) }

// share is what the membership adds to the user's totals.
func (m *membership) share() totals {
	if m.muted {
		return 0
	}
	return oneChannel(m.unread())
}

// set notes that n messages were unread when the channel's UnreadSeq was seq; 0 if
// that is not known.
func (m *membership) set(n int, seq int64) {
	if seq == 0 {
		seq = m.last
	}
	if seq < m.setAt {
		return // something newer was here first
	}
	m.base, m.setAt, m.last = seq-int64(n), seq, max(m.last, seq)
}

// count notes a message. One for some users only does not raise UnreadSeq but
// lowers their base.
func (m *membership) count(userID string, c *chat.Change) {
	seq := cmp.Or(c.Seq, int64(c.N), m.last+1)
	switch {
	case c.User == userID:
		m.set(0, max(m.setAt, seq))
	case c.Only == nil:
		m.last = max(m.last, seq)
	case slices.Contains(c.Only, userID):
		m.base--
	}
}

// update changes a membership and the user's totals with it. The user's shard is
// locked.
func (u *user) update(m *membership, change func(*membership)) {
	before := m.share()
	change(m)
	u.totals.Add(uint64(m.share()) - uint64(before))
}

// number puts the user's numbers into a variant, if they are known.
func (u *user) number(v *variant) {
	if u.loaded.Load() {
		v.numbered, v.totals = true, totals(u.totals.Load())
	}
}

// online tells whether others see the user online.
func (u *user) online() bool { return !u.invisible && (len(u.conns) > 0 || u.peers > 0) }

// userShard is one part of the users.
type userShard struct {
	mu sync.Mutex
	m  map[userKey]*user
}

type users [shards]userShard

func (us *users) of(k userKey) *userShard {
	return &us[maphash.Comparable(seed, k)%shards]
}

// get returns the user, made if he is not known. The shard is locked.
func (s *userShard) get(k userKey) *user {
	u := s.m[k]
	if u == nil {
		u = &user{key: k}
		if s.m == nil {
			s.m = map[userKey]*user{}
		}
		s.m[k] = u
	}
	return u
}

// tidy forgets a user about whom there is nothing to know. The shard is locked.
func (s *userShard) tidy(u *user) {
	if len(u.conns) > 0 || u.peers > 0 {
		return
	}
	u.invisible, u.setAt = false, 0
	if len(u.subs) == 0 {
		delete(s.m, u.key)
	}
}

// with calls fn with the user, if known, under the lock of his shard.
func (us *users) with(k userKey, fn func(u *user)) {
	s := us.of(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.m[k]; u != nil {
		fn(u)
	}
}
