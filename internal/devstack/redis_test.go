package devstack_test

import (
	"net"
	"testing"

	"github.com/redis/go-redis/v9"

	"chatd/internal/devstack"
)

func TestRedis(t *testing.T) {
	t.Parallel()
	r, err := devstack.StartRedis(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	o, err := redis.ParseURL(r.URL())
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(o)
	defer func() { _ = client.Close() }()
	if err := client.Set(t.Context(), "k", "v", 0).Err(); err != nil {
		t.Error(err)
	}
	if err := r.Stop(); err != nil {
		t.Error(err)
	}
	select {
	case <-r.Done():
	default:
		t.Error("Done is open after Stop")
	}
	if conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", o.Addr); err == nil {
		_ = conn.Close()
		t.Error("it answers after Stop")
	}
}
