package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"testing"
	"time"
)

// startBareServer returns the address of a bare server of the test's.
func startBareServer(t *testing.T) *audience {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- serveBareOn(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	b := &bench{stack: &stack{bare: &server{pid: os.Getpid(), addr: l.Addr().String()}}}
	return b.bareAudience(900)
}

func TestCrowd(t *testing.T) {
	t.Parallel()
	a := startBareServer(t)
	const sockets = 20
	c, err := join(t.Context(), sockets, a.open)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	l := load{duration: 200 * time.Millisecond}
	for i := range 3 {
		conn, err := dial(t.Context(), a.server.addr, "")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.close()
		send, err := a.address(conn, i)
		if err != nil {
			t.Fatal(err)
		}
		l.senders = append(l.senders, send)
	}
	for _, rate := range []int{0, 50} {
		l.rate = rate
		b, err := c.burst(t.Context(), l, a.server.pid)
		if err != nil {
			t.Fatal(err)
		}
		if b.deliveries == 0 || b.deliveries%sockets != 0 || b.lost != 0 || b.size != 900 || b.rate <= 0 || b.p50 <= 0 || b.p99 < b.p50 {
			t.Errorf("at rate %d: %+v", rate, b)
		}
		if most := int64(rate) * sockets / 4; rate > 0 && b.deliveries > most {
			t.Errorf("%d deliveries at %d messages a second", b.deliveries, rate)
		}
	}
	if n := c.dropped.Load(); n != 0 {
		t.Errorf("%d dropped", n)
	}
}

func TestStamps(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, tt := range []struct {
		frame string
		want  int64
	}{
		{string(stamp(nil, now)), now.UnixNano()},
		{`{"text":"` + string(stamp(nil, now)) + `","html":"` + string(stamp(nil, time.Unix(1_700_000_000, 0))) + `"}`, now.UnixNano()},
		{`{"type":"health.check"}`, 0},
		{`{"text":"sent-at-170000"}`, 0},
		{`{"text":"sent-at-17000000000000x0000 the quick brown fox"}`, 0},
	} {
		if got, ok := stamped([]byte(tt.frame)); got != tt.want || ok != (tt.want > 0) {
			t.Errorf("%s: %d, %v, want %d", tt.frame, got, ok, tt.want)
		}
	}
}

func TestStragglers(t *testing.T) {
	t.Parallel()
	b := &tally{since: 1000}
	b.count(999, 10)
	b.count(1000, 10)
	if n := b.deliveries.Load(); n != 1 {
		t.Errorf("%d deliveries, want one: the other was sent before", n)
	}
}

func TestBurstEndsWithASender(t *testing.T) {
	t.Parallel()
	c := &crowd{}
	l := load{duration: time.Minute, senders: []sender{
		func([]byte) error { return errors.New("refused") },
		func([]byte) error { return nil },
	}}
	if _, err := c.burst(t.Context(), l, 0); err == nil || err.Error() != "refused" {
		t.Errorf("error = %v", err)
	}
}

func TestJoinFails(t *testing.T) {
	t.Parallel()
	a := startBareServer(t)
	_, err := join(t.Context(), 30, func(ctx context.Context, i int) (*socket, error) {
		if i == 10 {
			return nil, fmt.Errorf("socket %d", i)
		}
		return a.open(ctx, i)
	})
	if err == nil {
		t.Error("no error")
	}
}

func TestCrowdNoticesDrops(t *testing.T) {
	t.Parallel()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- serveBareOn(ctx, l) }()
	c, err := join(t.Context(), 3, func(ctx context.Context, _ int) (*socket, error) { return upgrade(ctx, l.Addr().String(), "/ws") })
	if err != nil {
		t.Fatal(err)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	c.wg.Wait()
	if n := c.dropped.Load(); n != 3 {
		t.Errorf("%d dropped, want 3", n)
	}
	c.close()
}
