package httpapi_test

import (
	"fmt"
	"strings"
	"testing"

	"chatd/internal/testkit"
)

// what somebody may do: the letters are the operations of rightsOf.
const (
	mayRead = 'r' // query the channel
	mayAdd  = 'a' // add a member
	mayData = 'u' // change its data
	mayCool = 'c' // set slow mode
	mayIce  = 'f' // freeze it
	maySend = 'm' // send a message
	mayCut  = 't' // truncate it
	mayEnd  = 'd' // delete it
	mayMake = 'n' // create another
)

// rightsOf tries all operations as somebody in a channel and tells which succeed.
func rightsOf(t *testing.T, s *testkit.Server, typ, who string) string {
	t.Helper()
	id := strings.ReplaceAll(typ+"-"+who, "!", "")
	path := s.Channel(typ, id, "owner", "member", "moderator")
	s.Server().Post(path, `{"add_moderators":["moderator"]}`).OK()
	s.Users("extra")
	c := s.Anonymous()
	if who != "anonymous" {
		c = s.As(who)
	}
	out := ""
	for _, try := range []struct {
		right        rune
		method, path string
		body         string
	}{
		{mayRead, "POST", path + "/query", `{}`},
		{mayAdd, "POST", path, `{"add_members":["extra"]}`},
		{mayData, "PATCH", path, `{"set":{"name":"x"}}`},
		{mayCool, "POST", path, `{"cooldown":1}`},
		{mayIce, "PATCH", path, `{"set":{"frozen":false}}`},
		{maySend, "POST", path + "/message", `{"message":{"text":"x"}}`},
		{mayCut, "POST", path + "/truncate", `{}`},
		{mayEnd, "DELETE", path, ``},
		{mayMake, "POST", "/channels/" + typ + "/new-" + id + "/query", `{}`},
	} {
		s.Server().Post(path, `{"cooldown":0}`)
		r := c.Do(try.method, try.path, try.body)
		switch r.Status {
		case 200, 201:
			out += string(try.right)
		case 403:
			r.Fails(403, 17, "")
		default:
			t.Errorf("%s %s as %s: %d %s", try.method, try.path, who, r.Status, r.Body)
		}
	}
	return out
}

// TestRightsByRole is the built-in types' grants as clients meet them.
func TestRightsByRole(t *testing.T) {
	t.Parallel()
	roles := []string{"admin", "owner", "member", "moderator", "user", "guest", "anonymous"}
	for typ, want := range map[string][]string{
		// admin, owner, member, channel moderator, user, guest, anonymous
		"messaging":  {"raucfmtdn", "raumtdn", "rmn", "raucfmn", "n", "", ""},
		"team":       {"raucfmtdn", "raumtdn", "rmn", "raucfmn", "n", "", ""},
		"livestream": {"raucfmtdn", "rmn", "rmn", "rcfmn", "rmn", "r", "r"},
		"gaming":     {"raucfmtdn", "rm", "rm", "rcfm", "", "", ""},
		"commerce":   {"raucfmtdn", "ram", "rm", "raucfm", "", "n", ""},
	} {
		t.Run(typ, func(t *testing.T) {
			t.Parallel()
			s := testkit.Start(t)
			s.Server().Post("/users", `{"users":{"admin":{"id":"admin","role":"admin"},"guest":{"id":"guest","role":"guest"}}}`).OK()
			for i, role := range roles {
				if got := rightsOf(t, s, typ, role); got != want[i] {
					t.Errorf("%s: %q, want %q", role, got, want[i])
				}
			}
		})
	}
}

