package httpapi_test

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"chatd/internal/testkit"
)

func TestReactions(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	frozen := s.Channel("messaging", "frozen", "ann")
	s.Users("dan")
	s.As("ann").Post(path+"/message", `{"message":{"id":"m1","text":"one"}}`).OK()
	s.As("ann").Post(path+"/message", `{"message":{"id":"gone","text":"two"}}`).OK()
	s.As("ann").Delete("/messages/gone").OK()
	s.As("ann").Post(frozen+"/message", `{"message":{"id":"cold","text":"three"}}`).OK()
	s.As("ann").Post("/messages/cold/reaction", `{"reaction":{"type":"like"}}`).OK()
	s.Server().Patch(frozen, `{"set":{"frozen":true}}`).OK()
	ann := s.As("ann").Connect()
	ann.Watch(path)
	to := "/messages/m1/reaction"
	exchangeAll(t, s, []exchange{
		{
			name: "react", who: "bob", method: "POST", path: to, body: `{"reaction":{"type":"like","color":"red","created_at":"2026-01-01T00:00:00Z"}}`,
			want: map[string]string{
				"reaction.type": `"like"`, "reaction.score": "1", "reaction.user.id": `"bob"`, "reaction.user_id": `"bob"`, "reaction.message_id": `"m1"`, "reaction.color": `"red"`,
				"message.reaction_counts": `{"like":1}`, "message.reaction_scores": `{"like":1}`, "message.own_reactions.#": "1", "message.latest_reactions.0.type": `"like"`,
				"message.latest_reactions.0.color": `"red"`, "message.reaction_groups.like.count": "1", "message.reaction_groups.like.latest_reactions_by": "[]",
			},
		},
		{name: "with another score", who: "bob", method: "POST", path: to, body: `{"reaction":{"type":"like","score":5}}`, want: map[string]string{"message.reaction_counts": `{"like":1}`, "message.reaction_scores": `{"like":5}`, "reaction.color": "null"}},
		{name: "with another type", who: "bob", method: "POST", path: to, body: `{"reaction":{"type":"a:b.c"}}`, want: map[string]string{"message.reaction_counts": `{"a:b.c":1,"like":1}`, "message.own_reactions.#": "2", "message.latest_reactions.0.type": `"a:b.c"`}},
		{name: "by another", who: "ann", method: "POST", path: to, body: `{"reaction":{"type":"like"}}`, want: map[string]string{"message.reaction_counts": `{"a:b.c":1,"like":2}`, "message.reaction_scores": `{"a:b.c":1,"like":6}`, "message.own_reactions.#": "1"}},
		{name: "only one", who: "bob", method: "POST", path: to, body: `{"reaction":{"type":"wow"},"enforce_unique":true}`, want: map[string]string{"message.reaction_counts": `{"like":1,"wow":1}`, "message.reaction_scores": `{"like":1,"wow":1}`, "message.own_reactions.#": "1"}},
		{name: "server side", method: "POST", path: to, body: `{"reaction":{"type":"wow","user_id":"dan"}}`, want: map[string]string{"reaction.user.id": `"dan"`, "message.own_reactions.0.user_id": `"dan"`}},
		{name: "server side for nobody", method: "POST", path: to, body: `{"reaction":{"type":"wow"}}`, status: 400, code: 4, message: "either reaction.user or reaction.user_id must be provided"},
		{name: "no type", who: "bob", method: "POST", path: to, body: `{"reaction":{}}`, status: 400, code: 4, message: "reaction.type is a required field"},
		{name: "no reaction", who: "bob", method: "POST", path: to, body: `{}`, status: 400, code: 4, message: "reaction is a required field"},
		{name: "a long type", who: "bob", method: "POST", path: to, body: `{"reaction":{"type":"` + strings.Repeat("x", 31) + `"}}`, status: 400, code: 4, message: "30"},
		{name: "a big score", who: "bob", method: "POST", path: to, body: `{"reaction":{"type":"x","score":3000000000}}`, status: 400, code: 4, message: "score"},
		{name: "1 KB of custom data", who: "bob", method: "POST", path: to, body: `{"reaction":{"type":"x","a":"` + strings.Repeat("x", 1100) + `"}}`, status: 413, code: 22, message: "too big"},
		{name: "a stranger", who: "dan", method: "POST", path: to, body: `{"reaction":{"type":"like"}}`, status: 403, code: 17, message: "CreateReaction"},
		{name: "no message", who: "bob", method: "POST", path: "/messages/nope/reaction", body: `{"reaction":{"type":"like"}}`, status: 404, code: 16, message: "nope"},
		{name: "a deleted message", who: "bob", method: "POST", path: "/messages/gone/reaction", body: `{"reaction":{"type":"like"}}`, status: 400, code: 4, message: "has been deleted"},
		{name: "in a frozen channel", who: "ann", method: "POST", path: "/messages/cold/reaction", body: `{"reaction":{"type":"wow"}}`, status: 403, code: 17, message: "frozen"},
		{name: "away in a frozen channel", who: "ann", method: "DELETE", path: "/messages/cold/reaction/like", status: 403, code: 17, message: "frozen"},
		{name: "as it is read", who: "ann", method: "GET", path: "/messages/m1", want: map[string]string{"message.own_reactions.#": "1", "message.latest_reactions.#": "3", "message.latest_reactions.0.user.id": `"dan"`}},

		{name: "list", who: "ann", method: "GET", path: "/messages/m1/reactions", want: map[string]string{"reactions.#": "3", "reactions.0.user.id": `"dan"`, "reactions.2.user_id": `"ann"`}},
		{name: "a page", who: "ann", method: "GET", path: "/messages/m1/reactions?limit=1&offset=2", want: map[string]string{"reactions.#": "1", "reactions.0.user_id": `"ann"`}},
		{name: "beyond", who: "ann", method: "GET", path: "/messages/m1/reactions?offset=10", want: map[string]string{"reactions": "[]"}},
		{name: "too many", who: "ann", method: "GET", path: "/messages/m1/reactions?limit=301", status: 400, code: 4, message: "limit must be 300 or less"},
		{name: "too far", who: "ann", method: "GET", path: "/messages/m1/reactions?offset=1001", status: 400, code: 4, message: "offset must be 1000 or less"},
		{name: "list by a stranger", who: "dan", method: "GET", path: "/messages/m1/reactions", status: 403, code: 17, message: "ReadChannel"},
		{name: "query", who: "ann", method: "POST", path: "/messages/m1/reactions", body: `{"filter":{"type":"wow"}}`, want: map[string]string{"reactions.#": "2", "next": "null"}},
		{name: "query by users", who: "ann", method: "POST", path: "/messages/m1/reactions", body: `{"filter":{"user_id":{"$in":["ann","x"]}}}`, want: map[string]string{"reactions.#": "1"}},
		{name: "query by time", who: "ann", method: "POST", path: "/messages/m1/reactions", body: `{"filter":{"created_at":{"$gt":"2020-01-01T00:00:00Z"}},"sort":[{"field":"created_at","direction":1}]}`, want: map[string]string{"reactions.#": "3", "reactions.0.user_id": `"ann"`}},
		{name: "query by what", who: "ann", method: "POST", path: "/messages/m1/reactions", body: `{"filter":{"score":1}}`, status: 400, code: 4, message: "score"},
		{name: "query with too many sorts", who: "ann", method: "POST", path: "/messages/m1/reactions", body: `{"sort":[{"field":"type"},{"field":"type"},{"field":"type"}]}`, status: 400, code: 4, message: "sort must contain at maximum 2"},
		{name: "query too many", who: "ann", method: "POST", path: "/messages/m1/reactions", body: `{"limit":101}`, status: 400, code: 4, message: "limit must be 100 or less"},
		{name: "query with no cursor", who: "ann", method: "POST", path: "/messages/m1/reactions", body: `{"next":"abc"}`, status: 400, code: 4, message: "cursor"},

		{name: "away", who: "bob", method: "DELETE", path: to + "/wow", want: map[string]string{"reaction.type": `"wow"`, "reaction.user.id": `"bob"`, "message.reaction_counts": `{"like":1,"wow":1}`, "message.own_reactions": "[]"}},
		{name: "away again", who: "bob", method: "DELETE", path: to + "/wow", status: 404, code: 16, message: "wow"},
		{name: "away, server side", method: "DELETE", path: to + "/wow?user_id=dan", want: map[string]string{"message.reaction_counts": `{"like":1}`}},
		{name: "away, server side for nobody", method: "DELETE", path: to + "/like", status: 400, code: 4, message: "either user or user_id"},
		{name: "the last", who: "ann", method: "DELETE", path: to + "/like", want: map[string]string{"message.reaction_counts": "{}", "message.reaction_groups": "null", "message.latest_reactions": "[]"}},
	})
	ann.Expect("reaction.new").Want("reaction.type", `"like"`).Want("message.own_reactions", "[]").Want("message_id", `"m1"`).Want("user.id", `"bob"`).Want("channel.cid", `"messaging:room"`).Want("message.reaction_counts", `{"like":1}`)
	ann.Expect("reaction.updated").Want("reaction.score", "5")
	ann.Expect("reaction.new").Want("reaction.type", `"a:b.c"`)
	ann.Expect("reaction.new").Want("reaction.user_id", `"ann"`).Want("message.own_reactions", "[]")
	ann.Expect("reaction.updated").Want("reaction.type", `"wow"`).Want("message.reaction_counts", `{"like":1,"wow":1}`)
	ann.Expect("reaction.new").Want("reaction.user_id", `"dan"`)
	ann.Expect("reaction.deleted").Want("reaction.type", `"wow"`).Want("message.reaction_counts", `{"like":1,"wow":1}`)
}

