package httpapi_test

import (
	"fmt"
	"strings"
	"testing"

	"chatd/internal/testkit"
)

// pollRoom makes the type of channels that have polls, and a channel of it.
func pollRoom(s *testkit.Server, members ...string) string {
	s.Server().Put("/channeltypes/messaging", `{"polls":true}`).OK()
	return s.Channel("messaging", "room", members...)
}

// sendPoll creates a poll of ann with the options a, b and c, and more settings, and
// sends it as the message "m-" and its id.
func sendPoll(s *testkit.Server, path, id, settings string) {
	s.As("ann").Post("/polls", `{"id":"`+id+`","name":"Where to?","options":[{"id":"a","text":"A"},{"id":"b","text":"B"},{"id":"c","text":"C"}]`+settings+`}`).OK()
	s.As("ann").Post(path+"/message", `{"message":{"id":"m-`+id+`","text":"vote","poll_id":"`+id+`"}}`).OK()
}

func vote(poll string) string { return "/messages/m-" + poll + "/polls/" + poll + "/vote" }

func TestCreatePoll(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Users("ann", "bob")
	s.Server().Post("/users", `{"users":{"mod":{"id":"mod","role":"admin"}}}`).OK()
	big := strings.Repeat("x", 2600)
	exchangeAll(t, s, []exchange{
		{
			name: "with defaults", who: "ann", method: "POST", path: "/polls", body: `{"name":"Where?","options":[{"text":"A","color":"red"},{"text":"B"}],"rank":7}`,
			want: map[string]string{
				"poll.name": `"Where?"`, "poll.description": `""`, "poll.voting_visibility": `"public"`, "poll.enforce_unique_vote": "false",
				"poll.max_votes_allowed": "null", "poll.allow_user_suggested_options": "false", "poll.allow_answers": "false", "poll.is_closed": "null",
				"poll.vote_count": "0", "poll.options.#": "2", "poll.options.0.text": `"A"`, "poll.options.0.color": `"red"`, "poll.vote_counts_by_option": "{}",
				"poll.answers_count": "0", "poll.latest_votes_by_option": "{}", "poll.latest_answers": "[]", "poll.own_votes": "[]",
				"poll.created_by_id": `"ann"`, "poll.created_by.id": `"ann"`, "poll.rank": "7",
			},
		},
		{
			name: "with everything", who: "ann", method: "POST", path: "/polls",
			body: `{"id":"p1","name":"N","description":"D","voting_visibility":"anonymous","enforce_unique_vote":true,"max_votes_allowed":3,"allow_user_suggested_options":true,
				"allow_answers":true,"is_closed":true,"options":[{"id":"o1","text":"A"}],"Custom":{"size":"L"},"vote_count":9,"created_by":{"id":"bob"}}`,
			want: map[string]string{
				"poll.id": `"p1"`, "poll.description": `"D"`, "poll.voting_visibility": `"anonymous"`, "poll.enforce_unique_vote": "true", "poll.max_votes_allowed": "3",
				"poll.allow_user_suggested_options": "true", "poll.allow_answers": "true", "poll.is_closed": "true", "poll.options": `[{"id":"o1","text":"A"}]`,
				"poll.size": `"L"`, "poll.Custom": "null", "poll.vote_count": "0", "poll.created_by.id": `"ann"`, "poll.latest_votes_by_option": "{}",
			},
		},
		{name: "with nulls", who: "ann", method: "POST", path: "/polls", body: `{"name":"N","options":null,"max_votes_allowed":null,"description":null}`, want: map[string]string{"poll.options": "[]"}},
		{name: "an id twice", who: "ann", method: "POST", path: "/polls", body: `{"id":"p1","name":"N"}`, status: 400, code: 4, message: "a poll with ID p1 already exists"},
		{name: "no name", who: "ann", method: "POST", path: "/polls", body: `{"options":[]}`, status: 400, code: 4, message: `CreatePoll failed with error: "name is a required field"`},
		{name: "a long name", who: "ann", method: "POST", path: "/polls", body: `{"name":"` + strings.Repeat("ä", 1001) + `"}`, status: 400, code: 4, message: "name must be 1000 characters or less"},
		{name: "NUL", who: "ann", method: "POST", path: "/polls", body: `{"name":"a\u0000"}`, status: 400, code: 4, message: "U+0000"},
		{name: "no votes", who: "ann", method: "POST", path: "/polls", body: `{"name":"N","max_votes_allowed":0}`, status: 400, code: 4, message: "max_votes_allowed must be 1 or greater"},
		{name: "too many votes", who: "ann", method: "POST", path: "/polls", body: `{"name":"N","max_votes_allowed":11}`, status: 400, code: 4, message: "max_votes_allowed must be 10 or less"},
		{name: "an unknown visibility", who: "ann", method: "POST", path: "/polls", body: `{"name":"N","voting_visibility":"secret"}`, status: 400, code: 4, message: "voting_visibility must be one of"},
		{name: "as many options as can be", who: "ann", method: "POST", path: "/polls", body: `{"name":"N","options":` + list(100, `{"text":"x"}`) + `}`, want: map[string]string{"poll.options.#": "100"}},
		{name: "too many options", who: "ann", method: "POST", path: "/polls", body: `{"name":"N","options":` + list(101, `{"text":"x"}`) + `}`, status: 400, code: 4, message: "options must contain at maximum 100 items"},
		{name: "an option that is none", who: "ann", method: "POST", path: "/polls", body: `{"name":"N","options":[null]}`, status: 400, code: 4, message: "options must be a list of objects"},
		{name: "an option twice", who: "ann", method: "POST", path: "/polls", body: `{"name":"N","options":[{"id":"x"},{"id":"x"}]}`, status: 400, code: 4, message: "options have the id x twice"},
		{name: "wrong type", who: "ann", method: "POST", path: "/polls", body: `{"name":"N","allow_answers":"yes"}`, status: 400, code: 4, message: "allow_answers"},
		{name: "too much custom data", who: "ann", method: "POST", path: "/polls", body: `{"name":"N","x":"` + strings.Repeat("x", 5200) + `"}`, status: 413, code: 22, message: "too big"},
		{
			name: "too much custom data together", who: "ann", method: "POST", path: "/polls",
			body: `{"name":"N","x":"` + big + `","options":[{"text":"A","y":"` + big + `"}]}`, status: 413, code: 22, message: "poll custom data is too big",
		},
		{name: "server side for nobody", method: "POST", path: "/polls", body: `{"name":"N"}`, status: 400, code: 4, message: "either user or user_id must be provided"},
		{name: "server side", method: "POST", path: "/polls", body: `{"id":"p2","name":"N","user_id":"bob"}`, want: map[string]string{"poll.created_by_id": `"bob"`, "poll.user_id": "null"}},
		{name: "anonymous", who: "anonymous", method: "POST", path: "/polls", body: `{"name":"N"}`, status: 403, code: 17, message: ""},

		{name: "get one's own", who: "ann", method: "GET", path: "/polls/p1", want: map[string]string{"poll.id": `"p1"`}},
		{name: "get what one cannot know", who: "bob", method: "GET", path: "/polls/p1", status: 403, code: 17, message: "is not allowed to perform action QueryPolls in scope '.app'"},
		{name: "get as an admin", who: "mod", method: "GET", path: "/polls/p1", want: map[string]string{"poll.id": `"p1"`}},
		{name: "get on the server side", method: "GET", path: "/polls/p1?user_id=bob", want: map[string]string{"poll.id": `"p1"`}},
		{name: "get none", who: "ann", method: "GET", path: "/polls/nope", status: 404, code: 16, message: "poll with id nope doesn't exist"},
	})
	other := testkit.Start(t)
	other.Users("ann")
	other.As("ann").Get("/polls/p1").Fails(404, 16, "poll with id p1 doesn't exist")
	s.Server().Patch("/app", `{"grants":{"user":["search-user"]}}`).OK()
	s.As("ann").Post("/polls", `{"name":"N"}`).Fails(403, 17, "CreatePoll")
	s.As("ann").Post("/polls/query", `{}`).Fails(403, 17, "QueryPolls")
	s.As("ann").Delete("/polls/p1").Fails(403, 17, "DeletePoll")
}

