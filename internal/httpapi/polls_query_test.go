package httpapi_test

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"chatd/internal/testkit"
)

func TestQueryPolls(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := pollRoom(s, "ann", "bob")
	s.Users("dan")
	s.Server().Post("/users", `{"users":{"mod":{"id":"mod","role":"admin"}}}`).OK()
	sendPoll(s, path, "p1", `,"color":"red","max_votes_allowed":2`)
	sendPoll(s, path, "p2", `,"allow_answers":true,"voting_visibility":"anonymous"`)
	sendPoll(s, path, "p3", `,"is_closed":true,"allow_user_suggested_options":true,"max_votes_allowed":5`)
	s.As("ann").Post("/polls", `{"id":"mine","name":"Mine"}`).OK()
	s.As("dan").Post("/polls", `{"id":"dans","name":"Dan's"}`).OK()
	s.As("bob").Post(vote("p1"), `{"vote":{"option_id":"a"}}`).OK()
	found := func(name, who, filter string, ids ...string) exchange {
		x := exchange{name: name, who: who, method: "POST", path: "/polls/query", body: `{"filter":` + filter + `,"sort":[{"field":"id","direction":1}]}`, want: map[string]string{"polls.#": fmt.Sprint(len(ids))}}
		for i, id := range ids {
			x.want[fmt.Sprintf("polls.%d.id", i)] = `"` + id + `"`
		}
		return x
	}
	query := func(name, body, message string) exchange {
		return exchange{name: name, who: "ann", method: "POST", path: "/polls/query", body: body, status: 400, code: 4, message: message}
	}
	exchangeAll(t, s, []exchange{
		found("the creator's", "ann", `{}`, "mine", "p1", "p2", "p3"),
		found("a member's", "bob", `{}`, "p1", "p2", "p3"),
		found("a stranger's", "dan", `{}`, "dans"),
		found("an admin's", "mod", `{}`, "dans", "mine", "p1", "p2", "p3"),
		found("the server side's", "", `{}`, "dans", "mine", "p1", "p2", "p3"),
		found("by id", "bob", `{"id":{"$in":["p1","p3","mine"]}}`, "p1", "p3"),
		found("by poll_id", "bob", `{"poll_id":"p2"}`, "p2"),
		found("by name", "ann", `{"name":"Mine"}`, "mine"),
		found("by creator", "", `{"created_by_id":"dan"}`, "dans"),
		found("closed", "bob", `{"is_closed":true}`, "p3"),
		found("with answers", "bob", `{"allow_answers":true}`, "p2"),
		found("with suggestions", "bob", `{"allow_user_suggested_options":true}`, "p3"),
		found("anonymous", "bob", `{"voting_visibility":"anonymous"}`, "p2"),
		found("by votes", "bob", `{"max_votes_allowed":{"$gt":2}}`, "p3"),
		found("without limit", "bob", `{"max_votes_allowed":null}`, "p2"),
		found("by time", "bob", `{"created_at":{"$gt":"2020-01-01T00:00:00Z"},"updated_at":{"$gte":"2020-01-01T00:00:00Z"}}`, "p1", "p2", "p3"),
		found("by custom data", "bob", `{"color":"red"}`, "p1"),
		found("by either", "bob", `{"$or":[{"is_closed":true},{"color":"red"}]}`, "p1", "p3"),
		{name: "with own votes", who: "bob", method: "POST", path: "/polls/query", body: `{"filter":{"id":"p1"}}`, want: map[string]string{"polls.0.own_votes.#": "1", "polls.0.latest_votes_by_option.a.#": "1", "polls.0.created_by.id": `"ann"`}},
		{name: "with a user's votes", method: "POST", path: "/polls/query?user_id=bob", body: `{"filter":{"id":"p1"}}`, want: map[string]string{"polls.0.own_votes.#": "1"}},
		{name: "with nobody's votes", method: "POST", path: "/polls/query", body: `{"filter":{"id":"p1"}}`, want: map[string]string{"polls.0.own_votes": "[]"}},
		query("wrong operator", `{"filter":{"is_closed":{"$gt":true}}}`, "is_closed"),
		query("wrong type", `{"filter":{"id":1}}`, "field `id` contains type number. expecting string"),
		query("wrong word", `{"filter":{"voting_visibility":"x"}}`, "voting_visibility must be one of"),
		query("wrong sort", `{"sort":[{"field":"color","direction":1}]}`, "color"),
		query("too many sorts", `{"sort":[{"field":"id"},{"field":"id"},{"field":"id"},{"field":"id"},{"field":"id"},{"field":"id"}]}`, "sort must contain at maximum 5 items"),
		query("too many", `{"limit":101}`, "limit must be 100 or less"),
		query("too few", `{"limit":-1}`, "limit must be 0 or greater"),
		query("no cursor", `{"next":"abc"}`, "cursor"),
	})
	page := func(cursor string) *testkit.Response {
		return s.As("bob").Post("/polls/query", `{"limit":2`+cursor+`}`).OK()
	}
	one := page("")
	one.Want("polls.#", "2").Want("polls.0.id", `"p3"`).Want("prev", "null")
	two := page(fmt.Sprintf(`,"next":%q`, one.At("next")))
	two.Want("polls.#", "1").Want("polls.0.id", `"p1"`).Want("next", "null")
	page(fmt.Sprintf(`,"prev":%q`, two.At("prev"))).Want("polls.0.id", `"p3"`).Want("polls.#", "2")
}