func TestQueryReactionsPages(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann")
	s.As("ann").Post(path+"/message", `{"message":{"id":"m1","text":"one"}}`).OK()
	for i := range 7 {
		s.Users(fmt.Sprintf("u%d", i))
		s.Server().Post("/messages/m1/reaction", fmt.Sprintf(`{"reaction":{"type":"like","user_id":"u%d"}}`, i)).OK()
	}
	page := func(cursor string) *testkit.Response {
		return s.As("ann").Post("/messages/m1/reactions", `{"limit":3`+cursor+`}`).OK()
	}
	one := page("")
	one.Want("reactions.0.user_id", `"u6"`).Want("prev", "null")
	two := page(fmt.Sprintf(`,"next":%q`, one.At("next")))
	two.Want("reactions.#", "3").Want("reactions.0.user_id", `"u3"`)
	three := page(fmt.Sprintf(`,"next":%q`, two.At("next")))
	three.Want("reactions.#", "1").Want("reactions.0.user_id", `"u0"`).Want("next", "null")
	back := page(fmt.Sprintf(`,"prev":%q`, three.At("prev")))
	back.Want("reactions.#", "3").Want("reactions.0.user_id", `"u3"`)
	page(fmt.Sprintf(`,"prev":%q`, back.At("prev"))).Want("reactions.0.user_id", `"u6"`).Want("prev", "null")
	s.As("ann").Post("/messages/m1/reactions", fmt.Sprintf(`{"sort":[{"field":"created_at","direction":1}],"next":%q}`, one.At("next"))).Fails(400, 4, "cursor")
}

func TestReactionsAreCountedExactly(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("livestream", "live", "ann")
	s.As("ann").Post(path+"/message", `{"message":{"id":"m1","text":"one"}}`).OK()
	var wg sync.WaitGroup
	for i := range 8 {
		c := s.As(fmt.Sprintf("u%d", i))
		wg.Go(func() {
			for _, typ := range []string{"like", "wow", "like", "like"} {
				c.Post("/messages/m1/reaction", `{"reaction":{"type":"`+typ+`","score":2}}`).OK()
			}
			c.Delete("/messages/m1/reaction/" + url.PathEscape("wow")).OK()
		})
	}
	wg.Wait()
	s.As("ann").Get("/messages/m1").OK().Want("message.reaction_counts", `{"like":8}`).Want("message.reaction_scores", `{"like":16}`).Want("message.latest_reactions.#", "8")
}
