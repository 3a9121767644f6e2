package httpapi_test

import (
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"chatd/internal/auth"
	"chatd/internal/server"
	"chatd/internal/testkit"
)

type options = server.Options

// limitsShown fails the test unless a response tells the limits.
func limitsShown(t *testing.T, r *testkit.Response, limit string) {
	t.Helper()
	reset, err := strconv.ParseInt(r.Header.Get("X-Ratelimit-Reset"), 10, 64)
	left := time.Until(time.Unix(reset, 0))
	if r.Header.Get("X-Ratelimit-Limit") != limit || r.Header.Get("X-Ratelimit-Remaining") == "" || err != nil || left < -time.Minute || left > time.Minute {
		t.Errorf("limits %q, %q until %v; want %s", r.Header.Get("X-Ratelimit-Limit"), r.Header.Get("X-Ratelimit-Remaining"), left, limit)
	}
}

func TestEveryAnswerTellsTheLimits(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	ann := s.As("ann")
	limitsShown(t, ann.Get("/app").OK(), "10000")
	limitsShown(t, ann.Get("/hi").OK(), "300")
	limitsShown(t, s.Send("GET", "/hi", nil, "").OK(), "300")
	limitsShown(t, s.Server().Get("/channeltypes").OK(), "60")
	limitsShown(t, ann.Post("/users", `{`).Fails(400, 4, "JSON"), "300")
	limitsShown(t, ann.Get("/channeltypes").Fails(403, 17, ""), "60")
	limitsShown(t, s.Send("GET", "/users", nil, "").Fails(401, 2, ""), "1000")
	limitsShown(t, ann.Get("/no/such/route").Fails(404, 16, ""), "300")
	limitsShown(t, ann.Get("/connect").Fails(400, 4, ""), "10000")
	limitsShown(t, ann.Get("/longpoll").OK(), "300")
}

func TestRateLimitsRoute(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	ann := s.As("ann")
	phone := http.Header{"X-Stream-Client": {"stream-chat-swift-client-v5"}, "Authorization": {s.Sign(auth.Claims{UserID: "ann"})}, "Stream-Auth-Type": {"jwt"}}
	s.Send("GET", "/members?api_key="+s.Key, phone, "").Fails(400, 4, "")
	r := s.Server().Get("/rate_limits?ios=true&endpoints=QueryMembers,SendMessage,Nonsense").OK()
	r.Want("ios.QueryMembers.limit", "300").Want("ios.SendMessage.limit", "1000").Want("ios.SendMessage.remaining", "1000")
	r.Want("ios.Nonsense", "null").Want("web", "null").Want("server_side", "null").Want("android", "null")
	if left, _ := r.At("ios.QueryMembers.remaining").(float64); left < 299 { // 300 when a new minute began meanwhile
		t.Errorf("%v are left", left)
	}
	if reset, _ := r.At("ios.SendMessage.reset").(float64); reset < float64(time.Now().Add(-time.Minute).Unix()) {
		t.Errorf("reset %v", reset)
	}
	all := s.Server().Get("/rate_limits").OK()
	for op, limit := range map[string]string{
		"Connect": "10000", "GetOrCreateChannel": "10000", "GetApp": "10000", "MarkChannelsRead": "10000", "MarkRead": "10000", "QueryChannels": "10000",
		"SendEvent": "10000", "CreateGuest": "1000", "DeleteMessage": "1000", "DeleteReaction": "1000", "GetMessage": "1000", "GetReactions": "1000",
		"GetReplies": "1000", "QueryUsers": "1000", "SendMessage": "1000", "SendReaction": "1000", "StopWatchingChannel": "1000", "UpdateMessage": "1000",
		"HideChannel": "300", "QueryMembers": "300", "ShowChannel": "300", "UpdateChannel": "300", "UpdateUsers": "300", "UpdateUsersPartial": "300",
		"CreateChannelType": "60", "DeleteChannel": "60", "DeleteChannelType": "60", "GetChannelType": "60", "ListChannelTypes": "60", "TruncateChannel": "60",
		"UpdateApp": "60", "UpdateChannelType": "60", "GetRateLimits": "60", "Sync": "300",
	} {
		for _, platform := range []string{"server_side", "android", "ios", "web", "unity"} {
			all.Want(platform+"."+op+".limit", limit)
		}
	}
	ann.Get("/rate_limits").Fails(403, 17, "server side")
	s.Server().Get("/rate_limits?web=maybe").Fails(400, 4, "web must be true or false")
}

func TestRateLimitsAreEnforced(t *testing.T) {
	t.Parallel()
	s := testkit.StartWith(t, func(o *options) {
		o.RateLimits = true
		o.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	})
	ann := s.As("ann")
	refused := 0
	for range 130 { // more than two minutes' worth, wherever the minute turns
		if r := ann.Get("/app"); r.Status != 200 {
			r.Fails(429, 9, "GetApp failed with error: \"Too many requests")
			limitsShown(t, r, "60")
			refused++
		}
	}
	if refused == 0 {
		t.Error("nothing was refused")
	}
	s.As("bob").Get("/app").OK()
	for range 130 {
		s.Server().Get("/app").OK()
	}
	// Visitors who name themselves anew have one limit per address.
	visit := func(i int, from string) *testkit.Response {
		h := http.Header{"Stream-Auth-Type": {"anonymous"}, "X-Forwarded-For": {"9.9.9.9, " + from}}
		return s.Send("GET", fmt.Sprintf("/app?api_key=%s&user_id=visitor%d", s.Key, i), h, "")
	}
	refused = 0
	for i := range 130 {
		if visit(i, "203.0.113.7").Status == 429 {
			refused++
		}
	}
	if refused == 0 {
		t.Error("no visitor was refused")
	}
	visit(0, "203.0.113.8").OK()
}

