package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"chatd/internal/chat"
	"chatd/internal/store"
)

// newPoll creates a poll with the options a, b and c.
func (r *room) newPoll(id string, set ...func(*chat.Poll)) {
	r.t.Helper()
	p := &chat.Poll{ID: id, Name: "N", VotingVisibility: chat.VotesPublic, AllowAnswers: true, CreatedByID: "ann", CreatedAt: r.at}
	for _, o := range []string{"a", "b", "c"} {
		p.Options = append(p.Options, &chat.PollOption{ID: o, Text: o})
	}
	for _, f := range set {
		f(p)
	}
	if err := r.InsertPoll(r.t.Context(), p); err != nil {
		r.t.Fatal(err)
	}
}

// cast votes; an option "" is an answer.
func (r *room) cast(ctx context.Context, poll, user, option, text string) error {
	return r.InTx(ctx, func(tx *store.Tx) error {
		p, err := tx.LockPoll(ctx, poll)
		if err != nil {
			return err
		}
		if option != "" && p.Option(option) == nil {
			return chat.Errorf(chat.NotFound, "no option %s", option)
		}
		_, err = tx.CastVote(ctx, p, &chat.PollVote{UserID: user, OptionID: option, AnswerText: text, IsAnswer: option == ""}, tx.Now())
		return err
	})
}

// retract takes one of the user's votes back, if he has any.
func (r *room) retract(ctx context.Context, poll, user string) error {
	seen, err := r.Poll(ctx, user, poll)
	if err != nil || len(seen.OwnVotes) == 0 {
		return err
	}
	return r.InTx(ctx, func(tx *store.Tx) error {
		p, err := tx.LockPoll(ctx, poll)
		if err != nil {
			return err
		}
		v, err := tx.PollVote(ctx, poll, seen.OwnVotes[0].ID)
		if chat.KindOf(err) == chat.NotFound {
			return nil // somebody was faster
		}
		if err != nil {
			return err
		}
		return tx.RemoveVote(ctx, p, v)
	})
}

// dropOption removes the option and puts it back.
func (r *room) dropOption(ctx context.Context, poll, option string) error {
	for _, keep := range []bool{false, true} {
		err := r.InTx(ctx, func(tx *store.Tx) error {
			p, err := tx.LockPoll(ctx, poll)
			if err != nil {
				return err
			}
			var left []*chat.PollOption
			for _, o := range p.Options {
				if o.ID != option {
					left = append(left, o)
				}
			}
			if p.Options = left; keep {
				p.Options = append(p.Options, &chat.PollOption{ID: option, Text: option})
			}
			return tx.SavePoll(ctx, p)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// countedVotes compares a poll's counts with its rows and returns how many votes,
// answers excluded, the most eager user has.
func (r *room) countedVotes(poll string) int {
	r.t.Helper()
	p, err := r.Poll(r.t.Context(), "", poll)
	if err != nil {
		r.t.Fatal(err)
	}
	rows, err := r.pool.Query(r.t.Context(), `SELECT user_id, option_id FROM poll_votes WHERE app_id = $1 AND poll_id = $2`, r.ID, poll)
	if err != nil {
		r.t.Fatal(err)
	}
	defer rows.Close()
	votes, answers, byOption, byUser, answered := 0, 0, map[string]int{}, map[string]int{}, map[string]int{}
	for rows.Next() {
		var user, option string
		if err := rows.Scan(&user, &option); err != nil {
			r.t.Fatal(err)
		}
		if option == "" {
			answers++
			answered[user]++
			continue
		}
		votes++
		byOption[option]++
		byUser[user]++
	}
	if err := rows.Err(); err != nil {
		r.t.Fatal(err)
	}
	if p.VoteCount != votes || p.AnswersCount != answers || fmt.Sprint(p.VoteCountsByOption) != fmt.Sprint(byOption) {
		r.t.Errorf("poll %s counts %d %d %v, its rows %d %d %v", poll, p.VoteCount, p.AnswersCount, p.VoteCountsByOption, votes, answers, byOption)
	}
	most := 0
	for _, n := range byUser {
		most = max(most, n)
	}
	for user, n := range answered {
		if n > 1 {
			r.t.Errorf("%s has %d answers", user, n)
		}
	}
	return most
}

func TestVotesAreCountedExactly(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	two := 2
	polls := map[string]struct {
		most int
		set  func(*chat.Poll)
	}{
		"free": {3, func(*chat.Poll) {}},
		"one":  {1, func(p *chat.Poll) { p.EnforceUniqueVote = true }},
		"two":  {2, func(p *chat.Poll) { p.MaxVotesAllowed = &two }},
	}
	for id, p := range polls {
		r.newPoll(id, p.set)
	}
	ctx := t.Context()
	var wg sync.WaitGroup
	for worker := range 12 {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(uint64(worker), 1))
			for range 25 {
				user := fmt.Sprintf("u%d", random.IntN(4)) // several at a time for one user
				for id := range polls {
					var err error
					switch n := random.IntN(10); {
					case n < 6:
						err = r.cast(ctx, id, user, []string{"a", "b", "c"}[n%3], "")
					case n < 7:
						err = r.cast(ctx, id, user, "", fmt.Sprint(random.IntN(3)))
					case n < 9:
						err = r.retract(ctx, id, user)
					default:
						err = r.dropOption(ctx, id, "b")
					}
					if kind := chat.KindOf(err); kind != "" && kind != chat.Invalid && kind != chat.NotFound {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	for id, p := range polls {
		if most := r.countedVotes(id); most > p.most {
			t.Errorf("poll %s: somebody has %d votes", id, most)
		}
	}
}

func TestPollsGoWithTheirVotes(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.channel("messaging:room", "ann", "bob")
	r.newPoll("p")
	m := r.send("messaging:room", "ann", func(m *chat.Message) { m.PollID = "p" })
	ctx := t.Context()
	if err := r.cast(ctx, "p", "bob", "a", ""); err != nil {
		t.Fatal(err)
	}
	shown, err := r.Messages(ctx, store.Viewer{UserID: "bob"}, store.View{CID: m.CID}, []string{m.ID})
	if err != nil || len(shown) != 1 || shown[0].Poll == nil || len(shown[0].Poll.OwnVotes) != 1 || shown[0].Poll.OwnVotes[0].User.ID != "bob" {
		t.Fatal(shown, err)
	}
	r.tx(func(ctx context.Context, tx *store.Tx) error {
		p, err := tx.LockPoll(ctx, "p")
		if err != nil {
			return err
		}
		_, err = tx.DeletePoll(ctx, p, tx.Now())
		return err
	})
	if left := r.countAll(`SELECT count(*) FROM poll_votes WHERE app_id = $1`); left != 0 {
		t.Errorf("%d votes are left", left)
	}
	if m, err = r.Message(ctx, m.ID); err != nil || m.PollID != "" {
		t.Error(m, err)
	}
	if _, err := r.Poll(ctx, "", "p"); chat.KindOf(err) != chat.NotFound {
		t.Error(err)
	}
}

func (r *room) countAll(sql string) int {
	r.t.Helper()
	var n int
	if err := r.pool.QueryRow(r.t.Context(), sql, r.ID).Scan(&n); err != nil {
		r.t.Fatal(err)
	}
	return n
}
