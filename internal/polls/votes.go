package polls

import (
	"context"

	"chatd/internal/access"
	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/permission"
	"chatd/internal/store"
)

// VoteResponse is a vote and its poll as it is then.
type VoteResponse struct {
	Vote *chat.PollVote `json:"vote"`
	Poll *chat.Poll     `json:"poll"`
}

// VoteData is a vote as clients send one: for an option, or an answer.
type VoteData struct {
	OptionID   string `json:"option_id"`
	AnswerText string `json:"answer_text"`
}

// CastRequest votes in a poll that a message carries.
type CastRequest struct {
	chat.ActAs

	MessageID string    `path:"message_id" json:"-"`
	PollID    string    `path:"poll_id" json:"-"`
	Vote      *VoteData `json:"vote"`
}

// Validate checks the vote.
func (r *CastRequest) Validate() error {
	switch v := r.Vote; {
	case v == nil:
		return chat.Errorf(chat.Invalid, "vote is a required field")
	case v.OptionID == "" && v.AnswerText == "":
		return chat.Errorf(chat.Invalid, "either vote.option_id or vote.answer_text must be provided")
	case v.OptionID != "" && v.AnswerText != "":
		return chat.Errorf(chat.Invalid, "cannot set both vote.option_id and vote.answer_text.")
	default:
		return text("vote.answer_text", v.AnswerText, maxText)
	}
}

// Cast votes as the actor. Voting so again changes nothing and is not told.
func (s *Service) Cast(ctx context.Context, r *CastRequest) (*VoteResponse, error) {
	actor, err := s.mayVote(ctx, r.MessageID, r.PollID)
	if err != nil {
		return nil, err
	}
	if err := needUser(actor); err != nil {
		return nil, err
	}
	return s.voting(ctx, r.PollID, func(tx *store.Tx, p *chat.Poll) (string, *chat.PollVote, error) {
		v := &chat.PollVote{UserID: actor.UserID, OptionID: r.Vote.OptionID, AnswerText: r.Vote.AnswerText, IsAnswer: r.Vote.OptionID == ""}
		switch {
		case v.IsAnswer && !p.AllowAnswers:
			return "", nil, chat.Errorf(chat.Invalid, "poll with id %s does not allow answers", p.ID)
		case !v.IsAnswer && p.Option(v.OptionID) == nil:
			return "", nil, noOption(p, v.OptionID)
		}
		cast, err := tx.CastVote(ctx, p, v, tx.Now())
		if err != nil {
			return "", nil, err
		}
		return map[store.Cast]string{store.VoteAdded: evCasted, store.VoteChanged: evChanged}[cast], v, nil
	})
}

// DeleteVoteRequest takes a vote back.
type DeleteVoteRequest struct {
	chat.ActAs

	MessageID string `path:"message_id" json:"-"`
	PollID    string `path:"poll_id" json:"-"`
	ID        string `path:"vote_id" json:"-"`
}

// DeleteVote takes a vote of the actor back; the server side may take anybody's.
func (s *Service) DeleteVote(ctx context.Context, r *DeleteVoteRequest) (*VoteResponse, error) {
	actor, err := s.mayVote(ctx, r.MessageID, r.PollID)
	if err != nil {
		return nil, err
	}
	return s.voting(ctx, r.PollID, func(tx *store.Tx, p *chat.Poll) (string, *chat.PollVote, error) {
		v, err := tx.PollVote(ctx, p.ID, r.ID)
		if err != nil {
			return "", nil, err
		}
		if actor.UserID != "" && actor.UserID != v.UserID {
			return "", nil, chat.Errorf(chat.NotAllowed, "vote with id %s was cast by another user", v.ID)
		}
		return evRemoved, v, tx.RemoveVote(ctx, p, v)
	})
}

// mayVote checks that the actor may vote in the poll that a message carries.
func (s *Service) mayVote(ctx context.Context, messageID, pollID string) (*auth.Actor, error) {
	seat, m, err := s.Access.Message(ctx, messageID)
	if err != nil {
		return nil, err
	}
	switch {
	case m.DeletedAt != nil:
		return nil, chat.Errorf(chat.Invalid, "message with id %s has been deleted", m.ID)
	case m.PollID != pollID:
		return nil, chat.Errorf(chat.Invalid, "poll with id %s is not attached to message with id %s", pollID, m.ID)
	}
	return seat.Actor, mayVoteIn(seat)
}

func mayVoteIn(seat *access.Seat) error {
	if !seat.Channel.Config.Polls {
		return chat.Errorf(chat.FeatureNotSupported, "Channel type %s does not support polls", seat.Channel.Type)
	}
	if err := seat.Require(permission.CastVote); err != nil {
		return err
	}
	if seat.Channel.Frozen && !seat.May(permission.UseFrozenChannel, seat.Owner()) {
		return chat.Errorf(chat.NotAllowed, "channel %s is frozen", seat.Channel.CID)
	}
	return nil
}

// voting changes the votes of an open poll under its lock, and tells of it by the
// event that change returns, unless that is "".
func (s *Service) voting(ctx context.Context, pollID string, change func(*store.Tx, *chat.Poll) (string, *chat.PollVote, error)) (*VoteResponse, error) {
	actor, app := s.app(ctx)
	var resp *VoteResponse
	err := app.InTx(ctx, func(tx *store.Tx) error {
		p, err := tx.LockPoll(ctx, pollID)
		if err != nil {
			return err
		}
		if p.IsClosed {
			return closed(p)
		}
		typ, v, err := change(tx, p)
		if err != nil {
			return err
		}
		voter, err := tx.User(ctx, v.UserID)
		if err != nil {
			return err
		}
		v.User = voter.Public()
		after, err := tx.Poll(ctx, actor.UserID, pollID)
		if err != nil {
			return err
		}
		resp = &VoteResponse{Vote: v, Poll: after}
		if (after.Anonymous() || v.Anonymous) && v.UserID != actor.UserID { // to the server side, too
			resp.Vote = v.Unsigned()
		}
		if typ == "" {
			return nil
		}
		return s.tell(ctx, tx, typ, actor, after, v)
	})
	if err != nil {
		return nil, err
	}
	return resp, nil
}
