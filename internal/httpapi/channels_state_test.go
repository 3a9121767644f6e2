package httpapi_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"chatd/internal/testkit"
)

// keysOf are the names of an object in the order in which they stand in a document.
func keysOf(t *testing.T, doc, object string) string {
	t.Helper()
	_, rest, found := strings.Cut(doc, `"`+object+`":{`)
	if !found {
		t.Fatalf("no %s in %s", object, doc)
	}
	var names []string
	depth, text, start := 0, false, 0
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
			if text {
				start = i + 1
			} else if depth == 0 && i+1 < len(rest) && rest[i+1] == ':' {
				names = append(names, rest[start:i])
			}
		case text:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth < 0 {
				return strings.Join(names, " ")
			}
		}
	}
	return strings.Join(names, " ")
}

func TestShapeOfChannels(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Server().Put("/channeltypes/messaging", `{"count_messages":true}`).OK()
	s.Server().Post("/users", `{"users":{"mod":{"id":"mod","role":"admin"}}}`).OK()
	path := s.Channel("messaging", "room", "ann", "mod", "bob")
	said(s, "ann", path, "one")
	s.Server().Post(path, `{"data":{"name":"N","team":"red","filter_tags":["x"]},"cooldown":3}`).OK()
	r := s.As("ann").Post(path+"/query", `{}`).OK().Want("channel.message_count", "1").Want("channel.filter_tags", `["x"]`).Want("channel.cooldown", "3").
		Want("members.2.role", `"admin"`).Want("members.1.role", `"member"`).Want("channel.muted", "null").Want("channel.hide_messages_before", "null")
	if got, want := keysOf(t, string(r.Body), "config"), "created_at updated_at name typing_events read_events connect_events delivery_events search reactions replies quotes mutes "+
		"uploads url_enrichment custom_events push_notifications reminders mark_messages_pending polls user_message_reminders shared_locations count_messages "+
		"message_retention max_message_length automod automod_behavior blocklist_behavior skip_last_msg_update_for_system_msgs commands"; got != want {
		t.Errorf("config:\n%s\nwant\n%s", got, want)
	}
	if got := keysOf(t, string(r.Body), "membership"); !strings.HasPrefix(got, "user_id user status created_at updated_at banned shadow_banned role channel_role") {
		t.Errorf("membership: %s", got)
	}
	execSQL(t, `INSERT INTO channel_mutes (app_id, user_id, cid, expires, created_at, updated_at) VALUES
		($1, 'ann', 'messaging:room', now() + interval '1 hour', now(), now()), ($1, 'bob', 'messaging:room', now() - interval '1 second', now(), now())`, s.App)
	if muted := s.As("ann").Get(path).OK().Want("channel.muted", "true"); muted.At("channel.mute_expires_at") == nil {
		t.Errorf("%s", muted.Body)
	}
	s.As("bob").Get(path).OK().Want("channel.muted", "null").Want("channel.mute_expires_at", "null") // it has ended
	s.Server().Post(path, `{"cooldown":0,"remove_filter_tags":["x"]}`).OK().Want("channel.cooldown", "null").Want("channel.filter_tags", "null").Want("channel.team", `"red"`)
}

