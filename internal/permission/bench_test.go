package permission_test

import (
	"testing"

	"chatd/internal/chat"
	"chatd/internal/permission"
)

func BenchmarkCan(b *testing.B) {
	table := permission.Compile(permission.Defaults(permission.Messaging))
	b.ReportAllocs()
	for b.Loop() {
		if !table.For(chat.RoleUser, chat.RoleChannelMember).Can(permission.CreateMessage, false, true) {
			b.Fatal("a member may write")
		}
	}
}

func BenchmarkCapabilities(b *testing.B) {
	set := permission.Compile(permission.Defaults(permission.Messaging)).For(chat.RoleUser, chat.RoleChannelMember)
	cfg := allFeatures()
	b.ReportAllocs()
	for b.Loop() {
		permission.Capabilities(set, &cfg, permission.CapabilityInput{SameTeam: true})
	}
}

func BenchmarkWith(b *testing.B) {
	table := permission.Compile(permission.Defaults(permission.Messaging))
	modifiers := permission.Grants{chat.RoleChannelMember: {"!add-links", "create-reaction"}}
	b.ReportAllocs()
	for b.Loop() {
		table.With(modifiers)
	}
}

// allFeatures is a channel's configuration with everything on.
func allFeatures() chat.TypeConfig {
	return chat.TypeConfig{
		TypingEvents: true, ReadEvents: true, ConnectEvents: true, DeliveryEvents: true, Search: true,
		Reactions: true, Replies: true, Quotes: true, Mutes: true, Uploads: true, URLEnrichment: true,
		CustomEvents: true, PushNotifications: true, Reminders: true, Polls: true, UserMessageReminders: true,
		SharedLocations: true, CountMessages: true,
	}
}
