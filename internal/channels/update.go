package channels

import (
	"context"
	"slices"
	"time"

	"chatd/internal/access"
	"chatd/internal/chat"
	"chatd/internal/permission"
	"chatd/internal/store"
)

// UpdateRequest changes a channel: its data, which is replaced, its members and
// other things, all at once or not at all.
type UpdateRequest struct {
	at `json:"-"`
	chat.ActAs

	Data              *ChannelData         `json:"data"`
	Message           *chat.MessageRequest `json:"message"`
	AddMembers        MemberRequests       `json:"add_members"`
	RemoveMembers     MemberRequests       `json:"remove_members"`
	AddModerators     MemberRequests       `json:"add_moderators"`
	DemoteModerators  MemberRequests       `json:"demote_moderators"`
	AssignRoles       MemberRequests       `json:"assign_roles"`
	Invites           MemberRequests       `json:"invites"`
	AcceptInvite      bool                 `json:"accept_invite"`
	RejectInvite      bool                 `json:"reject_invite"`
	Cooldown          *int                 `json:"cooldown"` // seconds
	HideHistory       bool                 `json:"hide_history"`
	HideHistoryBefore *time.Time           `json:"hide_history_before"`
	AddFilterTags     []string             `json:"add_filter_tags"`
	RemoveFilterTags  []string             `json:"remove_filter_tags"`
}

// Validate checks what does not depend on the channel.
func (r *UpdateRequest) Validate() error {
	err := firstError(
		func() error { return r.AddMembers.check("add_members") },
		func() error { return r.RemoveMembers.check("remove_members") },
		func() error { return r.AddModerators.check("add_moderators") },
		func() error { return r.DemoteModerators.check("demote_moderators") },
		func() error { return r.AssignRoles.check("assign_roles") },
		func() error { return r.Invites.check("invites") },
		func() error { return checkLimit("cooldown", r.Cooldown, maxCooldown) },
		func() error { return checkTags("add_filter_tags", &r.AddFilterTags) },
		func() error { return checkTags("remove_filter_tags", &r.RemoveFilterTags) },
		func() error { return checkMessage(r.Message) },
	)
	if err == nil && r.Data != nil {
		err = r.Data.check()
	}
	if err != nil {
		return err
	}
	for _, m := range r.AssignRoles {
		if m.ChannelRole == "" {
			return chat.Errorf(chat.Invalid, "assign_roles.channel_role is a required field")
		}
	}
	for _, id := range r.RemoveMembers.ids() {
		if slices.Contains(r.AddMembers.ids(), id) {
			return chat.Errorf(chat.Invalid, "user %s can not be in both add_members and remove_members", id)
		}
	}
	if r.AcceptInvite && r.RejectInvite {
		return chat.Errorf(chat.Invalid, "accept_invite and reject_invite can not be both set")
	}
	return nil
}

// checkMessage validates the message that goes along with a change.
func checkMessage(m *chat.MessageRequest) error {
	if m != nil && len(m.RestrictedVisibility) > 0 {
		return chat.Errorf(chat.Invalid, "message.restricted_visibility is not allowed here")
	}
	return nil
}

// UpdateResponse is the channel after an update.
type UpdateResponse struct {
	Channel *chat.Channel  `json:"channel"`
	Members []*chat.Member `json:"members"`
	Message *chat.Message  `json:"message,omitzero"`
}

// Update changes a channel.
func (s *Service) Update(ctx context.Context, r *UpdateRequest) (*UpdateResponse, error) {
	seat, err := s.seat(ctx, r.at)
	if err != nil {
		return nil, err
	}
	if err := r.gate(seat); err != nil {
		return nil, err
	}
	p, err := s.plan(ctx, seat, r)
	if err != nil {
		return nil, err
	}
	say, err := s.prepare(ctx, seat, r.Message)
	if err != nil {
		return nil, err
	}
	_, app := s.app(ctx)
	var c *change
	err = app.InTx(ctx, func(tx *store.Tx) error {
		if c, err = begin(ctx, tx, seat); err != nil {
			return err
		}
		c.say = say
		if idle, err := r.answerInvite(ctx, c); err != nil || idle {
			return err
		}
		if err := r.run(ctx, c, p); err != nil {
			return err
		}
		return c.finish(ctx)
	})
	if err != nil {
		return nil, err
	}
	return s.updated(ctx, seat.Channel.CID, c.said)
}

