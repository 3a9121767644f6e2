package messages

import (
	"context"
	"math"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/access"
	"chatd/internal/chat"
	"chatd/internal/permission"
	"chatd/internal/store"
)

// The limits of reactions.
const (
	maxReactionType   = 30 // characters
	maxReactionOffset = 1000
	defaultReactions  = 25
	maxReactionQuery  = 100
	getReactions      = 100 // by default
)

// ReactionRequest is a reaction as clients send one.
type ReactionRequest struct {
	chat.ActAs

	Type   string         `json:"type"`
	Score  *int           `json:"score"`
	Custom jsontext.Value `json:",embed"`
}

// givenBack are fields of a reaction that the server fills in.
var givenBack = set("message_id", "created_at", "updated_at")

// SendReactionRequest reacts to a message. EnforceUnique takes the user's other
// reactions away.
type SendReactionRequest struct {
	ID            string           `path:"id" json:"-"`
	Reaction      *ReactionRequest `json:"reaction"`
	EnforceUnique bool             `json:"enforce_unique"`
}

// Validate checks the reaction.
func (r *SendReactionRequest) Validate() error {
	switch {
	case r.Reaction == nil:
		return chat.Errorf(chat.Invalid, "reaction is a required field")
	case r.Reaction.Type == "":
		return chat.Errorf(chat.Invalid, "reaction.type is a required field")
	case utf8.RuneCountInString(r.Reaction.Type) > maxReactionType:
		return chat.Errorf(chat.Invalid, "reaction.type must be %d characters or less", maxReactionType)
	case r.Reaction.Score != nil && (*r.Reaction.Score > math.MaxInt32 || *r.Reaction.Score < math.MinInt32):
		return chat.Errorf(chat.Invalid, "reaction.score must be %d or less", math.MaxInt32)
	}
	r.Reaction.Custom = stripped(r.Reaction.Custom, givenBack)
	return chat.CheckCustom("reaction", r.Reaction.Custom, chat.MaxReactionCustom, nil)
}

// ReactionResponse is a reaction and its message as it is then.
type ReactionResponse struct {
	Message  *chat.Message  `json:"message"`
	Reaction *chat.Reaction `json:"reaction"`
}

// SendReaction reacts to a message as the actor. Reacting again with the same type
// replaces score and custom data.
func (s *Service) SendReaction(ctx context.Context, r *SendReactionRequest) (*ReactionResponse, error) {
	ctx, err := s.Access.ActAsAuthor(ctx, "reaction.", r.Reaction.ActAs, true)
	if err != nil {
		return nil, err
	}
	seat, err := s.mayReact(ctx, r.ID, func(seat *access.Seat) error { return seat.Require(permission.CreateReaction) })
	if err != nil {
		return nil, err
	}
	actor, app := s.app(ctx)
	if err := needUser(actor); err != nil {
		return nil, err
	}
	var resp *ReactionResponse
	err = app.InTx(ctx, func(tx *store.Tx) error {
		m, err := lockAlive(ctx, tx, r.ID)
		if err != nil {
			return err
		}
		reaction := &chat.Reaction{UserID: actor.UserID, User: actor.User.Public(), Type: r.Reaction.Type, Score: 1, Custom: r.Reaction.Custom}
		if r.Reaction.Score != nil {
			reaction.Score = *r.Reaction.Score
		}
		replaced, err := tx.PutReaction(ctx, m, reaction, r.EnforceUnique, tx.Now())
		if err != nil {
			return err
		}
		typ := evReactionNew
		if replaced {
			typ = evReactionUpdated
		}
		resp, err = s.reacted(ctx, tx, seat, typ, m, reaction)
		return err
	})
	return resp, err
}

// mayReact checks that the actor may change the reactions of a message.
func (s *Service) mayReact(ctx context.Context, id string, allowed func(*access.Seat) error) (*access.Seat, error) {
	seat, _, err := s.find(ctx, id)
	if err != nil {
		return nil, err
	}
	if !seat.Channel.Config.Reactions {
		return nil, unsupported(seat, "reactions")
	}
	if err := allowed(seat); err != nil {
		return nil, err
	}
	if seat.Channel.Frozen && !seat.May(permission.UseFrozenChannel, seat.Owner()) {
		return nil, chat.Errorf(chat.NotAllowed, "channel %s is frozen", seat.Channel.CID)
	}
	return seat, nil
}

// lockAlive locks a message that is not deleted.
func lockAlive(ctx context.Context, tx *store.Tx, id string) (*chat.Message, error) {
	m, err := tx.LockMessage(ctx, id)
	if err != nil {
		return nil, err
	}
	return m, notDeleted(m)
}

