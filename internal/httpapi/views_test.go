package httpapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"chatd/internal/testkit"
)

// The kinds of messages by who can see them. cat is a member like any other, mod has a
// role that sees what is meant for others only.
var kinds = []string{
	"plain",
	"orphan",     // its author was deleted
	"deleted",    // softly
	"forme",      // which cat deleted for herself
	"restricted", // for bob only
	"shadowed",   // its author is shadow-banned
	"hidden",     // from before cat hid the history
	"cut",        // from before the channel was truncated
}

// gallery is a channel with messages of all kinds, of each k: k-m with a poll k-p, a
// reaction and, where that may be, a pin; the beginning of a thread k-t with the reply
// k-tr; the reply k-r in the thread "root"; the live location k-l. k-q quotes k-m. cat
// had to do with all that she could see then: she has voted, keeps k-m, takes part in
// k-t, and has a draft there that quotes k-m.
type gallery struct {
	*testkit.Server

	path, since string
}

func newGallery(t *testing.T) *gallery {
	t.Helper()
	s := testkit.Start(t)
	s.Server().Put("/channeltypes/messaging", `{"polls":true,"user_message_reminders":true,"shared_locations":true}`).OK()
	g := &gallery{s, s.Channel("messaging", "room", "ann", "bob", "cat", "eve", "gil"), anHourAgo()}
	s.Server().Post("/users", `{"users":{"mod":{"id":"mod","role":"admin"}}}`).OK()
	alter(t, s, `UPDATE users SET shadow_banned = true WHERE app_id = $1 AND id = 'eve'`)
	g.hang("cut", "ann")
	s.Server().Post(g.path+"/truncate", `{}`).OK()
	g.hang("hidden", "ann")
	s.As("cat").Post(g.path+"/hide", `{"clear_history":true}`).OK()
	s.As("cat").Post(g.path+"/show", `{}`).OK()
	g.send("ann", "root", "root", "")
	for kind, author := range map[string]string{"plain": "ann", "orphan": "gil", "deleted": "ann", "forme": "ann", "restricted": "ann", "shadowed": "eve"} {
		g.hang(kind, author)
	}
	for _, kind := range kinds {
		g.send("ann", kind+"-q", "see", "")
		more, author := "", "ann"
		switch kind {
		case "restricted":
			more = `,"restricted_visibility":["bob"]`
		case "shadowed":
			author = "eve"
		}
		g.send(author, kind+"-r", "answer", `,"parent_id":"root"`+more)
	}
	for _, part := range []string{"m", "t", "r", "l"} {
		s.As("ann").Delete("/messages/deleted-" + part).OK()
		s.As("cat").Delete("/messages/forme-" + part + "?delete_for_me=true").OK()
	}
	alter(t, s, `UPDATE messages SET quoted_message_id = replace(id, '-q', '-m') WHERE app_id = $1 AND id LIKE '%-q'`)
	for _, kind := range []string{"cut", "hidden"} { // as if it had been said then
		alter(t, s, `UPDATE messages SET created_at = (SELECT created_at FROM messages WHERE app_id = $1 AND id = $2 || '-m') WHERE app_id = $1 AND id = $2 || '-r'`, kind)
	}
	alter(t, s, `UPDATE users SET deleted_at = now() WHERE app_id = $1 AND id = 'gil'`)
	return g
}

// send sends a message of somebody; more are further fields.
func (g *gallery) send(who, id, text, more string) {
	g.TB.Helper()
	g.Server.Server().Post(g.path+"/message", fmt.Sprintf(`{"message":{"id":%q,"user_id":%q,"text":%q%s}}`, id, who, text, more)).OK()
}

