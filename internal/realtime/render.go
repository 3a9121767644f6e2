package realtime

import (
	"strconv"

	"chatd/internal/chat"
	"chatd/internal/wire"
)

// totals are a user's unread numbers in one word: the messages in the upper half,
// the channels in the lower.
type totals uint64

// oneChannel are the totals of a single channel with n unread messages.
func oneChannel(n int) totals {
	if n <= 0 {
		return 0
	}
	return totals(n)<<32 | 1
}

func (t totals) messages() int { return int(t >> 32) }
func (t totals) channels() int { return int(uint32(t)) } //nolint:gosec // the lower half is meant

// variant is what makes the frames of one event differ.
type variant struct {
	also     bool // under the event's other type and with the channel
	numbered bool
	totals   totals
	threaded bool
	threads  chat.UnreadThreads
	deflate  bool
	include  chat.Inclusion // in the messages, of the custom data of their senders' memberships
}

// rendering makes the frames of one event on this node. Recipients with the same
// variant share one frame. It belongs to one dispatcher.
type rendering struct {
	ev       *event
	watchers int    // the channel's watcher_count
	channel  []byte // `"channel":{…},` for members who do not watch

	last  variant
	frame frame             // of last
	made  map[variant]frame // the others

	plain         body
	asked         map[chat.Inclusion]*body // for those who asked for custom data of members
	packedChannel []byte                   // compressed on first use
}

// body is an event's body without its opening brace.
type body struct {
	text   []byte
	packed []byte // compressed on first use
}

// bodyWith returns the body with the custom data of members that was asked for.
func (r *rendering) bodyWith(asked chat.Inclusion) *body {
	if asked == "" {
		r.plain.text = r.ev.Body[1:]
		return &r.plain
	}
	b := r.asked[asked]
	if b == nil {
		b = &body{text: r.ev.Members.put(r.ev.Body, asked)[1:]}
		if r.asked == nil {
			r.asked = map[chat.Inclusion]*body{}
		}
		r.asked[asked] = b
	}
	return b
}

// of returns the frame for one variant.
func (r *rendering) of(v variant) frame {
	if r.frame != nil && v == r.last {
		return r.frame
	}
	f, ok := r.made[v]
	if !ok {
		f = r.render(v)
	}
	if r.frame != nil { // most events have one variant only and need no map
		if r.made == nil {
			r.made = map[variant]frame{}
		}
		r.made[r.last] = r.frame
	}
	r.last, r.frame = v, f
	return f
}

// render puts type, numbers and channel in front of the event's body. In a
// compressed frame that front is stored as it is, so that the body is compressed
// once for all recipients.
func (r *rendering) render(v variant) frame {
	head, rest := r.head(v), r.bodyWith(v.include)
	var channel []byte
	if v.also {
		channel = r.channel
	}
	if !v.deflate || len(head)+len(channel)+len(rest.text) < compressFrom {
		return newFrame(opText, head, channel, rest.text)
	}
	if rest.packed == nil {
		rest.packed = deflated(rest.text)
	}
	if channel != nil && r.packedChannel == nil {
		r.packedChannel = deflated(channel)
	}
	if channel != nil {
		channel = r.packedChannel
	}
	return deflatedFrame(appendStored(nil, head), channel, rest.packed)
}

// head is the part of the JSON that differs between recipients.
func (r *rendering) head(v variant) []byte {
	typ := r.ev.Type
	if v.also && r.ev.Also != "" {
		typ = r.ev.Also
	}
	b := append(make([]byte, 0, 192), `{"type":`...)
	b = append(b, wire.MustMarshal(typ)...)
	if v.numbered {
		b = append(b, `,"unread_count":`...)
		b = strconv.AppendInt(b, int64(v.totals.messages()), 10)
		b = append(b, `,"total_unread_count":`...)
		b = strconv.AppendInt(b, int64(v.totals.messages()), 10)
		b = append(b, `,"unread_channels":`...)
		b = strconv.AppendInt(b, int64(v.totals.channels()), 10)
	}
	if v.threaded {
		b = append(b, `,"unread_threads":`...)
		b = strconv.AppendInt(b, int64(v.threads.Threads), 10)
		b = append(b, `,"unread_thread_messages":`...)
		b = strconv.AppendInt(b, int64(v.threads.Messages), 10)
	}
	if r.ev.Watchers {
		b = append(b, `,"watcher_count":`...)
		b = strconv.AppendInt(b, int64(r.watchers), 10)
	}
	return append(b, ',')
}
