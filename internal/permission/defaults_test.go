package permission_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatd/internal/permission"
)

// adminIDs is what every admin may do in channels.
const adminIDs = "add-links ban-channel-member ban-user create-attachment create-call create-channel " +
	"create-mention create-message create-reaction create-system-message delete-attachment " +
	"delete-channel delete-message delete-reaction flag-message join-call mute-channel " +
	"pin-message read-channel read-channel-members read-message-flags recreate-channel " +
	"remove-own-channel-membership run-message-action send-custom-event skip-channel-cooldown " +
	"skip-message-moderation truncate-channel unblock-message update-channel " +
	"update-channel-cooldown update-channel-frozen update-channel-members update-message " +
	"upload-attachment"

// newerIDs are the permissions that came after the recorded default grants; tests
// of their own say who holds them.
var newerIDs = strings.Fields("add-own-channel-membership cast-vote close-poll create-poll create-reply " +
	"create-restricted-visibility-message delete-poll notify-channel notify-group notify-here notify-role query-polls " +
	"query-votes quote-message read-restricted-visibility-message send-poll share-location update-poll update-thread")

func isNewer(id string) bool {
	return slices.Contains(newerIDs, strings.TrimSuffix(id, "-owner"))
}

// recordedGrants are the default grants as recorded, without the newer ids.
var recordedGrants = []struct {
	scope, role string
	all         bool // adminIDs,
	minus, plus string
}{
	{scope: ".app", role: "admin", plus: "flag-user mute-user read-flag-reports search-user update-flag-report update-user-owner"},
	{scope: ".app", role: "moderator", plus: "flag-user mute-user read-flag-reports search-user update-flag-report update-user-owner"},
	{scope: ".app", role: "user", plus: "flag-user mute-user search-user update-user-owner"},
	{scope: ".app", role: "guest", plus: "flag-user mute-user search-user update-user-owner"},
	{scope: "messaging", role: "admin", all: true},
	{scope: "messaging", role: "moderator", all: true, minus: "delete-channel recreate-channel truncate-channel", plus: "delete-channel-owner recreate-channel-owner truncate-channel-owner"},
	{scope: "messaging", role: "user", plus: "add-links-owner create-attachment-owner create-channel create-mention-owner " +
		"create-message-owner create-reaction-owner delete-attachment-owner delete-channel-owner " +
		"delete-message-owner delete-reaction-owner flag-message-owner mute-channel-owner " +
		"pin-message-owner read-channel-members-owner read-channel-owner recreate-channel-owner " +
		"remove-own-channel-membership-owner run-message-action-owner send-custom-event-owner " +
		"truncate-channel-owner update-channel-members-owner update-channel-owner " +
		"update-message-owner upload-attachment-owner"},
	{scope: "messaging", role: "channel_member", plus: "add-links create-attachment create-call create-mention create-message create-reaction " +
		"flag-message join-call mute-channel pin-message read-channel read-channel-members " +
		"remove-own-channel-membership run-message-action send-custom-event upload-attachment"},
	{scope: "messaging", role: "channel_moderator", all: true, minus: "ban-user create-channel delete-channel recreate-channel truncate-channel"},
	{scope: "livestream", role: "admin", all: true},
	{scope: "livestream", role: "moderator", all: true, minus: "delete-channel recreate-channel remove-own-channel-membership truncate-channel " +
		"update-channel update-channel-members"},
	{scope: "livestream", role: "user", plus: "add-links create-attachment create-channel create-mention create-message create-reaction " +
		"delete-attachment-owner delete-message-owner delete-reaction-owner flag-message join-call " +
		"mute-channel pin-message-owner read-channel read-channel-members run-message-action " +
		"send-custom-event update-message-owner upload-attachment"},
	{scope: "livestream", role: "guest", plus: "flag-message join-call mute-channel read-channel read-channel-members"},
	{scope: "livestream", role: "anonymous", plus: "join-call read-channel read-channel-members"},
	{scope: "livestream", role: "channel_moderator", plus: "ban-channel-member create-call create-system-message delete-attachment delete-message " +
		"delete-reaction pin-message read-message-flags skip-channel-cooldown skip-message-moderation " +
		"unblock-message update-channel-cooldown update-channel-frozen update-message"},
	{scope: "team", role: "admin", all: true},
	{scope: "team", role: "moderator", all: true, minus: "delete-channel recreate-channel truncate-channel", plus: "delete-channel-owner recreate-channel-owner truncate-channel-owner"},
	{scope: "team", role: "user", plus: "add-links-owner create-attachment-owner create-channel create-mention-owner " +
		"create-message-owner create-reaction-owner delete-attachment-owner delete-channel-owner " +
		"delete-message-owner delete-reaction-owner flag-message-owner mute-channel-owner " +
		"pin-message-owner read-channel-members-owner read-channel-owner recreate-channel-owner " +
		"remove-own-channel-membership-owner run-message-action-owner send-custom-event-owner " +
		"truncate-channel-owner update-channel-members-owner update-channel-owner " +
		"update-message-owner upload-attachment-owner"},
	{scope: "team", role: "channel_member", plus: "add-links create-attachment create-call create-mention create-message create-reaction " +
		"flag-message join-call mute-channel pin-message read-channel read-channel-members " +
		"remove-own-channel-membership run-message-action send-custom-event upload-attachment"},
	{scope: "team", role: "channel_moderator", all: true, minus: "ban-user create-channel delete-channel recreate-channel truncate-channel"},
	{scope: "commerce", role: "admin", all: true},
	{scope: "commerce", role: "moderator", all: true, minus: "delete-channel recreate-channel truncate-channel"},
	{scope: "commerce", role: "user", plus: "add-links-owner create-attachment-owner create-mention-owner create-message-owner " +
		"create-reaction-owner delete-attachment-owner delete-message-owner delete-reaction-owner " +
		"flag-message-owner mute-channel-owner pin-message-owner read-channel-members-owner " +
		"read-channel-owner remove-own-channel-membership-owner run-message-action-owner " +
		"send-custom-event-owner update-channel-members-owner update-message-owner " +
		"upload-attachment-owner"},
	{scope: "commerce", role: "guest", plus: "add-links create-channel delete-attachment-owner delete-message-owner delete-reaction-owner " +
		"flag-message-owner mute-channel-owner pin-message-owner read-channel-members-owner " +
		"read-channel-owner update-channel-members-owner update-message-owner upload-attachment"},
	{scope: "commerce", role: "channel_member", plus: "add-links create-attachment create-mention create-message create-reaction flag-message " +
		"join-call mute-channel read-channel read-channel-members remove-own-channel-membership " +
		"run-message-action send-custom-event upload-attachment"},
	{scope: "commerce", role: "channel_moderator", all: true, minus: "ban-user create-channel delete-channel recreate-channel truncate-channel"},
	{scope: "gaming", role: "admin", all: true},
	{scope: "gaming", role: "moderator", all: true, minus: "create-channel delete-channel recreate-channel truncate-channel update-channel " +
		"update-channel-members"},
	{scope: "gaming", role: "user", plus: "add-links-owner create-attachment-owner create-mention-owner create-message-owner " +
		"create-reaction-owner delete-attachment-owner delete-message-owner delete-reaction-owner " +
		"flag-message-owner mute-channel-owner read-channel-members-owner read-channel-owner " +
		"remove-own-channel-membership-owner run-message-action-owner send-custom-event-owner " +
		"update-message-owner upload-attachment-owner"},
	{scope: "gaming", role: "channel_member", plus: "add-links create-attachment create-call create-mention create-message create-reaction " +
		"flag-message join-call mute-channel read-channel read-channel-members " +
		"remove-own-channel-membership run-message-action send-custom-event upload-attachment"},
	{scope: "gaming", role: "channel_moderator", all: true, minus: "ban-user create-channel delete-channel recreate-channel truncate-channel update-channel " +
		"update-channel-members"},
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	seen := map[string][]string{}
	for _, tt := range recordedGrants {
		seen[tt.scope] = append(seen[tt.scope], tt.role)
		t.Run(tt.scope+"/"+tt.role, func(t *testing.T) {
			t.Parallel()
			want := strings.Fields(tt.plus)
			if tt.all {
				want = append(want, strings.Fields(adminIDs)...)
			}
			want = slices.DeleteFunc(want, func(id string) bool { return slices.Contains(strings.Fields(tt.minus), id) })
			slices.Sort(want)
			got := slices.DeleteFunc(permission.Defaults(tt.scope)[tt.role], isNewer)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("grants (-want +got):\n%s", diff)
			}
		})
	}
	// Roles without a row hold nothing, but for those of apps with teams.
	for scope, roles := range seen {
		for role, ids := range permission.Defaults(scope) {
			if !slices.Contains(roles, role) && !strings.HasPrefix(role, "global_") {
				t.Errorf("%s: role %s has grants %v", scope, role, ids)
			}
		}
	}
}

