package realtime

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
)

// Membership is one channel of a connected user.
type Membership struct {
	CID    chat.CID
	Unread int
	Muted  bool // its messages do not count in the user's totals
	// Seq is the channel's UnreadSeq at which Unread was read, so that a message
	// that was counted already is not counted again; 0 if unknown.
	Seq int64
}

// Backend is what the hub asks of the rest of chatd. Its methods may be called
// at the same time and must return when ctx ends.
type Backend interface {
	// Memberships returns all channels the user listens to (no unanswered or
	// refused invites). Asked when a user's first connection to this node opens
	// and after the bus was interrupted.
	Memberships(ctx context.Context, app chat.AppID, userID string) ([]Membership, error)
	// Unread returns the unread numbers of the users in one channel and the
	// channel's UnreadSeq at which they hold (0 if unknown). Asked on UnreadReload
	// for the connected members.
	Unread(ctx context.Context, app chat.AppID, cid chat.CID, userIDs []string) (unread map[string]int, seq int64, err error)
	// ChannelJSON returns the channel object that notification.message_new and its
	// like carry for those who do not watch the channel. The channel's dispatcher
	// waits for it, so it should come from a cache.
	ChannelJSON(ctx context.Context, app chat.AppID, cid chat.CID) (jsontext.Value, error)
	// Left tells that the user stopped watching cids with the end of his last
	// connection that watched them, and if offline, that his last connection
	// anywhere is gone. local means that all nodes find this out by themselves (a
	// node died): publish on this node only.
	Left(ctx context.Context, app chat.AppID, userID string, cids []chat.CID, offline, local bool)
	// Active tells which users are connected to this node, each about every
	// ActiveInterval, some at a time.
	Active(ctx context.Context, app chat.AppID, userIDs []string)
}

// Config is what a Hub needs. Zero values mean the defaults given.
type Config struct {
	Node    string // the node's name in logs
	Backend Backend
	Bus     Bus          // nil: this is the only node
	Logger  *slog.Logger // slog.Default()
	Now     func() time.Time

	// OnStale drops what caches hold under key ("entity/id"). Called for Stale
	// changes of all nodes; for own ones before Publish returns.
	OnStale func(app chat.AppID, key string)
	// OnGap drops all caches: changes of other nodes may have been missed.
	OnGap func()
	// Finish puts the last hand to the JSON of an app's events and channels before
	// connections get it: it signs links. nil: nothing is to be done. It may return
	// what it got, and must not change it.
	Finish func(app chat.AppID, doc []byte) []byte
	// MemberData tells whether an app lets connections ask for custom data of the
	// memberships of those who send messages. nil: none does.
	MemberData func(app chat.AppID) bool

	HealthInterval  time.Duration // between health.check frames: 25s
	ActiveInterval  time.Duration // between the times that a user counts as active while he is connected: 15m
	BeatInterval    time.Duration // between beats on the bus: 5s; three missed ones are a dead node
	QueueBytes      int           // bound of one connection's backlog: 1 MiB
	PollTimeout     time.Duration // how long an idle poll waits: 20s
	PollLinger      time.Duration // how long a connection lives without a poll: 45s
	MaxConnsPerUser int           // on this node: 100
}

func (cfg Config) withDefaults() Config {
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Finish == nil {
		cfg.Finish = func(_ chat.AppID, doc []byte) []byte { return doc }
	}
	cfg.HealthInterval = cmp.Or(cfg.HealthInterval, 25*time.Second)
	cfg.ActiveInterval = cmp.Or(cfg.ActiveInterval, 15*time.Minute)
	cfg.BeatInterval = cmp.Or(cfg.BeatInterval, 5*time.Second)
	cfg.QueueBytes = cmp.Or(cfg.QueueBytes, 1<<20)
	cfg.PollTimeout = cmp.Or(cfg.PollTimeout, 20*time.Second)
	cfg.PollLinger = cmp.Or(cfg.PollLinger, 45*time.Second)
	cfg.MaxConnsPerUser = cmp.Or(cfg.MaxConnsPerUser, 100)
	return cfg
}

// Hub delivers events to this node's connections and holds the cluster's view
// of presence and watching. Make one with New and run it with Run.
type Hub struct {
	cfg Config
	log *slog.Logger
	tag string // names this incarnation of the node

	users       users
	channels    channels
	conns       connections
	polls       polls
	throttle    throttle
	dispatchers [dispatchers]*dispatcher
	outbox      outbox
	cluster     cluster
	calls       calls
	stats       counters

	loads    atomic.Int32 // memberships being loaded
	round    atomic.Int32 // of health checks; from 1
	draining atomic.Bool
	live     gauge // registered connections

	background background
	stopped    chan struct{} // closed when nothing is delivered any more
}

// New returns a hub. It delivers nothing before Run.
func New(cfg Config) *Hub {
	h := &Hub{cfg: cfg.withDefaults(), tag: newTag(), stopped: make(chan struct{})}
	h.log = h.cfg.Logger.With("node", h.cfg.Node, "tag", h.tag)
	h.round.Store(1)
	h.live.changed = make(chan struct{}, 1)
	h.outbox.hub, h.outbox.wake = h, make(chan struct{}, 1)
	h.cluster.hub, h.cluster.wake, h.cluster.peers = h, make(chan struct{}, 1), map[string]*peer{}
	for i := range h.dispatchers {
		h.dispatchers[i] = newDispatcher(h)
	}
	return h
}

// Run owns the hub's goroutines until ctx ends. Then it ends all connections that
// are left (see Drain), says goodbye to the other nodes and returns when all has
// ended.
func (h *Hub) Run(ctx context.Context) error {
	var ticker, delivery, bus sync.WaitGroup
	stop, stopBus := make(chan struct{}), make(chan struct{})
	life, end := context.WithCancel(context.WithoutCancel(ctx)) // of the background work
	defer end()
	ticker.Go(func() { h.tick(stop) })
	for _, d := range h.dispatchers {
		delivery.Go(func() { d.run(h.stopped) })
	}
	if h.cfg.Bus != nil {
		h.background.run(func() { h.cluster.run(life) })
		h.background.run(func() { h.cluster.listen(life) })
		bus.Go(func() { h.outbox.run(stopBus) })
	}

	<-ctx.Done()
	close(stop)
	ticker.Wait()
	h.killAll()
	h.outbox.post(letter{env: &envelope{Kind: kindBye}})
	end()
	h.background.wait()
	close(h.stopped)
	delivery.Wait()
	close(stopBus)
	bus.Wait()
	return nil
}

// Drain ends all connections with 1012, so that clients reconnect elsewhere, and
// refuses new ones. It returns when they have ended, or with ctx.
func (h *Hub) Drain(ctx context.Context) {
	h.draining.Store(true)
	for i := range h.conns {
		for _, c := range h.conns[i].all() {
			if c.poll != nil {
				h.spawn(func() { h.endPoll(c) })
			} else {
				c.shut(closeRestart, "server restart")
			}
		}
	}
	h.live.wait(ctx)
}

// killAll ends what Drain left.
func (h *Hub) killAll() {
	h.draining.Store(true)
	for i := range h.conns {
		for _, c := range h.conns[i].all() {
			if c.poll != nil {
				h.endPoll(c)
			} else {
				c.kill()
			}
		}
	}
	h.live.wait(context.Background())
}

func errDraining() error {
	return chat.Errorf(chat.Unavailable, "the server is shutting down")
}

// spawn runs fn beside, owned by Run. After the end of Run it does nothing.
func (h *Hub) spawn(fn func()) { h.background.run(fn) }
