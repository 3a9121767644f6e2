package realtime

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
)

// recentBytes bounds the events of one generation that a dispatcher remembers.
const recentBytes = 512 << 10

// state is the part of an event's body that tells how something is, as other events
// do too. Of two that differ, the one with the greater version is newer.
type state struct {
	Of      string `json:"of"` // the part's name in the body
	ID      string `json:"id"`
	Version int64  `json:"v"`
}

// stateOf is the state that an event tells, if it is one that can be told in the
// wrong order to those who watch a channel.
func stateOf(ev *chat.Event) state {
	switch {
	case ev.To.Kind != chat.ToWatchers && ev.To.Kind != chat.ToOtherWatcher:
		return state{}
	case ev.Poll != nil:
		return state{"poll", ev.Poll.ID, ev.Poll.Version}
	case ev.Channel != nil && strings.HasPrefix(ev.Type, "channel."):
		return state{"channel", string(ev.CID), ev.Channel.UpdatedAt.UnixMicro()}
	case ev.Message != nil:
		return state{"message", ev.Message.ID, ev.Message.UpdatedAt.UnixMicro()}
	default:
		return state{}
	}
}

// subject is what a state is of, as those see it whom the event is for: of a
// message of a shadow-banned user, he himself sees another one.
type subject struct {
	app    chat.AppID
	of, id string
	to     chat.AudienceKind
}

// recent are the latest events of one dispatcher that told of changes, so that one
// that comes late, from another transaction or node, does not take clients back to
// the state before (docs/adr/016). It belongs to the dispatcher.
type recent struct {
	now, before map[subject]*event // the generations
	bytes       int                // of now
}

// newest returns the event with the newest state that is known of what it tells of,
// and remembers it.
func (r *recent) newest(app chat.AppID, ev *event) *event {
	if ev.State.Of == "" {
		return ev
	}
	k := subject{app, ev.State.Of, ev.State.ID, ev.To.Kind}
	known, ok := r.now[k]
	if !ok {
		known, ok = r.before[k]
	}
	if ok && known.State.Version > ev.State.Version {
		return ev.with(known)
	}
	if ev.Type != typeMessageNew { // there is no state before that
		r.keep(k, ev)
	}
	return ev
}

func (r *recent) keep(k subject, ev *event) {
	if r.now == nil || r.bytes > recentBytes {
		r.before, r.now, r.bytes = r.now, map[subject]*event{}, 0
	}
	if was := r.now[k]; was != nil {
		r.bytes -= len(was.Body)
	}
	r.now[k] = ev
	r.bytes += len(ev.Body)
}

// with returns the event with the state that another tells.
func (ev *event) with(newer *event) *event {
	out := *ev
	out.State = newer.State
	for name, v := range chat.Keys(newer.Body) {
		if name == ev.State.Of {
			out.Body = edit(ev.Body, name, func(jsontext.Value) jsontext.Value { return v })
		}
	}
	if ev.State.Of == "message" {
		out.Members = newer.Members
	}
	return &out
}