// hang adds the messages of a kind.
func (g *gallery) hang(kind, author string) {
	g.TB.Helper()
	g.As(author).Post("/polls", fmt.Sprintf(`{"id":"%s-p","name":%q,"options":[{"id":"o","text":"O"}]}`, kind, kind)).OK()
	only, pin := "", `,"pinned":true`
	if kind == "restricted" {
		only, pin = `,"restricted_visibility":["bob"]`, ""
	}
	g.send(author, kind+"-m", "findme "+kind, `,"poll_id":"`+kind+`-p"`+only+pin)
	g.send(author, kind+"-l", "here", `,"shared_location":{"latitude":1,"longitude":2,"end_at":"`+at(time.Hour)+`","created_by_device_id":"phone"}`+only)
	g.send(author, kind+"-t", "thread", only)
	g.send("bob", kind+"-tr", "in it", `,"parent_id":"`+kind+`-t"`)
	g.As("bob").Post("/messages/"+kind+"-m/reaction", `{"reaction":{"type":"like"}}`).OK()
	if kind == "restricted" {
		return
	}
	cat := g.As("cat")
	cat.Post(g.path+"/message", fmt.Sprintf(`{"message":{"text":"x","parent_id":"%s-t"}}`, kind)).OK()
	cat.Post("/messages/"+kind+"-m/reminders", `{}`).OK()
	cat.Post("/messages/"+kind+"-m/polls/"+kind+"-p/vote", `{"vote":{"option_id":"o"}}`).OK()
	cat.Post(g.path+"/draft", fmt.Sprintf(`{"message":{"text":"x","parent_id":"%s-t","quoted_message_id":"%s-m"}}`, kind, kind)).OK()
}

// among tells which of a list's items have, at a path, the id of a kind.
func among(r *testkit.Response, list, path, part string) func(kind string) bool {
	n, _ := r.OK().At(list + ".#").(float64)
	ids := map[any]bool{}
	for i := range int(n) {
		ids[r.At(fmt.Sprintf("%s.%d.%s", list, i, path))] = true
	}
	return func(kind string) bool { return ids[kind+"-"+part] }
}

// each tells for which kinds a request succeeds.
func each(ask func(kind string) *testkit.Response) func(kind string) bool {
	return func(kind string) bool { return ask(kind).Status < 300 }
}

