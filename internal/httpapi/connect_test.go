package httpapi_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"chatd/internal/auth"
	"chatd/internal/testkit"
)

func TestHello(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Users("bob")
	path := s.Channel("messaging", "room", "bob", "ann")
	s.As("bob").Post(path+"/message", `{"message":{"text":"hi"}}`).OK()
	s.Server().Patch("/users", `{"users":[{"id":"ann","set":{"privacy_settings":{"read_receipts":{"enabled":false}},"language":"en","image":"i"}}]}`).OK()
	hello := s.As("ann").Connect().Hello
	if !strings.HasPrefix(string(hello.Body), `{"connection_id":"`) {
		t.Errorf("connection_id does not come first: %.40s", hello.Body)
	}
	for path, want := range map[string]string{
		"type": `"health.check"`, "cid": `"*"`, "me.id": `"ann"`, "me.image": `"i"`, "me.language": `"en"`, "me.role": `"user"`, "me.teams": "[]",
		"me.banned": "false", "me.online": "true", "me.invisible": "false", "me.devices": "[]", "me.mutes": "[]", "me.channel_mutes": "[]",
		"me.unread_count": "1", "me.total_unread_count": "1", "me.unread_channels": "1", "me.unread_threads": "0", "me.blocked_user_ids": "[]",
		"me.privacy_settings.read_receipts.enabled": "false", "me.push_preferences.chat_level": `"all"`,
	} {
		hello.Want(path, want)
	}
	for _, at := range []string{"created_at", "me.created_at", "me.updated_at", "me.last_active"} {
		if text, _ := hello.At(at).(string); !strings.HasSuffix(text, "Z") {
			t.Errorf("%s is %q", at, text)
		}
	}
	if id, _ := hello.At("connection_id").(string); len(id) != 36 {
		t.Errorf("connection_id %q", id)
	}
}

// A connect that says nothing new writes nothing; one that does is told.
func TestConnectAgain(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	ann := token(s, "ann")
	first := ann.Dial(details("ann", "name=Ann,color=red")).Expect("health.check")
	for _, doc := range []map[string]any{nil, details("ann", ""), details("ann", "color=red"), details("ann", "role=admin")} {
		again := ann.Dial(doc).Expect("health.check")
		if again.At("me.updated_at") != first.At("me.updated_at") {
			t.Errorf("%v: updated at %v, not %v", doc, again.At("me.updated_at"), first.At("me.updated_at"))
		}
		again.Want("me.color", `"red"`).Want("me.name", `"Ann"`).Want("me.role", `"user"`)
	}
	watcher := s.As("bob").Connect()
	watcher.Client.Get(find(`{"filter_conditions":{"id":"ann"},"presence":true}`)).OK()
	changed := ann.Dial(details("ann", "color=blue")).Expect("health.check")
	watcher.Expect("user.updated").Want("user.color", `"blue"`)
	if changed.At("me.updated_at") == first.At("me.updated_at") {
		t.Error("updated_at stays though the user changed")
	}
}

