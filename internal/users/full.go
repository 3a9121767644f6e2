package users

import (
	"context"

	"chatd/internal/auth"
	"chatd/internal/chat"
)

// full makes of users what the actor sees of them. Unread numbers, devices, mutes and
// blocks are for the server side and for himself; of others he sees none.
func (s *Service) full(ctx context.Context, actor *auth.Actor, users []*chat.User) ([]*chat.FullUser, error) {
	app := s.Store.App(actor.App.ID)
	var known []string
	for _, u := range users {
		if actor.Server || u.ID == actor.UserID {
			known = append(known, u.ID)
		}
	}
	totals, err := app.TotalsOf(ctx, known...)
	if err != nil {
		return nil, err
	}
	threads, err := app.UnreadThreads(ctx, known...)
	if err != nil {
		return nil, err
	}
	devices, err := app.Devices(ctx, known...)
	if err != nil {
		return nil, err
	}
	mutes, err := app.ChannelMutes(ctx, known...)
	if err != nil {
		return nil, err
	}
	blocked, err := app.BlockedUsers(ctx, known...)
	if err != nil {
		return nil, err
	}
	out := make([]*chat.FullUser, len(users))
	for i, u := range users {
		v := *u
		v.BlockedUserIDs = blocked[u.ID]
		switch {
		case actor.Server:
		case v.ID == actor.UserID:
			v.ShadowBanned = false // he is not to know
		default:
			v.Invisible = false // he is not online, more is not to be known
		}
		out[i] = &chat.FullUser{User: v, Unread: totals[u.ID], UnreadThreads: threads[u.ID].Threads, Devices: devices[u.ID], ChannelMutes: mutes[u.ID]}
	}
	return out, nil
}

// Own returns a user as he sees himself on a connection of his.
func (s *Service) Own(ctx context.Context, u *chat.User) (*chat.OwnUser, error) {
	_, app := s.app(ctx)
	me := &chat.OwnUser{User: *u, PushPreferred: chat.PushPreferred{ChatLevel: pushAll, CallLevel: pushAll, FeedsLevel: pushAll}}
	me.Online, me.ShadowBanned = !u.Invisible, false
	if u.Role == chat.RoleAnonymous && chat.IsAnonymousID(u.ID) {
		return me, nil
	}
	var err error
	if me.Unread, err = app.Totals(ctx, u.ID); err != nil {
		return nil, err
	}
	threads, err := app.UnreadThreads(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	me.UnreadThreads = threads[u.ID].Threads
	devices, err := app.Devices(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	mutes, err := app.ChannelMutes(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	blocked, err := app.BlockedUsers(ctx, u.ID)
	me.Devices, me.ChannelMutes, me.BlockedUserIDs = devices[u.ID], mutes[u.ID], blocked[u.ID]
	return me, err
}

// pushAll is the push level of who has set none.
const pushAll = "all"