// updated is the answer to an update.
func (s *Service) updated(ctx context.Context, cid chat.CID, m *chat.Message) (*UpdateResponse, error) {
	seat, err := s.freshSeat(ctx, cid)
	if err != nil {
		return nil, err
	}
	if err := s.decorate(ctx, []*access.Seat{seat}); err != nil {
		return nil, err
	}
	_, app := s.app(ctx)
	members, err := app.MembersOf(ctx, []*chat.Channel{seat.Channel}, shownMembers, 0)
	if err != nil {
		return nil, err
	}
	own(seat, members[cid]...)
	return &UpdateResponse{Channel: seat.Channel, Members: members[cid], Message: m}, nil
}

// gate checks that the actor may do all that the request asks for.
func (r *UpdateRequest) gate(seat *access.Seat) error {
	actor := seat.Actor
	if r.AcceptInvite || r.RejectInvite {
		if err := needUser(actor); err != nil {
			return err
		}
	}
	if actor.Unchecked() {
		return nil
	}
	if err := seat.Enabled(); err != nil {
		return err
	}
	if err := r.gateMembers(seat); err != nil {
		return err
	}
	if r.Cooldown != nil && !seat.May(permission.UpdateChannelCooldown, seat.Owner()) {
		return chat.Errorf(chat.NotAllowed, "cooldown settings can only be updated by channel moderator or admin")
	}
	if r.Data != nil || len(r.AddFilterTags)+len(r.RemoveFilterTags) > 0 || r.empty() {
		if err := seat.Require(permission.UpdateChannel); err != nil {
			return err
		}
	}
	if r.Data != nil {
		return r.Data.gate(seat)
	}
	return nil
}

// empty tells whether the request changes nothing.
func (r *UpdateRequest) empty() bool {
	return !r.AcceptInvite && !r.RejectInvite && r.Cooldown == nil &&
		len(r.AddMembers)+len(r.RemoveMembers)+len(r.AddModerators)+len(r.DemoteModerators)+len(r.AssignRoles)+len(r.Invites) == 0
}

// gateMembers checks the rights to change who is a member and with what role.
// Everybody may be allowed to come and go himself.
func (r *UpdateRequest) gateMembers(seat *access.Seat) error {
	if len(r.AssignRoles) > 0 {
		return chat.Errorf(chat.NotAllowed, "assign_roles can only be used with server side auth")
	}
	self := seat.Actor.UserID
	only := func(list MemberRequests, action permission.Action) bool {
		return len(list) == 0 || len(list.ids()) == 1 && list[0].UserID == self && list[0].ChannelRole == "" && seat.May(action, seat.Owner())
	}
	if len(r.AddModerators)+len(r.DemoteModerators)+len(r.Invites) == 0 &&
		only(r.AddMembers, permission.AddOwnChannelMembership) && only(r.RemoveMembers, permission.RemoveOwnChannelMembership) {
		return nil
	}
	return seat.Require(permission.UpdateChannelMembers)
}

// plan is what of an update can be prepared before the channel is locked.
type plan struct {
	add      []*chat.Member // with the moderators, who are made members if need be
	roles    map[string]string
	assigned []string // who must be members
}

// plan prepares an update.
func (s *Service) plan(ctx context.Context, seat *access.Seat, r *UpdateRequest) (*plan, error) {
	if err := r.checkDistinct(seat.Channel); err != nil {
		return nil, err
	}
	_, app := s.app(ctx)
	since, err := r.historySince(app.Now())
	if err != nil {
		return nil, err
	}
	in, err := s.people(ctx, "update", slices.Concat(r.AddMembers.ids(), r.AddModerators.ids(), r.Invites.ids()))
	if err != nil {
		return nil, err
	}
	p := &plan{roles: map[string]string{}, assigned: r.AssignRoles.ids()}
	for _, l := range []struct {
		MemberRequests
		invite bool
	}{{r.AddMembers, false}, {r.AddModerators, false}, {r.Invites, true}} {
		members, err := newMembers(seat, l.MemberRequests, l.invite, since)
		if err != nil {
			return nil, err
		}
		p.add = union(p.add, allowed(members, in))
	}
	for _, id := range r.DemoteModerators.ids() {
		p.roles[id] = chat.RoleChannelMember
	}
	for _, id := range r.AddModerators.ids() {
		p.roles[id] = chat.RoleChannelModerator
	}
	for _, m := range r.AssignRoles {
		if err := checkRole(seat, m.ChannelRole); err != nil {
			return nil, err
		}
		p.roles[m.UserID] = m.ChannelRole
	}
	return p, nil
}

