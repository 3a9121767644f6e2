package reads

import (
	"context"
	"slices"
	"time"

	"chatd/internal/chat"
	"chatd/internal/store"
)

// add adds an event about a channel.
func (y *syncing) add(typ string, cid chat.CID, at time.Time) *Event {
	ev := answered(chat.ChannelEvent(typ, y.actor.App.ID, cid, at))
	y.events = append(y.events, ev)
	return ev
}

// sorted returns the events, oldest first, in which nobody finds out that he is
// shadow-banned.
func (y *syncing) sorted() []*Event {
	for _, ev := range y.events {
		ev.User = ev.User.Public()
		if ev.Member != nil {
			ev.Member = ev.Member.Public()
		}
	}
	slices.SortStableFunc(y.events, func(a, b *Event) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return y.events
}

// isNew tells whether something happened since.
func (y *syncing) isNew(at *time.Time) bool { return at != nil && at.After(y.since) }

// tellClosed tells that the actor cannot see channels, as if he had been removed
// from each.
func (y *syncing) tellClosed() {
	for _, cid := range y.closed {
		at := y.app.Now()
		for _, d := range y.departed {
			if d.CID == cid && d.UserID == y.actor.UserID {
				at = d.At
			}
		}
		ev := y.add("notification.removed_from_channel", cid, at)
		ev.Channel = &chat.Channel{ID: cid.ID(), Type: cid.Type(), CID: cid, Config: &chat.TypeConfig{Name: cid.Type()}}
		ev.User, ev.Member = y.actor.User, &chat.Member{UserID: y.actor.UserID, User: y.actor.User}
	}
}

// channels tells what happened to the channels themselves and to the actor's
// memberships of them.
func (y *syncing) channels(ctx context.Context) error {
	var all, changed []*chat.Channel
	for _, seat := range y.seats {
		ch, m := seat.Channel, seat.Member
		all = append(all, ch)
		if y.isNew(&ch.UpdatedAt) || y.isNew(ch.TruncatedAt) || m != nil && (y.isNew(&m.UpdatedAt) || y.isNew(m.HiddenChangedAt)) {
			changed = append(changed, ch)
		}
	}
	if err := y.app.FillChannels(ctx, all...); err != nil {
		return err
	}
	members, err := y.app.MembersOf(ctx, changed, store.EventMembers, 0)
	if err != nil {
		return err
	}
	for _, ch := range changed {
		ch.Members = chat.PublicMembers(members[ch.CID])
	}
	for _, seat := range y.seats {
		y.channel(seat.Channel, seat.Member)
	}
	for _, ch := range y.deleted {
		ev := y.add("channel.deleted", ch.CID, *ch.DeletedAt)
		v := *ch
		v.Custom, v.LastMessageAt = nil, nil
		ev.Channel = &v
	}
	return nil
}

func (y *syncing) channel(ch *chat.Channel, m *chat.Member) {
	if y.isNew(&ch.CreatedAt) {
		ev := y.add("channel.created", ch.CID, ch.CreatedAt)
		ev.Channel, ev.User = ch, ch.CreatedBy
	}
	if m != nil {
		y.membership(ch, m)
	}
	if y.isNew(ch.TruncatedAt) {
		y.add("channel.truncated", ch.CID, *ch.TruncatedAt).Channel = ch
	}
	if y.isNew(&ch.UpdatedAt) && ch.UpdatedAt.After(ch.CreatedAt) {
		y.add("channel.updated", ch.CID, ch.UpdatedAt).Channel = ch
	}
}

// membership tells what happened to the actor's own membership.
func (y *syncing) membership(ch *chat.Channel, m *chat.Member) {
	joined := y.isNew(&m.CreatedAt)
	if joined {
		typ := "notification.added_to_channel"
		if m.Status == chat.StatusPending {
			typ = "notification.invited"
		}
		ev := y.add(typ, ch.CID, m.CreatedAt)
		ev.Channel, ev.Member, ev.User = ch, m, m.User
	}
	if !joined && y.isNew(&m.UpdatedAt) {
		y.member("member.updated", ch, m, m.UpdatedAt)
	}
	switch {
	case !y.isNew(m.HiddenChangedAt):
	case m.Hidden:
		ev := y.add("channel.hidden", ch.CID, *m.HiddenChangedAt)
		cleared := y.isNew(m.HideMessagesBefore)
		ev.Channel, ev.User, ev.ClearHistory = ch, y.actor.User, &cleared
	default:
		ev := y.add("channel.visible", ch.CID, *m.HiddenChangedAt)
		ev.Channel, ev.User = ch, y.actor.User
	}
}

// member tells what happened to a member. There may be many of these events, so
// the channel comes without its members.
func (y *syncing) member(typ string, ch *chat.Channel, m *chat.Member, at time.Time) {
	ev := y.add(typ, ch.CID, at)
	lean := *ch
	lean.Members = nil
	ev.Channel, ev.Member, ev.User, ev.ChannelLastMessageAt = &lean, m, m.User, ch.LastMessageAt
}

// members tells who else joined and left.
func (y *syncing) members(ctx context.Context) error {
	channels := make(map[chat.CID]*chat.Channel, len(y.seats))
	list := make([]*chat.Channel, len(y.seats))
	for i, seat := range y.seats {
		list[i], channels[seat.Channel.CID] = seat.Channel, seat.Channel
	}
	joined, err := y.app.MembersSince(ctx, list, y.since, maxSyncMembers)
	if err != nil {
		return err
	}
	for _, m := range joined {
		if m.UserID != y.actor.UserID {
			y.member("member.added", channels[m.AppCID], m, m.CreatedAt)
		}
	}
	ids := make([]string, len(y.departed))
	for i, d := range y.departed {
		ids[i] = d.UserID
	}
	users, err := y.app.Users(ctx, ids...)
	if err != nil {
		return err
	}
	for _, d := range y.departed {
		ch, u := channels[d.CID], users[d.UserID]
		if ch == nil || u == nil {
			continue
		}
		typ := "member.removed"
		if d.UserID == y.actor.UserID {
			typ = "notification.removed_from_channel"
		}
		y.member(typ, ch, &chat.Member{UserID: d.UserID, User: u}, d.At)
	}
	return nil
}

// messages tells what happened to messages.
func (y *syncing) messages(ctx context.Context) error {
	views := map[store.Viewer][]store.View{}
	for _, seat := range y.seats {
		v := seat.Viewer()
		views[v] = append(views[v], seat.View())
	}
	for v, list := range views { // one, or few: of owners and of moderators
		removed, err := y.app.RemovedSince(ctx, v, list, y.since, maxSyncEvents+1)
		if err != nil {
			return err
		}
		for _, m := range removed {
			y.message(m)
			y.events[len(y.events)-1].HardDelete = new(true)
		}
		msgs, err := y.app.MessagesSince(ctx, v, list, y.since, maxSyncEvents+1)
		if err != nil {
			return err
		}
		if len(msgs) > maxSyncEvents {
			return tooMuch()
		}
		for _, m := range msgs {
			y.message(m)
		}
	}
	return nil
}

func (y *syncing) message(m *chat.Message) {
	var ev *Event
	switch {
	case m.DeletedForMe:
		ev = y.add("message.deleted", m.CID, y.app.Now())
		ev.DeletedForMe, ev.HardDelete = new(true), new(false)
	case m.DeletedAt != nil:
		ev = y.add("message.deleted", m.CID, *m.DeletedAt)
		ev.HardDelete = new(false)
	case m.CreatedAt.After(y.since):
		ev = y.add("message.new", m.CID, m.CreatedAt)
		n := y.Hub.WatcherCount(y.actor.App.ID, m.CID)
		ev.WatcherCount = &n
	default:
		ev = y.add("message.updated", m.CID, m.UpdatedAt)
	}
	ev.Message, ev.MessageID, ev.User = m, m.ID, m.User
	ev.ParentID = m.ParentID
}
