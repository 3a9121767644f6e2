package httpapi_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"chatd/internal/testkit"
)

// alter changes rows of the app past the API, for what no route does yet, and has
// the server forget what it knew.
func alter(t *testing.T, s *testkit.Server, sql string, args ...any) {
	t.Helper()
	dsn := s.Database
	if dsn == "" {
		dsn = testkit.Database(t)
	}
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.Exec(t.Context(), sql, append([]any{s.App}, args...)...); err != nil {
		t.Fatal(err)
	}
	s.Store.ForgetAll()
}

// list is n copies of a JSON value.
func list(n int, v string) string {
	return "[" + strings.TrimSuffix(strings.Repeat(v+",", n), ",") + "]"
}

func TestSendMessage(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	s.Users("dan")
	s.Server().Post("/users", `{"users":{"mod":{"id":"mod","role":"admin"}}}`).OK()
	grouped(s, `"id":"g","name":"G"`)
	send := func(m string) string { return `{"message":` + m + `}` }
	to := path + "/message"
	exchangeAll(t, s, []exchange{
		{
			name: "words", who: "ann", method: "POST", path: to, body: send(`{"id":"m1","text":"it's **bold**","color":"red","n":1.50,"big":12345678901234567890}`),
			want: map[string]string{
				"message.id": `"m1"`, "message.text": `"it's **bold**"`, "message.html": `"<p>it&#39;s <strong>bold</strong></p>\n"`,
				"message.type": `"regular"`, "message.user.id": `"ann"`, "message.member": `{"channel_role":"channel_member","notifications_muted":false}`,
				"message.attachments": "[]", "message.latest_reactions": "[]", "message.own_reactions": "[]", "message.reaction_counts": "{}",
				"message.reaction_scores": "{}", "message.reaction_groups": "null", "message.reply_count": "0", "message.deleted_reply_count": "0",
				"message.cid": `"messaging:room"`, "message.shadowed": "false", "message.mentioned_users": "[]", "message.mentioned_channel": "false",
				"message.mentioned_here": "false", "message.silent": "false", "message.pinned": "false", "message.pinned_at": "null", "message.pinned_by": "null",
				"message.pin_expires": "null", "message.restricted_visibility": "[]", "message.color": `"red"`, "message.n": "1.5",
				"message.parent_id": "null", "message.deleted_at": "null", "message.thread_participants": "null", "message.channel": "null",
			},
		},
		{name: "the same id", who: "bob", method: "POST", path: to, body: send(`{"id":"m1","text":"x"}`), status: 400, code: 4, message: "a message with ID m1 already exists"},
		{name: "no message", who: "ann", method: "POST", path: to, body: `{}`, status: 400, code: 4, message: "message is a required field"},
		{name: "nothing in it", who: "ann", method: "POST", path: to, body: send(`{}`), status: 400, code: 4, message: "message.text is a required field"},
		{name: "custom data only", who: "ann", method: "POST", path: to, body: send(`{"color":"red"}`), want: map[string]string{"message.html": `""`, "message.text": `""`}},
		{name: "not pending", who: "ann", method: "POST", path: to, body: `{"message":{"text":"x"},"is_pending_message":false}`},
		{name: "a bad id", who: "ann", method: "POST", path: to, body: send(`{"id":"a,b","text":"x"}`), status: 400, code: 4, message: "message id"},
		{name: "a long id", who: "ann", method: "POST", path: to, body: send(`{"id":"` + strings.Repeat("x", 256) + `","text":"x"}`), status: 400, code: 4, message: "message id"},
		{name: "an unknown type", who: "ann", method: "POST", path: to, body: send(`{"type":"strange","text":"x"}`), status: 400, code: 4, message: "message.type must be one of [regular system]"},
		{name: "a wrong type", who: "ann", method: "POST", path: to, body: send(`{"text":7}`), status: 400, code: 4, message: `field "message.text"`},
		{name: "created_at", who: "ann", method: "POST", path: to, body: send(`{"text":"x","created_at":"2026-01-01T00:00:00Z"}`), status: 400, code: 4, message: "message.created_at is a reserved field"},
		{
			name: "created_at of the server", method: "POST", path: to, status: 400, code: 4, message: "message.created_at is a reserved field, message.i18n is a reserved field, message.updated_at is a reserved field",
			body: send(`{"text":"x","user_id":"ann","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z","i18n":{}}`),
		},
		{name: "html of a client", who: "ann", method: "POST", path: to, body: send(`{"text":"x","html":"<b>x</b>"}`), status: 400, code: 4, message: "message.html is a reserved field"},
		{
			name: "html of the server", method: "POST", path: to, body: send(`{"text":"x","user_id":"ann","html":"<b onclick=\"x\">x</b><script>y</script>","mml":"<mml>x</mml>"}`),
			want: map[string]string{"message.html": `"<b>x</b>"`, "message.mml": `"<mml>x</mml>"`},
		},
		{
			name: "a message that was given back", who: "ann", method: "POST", path: to,
			body: send(`{"text":"x","latest_reactions":[],"own_reactions":[],"reaction_counts":{},"reply_count":9,"cid":"a:b","shadowed":true,"deleted_at":null,"command":"x","user":{"id":"bob"},"color":1}`),
			want: map[string]string{"message.reply_count": "0", "message.cid": `"messaging:room"`, "message.user.id": `"ann"`, "message.command": "null", "message.color": "1"},
		},
		{name: "NUL in the text", who: "ann", method: "POST", path: to, body: send(`{"text":"x\u0000"}`), status: 400, code: 4, message: "U+0000"},
		{name: "NUL in custom data", who: "ann", method: "POST", path: to, body: send(`{"text":"x","a":{"b":"\u0000"}}`), status: 400, code: 4, message: "U+0000"},
		{name: "a number without end", who: "ann", method: "POST", path: to, body: send(`{"text":"x","a":1e999999}`), status: 400, code: 4, message: "cannot be stored"},
		{name: "5 KB of custom data", who: "ann", method: "POST", path: to, body: send(`{"text":"x","a":"` + strings.Repeat("x", 5200) + `"}`), status: 413, code: 22, message: "too big"},
		{name: "deep custom data", who: "ann", method: "POST", path: to, body: send(`{"text":"x","a":` + strings.Repeat("[", 2000) + strings.Repeat("]", 2000) + `}`), want: map[string]string{"message.text": `"x"`}},
		{name: "5000 characters", who: "ann", method: "POST", path: to, body: send(`{"text":"` + strings.Repeat("é", 5000) + `"}`)},
		{name: "5001 characters", who: "ann", method: "POST", path: to, body: send(`{"text":"` + strings.Repeat("é", 5001) + `"}`), status: 400, code: 20, message: "too long"},

		{
			name: "attachments", who: "ann", method: "POST", path: to, body: send(`{"attachments":[{"type":"image","image_url":"http://x/y","original_width":10,"file_size":12345678901234567,"mine":{"a":[1]}}]}`),
			want: map[string]string{"message.attachments": `[{"file_size":12345678901234568,"image_url":"http://x/y","mine":{"a":[1]},"original_width":10,"type":"image"}]`},
		},
		{name: "30 attachments", who: "ann", method: "POST", path: to, body: send(`{"attachments":` + list(30, `{"type":"x"}`) + `}`)},
		{name: "31 attachments", who: "ann", method: "POST", path: to, body: send(`{"attachments":` + list(31, `{"type":"x"}`) + `}`), status: 400, code: 4, message: "at maximum 30 items"},
		{name: "an attachment that is none", who: "ann", method: "POST", path: to, body: send(`{"attachments":["x"]}`), status: 400, code: 4, message: `field "message.attachments.0"`},
		{name: "an attachment's wrong field", who: "ann", method: "POST", path: to, body: send(`{"attachments":[{"title":[]}]}`), status: 400, code: 4, message: `field "message.attachments.0.title"`},
		{name: "attachments that are none", who: "ann", method: "POST", path: to, body: send(`{"attachments":"xyz"}`), status: 400, code: 4, message: `field "message.attachments"`},
		{name: "an empty attachment", who: "ann", method: "POST", path: to, body: send(`{"attachments":[null]}`), status: 400, code: 4, message: "list of objects"},
		{name: "huge attachments", who: "ann", method: "POST", path: to, body: send(`{"attachments":[{"a":"` + strings.Repeat("x", 70_000) + `"}]}`), status: 413, code: 22, message: "attachments are too big"},
		{name: "big attachments", who: "ann", method: "POST", path: to, body: send(`{"attachments":[{"a":"` + strings.Repeat("x", 3000) + `"},{"b":"` + strings.Repeat("x", 2200) + `"}]}`), status: 413, code: 22, message: "the limit is 5120"},
		{name: "attachments as big as may be", who: "ann", method: "POST", path: to, body: send(`{"attachments":[{"a":"` + strings.Repeat("x", 5000) + `"}]}`), want: map[string]string{"message.attachments.#": "1"}},
		{name: "big ones of links", who: "ann", method: "POST", path: to, body: send(`{"attachments":[{"a":"` + strings.Repeat("x", 5000) + `"},{"og_scrape_url":"https://example.com","text":"` + strings.Repeat("x", 3000) + `"}]}`), want: map[string]string{"message.attachments.#": "2"}},

		{
			name: "mentions", who: "ann", method: "POST", path: to, body: send(`{"text":"@bob","mentioned_users":["bob",{"id":"dan","name":"x"},"bob"]}`),
			want: map[string]string{"message.mentioned_users.#": "2", "message.mentioned_users.0.id": `"bob"`, "message.mentioned_users.1.id": `"dan"`},
		},
		{name: "an unknown mention", who: "ann", method: "POST", path: to, body: send(`{"text":"@zoe","mentioned_users":["bob","zoe"]}`), status: 400, code: 4, message: "mentioned_users must be a list of existing user IDs, there is no zoe"},
		{name: "mentions that are none", who: "ann", method: "POST", path: to, body: send(`{"text":"@zoe","mentioned_users":[1]}`), status: 400, code: 4, message: "mentioned_users"},
		{name: "101 mentions", who: "ann", method: "POST", path: to, body: send(`{"text":"@bob","mentioned_users":` + list(101, `"bob"`) + `}`), status: 400, code: 4, message: "at maximum 100"},
		{name: "all of the channel", who: "ann", method: "POST", path: to, body: send(`{"text":"@channel","mentioned_channel":true}`), status: 403, code: 17, message: "NotifyChannel"},
		{
			name: "all of the channel by an admin", who: "mod", method: "POST", path: to, body: send(`{"text":"@channel","mentioned_channel":true,"mentioned_here":true,"mentioned_roles":["admin"],"mentioned_group_ids":["g"]}`),
			want: map[string]string{"message.mentioned_channel": "true", "message.mentioned_here": "true", "message.mentioned_roles": `["admin"]`, "message.mentioned_group_ids": `["g"]`},
		},
		{name: "11 roles", who: "mod", method: "POST", path: to, body: send(`{"text":"x","mentioned_roles":` + list(11, `"user"`) + `}`), status: 400, code: 4, message: "at maximum 10"},

		{
			name: "pinned", who: "ann", method: "POST", path: to, body: send(`{"text":"x","pinned":true,"pin_expires":"2100-01-01T00:00:00Z"}`),
			want: map[string]string{"message.pinned": "true", "message.pinned_by.id": `"ann"`, "message.pin_expires": `"2100-01-01T00:00:00Z"`},
		},
		{name: "pinned as of before", who: "ann", method: "POST", path: to, body: send(`{"text":"x","pinned":true,"pinned_at":"2020-01-01T00:00:00Z"}`), want: map[string]string{"message.pinned_at": `"2020-01-01T00:00:00Z"`}},
		{name: "pinned_at without a pin", who: "ann", method: "POST", path: to, body: send(`{"text":"x","pinned_at":"2020-01-01T00:00:00Z"}`), want: map[string]string{"message.pinned": "false", "message.pinned_at": "null"}},
		{name: "pinned until yesterday", who: "ann", method: "POST", path: to, body: send(`{"text":"x","pinned":true,"pin_expires":"2020-01-01T00:00:00Z"}`), status: 400, code: 4, message: "pin_expires"},
		{name: "silent", who: "ann", method: "POST", path: to, body: send(`{"text":"x","silent":true}`), want: map[string]string{"message.silent": "true"}},
		{name: "system", who: "ann", method: "POST", path: to, body: send(`{"text":"x","type":"system"}`), status: 403, code: 17, message: "CreateSystemMessage"},
		{name: "system by an admin", who: "mod", method: "POST", path: to, body: send(`{"text":"x","type":"system"}`), want: map[string]string{"message.type": `"system"`}},
		{name: "a type as clients show it", who: "ann", method: "POST", path: to, body: send(`{"text":"x","type":"reply"}`), want: map[string]string{"message.type": `"regular"`}},
		{name: "a poll where there are none", who: "ann", method: "POST", path: to, body: send(`{"poll_id":"x"}`), status: 400, code: 19, message: "Channel type messaging does not support polls"},
		{name: "restricted", who: "ann", method: "POST", path: to, body: send(`{"text":"x","restricted_visibility":["bob"]}`), status: 403, code: 17, message: "CreateRestrictedVisibilityMessage"},
		{name: "restricted by an admin", who: "mod", method: "POST", path: to, body: send(`{"text":"x","restricted_visibility":["bob","bob"]}`), want: map[string]string{"message.restricted_visibility": `["bob"]`}},
		{name: "restricted to nobody known", who: "mod", method: "POST", path: to, body: send(`{"text":"x","restricted_visibility":["zoe"]}`), status: 400, code: 4, message: "zoe"},
		{name: "restricted to too many", who: "mod", method: "POST", path: to, body: send(`{"text":"x","restricted_visibility":` + list(11, `"bob"`) + `}`), status: 400, code: 4, message: "at maximum 10"},
		{name: "restricted and pinned", who: "mod", method: "POST", path: to, body: send(`{"text":"x","pinned":true,"restricted_visibility":["bob"]}`), status: 400, code: 4, message: "cannot be pinned"},

		{name: "no channel", who: "ann", method: "POST", path: "/channels/messaging/nope/message", body: send(`{"text":"x"}`), status: 404, code: 16, message: "Can't find channel with id messaging:nope"},
		{name: "a stranger", who: "dan", method: "POST", path: to, body: send(`{"text":"x"}`), status: 403, code: 17, message: "User 'dan' with role 'user' is not allowed to perform action CreateMessage in scope 'messaging'"},
		{name: "no token", who: "anonymous", method: "POST", path: to, body: send(`{"text":"x"}`), status: 403, code: 17, message: "anonymous"},
		{name: "server side for nobody", method: "POST", path: to, body: send(`{"text":"x"}`), status: 400, code: 4, message: `SendMessage failed with error: "either message.user or message.user_id must be provided when using server side auth."`},
		{name: "server side for two", method: "POST", path: to, body: send(`{"text":"x","user":{"id":"ann"},"user_id":"bob"}`), status: 400, code: 4, message: `SendMessage failed with error: "cannot set both message.user and message.user_id."`},
		{name: "server side with a new user", method: "POST", path: to, body: send(`{"text":"x","user":{"id":"eve","color":"blue"}}`), want: map[string]string{"message.user.color": `"blue"`, "message.member": "null"}},
	})
}

