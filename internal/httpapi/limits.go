package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/ratelimit"
)

// limitHeaders tells the caller how many requests he has left. Every response
// carries them, errors too.
func limitHeaders(w http.ResponseWriter, d ratelimit.Decision) {
	h := w.Header()
	h.Set("X-Ratelimit-Limit", strconv.Itoa(d.Limit))
	h.Set("X-Ratelimit-Remaining", strconv.Itoa(d.Remaining))
	h.Set("X-Ratelimit-Reset", strconv.FormatInt(d.Reset.Unix(), 10))
}

// showLimit sends the headers with a request that does not count.
func (a *API) showLimit(ctx context.Context, w http.ResponseWriter, r ratelimit.Request) {
	limitHeaders(w, a.Limits.State(ctx, time.Now(), r)[0])
}

// limit counts the request of a caller who is known, tells him of the limit and
// refuses what is over it. Anonymous users have no limit of their own, since they
// name themselves, but share one with all from their address.
func (a *API) limit(ctx context.Context, w http.ResponseWriter, op string, serverOnly bool, actor *auth.Actor) error {
	user := actor.UserID
	if actor.Anonymous {
		user = entryOf(ctx).addr.String()
	}
	d := a.Limits.Check(ctx, ratelimit.Request{
		App: actor.App.ID, Operation: op, Platform: actor.Platform, User: user, ServerOnly: serverOnly,
	}, time.Now())
	limitHeaders(w, d)
	return d.Err()
}

// rateLimitsRequest is the query of GET /rate_limits. Without a platform it asks for
// all of them, without endpoints for all operations.
type rateLimitsRequest struct {
	Server    bool     `json:"-" query:"server_side"`
	Android   bool     `json:"-" query:"android"`
	IOS       bool     `json:"-" query:"ios"`
	Web       bool     `json:"-" query:"web"`
	Unity     bool     `json:"-" query:"unity"`
	Endpoints []string `json:"-" query:"endpoints"`
}

// Validate bounds the list.
func (r *rateLimitsRequest) Validate() error {
	const maxEndpoints = 300
	if len(r.Endpoints) > maxEndpoints {
		return chat.Errorf(chat.Invalid, "endpoints must contain at maximum %d items", maxEndpoints)
	}
	return nil
}

// limitInfo is how an app stands with an operation.
type limitInfo struct {
	Limit     int   `json:"limit"`
	Remaining int   `json:"remaining"`
	Reset     int64 `json:"reset"` // Unix seconds
}

// rateLimitsResponse tells them by operation.
type rateLimitsResponse struct {
	Server  map[string]limitInfo `json:"server_side,omitzero"`
	Android map[string]limitInfo `json:"android,omitzero"`
	IOS     map[string]limitInfo `json:"ios,omitzero"`
	Web     map[string]limitInfo `json:"web,omitzero"`
	Unity   map[string]limitInfo `json:"unity,omitzero"`
}

// rateLimits tells the app's limits and what is left of them in this minute.
func (a *API) rateLimits(ctx context.Context, r *rateLimitsRequest) (*rateLimitsResponse, error) {
	resp := &rateLimitsResponse{}
	some := r.Server || r.Android || r.IOS || r.Web || r.Unity
	var asked []ratelimit.Request
	var into []map[string]limitInfo // of each asked
	for _, p := range []struct {
		name string
		want bool
		to   *map[string]limitInfo
	}{
		{auth.PlatformServer, r.Server, &resp.Server},
		{auth.PlatformAndroid, r.Android, &resp.Android},
		{auth.PlatformIOS, r.IOS, &resp.IOS},
		{auth.PlatformWeb, r.Web, &resp.Web},
		{auth.PlatformUnity, r.Unity, &resp.Unity},
	} {
		if some && !p.want {
			continue
		}
		*p.to = map[string]limitInfo{}
		for _, q := range a.limited(r.Endpoints) {
			q.App, q.Platform = auth.FromContext(ctx).App.ID, p.name
			asked, into = append(asked, q), append(into, *p.to)
		}
	}
	for i, d := range a.Limits.State(ctx, time.Now(), asked...) {
		into[i][asked[i].Operation] = limitInfo{Limit: d.Limit, Remaining: d.Remaining, Reset: d.Reset.Unix()}
	}
	return resp, nil
}

// limited returns the operations of the given names, or all; other names are none.
func (a *API) limited(names []string) []ratelimit.Request {
	var out []ratelimit.Request
	if len(names) == 0 {
		for op, serverOnly := range a.operations {
			out = append(out, ratelimit.Request{Operation: op, ServerOnly: serverOnly})
		}
	}
	for _, name := range names {
		name = strings.TrimSpace(name)
		if serverOnly, ok := a.operations[name]; ok {
			out = append(out, ratelimit.Request{Operation: name, ServerOnly: serverOnly})
		}
	}
	return out
}
