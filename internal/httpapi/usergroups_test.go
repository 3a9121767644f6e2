package httpapi_test

import (
	"fmt"
	"strings"
	"testing"

	"chatd/internal/testkit"
)

// grouped makes a group of users.
func grouped(s *testkit.Server, fields string) *testkit.Response {
	s.TB.Helper()
	return s.Server().Post("/usergroups", `{`+fields+`}`).OK()
}

func TestUserGroups(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Users("ann", "bob", "cat")
	const to = "/usergroups"
	many := `"` + strings.Join(strings.Split(strings.Repeat("ann ", 100), " "), `","`) + `ann"`
	exchangeAll(t, s, []exchange{
		{name: "create", method: "POST", path: to, body: `{"id":"design","name":"Design Team","description":"They draw","member_ids":["bob","ann","bob"]}`, want: map[string]string{
			"user_group.id": `"design"`, "user_group.name": `"Design Team"`, "user_group.description": `"They draw"`, "user_group.team_id": "null", "user_group.created_by": "null",
			"user_group.members.#": "2", "user_group.members.0.user_id": `"ann"`, "user_group.members.0.group_id": `"design"`, "user_group.members.0.is_admin": "false",
		}},
		{name: "create for somebody, without members", method: "POST", path: to + "?user_id=ann", body: `{"id":"ops","name":"ops"}`, want: map[string]string{"user_group.created_by": `"ann"`, "user_group.members": "null"}},
		{name: "create again", method: "POST", path: to, body: `{"id":"ops","name":"x"}`, status: 400, code: 4, message: `CreateUserGroup failed with error: "user group with id ops already exists"`},
		{name: "without a name", method: "POST", path: to, body: `{"id":"x"}`, status: 400, code: 4, message: "name is a required field"},
		{name: "with a long name", method: "POST", path: to, body: `{"name":"` + strings.Repeat("ä", 256) + `"}`, status: 400, code: 4, message: "name must be 255 characters or less"},
		{name: "with a long description", method: "POST", path: to, body: `{"name":"x","description":"` + strings.Repeat("ä", 1025) + `"}`, status: 400, code: 4, message: "description must be 1024 characters or less"},
		{name: "with a long id", method: "POST", path: to, body: `{"name":"x","id":"` + strings.Repeat("x", 256) + `"}`, status: 400, code: 4, message: "id must be 255 characters or less"},
		{name: "of who is not there", method: "POST", path: to, body: `{"id":"x","name":"x","member_ids":["ann","zoe"]}`, status: 400, code: 4, message: "member_ids must be a list of existing user IDs, there is no zoe"},
		{name: "of too many", method: "POST", path: to, body: `{"name":"x","member_ids":[` + many + `]}`, status: 400, code: 4, message: "member_ids must contain at maximum 100 items"},
		{name: "by a user", who: "ann", method: "POST", path: to, body: `{"name":"x"}`, status: 403, code: 17, message: "server side"},
		{name: "nothing was made", method: "GET", path: to + "/x", status: 404, code: 16, message: "user group with id x doesn't exist"},

		{name: "users read one", who: "cat", method: "GET", path: to + "/design", want: map[string]string{"user_group.name": `"Design Team"`, "user_group.members.#": "2"}},
		{name: "not of that team", who: "cat", method: "GET", path: to + "/design?team_id=red", status: 404, code: 16, message: "doesn't exist"},
		{name: "change the name", method: "PUT", path: to + "/design", body: `{"name":"Designers"}`, want: map[string]string{"user_group.name": `"Designers"`, "user_group.description": `"They draw"`, "user_group.members.#": "2"}},
		{name: "change the description", method: "PUT", path: to + "/design", body: `{"description":""}`, want: map[string]string{"user_group.name": `"Designers"`, "user_group.description": "null"}},
		{name: "no name", method: "PUT", path: to + "/design", body: `{"name":""}`, status: 400, code: 4, message: "name is a required field"},
		{name: "change none", method: "PUT", path: to + "/x", body: `{"name":"y"}`, status: 404, code: 16, message: "doesn't exist"},
		{name: "of another team", method: "PUT", path: to + "/design", body: `{"name":"y","team_id":"red"}`, status: 404, code: 16, message: "doesn't exist"},
		{name: "by a user", who: "ann", method: "PUT", path: to + "/design", body: `{"name":"y"}`, status: 403, code: 17},

		{name: "add", method: "POST", path: to + "/ops/members", body: `{"member_ids":["cat","ann"]}`, want: map[string]string{"user_group.members.#": "2", "user_group.members.1.is_admin": "false"}},
		{name: "an admin", method: "POST", path: to + "/ops/members", body: `{"member_ids":["ann","bob"],"as_admin":true}`, want: map[string]string{"user_group.members.#": "3"}},
		{name: "who stays one", method: "POST", path: to + "/ops/members", body: `{"member_ids":["ann"]}`, want: map[string]string{
			"user_group.members.#": "3", "user_group.members.0.user_id": `"ann"`, "user_group.members.0.is_admin": "true", "user_group.members.1.user_id": `"cat"`, "user_group.members.1.is_admin": "false", "user_group.members.2.is_admin": "true",
		}},
		{name: "add who is not there", method: "POST", path: to + "/ops/members", body: `{"member_ids":["zoe"]}`, status: 400, code: 4, message: "there is no zoe"},
		{name: "add nobody", method: "POST", path: to + "/ops/members", body: `{}`, status: 400, code: 4, message: "member_ids is a required field"},
		{name: "add to none", method: "POST", path: to + "/x/members", body: `{"member_ids":["ann"]}`, status: 404, code: 16, message: "doesn't exist"},
		{name: "by a user", who: "ann", method: "POST", path: to + "/ops/members", body: `{"member_ids":["ann"]}`, status: 403, code: 17},
		{name: "remove", method: "POST", path: to + "/ops/members/delete", body: `{"member_ids":["ann","zoe"]}`, want: map[string]string{"user_group.members.#": "2", "user_group.members.0.user_id": `"cat"`}},
		{name: "remove nobody", method: "POST", path: to + "/ops/members/delete", body: `{"member_ids":[]}`, status: 400, code: 4, message: "member_ids is a required field"},
		{name: "by a user", who: "ann", method: "POST", path: to + "/ops/members/delete", body: `{"member_ids":["ann"]}`, status: 403, code: 17},
		{name: "it is so", who: "ann", method: "GET", path: to + "/ops", want: map[string]string{"user_group.members.#": "2", "user_group.members.1.user_id": `"bob"`, "user_group.members.1.is_admin": "true"}},

		{name: "delete another team's", method: "DELETE", path: to + "/ops?team_id=red", status: 404, code: 16, message: "doesn't exist"},
		{name: "by a user", who: "ann", method: "DELETE", path: to + "/ops", status: 403, code: 17},
		{name: "delete", method: "DELETE", path: to + "/ops"},
		{name: "again", method: "DELETE", path: to + "/ops", status: 404, code: 16, message: "doesn't exist"},
		{name: "its members are gone", method: "POST", path: to, body: `{"id":"ops","name":"anew"}`, want: map[string]string{"user_group.members": "null"}},
	})
	other := testkit.Start(t)
	other.Server().Get(to+"/design").Fails(404, 16, "doesn't exist")
	other.Server().Post(to+"/design/members", `{"member_ids":["ann"]}`).Fails(400, 4, "ann")
	other.Server().Get(to).OK().Want("user_groups", "[]")
}

