package messages

import (
	"context"
	"slices"
	"time"

	"chatd/internal/chat"
	"chatd/internal/permission"
)

// compose makes a new message of what the actor sent, checked as far as it does
// not depend on when it is sent. of is the message it replies to, or nil.
func (e *editor) compose(ctx context.Context, r *chat.MessageRequest) (m, of *chat.Message, err error) {
	if m, err = e.blank(r); err != nil {
		return nil, nil, err
	}
	if of, err = e.reply(ctx, m, r); err != nil {
		return nil, nil, err
	}
	if err := e.extras(ctx, m, r); err != nil {
		return nil, nil, err
	}
	if err := e.content(ctx, m, r); err != nil {
		return nil, nil, err
	}
	if err := e.restrict(ctx, m, r.RestrictedVisibility); err != nil {
		return nil, nil, err
	}
	return m, of, e.pin(m, r, m.CreatedAt)
}

// blank is a message of the actor with nothing in it.
func (e *editor) blank(r *chat.MessageRequest) (*chat.Message, error) {
	id := r.ID
	if id == "" {
		id = chat.NewID()
	} else if err := chat.ValidMessageID(id); err != nil {
		return nil, err
	}
	m := &chat.Message{
		ID: id, Type: chat.MessageRegular, CID: e.seat.Channel.CID,
		UserID: e.seat.Actor.UserID, User: e.seat.Actor.User.Public(), CreatedAt: e.now(), Attachments: noAttachments,
	}
	m.UpdatedAt = m.CreatedAt
	m.Member = chat.NewMessageMember(e.seat.Member)
	switch r.Type {
	case "", chat.MessageRegular, chat.MessageReply, chat.MessageEphemeral: // some clients send what they show it as
	case chat.MessageSystem:
		m.Type = chat.MessageSystem
	default:
		return nil, chat.Errorf(chat.Invalid, "message.type must be one of [regular system]")
	}
	m.Silent = r.Silent != nil && *r.Silent
	return m, nil
}

// now is the time of a new message: after the channel's truncation, which may have
// been in the same microsecond.
func (e *editor) now() time.Time {
	now := e.app.Now()
	if cut := e.seat.Channel.TruncatedAt; cut != nil && !now.After(*cut) && cut.Sub(now) < time.Second {
		return cut.Add(time.Microsecond)
	}
	return now
}

// reply makes the message a reply, where it names a parent, and returns that.
func (e *editor) reply(ctx context.Context, m *chat.Message, r *chat.MessageRequest) (*chat.Message, error) {
	if r.ParentID == "" {
		return nil, nil //nolint:nilnil // it replies to nothing
	}
	if !e.seat.Channel.Config.Replies {
		return nil, unsupported(e.seat, "replies")
	}
	of, err := e.app.Message(ctx, r.ParentID)
	if err != nil {
		return nil, err
	}
	view := e.seat.View()
	switch {
	case of.CID != m.CID, view.Since != nil && !of.CreatedAt.After(*view.Since),
		!of.VisibleTo(m.UserID) && !e.seat.Oversees():
		return nil, chat.Errorf(chat.NotFound, "message with id %s doesn't exist", r.ParentID)
	case of.ParentID != "":
		return nil, chat.Errorf(chat.NestedReply, "message with id %s is a reply and cannot be replied to", of.ID)
	}
	if err := notDeleted(of); err != nil {
		return nil, err
	}
	m.ParentID, m.ShowInChannel = of.ID, r.ShowInChannel != nil && *r.ShowInChannel
	if m.Type == chat.MessageRegular {
		m.Type = chat.MessageReply
	}
	return of, nil
}

// extras adds what a message can carry along.
func (e *editor) extras(ctx context.Context, m *chat.Message, r *chat.MessageRequest) error {
	if err := e.location(m, r.SharedLocation); err != nil {
		return err
	}
	if r.PollID == "" {
		return nil
	}
	return e.poll(ctx, m, r.PollID)
}

