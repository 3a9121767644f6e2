package realtime

import (
	"context"
	"log/slog"
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
	// like carry for those who do not watch the channel.
	ChannelJSON(ctx context.Context, app chat.AppID, cid chat.CID) (jsontext.Value, error)
	// Left tells that the user stopped watching cids with the end of his last
	// connection that watched them, and if offline, that his last connection
	// anywhere is gone. local means that all nodes find this out by themselves (a
	// node died): publish on this node only.
	Left(ctx context.Context, app chat.AppID, userID string, cids []chat.CID, offline, local bool)
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

	HealthInterval  time.Duration // between health.check frames: 25s
	BeatInterval    time.Duration // between beats on the bus: 5s; three missed ones are a dead node
	QueueBytes      int           // bound of one connection's backlog: 1 MiB
	PollTimeout     time.Duration // how long an idle poll waits: 20s
	PollLinger      time.Duration // how long a connection lives without a poll: 45s
	MaxConnsPerUser int           // on this node: 100
}

// Hub delivers events to this node's connections and holds the cluster's view
// of presence and watching. Make one with New and run it with Run.
type Hub struct {
	cfg Config
}

// Stats are counters since the start (or, where said, numbers at the moment).
type Stats struct {
	Connections   int64 // now, websockets and long-polls
	Users         int64 // now, connected to this node
	Channels      int64 // now, watched on this node or with members connected to it
	Peers         int64 // now, other nodes known
	Events        int64 // dispatched on this node
	Deliveries    int64 // frames queued to connections
	Overflows     int64 // connections closed because their backlog passed the bound
	BusReconnects int64 // times the bus was lost and found again
	BusFailures   int64 // messages that could not be handed to the bus
}
