package permission

import (
	"slices"
	"strings"
)

// Permission is one permission as GET /permissions shows it.
type Permission struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Action      string   `json:"action"`
	Owner       bool     `json:"owner"`     // the actor must own the resource
	SameTeam    bool     `json:"same_team"` // the resource must be within the actor's teams
	Tags        []string `json:"tags"`
	Custom      bool     `json:"custom"`
	Level       string   `json:"level"`          // app or channel
	OwnerOf     string   `json:"owner_resource"` // what "-owner" speaks of: a Resource
}

// The levels of permissions.
const (
	LevelApp     = "app"
	LevelChannel = "channel"
)

// fact is what is known of an action.
type fact struct {
	resource Resource
	level    string
	number   int // its place in a grant
}

// known is every built-in action.
var known = number([]group{
	{ResourceChannel, LevelChannel, []Action{
		AddLinks, AddOwnChannelMembership, BanChannelMember, CastVote, CreateAttachment, CreateCall, CreateChannel,
		CreateDistinctChannelForOthers, CreateMention, CreateMessage, CreateReaction, CreateReply, CreateSystemMessage,
		DeleteChannel, FlagMessage, JoinCall, MuteChannel, NotifyChannel, NotifyGroup, NotifyHere, NotifyRole,
		PinMessage, QueryVotes, QuoteMessage, ReadChannel, ReadChannelMembers, ReadMessageFlags, RecreateChannel,
		RemoveOwnChannelMembership, SendCustomEvent, SendPoll, ShareLocation, SkipChannelCooldown,
		SkipMessageModeration, TruncateChannel, UpdateChannel, UpdateChannelCooldown, UpdateChannelFrozen,
		UpdateChannelMembers, UpdateThread, UploadAttachment, UseFrozenChannel,
	}},
	{ResourceMessage, LevelChannel, []Action{DeleteMessage, RunMessageAction, UnblockMessage, UpdateMessage}},
	{ResourceReaction, LevelChannel, []Action{DeleteReaction}},
	{ResourceAttachment, LevelChannel, []Action{DeleteAttachment}},
	{ResourceUser, LevelChannel, []Action{
		BanUser, CreateRestrictedVisibilityMessage, ReadDisabledChannel, ReadRestrictedVisibilityMessage,
	}},
	{ResourceUser, LevelApp, []Action{FlagUser, MuteUser, SearchUser, UpdateUser, UpdateUserRole, UpdateUserTeams}},
	{ResourceFlagReport, LevelApp, []Action{ReadFlagReports, UpdateFlagReport}},
	{ResourcePoll, LevelApp, []Action{ClosePoll, CreatePoll, DeletePoll, QueryPolls, UpdatePoll}},
})

// group is actions of which the same is known.
type group struct {
	resource Resource
	level    string
	actions  []Action
}

func number(groups []group) map[Action]fact {
	out := map[Action]fact{}
	for _, g := range groups {
		for _, a := range g.actions {
			out[a] = fact{g.resource, g.level, len(out)}
		}
	}
	return out
}

// List returns every built-in permission, ordered by id. The result is the
// caller's.
func List() []Permission {
	var out []Permission
	for a := range known {
		out = append(out, permissionOf(a, anyone), permissionOf(a, anyoneAnyTeam))
		if a.Owner() != ResourceFlagReport {
			out = append(out, permissionOf(a, own), permissionOf(a, ownAnyTeam))
		}
	}
	slices.SortFunc(out, func(a, b Permission) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// Lookup returns the built-in permission with an id.
func Lookup(id string) (Permission, bool) {
	a, reach := parse(id)
	if !a.Known() {
		return Permission{}, false
	}
	return permissionOf(a, reach), true
}

func permissionOf(a Action, reach scope) Permission {
	f := known[a]
	p := Permission{
		ID: string(a), Name: a.title(), Description: "Grants action " + a.Name(), Action: a.Name(),
		Owner: reach == own || reach == ownAnyTeam, SameTeam: reach == anyone || reach == own,
		Tags: []string{}, Level: f.level, OwnerOf: string(f.resource),
	}
	if p.Owner {
		p.ID += suffixOwner
		p.Name += " in Owned " + string(f.resource)
		p.Description += ", user should own the " + strings.ToLower(string(f.resource))
	}
	if !p.SameTeam {
		p.ID += suffixAnyTeam
		p.Name += " in Any Team"
		p.Description += ", in any team"
	}
	return p
}