func TestSendIsRefused(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Channel("messaging", "room", "ann", "bob", "cat")
	s.Server().Post("/users", `{"users":{"mod":{"id":"mod","role":"admin"}}}`).OK()
	s.Channel("livestream", "live", "ann")
	frozen, off, slow := s.Channel("messaging", "frozen", "ann"), s.Channel("messaging", "off", "ann"), s.Channel("messaging", "slow", "ann", "bob", "cat")
	s.Server().Patch(frozen, `{"set":{"frozen":true}}`).OK()
	s.Server().Patch(off, `{"set":{"disabled":true}}`).OK()
	s.Server().Post("/channels/messaging/slow", `{"cooldown":100}`).OK()
	s.Server().Put("/channeltypes/gaming", `{"replies":false,"quotes":false,"reactions":false,"max_message_length":10}`).OK()
	game := s.Channel("gaming", "game", "ann")
	root, _ := s.As("ann").Post(game+"/message", `{"message":{"text":"x"}}`).OK().At("message.id").(string)
	var threads []string
	for range 2 {
		id, _ := s.Server().Post(slow+"/message", `{"message":{"text":"x","user_id":"bob"}}`).OK().At("message.id").(string)
		threads = append(threads, id)
	}
	reply := func(i int) string { return `{"message":{"text":"hi","parent_id":"` + threads[i] + `"}}` }
	alter(t, s, `UPDATE users SET banned = true WHERE app_id = $1 AND id = 'bob'`)
	alter(t, s, `UPDATE members SET banned = true WHERE app_id = $1 AND cid = 'messaging:room' AND user_id = 'cat'`)
	hi := `{"message":{"text":"hi"}}`
	exchangeAll(t, s, []exchange{
		{name: "banned", who: "bob", method: "POST", path: "/channels/messaging/room/message", body: hi, status: 403, code: 17, message: "banned"},
		{name: "banned from the channel", who: "cat", method: "POST", path: "/channels/messaging/room/message", body: hi, status: 403, code: 17, message: "banned"},
		{name: "server side for who is banned", method: "POST", path: "/channels/messaging/room/message", body: `{"message":{"text":"hi","user_id":"bob"}}`},
		{
			name: "frozen", who: "ann", method: "POST", path: frozen + "/message", body: hi,
			want: map[string]string{"message.type": `"error"`, "message.text": `"Sorry, this channel has been frozen by the admin"`, "message.user.id": `"ann"`},
		},
		{name: "frozen, nothing was stored", who: "ann", method: "POST", path: frozen + "/query", body: `{"state":true}`, want: map[string]string{"messages": "[]"}},
		{name: "frozen, by the server", method: "POST", path: frozen + "/message", body: `{"message":{"text":"hi","user_id":"ann"}}`, want: map[string]string{"message.type": `"regular"`}},
		{name: "disabled", who: "ann", method: "POST", path: off + "/message", body: hi, status: 403, code: 17, message: "disabled"},
		{name: "slow mode, the first", who: "ann", method: "POST", path: slow + "/message", body: hi},
		{
			name: "slow mode, the second", who: "ann", method: "POST", path: slow + "/message", body: hi, status: 403, code: 60,
			message: "user ann is not allowed to send messages on channel messaging:slow under cool down period(100s)",
		},
		{name: "slow mode, a reply", who: "ann", method: "POST", path: slow + "/message", body: reply(0), status: 403, code: 60, message: "under cool down period(100s)"},
		{name: "slow mode, another's reply", who: "cat", method: "POST", path: slow + "/message", body: reply(0)},
		{name: "slow mode, his second in another thread", who: "cat", method: "POST", path: slow + "/message", body: reply(1), status: 403, code: 60, message: "under cool down period(100s)"},
		{name: "slow mode, his second in the channel", who: "cat", method: "POST", path: slow + "/message", body: hi, status: 403, code: 60, message: "under cool down period(100s)"},
		{name: "slow mode, an admin", who: "mod", method: "POST", path: slow + "/message", body: hi},
		{name: "slow mode, the same admin", who: "mod", method: "POST", path: slow + "/message", body: hi},
		{name: "slow mode, the server", method: "POST", path: slow + "/message", body: `{"message":{"text":"hi","user_id":"ann"}}`},
		{name: "no replies here", who: "ann", method: "POST", path: game + "/message", body: `{"message":{"text":"hi","parent_id":"` + root + `"}}`, status: 400, code: 19, message: "Channel type gaming does not support replies"},
		{name: "no quotes here", who: "ann", method: "POST", path: game + "/message", body: `{"message":{"text":"hi","quoted_message_id":"` + root + `"}}`, status: 400, code: 19, message: "quotes"},
		{name: "no reactions here", who: "ann", method: "POST", path: "/messages/" + root + "/reaction", body: `{"reaction":{"type":"like"}}`, status: 400, code: 19, message: "reactions"},
		{name: "no list of reactions here", who: "ann", method: "GET", path: "/messages/" + root + "/reactions", status: 400, code: 19, message: "reactions"},
		{name: "a short limit", who: "ann", method: "POST", path: game + "/message", body: `{"message":{"text":"12345678901"}}`, status: 400, code: 20, message: "too long"},
		{name: "a short limit on edit", who: "ann", method: "POST", path: "/messages/" + root, body: `{"message":{"text":"12345678901"}}`, status: 400, code: 20, message: "too long"},
		{name: "guests write in no livestream", who: "anonymous", method: "POST", path: "/channels/livestream/live/message", body: hi, status: 403, code: 17, message: "anonymous"},
	})
}

