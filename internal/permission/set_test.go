package permission_test

import (
	"testing"

	"chatd/internal/chat"
	"chatd/internal/permission"
)

func TestCan(t *testing.T) {
	t.Parallel()
	type answers struct{ stranger, owner, strangerElsewhere, ownerElsewhere bool }
	for _, tt := range []struct {
		name string
		ids  []string
		want answers
	}{
		{"none", nil, answers{}},
		{"another action", []string{"delete-message"}, answers{}},
		{"any", []string{"update-message"}, answers{stranger: true, owner: true}},
		{"owner", []string{"update-message-owner"}, answers{owner: true}},
		{"any team", []string{"update-message-any-team"}, answers{true, true, true, true}},
		{"owner any team", []string{"update-message-owner-any-team"}, answers{owner: true, ownerElsewhere: true}},
		{"any and owner any team", []string{"update-message", "update-message-owner-any-team"}, answers{true, true, false, true}},
		{"unknown id", []string{"update-messages", "update-message-"}, answers{}},
		{"any, revoked", []string{"update-message", "!update-message"}, answers{}},
		{"any revoked, owner stays", []string{"update-message", "update-message-owner", "!update-message"}, answers{owner: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for who, set := range map[string]permission.Set{
				"user":   permission.Compile(permission.Grants{"user": tt.ids}).For("user", ""),
				"member": permission.Compile(permission.Grants{"channel_member": tt.ids}).For("user", "channel_member"),
			} {
				can := func(owner, team bool) bool { return set.Can(permission.UpdateMessage, owner, team) }
				got := answers{can(false, true), can(true, true), can(false, false), can(true, false)}
				if got != tt.want {
					t.Errorf("as %s: %+v, want %+v", who, got, tt.want)
				}
			}
		})
	}
}

func TestZeroAndUnrestricted(t *testing.T) {
	t.Parallel()
	table := permission.Compile(permission.Defaults(permission.Messaging))
	for _, a := range []permission.Action{permission.ReadChannel, permission.UseFrozenChannel, "my-own-action"} {
		if (permission.Set{}).Can(a, true, true) || table.For("", "").Can(a, true, true) || table.For("nobody", "no").Can(a, true, true) {
			t.Errorf("%s is allowed to who has no role", a)
		}
		if !permission.Unrestricted().Can(a, false, false) {
			t.Errorf("%s is refused to the unrestricted", a)
		}
	}
}

// Without a role one has nothing, even if grants come from somewhere with an empty
// role's name.
func TestEmptyRole(t *testing.T) {
	t.Parallel()
	table := permission.Compile(permission.Grants{"": {"read-channel"}})
	if table.For("user", "").Can(permission.ReadChannel, false, true) {
		t.Error("who is no member has a member's permission")
	}
}

// Who owns the resource.
const own, foreign = true, false

