package realtime

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"
)

const (
	// redisBuckets are the channels of sharded pub/sub on a Redis Cluster. Each
	// takes one connection per node, because a subscription cannot span slots.
	redisBuckets = 16
	redisIdle    = 3 * time.Second // without a message until the connection is tested
	redisPause   = 200 * time.Millisecond
)

// errMoved means that the slot of a bucket has gone to another node.
var errMoved = errors.New("the subscription has moved")

// RedisBus is a Bus over Redis: plain pub/sub, or sharded pub/sub on a cluster.
// What is published while Redis or the way to it is down is lost.
type RedisBus struct {
	client  redis.UniversalClient
	cluster *redis.ClusterClient // nil if it is none
	channel string
	log     *slog.Logger
}

// NewRedisBus returns a bus over a client, which remains the caller's and must
// outlive the hub. It should be made with MaxRetries -1: a client that retries
// sends a batch twice if only the answer was lost, and is slow to find out that
// Redis is away. A nil log means slog.Default(). All nodes that use the same
// database of a Redis are one cluster.
func NewRedisBus(client redis.UniversalClient, log *slog.Logger) *RedisBus {
	if log == nil {
		log = slog.Default()
	}
	b := &RedisBus{client: client, channel: "chatd:bus", log: log}
	b.cluster, _ = client.(*redis.ClusterClient)
	if c, ok := client.(*redis.Client); ok && c.Options().DB != 0 { // channels know no databases
		b.channel += ":" + strconv.Itoa(c.Options().DB)
	}
	return b
}

// Publish implements Bus with one round trip.
func (b *RedisBus) Publish(ctx context.Context, msgs []Message) error {
	_, err := b.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, m := range msgs {
			if b.cluster == nil {
				p.Publish(ctx, b.channel, m.Data)
			} else {
				p.SPublish(ctx, b.bucket(int(m.Key%redisBuckets)), m.Data)
			}
		}
		return nil
	})
	return err
}

// bucket names a channel of sharded pub/sub.
func (b *RedisBus) bucket(i int) string { return b.channel + ":{" + strconv.Itoa(i) + "}" }

// Subscribe implements Bus.
func (b *RedisBus) Subscribe(ctx context.Context, handle func(data []byte), up func()) error {
	if b.cluster == nil {
		return b.follow(ctx, b.channel, handle, up)
	}
	var missing atomic.Int32 // buckets that have not stood yet
	missing.Store(redisBuckets)
	g, ctx := errgroup.WithContext(ctx)
	for i := range redisBuckets {
		g.Go(func() error {
			first := true
			return b.follow(ctx, b.bucket(i), handle, func() {
				left := missing.Load()
				if first {
					first, left = false, missing.Add(-1)
				}
				if left == 0 {
					up()
				}
			})
		})
	}
	return g.Wait()
}

// follow subscribes to one channel, again and again, until ctx ends.
func (b *RedisBus) follow(ctx context.Context, channel string, handle func(data []byte), up func()) error {
	down := false
	stood := func() {
		down = false
		up()
	}
	for {
		err := b.receive(ctx, channel, handle, stood) // whatever it is, trying again is the answer
		if ctx.Err() == nil && !down {
			down = true
			b.log.Warn("realtime: subscription lost", "channel", channel, "err", err)
		}
		if b.cluster != nil {
			b.cluster.ReloadState(ctx)
		}
		pause := time.NewTimer(redisPause)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		}
	}
}

// receive handles the messages of one subscription until it fails.
func (b *RedisBus) receive(ctx context.Context, channel string, handle func(data []byte), up func()) error {
	sub := b.subscribe(ctx, channel)
	stop := context.AfterFunc(ctx, func() { _ = sub.Close() })
	defer func() {
		if stop() {
			_ = sub.Close()
		}
	}()
	tested := false
	for {
		msg, err := sub.ReceiveTimeout(ctx, redisIdle)
		if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() && !tested {
			tested = true
			if err := sub.Ping(ctx); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		tested = false
		switch msg := msg.(type) {
		case *redis.Message:
			handle([]byte(msg.Payload))
		case *redis.Subscription:
			if msg.Kind == "sunsubscribe" {
				return errMoved
			}
			up()
		}
	}
}

func (b *RedisBus) subscribe(ctx context.Context, channel string) *redis.PubSub {
	if b.cluster != nil {
		return b.client.SSubscribe(ctx, channel)
	}
	return b.client.Subscribe(ctx, channel)
}
