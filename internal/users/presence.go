package users

import (
	"context"
	"slices"
	"time"

	"chatd/internal/chat"
	"chatd/internal/store"
)

// Online notes that a user's first connection opened, also in u, and tells those who
// follow his presence, unless he is invisible.
func (s *Service) Online(ctx context.Context, app chat.AppID, u *chat.User) error {
	if chat.IsAnonymousID(u.ID) {
		return nil
	}
	s.Hub.SetInvisible(app, u.ID, u.Invisible)
	a := s.Store.App(app)
	now := a.Now()
	if err := a.SetLastActive(ctx, now, u.ID); err != nil {
		return err
	}
	u.LastActive = &now
	return a.Publish(ctx, presence(app, u, !u.Invisible, now)...)
}

// Offline notes that a user's last connection is gone and tells those who follow his
// presence, unless he is invisible. local means that every node finds this out by
// itself and tells its own connections. It may be called late, by who has nobody to
// tell of an error: what fails is left undone.
func (s *Service) Offline(ctx context.Context, app chat.AppID, userID string, local bool) {
	if chat.IsAnonymousID(userID) {
		return
	}
	a := s.Store.App(app)
	u, err := a.User(ctx, userID)
	if err != nil || u == nil {
		return
	}
	now := a.Now()
	_ = a.SetLastActive(ctx, now, userID)
	items := presence(app, u, false, now)
	if !local {
		_ = a.Publish(ctx, items...)
		return
	}
	s.Store.Forget(app, store.UserStale(userID).Key)
	_ = s.Hub.PublishLocal(&chat.Publication{App: app, Items: items})
}

// Touch notes that users are still connected; nobody is told. It comes again after a
// while, so what fails is left undone.
func (s *Service) Touch(ctx context.Context, app chat.AppID, ids []string) {
	ids = slices.DeleteFunc(ids, chat.IsAnonymousID)
	a := s.Store.App(app)
	if err := a.SetLastActive(ctx, a.Now(), ids...); err != nil {
		return
	}
	for _, id := range ids {
		s.Store.Forget(app, store.UserStale(id).Key)
	}
}

// presence is what is told when a user comes or goes. Who is invisible does so
// unseen.
func presence(app chat.AppID, u *chat.User, online bool, now time.Time) []chat.Item {
	items := []chat.Item{store.UserStale(u.ID)}
	if u.Invisible {
		return items
	}
	v := *u
	v.Online, v.LastActive = online, &now
	return append(items, changedPresence(app, &v, now))
}

// status is what a user says he is up to: custom data that belongs to his presence.
func status(u *chat.User) string {
	for name, v := range chat.Keys(u.Custom) {
		if name == "status" {
			return string(normal(v))
		}
	}
	return ""
}

// changedPresence tells those who follow a user's presence that he came or went, or has
// another status.
func changedPresence(app chat.AppID, u *chat.User, now time.Time) *chat.Event {
	e := chat.UserEvent("user.presence.changed", app, now, u.ID)
	e.To.Kind, e.User = chat.ToFollowers, u.Public()
	return e
}

// updated tells them, and himself, that a user changed. Only he is told that he is
// invisible.
func updated(app chat.AppID, u *chat.User, now time.Time) []chat.Item {
	e := chat.UserEvent("user.updated", app, now, u.ID)
	e.To.Kind, e.User = chat.ToPresence, u.Public()
	if !u.Invisible {
		return []chat.Item{e}
	}
	e.To.Kind = chat.ToOtherFollowers
	self := *u
	self.ShadowBanned = false
	own := chat.UserEvent("user.updated", app, now, u.ID)
	own.User = &self
	return []chat.Item{e, own}
}