// consequences are those of the default grants, as people know the built-in types.
var consequences = []struct {
	scope, user, member string
	action              permission.Action
	owner               bool
	want                bool
}{
	// A user creates messaging channels, and reads those that he owns or joined.
	{"messaging", "user", "", permission.CreateChannel, foreign, true},
	{"messaging", "user", "", permission.ReadChannel, foreign, false},
	{"messaging", "user", "", permission.ReadChannel, own, true},
	{"messaging", "user", "channel_member", permission.ReadChannel, foreign, true},
	{"messaging", "user", "", permission.CreateMessage, foreign, false},
	{"messaging", "user", "", permission.CreateMessage, own, true},
	{"messaging", "user", "channel_member", permission.CreateMessage, foreign, true},
	// The owner of a messaging channel runs it, but is no moderator of others.
	{"messaging", "user", "channel_member", permission.TruncateChannel, own, true},
	{"messaging", "user", "channel_member", permission.DeleteChannel, own, true},
	{"messaging", "user", "channel_member", permission.RecreateChannel, own, true},
	{"messaging", "user", "channel_member", permission.UpdateChannelMembers, own, true},
	{"messaging", "user", "channel_member", permission.UpdateChannel, own, true},
	{"messaging", "user", "channel_member", permission.UpdateChannelFrozen, own, false},
	{"messaging", "user", "channel_member", permission.UpdateChannelCooldown, own, false},
	{"messaging", "user", "channel_member", permission.BanChannelMember, own, false},
	{"messaging", "user", "channel_member", permission.SkipChannelCooldown, own, false},
	// A member is no owner, and edits only what is his.
	{"messaging", "user", "channel_member", permission.UpdateChannelMembers, foreign, false},
	{"messaging", "user", "channel_member", permission.DeleteChannel, foreign, false},
	{"messaging", "user", "channel_member", permission.UpdateMessage, own, true},
	{"messaging", "user", "channel_member", permission.UpdateMessage, foreign, false},
	{"messaging", "user", "channel_member", permission.DeleteMessage, foreign, false},
	{"messaging", "user", "channel_member", permission.DeleteReaction, own, true},
	{"messaging", "user", "channel_member", permission.DeleteReaction, foreign, false},
	{"messaging", "user", "channel_member", permission.PinMessage, foreign, true},
	{"messaging", "user", "channel_member", permission.RemoveOwnChannelMembership, foreign, true},
	{"messaging", "user", "channel_member", permission.UploadAttachment, foreign, true},
	{"messaging", "user", "", permission.AddOwnChannelMembership, foreign, false},
	{"messaging", "user", "", permission.AddOwnChannelMembership, own, true},
	// Moderators moderate; only the app's end channels that are not theirs.
	{"messaging", "user", "channel_moderator", permission.DeleteMessage, foreign, true},
	{"messaging", "user", "channel_moderator", permission.BanChannelMember, foreign, true},
	{"messaging", "user", "channel_moderator", permission.BanUser, foreign, false},
	{"messaging", "user", "channel_moderator", permission.DeleteChannel, foreign, false},
	{"messaging", "user", "channel_moderator", permission.UpdateChannelFrozen, foreign, true},
	{"messaging", "moderator", "", permission.BanUser, foreign, true},
	{"messaging", "moderator", "", permission.DeleteChannel, foreign, false},
	{"messaging", "moderator", "", permission.DeleteChannel, own, true},
	{"messaging", "admin", "", permission.DeleteChannel, foreign, true},
	// Guests and strangers have no place in messaging but as members.
	{"messaging", "guest", "", permission.CreateChannel, foreign, false},
	{"messaging", "guest", "", permission.ReadChannel, own, false},
	{"messaging", "guest", "channel_member", permission.CreateMessage, foreign, true},
	{"messaging", "anonymous", "", permission.ReadChannel, foreign, false},
	// A team's channels are as messaging's.
	{"team", "user", "", permission.ReadChannel, foreign, false},
	{"team", "user", "channel_member", permission.CreateReply, foreign, true},
	// Everybody reads a livestream, users write, guests and the anonymous do not.
	{"livestream", "user", "", permission.ReadChannel, foreign, true},
	{"livestream", "user", "", permission.CreateMessage, foreign, true},
	{"livestream", "user", "", permission.CreateReply, foreign, true},
	{"livestream", "user", "", permission.CreateReaction, foreign, true},
	{"livestream", "user", "", permission.CreateChannel, foreign, true},
	{"livestream", "user", "", permission.UpdateChannelMembers, own, false},
	{"livestream", "user", "", permission.AddOwnChannelMembership, foreign, false},
	{"livestream", "user", "", permission.UpdateMessage, own, true},
	{"livestream", "user", "", permission.PinMessage, own, true},
	{"livestream", "guest", "", permission.ReadChannel, foreign, true},
	{"livestream", "guest", "", permission.CreateMessage, own, false},
	{"livestream", "guest", "", permission.FlagMessage, foreign, true},
	{"livestream", "anonymous", "", permission.ReadChannel, foreign, true},
	{"livestream", "anonymous", "", permission.ReadChannelMembers, foreign, true},
	{"livestream", "anonymous", "", permission.CreateMessage, foreign, false},
	{"livestream", "anonymous", "", permission.CreateReaction, foreign, false},
	{"livestream", "anonymous", "", permission.FlagMessage, foreign, false},
	{"livestream", "user", "channel_moderator", permission.DeleteMessage, foreign, true},
	{"livestream", "user", "channel_moderator", permission.NotifyChannel, foreign, true},
	{"livestream", "moderator", "", permission.UpdateChannel, foreign, false},
	{"livestream", "moderator", "", permission.BanChannelMember, foreign, true},
	// Commerce: a guest opens a channel with a shop, and writes as its member.
	{"commerce", "guest", "", permission.CreateChannel, foreign, true},
	{"commerce", "user", "", permission.CreateChannel, foreign, false},
	{"commerce", "guest", "", permission.CreateMessage, own, false},
	{"commerce", "guest", "channel_member", permission.CreateMessage, foreign, true},
	{"commerce", "guest", "", permission.ReadChannel, own, true},
	{"commerce", "guest", "", permission.ReadChannel, foreign, false},
	{"commerce", "guest", "", permission.UpdateChannelMembers, own, true},
	{"commerce", "user", "channel_member", permission.DeleteChannel, own, false},
	{"commerce", "user", "channel_member", permission.PinMessage, foreign, false},
	// Gaming: only admins create channels.
	{"gaming", "user", "", permission.CreateChannel, foreign, false},
	{"gaming", "moderator", "", permission.CreateChannel, foreign, false},
	{"gaming", "admin", "", permission.CreateChannel, foreign, true},
	{"gaming", "user", "", permission.ReadChannel, foreign, false},
	{"gaming", "user", "channel_member", permission.CreateMessage, foreign, true},
	{"gaming", "user", "channel_member", permission.UpdateChannelMembers, own, false},
	{"gaming", "user", "channel_moderator", permission.UpdateChannel, foreign, false},
	{"gaming", "guest", "", permission.ReadChannel, own, false},
	// The app's own scope.
	{".app", "user", "", permission.SearchUser, foreign, true},
	{".app", "user", "", permission.FlagUser, foreign, true},
	{".app", "user", "", permission.UpdateUser, own, true},
	{".app", "user", "", permission.UpdateUser, foreign, false},
	{".app", "user", "", permission.UpdateUserRole, own, false},
	{".app", "user", "", permission.UpdateUserTeams, own, false},
	{".app", "user", "", permission.ReadFlagReports, foreign, false},
	{".app", "user", "", permission.CreatePoll, foreign, true},
	{".app", "user", "", permission.ClosePoll, own, true},
	{".app", "user", "", permission.ClosePoll, foreign, false},
	{".app", "guest", "", permission.MuteUser, foreign, true},
	{".app", "anonymous", "", permission.SearchUser, foreign, false},
	{".app", "moderator", "", permission.ReadFlagReports, foreign, true},
	{".app", "admin", "", permission.UpdateUser, foreign, false},
	{".app", "admin", "", permission.DeletePoll, foreign, true},
}

