package realtime

import (
	"context"
	"time"

	"chatd/internal/chat"
)

// deadRounds is how many health intervals a peer that has been heard before may be
// silent.
const deadRounds = 3

// activeTimeout bounds one call of the Backend's Active.
const activeTimeout = 30 * time.Second

// tick does what is due from time to time until stop is closed: health checks and
// signs of activity, one part of the connections and users after the other, and
// small housekeeping every second.
func (h *Hub) tick(stop <-chan struct{}) {
	health := time.NewTicker(max(h.cfg.HealthInterval/shards, time.Millisecond))
	defer health.Stop()
	chores := time.NewTicker(time.Second)
	defer chores.Stop()
	active := time.NewTicker(max(h.cfg.ActiveInterval/shards, time.Millisecond))
	defer active.Stop()
	v := &vector{}
	part, turn := 0, 0
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
		case <-active.C:
			turn = (turn + 1) % shards
			h.tellActive(h.users[turn].connected())
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

// tellActive tells the Backend, beside, that users are connected.
func (h *Hub) tellActive(users []*user) {
	byApp := map[chat.AppID][]string{}
	for _, u := range users {
		byApp[u.key.app] = append(byApp[u.key.app], u.key.id)
	}
	for app, ids := range byApp {
		h.spawn(func() {
			ctx, cancel := context.WithTimeout(context.Background(), activeTimeout)
			defer cancel()
			h.cfg.Backend.Active(ctx, app, ids)
		})
	}
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
