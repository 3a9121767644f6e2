package realtime

import "context"

// Bus carries messages from each node to all nodes, itself included, at most
// once each.
type Bus interface {
	// Publish hands over messages. Those with an equal Key arrive everywhere in
	// the order in which they were published by one goroutine. An error means that
	// some may not have been sent.
	Publish(ctx context.Context, msgs []Message) error
	// Subscribe calls handle for each message until ctx ends, one after the other
	// for equal keys, and heals by itself. up is called each time the subscription
	// stands, so from the second time on messages may have been missed.
	Subscribe(ctx context.Context, handle func(data []byte), up func()) error
}

// Message is one message on the bus.
type Message struct {
	Key  uint32
	Data []byte
}
