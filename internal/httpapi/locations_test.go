package httpapi_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"chatd/internal/testkit"
)

// sharing makes the type of channels in which locations are shared, and a channel of
// it.
func sharing(s *testkit.Server, id string, members ...string) string {
	s.TB.Helper()
	s.Server().Put("/channeltypes/messaging", `{"shared_locations":true}`).OK()
	return s.Channel("messaging", id, members...)
}

// live has who share where he is, for an hour.
func live(s *testkit.Server, who, path, id string) {
	s.TB.Helper()
	s.As(who).Post(path+"/message", `{"message":{"id":"`+id+`","shared_location":{"latitude":1,"longitude":2,"end_at":"`+at(time.Hour)+`","created_by_device_id":"phone"}}}`).OK()
}

func TestSendLocation(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	plain := s.Channel("messaging", "room", "ann", "bob")
	s.As("ann").Post(plain+"/message", `{"message":{"shared_location":{"latitude":1,"longitude":2}}}`).Fails(400, 19, "Channel type messaging does not support shared locations")
	path := sharing(s, "room", "ann", "bob")
	bob := s.As("bob").Connect()
	bob.Watch(path)
	to := path + "/message"
	send := func(fields string) string { return `{"message":{"shared_location":{` + fields + `}}}` }
	exchangeAll(t, s, []exchange{
		{
			name: "where he is", who: "ann", method: "POST", path: to, body: `{"message":{"id":"m1","shared_location":{"latitude":52.379189,"longitude":-4.899431,"created_by_device_id":"phone","message_id":"m1"}}}`,
			want: map[string]string{
				"message.shared_location.latitude": "52.379189", "message.shared_location.longitude": "-4.899431", "message.shared_location.created_by_device_id": `"phone"`,
				"message.shared_location.channel_cid": `"messaging:room"`, "message.shared_location.message_id": `"m1"`, "message.shared_location.user_id": `"ann"`,
				"message.shared_location.end_at": "null", "message.text": `""`,
			},
		},
		{name: "it is kept", who: "bob", method: "GET", path: "/messages/m1", want: map[string]string{"message.shared_location.latitude": "52.379189", "message.shared_location.user_id": `"ann"`}},
		{name: "an edit keeps it", who: "ann", method: "POST", path: "/messages/m1", body: `{"message":{"text":"here","shared_location":{"latitude":0}}}`, want: map[string]string{"message.shared_location.latitude": "52.379189", "message.text": `"here"`}},
		{name: "an edit by part, too", who: "ann", method: "PUT", path: "/messages/m1", body: `{"set":{"color":"red"}}`, want: map[string]string{"message.shared_location.longitude": "-4.899431"}},
		{name: "not to be named there", who: "ann", method: "PUT", path: "/messages/m1", body: `{"set":{"shared_location":{}}}`, status: 400, code: 4, message: "message.shared_location is a reserved field"},
		{name: "at the end of the world", who: "ann", method: "POST", path: to, body: send(`"latitude":-90,"longitude":180`), want: map[string]string{"message.shared_location.created_by_device_id": `""`}},
		{name: "no latitude", who: "ann", method: "POST", path: to, body: send(`"longitude":2`), status: 400, code: 4, message: "message.shared_location.latitude is a required field"},
		{name: "no longitude", who: "ann", method: "POST", path: to, body: send(`"latitude":2`), status: 400, code: 4, message: "message.shared_location.longitude is a required field"},
		{name: "beyond the pole", who: "ann", method: "POST", path: to, body: send(`"latitude":90.1,"longitude":0`), status: 400, code: 4, message: "message.shared_location.latitude must be between -90 and 90"},
		{name: "around the world", who: "ann", method: "POST", path: to, body: send(`"latitude":0,"longitude":-180.5`), status: 400, code: 4, message: "message.shared_location.longitude must be between -180 and 180"},
		{name: "a long device", who: "ann", method: "POST", path: to, body: send(`"latitude":0,"longitude":0,"created_by_device_id":"` + strings.Repeat("x", 256) + `"`), status: 400, code: 4, message: "created_by_device_id must be 255 bytes or less"},
		{name: "until yesterday", who: "ann", method: "POST", path: to, body: send(`"latitude":0,"longitude":0,"end_at":"2020-01-01T00:00:00Z"`), status: 400, code: 4, message: "message.shared_location.end_at must be in the future"},
		{name: "no number", who: "ann", method: "POST", path: to, body: send(`"latitude":"0","longitude":0`), status: 400, code: 4, message: "message.shared_location.latitude"},
		{name: "null is none", who: "ann", method: "POST", path: to, body: `{"message":{"text":"x","shared_location":null}}`, want: map[string]string{"message.shared_location": "null"}},
		{name: "in a draft", who: "ann", method: "POST", path: path + "/draft", body: send(`"latitude":1,"longitude":2`), want: map[string]string{"draft.message.shared_location": `{"latitude":1,"longitude":2}`}},
	})
	bob.Expect("message.new").Want("message.shared_location.latitude", "52.379189").Want("message.shared_location.message_id", `"m1"`)
	s.Server().Put("/channeltypes/messaging", `{"grants":{"channel_member":["read-channel","create-message"],"user":[]}}`).OK()
	s.As("ann").Post(to, send(`"latitude":1,"longitude":2`)).Fails(403, 17, "ShareLocation")
}

