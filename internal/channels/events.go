package channels

import (
	"time"

	"chatd/internal/access"
	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/wire"
)

// The types of the events about channels and members.
const (
	evChannelCreated      = "channel.created"
	evChannelUpdated      = "channel.updated"
	evChannelDeleted      = "channel.deleted"
	evChannelTruncated    = "channel.truncated"
	evChannelHidden       = "channel.hidden"
	evChannelVisible      = "channel.visible"
	evChannelFrozen       = "channel.frozen"
	evChannelUnfrozen     = "channel.unfrozen"
	evChannelKicked       = "channel.kicked"
	evMemberAdded         = "member.added"
	evMemberUpdated       = "member.updated"
	evMemberRemoved       = "member.removed"
	evAddedToChannel      = "notification.added_to_channel"
	evRemovedFromChannel  = "notification.removed_from_channel"
	evInvited             = "notification.invited"
	evInviteAccepted      = "notification.invite_accepted"
	evInviteRejected      = "notification.invite_rejected"
	evNotifyDeleted       = "notification.channel_deleted"
	evNotifyTruncated     = "notification.channel_truncated"
	evNotifyRead          = "notification.mark_read"
	evUserWatching        = "user.watching.start"
	evUserStoppedWatching = "user.watching.stop"
)

// scene is what the events of one change have in common.
type scene struct {
	actor *auth.Actor
	at    time.Time
	ch    *chat.Channel // as events carry it, with members
	lean  *chat.Channel // the same without members
}

// newScene prepares events about a channel that EventChannel returned.
func newScene(actor *auth.Actor, ch *chat.Channel, at time.Time) *scene {
	lean := *ch
	lean.Members = nil
	return &scene{actor: actor, at: at, ch: ch, lean: &lean}
}

// event is an event for those who watch the channel, who are told the channel
// itself and, if a user caused it, who.
func (s *scene) event(typ string) *chat.Event {
	e := chat.ChannelEvent(typ, s.actor.App.ID, s.ch.CID, s.at)
	e.Team, e.Channel = s.ch.Team, s.ch
	e.User = s.actor.User.Public()
	n := s.ch.MemberCount
	e.ChannelMemberCount, e.ChannelMessageCount = &n, s.ch.MessageCount
	return e
}

// along puts a message into the event of the change that it goes along with. It is told
// of itself as well, behind that: a client that empties its list shows it after all.
func along(e *chat.Event, m *chat.Message) {
	if m != nil {
		e.Message, e.MessageID = m, m.ID
	}
}

// member is an event about a member for those who watch. There may be many of
// these at once, so the channel comes without its members.
func (s *scene) member(typ string, m *chat.Member) *chat.Event {
	e := s.event(typ)
	m = told(m)
	e.Channel, e.Member, e.User = s.lean, m, m.User
	e.ChannelLastMessageAt = s.ch.LastMessageAt
	return e
}

// notice is an event for the connections of one member.
func (s *scene) notice(typ string, kind chat.AudienceKind, m *chat.Member) *chat.Event {
	e := s.event(typ)
	e.To = chat.Audience{Kind: kind, Users: []string{m.UserID}}
	m = told(m)
	e.Member, e.User = m, m.User
	return e
}

// told is public for the member that an event is about: with what answers leave
// out, by which clients know that it is not so any more.
func told(m *chat.Member) *chat.Member {
	v := *m.Public()
	more := map[string]any{"is_global_banned": v.User.Banned}
	if v.PinnedAt == nil {
		more["pinned_at"] = nil
	}
	if v.ArchivedAt == nil {
		more["archived_at"] = nil
	}
	v.Custom = chat.Merge(v.Custom, wire.MustMarshal(more))
	return &v
}

// joined tells that users became members.
func (s *scene) joined(m *chat.Member) *chat.Event {
	if m.Status == chat.StatusPending {
		return s.notice(evInvited, chat.ToUsers, m)
	}
	e := s.notice(evAddedToChannel, chat.ToUsersAway, m)
	e.WithUnread = true
	return e
}

// left tells a former member that he is one no more.
func (s *scene) left(m *chat.Member) *chat.Event {
	gone := s.notice(evRemovedFromChannel, chat.ToUsers, m)
	gone.Channel = s.lean
	return gone
}

// relieved tells a former member, who had not read everything, his new totals.
func (s *scene) relieved(m *chat.Member, threads chat.UnreadThreads) *chat.Event {
	read := s.notice(evNotifyRead, chat.ToUsers, m)
	read.Channel, read.Member, read.ChannelMemberCount, read.ChannelMessageCount = s.lean, nil, nil, nil
	read.WithUnread, read.UnreadThreads, read.UnreadThreadMessages = true, &threads.Threads, &threads.Messages
	return read
}

// expelled ends the watching of a user who may not see the channel any more; nil
// when he still may.
func (s *scene) expelled(seat *access.Seat, u *chat.User) []chat.Item {
	as := &auth.Actor{App: s.actor.App, User: u, UserID: u.ID}
	if access.NewSeat(as, seat.Channel, seat.Type, nil).Read() == nil {
		return nil
	}
	kicked := chat.ChannelEvent(evChannelKicked, s.actor.App.ID, s.ch.CID, s.at)
	kicked.To.Only = []string{u.ID}
	return []chat.Item{kicked, &chat.Change{Kind: chat.WatchEnded, CID: s.ch.CID, User: u.ID}}
}

// gone is a deleted channel as answers and events show it.
func gone(ch *chat.Channel) *chat.Channel {
	v := *ch
	v.Custom, v.LastMessageAt, v.CreatedBy = nil, nil, nil
	return &v
}