func TestDefaultsAcrossTeams(t *testing.T) {
	t.Parallel()
	for _, scope := range []string{".app", "messaging", "livestream", "team", "gaming", "commerce"} {
		g := permission.Defaults(scope)
		for _, role := range []string{"moderator", "admin"} {
			want := slices.Clone(g[role])
			for i := range want {
				want[i] += "-any-team"
			}
			if diff := cmp.Diff(want, g["global_"+role]); diff != "" {
				t.Errorf("%s: global_%s (-want +got):\n%s", scope, role, diff)
			}
		}
	}
}

func TestDefaultsOfCustomType(t *testing.T) {
	t.Parallel()
	for _, scope := range []string{"team", "my-type"} {
		if diff := cmp.Diff(permission.Defaults("messaging"), permission.Defaults(scope)); diff != "" {
			t.Errorf("%s differs from messaging (-messaging +%s):\n%s", scope, scope, diff)
		}
	}
}

func TestDefaultsAreTheCallers(t *testing.T) {
	t.Parallel()
	g := permission.Defaults("messaging")
	g["user"][0] = "changed"
	g["admin"] = nil
	if diff := cmp.Diff(permission.Defaults("team"), permission.Defaults("messaging")); diff != "" {
		t.Errorf("a change reached the defaults:\n%s", diff)
	}
}

func TestDefaultsAreWellFormed(t *testing.T) {
	t.Parallel()
	for _, scope := range []string{".app", "messaging", "livestream", "team", "gaming", "commerce"} {
		g := permission.Defaults(scope)
		if err := permission.ValidateGrants(g); err != nil {
			t.Errorf("%s: %v", scope, err)
		}
		for role, ids := range g {
			if !slices.IsSorted(ids) || len(slices.Compact(slices.Clone(ids))) != len(ids) {
				t.Errorf("%s/%s: not sorted or not unique: %v", scope, role, ids)
			}
			for _, id := range ids {
				if _, ok := permission.Lookup(id); !ok {
					t.Errorf("%s/%s: no action knows %q", scope, role, id)
				}
			}
		}
	}
}