// TestOwnCapabilities is the whole list of an ordinary member who made the channel,
// and what the type's switches and the channel's modifiers take from it.
func TestOwnCapabilities(t *testing.T) {
	t.Parallel()
	const all = "cast-poll-vote connect-events create-attachment create-mention delete-channel delete-own-message delivery-events flag-message " +
		"join-channel leave-channel mute-channel pin-message query-poll-votes quote-message read-events search-messages send-custom-events send-links " +
		"send-message send-poll send-reaction send-reply send-typing-events share-location typing-events update-channel update-channel-members " +
		"update-own-message update-thread upload-file"
	s := testkit.Start(t)
	s.Server().Put("/channeltypes/messaging", `{"polls":true,"shared_locations":true}`).OK()
	path := s.Channel("messaging", "room", "ann", "bob")
	s.Server().Post("/users", `{"users":{"mod":{"id":"mod","role":"admin"}}}`).OK()
	has := func(who string) string {
		caps, _ := s.As(who).Post(path+"/query", `{"state":false}`).OK().At("channel.own_capabilities").([]any)
		return strings.Trim(fmt.Sprint(caps), "[]")
	}
	without := func(names string) string {
		kept := []string{}
		for name := range strings.FieldsSeq(all) {
			if !strings.Contains(" "+names+" ", " "+name+" ") {
				kept = append(kept, name)
			}
		}
		return strings.Join(kept, " ")
	}
	if got := has("ann"); got != all {
		t.Errorf("the owner's:\n%s\nwant\n%s", got, all)
	}
	if got, want := has("bob"), without("delete-channel update-channel update-channel-members"); !strings.Contains(want, "send-message") || strings.Contains(got, "update-channel") || strings.Contains(got, "delete-channel") {
		t.Errorf("a member's: %s", got)
	}

	for flag, gone := range map[string]string{
		"typing_events": "send-typing-events typing-events", "read_events": "read-events", "connect_events": "connect-events", "delivery_events": "delivery-events",
		"search": "search-messages", "reactions": "send-reaction", "replies": "send-reply update-thread", "quotes": "quote-message", "uploads": "upload-file",
		"custom_events": "send-custom-events", "polls": "cast-poll-vote query-poll-votes send-poll", "shared_locations": "share-location",
	} {
		s.Server().Put("/channeltypes/messaging", `{"`+flag+`":false}`).OK()
		if got := has("ann"); got != without(gone) {
			t.Errorf("%s off: %s", flag, got)
		}
		s.Server().Put("/channeltypes/messaging", `{"`+flag+`":true}`).OK()
	}

	s.Server().Patch(path, `{"set":{"config_overrides":{"reactions":false,"grants":{"channel_member":["!create-message","!add-links","update-message"],"user":["!add-links-owner","!create-message-owner"]}}}}`).OK()
	if got := has("bob"); strings.Contains(got, "send-message") || strings.Contains(got, "send-links") || strings.Contains(got, "send-reaction") || !strings.Contains(got, "update-any-message") {
		t.Errorf("with modifiers: %s", got)
	}
	s.As("bob").Post(path+"/message", `{"message":{"text":"x"}}`).Fails(403, 17, "CreateMessage")
	s.As("ann").Post(path+"/message", `{"message":{"text":"x"}}`).Fails(403, 17, "CreateMessage")
	s.As("mod").Post(path+"/message", `{"message":{"text":"x"}}`).OK()
	s.Server().Patch(path, `{"set":{"config_overrides":{"grants":{"channel_member":["!create-message"]}},"cooldown":5}}`).OK()
	s.As("ann").Post(path+"/message", `{"message":{"text":"x"}}`).OK() // the owner's right stays
	s.As("bob").Post(path+"/message", `{"message":{"text":"x"}}`).Fails(403, 17, "CreateMessage")
	if got := has("ann"); !strings.Contains(got, "slow-mode") {
		t.Errorf("in slow mode: %s", got)
	}
	if got := has("mod"); strings.Contains(got, " slow-mode") || !strings.Contains(got, "skip-slow-mode") {
		t.Errorf("an admin's in slow mode: %s", got)
	}

	// They come with every answer, and in no event.
	ann := s.As("ann").Connect()
	ann.Watch(path)
	for _, r := range []*testkit.Response{
		s.As("ann").Post("/channels", `{"filter_conditions":{"id":"room"}}`).OK().Want("channels.0.channel.own_capabilities.0", `"cast-poll-vote"`),
		s.As("ann").Get(path).OK(), s.As("ann").Post(path, `{"data":{"name":"x"}}`).OK(), s.As("ann").Patch(path, `{"set":{"name":"y"}}`).OK(),
	} {
		if r.At("channels") == nil {
			r.Want("channel.own_capabilities.0", `"cast-poll-vote"`)
		}
	}
	ann.Expect("channel.updated").Want("channel.own_capabilities", "null").Want("channel.config.grants.channel_member", `["!create-message"]`)
	s.Server().Get(path).OK().Want("channel.own_capabilities", "null")
}

// TestGrantsOfTypes: what a type grants holds at once, by role and by owner.
func TestGrantsOfTypes(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Users("cat")
	s.Server().Post("/channeltypes", `{"name":"desk","automod":"disabled","automod_behavior":"flag","max_message_length":100}`).OK()
	path := s.Channel("desk", "room", "ann", "bob")
	exchangeAll(t, s, []exchange{
		{name: "as in messaging", who: "bob", method: "PATCH", path: path, body: `{"set":{"x":1}}`, status: 403, code: 17, message: "UpdateChannel in scope 'desk'"},
		{name: "members may", method: "PUT", path: "/channeltypes/desk", body: `{"grants":{"channel_member":["read-channel","update-channel"]}}`},
		{name: "they may", who: "bob", method: "PATCH", path: path, body: `{"set":{"x":1}}`, want: map[string]string{"channel.x": "1"}},
		{name: "but not what was left out", who: "bob", method: "POST", path: path + "/message", body: `{"message":{"text":"x"}}`, status: 403, code: 17, message: "CreateMessage"},
		{name: "the owner still", who: "ann", method: "POST", path: path + "/message", body: `{"message":{"text":"x"}}`},
		{name: "users lose all", method: "PUT", path: "/channeltypes/desk", body: `{"grants":{"user":[]}}`},
		{name: "creating", who: "cat", method: "POST", path: "/channels/desk/other/query", body: `{}`, status: 403, code: 17, message: "CreateChannel"},
		{name: "the owner's member rights", who: "ann", method: "PATCH", path: path, body: `{"set":{"x":2}}`, want: map[string]string{"channel.x": "2"}},
		{name: "the owner's own", who: "ann", method: "DELETE", path: path, status: 403, code: 17, message: "DeleteChannel"},
		{name: "a role of the app's", method: "PUT", path: "/channeltypes/desk", body: `{"grants":{"agent":["ban-channel-member","update-channel-frozen","read-channel"]}}`},
		{name: "in the channel", method: "POST", path: path, body: `{"assign_roles":[{"user_id":"bob","channel_role":"agent"}]}`, want: map[string]string{"members.1.channel_role": `"agent"`, "members.1.is_moderator": "null"}},
		{name: "it counts", who: "bob", method: "PATCH", path: path, body: `{"set":{"frozen":true}}`, want: map[string]string{"channel.frozen": "true"}},
		{name: "and nothing else", who: "bob", method: "PATCH", path: path, body: `{"set":{"x":3}}`, status: 403, code: 17, message: "UpdateChannel"},
		{name: "back to the defaults", method: "PUT", path: "/channeltypes/desk", body: `{"grants":null}`, want: map[string]string{"grants.agent": "null"}},
		{name: "creating again", who: "cat", method: "POST", path: "/channels/desk/other/query", body: `{}`, want: map[string]string{"channel.id": `"other"`}},
	})
}
