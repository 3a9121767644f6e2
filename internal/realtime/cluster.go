package realtime

import (
	"context"
	"sync"
	"time"

	"chatd/internal/chat"
	"chatd/internal/wire"
)

const (
	missedBeats = 3 // own beats that come back while a node is silent until it is dead
	leftAtOnce  = 8 // calls of Backend.Left for a dead node at the same time
	leftTimeout = 10 * time.Second
)

// cluster is what this node knows of the others.
type cluster struct {
	hub  *Hub
	wake chan struct{} // state or a gap's work is wanted

	mu        sync.Mutex // locked before all others
	peers     map[string]*peer
	up        bool // the subscription has stood
	wantState bool // somebody asked for this node's state
	gap       bool // changes of others may have been missed
}

// peer is another node and what it said of its users.
type peer struct {
	tag    string
	seq    uint64
	lost   uint64
	missed int
	gen    int  // raised by stateBegin; what is older at stateEnd is gone
	asked  bool // for its state, which has not begun
	torn   bool // something was lost since its state began, which is not all there
	users  map[userKey]*peerUser
}

type peerUser struct {
	gen     int // of online
	online  bool
	watches map[chat.CID]int // gen
}

// left is what a user lost with a node or a quiet record.
type left struct {
	cids    []chat.CID
	offline bool
}

// listen takes what comes from the bus until ctx ends.
func (cl *cluster) listen(ctx context.Context) {
	err := cl.hub.cfg.Bus.Subscribe(ctx, func(data []byte) { cl.handle(ctx, data) }, cl.onUp)
	if err != nil && ctx.Err() == nil {
		cl.hub.log.Error("realtime: the subscription ended", "err", err)
	}
}

// handle takes one message from the bus.
func (cl *cluster) handle(ctx context.Context, data []byte) {
	var env envelope
	if err := wire.Unmarshal(data, &env); err != nil {
		cl.hub.log.Warn("realtime: message from the bus", "err", err)
		return
	}
	if env.From == cl.hub.tag {
		if env.Kind == kindBeat {
			cl.expire()
		}
		return
	}
	if env.To != "" && env.To != cl.hub.tag {
		return
	}
	switch env.Kind {
	case kindPub:
		if env.Pub != nil {
			env.Pub.sanitize()
			cl.hub.stale(env.Pub)
			for _, part := range env.Pub.parts() {
				cl.hub.enqueue(part)
			}
		}
	case kindCall:
		if env.Call != nil {
			cl.hub.spawn(func() { cl.hub.serveCall(ctx, env.From, env.Call) })
		}
	case kindAnswer:
		if env.Answer != nil {
			cl.hub.calls.finish(env.Answer)
		}
	case kindBye:
		cl.remove(env.From)
	case kindGossip, kindBeat, kindHello, kindAsk:
		cl.gossip(&env)
	}
}

// gossip takes a message by which a node tells about itself.
func (cl *cluster) gossip(env *envelope) {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	p, known := cl.peers[env.From]
	if !known {
		// One that lost publications before it was seen may have been cut off.
		p = &peer{tag: env.From, seq: env.Seq, users: map[userKey]*peerUser{}}
		cl.peers[env.From] = p
	}
	p.missed = 0
	if p.lost != env.Lost {
		p.lost = env.Lost
		cl.wantGap()
	}
	if env.Kind == kindHello || env.Kind == kindAsk {
		cl.wantState = true
		cl.signal()
	}
	next := p.seq
	if env.Kind == kindGossip && known {
		next++
	}
	if !known || next != env.Seq {
		p.torn = true
		cl.ask(p)
	}
	p.seq = env.Seq
	if env.Kind == kindGossip {
		cl.tellLeft(cl.apply(p, env.Records))
	}
}

// ask requests a node's whole state, once until it begins.
func (cl *cluster) ask(p *peer) {
	if !p.asked {
		p.asked = true
		cl.hub.outbox.post(letter{env: &envelope{Kind: kindAsk, To: p.tag}})
	}
}

// expire counts a beat of this node that came back over the bus: a node that has
// been silent for several of them is dead.
func (cl *cluster) expire() {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	for _, p := range cl.peers {
		p.missed++
		p.asked = false // asks again if the last request was lost
		if p.missed > missedBeats {
			cl.hub.log.Warn("realtime: node is silent", "tag", p.tag, "users", len(p.users))
			cl.drop(p)
		}
	}
}

// remove forgets a node that said goodbye.
func (cl *cluster) remove(tag string) {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	if p := cl.peers[tag]; p != nil {
		cl.drop(p)
	}
}

// drop forgets a node and all it had. cl.mu is held.
func (cl *cluster) drop(p *peer) {
	delete(cl.peers, p.tag)
	p.gen++
	lost := map[userKey]*left{}
	cl.sweep(p, lost)
	cl.tellLeft(lost)
}

// knows tells whether a node with the tag is alive.
func (cl *cluster) knows(tag string) bool {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	return cl.peers[tag] != nil
}

// onUp is called each time the subscription stands. From the second time on,
// messages of others may have been missed, and theirs of this node.
func (cl *cluster) onUp() {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	if cl.up {
		cl.hub.stats.busReconnects.Add(1)
		cl.wantGap()
	}
	cl.up, cl.wantState = true, true
	cl.hub.outbox.post(letter{env: &envelope{Kind: kindHello}})
	cl.signal()
}

func (cl *cluster) wantGap() {
	cl.gap = true
	cl.signal()
}

func (cl *cluster) signal() {
	select {
	case cl.wake <- struct{}{}:
	default:
	}
}

// run sends the beats, and the state when it is wanted, and heals gaps.
func (cl *cluster) run(ctx context.Context) {
	beat := time.NewTicker(cl.hub.cfg.BeatInterval)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
			cl.hub.outbox.post(letter{env: &envelope{Kind: kindBeat}})
		case <-cl.wake:
			cl.mu.Lock()
			state, gap := cl.wantState, cl.gap
			cl.wantState, cl.gap = false, false
			cl.mu.Unlock()
			if state {
				cl.hub.tellState()
			}
			if gap {
				cl.healGap(ctx)
			}
		}
	}
}

// healGap drops the caches and reads anew what changes of other nodes may have
// touched. Beats must go on, so it runs beside.
func (cl *cluster) healGap(ctx context.Context) {
	h := cl.hub
	if h.cfg.OnGap != nil {
		h.cfg.OnGap()
	}
	h.spawn(func() { h.reloadAll(ctx) })
}

// tellLeft tells the Backend, on this node only, of users who lost their last
// watch or connection without anybody telling all nodes.
func (cl *cluster) tellLeft(users map[userKey]*left) {
	if len(users) == 0 {
		return
	}
	h := cl.hub
	h.spawn(func() {
		var wg sync.WaitGroup
		slots := make(chan struct{}, leftAtOnce)
		for k, l := range users {
			slots <- struct{}{}
			wg.Go(func() {
				defer func() { <-slots }()
				h.left(k, l, true)
			})
		}
		wg.Wait()
	})
}

// left tells the Backend what a user lost, if anything.
func (h *Hub) left(k userKey, l *left, local bool) {
	if len(l.cids) == 0 && !l.offline {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), leftTimeout)
	defer cancel()
	h.cfg.Backend.Left(ctx, k.app, k.id, l.cids, l.offline, local)
}
