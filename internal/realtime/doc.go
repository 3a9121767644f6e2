// Package realtime delivers events to connected clients and knows who is
// connected, who watches what and who is online, over all nodes of a cluster.
//
// It owns the hub, websocket and long-poll connections, the sets of watched
// channels, presence, the live unread numbers of connected users and the bus
// between nodes. It leaves to others what an event says and who may watch what
// (the areas), what is stored (Backend) and the HTTP around a connection
// (httpapi).
//
// # A publication's way
//
// Publish encodes every event once, hands the publication to the dispatcher of
// its channel and, through the outbox, to the bus. A dispatcher takes what is
// waiting in order, applies changes to the state in memory, looks up the
// recipients and queues ready frames, shared by all recipients with the same
// numbers who asked for the same custom data of members (which the publisher knows
// and sends along), on their connections. Then it writes to each connection itself,
// without waiting; only what a socket does not take at once is left to a writer
// goroutine that exists as long as there is a backlog. A connection whose backlog
// passes its bound is closed with code 1013. When most of many recipients are
// behind it is the server that is too slow: then the dispatcher waits for them a
// little, its queue fills and publishers slow down.
//
// # The cluster's view
//
// Nodes share no state but tell each other: each broadcasts who is connected and
// who watches what on it, as deltas with sequence numbers, and a beat every few
// seconds. A node that finds a hole in another's sequence asks for its whole
// state. Silence counts only while the own beats come back over the bus, so an
// outage of the bus expires nobody.
//
// # Concurrency
//
// All exported methods are safe for concurrent use, except those of a Socket
// before Serve. Locks are taken in this order: peers, channel shard, user shard,
// a connection's state, its sink, outbox. None is held while something is written to a socket or to
// the bus, or while the Backend is asked. Run owns the dispatchers, the outbox,
// the ticker, the cluster's goroutines and one reader for each websocket, which
// waits for its connection's writer.
package realtime
