package appadmin

import (
	"slices"
	"strings"
	"testing"
	"time"

	"chatd/internal/chat"
	"chatd/internal/permission"
)

func newType() *chat.ChannelType {
	now := time.Unix(1e9, 0).UTC()
	return &chat.ChannelType{Name: "x", Config: permission.NewTypeConfig("x", now), Grants: permission.Defaults("x"), CreatedAt: now, UpdatedAt: now}
}

func TestChange(t *testing.T) {
	t.Parallel()
	defaults := newType()
	tests := map[string]struct {
		body string
		want func(ct *chat.ChannelType) bool
	}{
		"nothing": {`{}`, func(ct *chat.ChannelType) bool {
			return ct.Config.TypingEvents && len(ct.Grants) == len(defaults.Grants)
		}},
		"null":     {`{"typing_events":null}`, func(ct *chat.ChannelType) bool { return ct.Config.TypingEvents }},
		"a switch": {`{"typing_events":false}`, func(ct *chat.ChannelType) bool { return !ct.Config.TypingEvents && ct.Config.ReadEvents }},
		"commands": {`{"commands":["giphy"]}`, func(ct *chat.ChannelType) bool {
			return slices.Equal(commandNames(ct.Config.Commands), []string{"giphy"})
		}},
		"all commands": {`{"commands":["all"]}`, func(ct *chat.ChannelType) bool { return len(ct.Config.Commands) == 5 }},
		"a set":        {`{"commands":["moderation_set"]}`, func(ct *chat.ChannelType) bool { return len(ct.Config.Commands) == 4 }},
		"no commands":  {`{"commands":[]}`, func(ct *chat.ChannelType) bool { return len(ct.Config.Commands) == 0 }},
		"grants": {`{"grants":{"user":["read-channel"]}}`, func(ct *chat.ChannelType) bool {
			return len(ct.Grants["user"]) == 1 && len(ct.Grants["admin"]) == len(defaults.Grants["admin"])
		}},
		"cleared role": {`{"grants":{"user":[]}}`, func(ct *chat.ChannelType) bool { return ct.Grants["user"] != nil && len(ct.Grants["user"]) == 0 }},
		"reset grants": {`{"grants":null}`, func(ct *chat.ChannelType) bool { return len(ct.Grants) == len(defaults.Grants) }},
		"policies":     {`{"permissions":[{"name":"p","action":"Deny","priority":999,"resources":["*"],"roles":["*"],"owner":false}]}`, func(ct *chat.ChannelType) bool { return strings.Contains(string(ct.Policies), `"Deny"`) }},
		"thresholds": {`{"automod":"AI","automod_thresholds":{"toxic":{"flag":0.5,"block":1}}}`, func(ct *chat.ChannelType) bool {
			return ct.Config.Automod == "AI" && len(ct.Config.AutomodThresholds) > 0
		}},
		"blocklists":    {`{"blocklists":[{"blocklist":"b","behavior":"shadow_block"}]}`, func(ct *chat.ChannelType) bool { return len(ct.Config.Blocklists) > 0 }},
		"retention":     {`{"message_retention":"30"}`, func(ct *chat.ChannelType) bool { return ct.Config.MessageRetention == "30" }},
		"partitions":    {`{"partition_size":100,"partition_ttl":"24h"}`, func(ct *chat.ChannelType) bool { return ct.Config.PartitionSize == 100 }},
		"name is given": {`{"name":"y"}`, func(ct *chat.ChannelType) bool { return ct.Config.Name == "x" }},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ct := newType()
			if err := change(ct, given(raw(tc.body), "grants"), nil); err != nil {
				t.Fatal(err)
			}
			if !tc.want(ct) {
				t.Errorf("%+v", ct)
			}
		})
	}
}

func TestChangeRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]string{ // body -> text
		`{"typing_events":"yes"}`:                                        "typing_events",
		`{"automod":"x"}`:                                                "automod must be one of [disabled simple AI]",
		`{"automod_behavior":"x"}`:                                       "automod_behavior must be one of [flag block shadow_block]",
		`{"blocklist_behavior":"x"}`:                                     "blocklist_behavior must be one of [flag block shadow_block]",
		`{"push_level":"x"}`:                                             "push_level",
		`{"max_message_length":0}`:                                       "max_message_length must be 1 or greater",
		`{"max_message_length":20001}`:                                   "max_message_length must be 20000 or less",
		`{"message_retention":"forever"}`:                                "message_retention",
		`{"message_retention":"0"}`:                                      "message_retention",
		`{"partition_ttl":"soon"}`:                                       "partition_ttl",
		`{"partition_size":-1}`:                                          "partition_size",
		`{"commands":["nope"]}`:                                          `command "nope" does not exist`,
		`{"commands":[{"name":"giphy"}]}`:                                "commands",
		`{"grants":{"user":["A B"]}}`:                                    "does not exist",
		`{"grants":["x"]}`:                                               "grants",
		`{"allowed_flag_reasons":[""]}`:                                  "allowed_flag_reasons",
		`{"permissions":[{"name":"p","action":"Maybe","priority":1}]}`:   "permissions.action must be one of [Allow Deny]",
		`{"permissions":[{"name":"p","action":"Deny","priority":1000}]}`: "permissions.priority must be 999 or less",
		`{"permissions":[{"action":"Deny","priority":1}]}`:               "permissions.name is a required field",
		`{"blocklists":[{"behavior":"flag"}]}`:                           "blocklists.blocklist is a required field",
		`{"blocklists":[{"blocklist":"b","behavior":"x"}]}`:              "blocklists.behavior",
		`{"blocklists":{}}`:                                              "expects array",
		`{"automod_thresholds":{"rude":{"flag":0.5}}}`:                   "automod_thresholds must be one of [explicit spam toxic]",
		`{"automod_thresholds":{"toxic":{"warn":0.5}}}`:                  "automod_thresholds.toxic must be one of [flag block]",
		`{"automod_thresholds":{"toxic":{"flag":1.5}}}`:                  "must be between 0 and 1",
		`{"chat_preferences":{"direct_mentions":"some"}}`:                "chat_preferences.direct_mentions must be one of [all none]",
	}
	for body, text := range tests {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			err := change(newType(), given(raw(body), "grants"), nil)
			if chat.KindOf(err) != chat.Invalid || !strings.Contains(err.Error(), text) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestWithoutZeros(t *testing.T) {
	t.Parallel()
	in := `{"name":"x","created_at":"0001-01-01T00:00:00Z","max_message_length":0,"automod":"","automod_behavior":"block","mutes":false}`
	if got := string(withoutZeros(raw(in))); got != `{"name":"x","automod_behavior":"block","mutes":false}` {
		t.Error(got)
	}
}
