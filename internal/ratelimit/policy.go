package ratelimit

import (
	"context"
	"time"

	"chatd/internal/chat"
)

// Mode says what happens to a request over its limit.
type Mode string

// The modes.
const (
	// Off counts and reports but allows every request.
	Off Mode = "off"
	// Enforce refuses requests over the limit.
	Enforce Mode = "enforce"
)

// Policy knows the limits and decides on requests. Its fields are set before first
// use; the zero Mode is Off.
type Policy struct {
	Limiter   Limiter
	Mode      Mode
	Overrides map[string]int // operation -> requests per minute of an app and platform, instead of the default
	UserLimit int            // requests per minute of a user, operation and platform; 0 means PerUser
}

// Request is what a decision is asked on.
type Request struct {
	App        chat.AppID
	Operation  string // the operation's id: "SendMessage"
	Platform   string // one of the platforms of package auth
	User       string // the calling user, or the address of an anonymous one; "" for server-side calls, which have no limit per user
	ServerOnly bool   // the operation is for servers only
}

// Check counts a request and decides on it, for its user and its app. The decision
// is the app's, as the API reports it, unless the user is over his own limit: that
// request does not count for the app.
func (p *Policy) Check(ctx context.Context, r Request, now time.Time) Decision {
	k := Key{App: r.App, Operation: r.Operation, Platform: r.Platform, User: r.User}
	if r.User != "" {
		limit := p.UserLimit
		if limit == 0 {
			limit = PerUser
		}
		if d := p.Limiter.Take(ctx, k, limit, now); !d.Allowed && p.Mode == Enforce {
			return d
		}
		k.User = ""
	}
	d := p.Limiter.Take(ctx, k, p.Limit(r.Operation, r.ServerOnly), now)
	d.Allowed = d.Allowed || p.Mode != Enforce
	return d
}

// State tells how an app stands with operations on platforms, without counting: the
// decisions in the order of the requests.
func (p *Policy) State(ctx context.Context, now time.Time, rs ...Request) []Decision {
	asked := make([]Asked, len(rs))
	for i, r := range rs {
		asked[i] = Asked{Key{App: r.App, Operation: r.Operation, Platform: r.Platform}, p.Limit(r.Operation, r.ServerOnly)}
	}
	return p.Limiter.Peek(ctx, asked, now)
}

// Limit returns the requests per minute that an app may send to an operation from
// each platform.
func (p *Policy) Limit(operation string, serverOnly bool) int {
	if n, ok := p.Overrides[operation]; ok {
		return n
	}
	return defaultLimit(operation, serverOnly)
}
