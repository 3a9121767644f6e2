package httpapi_test

import (
	"fmt"
	"strings"
	"testing"

	"chatd/internal/testkit"
)

func TestUpdatePoll(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := pollRoom(s, "ann", "bob")
	s.Users("dan")
	s.Server().Post("/users", `{"users":{"mod":{"id":"mod","role":"admin"}}}`).OK()
	sendPoll(s, path, "p", `,"description":"D","max_votes_allowed":3,"allow_answers":true,"rank":7,"deep":{"x":1,"y":2}`)
	for _, option := range []string{"a", "b", "c"} {
		s.As("bob").Post(vote("p"), `{"vote":{"option_id":"`+option+`"}}`).OK()
	}
	s.As("bob").Post(vote("p"), `{"vote":{"answer_text":"x"}}`).OK()
	bob := s.As("bob").Connect()
	bob.Watch(path)
	exchangeAll(t, s, []exchange{
		{
			name: "by part", who: "ann", method: "PATCH", path: "/polls/p", body: `{"set":{"name":"New","deep.x":5,"color":"red"},"unset":["rank","max_votes_allowed"]}`,
			want: map[string]string{
				"poll.name": `"New"`, "poll.description": `"D"`, "poll.deep": `{"x":5,"y":2}`, "poll.color": `"red"`, "poll.rank": "null", "poll.max_votes_allowed": "null",
				"poll.options.#": "3", "poll.vote_count": "3", "poll.own_votes": "[]", "poll.answers_count": "1", "poll.allow_answers": "true",
			},
		},
		{name: "by part, badly", who: "ann", method: "PATCH", path: "/polls/p", body: `{"set":{"name":""}}`, status: 400, code: 4, message: "name is a required field"},
		{name: "by part, unset the name", who: "ann", method: "PATCH", path: "/polls/p", body: `{"unset":["name"]}`, status: 400, code: 4, message: "name is a required field"},
		{name: "by part, wrong type", who: "ann", method: "PATCH", path: "/polls/p", body: `{"set":{"max_votes_allowed":"x"}}`, status: 400, code: 4, message: "max_votes_allowed"},
		{name: "by part, too many votes", who: "ann", method: "PATCH", path: "/polls/p", body: `{"set":{"max_votes_allowed":11}}`, status: 400, code: 4, message: "max_votes_allowed must be 10 or less"},
		{name: "by part, computed", who: "ann", method: "PATCH", path: "/polls/p", body: `{"set":{"vote_count":11}}`, status: 400, code: 4, message: "poll.vote_count is a reserved field"},
		{name: "by part, the creator", who: "ann", method: "PATCH", path: "/polls/p", body: `{"unset":["created_by.name"]}`, status: 400, code: 4, message: "poll.created_by is a reserved field"},
		{name: "by part, a bad path", who: "ann", method: "PATCH", path: "/polls/p", body: `{"set":{"a..b":1}}`, status: 400, code: 4, message: "a..b"},
		{name: "by part, too much", who: "ann", method: "PATCH", path: "/polls/p", body: `{"set":{"a":"` + strings.Repeat("x", 5200) + `"}}`, status: 413, code: 22, message: "too big"},
		{name: "another's", who: "bob", method: "PATCH", path: "/polls/p", body: `{"set":{"name":"x"}}`, status: 403, code: 17, message: "User 'bob' with role 'user' is not allowed to perform action UpdatePoll in scope '.app'"},
		{name: "another's, closed", who: "bob", method: "PATCH", path: "/polls/p", body: `{"set":{"is_closed":true}}`, status: 403, code: 17, message: "ClosePoll"},
		{name: "another's, all of it", who: "bob", method: "PUT", path: "/polls", body: `{"id":"p","name":"x"}`, status: 403, code: 17, message: "UpdatePoll"},
		{name: "no poll", who: "ann", method: "PATCH", path: "/polls/nope", body: `{"set":{"name":"x"}}`, status: 404, code: 16, message: "poll with id nope doesn't exist"},
		{
			name: "all of it", who: "ann", method: "PUT", path: "/polls", body: `{"id":"p","name":"All","options":[{"id":"c","text":"C!"},{"id":"a","text":"A"},{"text":"new"}],"vote_count":99,"size":1}`,
			want: map[string]string{
				"poll.name": `"All"`, "poll.description": `""`, "poll.allow_answers": "false", "poll.color": "null", "poll.deep": "null", "poll.size": "1",
				"poll.options.#": "3", "poll.options.0.text": `"C!"`, "poll.options.2.text": `"new"`, "poll.vote_count": "2", "poll.vote_counts_by_option": `{"a":1,"c":1}`,
				"poll.answers_count": "1", "poll.latest_votes_by_option.b": "null",
			},
		},
		{name: "all of it, without an id", who: "ann", method: "PUT", path: "/polls", body: `{"name":"x"}`, status: 400, code: 4, message: "id is a required field"},
		{name: "all of it, without a name", who: "ann", method: "PUT", path: "/polls", body: `{"id":"p"}`, status: 400, code: 4, message: "name is a required field"},
		{name: "an admin", who: "mod", method: "PATCH", path: "/polls/p", body: `{"set":{"name":"Mod"}}`, want: map[string]string{"poll.name": `"Mod"`, "poll.created_by_id": `"ann"`}},
		{name: "server side", method: "PATCH", path: "/polls/p", body: `{"set":{"name":"Server"}}`, want: map[string]string{"poll.name": `"Server"`}},
		{name: "server side as another", method: "PATCH", path: "/polls/p", body: `{"set":{"name":"Bob"},"user_id":"bob"}`, want: map[string]string{"poll.own_votes.#": "3"}},
		{name: "close", who: "ann", method: "PATCH", path: "/polls/p", body: `{"set":{"is_closed":true}}`, want: map[string]string{"poll.is_closed": "true"}},
		{name: "open", who: "ann", method: "PATCH", path: "/polls/p", body: `{"set":{"is_closed":false}}`, want: map[string]string{"poll.is_closed": "null"}},
		{name: "close by all", who: "ann", method: "PUT", path: "/polls", body: `{"id":"p","name":"x","is_closed":true}`, want: map[string]string{"poll.is_closed": "true", "poll.options": "[]", "poll.vote_count": "0"}},
	})
	bob.Expect("poll.updated").Want("poll.name", `"New"`).Want("poll.own_votes", "[]").Want("cid", `"messaging:room"`).Want("message.id", `"m-p"`).Want("message_id", `"m-p"`).Want("poll_vote", "null").Want("user", "null")
	bob.Expect("poll.updated").Want("poll.name", `"All"`).Want("poll.vote_counts_by_option", `{"a":1,"c":1}`)
	bob.Expect("poll.updated").Want("poll.name", `"Mod"`)
	bob.Expect("poll.updated").Want("poll.name", `"Server"`)
	bob.Expect("poll.updated").Want("poll.name", `"Bob"`).Want("poll.own_votes", "[]")
	bob.Expect("poll.closed").Want("poll.is_closed", "true")
	bob.Expect("poll.updated").Want("poll.is_closed", "null")
	bob.Expect("poll.closed").Want("poll.options", "[]")
	bob.Quiet("poll.updated", "poll.closed")
	s.As("bob").Post("/polls/p/votes", `{}`).OK().Want("votes.#", "1").Want("votes.0.is_answer", "true")
	s.As("bob").Get("/polls/p").OK().Want("poll.own_votes.#", "1")
}