func TestQueryVotes(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := pollRoom(s, "ann", "bob", "cat")
	s.Users("dan")
	sendPoll(s, path, "p", `,"allow_answers":true`)
	s.As("bob").Post(vote("p"), `{"vote":{"option_id":"a"}}`).OK()
	cats := s.As("cat").Post(vote("p"), `{"vote":{"option_id":"a"}}`).OK()
	s.As("cat").Post(vote("p"), `{"vote":{"option_id":"b"}}`).OK()
	s.As("bob").Post(vote("p"), `{"vote":{"answer_text":"x"}}`).OK()
	found := func(name, filter, n string) exchange {
		return exchange{name: name, who: "ann", method: "POST", path: "/polls/p/votes", body: `{"filter":` + filter + `}`, want: map[string]string{"votes.#": n}}
	}
	exchangeAll(t, s, []exchange{
		{
			name: "all", who: "ann", method: "POST", path: "/polls/p/votes", body: `{}`,
			want: map[string]string{"votes.#": "4", "votes.0.answer_text": `"x"`, "votes.0.is_answer": "true", "votes.0.user.id": `"bob"`, "votes.3.option_id": `"a"`, "votes.3.user.id": `"bob"`, "votes.3.poll_id": `"p"`, "next": "null"},
		},
		{name: "oldest first", who: "ann", method: "POST", path: "/polls/p/votes", body: `{"sort":[{"field":"created_at","direction":1}]}`, want: map[string]string{"votes.0.option_id": `"a"`, "votes.3.is_answer": "true"}},
		found("by option", `{"option_id":"a"}`, "2"),
		found("by options", `{"option_id":{"$in":["a","b"]}}`, "3"),
		found("with an option", `{"option_id":{"$exists":true}}`, "3"),
		found("without an option", `{"option_id":{"$exists":false}}`, "1"),
		found("answers", `{"is_answer":true}`, "1"),
		found("no answers", `{"is_answer":false}`, "3"),
		found("by user", `{"user_id":"cat"}`, "2"),
		found("by id", fmt.Sprintf(`{"id":%q}`, cats.At("vote.id")), "1"),
		found("by poll", `{"poll_id":{"$eq":"p"}}`, "4"),
		found("by time", `{"created_at":{"$lt":"2020-01-01T00:00:00Z"}}`, "0"),
		{name: "server side", method: "POST", path: "/polls/p/votes?user_id=dan", body: `{"filter":{"user_id":"cat"}}`, want: map[string]string{"votes.#": "2"}},
		{name: "a stranger", who: "dan", method: "POST", path: "/polls/p/votes", body: `{}`, status: 403, code: 17, message: "QueryPolls"},
		{name: "no poll", who: "ann", method: "POST", path: "/polls/nope/votes", body: `{}`, status: 404, code: 16, message: "poll with id nope doesn't exist"},
		{name: "unknown field", who: "ann", method: "POST", path: "/polls/p/votes", body: `{"filter":{"color":"red"}}`, status: 400, code: 4, message: `unrecognized field "color"`},
		{name: "too many", who: "ann", method: "POST", path: "/polls/p/votes", body: `{"limit":101}`, status: 400, code: 4, message: "limit must be 100 or less"},
	})
	one := s.As("ann").Post("/polls/p/votes", `{"limit":3}`).OK().Want("votes.#", "3")
	s.As("ann").Post("/polls/p/votes", fmt.Sprintf(`{"limit":3,"next":%q}`, one.At("next"))).OK().Want("votes.#", "1").Want("next", "null")
	s.As("ann").Post("/polls/query", fmt.Sprintf(`{"next":%q}`, one.At("next"))).Fails(400, 4, "cursor")
}

