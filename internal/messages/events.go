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
	ev.ChannelMessageCount = ch.MessageCount // as it was some time ago
	return ev
}

// count puts the number of messages into events about one channel where its type
// counts them.
func count(ctx context.Context, app *store.App, events ...*chat.Event) error {
	if len(events) == 0 || events[0].ChannelMessageCount == nil {
		return nil
	}
	rows, err := app.Channels(ctx, events[0].CID)
	for _, ch := range rows {
		for _, ev := range events {
			ev.ChannelMessageCount = ch.MessageCount
		}
	}
	return err
}

// audience makes an event about a message reach those only who may see it. Of a
// message of a shadow-banned user the author is told as if nothing was the matter,
// and the others that it is shadowed, which clients do not show.
func (s *Service) audience(ctx context.Context, app *store.App, ev *chat.Event) ([]chat.Item, error) {
	m := ev.Message
	if len(m.RestrictedVisibility) > 0 {
		overseers, err := s.overseers(ctx, app, m.CID)
		if err != nil {
			return nil, err
		}
		ev.To.Only = slices.Concat(m.RestrictedVisibility, []string{m.UserID}, overseers)
	}
	if !m.Shadowed {
		return []chat.Item{ev}, nil
	}
	mine, theirs := *ev, *ev
	mine.Message, mine.Also = asAuthor(m), ""
	mine.To = chat.Audience{Kind: chat.ToWatchers, Only: []string{m.UserID}}
	theirs.To.Kind, theirs.To.Users, theirs.Also, theirs.WithUnread = chat.ToOtherWatcher, []string{m.UserID}, "", false
	return []chat.Item{&mine, &theirs}, nil
}

// emit tells of messages of one channel when the transaction has committed.
func (s *Service) emit(ctx context.Context, tx *store.Tx, events ...*chat.Event) error {
	if err := count(ctx, tx.App, events...); err != nil {
		return err
	}
	for _, ev := range events {
		items, err := s.audience(ctx, tx.App, ev)
		if err != nil {
			return err
		}
		tx.Emit(items...)
	}
	return nil
}

// overseers are those who may be told of messages that are meant for others, because
// their role allows it: members, and who watches.
func (s *Service) overseers(ctx context.Context, app *store.App, cid chat.CID) ([]string, error) {
	const most = 1000
	var watching []string
	if s.Hub != nil {
		watching = s.Hub.Watchers(app.ID, cid, most, 0)
	}
	return app.Overseers(ctx, cid, watching...)
}

// parentChanged is the event that tells of a message whose replies changed. parent
// is the caller's own.
func parentChanged(ctx context.Context, app *store.App, seat *access.Seat, parent *chat.Message) (*chat.Event, error) {
	if err := app.Hydrate(ctx, store.Viewer{Server: true}, parent); err != nil {
		return nil, err
	}
	parent.HideQuoted()
	ev := about(evUpdated, app.ID, parent, seat.Channel)
	ev.User = seat.Actor.User.Public()
	return ev, nil
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
	public.OwnReactions, public.Draft, public.Reminder, public.Shadowed = nil, nil, nil, stored
	public.Type, public.DeletedForMe, public.Poll = typ, false, m.Poll.Public()
	if q := m.QuotedMessage; q != nil {
		v := *q
		v.OwnReactions, v.Draft, v.Reminder, v.Poll = nil, nil, nil, q.Poll.Public()
		if v.DeletedForMe { // by the actor, not for the others
			v.Type, v.DeletedForMe = typeOfOthers(q), false
		}
		public.QuotedMessage = &v
		public.HideQuoted()
	}
	return views{own: m, public: &public}, nil
}

// typeOfOthers is the type of a message that somebody deleted for himself, as others
// see it.
func typeOfOthers(m *chat.Message) string {
	switch {
	case m.DeletedAt != nil:
		return chat.MessageDeleted
	case m.ParentID != "":
		return chat.MessageReply
	}
	return chat.MessageRegular
}
