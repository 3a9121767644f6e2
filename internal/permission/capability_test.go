package permission_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatd/internal/chat"
	"chatd/internal/permission"
)

// recorded is what the creator of a messaging channel, its member, may do with all
// features on.
const recorded = "cast-poll-vote connect-events create-attachment create-mention delete-channel delete-own-message " +
	"delivery-events flag-message join-channel leave-channel mute-channel pin-message query-poll-votes quote-message " +
	"read-events search-messages send-custom-events send-links send-message send-poll send-reaction send-reply " +
	"send-typing-events share-location typing-events update-channel update-channel-members update-own-message " +
	"update-thread upload-file"

const events = "connect-events delivery-events read-events send-typing-events typing-events"

func TestCapabilities(t *testing.T) {
	t.Parallel()
	const memberOnly = "delete-channel update-channel update-channel-members"
	for _, tt := range []struct {
		name, scope, user, member string
		in                        permission.CapabilityInput
		want                      string
	}{
		{
			name: "creator", scope: "messaging", user: "user", member: "channel_member",
			in:   permission.CapabilityInput{ChannelOwner: true, SameTeam: true},
			want: recorded,
		},
		{
			name: "member", scope: "messaging", user: "user", member: "channel_member",
			in:   permission.CapabilityInput{SameTeam: true},
			want: recordedWithout(memberOnly),
		},
		{
			name: "member in slow mode", scope: "messaging", user: "user", member: "channel_member",
			in:   permission.CapabilityInput{SameTeam: true, Cooldown: 10},
			want: recordedWithout(memberOnly) + " slow-mode",
		},
		{
			name: "stranger", scope: "messaging", user: "user", member: "",
			in:   permission.CapabilityInput{SameTeam: true},
			want: events + " delete-own-message update-own-message",
		},
		{
			name: "member of another team", scope: "messaging", user: "user", member: "channel_member",
			in:   permission.CapabilityInput{},
			want: events,
		},
		{
			name: "channel moderator in slow mode", scope: "messaging", user: "user", member: "channel_moderator",
			in: permission.CapabilityInput{SameTeam: true, Cooldown: 10},
			want: recordedWithout("delete-channel") + " ban-channel-members delete-any-message freeze-channel notify-channel " +
				"notify-group notify-here notify-role set-channel-cooldown skip-slow-mode update-any-message",
		},
		{
			name: "livestream guest", scope: "livestream", user: "guest", member: "",
			in:   permission.CapabilityInput{SameTeam: true},
			want: events + " flag-message mute-channel search-messages",
		},
		{
			name: "livestream anonymous", scope: "livestream", user: "anonymous", member: "",
			in:   permission.CapabilityInput{SameTeam: true},
			want: events + " search-messages",
		},
		{
			name: "global admin elsewhere", scope: "messaging", user: "global_admin", member: "",
			in: permission.CapabilityInput{},
			want: recorded + " ban-channel-members delete-any-message freeze-channel notify-channel notify-group notify-here " +
				"notify-role send-restricted-visibility-message set-channel-cooldown skip-slow-mode update-any-message",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := allFeatures()
			set := permission.Compile(permission.Defaults(tt.scope)).For(tt.user, tt.member)
			want := strings.Fields(tt.want)
			slices.Sort(want)
			if diff := cmp.Diff(want, permission.Capabilities(set, &cfg, tt.in)); diff != "" {
				t.Errorf("capabilities (-want +got):\n%s", diff)
			}
		})
	}
}

// Each switch of a channel's configuration takes exactly its capabilities away.
func TestCapabilitiesFollowConfig(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		off  func(*chat.TypeConfig)
		lost string
	}{
		{"typing", func(c *chat.TypeConfig) { c.TypingEvents = false }, "send-typing-events typing-events"},
		{"read", func(c *chat.TypeConfig) { c.ReadEvents = false }, "read-events"},
		{"connect", func(c *chat.TypeConfig) { c.ConnectEvents = false }, "connect-events"},
		{"delivery", func(c *chat.TypeConfig) { c.DeliveryEvents = false }, "delivery-events"},
		{"search", func(c *chat.TypeConfig) { c.Search = false }, "search-messages"},
		{"reactions", func(c *chat.TypeConfig) { c.Reactions = false }, "send-reaction"},
		{"replies", func(c *chat.TypeConfig) { c.Replies = false }, "send-reply update-thread"},
		{"quotes", func(c *chat.TypeConfig) { c.Quotes = false }, "quote-message"},
		{"uploads", func(c *chat.TypeConfig) { c.Uploads = false }, "upload-file"},
		{"custom events", func(c *chat.TypeConfig) { c.CustomEvents = false }, "send-custom-events"},
		{"polls", func(c *chat.TypeConfig) { c.Polls = false }, "cast-poll-vote query-poll-votes send-poll"},
		{"locations", func(c *chat.TypeConfig) { c.SharedLocations = false }, "share-location"},
		{"mutes", func(c *chat.TypeConfig) { c.Mutes = false }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := allFeatures()
			tt.off(&cfg)
			set := permission.Compile(permission.Defaults(permission.Messaging)).For(chat.RoleUser, chat.RoleChannelMember)
			got := permission.Capabilities(set, &cfg, permission.CapabilityInput{ChannelOwner: true, SameTeam: true})
			if diff := cmp.Diff(strings.Fields(recordedWithout(tt.lost)), got); diff != "" {
				t.Errorf("capabilities (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCapabilitiesBounds(t *testing.T) {
	t.Parallel()
	none := permission.Capabilities(permission.Set{}, &chat.TypeConfig{}, permission.CapabilityInput{})
	if none == nil || len(none) != 0 {
		t.Errorf("of nobody: %#v", none)
	}
	cfg := allFeatures()
	all := permission.Capabilities(permission.Unrestricted(), &cfg, permission.CapabilityInput{Cooldown: 5})
	if len(all) != 41 || !slices.IsSorted(all) || slices.Contains(all, "slow-mode") {
		t.Errorf("of the unrestricted: %d, sorted %t: %v", len(all), slices.IsSorted(all), all)
	}
}

// recordedWithout returns the recorded capabilities that are not in some.
func recordedWithout(some string) string {
	return strings.Join(slices.DeleteFunc(strings.Fields(recorded), func(w string) bool {
		return slices.Contains(strings.Fields(some), w)
	}), " ")
}
