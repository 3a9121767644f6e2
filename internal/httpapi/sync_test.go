package httpapi_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"chatd/internal/testkit"
)

// TestSyncGives does one thing after the other and looks at what a client is told that
// was away meanwhile.
func TestSyncGives(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Server().Put("/channeltypes/messaging", `{"polls":true,"shared_locations":true,"user_message_reminders":true}`).OK()
	path := s.Channel("messaging", "room", "ann", "bob")
	m := said(s, "ann", path, "hello")
	s.As("ann").Post("/polls", `{"id":"poll","name":"p","allow_answers":true,"options":[{"id":"a","text":"a"}]}`).OK()
	s.As("ann").Post(path+"/message", `{"message":{"id":"carrier","text":"vote","poll_id":"poll"}}`).OK()
	s.As("ann").Post("/polls", `{"id":"later","name":"p"}`).OK()
	live(s, "ann", path, "place")
	replied(s, "bob", path, m, "")
	vote := "/messages/carrier/polls/poll/vote"
	for _, step := range []struct {
		name, who, method, path, body string
		of                            string // what of a message tells what happened
		want                          string // types, with that
	}{
		{"a reaction", "ann", "POST", "/messages/" + m + "/reaction", `{"reaction":{"type":"like"}}`, "reaction_counts.like", "message.updated 1"},
		{"a reaction taken back", "ann", "DELETE", "/messages/" + m + "/reaction/like", "", "reaction_counts.like", "message.updated <nil>"},
		{"a vote", "bob", "POST", vote, `{"vote":{"option_id":"a"}}`, "", ""},
		{"an answer", "bob", "POST", vote, `{"vote":{"answer_text":"x"}}`, "", ""},
		{"a poll that is closed", "ann", "PATCH", "/polls/poll", `{"set":{"is_closed":true}}`, "", ""},
		{"an edit, which shows the votes", "ann", "PUT", "/messages/carrier", `{"set":{"text":"voted"}}`, "poll.vote_count", "message.updated 1"},
		{"a poll attached", "ann", "POST", "/messages/" + m, `{"message":{"text":"hello","poll_id":"later"}}`, "poll_id", "message.updated later"},
		{"a poll deleted", "ann", "DELETE", "/polls/poll", "", "poll", "message.updated <nil>"},
		{"a place that moves", "ann", "PUT", "/users/live_locations", `{"message_id":"place","latitude":5,"longitude":6,"created_by_device_id":"phone"}`, "shared_location.latitude", "message.updated 5"},
		{"a pin", "ann", "PUT", "/messages/" + m, `{"set":{"pinned":true}}`, "pinned", "message.updated true"},
		{"a translation", "ann", "POST", "/messages/" + m + "/translate", `{"language":"fr"}`, "i18n.language", "message.updated en"},
		{"a draft", "bob", "POST", path + "/draft", `{"message":{"text":"x"}}`, "", ""},
		{"a draft deleted", "bob", "DELETE", path + "/draft", "", "", ""},
		{"a reminder", "bob", "POST", "/messages/" + m + "/reminders", `{}`, "", ""},
		{"a reminder deleted", "bob", "DELETE", "/messages/" + m + "/reminders", "", "", ""},
		{"a thread's title", "ann", "PATCH", "/threads/" + m, `{"set":{"title":"x"}}`, "", ""},
		{"what was read", "bob", "POST", path + "/read", `{}`, "", ""},
		{"hidden", "bob", "POST", path + "/hide", `{}`, "", "member.updated channel.hidden"},
		{"shown", "bob", "POST", path + "/show", `{}`, "", "member.updated channel.visible"},
		{"a change of a member, who has nothing hidden", "bob", "PATCH", path + "/member", `{"set":{"color":"red"}}`, "", "member.updated"},
		{"a message with a change", "ann", "POST", path, `{"add_members":["ann"],"message":{"text":"hi"}}`, "text", "message.new hi"},
		{"a new channel", "ann", "POST", "/channels/messaging/new/query", `{"data":{"members":["ann","bob"]}}`, "", "channel.created notification.added_to_channel member.added"},
	} {
		since := time.Now().UTC().Format(time.RFC3339Nano)
		var body any
		if step.body != "" {
			body = step.body
		}
		s.As(step.who).Do(step.method, step.path, body).OK()
		if got := synced(s, since, step.of); got != step.want {
			t.Errorf("%s: bob is told %q, want %q", step.name, got, step.want)
		}
	}
	s.As("bob").Post(path+"/hide", `{}`).OK()
	since := time.Now().UTC().Format(time.RFC3339Nano)
	said(s, "ann", path, "look")
	if got := synced(s, since, "text"); got != "channel.visible message.new look" {
		t.Errorf("a message shows the channel: %q", got)
	}
}

// synced are the types of the events that bob is told, each with what a field of its
// message holds.
func synced(s *testkit.Server, since, field string) string {
	s.TB.Helper()
	r := s.As("bob").Post("/sync", `{"channel_cids":["messaging:room","messaging:new"],"last_sync_at":"`+since+`","with_inaccessible_cids":true}`).OK()
	n, _ := r.At("events.#").(float64)
	var out []string
	for i := range int(n) {
		at := fmt.Sprintf("events.%d.", i)
		out = append(out, fmt.Sprint(r.At(at+"type")))
		if field != "" && r.At(at+"message") != nil {
			out = append(out, fmt.Sprint(r.At(at+"message."+field)))
		}
	}
	return strings.Join(out, " ")
}