func TestConnectDocuments(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Users("ann")
	good, long := s.Sign(auth.Claims{UserID: "ann"}), strings.Repeat("x", 65)
	for _, tt := range []struct {
		name, doc, token string
		code             string // "" for a hello
		status           string
	}{
		{"nothing", ``, good, "", ""},
		{"an empty object", `{}`, good, "", ""},
		{"of a browser", `{"user_id":"ann","user_details":{"id":"ann"},"client_request_id":"x"}`, good, "", ""},
		{"of a phone", `{"user_id":"ann","user_details":{"id":"ann"},"user_token":"` + good + `","server_determines_connection_id":true}`, good, "", ""},
		{"with the only token", `{"user_id":"ann","user_token":"` + good + `"}`, "", "", ""},
		{"member data", `{"user_id":"ann","member_custom_include":["a","b"]}`, good, "", ""},
		{"too much member data", `{"member_custom_include":["1","2","3","4","5","6","7","8","9"]}`, good, "4", "400"},
		{"too long a name", `{"member_custom_include":["` + long + `"]}`, good, "4", "400"},
		{"a device", `{"device":{"id":"d","push_provider":"firebase","push_provider_name":""}}`, good, "", ""},
		{"a device of a provider that is not there", `{"device":{"id":"d","push_provider":"firebase","push_provider_name":"p"}}`, good, "4", "400"},
		{"a device with a long id", `{"device":{"id":"` + strings.Repeat("x", 256) + `","push_provider":"apn"}}`, good, "4", "400"},
		{"a device without id", `{"device":{"push_provider":"firebase"}}`, good, "4", "400"},
		{"a device of nobody's", `{"device":{"id":"d","push_provider":"pigeon"}}`, good, "4", "400"},
		{"broken", `{"user_id":`, good, "4", "400"},
		{"a list", `[]`, good, "4", "400"},
		{"wrong types", `{"user_id":7}`, good, "4", "400"},
		{"wrong types within", `{"user_details":{"id":"ann","teams":"red"}}`, good, "4", "400"},
		{"NUL", `{"user_details":{"id":"ann","x":"\u0000"}}`, good, "4", "400"},
		{"a huge number", `{"user_details":{"id":"ann","x":1e400000}}`, good, "4", "400"},
		{"deep", `{"user_details":{"id":"ann","x":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}}`, good, "22", "413"},
		{"not UTF-8", "{\"user_details\":{\"id\":\"ann\",\"x\":\"a\xff\"}}", good, "4", "400"},
		{"reserved", `{"user_details":{"id":"ann","updated_at":"2020-01-01T00:00:00Z"}}`, good, "4", "400"},
		{"too big", `{"user_details":{"id":"ann","x":"` + strings.Repeat("x", 5200) + `"}}`, good, "22", "413"},
		{"another user", `{"user_id":"bob"}`, good, "5", "401"},
		{"no token", `{"user_id":"ann"}`, "", "5", "401"},
		{"a wrong token", `{"user_id":"ann"}`, good + "x", "43", "401"},
		{"an expired token", `{"user_id":"ann"}`, s.Sign(auth.Claims{UserID: "ann", ExpiresAt: ago(time.Hour)}), "40", "401"},
		{"a server", `{}`, s.Sign(auth.Claims{Server: true}), "5", "401"},
		{"an unknown user's", `{}`, s.Sign(auth.Claims{UserID: "dan"}), "", ""},
	} {
		t.Log(tt.name)
		socket := s.WithToken("ann", tt.token).DialQuery(url.Values{"json": {tt.doc}})
		if tt.code == "" {
			socket.Expect("health.check")
			continue
		}
		code, last := socket.Closed()
		if code != 1000 {
			t.Errorf("%s: closed with %d", tt.name, code)
		}
		last.Want("error.code", tt.code).Want("error.StatusCode", tt.status).Want("error.details", "[]")
		if text, _ := last.At("error.message").(string); !strings.HasPrefix(text, "Connect failed with error: \"") {
			t.Errorf("%s: %s", tt.name, text)
		}
	}
	code, last := s.WithToken("ann", good).DialQuery(url.Values{"api_key": {"nosuchkey"}}).Closed()
	if last.Want("error.code", "2").Want("error.StatusCode", "401"); code != 1000 {
		t.Errorf("closed with %d", code)
	}
}

// What passes does not end with 1000, after which clients give up.
func TestConnectionsThatShouldComeAgain(t *testing.T) {
	t.Parallel()
	s := testkit.StartWith(t, func(o *options) { o.MaxPerUser = 2; o.RateLimits = true })
	ann := s.As("ann")
	first, second := ann.Connect(), ann.Connect()
	code, last := ann.Dial(nil).Closed()
	if last.Want("error.code", "71").Want("error.StatusCode", "429"); code != 1013 {
		t.Errorf("one too many: closed with %d", code)
	}
	second.Close()
	first.Send(`[{"type":"health.check","client_id":"ann--1"}]`)
	first.Expect("health.check").Want("cid", `"*"`).Want("connection_id", fmt.Sprintf("%q", first.ID)).Want("me", "null")
	first.Send(`{"type":"health.check","connection_id":"` + first.ID + `"}`)
	first.Expect("health.check")
	for _, nonsense := range []string{"", "nonsense", "[]", "7", `{"type":"message.new"}`} {
		first.Send(nonsense)
	}
	first.Quiet("health.check", "message.new")

	bob := s.As("bob")
	var ws *testkit.Socket
	for range 2*60 + 1 { // the minute that counts may end on the way
		ws = bob.Dial(nil)
		if last = ws.Next(); fmt.Sprint(last.At("error.code")) == "9" { // not that others of his have not ended yet
			break
		}
		ws.Close()
	}
	last.Want("error.code", "9").Want("error.StatusCode", "429")
	if code, _ = ws.Closed(); code != 1013 {
		t.Errorf("too many requests: closed with %d", code)
	}
}