func TestClosePollAlone(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := pollRoom(s, "ann", "bob")
	sendPoll(s, path, "p", ``)
	s.Server().Patch("/app", `{"grants":{"user":["close-poll"]}}`).OK()
	s.As("bob").Patch("/polls/p", `{"set":{"is_closed":true,"name":"x"}}`).Fails(403, 17, "UpdatePoll")
	s.As("bob").Patch("/polls/p", `{"set":{"is_closed":true}}`).OK().Want("poll.is_closed", "true")
	s.As("bob").Patch("/polls/p", `{"set":{"is_closed":false}}`).Fails(403, 17, "UpdatePoll")
	s.Server().Patch("/app", `{"grants":{"user":["update-poll"]}}`).OK()
	s.As("bob").Patch("/polls/p", `{"set":{"is_closed":false}}`).OK()
	s.As("bob").Put("/polls", `{"id":"p","name":"x","is_closed":true}`).Fails(403, 17, "ClosePoll")
	s.As("bob").Get("/polls/p").OK().Want("poll.name", `"Where to?"`)
}

func TestDeletePoll(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := pollRoom(s, "ann", "bob")
	sendPoll(s, path, "p", ``)
	sendPoll(s, path, "q", ``)
	s.As("bob").Post("/messages/m-p/reaction", `{"reaction":{"type":"like"}}`).OK()
	cast := s.As("bob").Post(vote("p"), `{"vote":{"option_id":"a"}}`).OK()
	bob := s.As("bob").Connect()
	bob.Watch(path)
	s.As("bob").Delete("/polls/p").Fails(403, 17, "DeletePoll")
	s.As("ann").Delete("/polls/p").OK().Want("poll", "null")
	bob.Expect("poll.deleted").Want("poll.id", `"p"`).Want("poll.vote_count", "1").Want("poll.own_votes", "[]").Want("message.id", `"m-p"`).Want("message.poll.id", `"p"`).
		Want("user.id", `"ann"`).Want("cid", `"messaging:room"`)
	bob.Expect("message.updated").Want("message.id", `"m-p"`).Want("message.poll", "null").Want("message.poll_id", "null").Want("message.text", `"vote"`).
		Want("message.reaction_counts", `{"like":1}`).Want("message.latest_reactions.#", "1").Want("message.own_reactions", "[]").Want("user.id", `"ann"`).Want("channel_member_count", "2")
	bob.Quiet("poll.deleted", "message.updated")
	exchangeAll(t, s, []exchange{
		{name: "it is gone", who: "ann", method: "GET", path: "/polls/p", status: 404, code: 16, message: "poll with id p doesn't exist"},
		{name: "its message is not", who: "bob", method: "GET", path: "/messages/m-p", want: map[string]string{"message.poll": "null", "message.poll_id": "null", "message.text": `"vote"`}},
		{name: "again", who: "ann", method: "DELETE", path: "/polls/p", status: 404, code: 16, message: "doesn't exist"},
		{name: "voting", who: "bob", method: "POST", path: vote("p"), body: `{"vote":{"option_id":"a"}}`, status: 400, code: 4, message: "is not attached"},
		{name: "taking a vote back", who: "bob", method: "DELETE", path: vote("p") + "/" + fmt.Sprint(cast.At("vote.id")), status: 400, code: 4, message: "is not attached"},
		{name: "sending it", who: "ann", method: "POST", path: path + "/message", body: `{"message":{"text":"x","poll_id":"p"}}`, status: 404, code: 16, message: "poll with id p"},
		{name: "the other stays", who: "bob", method: "GET", path: "/messages/m-q", want: map[string]string{"message.poll.id": `"q"`}},
		{name: "server side", method: "DELETE", path: "/polls/q"},
	})
	bob.Expect("poll.deleted").Want("user", "null")
	s.As("ann").Post("/polls", `{"id":"p","name":"again"}`).OK().Want("poll.vote_count", "0").Want("poll.options", "[]")
}