func TestMoreInfo(t *testing.T) {
	t.Parallel()
	s := testkit.StartWith(t, func(o *options) { o.MoreInfo = "https://chat.example/errors" })
	s.Server().Get("/nope").Fails(404, 16, "").Want("more_info", `"https://chat.example/errors"`)
	_, last := s.WithToken("ann", "x.y.z").Dial(nil).Closed()
	last.Want("error.more_info", `"https://chat.example/errors"`)
	testkit.Start(t).Server().Get("/nope").Fails(404, 16, "").Want("more_info", `"https://getstream.io/chat/docs/api_errors_response"`)
}

func TestNoRoute(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	c := s.Server()
	for _, r := range []*testkit.Response{
		c.Get("/"), c.Get("/nope"), c.Post("/nope", `{}`), c.Delete("/app"), c.Post("/app", `{}`), c.Put("/users", `{}`), c.Post("/connect", `{}`),
		c.Post("/channeltypes/messaging", `{}`), c.Get("/channels/messaging/a/b/c/d"), c.Do("OPTIONS", "/app", nil), c.Do("TRACE", "/app", nil),
		c.Get("/App"), c.Get("/%00"), c.Get("/%ff%fe"), c.Get("/" + strings.Repeat("x", 9000)),
	} {
		r.Fails(404, 16, `Request failed with error: "`)
		limitsShown(t, r, "300")
	}
	for _, path := range []string{"//app", "/app/", "/app//", "//app//", "/channeltypes//messaging"} {
		c.Get(path).OK()
	}
	s.Users("@ann")
	c.Post("/users/%40ann/event", `{"event":{"type":"ping"}}`).OK() // escaped though it need not be
	c.Post("/users/@ann/event", `{"event":{"type":"ping"}}`).OK()
	c.Post("/users/%40a%6En/event", `{"event":{"type":"ping"}}`).OK()
}

func TestCORS(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	pre := http.Header{
		"Origin": {"https://app.example"}, "Access-Control-Request-Method": {"PATCH"},
		"Access-Control-Request-Headers": {"authorization,content-type,stream-auth-type,x-client-request-id,x-stream-client,x-my-own"},
	}
	r := s.Send("OPTIONS", "/users?api_key=x", pre, "").OK()
	if h := r.Header; h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Access-Control-Max-Age") != "86400" || h.Get("Access-Control-Allow-Methods") != "PATCH" {
		t.Errorf("preflight: %v", h)
	}
	allowed := strings.ToLower(r.Header.Get("Access-Control-Allow-Headers"))
	for name := range strings.SplitSeq(pre.Get("Access-Control-Request-Headers"), ",") {
		if !strings.Contains(allowed, name) {
			t.Errorf("%s is not allowed: %s", name, allowed)
		}
	}
	for _, path := range []string{"/hi", "/users", "/nope"} { // refusals, too, can be read
		h := s.Send("GET", path, http.Header{"Origin": {"https://app.example"}}, "").Header
		if h.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(h.Get("Access-Control-Expose-Headers"), "X-Ratelimit-Remaining") || h.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: %v", path, h)
		}
	}
}

func TestAnswersAreCompressed(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	plain := s.Server().Get("/channeltypes").OK().Want("channel_types.team.name", `"team"`) // unpacked by the HTTP client
	if !plain.Uncompressed {
		t.Error("not compressed for a client that takes gzip")
	}
	for _, tt := range []struct{ accept, want string }{{"gzip", "gzip"}, {"deflate", "deflate"}, {"gzip, deflate, br", "gzip"}, {"identity", ""}} {
		h := bearer("jwt", s.Sign(auth.Claims{Server: true}))
		h.Set("Accept-Encoding", tt.accept)
		r := s.Send("GET", "/channeltypes?api_key="+s.Key, h, "")
		var body io.Reader = strings.NewReader(string(r.Body))
		var err error
		switch got := r.Header.Get("Content-Encoding"); {
		case got != tt.want || !strings.Contains(strings.Join(r.Header.Values("Vary"), ","), "Accept-Encoding"):
			t.Errorf("%s: %v", tt.accept, r.Header)
			continue
		case got == "gzip":
			body, err = gzip.NewReader(body)
		case got == "deflate":
			body, err = zlib.NewReader(body)
		}
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(body); err != nil || !strings.HasPrefix(string(b), `{"channel_types":`) || !strings.HasSuffix(string(b), `ms"}`) {
			t.Errorf("%s: %v %.50s", tt.accept, err, b)
		}
	}
	if s.Server().Get("/hi").OK().Uncompressed {
		t.Error("a short answer is compressed")
	}
}

func TestHeadersAreBounded(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	h := bearer("jwt", s.Sign(auth.Claims{Server: true}))
	h.Set("X-Big", strings.Repeat("x", 60<<10))
	s.Send("GET", "/app?api_key="+s.Key, h, "").OK()
	h.Add("X-Big", strings.Repeat("x", 6<<10))
	s.Send("GET", "/app?api_key="+s.Key, h, "").Fails(431, 24, "headers are too big")
	s.Server().Get("/users?payload="+url.QueryEscape(strings.Repeat("x", 65<<10))).Fails(431, 24, "headers are too big")
}