func TestListsOfUserGroups(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Users("ann")
	for i, name := range []string{"Support", "sales", "Sub_50%", "design", "support two"} {
		grouped(s, fmt.Sprintf(`"id":"g%d","name":%q,"member_ids":["ann"]`, i, name))
	}
	at := fmt.Sprint(s.Server().Get("/usergroups/g1").OK().At("user_group.created_at"))
	walk := func(path string, want string) {
		t.Helper()
		r := s.As("ann").Get(path).OK()
		var got []string
		for i := range 5 {
			if id := r.At(fmt.Sprintf("user_groups.%d.id", i)); id != nil {
				got = append(got, fmt.Sprint(id))
			}
		}
		if list := strings.Join(got, " "); list != want {
			t.Errorf("%s: %s, want %s", path, list, want)
		}
	}
	walk("/usergroups", "g0 g1 g2 g3 g4")
	walk("/usergroups?limit=2", "g0 g1")
	walk("/usergroups?limit=2&id_gt=g1&created_at_gt="+at, "g2 g3")
	walk("/usergroups?id_gt=g2", "g3 g4")
	walk("/usergroups?created_at_gt="+at, "g2 g3 g4")
	walk("/usergroups?id_gt=nope", "")
	walk("/usergroups?team_id=red", "")
	walk("/usergroups/search?query=sup", "g0 g4")
	walk("/usergroups/search?query=S", "g1 g2 g0 g4")
	walk("/usergroups/search?query=s&limit=2", "g1 g2")
	walk("/usergroups/search?query=s&name_gt=Sub_50%25&id_gt=g2", "g0 g4")
	walk("/usergroups/search?query=s&name_gt=SUPPORT", "g4")
	walk("/usergroups/search?query=s&id_gt=g1", "g2 g0 g4")
	walk("/usergroups/search?query=sub_", "g2")
	walk("/usergroups/search?query=%25", "")
	s.As("ann").Get("/usergroups").OK().Want("user_groups.0.members", "null").Want("user_groups.0.name", `"Support"`)
	exchangeAll(t, s, []exchange{
		{name: "search nothing", who: "ann", method: "GET", path: "/usergroups/search", status: 400, code: 4, message: "query is a required field"},
		{name: "search too much", who: "ann", method: "GET", path: "/usergroups/search?query=" + strings.Repeat("x", 256), status: 400, code: 4, message: "query must be 255 characters or less"},
		{name: "find too much", who: "ann", method: "GET", path: "/usergroups/search?query=x&limit=26", status: 400, code: 4, message: "limit must be 25 or less"},
		{name: "list too much", who: "ann", method: "GET", path: "/usergroups?limit=101", status: 400, code: 4, message: "limit must be 100 or less"},
		{name: "after no time", who: "ann", method: "GET", path: "/usergroups?created_at_gt=x", status: 400, code: 4, message: "created_at_gt"},
	})
}

