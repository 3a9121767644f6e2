package ratelimit

import (
	"context"
	"time"

	"chatd/internal/chat"
)

// Window is the length of what is counted.
const Window = time.Minute

// Key is one thing counted: the requests of one app, or of one of its users, to one
// operation from one platform.
type Key struct {
	App       chat.AppID
	Operation string // the operation's id: "SendMessage"
	Platform  string // one of the platforms of package auth
	User      string // "" counts all requests of the app
}

// Decision is the state of a key in the minute asked about.
type Decision struct {
	Limit     int       // requests per minute
	Remaining int       // how many more are allowed in this minute, never negative
	Reset     time.Time // when the minute ends
	Allowed   bool      // whether this request is within the limit
}

// Err returns the error for a request that is not allowed, of kind RateLimited; nil
// for one that is.
func (d Decision) Err() error {
	if d.Allowed {
		return nil
	}
	return chat.Errorf(chat.RateLimited, "Too many requests, please try again after %s", d.Reset.UTC().Format(time.RFC3339))
}

// Asked is a key whose state is asked for, with its limit.
type Asked struct {
	Key   Key
	Limit int
}

// Limiter counts requests. Nothing it does fails a request: what cannot be counted
// is allowed.
type Limiter interface {
	// Take counts one request at now and decides on it. A request that is not
	// allowed counts too.
	Take(ctx context.Context, k Key, limit int, now time.Time) Decision
	// Peek tells how keys stand, without counting: the decisions in their order.
	Peek(ctx context.Context, asked []Asked, now time.Time) []Decision
}

// window numbers the window that a time lies in.
func window(now time.Time) int64 { return now.Unix() / int64(Window/time.Second) }

// decide is the decision on the n-th request of a window; 0 for one not made.
func decide(n, limit int, window int64) Decision {
	return Decision{Limit: limit, Remaining: max(limit-n, 0), Allowed: n <= limit, Reset: end(window)}
}

// end is when a window ends.
func end(window int64) time.Time { return time.Unix((window+1)*int64(Window/time.Second), 0).UTC() }
