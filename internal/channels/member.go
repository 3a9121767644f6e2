package channels

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/access"
	"chatd/internal/chat"
	"chatd/internal/permission"
	"chatd/internal/store"
)

// PatchMemberRequest sets and unsets fields of a membership: pinned and archived,
// channel_role, and custom fields.
type PatchMemberRequest struct {
	at `json:"-"`

	// The member: in the path, or in the query, where the SDKs also put the
	// caller.
	Path  string `json:"-" path:"user_id"`
	Query string `json:"user_id" query:"user_id"`

	Set   jsontext.Value `json:"set"`
	Unset []string       `json:"unset"`
}

// Validate checks the shape of the request.
func (r *PatchMemberRequest) Validate() error { return checkPatch(r.Set, r.Unset) }

// PatchMemberResponse is the membership after the change.
type PatchMemberResponse struct {
	Member *chat.Member `json:"channel_member"`
}

// The fields of a membership that are not custom data.
const (
	memberPinned   = "pinned"
	memberArchived = "archived"
	memberRole     = "channel_role"
)

// PatchMember changes single fields of a membership.
func (s *Service) PatchMember(ctx context.Context, r *PatchMemberRequest) (*PatchMemberResponse, error) {
	seat, err := s.seat(ctx, r.at)
	if err != nil {
		return nil, err
	}
	user, err := r.user(seat)
	if err != nil {
		return nil, err
	}
	if err := r.gate(seat, user); err != nil {
		return nil, err
	}
	_, app := s.app(ctx)
	var m *chat.Member
	err = app.InTx(ctx, func(tx *store.Tx) error {
		c, err := begin(ctx, tx, seat)
		if err != nil {
			return err
		}
		members, err := tx.MembersNamed(ctx, c.ch, user)
		if err != nil {
			return err
		}
		if m = members[user]; m == nil {
			return chat.Errorf(chat.NotFound, "user %s is not a member of channel %s", user, c.ch.CID)
		}
		if err := r.apply(seat, m, tx.Now()); err != nil {
			return err
		}
		if err := tx.SaveMember(ctx, c.ch, m, m.Hidden); err != nil {
			return err
		}
		if err := tx.FillMembers(ctx, []*chat.Channel{c.ch}, m); err != nil {
			return err
		}
		ch, err := tx.EventChannel(ctx, c.ch.CID)
		if err != nil {
			return err
		}
		tx.Emit(newScene(seat.Actor, ch, tx.Now()).member(evMemberUpdated, m))
		return nil
	})
	if err != nil {
		return nil, err
	}
	own(seat, m)
	return &PatchMemberResponse{Member: m}, nil
}

// user is whose membership changes: the caller's own unless it names somebody.
func (r *PatchMemberRequest) user(seat *access.Seat) (string, error) {
	for _, id := range []string{r.Path, r.Query, seat.Actor.UserID} {
		if id != "" {
			return id, nil
		}
	}
	return "", needUser(seat.Actor)
}

// gate checks that the actor may change these fields of the user's membership.
func (r *PatchMemberRequest) gate(seat *access.Seat, user string) error {
	fields := patchedFields(r.Set, r.Unset)
	for _, name := range fields {
		if reservedMember[name] && !slices.Contains([]string{memberPinned, memberArchived, memberRole}, name) {
			return chat.Errorf(chat.NotAllowed, "field `%s` is reserved and cannot updated", name)
		}
	}
	if seat.Actor.Unchecked() {
		return nil
	}
	if err := seat.Enabled(); err != nil {
		return err
	}
	if slices.Contains(fields, memberRole) {
		return notYours(memberRole)
	}
	if user == seat.Actor.UserID {
		return nil
	}
	if slices.Contains(fields, memberPinned) || slices.Contains(fields, memberArchived) {
		return chat.Errorf(chat.NotAllowed, "only the member can pin or archive the channel")
	}
	return seat.Require(permission.UpdateChannelMembers)
}

// apply writes the changes into a membership.
func (r *PatchMemberRequest) apply(seat *access.Seat, m *chat.Member, now time.Time) error {
	if err := r.flag(memberPinned, &m.PinnedAt, now); err != nil {
		return err
	}
	if err := r.flag(memberArchived, &m.ArchivedAt, now); err != nil {
		return err
	}
	for name, v := range chat.Keys(r.Set) {
		if name != memberRole {
			continue
		}
		role := chat.RoleChannelMember
		if err := decode(memberRole, v, &role); err != nil {
			return err
		}
		if err := checkRole(seat, role); err != nil {
			return err
		}
		m.ChannelRole = role
	}
	if slices.Contains(r.Unset, memberRole) {
		m.ChannelRole = chat.RoleChannelMember
	}
	special := func(name string) bool { return name == memberPinned || name == memberArchived || name == memberRole }
	custom, err := chat.ApplyPatch(m.Custom, chat.Without(r.Set, memberPinned, memberArchived, memberRole),
		slices.DeleteFunc(slices.Clone(r.Unset), special))
	if err != nil {
		return err
	}
	m.Custom = custom
	return chat.CheckCustom("member", m.Custom, chat.MaxCustom, nil)
}

// flag reads a switch that is kept as the time since when it is on.
func (r *PatchMemberRequest) flag(name string, field **time.Time, now time.Time) error {
	for key, v := range chat.Keys(r.Set) {
		if strings.HasPrefix(key, name+".") {
			return chat.Errorf(chat.Invalid, "field %q can not be set in part", name)
		}
		if key != name {
			continue
		}
		var on bool
		if err := decode(name, v, &on); err != nil {
			return err
		}
		switch {
		case !on:
			*field = nil
		case *field == nil:
			*field = &now
		}
	}
	if slices.Contains(r.Unset, name) {
		*field = nil
	}
	return nil
}
