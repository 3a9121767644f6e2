package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"chatd/internal/chat"
)

// latestVotes is how many votes for each option, and answers, are shown with a poll.
const latestVotes = 10

// pollReading reads polls with what they show beside their rows, for one viewer, in
// a number of statements that does not depend on how many there are: queue them,
// add whom they name to the users to be read (names), and put it together (finish).
type pollReading struct {
	viewer string
	ids    []string
	byID   map[string]*chat.Poll
	latest []*chat.PollVote
	own    []*chat.PollVote
}

func newPollReading(viewer string, ids ...string) *pollReading {
	return &pollReading{viewer: viewer, ids: ids, byID: make(map[string]*chat.Poll, len(ids))}
}

// queue adds the statements to a batch. Rows that byID has already are not read.
func (r *pollReading) queue(app chat.AppID, b *pgx.Batch) {
	if len(r.byID) == 0 {
		b.Queue(`SELECT `+pollColumns+` FROM polls p WHERE p.app_id = $1 AND p.id = ANY ($2)`, app, r.ids).Query(r.rows)
	}
	b.Queue(`
		SELECT v.* FROM polls p
		CROSS JOIN LATERAL (
			SELECT jsonb_object_keys(p.vote_counts) AS id WHERE p.voting_visibility <> 'anonymous'
			UNION ALL SELECT '' WHERE p.answers_count > 0) o
		CROSS JOIN LATERAL (
			SELECT `+voteColumns+` FROM poll_votes v WHERE v.app_id = p.app_id AND v.poll_id = p.id AND v.option_id = o.id
			ORDER BY v.created_at DESC, v.id DESC LIMIT $3) v
		WHERE p.app_id = $1 AND p.id = ANY ($2)
		ORDER BY v.created_at DESC, v.id DESC`, app, r.ids, latestVotes).Query(votesInto(&r.latest))
	if r.viewer != "" {
		b.Queue(`
			SELECT `+voteColumns+` FROM poll_votes v WHERE v.app_id = $1 AND v.poll_id = ANY ($2) AND v.user_id = $3
			ORDER BY v.created_at DESC, v.id DESC`, app, r.ids, r.viewer).Query(votesInto(&r.own))
	}
}

func (r *pollReading) rows(rows pgx.Rows) error {
	list, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[chat.Poll])
	for _, p := range list {
		r.byID[p.ID] = p
	}
	return err
}

func votesInto(list *[]*chat.PollVote) func(pgx.Rows) error {
	return func(rows pgx.Rows) (err error) {
		*list, err = pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[chat.PollVote])
		markAnswers(*list)
		return err
	}
}

// names adds the users whom the polls name.
func (r *pollReading) names(ids map[string]bool) {
	for _, p := range r.byID {
		ids[p.CreatedByID] = true
	}
	for _, v := range r.latest {
		ids[v.UserID] = true
	}
	if len(r.own) > 0 {
		ids[r.viewer] = true
	}
}

// finish puts the polls together.
func (r *pollReading) finish(user func(id string) *chat.User) {
	for _, p := range r.byID {
		if p.CreatedByID != "" {
			p.CreatedBy = user(p.CreatedByID)
		}
		p.LatestVotesByOption = map[string][]*chat.PollVote{}
	}
	for _, v := range r.latest {
		p := r.byID[v.PollID]
		if p == nil {
			continue // it was created after the rows were read
		}
		v = signed(p, v, "", user)
		if v.IsAnswer {
			p.LatestAnswers = append(p.LatestAnswers, v)
			continue
		}
		if !p.Anonymous() {
			p.LatestVotesByOption[v.OptionID] = append(p.LatestVotesByOption[v.OptionID], v)
		}
	}
	for _, v := range r.own {
		if p := r.byID[v.PollID]; p != nil {
			p.OwnVotes = append(p.OwnVotes, signed(p, v, r.viewer, user))
		}
	}
}

// signed is a vote as the viewer may see it: with its voter, unless the voting is
// anonymous, or was when the vote was cast, and it is another's.
func signed(p *chat.Poll, v *chat.PollVote, viewer string, user func(id string) *chat.User) *chat.PollVote {
	if (p.Anonymous() || v.Anonymous) && (viewer == "" || v.UserID != viewer) {
		return v.Unsigned()
	}
	v.User = user(v.UserID)
	return v
}

// readPolls does a reading alone.
func (a *App) readPolls(ctx context.Context, r *pollReading) error {
	if len(r.ids) == 0 {
		return nil
	}
	b := &pgx.Batch{}
	r.queue(a.ID, b)
	if err := a.db.SendBatch(ctx, b).Close(); err != nil {
		return translate(err)
	}
	ids := map[string]bool{}
	r.names(ids)
	users, err := a.named(ctx, ids)
	if err != nil {
		return err
	}
	h := hydration{users: users}
	r.finish(h.user)
	return nil
}
