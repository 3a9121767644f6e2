package permission

import (
	"slices"
	"strings"

	"chatd/internal/chat"
)

// The built-in channel types. Every other type starts with the grants of messaging.
const (
	Messaging  = "messaging"
	Livestream = "livestream"
	Team       = "team"
	Gaming     = "gaming"
	Commerce   = "commerce"
)

// The ids that several roles share. They are lists of words.
const (
	usersAll = "flag-user mute-user search-user update-user-owner"

	everything = "add-links ban-channel-member ban-user create-attachment create-call create-channel create-mention " +
		"create-message create-reaction create-system-message delete-attachment delete-channel delete-message " +
		"delete-reaction flag-message join-call mute-channel pin-message read-channel read-channel-members " +
		"read-message-flags recreate-channel remove-own-channel-membership run-message-action send-custom-event " +
		"skip-channel-cooldown skip-message-moderation truncate-channel unblock-message update-channel " +
		"update-channel-cooldown update-channel-frozen update-channel-members update-message upload-attachment"

	// endings end a channel's life; most roles below admin lack them.
	endings      = "delete-channel recreate-channel truncate-channel"
	endingsOwner = "delete-channel-owner recreate-channel-owner truncate-channel-owner"

	// ownThings is what a user does to his own messages and, where he owns the
	// channel, in it.
	ownThings = "add-links-owner create-attachment-owner create-mention-owner create-message-owner " +
		"create-reaction-owner delete-attachment-owner delete-message-owner delete-reaction-owner " +
		"flag-message-owner mute-channel-owner read-channel-members-owner read-channel-owner " +
		"remove-own-channel-membership-owner run-message-action-owner send-custom-event-owner " +
		"update-message-owner upload-attachment-owner"

	// taking is what every member does.
	taking = "add-links create-attachment create-mention create-message create-reaction flag-message join-call " +
		"mute-channel read-channel read-channel-members remove-own-channel-membership run-message-action " +
		"send-custom-event upload-attachment"

	// watching is what a guest sees of a livestream.
	watching = "join-call read-channel read-channel-members"
)

// alongside are the permissions of newer actions: whoever holds the one holds the
// others, with the same suffix.
var alongside = []struct{ with, also string }{
	{"create-message", "cast-vote create-reply query-votes quote-message send-poll share-location update-thread"},
	{"remove-own-channel-membership", "add-own-channel-membership"},
	{"ban-channel-member", "notify-channel notify-group notify-here notify-role"},
}

// Defaults returns the default grants of a scope: AppScope, a built-in channel
// type, or any other type, which starts as messaging does. Ids are in alphabetical
// order; the result is the caller's.
//
// The roles of apps with teams, global_moderator and global_admin, hold what
// moderator and admin hold, across all teams.
func Defaults(scope string) Grants {
	g := Grants{}
	for role, ids := range defaults(scope) {
		g[role] = complete(ids)
	}
	g[chat.RoleGlobalModerator] = acrossTeams(g[chat.RoleModerator])
	g[chat.RoleGlobalAdmin] = acrossTeams(g[chat.RoleAdmin])
	return g
}

func defaults(scope string) Grants {
	switch scope {
	case AppScope:
		return appDefaults()
	case Livestream:
		return livestreamDefaults()
	case Commerce:
		return commerceDefaults()
	case Gaming:
		return gamingDefaults()
	}
	return messagingDefaults()
}

func appDefaults() Grants {
	const polls = " create-poll query-polls"
	staff := list(usersAll + " read-flag-reports update-flag-report close-poll delete-poll update-poll" + polls)
	users := list(usersAll + " close-poll-owner delete-poll-owner update-poll-owner" + polls)
	return Grants{chat.RoleAdmin: staff, chat.RoleModerator: staff, chat.RoleUser: users, chat.RoleGuest: users}
}

func messagingDefaults() Grants {
	return Grants{
		chat.RoleAdmin:     admin(),
		chat.RoleModerator: append(without(everything, endings), list(endingsOwner)...),
		chat.RoleUser: list(ownThings + " " + endingsOwner +
			" create-channel pin-message-owner update-channel-members-owner update-channel-owner"),
		chat.RoleChannelMember:    list(taking + " create-call pin-message"),
		chat.RoleChannelModerator: without(everything, endings+" ban-user create-channel"),
	}
}

func livestreamDefaults() Grants {
	return Grants{
		chat.RoleAdmin: admin(),
		chat.RoleModerator: without(everything, endings+
			" remove-own-channel-membership update-channel update-channel-members"),
		chat.RoleUser: append(without(taking, "remove-own-channel-membership"), list("create-channel "+
			"delete-attachment-owner delete-message-owner delete-reaction-owner pin-message-owner update-message-owner")...),
		chat.RoleGuest:     list(watching + " flag-message mute-channel"),
		chat.RoleAnonymous: list(watching),
		chat.RoleChannelModerator: list("ban-channel-member create-call create-system-message delete-attachment " +
			"delete-message delete-reaction pin-message read-message-flags skip-channel-cooldown " +
			"skip-message-moderation unblock-message update-channel-cooldown update-channel-frozen update-message"),
	}
}

func commerceDefaults() Grants {
	return Grants{
		chat.RoleAdmin:     admin(),
		chat.RoleModerator: without(everything, endings),
		chat.RoleUser:      list(ownThings + " pin-message-owner update-channel-members-owner"),
		chat.RoleGuest: list("add-links create-channel delete-attachment-owner delete-message-owner delete-reaction-owner " +
			"flag-message-owner mute-channel-owner pin-message-owner read-channel-members-owner read-channel-owner " +
			"update-channel-members-owner update-message-owner upload-attachment"),
		chat.RoleChannelMember:    list(taking),
		chat.RoleChannelModerator: without(everything, endings+" ban-user create-channel"),
	}
}

func gamingDefaults() Grants {
	const upkeep = " create-channel update-channel update-channel-members"
	return Grants{
		chat.RoleAdmin:            admin(),
		chat.RoleModerator:        without(everything, endings+upkeep),
		chat.RoleUser:             list(ownThings),
		chat.RoleChannelMember:    list(taking + " create-call"),
		chat.RoleChannelModerator: without(everything, endings+upkeep+" ban-user"),
	}
}

// admin may do everything but use frozen and disabled channels, which nobody may by
// default, and alone may see and send what only some members see.
func admin() []string {
	return list(everything + " create-restricted-visibility-message read-restricted-visibility-message")
}

func list(words string) []string { return strings.Fields(words) }

// without returns the words of all that are not in some.
func without(all, some string) []string {
	minus := list(some)
	return slices.DeleteFunc(list(all), func(id string) bool { return slices.Contains(minus, id) })
}

// complete adds the newer permissions and sorts.
func complete(ids []string) []string {
	out := slices.Clone(ids)
	for _, a := range alongside {
		for _, suffix := range []string{"", suffixOwner} {
			if slices.Contains(ids, a.with+suffix) {
				for _, id := range list(a.also) {
					out = append(out, id+suffix)
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// acrossTeams returns the permissions without their bounds of team.
func acrossTeams(ids []string) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = id + suffixAnyTeam
	}
	return out
}
