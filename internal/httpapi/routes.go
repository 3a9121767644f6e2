package httpapi

import "net/http"

// Routes is the API's table of contents: a line for each operation. Permissions
// are not here: nearly all depend on the channel or the owner and stand in the
// methods.
func (a *API) Routes() []Route { //nolint:funlen // a table
	return []Route{
		// Connections
		raw(http.MethodGet, "/connect", opConnect, (*API).connect, public),
		raw(http.MethodGet, "/longpoll", opLongPoll, (*API).longpoll, public),
		raw(http.MethodGet, "/hi", "Hi", (*API).hi, public),
		get("/rate_limits", "GetRateLimits", a.rateLimits, serverOnly),

		// App and channel types
		get("/app", "GetApp", a.AppAdmin.GetApp, anonymousToo),
		patch("/app", "UpdateApp", a.AppAdmin.UpdateApp, serverOnly),
		get("/channeltypes", "ListChannelTypes", a.AppAdmin.ListTypes, serverOnly),
		post("/channeltypes", "CreateChannelType", a.AppAdmin.CreateType, serverOnly),
		del("/channeltypes/{name}", "DeleteChannelType", a.AppAdmin.DeleteType, serverOnly),
		get("/channeltypes/{name}", "GetChannelType", a.AppAdmin.GetType, serverOnly),
		put("/channeltypes/{name}", "UpdateChannelType", a.AppAdmin.UpdateType, serverOnly),
		get("/commands", "ListCommands", a.AppAdmin.ListCommands, serverOnly),
		post("/commands", "CreateCommand", a.AppAdmin.CreateCommand, serverOnly),
		del("/commands/{name}", "DeleteCommand", a.AppAdmin.DeleteCommand, serverOnly),
		get("/commands/{name}", "GetCommand", a.AppAdmin.GetCommand, serverOnly),
		put("/commands/{name}", "UpdateCommand", a.AppAdmin.UpdateCommand, serverOnly),
		get("/push_providers", "ListPushProviders", a.AppAdmin.ListProviders, serverOnly),
		post("/push_providers", "UpsertPushProvider", a.AppAdmin.UpsertProvider, serverOnly),
		del("/push_providers/{type}/{name}", "DeletePushProvider", a.AppAdmin.DeleteProvider, serverOnly),
		get("/retention_policy", "GetRetentionPolicy", a.Retention.List, serverOnly),
		post("/retention_policy", "SetRetentionPolicy", a.Retention.Set, serverOnly),
		post("/retention_policy/delete", "DeleteRetentionPolicy", a.Retention.Delete, serverOnly),
		post("/retention_policy/runs", "GetRetentionPolicyRuns", a.Retention.Runs, serverOnly),
		get("/tasks/{id}", "GetTask", a.AppAdmin.GetTask, serverOnly),

		// Users
		post("/guest", "CreateGuest", a.Users.Guest, open),
		get("/users", "QueryUsers", a.Users.Query, actingAs),
		patch("/users", "UpdateUsersPartial", a.Users.PatchMany),
		post("/users", "UpdateUsers", a.Users.UpsertMany),
		post("/users/{user_id}/event", "SendUserCustomEvent", a.Users.SendEvent, serverOnly),

		// User groups
		get("/usergroups", "ListUserGroups", a.UserGroups.List),
		post("/usergroups", "CreateUserGroup", a.UserGroups.Create, serverOnly, actingAs),
		get("/usergroups/search", "SearchUserGroups", a.UserGroups.Search),
		del("/usergroups/{id}", "DeleteUserGroup", a.UserGroups.Delete, serverOnly, actingAs),
		get("/usergroups/{id}", "GetUserGroup", a.UserGroups.Get),
		put("/usergroups/{id}", "UpdateUserGroup", a.UserGroups.Update, serverOnly, actingAs),
		post("/usergroups/{id}/members", "AddUserGroupMembers", a.UserGroups.AddMembers, serverOnly, actingAs),
		post("/usergroups/{id}/members/delete", "RemoveUserGroupMembers", a.UserGroups.RemoveMembers, serverOnly, actingAs),

		// Devices
		del("/devices", "DeleteDevice", a.Push.Delete, actingAsNeeded),
		get("/devices", "ListDevices", a.Push.List, actingAsNeeded),
		post("/devices", "CreateDevice", a.Push.Create, actingAsNeeded),

		// Channels
		get("/channels", "QueryChannels", a.Channels.Query, actingAs, anonymousToo),
		post("/channels", "QueryChannels", a.Channels.Query, actingAs, anonymousToo),
		post("/channels/delete", "DeleteChannels", a.Channels.DeleteMany),
		post("/channels/{type}/query", "GetOrCreateDistinctChannel", a.Channels.GetOrCreateDistinct),
		del("/channels/{type}/{id}", "DeleteChannel", a.Channels.Delete),
		get("/channels/{type}/{id}", "GetChannel", a.Channels.Get, actingAs, anonymousToo),
		patch("/channels/{type}/{id}", "UpdateChannelPartial", a.Channels.Patch, actingAs),
		post("/channels/{type}/{id}", "UpdateChannel", a.Channels.Update, actingAs),
		post("/channels/{type}/{id}/hide", "HideChannel", a.Channels.Hide, actingAsNeeded),
		post("/channels/{type}/{id}/query", "GetOrCreateChannel", a.Channels.GetOrCreate, anonymousToo),
		post("/channels/{type}/{id}/show", "ShowChannel", a.Channels.Show, actingAsNeeded),
		post("/channels/{type}/{id}/stop-watching", "StopWatchingChannel", a.Channels.StopWatching, anonymousToo),
		post("/channels/{type}/{id}/truncate", "TruncateChannel", a.Channels.Truncate, actingAs),

		// Members
		patch("/channels/{type}/{id}/member", "UpdateMemberPartial", a.Channels.PatchMember),
		patch("/channels/{type}/{id}/member/{user_id}", "UpdateMemberPartial", a.Channels.PatchMember),
		get("/members", "QueryMembers", a.Channels.QueryMembers, actingAs, anonymousToo),

		// Messages
		post("/channels/{type}/{id}/message", "SendMessage", a.Messages.Send),
		get("/channels/{type}/{id}/messages", "GetManyMessages", a.Messages.GetMany, actingAs, anonymousToo),
		get("/channels/{type}/{id}/pinned_messages", "GetPinnedMessages", a.Messages.Pinned, actingAs, anonymousToo),
		post("/messages/history", "QueryMessageHistory", a.Messages.History, serverOnly),
		del("/messages/{id}", "DeleteMessage", a.Messages.Delete),
		get("/messages/{id}", "GetMessage", a.Messages.Get, actingAs, anonymousToo),
		post("/messages/{id}", "UpdateMessage", a.Messages.Update),
		put("/messages/{id}", "UpdateMessagePartial", a.Messages.UpdatePartial, actingAs),
		post("/messages/{id}/action", "RunMessageAction", a.Messages.RunAction, actingAs),
		post("/messages/{id}/commit", "CommitMessage", a.Messages.Commit, serverOnly),
		patch("/messages/{id}/ephemeral", "EphemeralMessageUpdate", a.Messages.UpdateEphemeral, actingAs, serverOnly),
		get("/og", "GetOG", a.Previews.OG),
		post("/messages/{id}/translate", "TranslateMessage", a.Translation.Message, actingAs),
		post("/translate", "Translate", a.Translation.Text),
		post("/messages/{id}/undelete", "UndeleteMessage", a.Messages.Undelete, serverOnly),
		get("/messages/{parent_id}/replies", "GetReplies", a.Messages.Replies, actingAs, anonymousToo),

		// Drafts
		del("/channels/{type}/{id}/draft", "DeleteDraft", a.Drafts.Delete, actingAsNeeded),
		get("/channels/{type}/{id}/draft", "GetDraft", a.Drafts.Get, actingAsNeeded),
		post("/channels/{type}/{id}/draft", "CreateDraft", a.Drafts.Save),
		post("/drafts/query", "QueryDrafts", a.Drafts.Query, actingAsNeeded),

		// Reminders
		del("/messages/{message_id}/reminders", "DeleteReminder", a.Reminders.Delete, actingAsNeeded),
		patch("/messages/{message_id}/reminders", "UpdateReminder", a.Reminders.Update, actingAsNeeded),
		post("/messages/{message_id}/reminders", "CreateReminder", a.Reminders.Create, actingAsNeeded),
		post("/reminders/query", "QueryReminders", a.Reminders.Query, actingAsNeeded),

		// Live locations
		get("/users/live_locations", "GetUserLiveLocations", a.Locations.Get, actingAsNeeded),
		put("/users/live_locations", "UpdateLiveLocation", a.Locations.Update, actingAsNeeded),

		// Search
		get("/search", "Search", a.Search.Search, actingAs),

		// Threads
		post("/threads", "QueryThreads", a.Threads.Query, actingAsNeeded),
		get("/threads/{message_id}", "GetThread", a.Threads.Get, actingAs),
		patch("/threads/{message_id}", "UpdateThreadPartial", a.Threads.Update, actingAs),

		// Reactions
		post("/messages/{id}/reaction", "SendReaction", a.Messages.SendReaction),
		del("/messages/{id}/reaction/{type}", "DeleteReaction", a.Messages.DeleteReaction, actingAsNeeded),
		get("/messages/{id}/reactions", "GetReactions", a.Messages.GetReactions, anonymousToo),
		post("/messages/{id}/reactions", "QueryReactions", a.Messages.QueryReactions, actingAs),

		// Files
		del("/channels/{type}/{id}/file", "DeleteChannelFile", a.Uploads.DeleteFromChannel),
		post("/channels/{type}/{id}/file", "UploadChannelFile", a.Uploads.UploadChannelFile, actingAsNeeded),
		del("/channels/{type}/{id}/image", "DeleteChannelImage", a.Uploads.DeleteFromChannel),
		post("/channels/{type}/{id}/image", "UploadChannelImage", a.Uploads.UploadChannelImage, actingAsNeeded),
		del("/uploads/file", "DeleteFile", a.Uploads.Delete),
		post("/uploads/file", "UploadFile", a.Uploads.UploadFile, actingAs),
		del("/uploads/image", "DeleteImage", a.Uploads.Delete),
		post("/uploads/image", "UploadImage", a.Uploads.UploadImage, actingAs),
		raw(http.MethodGet, fileRoute, opGetFile, (*API).file, public),
		raw(http.MethodHead, fileRoute, opGetFile, (*API).file, public),
		raw(http.MethodGet, pictureRoute, opGetPicture, (*API).picture, public),
		raw(http.MethodHead, pictureRoute, opGetPicture, (*API).picture, public),

		// Polls
		post("/messages/{message_id}/polls/{poll_id}/vote", "CastPollVote", a.Polls.Cast, actingAsNeeded),
		del("/messages/{message_id}/polls/{poll_id}/vote/{vote_id}", "DeletePollVote", a.Polls.DeleteVote, actingAs),
		post("/polls", "CreatePoll", a.Polls.Create, actingAsNeeded),
		put("/polls", "UpdatePoll", a.Polls.Update, actingAs),
		post("/polls/query", "QueryPolls", a.Polls.QueryPolls, actingAs),
		del("/polls/{poll_id}", "DeletePoll", a.Polls.Delete, actingAs),
		get("/polls/{poll_id}", "GetPoll", a.Polls.Get, actingAs),
		patch("/polls/{poll_id}", "UpdatePollPartial", a.Polls.UpdatePartial, actingAs),
		post("/polls/{poll_id}/options", "CreatePollOption", a.Polls.CreateOption, actingAs),
		put("/polls/{poll_id}/options", "UpdatePollOption", a.Polls.UpdateOption, actingAs),
		del("/polls/{poll_id}/options/{option_id}", "DeletePollOption", a.Polls.DeleteOption, actingAs),
		get("/polls/{poll_id}/options/{option_id}", "GetPollOption", a.Polls.GetOption, actingAs),
		post("/polls/{poll_id}/votes", "QueryPollVotes", a.Polls.QueryVotes, actingAs),

		// Read state, events, sync
		post("/channels/{type}/{id}/event", "SendEvent", a.Reads.SendEvent),
		post("/channels/{type}/{id}/read", "MarkRead", a.Reads.MarkRead, actingAsKnown),
		post("/channels/{type}/{id}/unread", "MarkUnread", a.Reads.MarkUnread, actingAsKnown),
		post("/channels/delivered", "MarkDelivered", a.Reads.MarkDelivered, actingAsKnown),
		post("/channels/read", "MarkChannelsRead", a.Reads.MarkChannelsRead, actingAsKnown),
		post("/sync", "Sync", a.Reads.Sync, actingAsNeeded),
		get("/unread", "UnreadCounts", a.Reads.Unread, actingAsNeeded),
		post("/unread_batch", "UnreadCountsBatch", a.Reads.UnreadBatch, serverOnly),
	}
}