// checkDistinct keeps a distinct channel to the members that it is named after.
func (r *UpdateRequest) checkDistinct(ch *chat.Channel) error {
	if len(ch.DistinctMembers) == 0 {
		return nil
	}
	for _, id := range append(r.AddMembers.ids(), r.AddModerators.ids()...) {
		if !slices.Contains(ch.DistinctMembers, id) {
			return chat.Errorf(chat.NotAllowed, "cannot add members to the distinct channel they don't belong to, please create a new distinct channel with the desired members")
		}
	}
	if len(r.Invites) > 0 {
		return chat.Errorf(chat.NotAllowed, "cannot invite members to the distinct channel, please create a new distinct channel with the desired members")
	}
	return nil
}

// historySince is the time up to which new members see nothing; nil for no such
// time.
func (r *UpdateRequest) historySince(now time.Time) (*time.Time, error) {
	switch {
	case r.HideHistoryBefore != nil && r.HideHistoryBefore.After(now):
		return nil, chat.Errorf(chat.Invalid, "hide_history_before must be in the past")
	case r.HideHistoryBefore != nil:
		return r.HideHistoryBefore, nil
	case r.HideHistory:
		return &now, nil
	}
	return nil, nil //nolint:nilnil // they see everything
}

// run makes the changes in the database.
func (r *UpdateRequest) run(ctx context.Context, c *change, p *plan) error {
	if err := r.changeData(ctx, c); err != nil {
		return err
	}
	if err := c.add(ctx, p.add); err != nil {
		return err
	}
	if len(p.assigned) > 0 {
		members, err := c.tx.MembersNamed(ctx, c.ch, p.assigned...)
		if err != nil {
			return err
		}
		for _, id := range p.assigned {
			if members[id] == nil {
				return chat.Errorf(chat.Invalid, "user %s is not a member of channel %s", id, c.ch.CID)
			}
		}
	}
	if err := c.roles(ctx, p.roles); err != nil {
		return err
	}
	return c.remove(ctx, r.RemoveMembers.ids())
}

// changeData makes the changes to the channel itself.
func (r *UpdateRequest) changeData(ctx context.Context, c *change) error {
	if r.Data == nil && r.Cooldown == nil && len(r.AddFilterTags)+len(r.RemoveFilterTags) == 0 {
		return nil
	}
	if r.Data != nil {
		if err := r.Data.apply(c.ch, c.seat.Type.Config.Commands); err != nil {
			return err
		}
	}
	put(&c.ch.Cooldown, r.Cooldown)
	tags := slices.DeleteFunc(slices.Clone(c.ch.FilterTags), func(t string) bool { return slices.Contains(r.RemoveFilterTags, t) })
	for _, t := range r.AddFilterTags {
		if !slices.Contains(tags, t) {
			tags = append(tags, t)
		}
	}
	if err := checkTags("filter_tags", &tags); err != nil {
		return err
	}
	c.ch.FilterTags = tags
	return c.tx.SaveChannel(ctx, c.ch)
}

// answerInvite accepts or refuses the actor's invite. idle tells that he had done
// so before, and that nothing is left to do.
func (r *UpdateRequest) answerInvite(ctx context.Context, c *change) (idle bool, err error) {
	if !r.AcceptInvite && !r.RejectInvite {
		return false, nil
	}
	user := c.seat.Actor.UserID
	members, err := c.tx.MembersNamed(ctx, c.ch, user)
	if err != nil {
		return false, err
	}
	m := members[user]
	if m == nil || !m.Invited {
		return false, chat.Errorf(chat.Invalid, "user %s has no invite to channel %s", user, c.ch.CID)
	}
	if m.Status == chat.StatusAccepted || r.RejectInvite && m.Status == chat.StatusRejected {
		return true, nil
	}
	now := c.tx.Now()
	if r.AcceptInvite {
		m.Status, m.InviteAcceptedAt, m.InviteRejectedAt, m.JoinSeq = chat.StatusAccepted, &now, nil, c.ch.UnreadSeq
	} else {
		m.Status, m.InviteRejectedAt = chat.StatusRejected, &now
	}
	if err := c.tx.SaveMember(ctx, c.ch, m, m.Hidden); err != nil {
		return false, err
	}
	if r.AcceptInvite {
		if err := c.tx.DropReads(ctx, c.ch.CID, user); err != nil {
			return false, err
		}
		c.tx.Emit(&chat.Change{Kind: chat.MemberJoined, CID: c.ch.CID, User: user, Seq: c.ch.UnreadSeq})
	}
	c.answered = m
	return false, nil
}
