package store

import (
	"math"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/maypok86/otter/v2"

	"chatd/internal/chat"
)

// cacheTTL bounds how long a node may believe something that changed while it
// could not be told (the bus was down).
const cacheTTL = 30 * time.Second

// entry names a cached value of a tenant.
type entry struct {
	app chat.AppID
	key string
}

// cache is a bounded cache that never keeps a value that was read before it was
// dropped: a load that overlaps a drop is not stored.
type cache[V any] struct {
	mu    sync.Mutex
	drops uint64
	m     *otter.Cache[entry, V]
}

func newCache[V any](size int) *cache[V] {
	return &cache[V]{m: otter.Must(&otter.Options[entry, V]{
		MaximumSize:      size,
		ExpiryCalculator: otter.ExpiryWriting[entry, V](cacheTTL),
	})}
}

// get returns the cached value or what load, which reads from d, returns. Errors are
// not cached.
func (c *cache[V]) get(k entry, d db, load func() (V, error)) (V, error) {
	if v, ok := c.m.GetIfPresent(k); ok {
		return v, nil
	}
	seen := c.seen(d)
	v, err := load()
	if err == nil {
		c.put(seen, k, v)
	}
	return v, err
}

// never is what no cache has seen.
const never = math.MaxUint64

// seen is what put needs to know about a value that is about to be read from d. What a
// transaction reads may never be committed, and is not kept.
func (c *cache[V]) seen(d db) uint64 {
	if _, tx := d.(pgx.Tx); tx {
		return never
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.drops
}

// put stores v unless something was dropped since seen.
func (c *cache[V]) put(seen uint64, k entry, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.drops == seen {
		c.m.Set(k, v)
	}
}

func (c *cache[V]) drop(k entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drops++
	c.m.Invalidate(k)
}

// dropIf looks at every entry; it is for what happens rarely.
func (c *cache[V]) dropIf(match func(entry) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drops++
	for k := range c.m.Keys() {
		if match(k) {
			c.m.Invalidate(k)
		}
	}
}

func (c *cache[V]) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drops++
	c.m.InvalidateAll()
}

// caches are all of a store's caches.
type caches struct {
	keys     *cache[*chat.AppKey]
	apps     *cache[*chat.App]
	types    *cache[map[string]*Type]
	users    *cache[*chat.User]    // nil for ids that do not exist
	channels *cache[*chat.Channel] // nil for channels that do not exist; the cold row only
	members  *cache[*chat.Member]  // nil for users who are not members
}

// The sizes of the caches, in entries: about 100 MB when all are full.
const (
	cachedApps     = 1_000
	cachedUsers    = 50_000
	cachedChannels = 20_000
	cachedMembers  = 100_000
)

func newCaches() caches {
	return caches{
		keys: newCache[*chat.AppKey](cachedApps), apps: newCache[*chat.App](cachedApps),
		types: newCache[map[string]*Type](cachedApps), users: newCache[*chat.User](cachedUsers),
		channels: newCache[*chat.Channel](cachedChannels), members: newCache[*chat.Member](cachedMembers),
	}
}

// The keys of Stale changes.
const (
	staleApp     = "app"
	staleTypes   = "types"
	staleUser    = "user/"
	staleChannel = "channel/"
	staleMember  = "member/"
	staleMembers = "members/"
)

// AppStale has every node forget the app's settings and keys.
func AppStale() *chat.Change { return &chat.Change{Kind: chat.Stale, Key: staleApp} }

// TypesStale has every node forget the app's channel types, and the channels,
// whose configuration comes from them.
func TypesStale() *chat.Change { return &chat.Change{Kind: chat.Stale, Key: staleTypes} }

// UserStale has every node forget a user.
func UserStale(id string) *chat.Change { return &chat.Change{Kind: chat.Stale, Key: staleUser + id} }

// ChannelStale has every node forget a channel's own row.
func ChannelStale(cid chat.CID) *chat.Change {
	return &chat.Change{Kind: chat.Stale, Key: staleChannel + string(cid)}
}

// MemberStale has every node forget a membership.
func MemberStale(cid chat.CID, userID string) *chat.Change {
	return &chat.Change{Kind: chat.Stale, Key: staleMember + memberKey(cid, userID)}
}

// MembersStale has every node forget all memberships of a channel.
func MembersStale(cid chat.CID) *chat.Change {
	return &chat.Change{Kind: chat.Stale, Key: staleMembers + string(cid)}
}

func memberKey(cid chat.CID, userID string) string { return string(cid) + "\x00" + userID }

// Forget drops what key names from this node's caches.
func (s *Store) Forget(app chat.AppID, key string) {
	c := &s.caches
	switch {
	case key == staleApp:
		c.apps.drop(entry{app, ""})
		c.keys.clear()
	case key == staleTypes:
		c.types.drop(entry{app, ""})
		c.channels.clear()
	case strings.HasPrefix(key, staleUser):
		c.users.drop(entry{app, key[len(staleUser):]})
	case strings.HasPrefix(key, staleChannel):
		c.channels.drop(entry{app, key[len(staleChannel):]})
	case strings.HasPrefix(key, staleMember):
		c.members.drop(entry{app, key[len(staleMember):]})
	case strings.HasPrefix(key, staleMembers):
		of := memberKey(chat.CID(key[len(staleMembers):]), "")
		c.members.dropIf(func(k entry) bool { return k.app == app && strings.HasPrefix(k.key, of) })
	}
}

// ForgetAll empties the caches, after changes may have been missed.
func (s *Store) ForgetAll() {
	c := &s.caches
	c.keys.clear()
	c.apps.clear()
	c.types.clear()
	c.users.clear()
	c.channels.clear()
	c.members.clear()
}
