package access

import (
	"chatd/internal/chat"
	"chatd/internal/permission"
	"chatd/internal/store"
)

// Viewer is the actor as one who looks at the channel's messages. Those of
// shadow-banned users are in the lists of those who may ban them.
func (s *Seat) Viewer() store.Viewer {
	u := s.Actor.User
	return store.Viewer{
		UserID: s.Actor.UserID, Server: s.Actor.Server,
		SeesShadowed:   s.May(permission.BanChannelMember, s.Owner()),
		SeesRestricted: s.Oversees(),
		Drafts:         u != nil && u.DraftCount > 0,
		Reminders:      u != nil && u.ReminderCount > 0,
	}
}

// Oversees tells whether the actor sees what is meant for others, because his role
// allows it.
func (s *Seat) Oversees() bool { return s.May(permission.ReadRestrictedVisibilityMessage, false) }

// Including has messages come with custom data of their senders' memberships, where
// the app's settings have that on.
func (s *Seat) Including(v store.Viewer, names chat.MemberInclude) store.Viewer {
	if s.Actor.App.Settings.MemberCustomOnMessages {
		v.Include = names.Inclusion()
	}
	return v
}

// View is what of the channel's messages the actor can see: those after its
// truncation and after the hiding of his history.
func (s *Seat) View() store.View {
	v := store.View{CID: s.Channel.CID, Since: s.Channel.TruncatedAt}
	if m := s.Member; m != nil && m.HideMessagesBefore != nil && (v.Since == nil || m.HideMessagesBefore.After(*v.Since)) {
		v.Since = m.HideMessagesBefore
	}
	return v
}

// Enabled returns nil when the channel is not disabled, or the actor may use it
// even so.
func (s *Seat) Enabled() error {
	if s.Channel.Disabled && !s.May(permission.ReadDisabledChannel, s.Owner()) {
		return chat.Errorf(chat.NotAllowed, "channel %s is disabled", s.Channel.CID)
	}
	return nil
}

// ViewerOf is the actor as one who looks at the channels of all seats, of which there
// is one at least: what he may see in all of them.
func ViewerOf(seats []*Seat) store.Viewer {
	v := seats[0].Viewer()
	for _, seat := range seats[1:] {
		w := seat.Viewer()
		v.SeesShadowed, v.SeesRestricted = v.SeesShadowed && w.SeesShadowed, v.SeesRestricted && w.SeesRestricted
	}
	return v
}