func TestSendPoll(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	plain := s.Channel("messaging", "room", "ann", "bob")
	s.As("ann").Post("/polls", `{"id":"p1","name":"N","options":[{"id":"a","text":"A"}]}`).OK()
	s.As("ann").Post(plain+"/message", `{"message":{"text":"x","poll_id":"p1"}}`).Fails(400, 19, "Channel type messaging does not support polls")
	path := pollRoom(s, "ann", "bob")
	bob := s.As("bob").Connect()
	bob.Watch(path)
	exchangeAll(t, s, []exchange{
		{name: "another's", who: "bob", method: "POST", path: path + "/message", body: `{"message":{"text":"x","poll_id":"p1"}}`, status: 403, code: 17, message: "can only be sent by the user who created it"},
		{name: "none", who: "ann", method: "POST", path: path + "/message", body: `{"message":{"text":"x","poll_id":"nope"}}`, status: 404, code: 16, message: "poll with id nope doesn't exist"},
		{
			name: "without text", who: "ann", method: "POST", path: path + "/message", body: `{"message":{"id":"m1","poll_id":"p1"}}`,
			want: map[string]string{"message.poll_id": `"p1"`, "message.poll.id": `"p1"`, "message.poll.options.0.text": `"A"`, "message.poll.own_votes": "[]", "message.poll.created_by.id": `"ann"`},
		},
		{name: "get", who: "bob", method: "GET", path: "/messages/m1", want: map[string]string{"message.poll.name": `"N"`}},
		{name: "in the channel", who: "bob", method: "POST", path: path + "/query", body: `{"state":true}`, want: map[string]string{"messages.0.poll.name": `"N"`, "messages.0.poll.options.#": "1"}},
		{name: "quoted", who: "bob", method: "POST", path: path + "/message", body: `{"message":{"id":"m2","text":"see","quoted_message_id":"m1"}}`, want: map[string]string{"message.quoted_message.poll.id": `"p1"`, "message.poll": "null"}},
		{name: "an edit keeps it", who: "ann", method: "POST", path: "/messages/m1", body: `{"message":{"text":"now"}}`, want: map[string]string{"message.poll.id": `"p1"`, "message.text": `"now"`}},
		{name: "an edit by part, too", who: "ann", method: "PUT", path: "/messages/m1", body: `{"set":{"color":"red"}}`, want: map[string]string{"message.poll.id": `"p1"`}},
		{name: "the field is not for parts", who: "ann", method: "PUT", path: "/messages/m1", body: `{"set":{"poll_id":"p2"}}`, status: 400, code: 4, message: "message.poll_id is a reserved field"},
		{name: "an edit attaches one", who: "ann", method: "POST", path: path + "/message", body: `{"message":{"id":"m3","text":"later"}}`, want: map[string]string{"message.poll": "null"}},
		{name: "an edit attaches one", who: "ann", method: "POST", path: "/messages/m3", body: `{"message":{"text":"later","poll_id":"p1"}}`, want: map[string]string{"message.poll.id": `"p1"`}},
		{name: "an edit of another's does not", who: "bob", method: "POST", path: "/messages/m2", body: `{"message":{"text":"see","poll_id":"p1"}}`, status: 403, code: 17, message: "can only be sent by"},
	})
	bob.Expect("message.new").Want("message.poll.id", `"p1"`).Want("message.poll_id", `"p1"`)
	bob.Expect("message.updated").Want("message.poll.id", `"p1"`)
	bob.Expect("message.new").Want("message.id", `"m3"`)
	bob.Expect("message.updated").Want("message.id", `"m3"`).Want("message.poll.id", `"p1"`)

	s.As("ann").Post("/messages/m1/polls/p1/vote", `{"vote":{"option_id":"a"}}`).OK()
	s.As("ann").Post(path+"/message", `{"message":{"id":"m4","text":"again","poll_id":"p1"}}`).OK().Want("message.poll.own_votes.#", "1").Want("message.poll.vote_count", "1")
	bob.Expect("message.new").Want("message.id", `"m4"`).Want("message.poll.own_votes", "[]").Want("message.poll.vote_count", "1")
	for i := range 7 {
		s.As("ann").Post(path+"/message", fmt.Sprintf(`{"message":{"id":"n%d","text":"again","poll_id":"p1"}}`, i)).OK()
	}
	s.As("ann").Post(path+"/message", `{"message":{"id":"m5","text":"once too often","poll_id":"p1"}}`).Fails(400, 4, "poll with id p1 is already attached to 10 messages")
	s.As("ann").Get("/messages/m5").Fails(404, 16, "m5")

	s.Server().Put("/channeltypes/messaging", `{"grants":{"channel_member":["read-channel","create-message"],"user":[]}}`).OK()
	s.As("ann").Post(path+"/message", `{"message":{"text":"x","poll_id":"p1"}}`).Fails(403, 17, "SendPoll")
	s.As("ann").Post("/messages/m1/polls/p1/vote", `{"vote":{"option_id":"a"}}`).Fails(403, 17, "CastVote")
	s.As("bob").Post("/polls/p1/votes", `{}`).Fails(403, 17, "QueryVotes")
}

