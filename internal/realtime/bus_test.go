package realtime_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"chatd/internal/chat"
	"chatd/internal/realtime"
)

// busSuite is what every Bus does. newBus returns an end of one and the same bus.
func busSuite(t *testing.T, newBus func(t *testing.T) realtime.Bus) {
	t.Helper()
	t.Run("everything arrives everywhere in order", func(t *testing.T) {
		t.Parallel()
		const ends, senders, each = 3, 4, 500
		buses := make([]realtime.Bus, ends)
		logs := make([]*busLog, ends)
		for i := range buses {
			buses[i] = newBus(t)
			logs[i] = subscribe(t, buses[i], "order")
		}
		var wg sync.WaitGroup
		for s := range senders {
			wg.Go(func() {
				for k := 0; k < each; k += 10 {
					var batch []realtime.Message
					for i := range 10 {
						batch = append(batch, realtime.Message{Key: uint32(s), Data: fmt.Appendf(nil, "order %d %d", s, k+i)})
					}
					if err := buses[s%ends].Publish(t.Context(), batch); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		for i, l := range logs {
			eventually(t, "all has arrived", func() bool { return l.count() >= senders*each })
			var next [senders]int
			for _, m := range l.all() {
				var s, k int
				_, _ = fmt.Sscanf(m, "order %d %d", &s, &k)
				if k != next[s] {
					t.Fatalf("end %d: message %d of %d, want %d", i, k, s, next[s])
				}
				next[s]++
			}
			if l.count() != senders*each || l.ups.Load() != 1 {
				t.Errorf("end %d: %d messages, up %d times", i, l.count(), l.ups.Load())
			}
		}
	})

	t.Run("nothing is left behind", func(t *testing.T) {
		t.Parallel()
		b := newBus(t)
		l := subscribe(t, b, "ends")
		l.stop()
		for range 3000 { // nobody takes them
			if err := b.Publish(t.Context(), []realtime.Message{{Data: []byte("ends")}}); err != nil {
				t.Fatal(err)
			}
		}
		if l.count() != 0 {
			t.Error("messages after the end")
		}
		if err := b.Publish(t.Context(), nil); err != nil {
			t.Error(err)
		}
	})

	t.Run("binary and big messages", func(t *testing.T) {
		t.Parallel()
		b := newBus(t)
		l := subscribe(t, b, "big")
		want := "big " + string(binary.BigEndian.AppendUint64(make([]byte, 3<<20), 0xff00ff00ff00ff0a))
		if err := b.Publish(t.Context(), []realtime.Message{{Data: []byte(want)}}); err != nil {
			t.Fatal(err)
		}
		eventually(t, "it arrives", func() bool { return l.count() == 1 })
		if l.all()[0] != want {
			t.Error("it has changed")
		}
	})

	t.Run("publishing ends with its context", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		b := newBus(t)
		for range 5000 {
			if b.Publish(ctx, []realtime.Message{{Data: []byte("cancelled")}}) != nil {
				return
			}
		}
		if _, ok := b.(*realtime.MemoryBus); !ok { // that one waits for nothing as long as nobody is slow
			t.Error("no error")
		}
	})
}

// busLog is a subscription that keeps the messages with a prefix.
type busLog struct {
	mu   sync.Mutex
	msgs []string
	ups  atomic.Int32
	stop func()
}

func subscribe(t *testing.T, b realtime.Bus, prefix string) *busLog {
	t.Helper()
	l := &busLog{}
	ctx, cancel := context.WithCancel(context.Background())
	up := make(chan struct{}, 100)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = b.Subscribe(ctx, func(data []byte) {
			if len(data) >= len(prefix) && string(data[:len(prefix)]) == prefix {
				l.mu.Lock()
				defer l.mu.Unlock()
				l.msgs = append(l.msgs, string(data))
			}
		}, func() { l.ups.Add(1); up <- struct{}{} })
	}()
	l.stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(l.stop)
	select {
	case <-up:
	case <-time.After(patience):
		t.Fatal("the subscription does not stand")
	}
	return l
}

func (l *busLog) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.msgs)
}

func (l *busLog) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.msgs
}

func TestMemoryBus(t *testing.T) {
	t.Parallel()
	bus := realtime.NewMemoryBus()
	busSuite(t, func(*testing.T) realtime.Bus { return bus })
}

