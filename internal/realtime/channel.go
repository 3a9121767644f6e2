package realtime

import (
	"hash/maphash"
	"sync"
	"time"

	"chatd/internal/chat"
)

type channelKey struct {
	app chat.AppID
	cid chat.CID
}

// channel is a channel that somebody in the cluster watches or that has members
// connected to this node. It is guarded by its shard.
type channel struct {
	conns    map[*conn]struct{}    // that watch it on this node
	members  map[*user]*membership // connected to this node
	watchers map[string]*watcher   // users who watch it anywhere
}

// watcher counts where a user watches a channel.
type watcher struct {
	here  int // connections on this node
	peers int // other nodes
}

// channelShard is one part of the channels.
type channelShard struct {
	mu sync.RWMutex
	m  map[channelKey]*channel
	// recent are messages counted lately, kept only while memberships are being
	// loaded, which may or may not know them.
	recent map[channelKey][]counted
}

// counted is a MessageCounted and when it was applied here.
type counted struct {
	change *chat.Change
	at     time.Time
}

type channels [shards]channelShard

func (cs *channels) of(k channelKey) *channelShard {
	return &cs[maphash.Comparable(seed, k)%shards]
}

// get returns the channel, made if it is not known. The shard is locked.
func (s *channelShard) get(k channelKey) *channel {
	ch := s.m[k]
	if ch == nil {
		ch = &channel{}
		if s.m == nil {
			s.m = map[channelKey]*channel{}
		}
		s.m[k] = ch
	}
	return ch
}

// tidy forgets a channel about which there is nothing to know. The shard is
// locked.
func (s *channelShard) tidy(k channelKey, ch *channel) {
	if len(ch.conns) == 0 && len(ch.members) == 0 && len(ch.watchers) == 0 {
		delete(s.m, k)
	}
}

// addConn makes a connection watch the channel. It returns whether the user
// watched it nowhere on this node, and nowhere in the cluster, before.
func (ch *channel) addConn(c *conn) (firstHere, first bool) {
	if ch.conns == nil {
		ch.conns = map[*conn]struct{}{}
	}
	ch.conns[c] = struct{}{}
	if m := ch.members[c.user]; m != nil {
		m.watching++
	}
	w := ch.watcher(c.user.key.id)
	w.here++
	return w.here == 1, w.here == 1 && w.peers == 0
}

// removeConn ends a connection's watching. It returns whether the user watches
// the channel nowhere on this node, and nowhere in the cluster, any more.
func (ch *channel) removeConn(c *conn) (lastHere, last bool) {
	if _, ok := ch.conns[c]; !ok {
		return false, false
	}
	delete(ch.conns, c)
	if m := ch.members[c.user]; m != nil {
		m.watching--
	}
	w := ch.watchers[c.user.key.id]
	if w == nil {
		return true, true
	}
	w.here--
	if w.here == 0 && w.peers == 0 {
		delete(ch.watchers, c.user.key.id)
	}
	return w.here == 0, w.here == 0 && w.peers == 0
}

// watcher returns the user's entry, made if he does not watch yet.
func (ch *channel) watcher(userID string) *watcher {
	w := ch.watchers[userID]
	if w == nil {
		w = &watcher{}
		if ch.watchers == nil {
			ch.watchers = map[string]*watcher{}
		}
		ch.watchers[userID] = w
	}
	return w
}

// addMember puts a connected user's membership into the channel.
func (ch *channel) addMember(u *user, m *membership) {
	if ch.members == nil {
		ch.members = map[*user]*membership{}
	}
	ch.members[u] = m
	m.watching = 0
	for _, c := range u.conns {
		if _, ok := ch.conns[c]; ok {
			m.watching++
		}
	}
}

// WatcherCount counts the users who watch a channel anywhere in the cluster.
func (h *Hub) WatcherCount(app chat.AppID, cid chat.CID) int {
	k := channelKey{app, cid}
	s := h.channels.of(k)
	s.mu.RLock()
	defer s.mu.RUnlock()
	if ch := s.m[k]; ch != nil {
		return len(ch.watchers)
	}
	return 0
}