func TestVote(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := pollRoom(s, "ann", "bob", "cat")
	s.Users("dan")
	sendPoll(s, path, "free", `,"allow_answers":true`)
	sendPoll(s, path, "two", `,"max_votes_allowed":2`)
	sendPoll(s, path, "shut", `,"is_closed":true`)
	s.As("ann").Post(path+"/message", `{"message":{"id":"bare","text":"no poll"}}`).OK()
	s.As("ann").Post(path+"/message", `{"message":{"id":"gone","text":"x","poll_id":"free"}}`).OK()
	s.As("ann").Delete("/messages/gone").OK()
	cat := s.As("cat").Connect()
	cat.Watch(path)
	exchangeAll(t, s, []exchange{
		{
			name: "for an option", who: "bob", method: "POST", path: vote("free"), body: `{"vote":{"option_id":"a"}}`,
			want: map[string]string{
				"vote.poll_id": `"free"`, "vote.option_id": `"a"`, "vote.user_id": `"bob"`, "vote.user.id": `"bob"`, "vote.is_answer": "null", "vote.answer_text": "null",
				"poll.vote_count": "1", "poll.vote_counts_by_option": `{"a":1}`, "poll.own_votes.#": "1", "poll.own_votes.0.option_id": `"a"`,
				"poll.latest_votes_by_option.a.0.user.id": `"bob"`, "poll.latest_votes_by_option.b": "null", "poll.answers_count": "0",
			},
		},
		{name: "for it again", who: "bob", method: "POST", path: vote("free"), body: `{"vote":{"option_id":"a"}}`, want: map[string]string{"poll.vote_count": "1", "vote.option_id": `"a"`, "vote.user.id": `"bob"`}},
		{name: "for another", who: "bob", method: "POST", path: vote("free"), body: `{"vote":{"option_id":"b","answer_text":""}}`, want: map[string]string{"poll.vote_counts_by_option": `{"a":1,"b":1}`, "poll.own_votes.#": "2"}},
		{
			name: "an answer", who: "bob", method: "POST", path: vote("free"), body: `{"vote":{"answer_text":"nowhere"}}`,
			want: map[string]string{
				"vote.answer_text": `"nowhere"`, "vote.is_answer": "true", "vote.option_id": `""`, "poll.answers_count": "1", "poll.vote_count": "2",
				"poll.latest_answers.#": "1", "poll.latest_answers.0.user.id": `"bob"`, "poll.own_votes.#": "3", "poll.vote_counts_by_option": `{"a":1,"b":1}`,
			},
		},
		{name: "another answer", who: "bob", method: "POST", path: vote("free"), body: `{"vote":{"answer_text":"home"}}`, want: map[string]string{"poll.answers_count": "1", "poll.latest_answers.0.answer_text": `"home"`, "poll.latest_answers.#": "1"}},
		{name: "server side", method: "POST", path: vote("free"), body: `{"vote":{"option_id":"a"},"user_id":"ann"}`, want: map[string]string{"poll.vote_counts_by_option": `{"a":2,"b":1}`, "vote.user.id": `"ann"`, "poll.own_votes.#": "1"}},
		{name: "server side for nobody", method: "POST", path: vote("free"), body: `{"vote":{"option_id":"a"}}`, status: 400, code: 4, message: "either user or user_id"},

		{name: "one of two", who: "bob", method: "POST", path: vote("two"), body: `{"vote":{"option_id":"a"}}`},
		{name: "two of two", who: "bob", method: "POST", path: vote("two"), body: `{"vote":{"option_id":"b"}}`},
		{name: "three of two", who: "bob", method: "POST", path: vote("two"), body: `{"vote":{"option_id":"c"}}`, status: 400, code: 4, message: `CastPollVote failed with error: "a user cannot cast more than 2 votes on poll with id two"`},
		{name: "no answers here", who: "bob", method: "POST", path: vote("two"), body: `{"vote":{"answer_text":"x"}}`, status: 400, code: 4, message: "does not allow answers"},

		{name: "closed", who: "bob", method: "POST", path: vote("shut"), body: `{"vote":{"option_id":"a"}}`, status: 400, code: 4, message: "poll with id shut is closed"},
		{name: "no such option", who: "bob", method: "POST", path: vote("free"), body: `{"vote":{"option_id":"z"}}`, status: 404, code: 16, message: "option with id z doesn't exist in poll with id free"},
		{name: "nothing", who: "bob", method: "POST", path: vote("free"), body: `{}`, status: 400, code: 4, message: "vote is a required field"},
		{name: "for nothing", who: "bob", method: "POST", path: vote("free"), body: `{"vote":{}}`, status: 400, code: 4, message: "either vote.option_id or vote.answer_text"},
		{name: "for both", who: "bob", method: "POST", path: vote("free"), body: `{"vote":{"option_id":"a","answer_text":"x"}}`, status: 400, code: 4, message: "cannot set both"},
		{name: "a long answer", who: "bob", method: "POST", path: vote("free"), body: `{"vote":{"answer_text":"` + strings.Repeat("x", 1001) + `"}}`, status: 400, code: 4, message: "vote.answer_text must be 1000 characters or less"},
		{name: "not attached", who: "bob", method: "POST", path: "/messages/bare/polls/free/vote", body: `{"vote":{"option_id":"a"}}`, status: 400, code: 4, message: "poll with id free is not attached to message with id bare"},
		{name: "a deleted message", who: "bob", method: "POST", path: "/messages/gone/polls/free/vote", body: `{"vote":{"option_id":"a"}}`, status: 400, code: 4, message: "has been deleted"},
		{name: "no message", who: "bob", method: "POST", path: "/messages/nope/polls/free/vote", body: `{"vote":{"option_id":"a"}}`, status: 404, code: 16, message: "nope"},
		{name: "a stranger", who: "dan", method: "POST", path: vote("free"), body: `{"vote":{"option_id":"a"}}`, status: 403, code: 17, message: "CastVote"},
		{name: "seen by another", who: "cat", method: "GET", path: "/messages/m-free", want: map[string]string{"message.poll.own_votes": "[]", "message.poll.vote_count": "3", "message.poll.latest_votes_by_option.a.#": "2"}},
		{name: "seen by the voter", who: "bob", method: "GET", path: "/messages/m-free", want: map[string]string{"message.poll.own_votes.#": "3", "message.poll.own_votes.0.user.id": `"bob"`}},
	})
	e := cat.Expect("poll.vote_casted").Want("cid", `"messaging:room"`).Want("channel_id", `"room"`).Want("channel_type", `"messaging"`).Want("message_id", `"m-free"`).
		Want("message.id", `"m-free"`).Want("message.poll.vote_count", "1").Want("poll.id", `"free"`).Want("poll.vote_counts_by_option", `{"a":1}`).Want("poll.own_votes", "[]").
		Want("poll_vote.option_id", `"a"`).Want("poll_vote.user.id", `"bob"`).Want("poll_vote.user_id", `"bob"`).Want("user", "null")
	if e.At("created_at") == nil {
		t.Errorf("no time: %s", e.Body)
	}
	cat.Expect("poll.vote_casted").Want("poll_vote.option_id", `"b"`)
	first := cat.Expect("poll.vote_casted").Want("poll_vote.answer_text", `"nowhere"`).Want("poll_vote.is_answer", "true")
	cat.Expect("poll.vote_changed").Want("poll_vote.answer_text", `"home"`).Want("poll_vote.id", fmt.Sprintf("%q", first.At("poll_vote.id"))).Want("poll.answers_count", "1")
	cat.Expect("poll.vote_casted").Want("poll_vote.user.id", `"ann"`)
	cat.Expect("poll.vote_casted").Want("poll.id", `"two"`)
	cat.Expect("poll.vote_casted").Want("poll.id", `"two"`)
	cat.Quiet("poll.vote_casted", "poll.vote_changed")
	s.Server().Patch(path, `{"set":{"frozen":true}}`).OK()
	s.As("cat").Post(vote("free"), `{"vote":{"option_id":"a"}}`).Fails(403, 17, "frozen")
}

