package store

import (
	"context"
	"time"

	"chatd/internal/chat"
)

const voteColumns = `v.id, v.poll_id, v.user_id, v.option_id, v.answer_text, v.anonymous, v.created_at, v.updated_at`

// votes runs a query for voteColumns.
func (a *App) votes(ctx context.Context, sql string, args ...any) ([]*chat.PollVote, error) {
	list, err := many[chat.PollVote](ctx, a.db, sql, args...)
	markAnswers(list)
	return list, err
}

func markAnswers(list []*chat.PollVote) {
	for _, v := range list {
		v.IsAnswer = v.OptionID == ""
	}
}

// PollVote returns a vote, signed; NotFound when the poll has none with this id.
func (a *App) PollVote(ctx context.Context, pollID, id string) (*chat.PollVote, error) {
	list, err := a.votes(ctx, `SELECT `+voteColumns+` FROM poll_votes v WHERE v.app_id = $1 AND v.poll_id = $2 AND v.id = $3`, a.ID, pollID, id)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, chat.Errorf(chat.NotFound, "vote with id %s doesn't exist in poll with id %s", id, pollID)
	}
	return list[0], nil
}

// Cast is what casting a vote did.
type Cast int

// What casting a vote did.
const (
	VoteAdded   Cast = iota
	VoteChanged      // it took the place of another
	VoteKept         // the voter had voted so before, nothing changed
)

// CastVote adds a vote of one user to a locked poll (LockPoll), counts it in p too,
// and tells what that did. An answer takes the place, and the id, of his earlier
// one; so does a vote where everybody has one only. Of v the id and the times are
// filled in. Invalid when he has as many votes as the poll allows.
func (t *Tx) CastVote(ctx context.Context, p *chat.Poll, v *chat.PollVote, at time.Time) (Cast, error) {
	had, err := t.votes(ctx, `
		SELECT `+voteColumns+` FROM poll_votes v WHERE v.app_id = $1 AND v.poll_id = $2 AND v.user_id = $3 AND (v.option_id = '') = $4
		ORDER BY v.created_at, v.id`, t.ID, p.ID, v.UserID, v.IsAnswer)
	if err != nil {
		return VoteKept, err
	}
	var gone []*chat.PollVote
	switch {
	case v.IsAnswer, p.EnforceUniqueVote:
		gone = had
		if len(had) == 1 && had[0].OptionID == v.OptionID && had[0].AnswerText == v.AnswerText {
			*v = *had[0]
			return VoteKept, nil
		}
	default:
		for _, old := range had {
			if old.OptionID == v.OptionID {
				*v = *old
				return VoteKept, nil
			}
		}
		if p.MaxVotesAllowed != nil && len(had) >= *p.MaxVotesAllowed {
			return VoteKept, chat.Errorf(chat.Invalid, "a user cannot cast more than %d votes on poll with id %s", *p.MaxVotesAllowed, p.ID)
		}
	}
	cast := VoteAdded
	v.ID, v.PollID, v.Anonymous, v.CreatedAt, v.UpdatedAt = chat.NewID(), p.ID, p.Anonymous(), at, at
	if len(gone) > 0 {
		cast, v.ID = VoteChanged, gone[0].ID
	}
	if err := t.removeVotes(ctx, p, gone); err != nil {
		return VoteKept, err
	}
	if _, err := exec(ctx, t.db, `
		INSERT INTO poll_votes (app_id, poll_id, id, user_id, option_id, answer_text, anonymous, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)`, t.ID, p.ID, v.ID, v.UserID, v.OptionID, v.AnswerText, v.Anonymous, at); err != nil {
		return VoteKept, err
	}
	count(p, v, 1)
	return cast, t.saveCounts(ctx, p)
}

// RemoveVote removes a vote from a locked poll (LockPoll), in p too.
func (t *Tx) RemoveVote(ctx context.Context, p *chat.Poll, v *chat.PollVote) error {
	if err := t.removeVotes(ctx, p, []*chat.PollVote{v}); err != nil {
		return err
	}
	return t.saveCounts(ctx, p)
}

// removeVotes removes votes and counts them out of p.
func (t *Tx) removeVotes(ctx context.Context, p *chat.Poll, gone []*chat.PollVote) error {
	if len(gone) == 0 {
		return nil
	}
	ids := column(gone, func(v *chat.PollVote) string { return v.ID })
	if _, err := exec(ctx, t.db, `DELETE FROM poll_votes WHERE app_id = $1 AND poll_id = $2 AND id = ANY ($3)`, t.ID, p.ID, ids); err != nil {
		return err
	}
	for _, v := range gone {
		count(p, v, -1)
	}
	return nil
}

// count counts a vote into a poll, or out of it.
func count(p *chat.Poll, v *chat.PollVote, n int) {
	if v.IsAnswer {
		p.AnswersCount += n
		return
	}
	if p.VoteCountsByOption == nil {
		p.VoteCountsByOption = map[string]int{}
	}
	p.VoteCount += n
	if p.VoteCountsByOption[v.OptionID] += n; p.VoteCountsByOption[v.OptionID] <= 0 {
		delete(p.VoteCountsByOption, v.OptionID)
	}
}

func (t *Tx) saveCounts(ctx context.Context, p *chat.Poll) error {
	_, err := exec(ctx, t.db, `UPDATE polls SET vote_count = $3, vote_counts = $4::jsonb, answers_count = $5, version = version + 1 WHERE app_id = $1 AND id = $2`,
		t.ID, p.ID, p.VoteCount, voteCounts(p), p.AnswersCount)
	return err
}

// voteCounts are a poll's votes by option, never NULL.
func voteCounts(p *chat.Poll) map[string]int {
	if p.VoteCountsByOption == nil {
		return map[string]int{}
	}
	return p.VoteCountsByOption
}
