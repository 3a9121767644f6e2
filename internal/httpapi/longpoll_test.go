package httpapi_test

import (
	"net/http"
	"net/url"
	"testing"

	"chatd/internal/testkit"
)

func TestHi(t *testing.T) {
	t.Parallel()
	testkit.Start(t).Anonymous().Get("/hi").OK()
}

// TestLongPoll goes the way of a client whose network lets no websocket through.
func TestLongPoll(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	ann, bob := s.As("ann"), s.As("bob")
	path := s.Channel("messaging", "room", "ann", "bob")
	open := bob.Get("/longpoll?json=" + url.QueryEscape(`{"user_id":"bob","user_details":{"id":"bob"}}`)).OK()
	open.Want("event.type", `"health.check"`).Want("event.me.id", `"bob"`).Want("event.me.online", "true")
	bob.ConnID, _ = open.At("event.connection_id").(string)
	bob.Post(path+"/query", `{"state":true,"watch":true}`).OK()
	ann.Post(path+"/message", `{"message":{"id":"m1","text":"hello"}}`).OK()
	for {
		polled := bob.Get("/longpoll").OK()
		events, _ := polled.At("events").([]any)
		for _, e := range events {
			e, _ := e.(map[string]any)
			if message, _ := e["message"].(map[string]any); e["type"] == "message.new" && message["id"] == "m1" {
				bob.Get("/longpoll?close=true").OK()
				bob.Get("/longpoll").Fails(http.StatusBadRequest, 46, "")
				return
			}
		}
	}
}