func TestUniqueVote(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := pollRoom(s, "ann", "bob")
	sendPoll(s, path, "one", `,"enforce_unique_vote":true,"allow_answers":true`)
	ann := s.As("ann").Connect()
	ann.Watch(path)
	first := s.As("bob").Post(vote("one"), `{"vote":{"option_id":"a"}}`).OK()
	first.Want("poll.own_votes.#", "1")
	s.As("bob").Post(vote("one"), `{"vote":{"option_id":"b"}}`).OK().Want("poll.vote_counts_by_option", `{"b":1}`).Want("poll.vote_count", "1").Want("poll.own_votes.#", "1").
		Want("vote.id", fmt.Sprintf("%q", first.At("vote.id")))
	s.As("bob").Post(vote("one"), `{"vote":{"option_id":"b"}}`).OK().Want("poll.vote_count", "1")
	s.As("bob").Post(vote("one"), `{"vote":{"answer_text":"why?"}}`).OK().Want("poll.vote_count", "1").Want("poll.answers_count", "1").Want("poll.own_votes.#", "2")
	ann.Expect("poll.vote_casted").Want("poll_vote.option_id", `"a"`)
	ann.Expect("poll.vote_changed").Want("poll_vote.option_id", `"b"`).Want("poll.vote_counts_by_option", `{"b":1}`).Want("poll.latest_votes_by_option.a", "null")
	ann.Expect("poll.vote_casted").Want("poll_vote.is_answer", "true")
	ann.Quiet("poll.vote_casted", "poll.vote_changed")
}