func TestPollOptions(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := pollRoom(s, "ann", "bob")
	s.Users("dan")
	sendPoll(s, path, "p", `,"rank":1`)
	sendPoll(s, path, "open", `,"allow_user_suggested_options":true`)
	sendPoll(s, path, "shut", `,"allow_user_suggested_options":true,"is_closed":true`)
	s.As("ann").Post("/polls", `{"id":"full","name":"N","options":`+list(100, `{"text":"x"}`)+`}`).OK()
	s.As("bob").Post(vote("p"), `{"vote":{"option_id":"b"}}`).OK()
	s.As("bob").Post(vote("p"), `{"vote":{"option_id":"a"}}`).OK()
	bob := s.As("bob").Connect()
	bob.Watch(path)
	to := "/polls/p/options"
	exchangeAll(t, s, []exchange{
		{name: "add", who: "ann", method: "POST", path: to, body: `{"text":"D","id":"d","color":"red","vote_count":5}`, want: map[string]string{"poll_option": `{"color":"red","id":"d","text":"D"}`}},
		{name: "add first", who: "ann", method: "POST", path: to, body: `{"text":"E","id":"e","position":0}`, want: map[string]string{"poll_option": `{"id":"e","text":"E"}`}},
		{name: "add again", who: "ann", method: "POST", path: to, body: `{"text":"D","id":"d"}`, status: 400, code: 4, message: "an option with ID d already exists"},
		{name: "add nothing", who: "ann", method: "POST", path: to, body: `{}`, status: 400, code: 4, message: "text is a required field"},
		{name: "add nowhere", who: "ann", method: "POST", path: to, body: `{"text":"x","position":-1}`, status: 400, code: 4, message: "position must be 0 or greater"},
		{name: "add a long one", who: "ann", method: "POST", path: to, body: `{"text":"` + strings.Repeat("x", 1001) + `"}`, status: 400, code: 4, message: "text must be 1000 characters or less"},
		{name: "add too much custom data", who: "ann", method: "POST", path: to, body: `{"text":"x","a":"` + strings.Repeat("x", 5090) + `"}`, status: 413, code: 22, message: "poll custom data is too big"},
		{name: "add to another's", who: "bob", method: "POST", path: to, body: `{"text":"x"}`, status: 403, code: 17, message: "UpdatePoll"},
		{name: "suggest", who: "bob", method: "POST", path: "/polls/open/options", body: `{"text":"Bob's"}`, want: map[string]string{"poll_option.text": `"Bob's"`}},
		{name: "suggest from outside", who: "dan", method: "POST", path: "/polls/open/options", body: `{"text":"Dan's"}`, status: 403, code: 17, message: "UpdatePoll"},
		{name: "suggest too late", who: "bob", method: "POST", path: "/polls/shut/options", body: `{"text":"Bob's"}`, status: 400, code: 4, message: "poll with id shut is closed"},
		{name: "one too many", who: "ann", method: "POST", path: "/polls/full/options", body: `{"text":"x"}`, status: 400, code: 4, message: "options must contain at maximum 100 items"},
		{name: "server side", method: "POST", path: to, body: `{"text":"F","id":"f","user_id":"bob"}`, want: map[string]string{"poll_option": `{"id":"f","text":"F"}`}},

		{name: "change", who: "ann", method: "PUT", path: to, body: `{"id":"b","text":"B!","size":1}`, want: map[string]string{"poll_option": `{"id":"b","size":1,"text":"B!"}`}},
		{name: "change none", who: "ann", method: "PUT", path: to, body: `{"id":"z","text":"x"}`, status: 404, code: 16, message: "option with id z doesn't exist in poll with id p"},
		{name: "change without an id", who: "ann", method: "PUT", path: to, body: `{"text":"x"}`, status: 400, code: 4, message: "id is a required field"},
		{name: "change without a text", who: "ann", method: "PUT", path: to, body: `{"id":"b"}`, status: 400, code: 4, message: "text is a required field"},
		{name: "change one suggested", who: "bob", method: "PUT", path: "/polls/open/options", body: `{"id":"a","text":"x"}`, status: 403, code: 17, message: "UpdatePoll"},

		{name: "get", who: "bob", method: "GET", path: to + "/d", want: map[string]string{"poll_option": `{"color":"red","id":"d","text":"D"}`}},
		{name: "get none", who: "bob", method: "GET", path: to + "/z", status: 404, code: 16, message: "option with id z"},
		{name: "get from outside", who: "dan", method: "GET", path: to + "/d", status: 403, code: 17, message: "QueryPolls"},

		{name: "remove another's", who: "bob", method: "DELETE", path: to + "/a", status: 403, code: 17, message: "UpdatePoll"},
		{name: "remove", who: "ann", method: "DELETE", path: to + "/a", want: map[string]string{"poll": "null"}},
		{name: "remove again", who: "ann", method: "DELETE", path: to + "/a", status: 404, code: 16, message: "option with id a"},
		{
			name: "what is left", who: "bob", method: "GET", path: "/polls/p",
			want: map[string]string{"poll.options.#": "5", "poll.options.0.id": `"e"`, "poll.options.1.text": `"B!"`, "poll.options.4.id": `"f"`, "poll.vote_counts_by_option": `{"b":1}`, "poll.vote_count": "1", "poll.own_votes.#": "1", "poll.rank": "1"},
		},
	})
	bob.Expect("poll.updated").Want("poll.options.#", "4").Want("message_id", `"m-p"`)
	bob.Expect("poll.updated").Want("poll.options.0.id", `"e"`)
	bob.Expect("poll.updated").Want("poll.id", `"open"`).Want("poll.options.3.text", `"Bob's"`)
	bob.Expect("poll.updated").Want("poll.options.5.id", `"f"`)
	bob.Expect("poll.updated").Want("poll.options.2.text", `"B!"`).Want("poll.vote_count", "2")
	bob.Expect("poll.updated").Want("poll.options.#", "5").Want("poll.vote_count", "1")
	bob.Quiet("poll.updated")
	other := testkit.Start(t)
	other.Users("ann")
	other.As("ann").Post(to, `{"text":"x"}`).Fails(404, 16, "poll with id p doesn't exist")
}