func TestSlowModeHoldsUnderConcurrency(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "slow", "ann", "bob")
	s.Server().Post(path, `{"cooldown":100}`).OK()
	bob := s.As("bob")
	var wg sync.WaitGroup
	status := make([]int, 10)
	for i := range status {
		wg.Go(func() { status[i] = bob.Post(path+"/message", `{"message":{"text":"hi"}}`).Status })
	}
	wg.Wait()
	sent := 0
	for _, code := range status {
		if code == 201 {
			sent++
		}
	}
	if sent != 1 {
		t.Errorf("%d messages were sent, want 1: %v", sent, status)
	}
}

func TestMessageNew(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob", "cat")
	s.Users("dan")
	ann, bob, cat, dan := s.As("ann").Connect(), s.As("bob").Connect(), s.As("cat").Connect(), s.As("dan").Connect()
	ann.Watch(path)
	bob.Watch(path)
	ann.Client.Post(path+"/message", `{"message":{"id":"m1","text":"hi","color":"red"}}`).OK()
	ev := bob.Expect("message.new")
	for at, want := range map[string]string{
		"cid": `"messaging:room"`, "channel_id": `"room"`, "channel_type": `"messaging"`, "message_id": `"m1"`, "message.id": `"m1"`, "message.color": `"red"`,
		"message.html": `"<p>hi</p>\n"`, "message.own_reactions": "[]", "user.id": `"ann"`, "message.user.id": `"ann"`, "watcher_count": "2",
		"unread_count": "1", "total_unread_count": "1", "unread_channels": "1", "channel_member_count": "3", "message.member.channel_role": `"channel_member"`,
		"channel_custom": "{}", "channel": "null",
	} {
		ev.Want(at, want)
	}
	ann.Expect("message.new").Want("unread_count", "0").Want("unread_channels", "0")
	cat.Expect("notification.message_new").Want("message.id", `"m1"`).Want("channel.cid", `"messaging:room"`).Want("channel.config.name", `"messaging"`).
		Want("unread_count", "1").Want("channel.own_capabilities", "null")
	cat.Quiet("message.new")
	dan.Quiet("message.new", "notification.message_new")

	// Silent messages leave numbers as they are; the author's own message reads the channel.
	ann.Client.Post(path+"/message", `{"message":{"text":"hush","silent":true}}`).OK()
	bob.Expect("message.new").Want("unread_count", "1")
	bob.Client.Post(path+"/message", `{"message":{"text":"re"}}`).OK()
	bob.Expect("message.new").Want("unread_count", "0")
	ann.Expect("message.new").Want("unread_count", "0")
	ann.Expect("message.new").Want("unread_count", "1")
	s.As("ann").Post(path+"/query", `{"state":true}`).OK().Want("messages.#", "3").Want("messages.0.id", `"m1"`).Want("channel.last_message_at", jsonTime(t, s, path))
}

