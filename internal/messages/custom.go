package messages

import (
	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
)

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

var (
	// reserved are fields of a message that nobody may send.
	reserved = set("created_at", "updated_at", "i18n")
	// computed are fields that the server fills in. Clients that send back a message
	// they were given send them along; they are left out.
	computed = set("before_message_send_failed", "channel", "cid", "command", "command_info", "args", "deleted_at", "deleted_for_me",
		"deleted_reply_count", "draft", "image_labels", "latest_reactions", "member", "mentioned_groups", "message_text_updated_at",
		"moderation", "moderation_details", "own_reactions", "pinned_by", "poll", "quoted_message", "reaction_counts", "reaction_groups",
		"reaction_scores", "reminder", "reply_count", "shadowed", "thread_participants")
	// fixed are fields that a partial update cannot name beside these.
	fixed = set("id", "parent_id", "poll_id", "show_in_channel", "type", "user", "user_id", "shared_location")
)

// customOf returns the custom fields of a message that a client sent, without what
// is computed; nil when there are none.
func customOf(sent jsontext.Value) (jsontext.Value, error) {
	if len(sent) == 0 {
		return nil, nil
	}
	custom := stripped(sent, computed)
	if len(custom) <= len("{}") {
		return nil, nil
	}
	return custom, chat.CheckCustom("message", custom, chat.MaxCustom, reserved)
}

// stripped is a JSON object without some fields.
func stripped(obj jsontext.Value, names map[string]bool) jsontext.Value {
	var found []string
	for name := range chat.Keys(obj) {
		if names[name] {
			found = append(found, name)
		}
	}
	if len(found) == 0 {
		return obj
	}
	return chat.Without(obj, found...)
}

// empty tells whether a raw JSON list or object is absent or has nothing in it.
func empty(v jsontext.Value) bool {
	kind := v.Kind()
	if kind != '[' && kind != '{' {
		return len(v) == 0 || kind == 'n'
	}
	if len(v) > len("[]") {
		v = v.Clone()
		_ = v.Compact() // valid JSON can be compacted, anything else has something in it
	}
	return len(v) <= len("[]")
}

// equal tells whether two raw JSON values mean the same.
func equal(a, b jsontext.Value) bool {
	if string(a) == string(b) || empty(a) && empty(b) {
		return true
	}
	a, b = a.Clone(), b.Clone()
	return a.Canonicalize() == nil && b.Canonicalize() == nil && string(a) == string(b)
}
