package store

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatd/internal/chat"
)

// TestOverridesLeaveTheTypeAlone: all channels of a type share its configuration.
func TestOverridesLeaveTheTypeAlone(t *testing.T) {
	t.Parallel()
	shared := func() *chat.TypeConfig {
		return &chat.TypeConfig{
			MaxMessageLength: 5000, Replies: true, PushLevel: "all", Blocklist: "own", BlocklistBehavior: "flag",
			ChatPreferences: []byte(`{"default_preference":"all"}`), Blocklists: []byte(`[{"blocklist":"a","behavior":"flag"}]`),
			AutomodThresholds: []byte(`{"spam":{"flag":0.5}}`), AllowedFlagReasons: []string{"spam"},
			Commands: []*chat.Command{{Name: "giphy"}, {Name: "ban"}},
			Grants:   map[string][]string{"user": {"read-channel"}},
		}
	}
	cfg := shared()
	for _, overrides := range []string{
		`{"replies":false,"max_message_length":1,"push_level":"none","blocklist":"x","blocklist_behavior":"block"}`,
		`{"chat_preferences":{"default_preference":"no"}}`,
		`{"commands":["ban"]}`,
		`{"grants":{"user":["!read-channel"],"guest":["read-channel"]}}`,
	} {
		if _, err := merge(cfg, &chat.Channel{Overrides: []byte(overrides)}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(shared(), cfg); diff != "" {
			t.Fatalf("%s changed the type (-want +got):\n%s", overrides, diff)
		}
	}
	got, err := merge(cfg, &chat.Channel{Overrides: []byte(`{"commands":["ban"],"replies":false,"grants":{"guest":["read-channel"]}}`)})
	if err != nil || len(got.Commands) != 1 || got.Commands[0].Name != "ban" || got.Replies || got.MaxMessageLength != 5000 || len(got.Grants["guest"]) != 1 {
		t.Errorf("merged: %+v, %v", got, err)
	}
	if same, err := merge(cfg, &chat.Channel{Overrides: []byte(`{}`)}); err != nil || same != cfg {
		t.Error("no overrides make a copy")
	}
}