func TestLiveLocations(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := sharing(s, "room", "ann", "bob")
	other := s.Channel("messaging", "other", "ann")
	s.Users("dan")
	s.As("ann").Post(path+"/message", `{"message":{"id":"still","shared_location":{"latitude":1,"longitude":2}}}`).OK()
	live(s, "ann", path, "l1")
	live(s, "ann", other, "l2")
	live(s, "bob", path, "l3")
	bob := s.As("bob").Connect()
	bob.Watch(path).Want("active_live_locations.#", "2").Want("active_live_locations.0.message_id", `"l1"`).Want("active_live_locations.1.user_id", `"bob"`)
	to := "/users/live_locations"
	put := func(fields string) string { return `{"message_id":` + fields + `}` }
	exchangeAll(t, s, []exchange{
		{name: "his own", who: "ann", method: "GET", path: to, want: map[string]string{
			"active_live_locations.#": "2", "active_live_locations.0.message_id": `"l1"`, "active_live_locations.0.channel_cid": `"messaging:room"`,
			"active_live_locations.0.created_by_device_id": `"phone"`, "active_live_locations.1.message_id": `"l2"`,
			"active_live_locations.0.channel.cid": `"messaging:room"`, "active_live_locations.0.channel.created_by.id": `"ann"`,
			"active_live_locations.0.message.user.id": `"ann"`, "active_live_locations.0.message.shared_location.message": "null",
			"active_live_locations.1.channel.id": `"other"`, "active_live_locations.1.message.id": `"l2"`,
		}},
		{name: "none", who: "dan", method: "GET", path: to, want: map[string]string{"active_live_locations": "[]"}},
		{name: "of nobody", method: "GET", path: to, status: 400, code: 4, message: "either user or user_id must be provided"},
		{name: "on the server side", method: "GET", path: to + "?user_id=bob", want: map[string]string{"active_live_locations.#": "1"}},
		{
			name: "moved", who: "ann", method: "PUT", path: to, body: put(`"l1","latitude":10.5,"longitude":-20,"created_by_device_id":"tablet"`),
			want: map[string]string{
				"latitude": "10.5", "longitude": "-20", "message_id": `"l1"`, "user_id": `"ann"`, "channel_cid": `"messaging:room"`, "created_by_device_id": `"phone"`,
				"channel.cid": `"messaging:room"`, "message.id": `"l1"`, "message.shared_location.latitude": "10.5",
			},
		},
		{name: "by half", who: "ann", method: "PUT", path: to, body: put(`"l1","latitude":11`), want: map[string]string{"latitude": "11", "longitude": "-20"}},
		{name: "it is kept", who: "bob", method: "GET", path: "/messages/l1", want: map[string]string{"message.shared_location.latitude": "11", "message.shared_location.channel": "null"}},
		{name: "on the server side", method: "PUT", path: to + "?user_id=ann", body: put(`"l2","latitude":3`), want: map[string]string{"latitude": "3"}},
		{name: "another's", who: "bob", method: "PUT", path: to, body: put(`"l1","latitude":3`), status: 403, code: 17, message: "can only be updated by the user who shares it"},
		{name: "what stands still", who: "ann", method: "PUT", path: to, body: put(`"still","latitude":3`), status: 400, code: 4, message: "does not share a live location"},
		{name: "no message", who: "ann", method: "PUT", path: to, body: `{}`, status: 400, code: 4, message: "message_id is a required field"},
		{name: "an unknown message", who: "ann", method: "PUT", path: to, body: put(`"nope"`), status: 404, code: 16, message: "message with id nope doesn't exist"},
		{name: "beyond the pole", who: "ann", method: "PUT", path: to, body: put(`"l1","latitude":91`), status: 400, code: 4, message: "latitude must be between -90 and 90"},
		{name: "a stranger", who: "dan", method: "PUT", path: to, body: put(`"l1","latitude":9`), status: 403, code: 17, message: "ReadChannel"},
		{name: "the list of channels", who: "bob", method: "POST", path: "/channels", body: `{"filter_conditions":{"cid":"messaging:room"},"state":true}`, want: map[string]string{"channels.0.active_live_locations.#": "2", "channels.0.active_live_locations.0.latitude": "11"}},
		{name: "ended", who: "ann", method: "PUT", path: to, body: put(`"l1","end_at":"` + at(0) + `"`)},
		{name: "it cannot go on", who: "ann", method: "PUT", path: to, body: put(`"l1","latitude":3`), status: 400, code: 4, message: "has ended"},
		{name: "it is not live", who: "ann", method: "GET", path: to, want: map[string]string{"active_live_locations.#": "1"}},
		{name: "nor in the channel", who: "bob", method: "POST", path: path + "/query", body: `{"state":true}`, want: map[string]string{"active_live_locations.#": "1", "active_live_locations.0.message_id": `"l3"`}},
	})
	ev := bob.Expect("message.updated").Want("message.id", `"l1"`).Want("message.shared_location.latitude", "10.5").Want("message.shared_location.longitude", "-20").Want("user.id", `"ann"`)
	if ev.At("message.updated_at") == ev.At("message.created_at") {
		t.Error("the message was not updated")
	}
	bob.Expect("message.updated").Want("message.shared_location.latitude", "11")
	if end, _ := bob.Expect("message.updated").At("message.shared_location.end_at").(string); end >= at(time.Minute) {
		t.Errorf("it ends at %s", end)
	}
	active := func(who string, n int) {
		t.Helper()
		s.As(who).Get(to).OK().Want("active_live_locations.#", fmt.Sprint(n))
	}
	s.As("bob").Delete("/messages/l3").OK()
	active("bob", 0)
	s.As("bob").Put(to, put(`"l3","latitude":3`)).Fails(400, 4, "has been deleted")
	s.Server().Post("/messages/l3/undelete", `{"undeleted_by":"bob"}`).OK().Want("message.shared_location.latitude", "1")
	active("bob", 1)
	s.As("bob").Post(path+"/query", `{"state":true}`).OK().Want("active_live_locations.#", "1")
	s.Server().Delete("/messages/l3?hard=true").OK()
	active("bob", 0)
	s.As("bob").Post(path+"/query", `{"state":true}`).OK().Want("active_live_locations", "null")
	s.Server().Post(other+"/truncate", `{}`).OK()
	active("ann", 0)
	live(s, "ann", other, "l4")
	active("ann", 1)
	s.Server().Delete(other).OK()
	active("ann", 0)
}