func TestDeleteVote(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := pollRoom(s, "ann", "bob", "cat")
	sendPoll(s, path, "p", `,"allow_answers":true`)
	id := func(who, body string) string {
		return fmt.Sprint(s.As(who).Post(vote("p"), `{"vote":`+body+`}`).OK().At("vote.id"))
	}
	one, two, answer, cats := id("bob", `{"option_id":"a"}`), id("bob", `{"option_id":"b"}`), id("bob", `{"answer_text":"x"}`), id("cat", `{"option_id":"a"}`)
	late, kept := id("ann", `{"option_id":"a"}`), id("ann", `{"option_id":"b"}`)
	ann := s.As("ann").Connect()
	ann.Watch(path)
	to := vote("p") + "/"
	exchangeAll(t, s, []exchange{
		{
			name: "one's own", who: "bob", method: "DELETE", path: to + one,
			want: map[string]string{"vote.id": `"` + one + `"`, "vote.user.id": `"bob"`, "vote.option_id": `"a"`, "poll.vote_counts_by_option": `{"a":2,"b":2}`, "poll.vote_count": "4", "poll.own_votes.#": "2"},
		},
		{name: "again", who: "bob", method: "DELETE", path: to + one, status: 404, code: 16, message: "vote with id " + one + " doesn't exist"},
		{name: "another's", who: "bob", method: "DELETE", path: to + cats, status: 403, code: 17, message: "was cast by another user"},
		{name: "an answer", who: "bob", method: "DELETE", path: to + answer, want: map[string]string{"vote.answer_text": `"x"`, "poll.answers_count": "0", "poll.latest_answers": "[]"}},
		{name: "server side as another", method: "DELETE", path: to + cats + "?user_id=bob", status: 403, code: 17, message: "another user"},
		{name: "server side as the voter", method: "DELETE", path: to + cats + "?user_id=cat", want: map[string]string{"poll.vote_counts_by_option": `{"a":1,"b":2}`}},
		{name: "server side", method: "DELETE", path: to + late, want: map[string]string{"vote.user.id": `"ann"`, "poll.vote_counts_by_option": `{"b":2}`}},
		{name: "by a stranger", who: "dan", method: "DELETE", path: to + two, status: 403, code: 17, message: "CastVote"},
	})
	ann.Expect("poll.vote_removed").Want("poll_vote.id", `"`+one+`"`).Want("poll_vote.user.id", `"bob"`).Want("poll.vote_count", "4").Want("message_id", `"m-p"`).Want("poll.own_votes", "[]")
	ann.Expect("poll.vote_removed").Want("poll_vote.answer_text", `"x"`)
	s.As("ann").Patch("/polls/p", `{"set":{"is_closed":true}}`).OK()
	s.As("bob").Delete(to+two).Fails(400, 4, "poll with id p is closed")
	s.As("ann").Get("/polls/p").OK().Want("poll.own_votes.0.id", `"`+kept+`"`)
}

