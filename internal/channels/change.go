package channels

import (
	"context"
	"slices"
	"strings"
	"time"

	"chatd/internal/access"
	"chatd/internal/chat"
	"chatd/internal/permission"
	"chatd/internal/store"
)

// change is a change of a channel and its members under way: the transaction, the
// channel under its lock, and what happened so far, from which the events follow.
type change struct {
	tx     *store.Tx
	seat   *access.Seat  // the actor's, in the locked channel
	ch     *chat.Channel // the locked channel
	frozen bool          // as it was

	added, updated []*chat.Member
	removed        []*store.Departed
	answered       *chat.Member // who accepted or refused an invite

	say  *saying       // what goes along; mostly nil
	said *chat.Message // that as it was posted
}

// begin locks the channel of a seat for a change.
func begin(ctx context.Context, tx *store.Tx, seat *access.Seat) (*change, error) {
	ch, err := tx.LockChannel(ctx, seat.Channel.CID)
	if err != nil {
		return nil, err
	}
	return &change{tx: tx, seat: access.NewSeat(seat.Actor, ch, seat.Type, seat.Member), ch: ch, frozen: ch.Frozen}, nil
}

// add makes users members; those who are already stay as they are.
func (c *change) add(ctx context.Context, members []*chat.Member) error {
	added, err := c.tx.AddMembers(ctx, c.ch, members)
	c.added = append(c.added, added...)
	return err
}

// remove ends memberships; who is no member is passed over.
func (c *change) remove(ctx context.Context, users []string) error {
	removed, err := c.tx.RemoveMembers(ctx, c.ch, users)
	c.removed = append(c.removed, removed...)
	return err
}

// roles gives members roles; who is no member is passed over.
func (c *change) roles(ctx context.Context, roles map[string]string) error {
	updated, err := c.tx.SetMemberRoles(ctx, c.ch, roles)
	for _, m := range updated {
		if i := slices.IndexFunc(c.added, func(a *chat.Member) bool { return a.UserID == m.UserID }); i >= 0 {
			c.added[i] = m
			continue
		}
		c.updated = append(c.updated, m)
	}
	return err
}

// finish posts the message that goes along with the change and emits all events: about
// members, about the channel, of the message.
func (c *change) finish(ctx context.Context) error {
	ch, err := c.tx.EventChannel(ctx, c.ch.CID)
	if err != nil {
		return err
	}
	sc := newScene(c.seat.Actor, ch, c.tx.Now())
	last, err := c.tellMembers(ctx, sc)
	if err != nil {
		return err
	}
	updated := sc.event(evChannelUpdated)
	c.tx.Emit(updated)
	if c.ch.Frozen != c.frozen {
		typ := evChannelFrozen
		if c.frozen {
			typ = evChannelUnfrozen
		}
		c.tx.Emit(chat.ChannelEvent(typ, c.tx.ID, ch.CID, sc.at))
	}
	if c.said, err = c.say.post(ctx, c.tx, ch); err != nil {
		return err
	}
	along(updated, c.said)
	c.tx.Emit(last...)
	return nil
}

// tellMembers emits the events about members and returns what ends the watching of
// those who have left, which comes last.
func (c *change) tellMembers(ctx context.Context, sc *scene) (last []chat.Item, err error) {
	for _, m := range c.added {
		c.tx.Emit(sc.member(evMemberAdded, m))
	}
	for _, m := range c.added {
		c.tx.Emit(sc.joined(m))
	}
	for _, m := range c.updated {
		c.tx.Emit(sc.member(evMemberUpdated, m))
	}
	if m := c.answered; m != nil {
		typ := evInviteAccepted
		if m.Status == chat.StatusRejected {
			typ = evInviteRejected
		}
		c.tx.Emit(sc.member(evMemberUpdated, m), sc.notice(typ, chat.ToUsers, m))
	}
	for _, d := range c.removed {
		c.tx.Emit(sc.member(evMemberRemoved, &d.Member))
	}
	left := make([]string, 0, len(c.removed))
	for _, d := range c.removed {
		if d.Unread > 0 && c.ch.Config.ReadEvents {
			left = append(left, d.UserID)
		}
	}
	threads, err := c.tx.UnreadThreads(ctx, left...)
	if err != nil {
		return nil, err
	}
	for _, d := range c.removed {
		c.tx.Emit(sc.left(&d.Member))
		if slices.Contains(left, d.UserID) {
			c.tx.Emit(sc.relieved(&d.Member, threads[d.UserID]))
		}
		last = append(last, sc.expelled(c.seat, d.User)...)
	}
	return last, nil
}