func TestMessagesAreCounted(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Server().Put("/channeltypes/team", `{"count_messages":true}`).OK()
	path := s.Channel("team", "room", "ann", "bob")
	bob := s.As("bob").Connect()
	bob.Watch(path)
	ann := s.As("ann")
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() { ann.Post(path+"/message", `{"message":{"text":"hi"}}`).OK() })
	}
	wg.Wait()
	for n := range 5 {
		bob.Expect("message.new").Want("channel_message_count", fmt.Sprint(n+1)).Want("unread_count", fmt.Sprint(n+1))
	}
	ann.Post(path+"/query", `{}`).OK().Want("channel.message_count", "5")
}

// jsonTime is when the newest message of a channel was sent.
func jsonTime(t *testing.T, s *testkit.Server, path string) string {
	t.Helper()
	r := s.Server().Post(path+"/query", `{"state":true,"messages":{"limit":1}}`).OK()
	return fmt.Sprintf("%q", r.At("messages.0.created_at"))
}

func TestShadowedMessages(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	alter(t, s, `UPDATE users SET shadow_banned = true WHERE app_id = $1 AND id = 'bob'`)
	ann, bob := s.As("ann").Connect(), s.As("bob").Connect()
	ann.Watch(path)
	bob.Watch(path)
	bob.Client.Post(path+"/message", `{"message":{"id":"dim","text":"hi"}}`).OK().Want("message.shadowed", "false").Want("message.user.shadow_banned", "false")
	bob.Expect("message.new").Want("message.shadowed", "false").Want("message.user.shadow_banned", "false")
	ann.Expect("message.new").Want("message.shadowed", "true").Want("unread_count", "null")
	s.As("ann").Get("/unread").OK().Want("total_unread_count", "0")
	s.As("bob").Get("/messages/dim").OK().Want("message.shadowed", "false")
	s.As("ann").Get("/messages/dim").OK().Want("message.shadowed", "true")
	s.As("bob").Post(path+"/query", `{"state":true}`).OK().Want("messages.#", "1").Want("messages.0.user.shadow_banned", "false")
	s.As("bob").Put("/messages/dim", `{"set":{"color":"red"}}`).OK().Want("message.shadowed", "false")
	bob.Expect("message.updated").Want("message.shadowed", "false").Want("user.shadow_banned", "false").Want("message.user.shadow_banned", "false")
	ann.Expect("message.updated").Want("message.shadowed", "true")
}

