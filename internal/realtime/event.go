package realtime

import (
	"fmt"
	"hash/maphash"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/wire"
)

// event is a chat.Event ready for delivery and for the bus: encoded once, with
// what decides who gets it beside.
type event struct {
	Type       string        `json:"type"`
	Also       string        `json:"also,omitzero"`
	To         chat.Audience `json:"to"`
	CID        chat.CID      `json:"cid,omitzero"`
	By         string        `json:"by,omitzero"`       // the user whom the event is about
	Unread     bool          `json:"unread,omitzero"`   // with the recipient's numbers
	Watchers   bool          `json:"watchers,omitzero"` // with the channel's watcher_count
	HasChannel bool          `json:"has_channel,omitzero"`
	// Threads are the recipients' numbers of unread threads.
	Threads map[string]chat.UnreadThreads `json:"threads,omitempty"`
	Members *memberData                   `json:"members,omitzero"`
	State   state                         `json:"state,omitzero"`
	Body    jsontext.Value                `json:"body"` // an object without the type
}

// item is one step of a publication: an event or a change.
type item struct {
	Event  *event       `json:"event,omitzero"`
	Change *chat.Change `json:"change,omitzero"`
}

// publication is a chat.Publication ready for delivery and for the bus.
type publication struct {
	App   chat.AppID `json:"app"`
	Items []item     `json:"items"`

	reached chan<- struct{} // told when it is delivered, if it is not nil
}

// prepare encodes the events of a publication and leaves out what is for no
// connection.
func (h *Hub) prepare(p *chat.Publication) (*publication, error) {
	out := &publication{App: p.App, Items: make([]item, 0, len(p.Items))}
	for _, it := range p.Items {
		switch it := it.(type) {
		case *chat.Change:
			out.Items = append(out.Items, item{Change: it})
		case *chat.Event:
			if it.To.Kind == chat.ToHooks {
				continue
			}
			body := it.Encoded
			if body == nil {
				var err error
				if body, err = wire.Marshal(it); err != nil {
					return nil, fmt.Errorf("encode %s: %w", it.Type, err)
				}
			}
			ev := &event{
				Type: it.Type, Also: it.Also, To: it.To, CID: it.CID, Unread: it.WithUnread,
				Watchers: it.WithWatchers, HasChannel: it.Channel != nil, Threads: it.ThreadsOf, Body: h.cfg.Finish(p.App, body),
				Members: h.memberData(p.App, it.Message), State: stateOf(it),
			}
			if it.User != nil {
				ev.By = it.User.ID
			}
			out.Items = append(out.Items, item{Event: ev})
		}
	}
	return out, nil
}

// sanitize drops the items of a publication from another node, perhaps of another
// version, that this one cannot deliver.
func (p *publication) sanitize() {
	p.Items = slices.DeleteFunc(p.Items, func(it item) bool {
		return it.Change == nil && (it.Event == nil || it.Event.Body.Kind() != jsontext.KindBeginObject || len(it.Event.Body) <= len(`{}`))
	})
}

// parts returns what can be delivered side by side, each in order: by channel, where
// a publication is about several channels and nothing else, as the sends that were
// committed together. Kept in one, they would be delivered in the order of one of the
// channels only, and overtaken by what happens in the others.
func (p *publication) parts() []*publication {
	var first chat.CID
	several := false
	for _, it := range p.Items {
		cid, _ := it.about()
		if cid == "" {
			return []*publication{p}
		}
		if first == "" {
			first = cid
		}
		several = several || cid != first
	}
	if !several {
		return []*publication{p}
	}
	var out []*publication
	byShare := map[uint64]*publication{}
	for _, it := range p.Items {
		cid, _ := it.about()
		n := share(p.App, cid)
		part := byShare[n]
		if part == nil {
			part = &publication{App: p.App}
			byShare[n], out = part, append(out, part)
		}
		part.Items = append(part.Items, it)
	}
	return out
}

// share names the dispatcher of a channel.
func share(app chat.AppID, cid chat.CID) uint64 {
	return maphash.Comparable(seed, channelKey{app, cid}) % dispatchers
}

// hash stands for what the publication's order hangs on: its first channel, else
// its first user. Publications with the same hash are delivered in order.
func (p *publication) hash() uint64 {
	var first userKey
	for _, it := range p.Items {
		cid, userID := it.about()
		if cid != "" {
			return maphash.Comparable(seed, channelKey{p.App, cid})
		}
		if first.id == "" {
			first = userKey{p.App, userID}
		}
	}
	return maphash.Comparable(seed, first)
}

// about names the channel and the user that an item is about; either may be "".
func (it item) about() (chat.CID, string) {
	switch ev := it.Event; {
	case ev == nil:
		return it.Change.CID, it.Change.User
	case len(ev.To.Users) > 0:
		return ev.CID, ev.To.Users[0]
	default:
		return ev.CID, ev.By
	}
}