func TestAnonymousPoll(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := pollRoom(s, "ann", "bob", "cat")
	sendPoll(s, path, "p", `,"voting_visibility":"anonymous","allow_answers":true`)
	bob, cat := s.As("bob").Connect(), s.As("cat").Connect()
	bob.Watch(path)
	cat.Watch(path)
	s.As("bob").Post(vote("p"), `{"vote":{"option_id":"a"}}`).OK().Want("vote.user.id", `"bob"`).Want("poll.own_votes.0.user.id", `"bob"`).Want("poll.latest_votes_by_option", "{}")
	second := s.As("bob").Post(vote("p"), `{"vote":{"answer_text":"x"}}`).OK().Want("poll.latest_answers.0.user", "null").Want("poll.latest_answers.0.user_id", "null").Want("poll.latest_answers.0.answer_text", `"x"`)
	bob.Expect("poll.vote_casted").Want("poll_vote.user.id", `"bob"`).Want("poll.own_votes", "[]")
	bob.Expect("poll.vote_casted").Want("poll_vote.user_id", `"bob"`)
	for range 2 {
		e := cat.Expect("poll.vote_casted").Want("poll_vote.user", "null").Want("poll_vote.user_id", "null").Want("user", "null").Want("poll.latest_votes_by_option", "{}")
		if strings.Contains(string(e.Body), "bob") {
			t.Errorf("it tells who voted: %s", e.Body)
		}
	}
	bob.Quiet("poll.vote_casted")
	cat.Quiet("poll.vote_casted")
	seen := s.As("cat").Get("/messages/m-p").OK().Want("message.poll.vote_counts_by_option", `{"a":1}`).Want("message.poll.answers_count", "1").Want("message.poll.own_votes", "[]")
	if strings.Contains(string(seen.Body), "bob") {
		t.Errorf("it tells who voted: %s", seen.Body)
	}
	exchangeAll(t, s, []exchange{
		{name: "votes", who: "cat", method: "POST", path: "/polls/p/votes", body: `{}`, want: map[string]string{"votes.#": "2", "votes.0.user": "null", "votes.0.user_id": "null", "votes.1.option_id": `"a"`, "votes.1.user": "null"}},
		{name: "votes of a user", who: "cat", method: "POST", path: "/polls/p/votes", body: `{"filter":{"user_id":"bob"}}`, want: map[string]string{"votes": "[]"}},
		{name: "votes not of a user", who: "cat", method: "POST", path: "/polls/p/votes", body: `{"filter":{"user_id":{"$ne":"bob"}}}`, want: map[string]string{"votes.#": "2"}},
		{name: "one's own votes", who: "bob", method: "POST", path: "/polls/p/votes", body: `{"filter":{"user_id":"bob"}}`, want: map[string]string{"votes.#": "2", "votes.0.user.id": `"bob"`}},
		{name: "votes on the server side", method: "POST", path: "/polls/p/votes", body: `{"filter":{"option_id":"a"}}`, want: map[string]string{"votes.#": "1", "votes.0.user": "null"}},
	})
	s.Server().Delete(vote("p")+"/"+fmt.Sprint(second.At("vote.id"))).OK().Want("vote.user", "null").Want("vote.answer_text", `"x"`)
	cat.Expect("poll.vote_removed").Want("poll_vote.user", "null").Want("poll_vote.user_id", "null")
	bob.Expect("poll.vote_removed").Want("poll_vote.user.id", `"bob"`)

	// What was anonymous stays so when the poll becomes public.
	s.As("ann").Patch("/polls/p", `{"set":{"voting_visibility":"public"}}`).OK()
	s.As("cat").Post(vote("p"), `{"vote":{"option_id":"a"}}`).OK().Want("poll.latest_votes_by_option.a.#", "2").Want("poll.latest_votes_by_option.a.0.user.id", `"cat"`).Want("poll.latest_votes_by_option.a.1.user", "null")
	s.As("cat").Post("/polls/p/votes", `{"filter":{"user_id":"bob"}}`).OK().Want("votes", "[]")
	s.As("ann").Patch("/polls/p", `{"set":{"voting_visibility":"anonymous"}}`).OK().Want("poll.latest_votes_by_option", "{}")
	s.As("bob").Post("/polls/p/votes", `{"filter":{"user_id":"cat"}}`).OK().Want("votes", "[]")
}
