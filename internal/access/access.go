package access

import (
	"context"

	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/permission"
	"chatd/internal/store"
)

// Users creates and updates users that requests carry as objects.
type Users interface {
	// Upsert merges the user into what is stored, creating him if need be.
	Upsert(ctx context.Context, app chat.AppID, u *chat.UserRequest) (*chat.User, error)
}

// Access resolves actors and seats.
type Access struct {
	Store *store.Store
	Users Users
}

// ActAs returns a context in which a server-side call acts for the user it names: by
// his id, when he must exist, or as an object that is upserted. prefix names the fields
// in errors ("event." for event.user_id); required refuses calls that name nobody. Calls
// of users act for themselves.
func (a *Access) ActAs(ctx context.Context, prefix string, in chat.ActAs, required bool) (context.Context, error) {
	return a.actAs(ctx, prefix, in, required, false)
}

// ActAsAuthor is ActAs for the author of what a call carries, a message, say, or a
// channel: who is not known yet is created, even if only his id is given.
func (a *Access) ActAsAuthor(ctx context.Context, prefix string, in chat.ActAs, required bool) (context.Context, error) {
	return a.actAs(ctx, prefix, in, required, true)
}

func (a *Access) actAs(ctx context.Context, prefix string, in chat.ActAs, required, create bool) (context.Context, error) {
	actor := auth.FromContext(ctx)
	if !actor.Server {
		return ctx, nil
	}
	user, err := a.named(ctx, prefix, in, create)
	if err != nil {
		return nil, err
	}
	if user == nil {
		if required {
			return nil, chat.Errorf(chat.Invalid, "either %suser or %suser_id must be provided when using server side auth.", prefix, prefix)
		}
		return ctx, nil
	}
	as := *actor
	as.User, as.UserID = user, user.ID
	return auth.WithActor(ctx, &as), nil
}

// named returns the user that in names, by id or as an object whose fields he gets;
// nil when it names nobody. He must not be deleted. create is for who is not known
// and named by his id.
func (a *Access) named(ctx context.Context, prefix string, in chat.ActAs, create bool) (*chat.User, error) {
	app := auth.FromContext(ctx).App.ID
	switch {
	case in.User != nil && in.UserID != "":
		return nil, chat.Errorf(chat.Invalid, "cannot set both %suser and %suser_id.", prefix, prefix)
	case in.User != nil:
		if in.User.ID == "" {
			return nil, chat.Errorf(chat.Invalid, "%suser.id is a required field", prefix)
		}
		return a.Users.Upsert(ctx, app, in.User)
	case in.UserID == "":
		return nil, nil //nolint:nilnil // nobody was named
	}
	u, err := a.Store.App(app).User(ctx, in.UserID)
	switch {
	case err != nil:
		return nil, err
	case u == nil && create:
		return a.Users.Upsert(ctx, app, &chat.UserRequest{ID: in.UserID})
	case u == nil:
		return nil, chat.Errorf(chat.NotFound, "the user %s does not exist", in.UserID)
	case u.DeletedAt != nil:
		return nil, chat.Errorf(chat.Invalid, "user %q was deleted", u.ID)
	}
	return u, nil
}

// Seat is an actor's place in a channel: what decisions about him there start
// from. All it points to may be shared: copy before changing.
type Seat struct {
	Actor   *auth.Actor
	Channel *chat.Channel
	Type    *store.Type
	Member  *chat.Member // nil when he is no member
	set     permission.Set
}

// Seat returns the actor's seat in a channel; NotFound when there is no such
// channel. It does not check that he may read it.
func (a *Access) Seat(ctx context.Context, cid chat.CID) (*Seat, error) {
	actor := auth.FromContext(ctx)
	ch, t, m, err := a.Store.App(actor.App.ID).Seat(ctx, cid, actor.UserID)
	if err != nil {
		return nil, err
	}
	return NewSeat(actor, ch, t, m), nil
}

