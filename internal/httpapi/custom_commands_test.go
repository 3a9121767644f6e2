package httpapi_test

import (
	"compress/gzip"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"chatd/internal/server"
	"chatd/internal/testkit"
)

// called is a request that an app's server got.
type called struct {
	path   string // with its query
	header http.Header
	body   map[string]any
}

// at returns a value of the body.
func (c *called) at(path ...string) any {
	var v any = c.body
	for _, name := range path {
		obj, _ := v.(map[string]any)
		v = obj[name]
	}
	return v
}

// appServer is the server of an app, whose hooks lead there. Every request must be
// signed with the app's secret.
type appServer struct {
	t      *testing.T
	s      *testkit.Server
	url    string
	calls  chan *called
	answer func(c *called) (status int, body string)
}

func newAppServer(t *testing.T, s *testkit.Server, answer func(c *called) (int, string)) *appServer {
	t.Helper()
	a := &appServer{t: t, s: s, calls: make(chan *called, 100), answer: answer}
	web := httptest.NewServer(http.HandlerFunc(a.serve))
	t.Cleanup(web.Close)
	a.url = web.URL
	return a
}

func (a *appServer) serve(w http.ResponseWriter, r *http.Request) {
	in := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		var err error
		if in, err = gzip.NewReader(in); err != nil {
			a.t.Error(err)
			return
		}
	}
	raw, err := io.ReadAll(in)
	if err != nil {
		a.t.Error(err)
	}
	c := &called{path: r.URL.String(), header: r.Header}
	if err := json.Unmarshal(raw, &c.body); err != nil {
		a.t.Errorf("%v: %s", err, raw)
	}
	m := hmac.New(sha256.New, []byte(a.s.Secret))
	m.Write(raw)
	if sign := r.Header.Get("X-Signature"); sign != hex.EncodeToString(m.Sum(nil)) {
		a.t.Errorf("signed with %q", sign)
	}
	if r.Method != http.MethodPost || r.Header.Get("X-Api-Key") != a.s.Key || r.Header.Get("X-Webhook-Id") == "" || r.Header.Get("Content-Type") != "application/json" {
		a.t.Errorf("%s with %v", r.Method, r.Header)
	}
	status, body := a.answer(c)
	a.calls <- c
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// next is the next request that came.
func (a *appServer) next() *called {
	a.t.Helper()
	select {
	case c := <-a.calls:
		return c
	case <-time.After(10 * time.Second):
		a.t.Fatal("the app's server was not called")
		return nil
	}
}

// ticketed returns an app with a command of its own, /ticket, in a channel of ann and
// bob.
func ticketed(t *testing.T, s *testkit.Server) (path string) {
	t.Helper()
	s.Server().Post("/commands", `{"name":"ticket","description":"Create a ticket"}`).OK()
	s.Server().Put("/channeltypes/messaging", `{"commands":["giphy","ticket","ban"]}`).OK()
	return s.Channel("messaging", "room", "ann", "bob")
}

