package channels

import (
	"context"

	"chatd/internal/access"
	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/store"
)

// saying is a message that goes along with a change.
type saying struct {
	s      *Service
	before *access.Seat // the speaker's, before the change
	m      *chat.MessageRequest
}

// prepare finds out who says a message that is to go along with a change: the actor, or
// the user whom a server-side call names in it. It returns nil for no message.
func (s *Service) prepare(ctx context.Context, seat *access.Seat, m *chat.MessageRequest) (*saying, error) {
	if m == nil {
		return nil, nil //nolint:nilnil // there is nothing to say
	}
	ctx, err := s.Access.ActAsAuthor(ctx, "message.", m.ActAs, seat.Actor.UserID == "")
	if err != nil {
		return nil, err
	}
	p := &saying{s: s, before: seat, m: m}
	if auth.FromContext(ctx).UserID != seat.Actor.UserID {
		p.before, err = s.Access.Seat(ctx, seat.Channel.CID)
	}
	return p, err
}

// post posts the message in the transaction of the change, after which the channel is
// ch. A message that is refused ends the transaction. Who has just left may still say
// so. A nil saying does nothing.
func (p *saying) post(ctx context.Context, tx *store.Tx, ch *chat.Channel) (*chat.Message, error) {
	if p == nil {
		return nil, nil //nolint:nilnil // there is nothing to say
	}
	by := p.before.Actor
	members, err := tx.MembersNamed(ctx, ch, by.UserID)
	if err != nil {
		return nil, err
	}
	member := members[by.UserID]
	if member == nil {
		member = p.before.Member
	}
	return p.s.Messages.PostSystem(ctx, tx, access.NewSeat(by, ch, p.before.Type, member), p.m)
}
