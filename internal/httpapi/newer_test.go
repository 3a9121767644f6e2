package httpapi_test

import (
	"net/url"
	"strconv"
	"testing"
	"time"

	"chatd/internal/testkit"
)

// TestNewerDialect uses the paths of the newer server SDKs, whose custom fields are in
// an object of their own and whose answers have times in nanoseconds.
func TestNewerDialect(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	c := s.Server()
	nanos := func(r *testkit.Response, path string) {
		t.Helper()
		n, _ := r.At(path).(float64)
		if at := time.Unix(0, int64(n)); time.Since(at).Abs() > time.Hour {
			t.Errorf("%s = %v, want nanoseconds of now", path, r.At(path))
		}
	}

	r := c.Post("/api/v2/users", `{"users":{"ann":{"id":"ann","name":"Ann","unknown":1,"custom":{"color":"red","n":{"custom":1}}}}}`).OK().
		Want("users.ann.name", `"Ann"`).Want("users.ann.custom", `{"color":"red","n":{"custom":1}}`).Want("users.ann.color", "null")
	nanos(r, "users.ann.created_at")
	c.Get("/users?payload="+url.QueryEscape(`{"filter_conditions":{"color":"red"}}`)).OK().Want("users.0.color", `"red"`).Want("users.0.unknown", "null")
	c.Get("/api/v2/users?payload="+url.QueryEscape(`{"filter_conditions":{"color":"red"}}`)).OK().Want("users.0.custom.color", `"red"`)
	c.Do("PATCH", "/api/v2/users", `{"users":[{"id":"ann","set":{"color":"blue"}}]}`).OK().Want("users.ann.custom.color", `"blue"`)

	room := "/api/v2/chat/channels/messaging/room"
	r = c.Post(room+"/query", `{"data":{"created_by_id":"ann","custom":{"name":"Room"},"members":[{"user_id":"ann","custom":{"seat":7}}]},"state":true}`).OK().
		Want("channel.custom", `{"name":"Room"}`).Want("members.0.custom", `{"seat":7}`).Want("members.0.user.custom.color", `"blue"`)
	nanos(r, "channel.created_at")
	nanos(r, "channel.config.created_at")

	pinExpires := time.Now().Add(time.Hour).UnixNano()
	r = c.Post(room+"/message", `{"message":{"id":"m1","user_id":"ann","text":"hi","pinned":true,"pin_expires":`+strconv.FormatInt(pinExpires, 10)+
		`,"custom":{"mood":"good"},"attachments":[{"type":"image","custom":{"size":7}}]}}`).OK().
		Want("message.custom", `{"mood":"good"}`).Want("message.attachments", `[{"custom":{"size":7},"type":"image"}]`)
	nanos(r, "message.created_at")
	nanos(r, "message.pinned_at")
	s.As("ann").Get("/messages/m1").OK().Want("message.mood", `"good"`).Want("message.attachments", `[{"size":7,"type":"image"}]`)
	c.Post("/api/v2/chat/messages/m1/reaction", `{"reaction":{"type":"like","user_id":"ann","custom":{"via":"phone"}}}`).OK().
		Want("reaction.custom", `{"via":"phone"}`).Want("message.latest_reactions.0.custom", `{"via":"phone"}`)

	// Errors are the same.
	c.Post(room+"/message", `{"message":{"user_id":"ann","custom":{"text":"x"}}}`).Fails(400, 4, "message.custom.text is a reserved field")
	c.Post(room+"/message", `{"message":{"user_id":"ann","custom":7}}`).Fails(400, 4, "message.custom must be an object")
	c.Post(room+"/message", `{"message":`).Fails(400, 4, "invalid JSON")
	c.Get("/api/v2/chat/messages/none").Fails(404, 16, "")
	c.Get("/api/v2/nothing").Fails(404, 16, "not a route")

	// Settings.
	c.Do("PATCH", "/api/v2/app", `{"event_hooks":[{"hook_type":"webhook","enabled":true,"event_types":["message.new"],"webhook_url":"https://example.com/x"}]}`).OK()
	r = c.Get("/api/v2/app").OK()
	nanos(r, "app.event_hooks.0.created_at")
	nanos(r, "app.channel_configs.messaging.created_at")

	// Devices and push providers.
	r = c.Post("/api/v2/push_providers", `{"push_provider":{"type":"huawei","name":"h","huawei_app_id":"i","huawei_app_secret":"s","disabled_at":`+strconv.FormatInt(time.Now().UnixNano(), 10)+`}}`).OK()
	nanos(r, "push_provider.created_at")
	nanos(r, "push_provider.disabled_at")
	c.Post("/api/v2/devices", `{"id":"d1","push_provider":"huawei","push_provider_name":"h","user":{"id":"ann","custom":{"size":7}}}`).OK()
	r = c.Get("/api/v2/devices?user_id=ann").OK().Want("devices.0.push_provider_name", `"h"`)
	nanos(r, "devices.0.created_at")
	c.Get("/api/v2/users?payload="+url.QueryEscape(`{"filter_conditions":{"size":7}}`)).OK().Want("users.0.devices.0.id", `"d1"`)
	c.Delete("/api/v2/devices?user_id=ann&id=d1").OK()

	// Polls.
	c.Post("/api/v2/polls", `{"name":"?","user_id":"ann","custom":{"a":1},"options":[{"text":"yes","custom":{"b":2}}]}`).OK().
		Want("poll.custom", `{"a":1}`).Want("poll.options.0.custom", `{"b":2}`)

	// Sync.
	since := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	r = s.As("ann").Post("/api/v2/chat/sync", `{"channel_cids":["messaging:room"],"last_sync_at":"`+since+`"}`).OK()
	r.Want("events.2.message.custom", `{"mood":"good"}`)
	nanos(r, "events.0.created_at")

	// Long polling.
	r = s.As("ann").Get("/api/v2/longpoll?json=" + url.QueryEscape(`{"user_id":"ann"}`)).OK()
	r.Want("event.me.custom.color", `"blue"`)
	nanos(r, "event.created_at")
}