func TestCustomCommand(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := ticketed(t, s)
	to := path + "/message"
	var status int
	var reply string
	hook := newAppServer(t, s, func(*called) (int, string) { return status, reply })
	ask := func(code int, body string) { status, reply = code, body }
	bob := s.As("bob").Connect()
	bob.Watch(path)

	s.As("ann").Post(to, says("early", "/ticket x")).Fails(400, 44, `SendMessage failed with error: "custom_action_handler_url is not set`)
	s.As("ann").Post(to, says("early", "/ban @bob")).Fails(400, 44, "custom_action_handler_url is not set") // no command of chatd's own yet
	s.Server().Patch("/app", fmt.Sprintf(`{"custom_action_handler_url":"%s/commands?type={type}"}`, hook.url)).OK()

	ask(200, `{"message":{"text":"Ticket #1 has been **created**"}}`)
	s.As("ann").Post(to, says("m1", "/ticket  suspicious \n")).OK().Want("message.id", `"m1"`).Want("message.type", `"regular"`).
		Want("message.text", `"Ticket #1 has been **created**"`).Want("message.html", `"<p>Ticket #1 has been <strong>created</strong></p>\n"`).
		Want("message.command", `"ticket"`).Want("message.args", `"suspicious"`).Want("message.command_info.name", `"Ticket"`)
	c := hook.next()
	for what, v := range map[string][2]any{
		"path": {c.path, "/commands?type=ticket"}, "attempt": {c.header.Get("X-Webhook-Attempt"), "1"},
		"message": {c.at("message", "id"), "m1"}, "text": {c.at("message", "text"), "/ticket  suspicious \n"}, "command": {c.at("message", "command"), "ticket"},
		"args": {c.at("message", "args"), "suspicious"}, "cid": {c.at("message", "cid"), "messaging:room"}, "type": {c.at("message", "type"), "regular"},
		"user": {c.at("user", "id"), "ann"}, "role": {c.at("user", "role"), "user"}, "form": {c.at("form_data"), nil},
	} {
		if v[0] != v[1] {
			t.Errorf("%s: %v, want %v", what, v[0], v[1])
		}
	}
	bob.Expect("message.new").Want("message.id", `"m1"`).Want("message.text", `"Ticket #1 has been **created**"`).Want("message.command", `"ticket"`)

	for _, tt := range []struct {
		name, reply string
		want        map[string]string
	}{
		{"nothing", ``, map[string]string{"message.text": `"/ticket x"`, "message.type": `"regular"`, "message.command": `"ticket"`}},
		{"no message", `{}`, map[string]string{"message.text": `"/ticket x"`}},
		{"null", `{"message":null}`, map[string]string{"message.text": `"/ticket x"`}},
		{"nothing new", `{"message":{}}`, map[string]string{"message.text": `"/ticket x"`}},
		{"the same", `{"message":{"text":"/ticket x","attachments":[],"type":"regular","command":"ticket","html":"<b>x</b>","mentioned_users":[]}}`, map[string]string{"message.text": `"/ticket x"`, "message.html": `"<p>/ticket x</p>\n"`}},
		{"attachments", `{"message":{"attachments":[{"type":"text","text":"x"}]}}`, map[string]string{"message.attachments.#": "1", "message.type": `"regular"`}},
		{"custom data", `{"message":{"color":"red","mml":"<mml>x</mml>","silent":true}}`, map[string]string{"message.color": `"red"`, "message.mml": `"<mml>x</mml>"`, "message.silent": "true"}},
		{"what it cannot change", `{"message":{"id":"other","user_id":"bob","user":{"id":"bob"},"cid":"a:b","created_at":"2020-01-01T00:00:00Z","pinned":true,"parent_id":"x","restricted_visibility":["bob"],"command":"x","args":"y","reply_count":7,"text":null}}`, map[string]string{
			"message.text": `"/ticket x"`, "message.user.id": `"ann"`, "message.cid": `"messaging:room"`, "message.pinned": "false", "message.parent_id": "null", "message.restricted_visibility": "[]", "message.command": `"ticket"`, "message.args": `"x"`, "message.reply_count": "0",
		}},
		{"a type of its own", `{"message":{"type":"system","text":"done"}}`, map[string]string{"message.type": `"system"`}},
		{"an error", `{"message":{"type":"error","text":"invalid arguments"}}`, map[string]string{"message.type": `"error"`, "message.text": `"invalid arguments"`}},
	} {
		t.Log(tt.name)
		ask(201, tt.reply)
		r := s.As("ann").Post(to, says("", "/ticket x")).OK()
		for at, want := range tt.want {
			r.Want(at, want)
		}
		hook.next()
		id := r.At("message.id").(string)
		if tt.want["message.type"] == `"error"` {
			s.As("ann").Get("/messages/"+id).Fails(404, 16, "doesn't exist")
			continue
		}
		got := s.As("bob").Get("/messages/" + id).OK()
		for at, want := range tt.want {
			got.Want(at, want)
		}
	}
	bad := `SendMessage failed with error: "the handler of the command "ticket" could not be called or returned an error"`
	long := strings.Repeat("x", 6000)
	for name, tt := range map[string]struct {
		status      int
		reply, want string
	}{
		"an error":            {500, `{}`, bad},
		"a refusal":           {404, ``, bad},
		"a redirect":          {302, ``, bad},
		"no JSON":             {200, `<html>`, bad},
		"no object":           {200, `{"message":"x"}`, bad},
		"too much":            {200, `{"message":{"text":"x","y":"` + strings.Repeat(long, 50) + `"}}`, bad},
		"a long text":         {200, `{"message":{"text":"` + long + `"}}`, `answered what is no message`},
		"much custom data":    {200, `{"message":{"x":"` + long + `"}}`, `answered what is no message`},
		"no attachments":      {200, `{"message":{"attachments":"x"}}`, `answered what is no message`},
		"a wrong type":        {200, `{"message":{"text":7}}`, `answered what is no message`},
		"no flag":             {200, `{"message":{"silent":"x"}}`, `answered what is no message`},
		"nothing that stands": {200, `{"message":{"text":""}}`, `answered what is no message`},
	} {
		t.Log(name)
		ask(tt.status, tt.reply)
		s.As("ann").Post(to, says("bad", "/ticket x")).Fails(400, 45, tt.want)
		hook.next()
	}
	s.As("ann").Get("/messages/bad").Fails(404, 16, "doesn't exist")
}

