package httpapi_test

import (
	"bytes"
	"fmt"
	"image/gif"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"chatd/internal/server"
	"chatd/internal/testkit"
)

// says is a request that sends a text.
func says(id, text string) string {
	return fmt.Sprintf(`{"message":{"id":%q,"text":%q}}`, id, text)
}

// choose is a form with one choice.
func choose(name, value string) string { return fmt.Sprintf(`{"form_data":{%q:%q}}`, name, value) }

func TestGiphy(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	to := path + "/message"
	ann, bob := s.As("ann").Connect(), s.As("bob").Connect()
	ann.Watch(path)
	bob.Watch(path)
	id := "g-" + s.Key
	act := "/messages/" + id + "/action"

	first := s.As("ann").Post(to, says(id, "/giphy  Cats & dogs ")).OK().
		Want("message.id", `"`+id+`"`).Want("message.type", `"ephemeral"`).Want("message.text", `"/giphy  Cats & dogs "`).
		Want("message.command", `"giphy"`).Want("message.args", `"Cats & dogs"`).Want("message.command_info", `{"name":"Giphy"}`).
		Want("message.user.id", `"ann"`).Want("message.attachments.#", "1").Want("message.attachments.0.type", `"giphy"`).
		Want("message.attachments.0.title", `"Cats & dogs"`).
		Want("message.attachments.0.actions.0", `{"name":"image_action","style":"primary","text":"Send","type":"button","value":"send"}`).
		Want("message.attachments.0.actions.1", `{"name":"image_action","style":"default","text":"Shuffle","type":"button","value":"shuffle"}`).
		Want("message.attachments.0.actions.2", `{"name":"image_action","style":"default","text":"Cancel","type":"button","value":"cancel"}`).
		Want("message.attachments.0.actions.#", "3").Want("message.attachments.0.giphy.fixed_height.height", `"200"`).
		Want("message.attachments.0.giphy.fixed_width.width", `"200"`).Want("message.attachments.0.giphy.fixed_width_still.frames", `"1"`)
	shown := first.At("message.attachments.0.giphy.original.url").(string)
	if link := first.At("message.attachments.0.title_link"); link != shown || first.At("message.attachments.0.thumb_url") != shown || !strings.HasPrefix(shown, s.URL) {
		t.Errorf("links lead to %v, the picture is at %s", link, shown)
	}
	exchangeAll(t, s, []exchange{
		{name: "nobody can read it", who: "bob", method: "GET", path: "/messages/" + id, status: 404, code: 16, message: "doesn't exist"},
		{name: "nor its author", who: "ann", method: "GET", path: "/messages/" + id, status: 404, code: 16, message: "doesn't exist"},
		{name: "nor edit it", who: "ann", method: "POST", path: "/messages/" + id, body: `{"message":{"text":"x"}}`, status: 404, code: 16, message: "doesn't exist"},
		{name: "nor react to it", who: "ann", method: "POST", path: "/messages/" + id + "/reaction", body: `{"reaction":{"type":"like"}}`, status: 404, code: 16, message: "doesn't exist"},
		{name: "it is not in the channel", who: "ann", method: "POST", path: path + "/query", body: `{}`, want: map[string]string{"messages": "[]", "pending_messages": "null"}},
		{name: "nor counted", who: "bob", method: "GET", path: "/unread", want: map[string]string{"total_unread_count": "0"}},
		{name: "its id is taken", who: "bob", method: "POST", path: to, body: says(id, "/giphy x"), status: 400, code: 4, message: "already exists"},
		{name: "no form", who: "ann", method: "POST", path: act, body: `{}`, status: 400, code: 4, message: "RunMessageAction failed with error: \"form_data is a required field\""},
		{name: "no action of it", who: "ann", method: "POST", path: act, body: choose("image_action", "eat"), status: 400, code: 4, message: "form_data.image_action must be one of [send shuffle cancel]"},
		{name: "no text", who: "ann", method: "POST", path: act, body: `{"form_data":{"image_action":1}}`, status: 400, code: 4, message: "form_data"},
		{name: "too many fields", who: "ann", method: "POST", path: act, body: `{"form_data":{` + strings.TrimSuffix(many(101, `"a%d":"",`), ",") + `}}`, status: 400, code: 4, message: "form_data must contain at maximum 100 items"},
		{name: "too much", who: "ann", method: "POST", path: act, body: choose("x", strings.Repeat("x", 6000)), status: 413, code: 22, message: "form_data is too big"},
		{name: "another's", who: "bob", method: "POST", path: act, body: choose("image_action", "send"), status: 404, code: 16, message: "message with id " + id + " doesn't exist"},
		{name: "none", who: "ann", method: "POST", path: "/messages/nope/action", body: choose("image_action", "send"), status: 404, code: 16, message: "message with id nope doesn't exist"},
	})

	second := s.As("ann").Post(act, choose("image_action", "shuffle")).OK().Want("message.id", `"`+id+`"`).Want("message.type", `"ephemeral"`).Want("message.attachments.#", "1")
	if second.At("message.attachments.0.thumb_url") == shown {
		t.Error("shuffled, and the same picture")
	}
	third := s.Server().Post(act, `{"user_id":"ann","form_data":{"image_action":"shuffle"}}`).OK().At("message.attachments.0.thumb_url")
	if third == shown || third == second.At("message.attachments.0.thumb_url") {
		t.Error("shuffled again, and a picture that was there")
	}
	bob.Quiet("message.new", "message.updated")
	s.As("ann").Post(act, `{"message_id":"x","form_data":{"image_action":"send"}}`).OK().Want("message.id", `"`+id+`"`).Want("message.type", `"regular"`).
		Want("message.command", `"giphy"`).Want("message.attachments.0.actions", "null").Want("message.attachments.0.thumb_url", `"`+third.(string)+`"`)
	for _, ws := range []*testkit.Socket{ann, bob} {
		ws.Expect("message.new").Want("message.id", `"`+id+`"`).Want("message.type", `"regular"`).Want("user.id", `"ann"`).
			Want("message.command_info.name", `"Giphy"`).Want("message.args", `"Cats & dogs"`).Want("message.attachments.0.actions", "null")
	}
	exchangeAll(t, s, []exchange{
		{name: "it is sent", who: "bob", method: "GET", path: "/messages/" + id, want: map[string]string{"message.type": `"regular"`, "message.command_info.name": `"Giphy"`, "message.text": `"/giphy  Cats & dogs "`}},
		{name: "and counts", who: "bob", method: "GET", path: "/unread", want: map[string]string{"total_unread_count": "1"}},
		{name: "not again", who: "ann", method: "POST", path: act, body: choose("image_action", "send"), status: 400, code: 4, message: "has no actions to run"},
		{name: "the same words, the same picture", who: "bob", method: "POST", path: to, body: says("other"+s.Key, "/giphy cats & Dogs"), want: map[string]string{"message.attachments.0.thumb_url": `"` + shown + `"`}},
		{name: "cancel it", who: "bob", method: "POST", path: "/messages/other" + s.Key + "/action", body: choose("image_action", "cancel"), want: map[string]string{"message": "null"}},
		{name: "it is gone", who: "bob", method: "POST", path: "/messages/other" + s.Key + "/action", body: choose("image_action", "send"), status: 404, code: 16, message: "doesn't exist"},
		{name: "by the server without a user", method: "POST", path: to, body: `{"message":{"id":"srv` + s.Key + `","text":"/giphy","user_id":"ann"}}`, want: map[string]string{"message.type": `"ephemeral"`, "message.args": "null"}},
		{name: "who chooses for the author", method: "POST", path: "/messages/srv" + s.Key + "/action", body: choose("image_action", "send"), want: map[string]string{"message.type": `"regular"`, "message.user.id": `"ann"`}},
		{name: "as another", method: "POST", path: to, body: `{"message":{"id":"sru` + s.Key + `","text":"/giphy","user_id":"ann"}}`},
		{name: "does not", method: "POST", path: "/messages/sru" + s.Key + "/action", body: `{"user_id":"bob","form_data":{"image_action":"send"}}`, status: 404, code: 16, message: "doesn't exist"},
	})

	pic := strings.TrimPrefix(shown, s.URL)
	r := s.Send("GET", pic, nil, "").OK()
	if kind := r.Header.Get("Content-Type"); kind != "image/gif" || r.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("a picture of type %s", kind)
	}
	if g, err := gif.DecodeAll(bytes.NewReader(r.Body)); err != nil || len(g.Image) != 12 || g.Config.Width != 320 || g.Config.Height != 240 {
		t.Errorf("%v: no picture: %v", shown, err)
	}
	if size := first.At("message.attachments.0.giphy.original.size"); size != fmt.Sprint(len(r.Body)) {
		t.Errorf("the size is %v, the picture has %d", size, len(r.Body))
	}
	if r := s.Send("GET", pic, http.Header{"If-None-Match": {r.Header.Get("Etag")}}, ""); r.Status != http.StatusNotModified {
		t.Errorf("asked again: %d", r.Status)
	}
	for _, bad := range []string{"/giphy/0123456789abcdef/huge.gif", "/giphy/0123456789ABCDEF/original.gif", "/giphy/0123/original.gif", "/giphy/0123456789abcdefaa/original.gif", "/giphy/0123456789abcdef/original.png"} {
		s.Send("GET", bad, nil, "").Fails(404, 16, "there is no such picture")
	}
}