func TestRedisBus(t *testing.T) {
	t.Parallel()
	s := startRedis(t)
	busSuite(t, func(t *testing.T) realtime.Bus { t.Helper(); return redisBus(t, false, s) })
}

func TestRedisClusterBus(t *testing.T) {
	t.Parallel()
	a, b := startRedis(t, "--cluster-enabled", "yes"), startRedis(t, "--cluster-enabled", "yes")
	formCluster(t, a, b)
	busSuite(t, func(t *testing.T) realtime.Bus { t.Helper(); return redisBus(t, true, a, b) })
}

// redisServer is a private Redis.
type redisServer struct {
	t    *testing.T
	addr string
	args []string
	cmd  *exec.Cmd
}

// startRedis starts a Redis on a free port with its files in a temporary folder.
func startRedis(t *testing.T, args ...string) *redisServer {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("there is no redis-server to test with")
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	_, port, _ := net.SplitHostPort(addr)
	if p, _ := strconv.Atoi(port); p > 55_000 { // a cluster adds 10,000 for its own bus
		args = append(args, "--cluster-port", strconv.Itoa(p-10_000))
	}
	s := &redisServer{t: t, addr: addr, args: append([]string{
		"--port", port, "--bind", "127.0.0.1", "--dir", t.TempDir(), "--save", "", "--appendonly", "no",
	}, args...)}
	s.start()
	t.Cleanup(s.kill)
	return s
}

func (s *redisServer) start() {
	s.t.Helper()
	s.cmd = exec.CommandContext(context.Background(), "redis-server", s.args...)
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	c := s.client()
	defer c.Close()
	eventually(s.t, "redis answers", func() bool { return c.Ping(context.Background()).Err() == nil })
}

func (s *redisServer) client() *redis.Client {
	return redis.NewClient(&redis.Options{Addr: s.addr, MaxRetries: -1, DialTimeout: time.Second, DialerRetries: 1})
}

// kill ends the server at once.
func (s *redisServer) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// do runs a command on the server.
func (s *redisServer) do(args ...any) string {
	s.t.Helper()
	c := s.client()
	defer c.Close()
	v, err := c.Do(context.Background(), args...).Result()
	if err != nil {
		s.t.Fatalf("%v: %v", args, err)
	}
	return fmt.Sprint(v)
}

// formCluster joins two servers and gives each half of the slots.
func formCluster(t *testing.T, a, b *redisServer) {
	t.Helper()
	a.do("CLUSTER", "ADDSLOTSRANGE", 0, 8191)
	b.do("CLUSTER", "ADDSLOTSRANGE", 8192, 16383)
	host, port, _ := net.SplitHostPort(b.addr)
	meet := []any{"CLUSTER", "MEET", host, port}
	for i, arg := range b.args {
		if arg == "--cluster-port" {
			meet = append(meet, b.args[i+1])
		}
	}
	a.do(meet...)
	for _, s := range []*redisServer{a, b} {
		eventually(t, "the cluster stands", func() bool {
			info := s.do("CLUSTER", "INFO")
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:2") && strings.Contains(info, "cluster_slots_ok:16384")
		})
	}
}

func redisBus(t *testing.T, cluster bool, servers ...*redisServer) *realtime.RedisBus {
	t.Helper()
	opts := &redis.UniversalOptions{IsClusterMode: cluster, MaxRetries: -1, DialerRetries: 1}
	for _, s := range servers {
		opts.Addrs = append(opts.Addrs, s.addr)
	}
	c := redis.NewUniversalClient(opts)
	t.Cleanup(func() { _ = c.Close() })
	return realtime.NewRedisBus(c, slog.New(slog.DiscardHandler))
}

func TestRedisBusHeals(t *testing.T) {
	t.Parallel()
	s := startRedis(t)
	b := redisBus(t, false, s)
	l := subscribe(t, b, "msg")
	publish := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		return b.Publish(ctx, []realtime.Message{{Data: []byte("msg")}})
	}
	if err := publish(); err != nil {
		t.Fatal(err)
	}
	for round := range 2 {
		s.kill()
		start := time.Now()
		if publish() == nil {
			t.Error("published without Redis")
		}
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("it took %v to fail", took)
		}
		s.start()
		eventually(t, "the subscription stands again", func() bool { return l.ups.Load() == int32(round)+2 })
		before := l.count()
		eventually(t, "messages flow again", func() bool { _ = publish(); return l.count() > before })
	}
}