func TestMessagesOfAChannelQuery(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path, other := s.Channel("messaging", "room", "ann"), s.Channel("messaging", "other", "ann")
	ids := make([]string, 7)
	for i := range ids {
		ids[i] = said(s, "ann", path, fmt.Sprint(i))
	}
	elsewhere := said(s, "ann", other, "x")
	for _, shown := range []bool{false, true} {
		s.As("ann").Post(path+"/message", map[string]any{"message": map[string]any{"text": fmt.Sprint("reply ", shown), "parent_id": ids[0], "show_in_channel": shown}}).OK()
	}
	query := func(page string) string { return `{"messages":` + page + `}` }
	texts := func(list ...string) map[string]string {
		want := map[string]string{"messages.#": fmt.Sprint(len(list))}
		for i, text := range list {
			want[fmt.Sprintf("messages.%d.text", i)] = `"` + text + `"`
		}
		return want
	}
	exchangeAll(t, s, []exchange{
		{name: "all, oldest first, without replies", who: "ann", method: "POST", path: path + "/query", body: `{}`, want: texts("0", "1", "2", "3", "4", "5", "6", "reply true")},
		{name: "the newest", who: "ann", method: "POST", path: path + "/query", body: query(`{"limit":2}`), want: texts("6", "reply true")},
		{name: "before", who: "ann", method: "POST", path: path + "/query", body: query(`{"limit":2,"id_lt":"` + ids[3] + `"}`), want: texts("1", "2")},
		{name: "up to", who: "ann", method: "POST", path: path + "/query", body: query(`{"limit":2,"id_lte":"` + ids[3] + `"}`), want: texts("2", "3")},
		{name: "after", who: "ann", method: "POST", path: path + "/query", body: query(`{"limit":2,"id_gt":"` + ids[3] + `"}`), want: texts("4", "5")},
		{name: "from", who: "ann", method: "POST", path: path + "/query", body: query(`{"limit":2,"id_gte":"` + ids[3] + `"}`), want: texts("3", "4")},
		{name: "around", who: "ann", method: "POST", path: path + "/query", body: query(`{"limit":3,"id_around":"` + ids[3] + `"}`), want: texts("2", "3", "4")},
		{name: "of a time", who: "ann", method: "POST", path: path + "/query", body: query(`{"created_at_before":"2020-01-01T00:00:00Z"}`), want: texts()},
		{name: "behind the end", who: "ann", method: "POST", path: path + "/query", body: query(`{"offset":100}`), want: texts()},
		{name: "an unknown place", who: "ann", method: "POST", path: path + "/query", body: query(`{"id_lt":"nope"}`), status: 400, code: 4, message: "message with id nope doesn't exist in channel messaging:room"},
		{name: "another channel's", who: "ann", method: "POST", path: path + "/query", body: query(`{"id_around":"` + elsewhere + `"}`), status: 400, code: 4, message: "doesn't exist in channel messaging:room"},
		{name: "in a channel that is not", who: "ann", method: "POST", path: "/channels/messaging/new/query", body: query(`{"id_gt":"` + ids[0] + `"}`), status: 400, code: 4, message: "doesn't exist in channel messaging:new"},
		{name: "which is not made", who: "ann", method: "GET", path: "/channels/messaging/new", status: 404, code: 16, message: "find channel"},
		{name: "by GET", who: "ann", method: "GET", path: path + "?messages_limit=2&messages_id_lte=" + ids[3], want: texts("2", "3")},
		{name: "by GET, around", who: "ann", method: "GET", path: path + "?messages_limit=3&messages_id_around=" + ids[3], want: texts("2", "3", "4")},
		{name: "by GET, an unknown place", who: "ann", method: "GET", path: path + "?messages_id_around=nope", status: 400, code: 4, message: "message with id nope doesn't exist"},
		{name: "by GET, bare", who: "ann", method: "GET", path: path + "?state=false", want: map[string]string{"messages": "[]", "members": "[]", "read": "[]", "membership.user.id": `"ann"`}},
		{name: "by GET, no number", who: "ann", method: "GET", path: path + "?members_limit=x", status: 400, code: 4, message: "members_limit must be a number"},
		{name: "a negative limit", who: "ann", method: "POST", path: path + "/query", body: query(`{"limit":-1}`), status: 400, code: 4, message: "limit must be 0 or greater"},
		{name: "watchers", who: "ann", method: "POST", path: path + "/query", body: `{"watchers":{"limit":301}}`, status: 400, code: 4, message: "watchers.limit must be 300 or less"},
		{name: "members behind", who: "ann", method: "POST", path: path + "/query", body: `{"members":{"limit":10,"offset":10001}}`, status: 400, code: 4, message: "members.offset must be 10000 or less"},
	})
}

