package httpapi_test

import (
	"fmt"
	"testing"

	"chatd/internal/testkit"
)

// pollCast is a cast whose channel has a poll of ann with the settings, in a message
// of hers.
func pollCast(t *testing.T, settings string) *cast {
	t.Helper()
	s := testkit.Start(t)
	s.Server().Put("/channeltypes/messaging", `{"polls":true}`).OK()
	c := newCast(t, s, "messaging")
	sendPoll(s, c.path, "p", settings)
	c.told()
	return c
}

// votes are the ids of who's votes in the poll.
func (c *cast) votes(who string) []string {
	c.t.Helper()
	r := c.As(who).Get("/polls/p").OK()
	var ids []string
	for i := 0; ; i++ {
		id, ok := r.At(fmt.Sprintf("poll.own_votes.%d.id", i)).(string)
		if !ok {
			return ids
		}
		ids = append(ids, id)
	}
}

// Who is told of votes in a poll, and of whose.
func TestEventsOfVotes(t *testing.T) {
	t.Parallel()
	c := pollCast(t, `,"allow_answers":true,"enforce_unique_vote":true`)
	c.play(
		scene{
			exchange: exchange{name: "cast", who: "cat", method: "POST", path: vote("p"), body: `{"vote":{"option_id":"a"}}`},
			told:     []string{"poll.vote_casted: " + watchers},
			fields: map[string]string{
				"poll.vote_casted cid": `"messaging:room"`, "poll.vote_casted channel_id": `"room"`, "poll.vote_casted channel_type": `"messaging"`,
				"poll.vote_casted message_id": `"m-p"`, "poll.vote_casted message.id": `"m-p"`, "poll.vote_casted message.poll.vote_count": "1",
				"poll.vote_casted message.own_reactions": "[]", "poll.vote_casted message.poll.own_votes": "[]",
				"poll.vote_casted poll.id": `"p"`, "poll.vote_casted poll.vote_count": "1", "poll.vote_casted poll.vote_counts_by_option": `{"a":1}`,
				"poll.vote_casted poll.own_votes": "[]", "poll.vote_casted poll.latest_votes_by_option.a.0.user.id": `"cat"`,
				"poll.vote_casted poll_vote.option_id": `"a"`, "poll.vote_casted poll_vote.poll_id": `"p"`, "poll.vote_casted poll_vote.user_id": `"cat"`,
				"poll.vote_casted poll_vote.user.id": `"cat"`,
			},
		},
		scene{exchange: exchange{name: "cast again", who: "cat", method: "POST", path: vote("p"), body: `{"vote":{"option_id":"a"}}`}},
		scene{
			exchange: exchange{name: "changed", who: "cat", method: "POST", path: vote("p"), body: `{"vote":{"option_id":"b"}}`},
			told:     []string{"poll.vote_changed: " + watchers},
			fields: map[string]string{
				"poll.vote_changed poll_vote.option_id": `"b"`, "poll.vote_changed poll.vote_counts_by_option": `{"b":1}`, "poll.vote_changed poll.own_votes": "[]",
				"poll.vote_changed message_id": `"m-p"`, "poll.vote_changed poll_vote.user.id": `"cat"`,
			},
		},
		scene{
			exchange: exchange{name: "an answer", who: "bob", method: "POST", path: vote("p"), body: `{"vote":{"answer_text":"home"}}`},
			told:     []string{"poll.vote_casted: " + watchers},
			fields: map[string]string{
				"poll.vote_casted poll_vote.answer_text": `"home"`, "poll.vote_casted poll_vote.is_answer": "true", "poll.vote_casted poll.answers_count": "1",
				"poll.vote_casted poll.latest_answers.0.user.id": `"bob"`, "poll.vote_casted poll_vote.user_id": `"bob"`,
			},
		},
		scene{
			exchange: exchange{name: "another answer", who: "bob", method: "POST", path: vote("p"), body: `{"vote":{"answer_text":"out"}}`},
			told:     []string{"poll.vote_changed: " + watchers},
			fields:   map[string]string{"poll.vote_changed poll_vote.answer_text": `"out"`, "poll.vote_changed poll.answers_count": "1"},
		},
		scene{exchange: exchange{name: "by a stranger", who: "fay", method: "POST", path: vote("p"), body: `{"vote":{"option_id":"a"}}`, status: 403, code: 17, message: "CastVote"}},
	)
	c.play(scene{
		exchange: exchange{name: "taken back", who: "cat", method: "DELETE", path: vote("p") + "/" + c.votes("cat")[0]},
		told:     []string{"poll.vote_removed: " + watchers},
		fields: map[string]string{
			"poll.vote_removed poll_vote.option_id": `"b"`, "poll.vote_removed poll_vote.user.id": `"cat"`, "poll.vote_removed poll.vote_count": "0",
			"poll.vote_removed poll.own_votes": "[]", "poll.vote_removed message_id": `"m-p"`,
		},
	})
}