// plainMember is a new member without anything special.
func plainMember(userID string) *chat.Member {
	return &chat.Member{UserID: userID, Status: chat.StatusMember, ChannelRole: chat.RoleChannelMember}
}

// newMembers turns what a client sent into new members, or invites. The roles must
// be ones that members of the channel can have.
func newMembers(seat *access.Seat, list MemberRequests, invite bool, since *time.Time) ([]*chat.Member, error) {
	out := make([]*chat.Member, 0, len(list))
	for _, id := range list.ids() {
		r := list[slices.IndexFunc(list, func(r MemberRequest) bool { return r.UserID == id })]
		m := plainMember(id)
		m.Custom, m.HideMessagesBefore = r.Custom, since
		if invite {
			m.Status, m.Invited = chat.StatusPending, true
		}
		if r.ChannelRole != "" {
			if err := checkRole(seat, r.ChannelRole); err != nil {
				return nil, err
			}
			m.ChannelRole = r.ChannelRole
		}
		out = append(out, m)
	}
	return out, nil
}

// union adds to new members more of them. Who is among both stays as he is, but for
// an invite: who is also invited has to answer first.
func union(members, more []*chat.Member) []*chat.Member {
	for _, m := range more {
		i := slices.IndexFunc(members, func(o *chat.Member) bool { return o.UserID == m.UserID })
		switch {
		case i < 0:
			members = append(members, m)
		case m.Invited:
			members[i].Status, members[i].Invited = m.Status, true
		}
	}
	return members
}

// checkRole checks a role that a member is to have: built in, or one to which the
// channel or its type grants something.
func checkRole(seat *access.Seat, role string) error {
	custom := make([]string, 0, len(seat.Type.Grants))
	for name := range seat.Type.Grants {
		custom = append(custom, name)
	}
	if seat.Channel.Config != nil {
		for name := range seat.Channel.Config.Grants {
			custom = append(custom, name)
		}
	}
	return permission.ValidChannelRole(role, custom)
}

// people checks that users exist and returns those of them whom the actor may make
// members: a user who blocked him is left out without a word. operation is create
// or update.
func (s *Service) people(ctx context.Context, operation string, ids []string) (map[string]bool, error) {
	actor, app := s.app(ctx)
	users, err := app.Users(ctx, ids...)
	if err != nil {
		return nil, err
	}
	out := make(map[string]bool, len(ids))
	var missing []string
	for _, id := range ids {
		if u := users[id]; u == nil || u.DeletedAt != nil {
			missing = append(missing, id)
		}
		out[id] = true
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return nil, chat.Errorf(chat.Invalid, "The following users are involved in channel %s operation, but don't exist: [%s]. "+
			"Please create the user objects before setting up the channel.", operation, strings.Join(slices.Compact(missing), " "))
	}
	if actor.Server || len(ids) == 0 {
		return out, nil
	}
	blockers, err := app.Blockers(ctx, actor.UserID, ids)
	for _, id := range blockers {
		delete(out, id)
	}
	return out, err
}

// allowed returns the members whom people let in.
func allowed(members []*chat.Member, in map[string]bool) []*chat.Member {
	return slices.DeleteFunc(members, func(m *chat.Member) bool { return !in[m.UserID] })
}