func TestLatestVotesAreTen(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := pollRoom(s, "ann")
	sendPoll(s, path, "p", `,"allow_answers":true`)
	for i := range 12 {
		user := fmt.Sprintf("u%d", i)
		s.Users(user)
		s.Server().Post(vote("p"), `{"vote":{"option_id":"a"},"user_id":"`+user+`"}`).OK()
		s.Server().Post(vote("p"), `{"vote":{"answer_text":"x"},"user_id":"`+user+`"}`).OK()
	}
	s.As("ann").Get("/polls/p").OK().Want("poll.latest_votes_by_option.a.#", "10").Want("poll.latest_votes_by_option.a.0.user.id", `"u11"`).Want("poll.latest_votes_by_option.a.9.user.id", `"u2"`).
		Want("poll.latest_answers.#", "10").Want("poll.latest_answers.0.user.id", `"u11"`).Want("poll.vote_count", "12").Want("poll.answers_count", "12")
}

// Votes that come at once, of one user and of many, stay within the limits, and their
// numbers are those of the votes there are.
func TestVotesAtOnce(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := pollRoom(s, "ann", "bob", "cat", "dan")
	sendPoll(s, path, "one", `,"enforce_unique_vote":true,"allow_answers":true`)
	sendPoll(s, path, "two", `,"max_votes_allowed":2`)
	voters := []string{"bob", "cat", "dan"}
	var wg sync.WaitGroup
	var refused atomic.Int64
	for _, who := range voters {
		c := s.As(who)
		for _, option := range []string{"a", "b", "c"} {
			for range 3 {
				wg.Go(func() { c.Post(vote("one"), `{"vote":{"option_id":"`+option+`"}}`).OK() })
				wg.Go(func() { c.Post(vote("one"), `{"vote":{"answer_text":"`+option+`"}}`).OK() })
			}
			wg.Go(func() {
				if r := c.Post(vote("two"), `{"vote":{"option_id":"`+option+`"}}`); r.Status >= http.StatusBadRequest {
					r.Fails(400, 4, "cannot cast more than 2 votes")
					refused.Add(1)
				}
			})
		}
	}
	wg.Wait()
	if n := refused.Load(); n != int64(len(voters)) {
		t.Errorf("%d votes too many were refused, want %d", n, len(voters))
	}
	for poll, votes := range map[string]int{"one": 1, "two": 2} {
		r := s.As("ann").Get("/polls/"+poll).OK().Want("poll.vote_count", fmt.Sprint(votes*len(voters)))
		counts, _ := r.At("poll.vote_counts_by_option").(map[string]any)
		sum := 0.0
		for _, n := range counts {
			v, _ := n.(float64)
			sum += v
		}
		if int(sum) != votes*len(voters) {
			t.Errorf("%s: %v", poll, counts)
		}
		for _, who := range voters {
			s.As("ann").Post("/polls/"+poll+"/votes", `{"filter":{"user_id":"`+who+`","is_answer":false}}`).OK().Want("votes.#", fmt.Sprint(votes))
		}
	}
	s.As("ann").Get("/polls/one").OK().Want("poll.answers_count", fmt.Sprint(len(voters))).Want("poll.latest_answers.#", fmt.Sprint(len(voters)))
}
