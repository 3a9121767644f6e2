package realtime

import (
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
	loaded    bool                     // members is complete
	loading   *load
	peers     int // other nodes he is connected to
	invisible bool
	subs      map[*conn]struct{} // connections that get his presence

	open   atomic.Int32  // len(conns)
	totals atomic.Uint64 // of type totals
}

// membership is a user's membership of a channel. watching is guarded by the
// channel's shard, the rest by the user's.
type membership struct {
	unread   int
	seq      int64 // the channel's UnreadSeq at which unread was set
	muted    bool
	watching int // connections on this node that watch the channel
}

// share is what the membership adds to the user's totals.
func (m *membership) share() totals {
	if m.muted {
		return 0
	}
	return oneChannel(m.unread)
}

// update changes a membership and the user's totals with it. The user's shard is
// locked.
func (u *user) update(m *membership, change func(*membership)) {
	before := m.share()
	change(m)
	u.totals.Add(uint64(m.share()) - uint64(before))
}

// count applies a counted message to one member. The user's shard is locked.
func (u *user) count(m *membership, c *chat.Change) {
	if c.Seq != 0 && c.Seq <= m.seq {
		return // known already when the number was read
	}
	switch {
	case u.key.id == c.User:
		u.update(m, func(m *membership) { m.unread = 0 })
	case c.Only == nil || slices.Contains(c.Only, u.key.id):
		u.update(m, func(m *membership) { m.unread++ })
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
	u.invisible = false
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
