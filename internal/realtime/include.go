package realtime

import (
	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/wire"
)

// memberData is the custom data of the memberships of those who wrote an event's
// message and the one that it quotes. It travels beside the body, because only
// connections that asked for it get some of it.
type memberData struct {
	Sender jsontext.Value `json:"sender,omitzero"`
	Quoted jsontext.Value `json:"quoted,omitzero"`
}

// memberData returns what there is of it with a message of the app, nil where that is
// nothing or the app has it off.
func (h *Hub) memberData(app chat.AppID, m *chat.Message) *memberData {
	if m == nil || h.cfg.MemberData == nil {
		return nil
	}
	d := memberData{Sender: custom(m)}
	if m.QuotedMessage != nil {
		d.Quoted = custom(m.QuotedMessage)
	}
	if d.Sender == nil && d.Quoted == nil || !h.cfg.MemberData(app) {
		return nil
	}
	for _, doc := range []*jsontext.Value{&d.Sender, &d.Quoted} {
		if *doc != nil {
			*doc = h.cfg.Finish(app, *doc)
		}
	}
	return &d
}

// custom is the custom data of the membership of a message's sender.
func custom(m *chat.Message) jsontext.Value {
	if m.Member == nil {
		return nil
	}
	return m.Member.All
}

// put returns an event's body with what was asked for of the custom data.
func (d *memberData) put(body jsontext.Value, asked chat.Inclusion) jsontext.Value {
	return edit(body, "message", func(m jsontext.Value) jsontext.Value {
		if d.Quoted != nil {
			m = edit(m, "quoted_message", func(q jsontext.Value) jsontext.Value { return include(q, d.Quoted, asked) })
		}
		return include(m, d.Sender, asked)
	})
}

// include returns an encoded message with custom data of its sender's membership.
func include(m, data jsontext.Value, asked chat.Inclusion) jsontext.Value {
	if data == nil {
		return m
	}
	return edit(m, "member", func(member jsontext.Value) jsontext.Value {
		return wire.With(member.Clone(), "custom", asked.Of(data))
	})
}

// edit returns an encoded object with one field changed, if it has it.
func edit(obj jsontext.Value, name string, change func(jsontext.Value) jsontext.Value) jsontext.Value {
	const more = 256 // what is likely to be put in
	out := append(make([]byte, 0, len(obj)+more), `{}`...)
	for n, v := range chat.Keys(obj) {
		if n == name {
			v = change(v)
		}
		out = wire.With(out, n, v)
	}
	return out
}