// TestCustomCommandsSeeFiles has a handler open an attachment and send it back.
func TestCustomCommandsSeeFiles(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := ticketed(t, s)
	var link string
	hook := newAppServer(t, s, func(c *called) (int, string) {
		attachments, _ := c.at("message", "attachments").([]any)
		link, _ = attachments[0].(map[string]any)["asset_url"].(string)
		return 200, fmt.Sprintf(`{"message":{"attachments":[{"type":"file","asset_url":%q}]}}`, link)
	})
	s.Server().Patch("/app", fmt.Sprintf(`{"custom_action_handler_url":%q}`, hook.url)).OK()
	url := s.As("ann").Upload(path+"/file", testkit.Part{Name: "file", FileName: "a.txt", Type: "text/plain", Body: []byte("hello")}).OK().At("file").(string)
	s.As("ann").Post(path+"/message", fmt.Sprintf(`{"message":{"id":"m1","text":"/ticket x","attachments":[{"type":"file","asset_url":%q}]}}`, url)).OK()
	hook.next()
	if r := s.Send("GET", strings.TrimPrefix(link, s.URL), nil, ""); r.Status != 200 || string(r.Body) != "hello" {
		t.Errorf("the handler got %s: %d %s", link, r.Status, r.Body)
	}
	m, err := s.Store.App(s.App).Message(t.Context(), "m1")
	if err != nil || !strings.Contains(string(m.Attachments), "/files/") || strings.Contains(string(m.Attachments), "Signature") {
		t.Errorf("kept as %s, %v", m.Attachments, err)
	}
}

func TestCustomCommandsAreCalledInTime(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	to := ticketed(t, s) + "/message"
	wait := make(chan struct{})
	hook := newAppServer(t, s, func(*called) (int, string) {
		<-wait
		return 200, ""
	})
	t.Cleanup(func() { close(wait) })
	s.Server().Patch("/app", fmt.Sprintf(`{"custom_action_handler_url":%q}`, hook.url)).OK()
	before := time.Now()
	s.As("ann").Post(to, says("", "/ticket x")).Fails(400, 45, "could not be called")
	if took := time.Since(before); took < time.Second || took > 5*time.Second {
		t.Errorf("given up after %v", took)
	}
	closed := httptest.NewServer(nil)
	closed.Close()
	s.Server().Patch("/app", fmt.Sprintf(`{"custom_action_handler_url":%q}`, closed.URL)).OK()
	s.As("ann").Post(to, says("", "/ticket x")).Fails(400, 45, "could not be called")
}

// TestCustomCommandsStayOutside has a handler where the operator allows none.
func TestCustomCommandsStayOutside(t *testing.T) {
	t.Parallel()
	s := testkit.StartWith(t, func(o *server.Options) { o.DatabaseURL, o.HookNets = testkit.Isolated(t), nil }) // it would take the jobs of others
	to := ticketed(t, s) + "/message"
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("was called") }))
	t.Cleanup(inside.Close)
	s.Server().Patch("/app", fmt.Sprintf(`{"custom_action_handler_url":%q}`, inside.URL)).OK()
	s.As("ann").Post(to, says("", "/ticket x")).Fails(400, 45, "could not be called")
}