func TestUserGroupsOfTeams(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Server().Patch("/app", `{"multi_tenant_enabled":true}`).OK()
	s.Server().Post("/users", `{"users":{"red":{"id":"red","teams":["red"]},"blue":{"id":"blue","teams":["blue"]}}}`).OK()
	s.Server().Post("/usergroups", `{"name":"x"}`).Fails(400, 4, "team_id is a required field")
	grouped(s, `"id":"r","name":"x","team_id":"red"`)
	grouped(s, `"id":"b","name":"x","team_id":"blue"`)
	for who, own := range map[string]string{"red": "r", "blue": "b"} {
		other := map[string]string{"r": "b", "b": "r"}[own]
		s.As(who).Get("/usergroups").OK().Want("user_groups.#", "1").Want("user_groups.0.id", `"`+own+`"`)
		s.As(who).Get("/usergroups/search?query=x").OK().Want("user_groups.#", "1").Want("user_groups.0.id", `"`+own+`"`)
		s.As(who).Get("/usergroups/"+own).OK().Want("user_group.team_id", `"`+who+`"`)
		s.As(who).Get("/usergroups/"+other).Fails(404, 16, "doesn't exist")
		s.As(who).Get("/usergroups?team_id="+map[string]string{"red": "blue", "blue": "red"}[who]).OK().Want("user_groups", "[]")
	}
	s.Server().Get("/usergroups").OK().Want("user_groups.#", "2")
	s.Server().Get("/usergroups?team_id=red").OK().Want("user_groups.#", "1")
	s.Server().Put("/channeltypes/team", `{"grants":{"user":["create-channel","read-channel","create-message","notify-group"]}}`).OK()
	s.As("red").Post("/channels/team/room/query", `{"data":{"team":"red"}}`).OK()
	s.As("red").Post("/channels/team/room/message", `{"message":{"text":"x","mentioned_group_ids":["r"]}}`).OK().Want("message.mentioned_groups.0.id", `"r"`)
	s.As("red").Post("/channels/team/room/message", `{"message":{"text":"x","mentioned_group_ids":["b"]}}`).Fails(400, 4, "there is no b")
}

func TestUserGroupEvents(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Users("ann", "bob", "cat")
	ann, bob, cat := s.As("ann").Connect(), s.As("bob").Connect(), s.As("cat").Connect()
	grouped(s, `"id":"g","name":"G","member_ids":["ann"]`)
	ann.Expect("user_group.created").Want("user_group.id", `"g"`).Want("user_group.members.#", "1").Want("user_group.app_pk", "0").Want("members", "null")
	s.Server().Post("/usergroups/g/members", `{"member_ids":["bob"]}`).OK()
	for _, c := range []*testkit.Socket{ann, bob} {
		c.Expect("user_group.member_added").Want("members", `["bob"]`).Want("user_group.members.#", "2")
	}
	s.Server().Put("/usergroups/g?user_id=cat", `{"name":"H"}`).OK()
	for _, c := range []*testkit.Socket{ann, bob} {
		c.Expect("user_group.updated").Want("user_group.name", `"H"`).Want("user.id", `"cat"`)
	}
	s.Server().Post("/usergroups/g/members/delete", `{"member_ids":["ann"]}`).OK()
	for _, c := range []*testkit.Socket{ann, bob} {
		c.Expect("user_group.member_removed").Want("members", `["ann"]`).Want("user_group.members.#", "1")
	}
	s.Server().Delete("/usergroups/g").OK()
	bob.Expect("user_group.deleted").Want("user_group.id", `"g"`)
	ann.Quiet("user_group.deleted")
	cat.Quiet("user_group.created", "user_group.updated", "user_group.deleted", "user_group.member_added", "user_group.member_removed")
}

