package realtime

import "time"

// deadRounds is how many health intervals a peer that has been heard before may be
// silent.
const deadRounds = 3

// tick does what is due from time to time until stop is closed: health checks, one
// part of the connections after the other, and small housekeeping every second.
func (h *Hub) tick(stop <-chan struct{}) {
	health := time.NewTicker(max(h.cfg.HealthInterval/shards, time.Millisecond))
	defer health.Stop()
	chores := time.NewTicker(time.Second)
	defer chores.Stop()
	v := &vector{}
	part := 0
	for {
		select {
		case <-stop:
			return
		case <-health.C:
			if part = (part + 1) % shards; part == 0 {
				h.round.Add(1)
			}
			for _, c := range h.conns[part].all() {
				h.checkHealth(c, v)
			}
			v.reset()
		case now := <-chores.C:
			h.chores(now)
		}
	}
}

// checkHealth sends a connection its health.check. A peer that has been silent for
// a while is asked for a sign of life, and closed if there is none. One that never
// sent anything may go on reading: the kernel notices when it is gone.
func (h *Hub) checkHealth(c *conn, v *vector) {
	if c.poll != nil {
		return
	}
	if seen := c.seen.Load(); seen > 0 {
		switch silent := h.round.Load() - seen; {
		case silent > deadRounds:
			c.shut(closeGoingAway, "silent")
			return
		case silent > 1:
			c.pushAndFlush(newFrame(opPing), v)
		}
	}
	c.pushAndFlush(healthFrame(c.id, h.cfg.Now()), v)
}

// chores ends forsaken long-polls, releases held events and drops what is not
// needed any more.
func (h *Hub) chores(now time.Time) {
	for _, c := range h.polls.forsaken(now.Add(-h.cfg.PollLinger)) {
		h.spawn(func() { h.endPoll(c) })
	}
	for _, p := range h.throttle.due(now) {
		h.enqueue(p)
	}
	h.forgetCounted()
}
