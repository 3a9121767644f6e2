package polls

import (
	"context"
	"slices"

	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/store"
)

// The types of the events about polls.
const (
	evUpdated = "poll.updated"
	evClosed  = "poll.closed"
	evDeleted = "poll.deleted"
	evCasted  = "poll.vote_casted"
	evChanged = "poll.vote_changed"
	evRemoved = "poll.vote_removed"
)

// tell emits an event about a poll for each message that carries it. p is the poll
// as somebody sees it; v is the vote that it is about, or nil. Only of a poll's end it
// is told who brought it about.
func (s *Service) tell(ctx context.Context, tx *store.Tx, typ string, by *auth.Actor, p *chat.Poll, v *chat.PollVote) error {
	msgs, err := tx.PollMessages(ctx, p.ID)
	if err != nil {
		return err
	}
	if err := tx.Hydrate(ctx, store.Viewer{Server: true}, msgs...); err != nil {
		return err
	}
	now := tx.Now()
	for _, m := range msgs {
		ev := chat.ChannelEvent(typ, tx.ID, m.CID, now)
		ev.Message, ev.MessageID, ev.Poll, ev.PollVote = m, m.ID, p.Public(), v
		if typ == evDeleted {
			ev.User = by.User.Public()
		}
		items, err := s.Messages.Audience(ctx, tx, by, ev)
		if err != nil {
			return err
		}
		if v != nil && (p.Anonymous() || v.Anonymous) {
			items = secret(items, v)
		}
		tx.Emit(items...)
	}
	return nil
}

// secret makes events about an anonymous vote name the voter to himself only.
func secret(items []chat.Item, v *chat.PollVote) []chat.Item {
	var out []chat.Item
	for _, it := range items {
		ev, ok := it.(*chat.Event)
		if !ok {
			continue
		}
		to := ev.To
		mine, theirs := *ev, *ev
		mine.To = chat.Audience{Kind: chat.ToWatchers, Only: []string{v.UserID}}
		theirs.To = chat.Audience{Kind: chat.ToOtherWatcher, Users: append(slices.Clip(to.Users), v.UserID), Only: to.Only}
		theirs.PollVote = v.Unsigned()
		if (to.Only == nil || slices.Contains(to.Only, v.UserID)) && !slices.Contains(to.Users, v.UserID) {
			out = append(out, &mine)
		}
		out = append(out, &theirs)
	}
	return out
}