func TestConnectionsOfOthers(t *testing.T) {
	t.Parallel()
	s, other := testkit.Start(t), testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	other.Channel("messaging", "room", "ann")
	ann, stranger := s.As("ann").Connect(), other.As("ann").Connect()
	for name, id := range map[string]string{"another user's": ann.ID, "another app's": stranger.ID, "none": "nonsense", "hostile": "\x00\xff'"} {
		t.Log(name)
		q := "?connection_id=" + url.QueryEscape(id)
		bob := s.As("bob")
		bob.Post(path+"/query"+q, `{"watch":true}`).Fails(400, 46, "not found")
		bob.Post("/channels"+q, `{"filter_conditions":{"members":{"$in":["bob"]}},"watch":true}`).Fails(400, 46, "not found")
		bob.Post(path+"/stop-watching"+q, `{}`).Fails(400, 46, "not found")
		bob.Get("/longpoll"+q).Fails(400, 46, "not found")
		bob.Get("/longpoll"+q+"&close=true").Fails(400, 46, "not found")
	}
	s.As("bob").Post(path+"/query", `{"watch":true,"connection_id":"`+s.As("bob").Connect().ID+`"}`).OK() // some SDKs send it in the body
	s.Server().Post("/channels", `{"filter_conditions":{},"watch":true}`).Fails(400, 4, "")
	s.Server().Post("/channels", `{"filter_conditions":{},"presence":true}`).Fails(400, 4, "")
	s.As("ann").Post("/channels", `{"filter_conditions":{"members":{"$in":["ann"]}},"presence":true}`).Fails(400, 4, "connection_id")
}

func TestLongPollRoute(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	ann := s.As("ann")
	open := ann.Get("/longpoll?json=" + url.QueryEscape(`{"user_id":"ann","user_details":{"id":"ann","color":"red"}}`)).OK()
	open.Want("event.type", `"health.check"`).Want("event.me.id", `"ann"`).Want("event.me.color", `"red"`).Want("event.cid", `"*"`)
	if open.Header.Get("X-Ratelimit-Limit") == "" {
		t.Error("no limit is told")
	}
	id, _ := open.At("event.connection_id").(string)
	ann.Post(path+"/query?connection_id="+id, `{"watch":true}`).OK().Want("watcher_count", "1")
	s.As("bob").Post(path+"/message", `{"message":{"text":"one"}}`).OK()
	s.As("bob").Post(path+"/message", `{"message":{"text":"two"}}`).OK()
	var got []string
	for len(got) < 2 {
		r := ann.Get("/longpoll?connection_id=" + id).OK()
		for i := range int(r.At("events.#").(float64)) {
			if r.At(fmt.Sprintf("events.%d.type", i)) == "message.new" {
				got = append(got, r.At(fmt.Sprintf("events.%d.message.text", i)).(string))
			}
		}
	}
	if strings.Join(got, " ") != "one two" {
		t.Errorf("events %q", got)
	}
	ann.Get("/longpoll?close=true&connection_id=" + id).OK()
	ann.Get("/longpoll?connection_id="+id).Fails(400, 46, "LongPoll failed with error: ")
	ann.Get("/longpoll?json=%7B").Fails(400, 4, "invalid JSON")
	s.WithToken("ann", "x.y.z").Get("/longpoll").Fails(401, 5, "malformed")
	ann.Get("/connect").Fails(400, 4, "websocket")
}
