package messages

import (
	"context"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/store"
	"chatd/internal/wire"
)

// delivery is a new message on its way to the store and to those whom it is for.
type delivery struct {
	*editor

	m          *chat.Message
	of         *chat.Message                            // what it replies to, or nil
	keepHidden bool                                     // from members who hid the channel
	drafted    bool                                     // its author has a draft of it
	seers      []string                                 // who may see it, where not all may
	also       []func(context.Context, *store.Tx) error // in the message's transaction; mostly none

	held     *store.Held       // what it is made of, if it was held
	pending  bool              // it waits for a commit
	metadata map[string]string // that a pending one carries
}

// deliver writes the message, tells of it and returns it as its author sees it.
func (s *Service) deliver(ctx context.Context, d *delivery) (*SendResponse, error) {
	l, err := s.letter(ctx, d)
	if err != nil {
		return nil, err
	}
	if err := d.app.Send(ctx, l.send); err != nil {
		return nil, err
	}
	_ = d.tellThread(ctx, l.told) // the reply is sent; this tells some of them sooner
	return l.resp, nil
}

// letter is a message that is ready to be written.
type letter struct {
	send *store.Send
	told *chat.Event   // of the message, to those who watch its channel
	resp *SendResponse // what its author sees
}

// letter makes the message ready.
func (s *Service) letter(ctx context.Context, d *delivery) (*letter, error) {
	if d.m.QuotedMessageID != "" {
		if err := d.showQuoted(ctx); err != nil {
			return nil, err
		}
	}
	if d.m.ParentID != "" && len(d.m.MentionedGroupIDs) > 0 { // they take part in the thread
		var err error
		if d.m.MentionedInGroups, err = d.app.InUserGroups(ctx, d.m.CID, d.m.MentionedGroupIDs); err != nil {
			return nil, err
		}
	}
	own := d.m.Poll
	d.m.Poll = own.Public()
	send := &store.Send{Message: d.m, Touch: d.touches(), Reader: d.reader()}
	ev, err := d.told(ctx)
	if err != nil {
		return nil, err
	}
	if d.seat.Channel.Config.CountMessages {
		ev.ChannelMessageCount = new(int)
		send.Total = ev.ChannelMessageCount
	}
	resp := &SendResponse{Message: asAuthor(d.m)}
	told, err := s.audience(ctx, d.app, ev)
	if err != nil {
		return nil, err
	}
	if len(d.m.RestrictedVisibility) > 0 {
		send.Seers = ev.To.Only
		d.seers = send.Seers
	}
	send.Items = d.counting(send.Reader)
	if len(told) == 1 && send.Total == nil { // otherwise there is something to be filled in yet
		if resp.encoded, err = encode(ev); err != nil {
			return nil, err
		}
	}
	if own != d.m.Poll { // he has voted already
		mine := *resp.Message
		mine.Poll, resp.Message, resp.encoded = own, &mine, nil
	}
	send.Items = append(send.Items, told...)
	if d.of != nil && !d.m.Shadowed {
		d.of.ThreadParticipantIDs, d.of.UpdatedAt = participants(d.of, d.m.UserID), d.m.CreatedAt
		of, err := parentChanged(ctx, d.app, d.seat, d.of)
		if err != nil {
			return nil, err
		}
		of.ChannelMessageCount = send.Total
		if send.Parent, err = s.audience(ctx, d.app, of); err != nil {
			return nil, err
		}
	}
	if d.reveals() || d.countsForSome() || d.m.PollID != "" || d.drafted || len(d.also) > 0 || d.held != nil {
		send.Before = d.before
	}
	return &letter{send, ev, resp}, nil
}

// encode encodes an event about a message here, rather than where it is published,
// which does so for one after the other, and returns its message's encoding.
func encode(ev *chat.Event) (msg jsontext.Value, err error) {
	rest := *ev
	rest.Message = nil
	ev.Encoded, msg, err = wire.MarshalWith(&rest, "message", ev.Message)
	return msg, err
}

// asAuthor is a message as its author sees it: he does not know of his shadow ban.
func asAuthor(m *chat.Message) *chat.Message {
	if !m.Shadowed {
		return m
	}
	v := *m
	v.Shadowed = false
	return &v
}

// showQuoted fills in the quoted message as everybody sees it.
func (d *delivery) showQuoted(ctx context.Context) error {
	q, err := d.app.Messages(ctx, store.Viewer{Server: true}, store.View{CID: d.m.CID}, []string{d.m.QuotedMessageID})
	if err != nil || len(q) == 0 {
		return err
	}
	q[0].QuotedMessage = nil
	d.m.QuotedMessage = q[0]
	d.m.HideQuoted()
	return nil
}