// TestAllThatIsReadIsWithinTheView reads every kind of message in every way.
func TestAllThatIsReadIsWithinTheView(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	state := func(c *testkit.Client) *testkit.Response {
		return c.Post(g.path+"/query", `{"state":true,"messages":{"limit":300}}`)
	}
	channels := func(c *testkit.Client) *testkit.Response {
		return c.Post("/channels", `{"filter_conditions":{"cid":"messaging:room"},"state":true,"message_limit":300}`)
	}
	get := func(c *testkit.Client, format string) func(string) bool {
		return each(func(kind string) *testkit.Response { return c.Get(strings.ReplaceAll(format, "$", kind)) })
	}
	ids := g.path + "/messages?ids="
	for _, kind := range kinds {
		ids += kind + "-m,"
	}
	for _, tt := range []struct {
		name     string
		seen     func(c *testkit.Client) func(kind string) bool
		cat, mod string // kinds
	}{
		{"the channel", func(c *testkit.Client) func(string) bool { return among(state(c), "messages", "id", "m") }, "plain orphan deleted forme", "plain orphan deleted forme restricted shadowed hidden"},
		{"a list of channels", func(c *testkit.Client) func(string) bool { return among(channels(c), "channels.0.messages", "id", "m") }, "plain orphan deleted forme", "plain orphan deleted forme restricted shadowed hidden"},
		{"pins of the channel", func(c *testkit.Client) func(string) bool { return among(state(c), "pinned_messages", "id", "m") }, "plain orphan forme", "plain orphan forme shadowed hidden"},
		{"pins of a list", func(c *testkit.Client) func(string) bool {
			return among(channels(c), "channels.0.pinned_messages", "id", "m")
		}, "plain orphan forme", "plain orphan forme shadowed hidden"},
		{"pins", func(c *testkit.Client) func(string) bool {
			return among(c.Get(g.path+"/pinned_messages?limit=100"), "messages", "id", "m")
		}, "plain orphan forme", "plain orphan forme shadowed hidden"},
		{"live locations", func(c *testkit.Client) func(string) bool {
			return among(state(c), "active_live_locations", "message_id", "l")
		}, "plain orphan forme", "plain orphan forme restricted shadowed hidden"},
		{"many by id", func(c *testkit.Client) func(string) bool { return among(c.Get(ids), "messages", "id", "m") }, "plain orphan deleted forme", "plain orphan deleted forme restricted shadowed hidden"},
		{"by id", func(c *testkit.Client) func(string) bool { return get(c, "/messages/$-m") }, "plain orphan deleted forme shadowed", "plain orphan deleted forme restricted shadowed hidden"},
		{"reactions", func(c *testkit.Client) func(string) bool { return get(c, "/messages/$-m/reactions") }, "plain orphan deleted forme shadowed", "plain orphan deleted forme restricted shadowed hidden"},
		{"query of reactions", func(c *testkit.Client) func(string) bool {
			return each(func(k string) *testkit.Response { return c.Post("/messages/"+k+"-m/reactions", `{}`) })
		}, "plain orphan deleted forme shadowed", "plain orphan deleted forme restricted shadowed hidden"},
		{"replies", func(c *testkit.Client) func(string) bool {
			return among(c.Get("/messages/root/replies?limit=100"), "messages", "id", "r")
		}, "plain orphan forme", "plain orphan forme restricted shadowed hidden"},
		{"replies to it", func(c *testkit.Client) func(string) bool { return get(c, "/messages/$-t/replies") }, "plain orphan deleted forme shadowed", "plain orphan deleted forme restricted shadowed hidden"},
		{"a thread's replies", func(c *testkit.Client) func(string) bool {
			return among(c.Get("/threads/root?reply_limit=100"), "thread.latest_replies", "id", "r")
		}, "plain orphan forme", "plain orphan forme restricted shadowed hidden"},
		{"a thread", func(c *testkit.Client) func(string) bool { return get(c, "/threads/$-t") }, "plain orphan deleted forme", "plain orphan deleted forme restricted shadowed hidden"},
		{"threads", func(c *testkit.Client) func(string) bool {
			return among(c.Post("/threads", `{"watch":false,"limit":30}`), "threads", "parent_message_id", "t")
		}, "plain orphan forme", ""},
		{"search", func(c *testkit.Client) func(string) bool {
			return among(c.Query("/search", `{"filter_conditions":{"cid":"messaging:room"},"query":"findme","limit":100}`), "results", "message.id", "m")
		}, "plain orphan", "plain orphan forme restricted shadowed hidden"},
		{"quotes", func(c *testkit.Client) func(string) bool {
			return among(state(c), "messages", "quoted_message.id", "m")
		}, "plain orphan deleted forme", "plain orphan deleted forme restricted shadowed hidden"},
		{"quotes by id", func(c *testkit.Client) func(string) bool {
			return func(k string) bool { return c.Get("/messages/"+k+"-q").OK().At("message.quoted_message.id") == k+"-m" }
		}, "plain orphan deleted forme", "plain orphan deleted forme restricted shadowed hidden"},
		{"drafts", func(c *testkit.Client) func(string) bool {
			return among(c.Post("/drafts/query", `{"limit":100}`), "drafts", "parent_message.id", "t")
		}, "plain orphan deleted forme", ""},
		{"quotes of drafts", func(c *testkit.Client) func(string) bool {
			return among(c.Post("/drafts/query", `{"limit":100}`), "drafts", "quoted_message.id", "m")
		}, "plain orphan deleted forme", ""},
		{"reminders", func(c *testkit.Client) func(string) bool {
			return among(c.Post("/reminders/query", `{"limit":100}`), "reminders", "message.id", "m")
		}, "plain orphan forme shadowed", ""},
		{"polls", func(c *testkit.Client) func(string) bool {
			return among(c.Post("/polls/query", `{"limit":50}`), "polls", "id", "p")
		}, "plain orphan forme", strings.Join(kinds, " ")},
		{"a poll", func(c *testkit.Client) func(string) bool { return get(c, "/polls/$-p") }, "plain orphan forme", strings.Join(kinds, " ")},
		{"votes", func(c *testkit.Client) func(string) bool {
			return each(func(k string) *testkit.Response { return c.Post("/polls/"+k+"-p/votes", `{}`) })
		}, "plain orphan forme", strings.Join(kinds, " ")},
		{"what was missed", func(c *testkit.Client) func(string) bool {
			return among(c.Post("/sync", `{"channel_cids":["messaging:room"],"last_sync_at":"`+g.since+`"}`), "events", "message.id", "m")
		}, "plain orphan deleted forme", "plain orphan deleted forme restricted shadowed hidden"},
	} {
		for who, want := range map[string]string{"cat": tt.cat, "mod": tt.mod} {
			seen := tt.seen(g.As(who))
			got := slices.DeleteFunc(slices.Clone(kinds), func(kind string) bool { return !seen(kind) })
			if strings.Join(got, " ") != want {
				t.Errorf("%s: %s sees %v, want %s", tt.name, who, got, want)
			}
		}
	}
	// Three of each kind count, those that quote, and the beginning of the thread.
	g.As("cat").Get("/unread").OK().Want("total_unread_count", fmt.Sprint(3*3+len(kinds)+1)) // plain, orphan, forme
	g.As("bob").Get("/unread").OK().Want("total_unread_count", fmt.Sprint(5*3+len(kinds)+1)) // restricted and hidden, too
}
