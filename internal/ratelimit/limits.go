package ratelimit

// The limits that no table names, in requests per minute.
const (
	DefaultClient = 300 // operations that clients may call
	DefaultServer = 60  // operations for servers only
	PerUser       = 60  // each user, per operation and platform
)

// defaultLimit is the requests per minute of an app and platform.
func defaultLimit(operation string, serverOnly bool) int {
	switch operation {
	case "Connect", "GetApp", "GetOrCreateChannel", "GetOrCreateDistinctChannel", "MarkChannelsRead", "MarkRead",
		"QueryChannels", "SendEvent":
		return 10000
	case "CommitMessage", "CreateGuest", "DeleteMessage", "DeleteReaction", "EphemeralMessageUpdate", "GetManyMessages",
		"GetMessage", "GetReactions", "GetReplies", "QueryReactions", "QueryUsers", "RunMessageAction", "SendMessage",
		"SendReaction", "StopWatchingChannel", "UpdateMessage", "UpdateMessagePartial", "UploadChannelFile",
		"UploadChannelImage", "UploadFile", "UploadImage":
		return 1000
	case "Ban", "CreateDevice", "EditUsers", "Flag", "HideChannel", "Mute", "MuteChannel", "QueryMembers", "Search",
		"ShowChannel", "Unban", "Unflag", "Unmute", "UnmuteChannel", "UpdateChannel", "UpdateChannelPartial",
		"UpdateUsers", "UpdateUsersPartial":
		return 300
	case "CheckPush", "CreateChannelType", "DeactivateUser", "DeleteChannel", "DeleteChannelFile", "DeleteChannelImage",
		"DeleteChannelType", "DeleteDevice", "DeleteFile", "DeleteImage", "DeleteUser", "ExportChannels", "ExportUser",
		"GetChannelType", "ListChannelTypes", "ListDevices", "ReactivateUser", "TruncateChannel", "UpdateApp",
		"UpdateChannelType":
		return 60
	}
	if serverOnly {
		return DefaultServer
	}
	return DefaultClient
}