func TestMentionsOfUserGroups(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Users("mod", "dan", "out")
	s.Server().Post("/users", `{"users":{"mod":{"id":"mod","role":"admin"}}}`).OK()
	path := s.Channel("messaging", "room", "mod", "ann", "bob", "cat")
	to := path + "/message"
	grouped(s, `"id":"g","name":"G","member_ids":["ann","bob","out"]`)
	grouped(s, `"id":"h","name":"H"`)
	ann, bob, cat, out := s.As("ann").Connect(), s.As("bob").Connect(), s.As("cat").Connect(), s.As("out").Connect()
	ann.Watch(path)
	exchangeAll(t, s, []exchange{
		{name: "mention", who: "mod", method: "POST", path: to, body: `{"message":{"id":"m1","text":"@G @H","mentioned_group_ids":["g","h","g"]}}`, want: map[string]string{
			"message.mentioned_group_ids": `["g","h"]`, "message.mentioned_groups.#": "2", "message.mentioned_groups.0.name": `"G"`, "message.mentioned_groups.0.members": "null",
		}},
		{name: "it is read so", who: "ann", method: "GET", path: "/messages/m1", want: map[string]string{"message.mentioned_groups.#": "2", "message.mentioned_groups.1.name": `"H"`}},
		{name: "unknown", who: "mod", method: "POST", path: to, body: `{"message":{"text":"x","mentioned_group_ids":["g","nope"]}}`, status: 400, code: 4, message: "message.mentioned_group_ids must be a list of existing user group IDs, there is no nope"},
		{name: "too many", who: "mod", method: "POST", path: to, body: `{"message":{"text":"x","mentioned_group_ids":["1","2","3","4","5","6","7","8","9","10","11"]}}`, status: 400, code: 4, message: "message.mentioned_group_ids"},
		{name: "by who may not", who: "ann", method: "POST", path: to, body: `{"message":{"text":"x","mentioned_group_ids":["g"]}}`, status: 403, code: 17, message: "NotifyGroup"},
		{name: "edit", who: "mod", method: "PUT", path: "/messages/m1", body: `{"set":{"mentioned_group_ids":["h"]}}`, want: map[string]string{"message.mentioned_group_ids": `["h"]`, "message.mentioned_groups.#": "1"}},
		{name: "edit to none", who: "mod", method: "PUT", path: "/messages/m1", body: `{"set":{"mentioned_group_ids":["nope"]}}`, status: 400, code: 4, message: "there is no nope"},
		{name: "pending", method: "POST", path: to, body: `{"pending":true,"message":{"id":"p","text":"@G","user_id":"mod","parent_id":"m1","mentioned_group_ids":["g"]}}`, want: map[string]string{"message.mentioned_groups.0.id": `"g"`}},
		{name: "is read so", who: "mod", method: "GET", path: "/messages/p", want: map[string]string{"message.mentioned_groups.0.name": `"G"`}},
		{name: "nobody takes part yet", who: "bob", method: "POST", path: "/threads", body: `{}`, want: map[string]string{"threads": "[]"}},
	})
	ann.Expect("message.new").Want("message.mentioned_groups.1.id", `"h"`).Want("message.mentioned_group_ids", `["g","h"]`)

	s.Server().Post("/messages/p/commit", nil).OK().Want("message.mentioned_groups.#", "1")
	bob.Expect("notification.thread_message_new").Want("message.id", `"p"`).Want("message.mentioned_groups.0.name", `"G"`).Want("unread_threads", "1")
	s.As("bob").Post("/threads", `{}`).OK().Want("threads.#", "1").Want("threads.0.parent_message_id", `"m1"`)
	s.As("out").Post("/threads", `{}`).OK().Want("threads", "[]") // he is not in the channel
	cat.Quiet("notification.thread_message_new")
	out.Quiet("notification.thread_message_new", "notification.message_new")

	s.Server().Delete("/usergroups/h").OK()
	s.As("ann").Get("/messages/m1").OK().Want("message.mentioned_groups", "null").Want("message.mentioned_group_ids", `["h"]`)
	s.As("mod").Put("/messages/m1", `{"set":{"text":"no more"}}`).OK().Want("message.text", `"no more"`)
	s.As("mod").Put("/messages/m1", `{"set":{"mentioned_group_ids":[]}}`).OK().Want("message.mentioned_group_ids", "null")
}