func TestConsequences(t *testing.T) {
	t.Parallel()
	tables := map[string]*permission.Table{}
	for _, scope := range []string{".app", "messaging", "livestream", "team", "gaming", "commerce"} {
		tables[scope] = permission.Compile(permission.Defaults(scope))
	}
	for _, tt := range consequences {
		if got := tables[tt.scope].For(tt.user, tt.member).Can(tt.action, tt.owner, true); got != tt.want {
			t.Errorf("%s: %s (%s) %s owner=%t: %t", tt.scope, tt.user, tt.member, tt.action, tt.owner, got)
		}
	}
}

// What no role holds by default, admins included, and what only admins hold.
func TestRarePermissions(t *testing.T) {
	t.Parallel()
	nobody := []permission.Action{
		permission.UseFrozenChannel, permission.ReadDisabledChannel, permission.CreateDistinctChannelForOthers,
		permission.UpdateUserRole, permission.UpdateUserTeams,
	}
	admins := []permission.Action{permission.ReadRestrictedVisibilityMessage, permission.CreateRestrictedVisibilityMessage}
	for _, scope := range []string{".app", "messaging", "livestream", "team", "gaming", "commerce"} {
		table := permission.Compile(permission.Defaults(scope))
		for _, user := range permission.BuiltinRoles() {
			for _, member := range []string{"", chat.RoleChannelMember, chat.RoleChannelModerator} {
				set := table.For(user, member)
				for _, a := range nobody {
					if set.Can(a, true, true) {
						t.Errorf("%s: %s (%s) may %s", scope, user, member, a)
					}
				}
				for _, a := range admins {
					want := scope != ".app" && (user == chat.RoleAdmin || user == chat.RoleGlobalAdmin)
					if set.Can(a, false, true) != want {
						t.Errorf("%s: %s (%s) %s: %t", scope, user, member, a, !want)
					}
				}
			}
		}
	}
}

