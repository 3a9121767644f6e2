package realtime

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"time"

	"chatd/internal/chat"
)

const (
	dispatchers    = 16
	dispatchQueue  = 256             // publications waiting for one dispatcher
	dispatchBytes  = 256 << 10       // queued to a connection at most before it is written to
	flushShare     = 64              // connections that are worth a goroutine of their own
	channelTimeout = 2 * time.Second // for the Backend to render a channel
)

// dispatcher delivers the publications of its share of the channels, one after
// the other.
type dispatcher struct {
	hub *Hub
	in  chan *publication

	dirty   []*conn // queued to, to be flushed
	crowd   crowd
	queued  int // bytes queued to one connection since the last flush
	vectors []vector
	away    []*conn            // members' connections that do not watch
	seen    map[*conn]struct{} // recipients of one event, where they may come up twice
	recent  recent
}

func newDispatcher(h *Hub) *dispatcher {
	return &dispatcher{
		hub: h, in: make(chan *publication, dispatchQueue),
		vectors: make([]vector, runtime.GOMAXPROCS(0)), seen: map[*conn]struct{}{},
	}
}

// dispatcherOf returns the dispatcher of a publication's channel, or user.
func (h *Hub) dispatcherOf(p *publication) *dispatcher {
	return h.dispatchers[p.hash()%dispatchers]
}

