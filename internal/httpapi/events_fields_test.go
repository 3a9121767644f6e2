package httpapi_test

import (
	"strings"
	"testing"
	"time"

	"chatd/internal/testkit"
)

// always are the fields that events of a type have whenever they come: "*" all, and
// "type.*" all of which the type begins so.
var always = func() map[string][]string {
	out := map[string][]string{}
	for _, line := range []string{
		"message.*: cid channel_id channel_type",
		"message.new: message message_id user watcher_count channel_member_count channel_custom",
		"message.updated: message message_id channel_member_count channel_custom",
		"message.deleted: message message_id hard_delete channel_member_count channel_custom",
		"message.undeleted: message message_id channel_member_count channel_custom",
		"message.read: user",
		"message.delivered: user last_delivered_message_id last_delivered_at",
		"notification.message_new: cid channel_id channel_type channel message message_id user watcher_count",
		"notification.thread_message_new: cid channel_id channel_type channel message message_id user watcher_count thread_id unread_threads unread_thread_messages",
		"notification.mark_read: user unread_count total_unread_count unread_channels unread_threads unread_thread_messages",
		"notification.mark_unread: cid channel_id channel_type user unread_messages unread_count total_unread_count unread_channels unread_threads unread_thread_messages",
		"notification.reminder_due: cid message_id user_id reminder",
		"reaction.*: cid channel_id channel_type channel message message_id reaction user channel_member_count channel_custom",
		"typing.*: cid channel_id channel_type user",
		"user.watching.*: cid channel_id channel_type user watcher_count",
		"ai_indicator.*: cid channel_id channel_type user",
		"poll.*: cid channel_id channel_type message message_id poll",
		"poll.vote_casted: poll_vote",
		"poll.vote_changed: poll_vote",
		"poll.vote_removed: poll_vote",
		"draft.*: cid draft",
		"reminder.*: cid message_id user_id reminder",
		"thread.updated: cid channel_id channel_type thread",
		"channel.*: cid channel_id channel_type",
		"channel.updated: channel",
		"channel.truncated: channel",
		"channel.deleted: channel",
		"channel.hidden: channel user clear_history",
		"channel.visible: channel user",
		"notification.added_to_channel: cid channel_id channel_type channel member",
		"notification.removed_from_channel: cid channel_id channel_type channel member user",
		"notification.invited: cid channel_id channel_type channel member user",
		"notification.invite_accepted: cid channel_id channel_type channel member user",
		"notification.invite_rejected: cid channel_id channel_type channel member user",
		"notification.channel_truncated: cid channel_id channel_type channel unread_count total_unread_count unread_channels",
		"notification.channel_deleted: cid channel_id channel_type channel unread_count total_unread_count unread_channels",
		"user.updated: user",
		"user.presence.changed: user",
		"member.*: cid channel_id channel_type channel member user",
	} {
		typ, fields, _ := strings.Cut(line, ":")
		out[typ] = strings.Fields(fields)
	}
	return out
}()

// complete checks that an event has what those of its type always have, and nothing
// that is another's: nobody's own reactions, votes or capabilities are told to all.
func complete(t *testing.T, e *testkit.Event) {
	t.Helper()
	prefix, _, _ := strings.Cut(e.Type, ".")
	if strings.HasPrefix(e.Type, "user.watching.") {
		prefix = "user.watching"
	}
	for _, field := range append(append([]string{"created_at"}, always[prefix+".*"]...), always[e.Type]...) {
		if e.At(field) == nil {
			t.Errorf("%s has no %s: %s", e.Type, field, e.Body)
		}
	}
	at, _ := e.At("created_at").(string)
	if _, err := time.Parse(time.RFC3339Nano, at); err != nil {
		t.Errorf("%s: %v", e.Type, err)
	}
	for _, own := range []string{"channel.own_capabilities", "message.draft", "message.reminder", "message.quoted_message.draft"} {
		if v := e.At(own); v != nil {
			t.Errorf("%s tells all of somebody's %s: %v", e.Type, own, v)
		}
	}
	for _, own := range []string{"message.own_reactions", "message.quoted_message.own_reactions", "message.poll.own_votes", "poll.own_votes"} {
		if v, is := e.At(own).([]any); e.At(own) != nil && (!is || len(v) > 0) {
			t.Errorf("%s tells all of somebody's %s: %v", e.Type, own, v)
		}
	}
}
