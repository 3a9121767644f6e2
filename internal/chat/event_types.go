package chat

import "strings"

// eventTypes are the types of events that the API itself makes, or takes from
// clients. Any other type is a custom event.
var eventTypes = func() map[string]bool {
	out := map[string]bool{}
	for _, group := range []string{
		"ai_indicator: clear stop update",
		"app: updated",
		"appeal: accepted created rejected",
		"campaign: completed started",
		"capabilities: changed",
		"channel: created deleted frozen hidden kicked max_streak_changed muted truncated unfrozen unmuted updated visible",
		"channel_batch_update: completed started",
		"channels: queried",
		"connection: changed recovered",
		"draft: deleted updated",
		"export: bulk_image_moderation.error bulk_image_moderation.success channels.error channels.success" +
			" moderation_logs.error moderation_logs.success review_queue.error review_queue.success users.error users.success",
		"flag: updated",
		"health: check",
		"live_location_sharing: started stopped",
		"member: added removed updated",
		"message: deleted delivered flagged new pending read unblocked undeleted unflagged updated",
		"moderation: analysis.failed custom_action flagged image_analysis.complete mark_reviewed text_analysis.complete",
		"moderation_check: completed",
		"moderation_rule: triggered",
		"notification: added_to_channel channel_deleted channel_mutes_updated channel_truncated invite_accepted invite_rejected" +
			" invited mark_read mark_unread message_new mutes_updated reminder_due removed_from_channel thread_message_new",
		"offline_reactions: queried",
		"poll: closed deleted updated vote_casted vote_changed vote_removed",
		"reaction: deleted new updated",
		"reminder: created deleted updated",
		"review_queue_item: new updated",
		"thread: updated",
		"transport: changed",
		"typing: start stop",
		"user: banned deactivated deleted flagged messages.deleted muted presence.changed reactivated unbanned unflagged unmuted" +
			" unread_message_reminder updated watching.start watching.stop",
		"user_group: created deleted member_added member_removed updated",
	} {
		prefix, names, _ := strings.Cut(group, ":")
		for name := range strings.FieldsSeq(names) {
			out[prefix+"."+name] = true
		}
	}
	return out
}()

// IsBuiltinEvent tells whether a type of event is one of the API's own, so that no
// custom event can have it.
func IsBuiltinEvent(typ string) bool { return eventTypes[typ] }
