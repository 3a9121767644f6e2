package realtime

import (
	"crypto/rand"
	"encoding/hex"
	"hash/maphash"
	"strings"
	"sync"

	"chatd/internal/chat"
)

// The bounds of what one connection may ask for.
const (
	maxWatched  = 10_000 // channels
	maxPresence = 10_000 // users
)

// conn is a client's connection: a websocket or a long-poll session.
type conn struct {
	sink

	id      string
	user    *user          // set before the connection can be found, never changed
	first   bool           // the user had no other connection in the cluster when it opened
	deflate bool           // frames may be compressed
	include chat.Inclusion // of the custom data of senders' memberships
	poll    *poll          // the long-poll's part; nil for a websocket

	state    sync.Mutex // guards what follows; locked after the shards
	gone     bool       // unregistered: nothing is added any more
	watching map[chat.CID]struct{}
	presence map[string]struct{}
}

// connIDSize is the length of a connection id: like a UUID, whose first group
// names the node.
const connIDSize = 36

// newTag names an incarnation of a node: the first group of its connections' ids.
func newTag() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// newConnID returns an id that nobody can guess.
func newConnID(tag string) string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails
	s := hex.EncodeToString(b[:])
	return strings.Join([]string{tag, s[:4], s[4:8], s[8:12], s[12:]}, "-")
}

// tagOf returns the node's part of a connection id; "" if it is none.
func tagOf(connID string) string {
	if len(connID) != connIDSize || connID[8] != '-' {
		return ""
	}
	return connID[:8]
}

// connections are all connections of this node by id, in parts that also are the
// spokes of the health wheel.
type connections [shards]connShard

type connShard struct {
	mu sync.Mutex
	m  map[string]*conn
}

func (cs *connections) of(id string) *connShard {
	return &cs[maphash.String(seed, id)%shards]
}

func (cs *connections) get(id string) *conn {
	s := cs.of(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.m[id]
}

func (cs *connections) add(c *conn) {
	s := cs.of(c.id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.m == nil {
		s.m = map[string]*conn{}
	}
	s.m[c.id] = c
}

func (cs *connections) remove(c *conn) {
	s := cs.of(c.id)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.m, c.id)
}

// all returns the connections of one part.
func (s *connShard) all() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]*conn, 0, len(s.m))
	for _, c := range s.m {
		out = append(out, c)
	}
	return out
}

// owned returns this node's connection if it is the user's.
func (h *Hub) owned(app chat.AppID, userID, connID string) (*conn, error) {
	c := h.conns.get(connID)
	if c == nil || c.user.key != (userKey{app, userID}) {
		return nil, connNotFound(connID)
	}
	return c, nil
}

func connNotFound(connID string) error {
	return chat.Errorf(chat.ConnectionNotFound, "Connection with ID %q not found", connID)
}
