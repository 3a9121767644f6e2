package permission

import "strings"

// Action is something a client may want to do. Its value is the id of the
// permission that allows it on every resource: "create-message".
type Action string

// The actions on a channel and on what is in it. The comment behind a group says
// whose "-owner" is meant.
const (
	// Of the channel: who created the channel.
	AddLinks                       Action = "add-links"
	AddOwnChannelMembership        Action = "add-own-channel-membership"
	BanChannelMember               Action = "ban-channel-member"
	CastVote                       Action = "cast-vote"
	CreateAttachment               Action = "create-attachment"
	CreateCall                     Action = "create-call"
	CreateChannel                  Action = "create-channel"
	CreateDistinctChannelForOthers Action = "create-distinct-channel-for-others"
	CreateMention                  Action = "create-mention"
	CreateMessage                  Action = "create-message"
	CreateReaction                 Action = "create-reaction"
	CreateReply                    Action = "create-reply"
	CreateSystemMessage            Action = "create-system-message"
	DeleteChannel                  Action = "delete-channel"
	FlagMessage                    Action = "flag-message"
	JoinCall                       Action = "join-call"
	MuteChannel                    Action = "mute-channel"
	NotifyChannel                  Action = "notify-channel"
	NotifyGroup                    Action = "notify-group"
	NotifyHere                     Action = "notify-here"
	NotifyRole                     Action = "notify-role"
	PinMessage                     Action = "pin-message"
	QueryVotes                     Action = "query-votes"
	QuoteMessage                   Action = "quote-message"
	ReadChannel                    Action = "read-channel"
	ReadChannelMembers             Action = "read-channel-members"
	ReadMessageFlags               Action = "read-message-flags"
	RecreateChannel                Action = "recreate-channel"
	RemoveOwnChannelMembership     Action = "remove-own-channel-membership"
	SendCustomEvent                Action = "send-custom-event"
	SendPoll                       Action = "send-poll"
	ShareLocation                  Action = "share-location"
	SkipChannelCooldown            Action = "skip-channel-cooldown"
	SkipMessageModeration          Action = "skip-message-moderation"
	TruncateChannel                Action = "truncate-channel"
	UpdateChannel                  Action = "update-channel"
	UpdateChannelCooldown          Action = "update-channel-cooldown"
	UpdateChannelFrozen            Action = "update-channel-frozen"
	UpdateChannelMembers           Action = "update-channel-members"
	UpdateThread                   Action = "update-thread"
	UploadAttachment               Action = "upload-attachment"
	UseFrozenChannel               Action = "use-frozen-channel"

	// Of a message: its author.
	DeleteMessage    Action = "delete-message"
	RunMessageAction Action = "run-message-action"
	UnblockMessage   Action = "unblock-message"
	UpdateMessage    Action = "update-message"

	// Of a reaction: who reacted.
	DeleteReaction Action = "delete-reaction"

	// Of an attachment: who uploaded it.
	DeleteAttachment Action = "delete-attachment"

	// Of a user: the user himself.
	BanUser                           Action = "ban-user"
	CreateRestrictedVisibilityMessage Action = "create-restricted-visibility-message"
	ReadDisabledChannel               Action = "read-disabled-channel"
	ReadRestrictedVisibilityMessage   Action = "read-restricted-visibility-message"
)

// The actions of the app's own scope (AppScope).
const (
	// Of a user: the user himself. Nobody may change his own role or teams by
	// UpdateUser.
	FlagUser        Action = "flag-user"
	MuteUser        Action = "mute-user"
	SearchUser      Action = "search-user"
	UpdateUser      Action = "update-user"
	UpdateUserRole  Action = "update-user-role"
	UpdateUserTeams Action = "update-user-teams"

	// Of a report of flags: nobody.
	ReadFlagReports  Action = "read-flag-reports"
	UpdateFlagReport Action = "update-flag-report"

	// Of a poll: who created it.
	ClosePoll  Action = "close-poll"
	CreatePoll Action = "create-poll"
	DeletePoll Action = "delete-poll"
	QueryPolls Action = "query-polls"
	UpdatePoll Action = "update-poll"
)

// Resource is what an action is done to, and so who its owner is.
type Resource string

// The resources.
const (
	ResourceChannel    Resource = "Channel"    // owned by who created it
	ResourceMessage    Resource = "Message"    // owned by its author
	ResourceReaction   Resource = "Reaction"   // owned by who reacted
	ResourceAttachment Resource = "Attachment" // owned by who uploaded it
	ResourceUser       Resource = "User"       // every user owns himself
	ResourcePoll       Resource = "Poll"       // owned by who created it
	ResourceFlagReport Resource = "FlagReport" // owned by nobody
)

// Owner returns the resource whose owner the "-owner" permissions of the action
// speak of: CreateMessage asks for the owner of the channel, UpdateMessage for the
// author of the message. It is "" for an action that is not built in.
func (a Action) Owner() Resource { return known[a].resource }

// Known tells whether the action is built in.
func (a Action) Known() bool { return known[a].resource != "" }

// Name returns the action's name in the API: "CreateMessage".
func (a Action) Name() string { return strings.ReplaceAll(a.title(), " ", "") }

// title returns the action's id as words: "Create Message".
func (a Action) title() string {
	words := strings.Split(string(a), "-")
	for i, w := range words {
		if w != "" {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, " ")
}
