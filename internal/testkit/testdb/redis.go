package testdb

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"

	"chatd/internal/devstack"
)

// RedisVariable names the Redis that tests use, as a URL. When it is unset, a test
// binary runs a Redis of its own.
const RedisVariable = "CHATD_TEST_REDIS_URL"

// Redis returns the URL of a Redis. Other tests use it too, at the same time: keys
// and channels need names of the test's own, and nothing may be flushed.
func Redis(tb testing.TB) string {
	tb.Helper()
	url, err := sharedRedis()
	if err != nil {
		tb.Fatal(err)
	}
	return url
}

var sharedRedis = sync.OnceValues(func() (string, error) {
	if url := os.Getenv(RedisVariable); url != "" {
		return url, nil
	}
	dir, err := os.MkdirTemp("", "chatd-redis")
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), setupTimeout)
	defer cancel()
	r, err := devstack.StartRedis(ctx, dir)
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	AtEnd(func() error { return errors.Join(r.Stop(), os.RemoveAll(dir)) })
	return r.URL(), nil
})
