package chat

import (
	"maps"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// TypeConfig is a channel type's configuration, in the order of the API's
// answers. In a channel it is the type's configuration with the channel's
// overrides applied.
type TypeConfig struct {
	CreatedAt                     time.Time      `json:"created_at"`
	UpdatedAt                     time.Time      `json:"updated_at"`
	Name                          string         `json:"name"`
	TypingEvents                  bool           `json:"typing_events"`
	ReadEvents                    bool           `json:"read_events"`
	ConnectEvents                 bool           `json:"connect_events"`
	DeliveryEvents                bool           `json:"delivery_events"`
	Search                        bool           `json:"search"`
	Reactions                     bool           `json:"reactions"`
	Replies                       bool           `json:"replies"`
	Quotes                        bool           `json:"quotes"`
	Mutes                         bool           `json:"mutes"`
	Uploads                       bool           `json:"uploads"`
	URLEnrichment                 bool           `json:"url_enrichment"`
	CustomEvents                  bool           `json:"custom_events"`
	PushNotifications             bool           `json:"push_notifications"`
	Reminders                     bool           `json:"reminders"`
	MarkMessagesPending           bool           `json:"mark_messages_pending"`
	Polls                         bool           `json:"polls"`
	UserMessageReminders          bool           `json:"user_message_reminders"`
	SharedLocations               bool           `json:"shared_locations"`
	CountMessages                 bool           `json:"count_messages"`
	MessageRetention              string         `json:"message_retention"`
	MaxMessageLength              int            `json:"max_message_length"` // characters, 1 to 20000
	Automod                       string         `json:"automod"`
	AutomodBehavior               string         `json:"automod_behavior"`
	BlocklistBehavior             string         `json:"blocklist_behavior,omitzero"`
	Blocklist                     string         `json:"blocklist,omitzero"`
	Blocklists                    jsontext.Value `json:"blocklists,omitzero"`
	AutomodThresholds             jsontext.Value `json:"automod_thresholds,omitzero"`
	AllowedFlagReasons            []string       `json:"allowed_flag_reasons,omitempty"`
	SkipLastMsgUpdateForSystemMsg bool           `json:"skip_last_msg_update_for_system_msgs"`
	PartitionSize                 int            `json:"partition_size,omitzero"`
	PartitionTTL                  string         `json:"partition_ttl,omitzero"`
	PushLevel                     string         `json:"push_level,omitzero"`
	ChatPreferences               jsontext.Value `json:"chat_preferences,omitzero"`
	Commands                      []*Command     `json:"commands"`
	// Grants are a channel's own modifiers; a type's grants stand beside its
	// config.
	Grants map[string][]string `json:"grants,omitempty"`
}

// Clone returns a copy that shares nothing that decoding into it would write over.
// The commands are the same.
func (c *TypeConfig) Clone() TypeConfig {
	v := *c
	v.Blocklists, v.AutomodThresholds, v.ChatPreferences = v.Blocklists.Clone(), v.AutomodThresholds.Clone(), v.ChatPreferences.Clone()
	v.AllowedFlagReasons, v.Commands = slices.Clone(v.AllowedFlagReasons), slices.Clone(v.Commands)
	v.Grants = maps.Clone(v.Grants)
	for role, ids := range v.Grants {
		v.Grants[role] = slices.Clone(ids)
	}
	return v
}

// Command is a slash command.
type Command struct {
	Name        string     `db:"name" json:"name"`
	Description string     `db:"description" json:"description"`
	Args        string     `db:"args" json:"args"`
	Set         string     `db:"command_set" json:"set"`
	CreatedAt   *time.Time `db:"created_at" json:"created_at,omitzero"` // nil: a built-in one
	UpdatedAt   *time.Time `db:"updated_at" json:"updated_at,omitzero"`
}

// ChannelType is a channel type: its configuration and what each role may do in
// its channels.
type ChannelType struct {
	Name      string              `db:"name"`
	Config    TypeConfig          `db:"config"`
	Grants    map[string][]string `db:"grants"`
	Policies  jsontext.Value      `db:"policies"` // v1 permissions, kept and echoed
	CreatedAt time.Time           `db:"created_at"`
	UpdatedAt time.Time           `db:"updated_at"`
}

// App is a tenant.
type App struct {
	ID        AppID       `db:"id"`
	Name      string      `db:"name"`
	Settings  AppSettings `db:"settings"`
	CreatedAt time.Time   `db:"created_at"`
	UpdatedAt time.Time   `db:"updated_at"`
}

// AppKey is one of an app's pairs of key and secret.
type AppKey struct {
	Key    string `db:"key"`
	AppID  AppID  `db:"app_id"`
	Secret string `db:"secret"`
}