// many is a text n times, with its number in it.
func many(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

func TestCommandsOfChannels(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	to := path + "/message"
	s.Server().Post("/users", `{"users":{"mod":{"id":"mod","role":"admin"}}}`).OK()
	s.As("ann").Post(to, `{"message":{"id":"root","text":"root"}}`).OK()
	exchangeAll(t, s, []exchange{
		{name: "no command of the channel", who: "ann", method: "POST", path: to, body: says("", "/ban @bob"), want: map[string]string{"message.type": `"regular"`, "message.command": "null", "message.command_info": "null"}},
		{name: "none at all", who: "ann", method: "POST", path: to, body: says("", "/nope x"), want: map[string]string{"message.type": `"regular"`, "message.text": `"/nope x"`}},
		{name: "a slash", who: "ann", method: "POST", path: to, body: says("", "/"), want: map[string]string{"message.type": `"regular"`}},
		{name: "behind something", who: "ann", method: "POST", path: to, body: says("", " /giphy x"), want: map[string]string{"message.type": `"regular"`}},
		{name: "with more to it", who: "ann", method: "POST", path: to, body: says("", "/giphyx"), want: map[string]string{"message.type": `"regular"`}},
		{name: "over lines", who: "ann", method: "POST", path: to, body: says("", "/giphy\nx\ny"), want: map[string]string{"message.type": `"ephemeral"`, "message.args": `"x\ny"`}},
		{name: "a reply", who: "bob", method: "POST", path: to, body: `{"message":{"id":"reply","text":"/giphy hi","parent_id":"root","show_in_channel":true}}`, want: map[string]string{"message.type": `"ephemeral"`, "message.parent_id": `"root"`}},
		{name: "that is not there", who: "bob", method: "GET", path: "/messages/root/replies", want: map[string]string{"messages": "[]"}},
		{name: "is sent", who: "bob", method: "POST", path: "/messages/reply/action", body: choose("image_action", "send"), want: map[string]string{"message.type": `"reply"`, "message.parent_id": `"root"`, "message.show_in_channel": "true"}},
		{name: "and is", who: "ann", method: "GET", path: "/messages/root/replies", want: map[string]string{"messages.#": "1", "messages.0.id": `"reply"`}},
		{name: "with much", who: "bob", method: "POST", path: to, body: `{"message":{"id":"much","text":"/giphy hi","color":"red","mentioned_users":["ann"],"quoted_message_id":"root","silent":true}}`, want: map[string]string{"message.type": `"ephemeral"`, "message.color": `"red"`, "message.quoted_message.id": `"root"`}},
		{name: "that stays", who: "bob", method: "POST", path: "/messages/much/action", body: choose("image_action", "send"), want: map[string]string{
			"message.color": `"red"`, "message.mentioned_users.0.id": `"ann"`, "message.quoted_message.id": `"root"`, "message.silent": "true", "message.html": `"<p>/giphy hi</p>\n"`,
		}},

		{name: "before the channel is frozen", who: "bob", method: "POST", path: to, body: says("cold", "/giphy x"), want: map[string]string{"message.type": `"ephemeral"`}},
		{name: "freeze", method: "PATCH", path: path, body: `{"set":{"frozen":true},"user_id":"mod"}`},
		{name: "then", who: "bob", method: "POST", path: "/messages/cold/action", body: choose("image_action", "send"), want: map[string]string{"message.type": `"error"`, "message.text": `"Sorry, this channel has been frozen by the admin"`}},
		{name: "thaw", method: "PATCH", path: path, body: `{"set":{"frozen":false},"user_id":"mod"}`},
		{name: "the command is taken away", method: "PATCH", path: path, body: `{"set":{"config_overrides":{"commands":[]}}}`},
		{name: "nothing to run", who: "bob", method: "POST", path: "/messages/cold/action", body: choose("image_action", "send"), status: 400, code: 4, message: `command "giphy" is not enabled`},
		{name: "just a text", who: "bob", method: "POST", path: to, body: says("", "/giphy x"), want: map[string]string{"message.type": `"regular"`}},
		{name: "and comes back", method: "PATCH", path: path, body: `{"unset":["config_overrides"]}`},
		{name: "no right to run", method: "PATCH", path: path, body: `{"set":{"config_overrides":{"grants":{"channel_member":["!run-message-action"],"user":["!run-message-action-owner"]}}}}`},
		{name: "is refused", who: "bob", method: "POST", path: "/messages/cold/action", body: choose("image_action", "send"), status: 403, code: 17, message: "RunMessageAction"},
		{name: "the right comes back", method: "PATCH", path: path, body: `{"unset":["config_overrides"]}`},
		{name: "slow mode", method: "PATCH", path: path, body: `{"set":{"cooldown":100},"user_id":"mod"}`},
		{name: "too soon to send", who: "bob", method: "POST", path: "/messages/cold/action", body: choose("image_action", "send"), status: 403, code: 60, message: "under cool down period(100s)"},
		{name: "not to shuffle", who: "bob", method: "POST", path: "/messages/cold/action", body: choose("image_action", "shuffle"), want: map[string]string{"message.type": `"ephemeral"`}},
		{name: "fast mode", method: "PATCH", path: path, body: `{"set":{"cooldown":0},"user_id":"mod"}`},
		{name: "leave", method: "POST", path: path, body: `{"remove_members":["bob"]}`},
		{name: "no member any more", who: "bob", method: "POST", path: "/messages/cold/action", body: choose("image_action", "send"), status: 403, code: 17, message: "CreateMessage"},
	})
}

// TestEphemeralMessagesEnd has a user ask for more than is kept, and lets some expire.
func TestEphemeralMessagesEnd(t *testing.T) {
	t.Parallel()
	nodes := testkit.Nodes(t, 2)
	s := nodes[0]
	to := s.Channel("messaging", "room", "ann", "bob") + "/message"
	for i := range 21 {
		s.As("ann").Post(to, says(fmt.Sprintf("m%d", i), "/giphy x")).OK()
	}
	s.As("bob").Post(to, says("his", "/giphy x")).OK()
	shuffle := choose("image_action", "shuffle")
	s.As("ann").Post("/messages/m0/action", shuffle).Fails(404, 16, "doesn't exist")
	nodes[1].As("ann").Post("/messages/m1/action", shuffle).OK().Want("message.id", `"m1"`) // whatever node it was
	alter(t, s, `UPDATE held_messages SET expires_at = '2020-01-01' WHERE app_id = $1 AND user_id = 'ann'`)
	s.As("ann").Post("/messages/m2/action", shuffle).Fails(404, 16, "doesn't exist")
	s.As("ann").Post(to, says("m2", "/giphy x")).OK() // its id is free
	s.As("bob").Post("/messages/his/action", shuffle).OK()
	s.Server().Delete("/channels/messaging/room?hard_delete=true").OK()
	s.As("bob").Post("/messages/his/action", shuffle).Fails(404, 16, "doesn't exist")
}

func TestGiphyOfAService(t *testing.T) {
	t.Parallel()
	answers := make(chan string, 1)
	asked := make(chan *url.URL, 1)
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL
		if answer := <-answers; answer != "" {
			_, _ = w.Write([]byte(answer))
			return
		}
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	t.Cleanup(service.Close)
	s := testkit.StartWith(t, func(o *server.Options) { o.GiphyURL, o.GiphyKey = service.URL, "secret" })
	to := s.Channel("messaging", "room", "ann") + "/message"

	answers <- `{"data":{"id":"x","url":"https://giphy.example/gifs/x","images":{
		"original":{"url":"https://media.example/x.gif","width":"480","height":"270","size":"1000","frames":"20"},
		"fixed_height":{"url":"https://media.example/200.gif","width":"356","height":"200","size":"900"},"downsized":{"url":"y"}}},"meta":{"status":200}}`
	s.As("ann").Post(to, says("m1", "/giphy big cats")).OK().Want("message.type", `"ephemeral"`).Want("message.attachments.0.title", `"big cats"`).
		Want("message.attachments.0.title_link", `"https://giphy.example/gifs/x"`).Want("message.attachments.0.thumb_url", `"https://media.example/x.gif"`).
		Want("message.attachments.0.giphy.fixed_height", `{"frames":"","height":"200","size":"900","url":"https://media.example/200.gif","width":"356"}`)
	if u := <-asked; u.Path != "/v1/gifs/random" || u.Query().Get("tag") != "big cats" || u.Query().Get("api_key") != "secret" {
		t.Errorf("asked for %s", u)
	}
	answers <- `{"data":[],"meta":{"status":200}}`
	s.As("ann").Post(to, says("m2", "/giphy "+strings.Repeat("é", 60))).OK().Want("message.type", `"error"`).Want("message.text", `"There is no picture for \"`+strings.Repeat("é", 60)+`\""`)
	if tag := (<-asked).Query().Get("tag"); tag != strings.Repeat("é", 50) {
		t.Errorf("asked for %s", tag)
	}
	for _, bad := range []string{"", "no JSON", `{"data":{"url":"javascript:x","images":{}}}`, `{"data":{"url":"https://x.example","images":{"original":{"url":"https://x.example"},"fixed_width":{"url":"javascript:x"}}}}`} {
		answers <- bad
		s.As("ann").Post(to, says("m3", "/giphy x")).Fails(400, 45, "no picture could be looked for")
		<-asked
	}
	s.As("ann").Post("/messages/m2/action", choose("image_action", "send")).Fails(404, 16, "doesn't exist") // an error is not kept
	s.As("ann").Post("/messages/m1/action", choose("image_action", "send")).OK().Want("message.attachments.0.giphy.original.frames", `"20"`)
	if r := s.Send("GET", "/giphy/0123456789abcdef/original.gif", nil, ""); r.Status != http.StatusOK {
		t.Errorf("a picture that was painted before the service was there: %d", r.Status)
	}
}