// NewSeat returns the seat of an actor in a channel that is already loaded, or
// about to be created.
func NewSeat(actor *auth.Actor, ch *chat.Channel, t *store.Type, m *chat.Member) *Seat {
	s := &Seat{Actor: actor, Channel: ch, Type: t, Member: m}
	if actor.Unchecked() {
		s.set = permission.Unrestricted()
		return s
	}
	if actor.User == nil {
		return s
	}
	channelRole := ""
	if m != nil && m.Status != chat.StatusRejected {
		channelRole = m.ChannelRole
	}
	table := t.Table
	if ch.Config != nil {
		table = table.With(ch.Config.Grants)
	}
	s.set = table.For(permission.RoleIn(actor.User, ch.Team, actor.App.Settings.MultiTenantEnabled), channelRole)
	return s
}

// Of returns the seat of another user in the same channel. channelRole is his role
// there, "" for who is no member.
func (s *Seat) Of(u *chat.User, channelRole string) *Seat {
	actor := &auth.Actor{App: s.Actor.App, User: u, UserID: u.ID}
	var m *chat.Member
	if channelRole != "" {
		m = &chat.Member{UserID: u.ID, ChannelRole: channelRole}
	}
	return NewSeat(actor, s.Channel, s.Type, m)
}

// RolesWith lists the roles, of users and of members, that may do something in the
// channel to what is not their own, in some team at least.
func (s *Seat) RolesWith(action permission.Action) []string {
	table := s.Type.Table
	if s.Channel.Config != nil {
		table = table.With(s.Channel.Config.Grants)
	}
	return table.RolesWith(action)
}

// Owner tells whether the actor created the channel.
func (s *Seat) Owner() bool {
	return s.Actor.UserID != "" && s.Channel.CreatedByID == s.Actor.UserID
}

// SameTeam tells whether the actor and the channel are of one team, or teams do
// not matter.
func (s *Seat) SameTeam() bool {
	if !s.Actor.App.Settings.MultiTenantEnabled || s.Actor.User == nil {
		return true
	}
	return permission.SameTeam(s.Actor.User.Teams, s.Channel.Team)
}

// May tells whether the actor may do something to the channel, or to what he
// finds in it when owner tells that it is his own. The server side may do all.
func (s *Seat) May(action permission.Action, owner bool) bool {
	return s.set.Can(action, owner, s.SameTeam())
}

// Require returns the API's refusal when the actor may not do something to the
// channel itself; the channel's creator owns it.
func (s *Seat) Require(action permission.Action) error { return s.RequireOf(action, s.Owner()) }

// RequireOf is Require for a thing in the channel that is the actor's own or not.
func (s *Seat) RequireOf(action permission.Action, owner bool) error {
	if s.May(action, owner) {
		return nil
	}
	return Refused(s.Actor, action, s.Channel.Type)
}

// Read returns nil when the actor may see the channel at all: the right to read
// it, and a channel that is not disabled.
func (s *Seat) Read() error {
	if err := s.Require(permission.ReadChannel); err != nil {
		return err
	}
	if s.Channel.Disabled && !s.May(permission.ReadDisabledChannel, s.Owner()) {
		return chat.Errorf(chat.NotAllowed, "channel %s is disabled", s.Channel.CID)
	}
	return nil
}

// Refused is the API's answer to what an actor may not do in a scope: a channel
// type or ".app".
func Refused(actor *auth.Actor, action permission.Action, scope string) error {
	role := ""
	if actor.User != nil {
		role = actor.User.Role
	}
	return chat.Errorf(chat.NotAllowed, "User '%s' with role '%s' is not allowed to perform action %s in scope '%s'", actor.UserID, role, action.Name(), scope)
}

// Capabilities are the actor's own_capabilities in the channel.
func (s *Seat) Capabilities() []string {
	return permission.Capabilities(s.set, s.Channel.Config, permission.CapabilityInput{
		ChannelOwner: s.Owner(), SameTeam: s.SameTeam(), Cooldown: s.Channel.Cooldown,
	})
}
