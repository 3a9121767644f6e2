package permission_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatd/internal/chat"
	"chatd/internal/permission"
)

var testNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// TestDefaultTypes says per type what is on; the switches not in the table are off.
func TestDefaultTypes(t *testing.T) {
	t.Parallel()
	const all = "connect custom mutes push quotes reactions replies"
	want := map[string]struct{ on, commands string }{
		"messaging":  {all + " delivery enrich read search typing uploads", "giphy"},
		"team":       {all + " delivery enrich read search typing uploads", "giphy"},
		"livestream": {all + " search uploads", "giphy ban unban mute unmute"},
		"gaming":     {all, "giphy"},
		"commerce":   {all + " enrich read search typing uploads", "giphy"},
	}
	types := permission.DefaultTypes(testNow)
	if len(types) != len(want) {
		t.Fatalf("%d types", len(types))
	}
	for _, typ := range types {
		t.Run(typ.Name, func(t *testing.T) {
			t.Parallel()
			on := map[string]bool{}
			for name := range strings.FieldsSeq(want[typ.Name].on) {
				on[name] = true
			}
			config := chat.TypeConfig{
				CreatedAt: testNow, UpdatedAt: testNow, Name: typ.Name,
				TypingEvents: on["typing"], ReadEvents: on["read"], ConnectEvents: on["connect"],
				DeliveryEvents: on["delivery"], Search: on["search"], Reactions: on["reactions"], Replies: on["replies"],
				Quotes: on["quotes"], Mutes: on["mutes"], Uploads: on["uploads"], URLEnrichment: on["enrich"],
				CustomEvents: on["custom"], PushNotifications: on["push"],
				MessageRetention: "infinite", MaxMessageLength: 5000,
				Automod: "disabled", AutomodBehavior: "flag", BlocklistBehavior: "flag",
			}
			var err error
			config.Commands, err = permission.ResolveCommands(strings.Fields(want[typ.Name].commands), nil)
			if err != nil {
				t.Fatal(err)
			}
			expected := chat.ChannelType{
				Name: typ.Name, Config: config, Grants: permission.Defaults(typ.Name), CreatedAt: testNow, UpdatedAt: testNow,
			}
			if diff := cmp.Diff(expected, typ); diff != "" {
				t.Errorf("type (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNewTypeConfig(t *testing.T) {
	t.Parallel()
	c := permission.NewTypeConfig("support", testNow)
	if !c.TypingEvents || !c.ReadEvents || !c.ConnectEvents || !c.Reactions || !c.Replies || !c.Search || !c.Mutes || !c.Uploads {
		t.Errorf("a feature is off: %+v", c)
	}
	if c.DeliveryEvents || c.Polls || c.CountMessages || c.MarkMessagesPending {
		t.Errorf("a feature is on: %+v", c)
	}
	if c.Name != "support" || c.MaxMessageLength != 5000 || c.MessageRetention != "infinite" || !c.CreatedAt.Equal(testNow) {
		t.Errorf("config: %+v", c)
	}
	if got := commandNames(c.Commands); got != "giphy ban unban mute unmute" {
		t.Errorf("commands: %s", got)
	}
}

func TestResolveCommands(t *testing.T) {
	t.Parallel()
	custom := []*chat.Command{{Name: "ticket", Set: "support_set"}, {Name: "faq", Set: "support_set"}}
	for _, tt := range []struct {
		names string
		want  string
	}{
		{"", ""},
		{"all", "giphy ban unban mute unmute ticket faq"},
		{"giphy", "giphy"},
		{"moderation_set", "ban unban mute unmute"},
		{"fun_set moderation_set giphy", "giphy ban unban mute unmute"},
		{"mute ban mute", "mute ban"},
		{"support_set giphy", "ticket faq giphy"},
		{"ticket all", "ticket giphy ban unban mute unmute faq"},
	} {
		got, err := permission.ResolveCommands(strings.Fields(tt.names), custom)
		if err != nil || got == nil || commandNames(got) != tt.want {
			t.Errorf("%q: %v, %v", tt.names, commandNames(got), err)
		}
	}
	for _, names := range [][]string{{"nope"}, {""}, {"giphy", "Giphy"}} {
		if _, err := permission.ResolveCommands(names, custom); chat.KindOf(err) != chat.Invalid {
			t.Errorf("%q: %v", names, err)
		}
	}
}

func TestBuiltinCommands(t *testing.T) {
	t.Parallel()
	permission.BuiltinCommands()[0].Name = "changed"
	for _, c := range permission.BuiltinCommands() {
		if !permission.IsBuiltinCommand(c.Name) || c.Description == "" || c.Args == "" {
			t.Errorf("command: %+v", c)
		}
	}
	if permission.IsBuiltinCommand("changed") || permission.IsBuiltinCommand("") {
		t.Error("a command that is not built in is")
	}
}

func commandNames(commands []*chat.Command) string {
	names := make([]string, len(commands))
	for i, c := range commands {
		names[i] = c.Name
	}
	return strings.Join(names, " ")
}