func TestTeams(t *testing.T) {
	t.Parallel()
	table := permission.Compile(permission.Defaults(permission.Messaging))
	for _, tt := range []struct {
		role     string
		sameTeam bool
		want     bool
	}{
		{chat.RoleAdmin, true, true},
		{chat.RoleAdmin, false, false},
		{chat.RoleGlobalAdmin, false, true},
		{chat.RoleGlobalModerator, false, true},
		{chat.RoleUser, false, false},
	} {
		if got := table.For(tt.role, "").Can(permission.DeleteMessage, false, tt.sameTeam); got != tt.want {
			t.Errorf("%s sameTeam=%t: %t", tt.role, tt.sameTeam, got)
		}
	}
}

func TestModifiers(t *testing.T) {
	t.Parallel()
	base := permission.Compile(permission.Defaults(permission.Livestream))
	changed := base.With(permission.Grants{
		"user":  {"!add-links", "truncate-channel-owner"},
		"guest": {"create-message", "create-message-owner", "!create-message"},
		"vip":   {"create-message"},
	})
	for _, tt := range []struct {
		name         string
		user, member string
		action       permission.Action
		owner        bool
		before, now  bool
	}{
		{"revoked", "user", "", permission.AddLinks, true, true, false},
		{"added for owners", "user", "", permission.TruncateChannel, true, false, true},
		{"not added for others", "user", "", permission.TruncateChannel, false, false, false},
		{"untouched action", "user", "", permission.CreateMessage, false, true, true},
		{"untouched role", "admin", "", permission.AddLinks, false, true, true},
		{"in the order given", "guest", "", permission.CreateMessage, false, false, false},
		{"only the id itself is revoked", "guest", "", permission.CreateMessage, true, false, true},
		{"a role without grants", "vip", "", permission.CreateMessage, false, false, true},
		{"a role of the member", "guest", "vip", permission.CreateMessage, false, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := base.For(tt.user, tt.member).Can(tt.action, tt.owner, true); got != tt.before {
				t.Errorf("without modifiers: %t", got)
			}
			if got := changed.For(tt.user, tt.member).Can(tt.action, tt.owner, true); got != tt.now {
				t.Errorf("with modifiers: %t", got)
			}
		})
	}
}

func TestNoModifiers(t *testing.T) {
	t.Parallel()
	table := permission.Compile(permission.Defaults(permission.Team))
	if table.With(nil) != table || table.With(permission.Grants{}) != table {
		t.Error("a table without modifiers is made anew")
	}
}

//nolint:paralleltest // AllocsPerRun counts the whole process's allocations
func TestAskingDoesNotAllocate(t *testing.T) {
	table := permission.Compile(permission.Defaults(permission.Messaging))
	allocs := testing.AllocsPerRun(100, func() {
		table.For(chat.RoleUser, chat.RoleChannelMember).Can(permission.UpdateMessage, true, true)
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}