func TestPollOfFew(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := pollRoom(s, "ann", "bob", "cat")
	s.As("ann").Post("/polls", `{"id":"p","name":"N","voting_visibility":"anonymous","options":[{"id":"a","text":"A"}]}`).OK()
	s.Server().Post(path+"/message", `{"message":{"id":"m-p","text":"x","poll_id":"p","user_id":"ann","restricted_visibility":["bob"]}}`).OK()
	ann, bob, cat := s.As("ann").Connect(), s.As("bob").Connect(), s.As("cat").Connect()
	for _, c := range []*testkit.Socket{ann, bob, cat} {
		c.Watch(path)
	}
	s.As("cat").Post(vote("p"), `{"vote":{"option_id":"a"}}`).Fails(404, 16, "message with id m-p doesn't exist")
	s.As("cat").Get("/polls/p").Fails(403, 17, "QueryPolls")
	s.As("cat").Post("/polls/query", `{}`).OK().Want("polls", "[]")
	s.As("bob").Post(vote("p"), `{"vote":{"option_id":"a"}}`).OK()
	bob.Expect("poll.vote_casted").Want("poll_vote.user.id", `"bob"`)
	ann.Expect("poll.vote_casted").Want("poll_vote.user", "null")
	cat.Quiet("poll.vote_casted")

	s.As("cat").Post("/polls", `{"id":"q","name":"N","options":[{"id":"a","text":"A"}]}`).OK()
	alter(t, s, `UPDATE users SET shadow_banned = true WHERE app_id = $1 AND id = 'cat'`)
	s.As("cat").Post(path+"/message", `{"message":{"id":"m-q","text":"x","poll_id":"q"}}`).OK()
	s.As("cat").Post(vote("q"), `{"vote":{"option_id":"a"}}`).OK().Want("vote.user.shadow_banned", "false")
	cat.Expect("poll.vote_casted").Want("message.shadowed", "false")
	bob.Expect("poll.vote_casted").Want("message.shadowed", "true")
	s.As("bob").Get("/polls/q").Fails(403, 17, "QueryPolls")
	s.As("bob").Post("/polls/query", `{"filter":{"id":"q"}}`).OK().Want("polls", "[]")
}
