package realtime

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"chatd/internal/wire"
)

const (
	handoffTimeout = 250 * time.Millisecond // a publisher waits so long for the bus
	busTimeout     = 5 * time.Second        // the bus is given so long for a batch
	outboxBytes    = 64 << 20               // waiting for a bus that is slow
	gossipRecords  = 512                    // in one message
	gossipKey      = 0
)

// errBus means that a message may not have reached the other nodes.
var errBus = errors.New("realtime: the bus did not take the message")

// outbox hands messages to the bus, in order, by one goroutine that takes all that
// have gathered while the last batch was under way.
type outbox struct {
	hub  *Hub
	wake chan struct{}
	slow atomic.Bool // a publisher waited in vain since the last success
	lost atomic.Uint64
	seq  uint64 // of the gossip; used by run only
	down bool   // the last batch failed; used by run only

	mu      sync.Mutex
	records []record
	letters []letter
	bytes   int
}

// letter is one message for the bus, encoded or to be encoded when it leaves.
type letter struct {
	env  *envelope
	msg  Message
	pub  bool
	done chan error // gets the result; nil if nobody waits
}

// tell queues gossip. It leaves before any letter queued later.
func (o *outbox) tell(r record) {
	if o.hub.cfg.Bus == nil {
		return
	}
	o.mu.Lock()
	if n := len(o.records); n > 0 && o.records[n-1].watchesOnly(&r) {
		o.records[n-1].Watch = append(o.records[n-1].Watch, r.Watch...)
	} else {
		o.records = append(o.records, r)
	}
	o.mu.Unlock()
	o.signal()
}

// post queues letters, which leave together.
func (o *outbox) post(letters ...letter) {
	if o.hub.cfg.Bus == nil {
		return
	}
	n := 0
	for _, l := range letters {
		n += len(l.msg.Data)
	}
	o.mu.Lock()
	full := o.bytes+n > outboxBytes
	if !full {
		o.letters = append(o.letters, letters...)
		o.bytes += n
	}
	o.mu.Unlock()
	if full {
		o.fail(letters, errBus)
		return
	}
	o.signal()
}

// publish queues the parts of a publication and waits a moment until the bus has
// them.
func (o *outbox) publish(ctx context.Context, parts []*publication) error {
	if o.hub.cfg.Bus == nil {
		return nil
	}
	letters := make([]letter, len(parts))
	for i, p := range parts {
		data, err := wire.Marshal(&envelope{Kind: kindPub, From: o.hub.tag, Pub: p})
		if err != nil {
			return err
		}
		letters[i] = letter{msg: Message{Key: uint32(p.hash()), Data: data}, pub: true} //nolint:gosec // any bits of the hash do
	}
	done := make(chan error, 1)
	letters[len(letters)-1].done = done
	o.post(letters...)
	if o.slow.Load() {
		select {
		case err := <-done:
			return err
		default:
			return errBus
		}
	}
	timeout := time.NewTimer(handoffTimeout)
	defer timeout.Stop()
	select {
	case err := <-done:
		return err
	case <-timeout.C:
		o.slow.Store(true)
		return errBus
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// run hands over what is queued until stop is closed, and then the rest.
func (o *outbox) run(stop <-chan struct{}) {
	for {
		select {
		case <-o.wake:
			o.flush()
		case <-stop:
			o.flush()
			return
		}
	}
}

// flush hands over everything that is queued now.
func (o *outbox) flush() {
	o.mu.Lock()
	records, letters := o.records, o.letters
	o.records, o.letters, o.bytes = nil, nil, 0
	o.mu.Unlock()

	msgs := make([]Message, 0, len(letters)+1+len(records)/gossipRecords)
	for len(records) > 0 {
		n := min(len(records), gossipRecords)
		o.seq++
		msgs = append(msgs, o.encode(&envelope{Kind: kindGossip, Records: records[:n]}))
		records = records[n:]
	}
	for _, l := range letters {
		if l.env != nil {
			l.msg = o.encode(l.env)
		}
		msgs = append(msgs, l.msg)
	}
	if len(msgs) == 0 {
		return
	}
	if err := o.publishBatch(msgs); err != nil {
		o.hub.stats.busFailures.Add(int64(len(msgs)))
		o.fail(letters, err)
		return
	}
	o.slow.Store(false)
	for _, l := range letters {
		if l.done != nil {
			l.done <- nil
		}
	}
}

// publishBatch hands over messages.
func (o *outbox) publishBatch(msgs []Message) error {
	ctx, cancel := context.WithTimeout(context.Background(), busTimeout)
	defer cancel()
	err := o.hub.cfg.Bus.Publish(ctx, msgs)
	if (err != nil) != o.down {
		o.down = err != nil
		o.hub.log.Warn("realtime: publishing to the bus", "works", !o.down, "err", err)
	}
	if err != nil {
		return errors.Join(errBus, err)
	}
	return nil
}

// encode makes a message of gossip or of what is about it.
func (o *outbox) encode(env *envelope) Message {
	env.From, env.Seq, env.Lost = o.hub.tag, o.seq, o.lost.Load()
	return Message{Key: gossipKey, Data: wire.MustMarshal(env)}
}

// fail tells those who wait that their letters were not sent.
func (o *outbox) fail(letters []letter, err error) {
	for _, l := range letters {
		if l.pub {
			o.lost.Add(1)
		}
		if l.done != nil {
			l.done <- err
		}
	}
}