// TestLiveLocationExpires looks at a location whose time is over.
func TestLiveLocationExpires(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := sharing(s, "room", "ann")
	live(s, "ann", path, "l1")
	alter(t, s, `UPDATE messages SET live_until = now() - interval '1 second', shared_location = shared_location || '{"end_at":"2020-01-01T00:00:00Z"}' WHERE app_id = $1 AND id = 'l1'`)
	s.As("ann").Get("/users/live_locations").OK().Want("active_live_locations", "[]")
	s.As("ann").Post(path+"/query", `{"state":true}`).OK().Want("active_live_locations", "null").Want("messages.0.shared_location.end_at", `"2020-01-01T00:00:00Z"`)
	s.As("ann").Put("/users/live_locations", `{"message_id":"l1","latitude":3}`).Fails(400, 4, "has ended")
}

// What one shares one can end, also from outside.
func TestLiveLocationsEndFromOutside(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := sharing(s, "room", "bob", "ann")
	for _, id := range []string{"l1", "l2"} {
		live(s, "ann", path, id)
	}
	bob := s.As("bob").Connect()
	bob.Watch(path)
	s.As("ann").Post(path+"/hide", `{"clear_history":true}`).OK()
	to, now := "/users/live_locations", at(0)
	s.As("ann").Put(to, `{"message_id":"l2","end_at":"`+now+`"}`).OK().Want("message_id", `"l2"`).Want("message", "null")
	bob.Expect("message.updated").Want("message.id", `"l2"`)
	s.Server().Post(path, `{"remove_members":["ann"]}`).OK()
	exchangeAll(t, s, []exchange{
		{name: "not moved", who: "ann", method: "PUT", path: to, body: `{"message_id":"l1","latitude":3}`, status: 403, code: 17, message: "ReadChannel"},
		{name: "not moved at its end", who: "ann", method: "PUT", path: to, body: `{"message_id":"l1","latitude":3,"end_at":"` + now + `"}`, status: 403, code: 17, message: "ReadChannel"},
		{name: "another's", who: "eve", method: "PUT", path: to, body: `{"message_id":"l1","end_at":"` + now + `"}`, status: 403, code: 17, message: "ReadChannel"},
		{name: "ended", who: "ann", method: "PUT", path: to, body: `{"message_id":"l1","end_at":"` + now + `"}`, want: map[string]string{"message_id": `"l1"`, "channel": "null", "message": "null"}},
		{name: "it is not live", who: "ann", method: "GET", path: to, want: map[string]string{"active_live_locations": "[]"}},
	})
	bob.Expect("message.updated").Want("message.id", `"l1"`).Want("message.shared_location.latitude", "1")
}