func TestCustomCommandActions(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := ticketed(t, s)
	to := path + "/message"
	form := `{"message":{"text":"How urgent?","attachments":[{"type":"text","actions":[{"name":"action","text":"Send","type":"button","value":"submit"},{"name":"action","text":"Cancel","type":"button","value":"cancel"}]}]}}`
	status, reply := 200, form
	hook := newAppServer(t, s, func(*called) (int, string) { return status, reply })
	s.Server().Patch("/app", fmt.Sprintf(`{"custom_action_handler_url":%q,"enable_hook_payload_compression":true}`, hook.url)).OK()
	bob := s.As("bob").Connect()
	bob.Watch(path)
	start := func(id string) {
		t.Helper()
		status, reply = 200, form
		s.As("ann").Post(to, says(id, "/ticket x")).OK().Want("message.type", `"ephemeral"`).Want("message.text", `"How urgent?"`).Want("message.attachments.0.actions.#", "2")
		if c := hook.next(); c.header.Get("Content-Encoding") != "gzip" {
			t.Errorf("not compressed: %v", c.header)
		}
	}
	start("m1")
	act, submit := "/messages/m1/action", choose("action", "submit")
	reply = `{"message":{"type":"error","text":"not like that"}}`
	s.As("ann").Post(act, submit).OK().Want("message.type", `"error"`).Want("message.text", `"not like that"`)
	c := hook.next()
	if c.at("form_data", "action") != "submit" || c.at("message", "text") != "How urgent?" || c.at("message", "type") != "ephemeral" || c.at("user", "id") != "ann" {
		t.Errorf("told %v", c.body)
	}
	status = 500
	s.As("ann").Post(act, submit).Fails(400, 45, `RunMessageAction failed with error: "the handler of the command "ticket"`)
	hook.next()
	status, reply = 200, `{"message":{"text":"Really?"}}`
	s.As("ann").Post(act, submit).OK().Want("message.type", `"ephemeral"`).Want("message.text", `"Really?"`)
	hook.next()
	bob.Quiet("message.new")
	reply = `{"message":{"text":"Ticket #2","attachments":[],"urgent":true}}`
	s.As("ann").Post(act, submit).OK().Want("message.type", `"regular"`).Want("message.text", `"Ticket #2"`).Want("message.urgent", "true")
	hook.next()
	bob.Expect("message.new").Want("message.id", `"m1"`).Want("message.text", `"Ticket #2"`).Want("message.urgent", "true").Want("message.command_info.name", `"Ticket"`)
	s.As("ann").Post(act, submit).Fails(400, 4, "has no actions to run")

	start("m2") // the handler leaves it to the choice
	reply = ""
	s.As("ann").Post("/messages/m2/action", choose("action", "cancel")).OK().Want("message", "null")
	hook.next()
	s.As("ann").Post("/messages/m2/action", submit).Fails(404, 16, "doesn't exist")
	start("m3")
	reply = `{"message":null}`
	s.As("ann").Post("/messages/m3/action", submit).OK().Want("message.type", `"regular"`).Want("message.text", `"How urgent?"`).Want("message.attachments", `[{"type":"text"}]`)
	hook.next()
	start("m4") // the handler sends it with its actions
	reply = `{"message":{"type":"regular"}}`
	s.As("ann").Post("/messages/m4/action", submit).OK().Want("message.type", `"regular"`).Want("message.attachments.0.actions.#", "2")
	hook.next()
	status, reply = 200, `{"message":{"type":"ephemeral","text":"just for you"}}`
	s.As("ann").Post(to, says("m5", "/ticket x")).OK().Want("message.type", `"ephemeral"`).Want("message.attachments", "[]")
	hook.next()
	s.As("bob").Get("/messages/m5").Fails(404, 16, "doesn't exist")
}
