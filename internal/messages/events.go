package messages

import (
	"context"
	"slices"

	"chatd/internal/access"
	"chatd/internal/chat"
	"chatd/internal/store"
)

// The types of the events about messages and reactions.
const (
	evNew             = "message.new"
	evNotifyNew       = "notification.message_new"
	evThreadNew       = "notification.thread_message_new"
	evUpdated         = "message.updated"
	evDeleted         = "message.deleted"
	evUndeleted       = "message.undeleted"
	evVisible         = "channel.visible"
	evReactionNew     = "reaction.new"
	evReactionUpdated = "reaction.updated"
	evReactionDeleted = "reaction.deleted"
)

// about is an event about a message, for those who watch its channel.
func about(typ string, app chat.AppID, m *chat.Message, ch *chat.Channel) *chat.Event {
	ev := chat.ChannelEvent(typ, app, m.CID, m.UpdatedAt)
	ev.Message, ev.MessageID = m, m.ID
	ev.Team, ev.ChannelMemberCount, ev.ChannelCustom = ch.Team, &ch.MemberCount, ch.Custom
	return ev
}

// audience makes an event about a message reach those only who may see it. Of a
// message of a shadow-banned user the author is told as if nothing was the matter,
// and the others that it is shadowed, which clients do not show.
func audience(ev *chat.Event) []chat.Item {
	m := ev.Message
	if len(m.RestrictedVisibility) > 0 {
		ev.To.Only = m.RestrictedVisibility
		if !slices.Contains(ev.To.Only, m.UserID) {
			ev.To.Only = append(slices.Clone(ev.To.Only), m.UserID)
		}
	}
	if !m.Shadowed {
		return []chat.Item{ev}
	}
	mine, theirs := *ev, *ev
	mine.Message, mine.Also = asAuthor(m), ""
	mine.To = chat.Audience{Kind: chat.ToWatchers, Only: []string{m.UserID}}
	theirs.To.Kind, theirs.To.Users, theirs.Also, theirs.WithUnread = chat.ToOtherWatcher, []string{m.UserID}, "", false
	return []chat.Item{&mine, &theirs}
}

// parentChanged are the events that tell of a message whose replies changed. parent
// is the caller's own.
func parentChanged(ctx context.Context, app *store.App, seat *access.Seat, parent *chat.Message) ([]chat.Item, error) {
	if err := app.Hydrate(ctx, store.Viewer{Server: true}, parent); err != nil {
		return nil, err
	}
	hideQuoted(parent)
	ev := about(evUpdated, app.ID, parent, seat.Channel)
	ev.User = author(seat.Actor)
	return audience(ev), nil
}

// hideQuoted takes away from a message that everybody is told of a quoted one that
// is not for everybody. Who may see it gets it when he reads the message.
func hideQuoted(m *chat.Message) {
	q := m.QuotedMessage
	if q == nil {
		return
	}
	restricted := len(q.RestrictedVisibility) > 0 &&
		(len(m.RestrictedVisibility) == 0 || !q.VisibleTo(m.UserID) || slices.ContainsFunc(m.RestrictedVisibility, func(id string) bool { return !q.VisibleTo(id) }))
	if restricted || q.Shadowed && !m.Shadowed {
		m.QuotedMessage = nil
	}
}

// views are a message as two sides see it: the actor, and everybody.
type views struct{ own, public *chat.Message }

// views hydrates a message that is the caller's own.
func (s *Service) views(ctx context.Context, app *store.App, seat *access.Seat, m *chat.Message) (views, error) {
	stored, typ := m.Shadowed, m.Type
	if err := app.Hydrate(ctx, seat.Viewer(), m); err != nil {
		return views{}, err
	}
	public := *m
	public.OwnReactions, public.Shadowed = nil, stored
	public.Type, public.DeletedForMe = typ, false
	if q := m.QuotedMessage; q != nil {
		v := *q
		v.OwnReactions = nil
		if v.DeletedForMe { // by the actor, not for the others
			v.Type, v.DeletedForMe = chat.MessageRegular, false
		}
		public.QuotedMessage = &v
		hideQuoted(&public)
	}
	return views{own: m, public: &public}, nil
}