func TestNextMessageShowsHiddenChannels(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob", "cat")
	bob, cat := s.As("bob").Connect(), s.As("cat").Connect()
	hide := func(who string) { s.As(who).Post(path+"/hide", `{}`).OK() }
	hide("bob")
	hide("cat")
	s.As("cat").Post("/moderation/mute/channel", `{"channel_cid":"messaging:room"}`)
	alter(t, s, `INSERT INTO channel_mutes (app_id, user_id, cid, created_at, updated_at) VALUES ($1, 'cat', 'messaging:room', '2026-01-01', '2026-01-01') ON CONFLICT DO NOTHING`)
	s.As("ann").Post(path+"/message", `{"message":{"text":"psst"},"keep_channel_hidden":true}`).OK()
	s.As("ann").Post(path+"/message", `{"message":{"text":"hi"}}`).OK()
	ev := bob.Next()
	for ; ev.Type == "channel.hidden"; ev = bob.Next() {
	}
	for _, want := range []string{"notification.message_new", "channel.visible", "notification.message_new"} {
		if ev.Type != want {
			t.Fatalf("got %s, want %s: %s", ev.Type, want, ev.Body)
		}
		if want == "channel.visible" {
			ev.Want("user.id", `"bob"`).Want("channel.cid", `"messaging:room"`).Want("cid", `"messaging:room"`)
		}
		if ev.At("message.text") != "hi" {
			ev = bob.Next()
		}
	}
	cat.Quiet("channel.visible")
	s.As("bob").Post("/channels", `{"filter_conditions":{"members":{"$in":["bob"]}}}`).OK().Want("channels.#", "1")
	s.As("cat").Post("/channels", `{"filter_conditions":{"members":{"$in":["cat"]}}}`).OK().Want("channels.#", "0")
	s.As("ann").Post(path+"/message", `{"message":{"text":"again"}}`).OK()
	bob.Expect("notification.message_new")
}
