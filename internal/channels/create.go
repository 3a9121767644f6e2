package channels

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"chatd/internal/access"
	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/permission"
	"chatd/internal/store"
)

// errTaken tells that another request created the channel at the same time.
var errTaken = errors.New("the channel exists")

// create makes the channel that a request asks for. distinct are the members that
// it is named after, nil for an id of the client's choice. A channel that somebody
// else created meanwhile is left as it is.
func (s *Service) create(ctx context.Context, cid chat.CID, r *GetOrCreateRequest, distinct []string) error {
	actor, app := s.app(ctx)
	if actor.Server && actor.UserID == "" {
		return chat.Errorf(chat.Invalid, "either data.created_by or data.created_by_id must be provided when using server side auth.")
	}
	if distinct == nil && chat.IsDistinct(cid.ID()) {
		return chat.ValidChannelID(cid.ID(), false)
	}
	data := r.data()
	if err := data.check(); err != nil {
		return err
	}
	t, err := app.Type(ctx, cid.Type())
	if err != nil {
		return err
	}
	old, err := app.Channels(ctx, cid)
	if err != nil {
		return err
	}
	ch := &chat.Channel{
		CID: cid, Type: cid.Type(), ID: cid.ID(), CreatedByID: actor.UserID, CreatedBy: actor.User,
		Config: &t.Config, DistinctMembers: distinct,
	}
	if err := data.gateNew(access.NewSeat(actor, ch, t, nil), old); err != nil {
		return err
	}
	if err := data.apply(ch, t.Config.Commands); err != nil {
		return err
	}
	members, err := s.founders(ctx, access.NewSeat(actor, ch, t, nil), data)
	if err != nil {
		return err
	}
	err = app.InTx(ctx, func(tx *store.Tx) error {
		c := *ch // the transaction may run again
		if len(old) > 0 {
			return s.revive(ctx, tx, &c, members, r)
		}
		return s.insert(ctx, tx, &c, members, r.HideForCreator)
	})
	if errors.Is(err, errTaken) {
		s.Store.Forget(app.ID, store.ChannelStale(cid).Key)
		return nil
	}
	return err
}

// founders are the first members of a new channel.
func (s *Service) founders(ctx context.Context, seat *access.Seat, d *ChannelData) ([]*chat.Member, error) {
	people, err := s.people(ctx, "create", append(d.Members.ids(), d.Invites.ids()...))
	if err != nil {
		return nil, err
	}
	members, err := newMembers(seat, d.Members, false, nil)
	if err != nil {
		return nil, err
	}
	invited, err := newMembers(seat, d.Invites, true, nil)
	if err != nil {
		return nil, err
	}
	return allowed(union(members, invited), people), nil
}

// gateNew checks that the actor of a seat, which is in the channel as it is before
// the data is applied, may create a channel with this data; old holds the deleted
// channel that it is to replace, if there is one.
func (d *ChannelData) gateNew(seat *access.Seat, old []*chat.Channel) error {
	actor := seat.Actor
	if actor.Unchecked() {
		return nil
	}
	if d.AutoTranslation != nil && *d.AutoTranslation || d.AutoTranslationLanguage != nil && *d.AutoTranslationLanguage != "" {
		return chat.Errorf(chat.Unauthenticated, "channels with automatic translation can only be created server-side")
	}
	if err := d.gateTeam(seat); err != nil {
		return err
	}
	plain := *d
	plain.Team, plain.AutoTranslation, plain.AutoTranslationLanguage = nil, nil, nil
	if err := plain.gate(seat); err != nil {
		return err
	}
	if distinct := seat.Channel.DistinctMembers; distinct != nil && !slices.Contains(distinct, actor.UserID) {
		if err := seat.Require(permission.CreateDistinctChannelForOthers); err != nil {
			return err
		}
	}
	if len(old) > 0 {
		return access.NewSeat(actor, old[0], seat.Type, nil).Require(permission.RecreateChannel)
	}
	return nil
}

// gateTeam checks that the actor may create a channel of the team in the data.
func (d *ChannelData) gateTeam(seat *access.Seat) error {
	ch := *seat.Channel
	put(&ch.Team, d.Team)
	inTeam := access.NewSeat(seat.Actor, &ch, seat.Type, nil)
	err := inTeam.Require(permission.CreateChannel)
	if err != nil && !inTeam.SameTeam() {
		teams := make([]string, len(seat.Actor.User.Teams))
		for i, t := range seat.Actor.User.Teams {
			teams[i] = strconv.Quote(t)
		}
		return chat.Errorf(chat.Unauthenticated, "user from teams [%s] cannot create a channel for team %q", strings.Join(teams, " "), ch.Team)
	}
	return err
}

// insert writes a new channel.
func (s *Service) insert(ctx context.Context, tx *store.Tx, ch *chat.Channel, members []*chat.Member, hide bool) error {
	ok, err := tx.InsertChannel(ctx, ch)
	if err != nil {
		return err
	}
	if !ok {
		return errTaken
	}
	added, err := tx.AddMembers(ctx, ch, members)
	if err != nil {
		return err
	}
	return s.created(ctx, tx, ch, added, hide)
}

// revive writes a channel in the place of a deleted one: with the old one's data
// and members if the request says nothing of them.
func (s *Service) revive(ctx context.Context, tx *store.Tx, ch *chat.Channel, members []*chat.Member, r *GetOrCreateRequest) error {
	old, err := tx.LockAnyChannel(ctx, ch.CID)
	if err != nil {
		return err
	}
	if old.DeletedAt == nil {
		return errTaken
	}
	if !r.data().content() {
		if err := tx.ReviveChannel(ctx, old); err != nil {
			return err
		}
		kept, err := tx.Rejoin(ctx, old)
		if err != nil {
			return err
		}
		return s.created(ctx, tx, old, kept, r.HideForCreator)
	}
	ch.CreatedAt, ch.UnreadSeq = tx.Now(), old.UnreadSeq
	if err := tx.ReviveChannel(ctx, ch); err != nil {
		return err
	}
	if err := tx.ClearMembers(ctx, ch); err != nil {
		return err
	}
	added, err := tx.AddMembers(ctx, ch, members)
	if err != nil {
		return err
	}
	return s.created(ctx, tx, ch, added, r.HideForCreator)
}

// created hides a new channel from its creator, if he wants that, and tells of it.
func (s *Service) created(ctx context.Context, tx *store.Tx, ch *chat.Channel, members []*chat.Member, hide bool) error {
	if hide {
		for _, m := range members {
			if m.UserID == ch.CreatedByID {
				m.Hidden = true
				if err := tx.SaveMember(ctx, ch, m, false); err != nil {
					return err
				}
			}
		}
	}
	ev, err := tx.EventChannel(ctx, ch.CID)
	if err != nil {
		return err
	}
	sc := newScene(auth.FromContext(ctx), ev, tx.Now())
	made := sc.event(evChannelCreated)
	made.To = chat.Audience{Kind: chat.ToHooks}
	tx.Emit(made)
	for _, m := range members {
		tx.Emit(sc.joined(m))
	}
	return nil
}
