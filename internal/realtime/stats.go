package realtime

import "sync/atomic"

// Stats are the hub's counters since the start or, where said, numbers of the
// moment.
type Stats struct {
	Connections   int64 // now: websockets and long-polls of this node
	Users         int64 // now: connected to this node
	Channels      int64 // now: watched anywhere or with members connected to this node
	Peers         int64 // now: other nodes
	Events        int64 // dispatched on this node
	Deliveries    int64 // of events to connections
	Overflows     int64 // connections closed because their backlog passed the bound
	BusReconnects int64 // times the subscription stood again after the first
	BusFailures   int64 // messages that the bus did not take
}

// counters are what Stats cannot count when it is asked.
type counters struct {
	users, events, deliveries, overflows, busReconnects, busFailures atomic.Int64
}

// Stats returns the hub's counters.
func (h *Hub) Stats() Stats {
	s := Stats{
		Connections: h.live.n.Load(), Users: h.stats.users.Load(),
		Events: h.stats.events.Load(), Deliveries: h.stats.deliveries.Load(), Overflows: h.stats.overflows.Load(),
		BusReconnects: h.stats.busReconnects.Load(), BusFailures: h.stats.busFailures.Load(),
	}
	for i := range h.channels {
		c := &h.channels[i]
		c.mu.RLock()
		s.Channels += int64(len(c.m))
		c.mu.RUnlock()
	}
	h.cluster.mu.Lock()
	defer h.cluster.mu.Unlock()
	s.Peers = int64(len(h.cluster.peers))
	return s
}