func TestTruncationHidesWhatWasBefore(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	s.As("ann").Post(path+"/message", `{"message":{"id":"pinned","text":"one","pinned":true}}`).OK()
	between := s.Store.App(s.App).Now()
	said(s, "ann", path, "two")
	s.As("ann").Get(path).OK().Want("pinned_messages.#", "1")
	bob := s.As("bob").Connect()
	s.Server().Post(path+"/truncate", map[string]any{"truncated_at": between, "skip_push": true}).OK().Want("channel.truncated_by", "null")
	bob.Expect("notification.channel_truncated").Want("user", "null").Want("total_unread_count", "1").Want("unread_channels", "1").Want("channel.members.#", "2")
	r := s.As("bob").Get(path).OK().Want("messages.#", "1").Want("messages.0.text", `"two"`).Want("pinned_messages", "[]").Want("read.1.unread_messages", "1")
	if r.At("channel.last_message_at") == nil {
		t.Errorf("%s", r.Body)
	}
	s.As("ann").Post(path+"/truncate", `{"hard_delete":true}`).OK().Want("channel.members.#", "2")
	s.As("ann").Get("/messages/pinned").Fails(404, 16, "message with id pinned")
}

// TestFiltersOfClients is the filter language as it comes over the wire; what each
// field finds is tested in the store.
func TestFiltersOfClients(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	a := s.Channel("messaging", "a", "ann", "bob")
	b := s.Channel("messaging", "b", "ann", "bob", "cat")
	s.Channel("messaging", "foreign", "cat")
	s.Server().Patch(a, `{"set":{"name":"Alpha team","deep":{"x":{"y":1}},"tags":["p","q"],"n":5}}`).OK()
	s.Server().Patch(b, `{"set":{"name":"Beta","n":"5","filter_tags":["vip"]}}`).OK()
	s.As("ann").Patch(a+"/member/ann", `{"set":{"pinned":true,"archived":true}}`).OK()
	for filter, want := range map[string]string{
		`,"n":5`: "a", `,"n":"5"`: "b", `,"n":{"$gt":4}`: "a", `,"n":{"$in":[5,"5"]}`: "a b", `,"n":{"$ne":5}`: "b", `,"n":{"$nin":["5"]}`: "a",
		`,"deep.x.y":1`: "a", `,"custom.deep.x.y":{"$lte":1}`: "a", `,"deep":{"x":{"y":1}}`: "a", `,"tags":{"$contains":"p"}`: "a", `,"tags":["p","q"]`: "a", `,"tags":["q","p"]`: "",
		`,"tags":{"$in":["p"]}`: "", `,"tags":{"$exists":false}`: "b", `,"nothing":null`: "a b", `,"nothing":{"$exists":true}`: "",
		`,"name":{"$autocomplete":"TEA"}`: "a", `,"name":{"$autocomplete":"eam"}`: "", `,"name":{"$q":"team alpha"}`: "a", `,"name":{"$in":["Beta","x"]}`: "b",
		`,"pinned":true`: "a", `,"pinned":false`: "b", `,"archived":true`: "a", `,"archived":{"$eq":false}`: "b", `,"muted":false`: "a b", `,"muted":true`: "",
		`,"joined":true`: "a b", `,"joined":false`: "", `,"hidden":false`: "a b", `,"blocked":false`: "a b", `,"distinct":false`: "a b", `,"frozen":{"$ne":true}`: "a b",
		`,"filter_tags":{"$in":["vip","x"]}`: "b", `,"filter_tags":["vip"]`: "b", `,"member_count":3`: "b", `,"member_count":{"$lt":3}`: "a",
		`,"created_at":{"$exists":true}`: "a b", `,"team":{"$exists":false}`: "a b", `,"last_message_at":{"$exists":false}`: "a b", `,"last_message_at":null`: "a b",
		`,"last_updated":{"$gt":"2020-01-01T00:00:00Z"}`: "a b", `,"last_updated":{"$lt":"2020-01-01"}`: "", `,"updated_at":{"$gte":"2020-01-01T00:00:00.5+02:00"}`: "a b",
		`,"member.user.name":"cat"`: "b", `,"channel_role":{"$in":["channel_member"]}`: "a b", `,"created_by_id":"cat"`: "",
		`,"$or":[{"id":"a"},{"n":"5"}]`: "a b", `,"$nor":[{"id":"a"},{"id":"x"}]`: "b", `,"$and":[{"$or":[{"id":"a"},{"id":"b"}]},{"$nor":[{"n":5}]}]`: "b",
	} {
		r := s.As("ann").Post("/channels", `{"filter_conditions":{"members":{"$in":["ann"]}`+filter+`},"sort":[{"field":"cid"}]}`).OK()
		got := []string{}
		for i := 0; r.At(fmt.Sprintf("channels.%d", i)) != nil; i++ {
			got = append(got, fmt.Sprint(r.At(fmt.Sprintf("channels.%d.channel.id", i))))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", filter, got, want)
		}
	}
	for filter, want := range map[string]string{
		`{"frozen":"yes"}`: "field `frozen` contains type string. expecting bool", `{"member_count":"1"}`: "field `member_count` contains type string. expecting number",
		`{"team":5}`: "field `team` contains type number. expecting string", `{"cid":{"$in":[1]}}`: "field `cid` contains type number. expecting string",
		`{"cid":{"$in":"x"}}`: "field `cid` contains type string. expecting array", `{"muted":1}`: "field `muted` contains type number. expecting bool",
		`{"pinned":null}`: "field `pinned` contains type null. expecting bool", `{"created_at":5}`: `expected date for field "created_at" but got "5"`,
		`{"n":{"$exists":"x"}}`: "$exists operator only support boolean values", `{"n":{"$regex":"x"}}`: `operator "$regex" is not allowed for field "n"`,
		`{"$not":[{"n":1}]}`: `unrecognized operator "$not"`, `{"$or":{"n":1}}`: `operator "$or" expects a non-empty list`, `{"$and":[]}`: `operator "$and" expects a non-empty list`,
		`{"filter_tags":{"$contains":"x"}}`: `operator "$contains" is not allowed for field "filter_tags"`, `{"disabled":{"$in":[true]}}`: `operator "$in" is not allowed for field "disabled"`,
		`{"members":{"$gt":"a"}}`: `operator "$gt" is not allowed for field "members"`, `{"name":{"$autocomplete":"%"}}`: "$autocomplete field is empty or contains invalid characters. Please provide a valid string to autocomplete",
		`{"invite":"maybe"}`: "invalid invite parameter. should be one of pending|accepted|rejected", `{"invite":{"$in":["pending"]}}`: "cannot match array value on field `invite`.",
		`{"invite":{"$ne":"pending"}}`: `invalid invite operator, expecting {invite:"pending"} or {invite:{$eq:"pending"}}`,
		`{"invite":5}`:                 "field `invite` contains type number. expecting string", `{"has_unread":false}`: "has_unread only supports true", `{"app_banned":"x"}`: "app_banned must be one of [only excluded]",
	} {
		s.As("ann").Post("/channels", `{"filter_conditions":`+filter+`}`).Fails(400, 4, `QueryChannels failed with error: "`+want)
	}
	for _, field := range []string{"joined", "muted", "hidden", "pinned", "archived", "blocked", "has_unread"} {
		s.Server().Post("/channels", `{"filter_conditions":{"`+field+`":true}}`).Fails(400, 4, field+" requires a valid user")
	}
	s.Server().Post("/channels", `{"filter_conditions":{"invite":"pending"}}`).Fails(400, 4, "invite requires a valid user")
	s.Server().Get("/channels?payload="+url.QueryEscape(`{"filter_conditions":{"joined":true},"user_id":"cat","limit":1,"message_limit":0}`)).OK().Want("channels.#", "1")
	s.Server().Get("/channels?payload=x").Fails(400, 4, "QueryChannels failed")

	// Whoever finds what he may not read gets nothing.
	for filter, status := range map[string]int{
		`{"cid":"messaging:foreign"}`: 403, `{"members":{"$in":["cat"]}}`: 403, `{"id":{"$in":["a","foreign"]}}`: 403, `{"members":{"$in":["ann","cat"]}}`: 403,
		`{"members":["ann","bob"]}`: 201, `{"id":"a"}`: 201, `{"members":{"$in":["cat"]},"joined":true}`: 201, `{"id":"nothing"}`: 201,
	} {
		if r := s.As("ann").Post("/channels", `{"filter_conditions":`+filter+`}`); status == 403 {
			r.Fails(403, 70, "QueryChannels failed")
		} else {
			r.OK()
		}
	}
}
