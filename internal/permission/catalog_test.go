package permission_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatd/internal/permission"
)

func TestLookup(t *testing.T) {
	t.Parallel()
	for _, want := range []permission.Permission{
		{
			ID: "create-message", Name: "Create Message", Description: "Grants action CreateMessage", Action: "CreateMessage",
			SameTeam: true, Tags: []string{}, Level: "channel", OwnerOf: "Channel",
		},
		{
			ID: "create-message-owner", Name: "Create Message in Owned Channel", Action: "CreateMessage",
			Description: "Grants action CreateMessage, user should own the channel",
			Owner:       true, SameTeam: true, Tags: []string{}, Level: "channel", OwnerOf: "Channel",
		},
		{
			ID: "update-message-owner-any-team", Name: "Update Message in Owned Message in Any Team", Action: "UpdateMessage",
			Description: "Grants action UpdateMessage, user should own the message, in any team",
			Owner:       true, Tags: []string{}, Level: "channel", OwnerOf: "Message",
		},
		{
			ID: "flag-user-any-team", Name: "Flag User in Any Team", Action: "FlagUser",
			Description: "Grants action FlagUser, in any team", Tags: []string{}, Level: "app", OwnerOf: "User",
		},
	} {
		got, ok := permission.Lookup(want.ID)
		if diff := cmp.Diff(want, got); diff != "" || !ok {
			t.Errorf("%s: %t (-want +got):\n%s", want.ID, ok, diff)
		}
	}
	for _, id := range []string{"", "-owner", "create", "create-message-", "Create-Message", "create-message-any-team-owner"} {
		if p, ok := permission.Lookup(id); ok {
			t.Errorf("%q is %+v", id, p)
		}
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	all := permission.List()
	ids := make([]string, len(all))
	for i, p := range all {
		ids[i] = p.ID
		if found, ok := permission.Lookup(p.ID); !ok || !cmp.Equal(found, p) {
			t.Errorf("Lookup(%q) = %+v, %t", p.ID, found, ok)
		}
	}
	if !slices.IsSorted(ids) || len(slices.Compact(slices.Clone(ids))) != len(ids) {
		t.Errorf("ids are not sorted or not unique: %v", ids)
	}
	for _, id := range []string{"read-channel", "use-frozen-channel-owner", "ban-user-any-team", "close-poll-owner-any-team"} {
		if !slices.Contains(ids, id) {
			t.Errorf("%s is missing", id)
		}
	}
}

// Whose "-owner" is meant, per action.
func TestOwner(t *testing.T) {
	t.Parallel()
	for action, want := range map[permission.Action]permission.Resource{
		permission.CreateMessage:              permission.ResourceChannel,
		permission.RemoveOwnChannelMembership: permission.ResourceChannel,
		permission.PinMessage:                 permission.ResourceChannel,
		permission.UploadAttachment:           permission.ResourceChannel,
		permission.UpdateMessage:              permission.ResourceMessage,
		permission.DeleteMessage:              permission.ResourceMessage,
		permission.RunMessageAction:           permission.ResourceMessage,
		permission.DeleteReaction:             permission.ResourceReaction,
		permission.DeleteAttachment:           permission.ResourceAttachment,
		permission.UpdateUser:                 permission.ResourceUser,
		permission.BanUser:                    permission.ResourceUser,
		permission.ReadDisabledChannel:        permission.ResourceUser,
		permission.ClosePoll:                  permission.ResourcePoll,
		permission.ReadFlagReports:            permission.ResourceFlagReport,
		"my-own-action":                       "",
	} {
		if got := action.Owner(); got != want || action.Known() != (want != "") {
			t.Errorf("%s: %q", action, got)
		}
	}
}

func TestActionName(t *testing.T) {
	t.Parallel()
	for action, want := range map[permission.Action]string{
		permission.CreateDistinctChannelForOthers: "CreateDistinctChannelForOthers",
		permission.RemoveOwnChannelMembership:     "RemoveOwnChannelMembership",
		permission.SkipChannelCooldown:            "SkipChannelCooldown",
		"":                                        "",
		"a--b-":                                   "AB",
	} {
		if got := action.Name(); got != want {
			t.Errorf("%s: %q", action, got)
		}
	}
}
