package realtime

import (
	"sync"
	"time"
)

// The rules for channels with many watchers.
const (
	bigChannel      = 100             // watchers; above that the rules apply
	watchingEvery   = 5 * time.Second // between user.watching events of a channel
	typeTypingStart = "typing.start"
	typeTypingStop  = "typing.stop"
	typeMessageNew  = "message.new"
	typeMessageRead = "message.read"
	typeWatchStart  = "user.watching.start"
	typeWatchStop   = "user.watching.stop"
)

// throttle thins out the events of big channels: typing is dropped, and of those
// who come and go only the latest is told every few seconds.
type throttle struct {
	mu   sync.Mutex
	held map[channelKey]*held
}

// held is the state of one big channel.
type held struct {
	told time.Time // when a user.watching event was delivered last
	ev   *event    // the latest one since; nil if none
}

// pass tells whether an event of a channel with so many watchers goes out now.
func (t *throttle) pass(k channelKey, ev *event, watchers int) bool {
	if watchers <= bigChannel {
		return true
	}
	switch ev.Type {
	case typeTypingStart, typeTypingStop:
		return false
	case typeWatchStart, typeWatchStop:
		return t.passWatching(k, ev, time.Now())
	}
	return true
}

func (t *throttle) passWatching(k channelKey, ev *event, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	h := t.held[k]
	if h == nil {
		h = &held{}
		if t.held == nil {
			t.held = map[channelKey]*held{}
		}
		t.held[k] = h
	}
	if now.Sub(h.told) < watchingEvery {
		h.ev = ev
		return false
	}
	h.told, h.ev = now, nil
	return true
}

// due returns the held events whose time has come, and forgets quiet channels.
func (t *throttle) due(now time.Time) []*publication {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []*publication
	for k, h := range t.held {
		if now.Sub(h.told) < watchingEvery {
			continue
		}
		if h.ev == nil {
			delete(t.held, k)
			continue
		}
		out = append(out, &publication{App: k.app, Items: []item{{Event: h.ev}}})
		h.ev = nil
	}
	return out
}