// Of an anonymous poll nobody but who voted is told who did.
func TestEventsOfAnonymousVotes(t *testing.T) {
	t.Parallel()
	c := pollCast(t, `,"voting_visibility":"anonymous","enforce_unique_vote":true`)
	c.play(
		scene{
			exchange: exchange{name: "cast by one who watches", who: "bob", method: "POST", path: vote("p"), body: `{"vote":{"option_id":"a"}}`},
			told:     []string{"poll.vote_casted: " + watchers},
			fields: map[string]string{
				"poll.vote_casted poll_vote.option_id": `"a"`, "poll.vote_casted poll.vote_counts_by_option": `{"a":1}`, "poll.vote_casted poll.own_votes": "[]",
				"poll.vote_casted message.poll.own_votes": "[]", "poll.vote_casted user": "null",
				"bob/poll.vote_casted poll_vote.user.id": `"bob"`, "ann/poll.vote_casted poll_vote.user": "null", "ann/poll.vote_casted poll_vote.user_id": "null",
				"eve/poll.vote_casted poll_vote.user": "null", "eve/poll.vote_casted poll_vote.user_id": "null",
			},
		},
		scene{
			exchange: exchange{name: "changed", who: "bob", method: "POST", path: vote("p"), body: `{"vote":{"option_id":"b"}}`},
			told:     []string{"poll.vote_changed: " + watchers},
			fields:   map[string]string{"bob/poll.vote_changed poll_vote.user.id": `"bob"`, "ann/poll.vote_changed poll_vote.user": "null", "eve/poll.vote_changed poll_vote.user_id": "null"},
		},
		scene{
			exchange: exchange{name: "cast by one who does not", who: "cat", method: "POST", path: vote("p"), body: `{"vote":{"option_id":"b"}}`},
			told:     []string{"poll.vote_casted: " + watchers},
			fields:   map[string]string{"poll.vote_casted poll_vote.user": "null", "poll.vote_casted poll_vote.user_id": "null", "poll.vote_casted poll.vote_count": "2"},
		},
	)
	c.play(scene{
		exchange: exchange{name: "taken back", who: "bob", method: "DELETE", path: vote("p") + "/" + c.votes("bob")[0]},
		told:     []string{"poll.vote_removed: " + watchers},
		fields:   map[string]string{"bob/poll.vote_removed poll_vote.user.id": `"bob"`, "ann/poll.vote_removed poll_vote.user": "null", "eve/poll.vote_removed poll_vote.user": "null"},
	})
}

// Who is told of what becomes of a poll.
func TestEventsOfPolls(t *testing.T) {
	t.Parallel()
	c := pollCast(t, `,"allow_user_suggested_options":true`)
	c.As("ann").Post(vote("p"), `{"vote":{"option_id":"a"}}`).OK()
	c.told()
	updated := []string{"poll.updated: " + watchers}
	c.play(
		scene{
			exchange: exchange{name: "by part", who: "ann", method: "PATCH", path: "/polls/p", body: `{"set":{"name":"When?"}}`},
			told:     updated,
			fields: map[string]string{
				"poll.updated cid": `"messaging:room"`, "poll.updated channel_id": `"room"`, "poll.updated channel_type": `"messaging"`, "poll.updated message_id": `"m-p"`,
				"poll.updated message.poll.name": `"When?"`, "poll.updated poll.name": `"When?"`, "poll.updated poll.own_votes": "[]", "poll.updated message.poll.own_votes": "[]",
				"poll.updated poll.vote_count": "1", "poll.updated poll_vote": "null",
			},
		},
		scene{
			exchange: exchange{name: "all of it", who: "ann", method: "PUT", path: "/polls", body: `{"id":"p","name":"Where?","options":[{"id":"a","text":"A"}],"allow_user_suggested_options":true}`},
			told:     updated,
			fields:   map[string]string{"poll.updated poll.options.#": "1", "poll.updated poll.vote_counts_by_option": `{"a":1}`},
		},
		scene{
			exchange: exchange{name: "an option more", who: "bob", method: "POST", path: "/polls/p/options", body: `{"id":"z","text":"Z"}`},
			told:     updated,
			fields:   map[string]string{"poll.updated poll.options.#": "2", "poll.updated poll.own_votes": "[]"},
		},
		scene{
			exchange: exchange{name: "an option changed", who: "ann", method: "PUT", path: "/polls/p/options", body: `{"id":"z","text":"Z!"}`},
			told:     updated,
			fields:   map[string]string{"poll.updated poll.options.1.text": `"Z!"`},
		},
		scene{
			exchange: exchange{name: "an option less", who: "ann", method: "DELETE", path: "/polls/p/options/z"},
			told:     updated,
			fields:   map[string]string{"poll.updated poll.options.#": "1"},
		},
		scene{
			exchange: exchange{name: "closed", who: "ann", method: "PATCH", path: "/polls/p", body: `{"set":{"is_closed":true}}`},
			told:     []string{"poll.closed: " + watchers},
			fields:   map[string]string{"poll.closed poll.is_closed": "true", "poll.closed message.poll.is_closed": "true", "poll.closed poll.own_votes": "[]", "poll.closed message_id": `"m-p"`},
		},
		scene{exchange: exchange{name: "a vote too late", who: "bob", method: "POST", path: vote("p"), body: `{"vote":{"option_id":"a"}}`, status: 400, code: 4, message: "is closed"}},
		scene{exchange: exchange{name: "deleted by another", who: "bob", method: "DELETE", path: "/polls/p", status: 403, code: 17, message: "DeletePoll"}},
		scene{
			exchange: exchange{name: "deleted", who: "ann", method: "DELETE", path: "/polls/p"},
			told:     []string{"poll.deleted: " + watchers, "message.updated: " + watchers},
			order:    "poll.deleted message.updated",
			fields: map[string]string{
				"poll.deleted poll.id": `"p"`, "poll.deleted poll.own_votes": "[]", "poll.deleted message_id": `"m-p"`, "poll.deleted cid": `"messaging:room"`,
				"message.updated message.poll": "null", "message.updated message.poll_id": "null", "message.updated message_id": `"m-p"`, "message.updated message.own_reactions": "[]",
			},
		},
	)
}