// touches tells whether the message raises the channel's last_message_at.
func (d *delivery) touches() bool {
	skip := d.m.Type == chat.MessageSystem && d.seat.Channel.Config.SkipLastMsgUpdateForSystemMsg
	return d.m.InChannel() && !d.m.Shadowed && !skip
}

// reader is the author where he has thereby read the channel, else "".
func (d *delivery) reader() string {
	member := d.seat.Member
	if member == nil || !member.Listens() || !d.m.InChannel() || !d.seat.Channel.Config.ReadEvents {
		return ""
	}
	return d.m.UserID
}

// counting are the changes of unread numbers.
func (d *delivery) counting(reader string) []chat.Item {
	if d.m.Counts() && d.seat.Channel.Config.ReadEvents {
		return []chat.Item{&chat.Change{Kind: chat.MessageCounted, CID: d.m.CID, User: d.m.UserID, Only: d.seers}}
	}
	if reader != "" {
		return []chat.Item{&chat.Change{Kind: chat.UnreadSet, CID: d.m.CID, User: reader}}
	}
	return nil
}

// told is the event that tells of the message.
func (d *delivery) told(ctx context.Context) (*chat.Event, error) {
	m, ch := d.m, d.seat.Channel
	ev := about(evNew, d.app.ID, m, ch)
	ev.CreatedAt, ev.User = m.CreatedAt, m.User
	ev.WithUnread, ev.WithWatchers = ch.Config.ReadEvents, true
	if m.InChannel() {
		ev.Also = evNotifyNew
	}
	if d.of != nil {
		ids := participants(d.of, m.UserID)
		users, err := d.app.Users(ctx, ids...)
		if err != nil {
			return nil, err
		}
		ev.ParentAuthor = d.of.UserID
		for _, id := range ids {
			if u := users[id]; u != nil {
				ev.ThreadParticipants = append(ev.ThreadParticipants, u.Public())
			}
		}
	}
	return ev, nil
}

// participants are those of a thread after a reply by user.
func participants(of *chat.Message, user string) []string {
	ids := of.ThreadParticipantIDs
	if len(ids) == 0 {
		ids = []string{of.UserID}
	}
	if slices.Contains(ids, user) {
		return ids
	}
	return append(slices.Clip(ids), user)
}

// reveals tells whether the message shows the channel to members who hid it.
func (d *delivery) reveals() bool {
	return d.seat.Channel.HiddenCount > 0 && !d.keepHidden && d.m.InChannel() && !d.m.Shadowed
}

// countsForSome tells whether the message is unread for those only who may see it.
func (d *delivery) countsForSome() bool {
	return len(d.m.RestrictedVisibility) > 0 && d.m.Counts() && d.seat.Channel.Config.ReadEvents
}

// before runs in the message's transaction. The channel is locked first, as by all who
// lock more than its counters.
func (d *delivery) before(ctx context.Context, tx *store.Tx) error {
	if _, err := tx.LockCounters(ctx, d.m.CID); err != nil {
		return err
	}
	for _, also := range d.also {
		if err := also(ctx, tx); err != nil {
			return err
		}
	}
	if d.held != nil {
		if err := tx.Release(ctx, d.held.Kind, d.m.ID); err != nil {
			return err
		}
	}
	if d.m.PollID != "" {
		if err := tx.CarryPoll(ctx, d.m.PollID); err != nil {
			return err
		}
	}
	if err := d.dropDraft(ctx, tx); err != nil {
		return err
	}
	if d.countsForSome() {
		others := without(d.seers, d.m.UserID)
		if err := tx.CountFor(ctx, d.m.CID, others...); err != nil {
			return err
		}
	}
	if !d.reveals() {
		return nil
	}
	ids, err := tx.Reveal(ctx, d.m.CID, d.m.CreatedAt, d.seers)
	if err != nil || len(ids) == 0 {
		return err
	}
	ch, err := tx.EventChannel(ctx, d.m.CID)
	if err != nil {
		return err
	}
	users, err := tx.Users(ctx, ids...)
	for _, id := range ids {
		ev := chat.UserEvent(evVisible, tx.ID, d.m.CreatedAt, id)
		ev.CID, ev.ChannelID, ev.ChannelType, ev.Channel, ev.User = ch.CID, ch.ID, ch.Type, ch, users[id]
		tx.Emit(ev)
	}
	return err
}

func without(ids []string, id string) []string {
	out := make([]string, 0, len(ids))
	for _, v := range ids {
		if v != id {
			out = append(out, v)
		}
	}
	return out
}
