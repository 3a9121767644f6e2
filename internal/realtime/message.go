package realtime

import (
	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
)

// kind tells what a message between nodes is.
type kind string

const (
	kindPub    kind = "pub"    // a publication
	kindGossip kind = "gossip" // records of who is connected and watches there
	kindBeat   kind = "beat"   // the node lives
	kindHello  kind = "hello"  // the node (re)subscribed and asks all for their state
	kindAsk    kind = "ask"    // asks one node for its state
	kindBye    kind = "bye"    // the node shuts down
	kindCall   kind = "call"   // asks one node for something about its connection
	kindAnswer kind = "answer" // answers a call
)

// envelope is a message between nodes.
type envelope struct {
	Kind kind   `json:"kind"`
	From string `json:"from"`        // the sender's tag
	To   string `json:"to,omitzero"` // for this node only
	// Seq numbers the sender's gossip; elsewhere it is the number of the last.
	Seq uint64 `json:"seq,omitzero"`
	// Lost counts the publications that the sender could not hand to the bus.
	Lost    uint64       `json:"lost,omitzero"`
	Records []record     `json:"records,omitempty"`
	Pub     *publication `json:"pub,omitzero"`
	Call    *call        `json:"call,omitzero"`
	Answer  *answer      `json:"answer,omitzero"`
}

// presence is what a record says of a user's connections to the sender.
type presence string

const (
	presenceOn    presence = "on"
	presenceOff   presence = "off"   // the sender has told the Backend, if it was the last node
	presenceQuiet presence = "quiet" // the sender saw him on another node and has told nobody
	stateBegin    presence = "begin" // the whole state follows, mixed with what happens meanwhile
	stateEnd      presence = "end"   // what was not repeated since begin is gone
)

// record is one piece of gossip about a user.
type record struct {
	App       chat.AppID `json:"app,omitzero"`
	User      string     `json:"user,omitzero"`
	Presence  presence   `json:"presence,omitzero"`
	Invisible bool       `json:"invisible,omitzero"`
	SetAt     int64      `json:"set_at,omitzero"` // when Invisible was set, in Unix nanoseconds; 0: never
	Watch     []chat.CID `json:"watch,omitempty"`
	Stop      []chat.CID `json:"stop,omitempty"`  // as presenceOff
	Quiet     []chat.CID `json:"quiet,omitempty"` // as presenceQuiet
}

// watchesOnly tells whether both records only say that the same user watches
// something, so that they may become one.
func (r *record) watchesOnly(next *record) bool {
	plain := func(r *record) bool {
		return r.Presence == "" && r.SetAt == 0 && len(r.Stop) == 0 && len(r.Quiet) == 0
	}
	return r.User == next.User && r.App == next.App && plain(r) && plain(next)
}

// operation is what a call asks for.
type operation string

const (
	opWatch    operation = "watch"
	opStop     operation = "stop"
	opPresence operation = "presence"
	opPoll     operation = "poll"
	opRelease  operation = "release" // nobody waits for the poll any more
	opEnd      operation = "end"
)

// call asks the node that has a connection to do something with it.
type call struct {
	ID    uint64     `json:"id"`
	Op    operation  `json:"op"`
	App   chat.AppID `json:"app"`
	User  string     `json:"user"`
	Conn  string     `json:"conn"`
	CIDs  []chat.CID `json:"cids,omitempty"`
	Users []string   `json:"users,omitempty"`
}

// answer is the result of a call.
type answer struct {
	ID     uint64           `json:"id"`
	Kind   chat.Kind        `json:"error,omitzero"` // "" if the call succeeded
	Text   string           `json:"text,omitzero"`
	CIDs   []chat.CID       `json:"cids,omitempty"`
	Gone   bool             `json:"gone,omitzero"`
	Events []jsontext.Value `json:"events,omitempty"`
}