// A bucket whose slot goes to another node of the cluster follows it.
func TestRedisClusterMovesASlot(t *testing.T) {
	t.Parallel()
	a, b := startRedis(t, "--cluster-enabled", "yes"), startRedis(t, "--cluster-enabled", "yes")
	formCluster(t, a, b)
	bus := redisBus(t, true, a, b)
	l := subscribe(t, bus, "msg")
	idA, idB := a.do("CLUSTER", "MYID"), b.do("CLUSTER", "MYID")
	for i := range 16 {
		slot, _ := strconv.Atoi(a.do("CLUSTER", "KEYSLOT", fmt.Sprintf("chatd:bus:{%d}", i)))
		from, to, id := a, b, idB
		if slot >= 8192 {
			from, to, id = b, a, idA
		}
		to.do("CLUSTER", "SETSLOT", slot, "NODE", id)
		from.do("CLUSTER", "SETSLOT", slot, "NODE", id)
	}
	eventually(t, "all subscriptions have moved", func() bool { return l.ups.Load() >= 17 })
	before := l.count()
	for key := range uint32(16) {
		eventually(t, "messages of the bucket arrive", func() bool {
			_ = bus.Publish(t.Context(), []realtime.Message{{Key: key, Data: fmt.Appendf(nil, "msg %d", key)}})
			for _, m := range l.all()[before:] {
				if m == fmt.Sprint("msg ", key) {
					return true
				}
			}
			return false
		})
	}
}

// Two nodes over a Redis that is killed: each goes on alone, and afterwards they
// find each other.
func TestNodesOverRedisThatDies(t *testing.T) {
	t.Parallel()
	s := startRedis(t)
	var nodes []*member
	for range 2 {
		nodes = append(nodes, joinCluster(t, redisBus(t, false, s), &cable{}))
	}
	for _, m := range nodes {
		eventually(t, "they know each other", func() bool { return m.Stats().Peers == 1 })
	}
	ann, bob := nodes[0].dial(t, "ann"), nodes[1].dial(t, "bob")
	nodes[0].watch(t, ann, room)
	nodes[1].watch(t, bob, room)
	agree(t, nodes, room, "ann bob", "ann", "bob")
	nodes[0].publish(t, chat.ChannelEvent("before", app, room, now()))
	ann.expect(t, "before")
	bob.expect(t, "before")
	s.kill()
	for i := range 5 {
		nodes[0].publishErr(t, chat.ChannelEvent(fmt.Sprint("alone", i), app, room, now()))
		ann.expect(t, fmt.Sprint("alone", i))
	}
	cat := nodes[1].dial(t, "cat")
	nodes[1].watch(t, cat, room)
	s.start()
	agree(t, nodes, room, "ann bob cat", "ann", "bob", "cat")
	for _, m := range nodes {
		eventually(t, "it has dropped its caches", func() bool { return m.gaps.Load() > 0 })
	}
	eventually(t, "publishing works", func() bool {
		return nodes[0].Publish(t.Context(), &chat.Publication{App: app, Items: []chat.Item{chat.ChannelEvent("after", app, room, now())}}) == nil
	})
	bob.skipTo(t, "after")
	if got := len(nodes[0].backend.left) + len(nodes[1].backend.left); got != 0 {
		t.Errorf("%d users left", got)
	}
}

// The Redis that the environment names, if any, is good enough too.
func TestConfiguredRedis(t *testing.T) {
	t.Parallel()
	url := os.Getenv("CHATD_TEST_REDIS_URL")
	if url == "" {
		t.Skip("CHATD_TEST_REDIS_URL is not set")
	}
	o, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(o)
	t.Cleanup(func() { _ = c.Close() })
	b := realtime.NewRedisBus(c, nil)
	prefix := filepath.Base(t.TempDir()) + strconv.FormatInt(time.Now().UnixNano(), 36)
	l := subscribe(t, b, prefix)
	if err := b.Publish(t.Context(), []realtime.Message{{Data: []byte(prefix)}}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it arrives", func() bool { return l.count() == 1 })
}
