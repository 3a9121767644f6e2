package permission

import "chatd/internal/chat"

// CapabilityInput is what own capabilities depend on beside the grants and the
// channel's configuration.
type CapabilityInput struct {
	ChannelOwner bool // the actor created the channel
	SameTeam     bool // the channel is within the actor's teams; true in apps without teams
	Cooldown     int  // the channel's slow mode, in seconds; 0 for none
}

// capability is one own capability: held when the channel's configuration has the
// feature on and the actor may do the action.
type capability struct {
	name   string
	action Action                      // "" asks for no permission
	whose  whose                       // of what the action is done to
	on     func(*chat.TypeConfig) bool // nil for what cannot be switched off
	number int                         // the action's; filled in by prepare
}

// whose tells what a capability's action is done to.
type whose uint8

const (
	ofChannel whose = iota // the channel: the actor owns it or not
	ofActor                // something of the actor's own, as his message
	ofAnyone               // something of anybody's
)

// capabilities are all own capabilities, in alphabetical order.
var capabilities = prepare([]capability{
	{name: "ban-channel-members", action: BanChannelMember},
	{name: "cast-poll-vote", action: CastVote, on: polls},
	{name: "connect-events", on: func(c *chat.TypeConfig) bool { return c.ConnectEvents }},
	{name: "create-attachment", action: CreateAttachment},
	{name: "create-mention", action: CreateMention},
	{name: "delete-any-message", action: DeleteMessage, whose: ofAnyone},
	{name: "delete-channel", action: DeleteChannel},
	{name: "delete-own-message", action: DeleteMessage, whose: ofActor},
	{name: "delivery-events", on: func(c *chat.TypeConfig) bool { return c.DeliveryEvents }},
	{name: "flag-message", action: FlagMessage},
	{name: "freeze-channel", action: UpdateChannelFrozen},
	{name: "join-channel", action: AddOwnChannelMembership},
	{name: "leave-channel", action: RemoveOwnChannelMembership},
	{name: "mute-channel", action: MuteChannel},
	{name: "notify-channel", action: NotifyChannel},
	{name: "notify-group", action: NotifyGroup},
	{name: "notify-here", action: NotifyHere},
	{name: "notify-role", action: NotifyRole},
	{name: "pin-message", action: PinMessage},
	{name: "query-poll-votes", action: QueryVotes, on: polls},
	{name: "quote-message", action: QuoteMessage, on: func(c *chat.TypeConfig) bool { return c.Quotes }},
	{name: "read-events", on: func(c *chat.TypeConfig) bool { return c.ReadEvents }},
	{name: "search-messages", action: ReadChannel, on: func(c *chat.TypeConfig) bool { return c.Search }},
	{name: "send-custom-events", action: SendCustomEvent, on: func(c *chat.TypeConfig) bool { return c.CustomEvents }},
	{name: "send-links", action: AddLinks},
	{name: "send-message", action: CreateMessage},
	{name: "send-poll", action: SendPoll, on: polls},
	{name: "send-reaction", action: CreateReaction, on: func(c *chat.TypeConfig) bool { return c.Reactions }},
	{name: "send-reply", action: CreateReply, on: replies},
	{name: "send-restricted-visibility-message", action: CreateRestrictedVisibilityMessage},
	{name: "send-typing-events", on: typing},
	{name: "set-channel-cooldown", action: UpdateChannelCooldown},
	{name: "share-location", action: ShareLocation, on: func(c *chat.TypeConfig) bool { return c.SharedLocations }},
	{name: "skip-slow-mode", action: SkipChannelCooldown},
	{name: slowMode},
	{name: "typing-events", on: typing},
	{name: "update-any-message", action: UpdateMessage, whose: ofAnyone},
	{name: "update-channel", action: UpdateChannel},
	{name: "update-channel-members", action: UpdateChannelMembers},
	{name: "update-own-message", action: UpdateMessage, whose: ofActor},
	{name: "update-thread", action: UpdateThread, on: replies},
	{name: "upload-file", action: UploadAttachment, on: func(c *chat.TypeConfig) bool { return c.Uploads }},
})

func prepare(all []capability) []capability {
	for i := range all {
		all[i].number = known[all[i].action].number
	}
	return all
}

// slowMode is the one capability that is a restriction: held when the channel is in
// slow mode and the actor is not exempt.
const slowMode = "slow-mode"

func polls(c *chat.TypeConfig) bool   { return c.Polls }
func replies(c *chat.TypeConfig) bool { return c.Replies }
func typing(c *chat.TypeConfig) bool  { return c.TypingEvents }

// Capabilities lists what the actor may do in a channel, as the API's
// own_capabilities: in alphabetical order, never nil. cfg is the channel's
// configuration, with its overrides applied.
func Capabilities(s Set, cfg *chat.TypeConfig, in CapabilityInput) []string {
	out := make([]string, 0, len(capabilities))
	for i := range capabilities {
		if c := &capabilities[i]; c.held(s, cfg, in) {
			out = append(out, c.name)
		}
	}
	return out
}

func (c *capability) held(s Set, cfg *chat.TypeConfig, in CapabilityInput) bool {
	if c.name == slowMode {
		return in.Cooldown > 0 && !s.Can(SkipChannelCooldown, in.ChannelOwner, in.SameTeam)
	}
	if c.on != nil && !c.on(cfg) {
		return false
	}
	owner := in.ChannelOwner && c.whose == ofChannel || c.whose == ofActor
	return c.action == "" || s.reaches(c.number, owner, in.SameTeam)
}