// Settle waits until all that was published on this node before is queued to its
// connections: what is published later comes behind it. Tests need it, which want to
// know that nothing more comes.
func (h *Hub) Settle(ctx context.Context) error {
	reached := make(chan struct{}, dispatchers)
	for _, d := range h.dispatchers {
		select {
		case d.in <- &publication{reached: reached}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for range dispatchers {
		select {
		case <-reached:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// run delivers until stop is closed.
func (d *dispatcher) run(stop <-chan struct{}) {
	for {
		select {
		case p := <-d.in:
			d.batch(p)
		case <-stop:
			return
		}
	}
}

// batch delivers a publication and whatever waits behind it, and then writes what
// has been queued, so that many frames to one connection leave together.
func (d *dispatcher) batch(p *publication) {
	limit := min(dispatchBytes, d.hub.cfg.QueueBytes/2)
	for {
		for _, it := range p.Items {
			if it.Change != nil {
				d.apply(p.App, it.Change)
			} else {
				d.deliver(p.App, it.Event)
			}
			if d.queued >= limit {
				d.flush()
			}
			d.crowd.pace(d)
		}
		if p.reached != nil {
			p.reached <- struct{}{}
		}
		select {
		case p = <-d.in:
		default:
			d.flush()
			return
		}
	}
}

// flush writes to all connections that were queued to, on several processors if
// they are many.
func (d *dispatcher) flush() {
	d.queued = 0
	if len(d.dirty) == 0 {
		return
	}
	n := min(len(d.vectors), 1+len(d.dirty)/flushShare)
	if n == 1 {
		d.vectors[0].flush(d.dirty)
	} else {
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() { d.vectors[i].flush(d.dirty[i*len(d.dirty)/n : (i+1)*len(d.dirty)/n]) })
		}
		wg.Wait()
	}
	clear(d.dirty)
	d.dirty = d.dirty[:0]
}

// deliver queues an event to its recipients.
func (d *dispatcher) deliver(app chat.AppID, ev *event) {
	h := d.hub
	h.stats.events.Add(1)
	ev = d.recent.newest(app, ev)
	r := &rendering{ev: ev}
	if ev.Watchers {
		r.watchers = h.WatcherCount(app, ev.CID)
	}
	d.queued += len(ev.Body)
	switch ev.To.Kind {
	case chat.ToWatchers, chat.ToOtherWatcher, chat.ToMembers:
		d.toChannel(app, r)
	case chat.ToUsers:
		d.toUsers(app, r)
	case chat.ToUsersAway:
		d.toUsersAway(app, r)
	case chat.ToPresence, chat.ToFollowers, chat.ToOtherFollowers:
		d.toPresence(app, r)
	case chat.ToApp:
		d.toApp(app, r)
	case chat.ToHooks: // left out when it was prepared
	}
}

// push queues a frame to one connection.
func (d *dispatcher) push(c *conn, r *rendering, v variant) {
	v.deflate = c.deflate
	if r.ev.Members != nil {
		v.include = c.include
	}
	own, behind := c.push(r.of(v))
	if own {
		d.dirty = append(d.dirty, c)
	}
	d.crowd.note(c, behind)
	d.hub.stats.deliveries.Add(1)
}

// toChannel queues an event to the channel's watchers, or members who do not
// watch, or both.
func (d *dispatcher) toChannel(app chat.AppID, r *rendering) {
	ev, h := r.ev, d.hub
	k := channelKey{app, ev.CID}
	s := h.channels.of(k)
	watchers, members := ev.To.Kind != chat.ToMembers, ev.To.Kind == chat.ToMembers || ev.Also != ""

	s.mu.RLock()
	ch := s.m[k]
	if ch == nil || !h.throttle.pass(k, ev, len(ch.watchers)) {
		s.mu.RUnlock()
		return
	}
	d.away = d.away[:0]
	if members {
		d.collectAway(ch, ev)
	}
	if watchers {
		d.toWatchers(ch, r)
	}
	s.mu.RUnlock()

	if len(d.away) > 0 {
		d.toAway(app, r)
	}
}

// toWatchers queues an event to the connections that watch the channel, whose
// shard is locked.
func (d *dispatcher) toWatchers(ch *channel, r *rendering) {
	ev := r.ev
	others := ev.To.Kind == chat.ToOtherWatcher
	onlyBy := len(ch.watchers) > bigChannel && ev.Type == typeMessageRead
	for c := range ch.conns {
		id := c.user.key.id
		if ev.To.Only != nil && !slices.Contains(ev.To.Only, id) || onlyBy && id != ev.By ||
			others && slices.Contains(ev.To.Users, id) {
			continue
		}
		var v variant
		if ev.Unread {
			if _, ok := ch.members[c.user]; ok {
				c.user.number(&v)
			}
		}
		d.push(c, r, v)
	}
}

// collectAway notes the connections of members that do not watch the channel,
// whose shard is locked.
func (d *dispatcher) collectAway(ch *channel, ev *event) {
	for u, m := range ch.members {
		if int(u.open.Load()) <= m.watching || ev.To.Only != nil && !slices.Contains(ev.To.Only, u.key.id) {
			continue
		}
		us := d.hub.users.of(u.key)
		us.mu.Lock()
		for _, c := range u.conns {
			if _, ok := ch.conns[c]; !ok {
				d.away = append(d.away, c)
			}
		}
		us.mu.Unlock()
	}
}

// toAway queues an event to the noted connections, with the channel put in front
// unless the event has it already.
func (d *dispatcher) toAway(app chat.AppID, r *rendering) {
	if !r.ev.HasChannel {
		d.flush() // nobody else waits for the Backend
		r.channel = d.hub.renderChannel(app, r.ev.CID)
	}
	for _, c := range d.away {
		v := variant{also: true}
		if r.ev.Unread {
			c.user.number(&v)
		}
		v.threads, v.threaded = r.ev.Threads[c.user.key.id]
		d.push(c, r, v)
	}
	clear(d.away)
}

// renderChannel returns `"channel":{…},` or nothing if the Backend cannot say.
func (h *Hub) renderChannel(app chat.AppID, cid chat.CID) []byte {
	ctx, cancel := context.WithTimeout(context.Background(), channelTimeout)
	defer cancel()
	js, err := h.cfg.Backend.ChannelJSON(ctx, app, cid)
	if err != nil {
		h.log.Warn("realtime: render channel", "cid", cid, "err", err)
		return nil
	}
	if len(js) == 0 {
		return nil
	}
	return slices.Concat([]byte(`"channel":`), h.cfg.Finish(app, js), []byte(`,`))
}

// toUsers queues an event to all connections of users.
func (d *dispatcher) toUsers(app chat.AppID, r *rendering) {
	for _, id := range r.ev.To.Users {
		d.hub.users.with(userKey{app, id}, func(u *user) {
			var v variant
			if r.ev.Unread {
				u.number(&v)
			}
			v.threads, v.threaded = r.ev.Threads[id]
			for _, c := range u.conns {
				d.push(c, r, v)
			}
		})
	}
}

// toUsersAway queues an event to the connections of users that do not watch the
// channel.
func (d *dispatcher) toUsersAway(app chat.AppID, r *rendering) {
	k := channelKey{app, r.ev.CID}
	s := d.hub.channels.of(k)
	d.away = d.away[:0]
	s.mu.RLock()
	var watching map[*conn]struct{}
	if ch := s.m[k]; ch != nil {
		watching = ch.conns
	}
	for _, id := range r.ev.To.Users {
		d.hub.users.with(userKey{app, id}, func(u *user) {
			for _, c := range u.conns {
				if _, ok := watching[c]; !ok {
					d.away = append(d.away, c)
				}
			}
		})
	}
	s.mu.RUnlock()
	if len(d.away) > 0 {
		d.toAway(app, r)
	}
}

// toPresence queues an event to those who subscribed to the presence of users, and
// to the users themselves, where they are meant.
func (d *dispatcher) toPresence(app chat.AppID, r *rendering) {
	for _, id := range r.ev.To.Users {
		d.hub.users.with(userKey{app, id}, func(u *user) {
			if r.ev.To.Kind == chat.ToPresence {
				for _, c := range u.conns {
					d.pushOnce(c, r)
				}
			}
			for c := range u.subs {
				if r.ev.To.Kind != chat.ToOtherFollowers || c.user != u {
					d.pushOnce(c, r)
				}
			}
		})
	}
	clear(d.seen)
}

// pushOnce queues a frame to a connection that has not got the event yet.
func (d *dispatcher) pushOnce(c *conn, r *rendering) {
	if _, ok := d.seen[c]; ok {
		return
	}
	d.seen[c] = struct{}{}
	d.push(c, r, variant{})
}

// toApp queues an event to all connections of the app.
func (d *dispatcher) toApp(app chat.AppID, r *rendering) {
	for i := range d.hub.conns {
		for _, c := range d.hub.conns[i].all() {
			if c.user.key.app == app {
				d.push(c, r, variant{})
			}
		}
	}
}
