package realtime_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"chatd/internal/chat"
)

// Sends of several channels that were committed together do not wait for each other:
// what is slow in one of them must not let later messages of another pass.
func TestChannelsOfABatchAreIndependent(t *testing.T) {
	t.Parallel()
	const rooms = 20
	n := startNode(t, nil)
	gate := make(chan struct{})
	release := sync.OnceFunc(func() { close(gate) })
	t.Cleanup(release)
	n.backend.onRender = func() { <-gate }
	n.backend.join("messaging:slow", "ann")
	ann, bob := n.dial(t, "ann"), n.dial(t, "bob")
	cid := func(i int) chat.CID { return chat.NewCID("messaging", fmt.Sprint(i)) }
	for i := range rooms {
		n.watch(t, bob, cid(i))
	}
	batch := message("messaging:slow", "eve", "slow") // ann does not watch: she needs the channel
	for i := range rooms {
		batch = append(batch, message(cid(i), "eve", "first")...)
	}
	n.publish(t, batch...)
	batch = nil
	for i := range rooms {
		batch = append(batch, message(cid(i), "eve", "second")...)
	}
	n.publish(t, batch...)
	seen := map[string]string{}
	read := func() {
		e := bob.expect(t, "message.new")
		room, _ := e["cid"].(string)
		if want := map[string]string{"": "first", "first": "second"}[seen[room]]; text(e) != want {
			t.Fatalf("%s: %s after %q", room, text(e), seen[room])
		}
		seen[room] = text(e)
	}
	read() // the other rooms are not held up
	release()
	for range 2*rooms - 1 {
		read()
	}
	ann.expect(t, "notification.message_new")
}

// told is a message of the room as an event of a type tells of it, changed so many
// seconds after it was sent.
func told(typ string, seconds int, words string) *chat.Event {
	sent := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	ev := chat.ChannelEvent(typ, app, room, time.Now())
	ev.Message = &chat.Message{ID: "m", Text: words, CID: room, CreatedAt: sent, UpdatedAt: sent.Add(time.Duration(seconds) * time.Second)}
	ev.MessageID = "m"
	return ev
}

func TestEventsThatComeLate(t *testing.T) {
	t.Parallel()
	poll := func(typ string, version int64, votes int) *chat.Event {
		ev := chat.ChannelEvent(typ, app, room, time.Now())
		ev.Poll = &chat.Poll{ID: "p", VoteCount: votes, Version: version}
		return ev
	}
	channel := func(seconds int, color string) *chat.Event {
		ev := chat.ChannelEvent("channel.updated", app, room, time.Now())
		ev.Channel = &chat.Channel{CID: room, UpdatedAt: time.Unix(int64(seconds), 0), Custom: []byte(fmt.Sprintf(`{"color":%q}`, color))}
		return ev
	}
	reacted := func(typ string, seconds int, words string) *chat.Event {
		ev := told(typ, seconds, words)
		ev.Reaction = &chat.Reaction{Type: typ[len("reaction."):]}
		return ev
	}
	mine, theirs := told("message.updated", 1, "of mine"), told("message.updated", 1, "of theirs")
	mine.To.Only = []string{"ann"}
	theirs.To = chat.Audience{Kind: chat.ToOtherWatcher, Users: []string{"ann"}}
	for _, tt := range []struct {
		name   string
		events []*chat.Event
		want   []string // what bob gets
	}{
		{"in order", []*chat.Event{told("message.new", 0, "a"), told("message.updated", 1, "b"), told("message.deleted", 2, "c")}, []string{
			"message.new a", "message.updated b", "message.deleted c",
		}},
		{"an edit", []*chat.Event{told("message.updated", 2, "new"), told("message.updated", 1, "old")}, []string{"message.updated new", "message.updated new"}},
		{"at once", []*chat.Event{told("message.updated", 1, "one"), told("message.updated", 1, "two")}, []string{"message.updated one", "message.updated two"}},
		{"what comes after it", []*chat.Event{told("message.updated", 2, "b"), told("message.updated", 1, "a"), told("message.updated", 3, "c")}, []string{
			"message.updated b", "message.updated b", "message.updated c",
		}},
		{"the message itself", []*chat.Event{told("message.updated", 1, "new"), told("message.new", 0, "old")}, []string{"message.updated new", "message.new new"}},
		{"reactions", []*chat.Event{reacted("reaction.new", 2, "two"), reacted("reaction.deleted", 1, "one")}, []string{
			"reaction.new two new", "reaction.deleted two deleted",
		}},
		{"votes", []*chat.Event{poll("poll.vote_casted", 2, 8), poll("poll.vote_removed", 1, 7)}, []string{"poll.vote_casted 8", "poll.vote_removed 8"}},
		{"channels", []*chat.Event{channel(2, "red"), channel(1, "blue")}, []string{"channel.updated red", "channel.updated red"}},
		{"shadowed", []*chat.Event{told("message.updated", 2, "new"), theirs, mine}, []string{"message.updated new", "message.updated of theirs"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			for _, ev := range tt.events {
				h.publish(t, ev)
			}
			bob := h.conns["bob/1"]
			for _, want := range tt.want {
				if got := gist(bob.next(t)); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			}
			h.quiet(t, room, bob)
		})
	}
}

// gist is what an event says of what it tells.
func gist(e event) string {
	s := e.typ()
	if _, ok := e["message"]; ok {
		s += " " + text(e)
	}
	for part, field := range map[string]string{"reaction": "type", "poll": "vote_count", "channel": "color"} {
		if v, ok := e[part].(map[string]any); ok {
			s += fmt.Sprint(" ", v[field])
		}
	}
	return s
}

// A job may be done on another node, and its event be faster than that of the
// request which made it necessary.
func TestEventsThatComeLateFromAnotherNode(t *testing.T) {
	t.Parallel()
	nodes := newCluster(t, 2)
	a, b := nodes[0], nodes[1]
	ann, bob := a.dial(t, "ann"), b.dial(t, "bob")
	a.watch(t, ann, room)
	b.watch(t, bob, room)
	b.publish(t, told("message.updated", 2, "new"))
	for _, c := range []*client{ann, bob} {
		if e := c.expect(t, "message.updated"); text(e) != "new" {
			t.Errorf("%s got %v", c.user, e)
		}
	}
	a.publish(t, told("message.updated", 1, "old"))
	for _, c := range []*client{ann, bob} {
		if e := c.expect(t, "message.updated"); text(e) != "new" {
			t.Errorf("%s was taken back to %v", c.user, e)
		}
	}
}