// poll makes a message carry a poll, which only he may send who created it. That it
// may be carried once more is for the transaction to say (store: CarryPoll).
func (e *editor) poll(ctx context.Context, m *chat.Message, id string) error {
	if !e.seat.Channel.Config.Polls {
		return unsupported(e.seat, "polls")
	}
	if err := e.seat.Require(permission.SendPoll); err != nil {
		return err
	}
	p, err := e.app.Poll(ctx, e.seat.Actor.UserID, id)
	if err != nil {
		return err
	}
	if p.CreatedByID != e.seat.Actor.UserID {
		return chat.Errorf(chat.NotAllowed, "poll with id %s can only be sent by the user who created it", id)
	}
	m.PollID, m.Poll = id, p
	return nil
}

// restrict makes only the users and the author see the message.
func (e *editor) restrict(ctx context.Context, m *chat.Message, users []string) error {
	if len(users) == 0 {
		return nil
	}
	if err := within("message.restricted_visibility", len(users), maxRestricted); err != nil {
		return err
	}
	if err := e.seat.RequireOf(permission.CreateRestrictedVisibilityMessage, true); err != nil {
		return err
	}
	known, err := e.app.Users(ctx, users...)
	if err != nil {
		return err
	}
	for _, id := range users {
		if known[id] == nil {
			return chat.Errorf(chat.Invalid, "message.restricted_visibility must be a list of existing user IDs, there is no %s", id)
		}
		if !slices.Contains(m.RestrictedVisibility, id) {
			m.RestrictedVisibility = append(m.RestrictedVisibility, id)
		}
	}
	return nil
}

// pin sets or takes off a message's pin, where the request says so. Clients repeat with
// an edit the pin that they know of, which may have ended since.
func (e *editor) pin(m *chat.Message, r *chat.MessageRequest, now time.Time) error {
	want, expires := m.Pinned, r.PinExpires
	if r.Pinned != nil {
		want = *r.Pinned
	}
	if e.ended != nil && sameTime(expires, e.ended) {
		want = false
	}
	if !want {
		expires = nil
	} else if r.Pinned == nil && expires == nil {
		expires = m.PinExpires
	}
	at := m.PinnedAt
	if want && (at == nil || r.PinnedAt != nil && !sameTime(r.PinnedAt, at)) {
		at = pinnedAt(r, now)
	}
	if want == m.Pinned && sameTime(expires, m.PinExpires) && sameTime(at, m.PinnedAt) {
		return nil
	}
	if err := e.seat.Require(permission.PinMessage); err != nil {
		return err
	}
	switch {
	case !want:
		m.Pinned, m.PinnedAt, m.PinnedByID, m.PinnedBy, m.PinExpires = false, nil, "", nil, nil
		return nil
	case len(m.RestrictedVisibility) > 0:
		return chat.Errorf(chat.Invalid, "messages with restricted visibility cannot be pinned")
	case expires != nil && !expires.After(now):
		return chat.Errorf(chat.Invalid, "message.pin_expires must be in the future")
	}
	if !m.Pinned {
		m.Pinned, m.PinnedByID, m.PinnedBy = true, e.seat.Actor.UserID, e.seat.Actor.User.Public()
	}
	m.PinnedAt, m.PinExpires = at, expires
	return nil
}

// pinnedAt is when a message is pinned: now, or earlier where the request says so, to
// put it elsewhere among the others.
func pinnedAt(r *chat.MessageRequest, now time.Time) *time.Time {
	if r.PinnedAt == nil || r.PinnedAt.IsZero() || r.PinnedAt.After(now) {
		return &now
	}
	return r.PinnedAt
}

// sameTime tells whether two times are the same for clients, of which some know of
// milliseconds only.
func sameTime(a, b *time.Time) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Sub(*b).Abs() < time.Millisecond
}
