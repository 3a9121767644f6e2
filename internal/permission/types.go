package permission

import (
	"slices"
	"time"

	"chatd/internal/chat"
)

// The defaults and limits of channel types.
const (
	DefaultMaxMessageLength = 5000  // characters
	MaxMaxMessageLength     = 20000 // characters
	MaxChannelTypes         = 50    // per app

	retentionInfinite = "infinite"
	automodDisabled   = "disabled"
	behaviorFlag      = "flag"
)

// The sets of built-in commands, and the name that stands for all commands.
const (
	FunSet        = "fun_set"
	ModerationSet = "moderation_set"
	AllCommands   = "all"
)

// BuiltinCommands returns the slash commands that every app has. The result is the
// caller's.
func BuiltinCommands() []*chat.Command {
	return []*chat.Command{
		{Name: "giphy", Description: "Post a random gif to the channel", Args: "[text]", Set: FunSet},
		{Name: "ban", Description: "Ban a user", Args: "[@username] [text]", Set: ModerationSet},
		{Name: "unban", Description: "Unban a user", Args: "[@username]", Set: ModerationSet},
		{Name: "mute", Description: "Mute a user", Args: "[@username]", Set: ModerationSet},
		{Name: "unmute", Description: "Unmute a user", Args: "[@username]", Set: ModerationSet},
	}
}

// IsBuiltinCommand tells whether every app has the command.
func IsBuiltinCommand(name string) bool {
	return slices.ContainsFunc(BuiltinCommands(), func(c *chat.Command) bool { return c.Name == name })
}

// ResolveCommands turns the names that a channel type's configuration lists into
// commands: names of built-in commands and of custom, the app's own; the name of a
// set; or AllCommands. A command named twice appears once. The error, for a name
// that nothing has, is Invalid.
func ResolveCommands(names []string, custom []*chat.Command) ([]*chat.Command, error) {
	all := append(BuiltinCommands(), custom...)
	out := make([]*chat.Command, 0, len(names))
	for _, name := range names {
		found := false
		for _, c := range all {
			if name == "" || name != AllCommands && name != c.Set && name != c.Name {
				continue
			}
			found = true
			if !slices.ContainsFunc(out, func(o *chat.Command) bool { return o.Name == c.Name }) {
				out = append(out, c)
			}
		}
		if !found {
			return nil, chat.Errorf(chat.Invalid, "command %q does not exist", name)
		}
	}
	return out, nil
}

// NewTypeConfig returns the configuration that a new channel type has where its
// creator says nothing.
func NewTypeConfig(name string, now time.Time) chat.TypeConfig {
	return chat.TypeConfig{
		CreatedAt: now, UpdatedAt: now, Name: name,
		TypingEvents: true, ReadEvents: true, ConnectEvents: true,
		Search: true, Reactions: true, Replies: true, Quotes: true, Mutes: true,
		Uploads: true, URLEnrichment: true, CustomEvents: true, PushNotifications: true,
		MessageRetention: retentionInfinite, MaxMessageLength: DefaultMaxMessageLength,
		Automod: automodDisabled, AutomodBehavior: behaviorFlag, BlocklistBehavior: behaviorFlag,
		Commands: BuiltinCommands(),
	}
}

// DefaultTypes returns the channel types of a new app, made at now, with their
// default grants. The result is the caller's.
func DefaultTypes(now time.Time) []chat.ChannelType {
	names := []string{Messaging, Livestream, Team, Gaming, Commerce}
	types := make([]chat.ChannelType, len(names))
	for i, name := range names {
		types[i] = chat.ChannelType{
			Name: name, Config: builtinConfig(name, now), Grants: Defaults(name), CreatedAt: now, UpdatedAt: now,
		}
	}
	return types
}

// builtinConfig is the configuration of a built-in type: large audiences do
// without what costs a message per person.
func builtinConfig(name string, now time.Time) chat.TypeConfig {
	c := NewTypeConfig(name, now)
	switch name {
	case Messaging, Team:
		c.DeliveryEvents = true
	case Livestream, Gaming:
		c.TypingEvents, c.ReadEvents, c.URLEnrichment = false, false, false
		c.Search = name != Gaming
		c.Uploads = name != Gaming
	}
	if name != Livestream { // only there are the moderation commands on from the start
		c.Commands = slices.DeleteFunc(c.Commands, func(c *chat.Command) bool { return c.Set != FunSet })
	}
	return c
}
