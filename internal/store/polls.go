package store

import (
	"context"
	"slices"
	"time"

	"chatd/internal/chat"
)

const pollColumns = `p.id, p.name, p.description, p.voting_visibility, p.enforce_unique_vote, p.max_votes_allowed,
	p.allow_user_suggested_options, p.allow_answers, p.is_closed, p.options, p.vote_count, p.vote_counts, p.answers_count,
	p.created_by_id, p.custom, p.created_at, p.updated_at, p.version`

// MaxPollMessages bounds the messages that carry one poll: all that happens to it
// is told for each of them.
const MaxPollMessages = 10

func errNoPoll(id string) error {
	return chat.Errorf(chat.NotFound, "poll with id %s doesn't exist", id)
}

// InsertPoll creates a poll without votes; Invalid when the id is taken.
func (a *App) InsertPoll(ctx context.Context, p *chat.Poll) error {
	_, err := exec(ctx, a.db, `
		INSERT INTO polls (app_id, id, name, description, voting_visibility, enforce_unique_vote, max_votes_allowed,
			allow_user_suggested_options, allow_answers, is_closed, options, created_by_id, custom, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::jsonb, $12, $13::jsonb, $14, $14)`,
		a.ID, p.ID, p.Name, p.Description, p.VotingVisibility, p.EnforceUniqueVote, p.MaxVotesAllowed,
		p.AllowUserSuggestedOptions, p.AllowAnswers, p.IsClosed, options(p), p.CreatedByID, object(p.Custom), p.CreatedAt)
	if isUnique(err, "polls_pkey") {
		return chat.Errorf(chat.Invalid, "a poll with ID %s already exists", p.ID)
	}
	return err
}

// options are a poll's options, never NULL.
func options(p *chat.Poll) []*chat.PollOption {
	if p.Options == nil {
		return []*chat.PollOption{}
	}
	return p.Options
}

// Poll returns a poll as the viewer sees it: with the latest votes and, unless
// viewer is "", his own; NotFound when there is none.
func (a *App) Poll(ctx context.Context, viewer, id string) (*chat.Poll, error) {
	r := newPollReading(viewer, id)
	if err := a.readPolls(ctx, r); err != nil {
		return nil, err
	}
	if r.byID[id] == nil {
		return nil, errNoPoll(id)
	}
	return r.byID[id], nil
}

// LockPoll returns a poll as it is stored, without votes, and keeps others from
// changing it and from voting until the transaction ends; NotFound when there is
// none. It is locked before messages are.
func (t *Tx) LockPoll(ctx context.Context, id string) (*chat.Poll, error) {
	p, err := maybe[chat.Poll](ctx, t.db, `SELECT `+pollColumns+` FROM polls p WHERE p.app_id = $1 AND p.id = $2 FOR NO KEY UPDATE`, t.ID, id)
	if err == nil && p == nil {
		err = errNoPoll(id)
	}
	return p, err
}

// SavePoll writes what updates may change of a locked poll (LockPoll), and removes
// the votes for options that it does not have any more. Counts and UpdatedAt are
// set in p.
func (t *Tx) SavePoll(ctx context.Context, p *chat.Poll) error {
	var gone []string
	for id, n := range p.VoteCountsByOption {
		if p.Option(id) == nil {
			gone = append(gone, id)
			delete(p.VoteCountsByOption, id)
			p.VoteCount -= n
		}
	}
	if len(gone) > 0 {
		if _, err := exec(ctx, t.db, `DELETE FROM poll_votes WHERE app_id = $1 AND poll_id = $2 AND option_id = ANY ($3)`, t.ID, p.ID, gone); err != nil {
			return err
		}
	}
	p.UpdatedAt = t.Now()
	_, err := exec(ctx, t.db, `
		UPDATE polls SET name = $3, description = $4, voting_visibility = $5, enforce_unique_vote = $6, max_votes_allowed = $7,
			allow_user_suggested_options = $8, allow_answers = $9, is_closed = $10, options = $11::jsonb, vote_count = $12,
			vote_counts = $13::jsonb, custom = $14::jsonb, updated_at = $15, version = version + 1
		WHERE app_id = $1 AND id = $2`,
		t.ID, p.ID, p.Name, p.Description, p.VotingVisibility, p.EnforceUniqueVote, p.MaxVotesAllowed,
		p.AllowUserSuggestedOptions, p.AllowAnswers, p.IsClosed, options(p), p.VoteCount,
		voteCounts(p), object(p.Custom), p.UpdatedAt)
	return err
}

// DeletePoll removes a locked poll (LockPoll) with its votes, and takes it off the
// messages that carry it, which it returns unless they are deleted, oldest first, not
// hydrated.
func (t *Tx) DeletePoll(ctx context.Context, p *chat.Poll, at time.Time) ([]*chat.Message, error) {
	list, err := t.messages(ctx, `
		UPDATE messages m SET poll_id = '', updated_at = `+risen("$3", "m")+` WHERE m.app_id = $1 AND m.poll_id = $2 AND m.poll_id <> ''
		RETURNING `+messageColumns, t.ID, p.ID, at)
	if err != nil {
		return nil, err
	}
	if _, err := exec(ctx, t.db, `DELETE FROM poll_votes WHERE app_id = $1 AND poll_id = $2`, t.ID, p.ID); err != nil {
		return nil, err
	}
	if _, err := exec(ctx, t.db, `DELETE FROM polls WHERE app_id = $1 AND id = $2`, t.ID, p.ID); err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(m *chat.Message) bool { return m.DeletedAt != nil })
	slices.SortFunc(list, func(a, b *chat.Message) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return list, nil
}

// PollMessages returns the messages that carry a poll and are not deleted, oldest
// first, not hydrated.
func (a *App) PollMessages(ctx context.Context, pollID string) ([]*chat.Message, error) {
	return a.messages(ctx, `
		SELECT `+messageColumns+` FROM messages m
		WHERE m.app_id = $1 AND m.poll_id = $2 AND m.poll_id <> '' AND m.deleted_at IS NULL ORDER BY m.created_at LIMIT $3`,
		a.ID, pollID, MaxPollMessages)
}

// CarryPoll allows one more message to carry a poll, which lives on at least until
// the transaction ends. NotFound when there is no such poll; Invalid when
// MaxPollMessages carry it already.
func (t *Tx) CarryPoll(ctx context.Context, id string) error {
	if _, err := t.LockPoll(ctx, id); err != nil {
		return err
	}
	list, err := t.PollMessages(ctx, id)
	if err == nil && len(list) >= MaxPollMessages {
		err = chat.Errorf(chat.Invalid, "poll with id %s is already attached to %d messages", id, MaxPollMessages)
	}
	return err
}
