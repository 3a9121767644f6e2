package permission

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
)

// PushLevels returns what push_level can be; "" means that it is not set.
func PushLevels() []string {
	return []string{"all", "all_mentions", "mentions", "direct_mentions", "none", "default", ""}
}

// preferences are the fields of chat_preferences, each of which is one of switches.
var (
	preferences = []string{
		"channel_mentions", "default_preference", "direct_mentions", "distinct_channel_messages", "group_mentions", "here_mentions",
		"role_mentions", "thread_replies",
	}
	switches = []string{`"all"`, `"none"`, `""`}
)

// ValidatePreferences checks a type's or a channel's chat_preferences; none and null
// are no preferences. The error is Invalid.
func ValidatePreferences(doc jsontext.Value) error {
	if len(doc) > 0 && doc.Kind() != '{' && doc.Kind() != 'n' {
		return chat.Errorf(chat.Invalid, "chat_preferences must be an object")
	}
	for name, v := range chat.Keys(doc) {
		if slices.Contains(preferences, name) && !slices.Contains(switches, string(v)) {
			return chat.Errorf(chat.Invalid, "chat_preferences.%s must be one of [all none]", name)
		}
	}
	return nil
}