// reacted tells of a change of a message's reactions and answers it.
func (s *Service) reacted(ctx context.Context, tx *store.Tx, seat *access.Seat, typ string, m *chat.Message, r *chat.Reaction) (*ReactionResponse, error) {
	seen, err := s.views(ctx, tx.App, seat, m)
	if err != nil {
		return nil, err
	}
	ch, err := tx.EventChannel(ctx, m.CID)
	if err != nil {
		return nil, err
	}
	ev := about(typ, tx.ID, seen.public, seat.Channel)
	ev.Reaction, ev.User, ev.Channel = r, r.User, ch
	return &ReactionResponse{Message: seen.own, Reaction: r}, s.emit(ctx, tx, ev)
}

// DeleteReactionRequest takes a user's reaction off a message.
type DeleteReactionRequest struct {
	chat.ActAs

	ID   string `path:"id" json:"-"`
	Type string `path:"type" json:"-"`
}

// DeleteReaction takes the actor's reaction of one type off a message.
func (s *Service) DeleteReaction(ctx context.Context, r *DeleteReactionRequest) (*ReactionResponse, error) {
	seat, err := s.mayReact(ctx, r.ID, func(seat *access.Seat) error { return seat.RequireOf(permission.DeleteReaction, true) })
	if err != nil {
		return nil, err
	}
	actor, app := s.app(ctx)
	if err := needUser(actor); err != nil {
		return nil, err
	}
	var resp *ReactionResponse
	err = app.InTx(ctx, func(tx *store.Tx) error {
		m, err := lockAlive(ctx, tx, r.ID)
		if err != nil {
			return err
		}
		gone, err := tx.DeleteReaction(ctx, m, actor.UserID, r.Type, tx.Now())
		if err != nil {
			return err
		}
		gone.User = actor.User.Public()
		resp, err = s.reacted(ctx, tx, seat, evReactionDeleted, m, gone)
		return err
	})
	return resp, err
}

// ReactionsResponse is a page of reactions.
type ReactionsResponse struct {
	Reactions []*chat.Reaction `json:"reactions"`
	Next      string           `json:"next,omitzero"`
	Prev      string           `json:"prev,omitzero"`
}

// GetReactionsRequest asks for a message's reactions.
type GetReactionsRequest struct {
	ID     string `path:"id" json:"-"`
	Limit  int    `query:"limit" json:"limit"`
	Offset int    `query:"offset" json:"offset"`
}

// Validate checks the page.
func (r *GetReactionsRequest) Validate() error {
	if err := chat.CheckRange("limit", r.Limit, maxPage); err != nil {
		return err
	}
	return chat.CheckRange("offset", r.Offset, maxReactionOffset)
}

// GetReactions returns a message's reactions, newest first.
func (s *Service) GetReactions(ctx context.Context, r *GetReactionsRequest) (*ReactionsResponse, error) {
	if err := s.mayListReactions(ctx, r.ID); err != nil {
		return nil, err
	}
	if r.Limit == 0 {
		r.Limit = getReactions
	}
	_, app := s.app(ctx)
	list, err := app.Reactions(ctx, r.ID, r.Limit, r.Offset)
	if err != nil {
		return nil, err
	}
	return &ReactionsResponse{Reactions: list}, nil
}

// QueryReactionsRequest asks for reactions of a message by filter.
type QueryReactionsRequest struct {
	chat.ActAs

	ID     string         `path:"id" json:"-"`
	Filter jsontext.Value `json:"filter"`
	Sort   jsontext.Value `json:"sort"`
	Limit  int            `json:"limit"`
	Next   string         `json:"next"`
	Prev   string         `json:"prev"`
}

// Validate checks the page.
func (r *QueryReactionsRequest) Validate() error {
	return chat.CheckRange("limit", r.Limit, maxReactionQuery)
}

// QueryReactions returns the reactions that the filter selects, by default the
// newest first.
func (s *Service) QueryReactions(ctx context.Context, r *QueryReactionsRequest) (*ReactionsResponse, error) {
	if err := s.mayListReactions(ctx, r.ID); err != nil {
		return nil, err
	}
	if r.Limit == 0 {
		r.Limit = defaultReactions
	}
	_, app := s.app(ctx)
	list, next, prev, err := app.QueryReactions(ctx, store.ReactionQuery{
		MessageID: r.ID, Filter: r.Filter, Sort: r.Sort, Limit: r.Limit, Next: r.Next, Prev: r.Prev,
	})
	if err != nil {
		return nil, err
	}
	return &ReactionsResponse{Reactions: list, Next: next, Prev: prev}, nil
}

func (s *Service) mayListReactions(ctx context.Context, id string) error {
	seat, _, err := s.find(ctx, id)
	if err != nil {
		return err
	}
	if err := seat.Read(); err != nil {
		return err
	}
	if !seat.Channel.Config.Reactions {
		return unsupported(seat, "reactions")
	}
	return nil
}
