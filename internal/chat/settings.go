package chat

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// AppSettings are what GET /app shows and PATCH /app changes. Settings of parts
// that keep their own format are raw JSON.
type AppSettings struct {
	AsyncURLEnrichEnabled        bool                `json:"async_url_enrich_enabled"`
	AutoTranslationEnabled       bool                `json:"auto_translation_enabled"`
	BeforeMessageSendHookURL     string              `json:"before_message_send_hook_url,omitzero"`
	BeforeMessageSendHookTimeout int                 `json:"before_message_send_hook_attempt_timeout_ms,omitzero"`
	CDNExpirationSeconds         int                 `json:"cdn_expiration_seconds"`
	ChannelHideMembersOnly       bool                `json:"channel_hide_members_only"`
	CustomActionHandlerURL       string              `json:"custom_action_handler_url"`
	DisableAuthChecks            bool                `json:"disable_auth_checks"`
	DisablePermissionsChecks     bool                `json:"disable_permissions_checks"`
	EnforceUniqueUsernames       string              `json:"enforce_unique_usernames"` // no, app or team
	GuestUserCreationDisabled    bool                `json:"guest_user_creation_disabled"`
	ImageModerationEnabled       bool                `json:"image_moderation_enabled"`
	MemberCustomOnMessages       bool                `json:"member_custom_on_messages_enabled"`
	ModerationEnabled            bool                `json:"moderation_enabled"`
	ModerationWebhookURL         string              `json:"moderation_webhook_url"`
	MultiTenantEnabled           bool                `json:"multi_tenant_enabled"`
	PermissionVersion            string              `json:"permission_version"` // v1 or v2
	RemindersInterval            int                 `json:"reminders_interval"`
	RemindersMaxMembers          int                 `json:"reminders_max_members"`
	RemindersMaxPerUser          int                 `json:"reminders_max_per_user,omitzero"`
	RevokeTokensIssuedBefore     *time.Time          `json:"revoke_tokens_issued_before,omitzero"`
	SNSKey                       string              `json:"sns_key"`
	SNSSecret                    string              `json:"sns_secret"`
	SNSTopicARN                  string              `json:"sns_topic_arn"`
	SQSKey                       string              `json:"sqs_key"`
	SQSSecret                    string              `json:"sqs_secret"`
	SQSURL                       string              `json:"sqs_url"`
	Suspended                    bool                `json:"suspended"`
	SuspendedExplanation         string              `json:"suspended_explanation"`
	UserResponseTimeEnabled      bool                `json:"user_response_time_enabled"`
	WebhookURL                   string              `json:"webhook_url"`
	WebhookEvents                []string            `json:"webhook_events"`
	EventHooks                   jsontext.Value      `json:"event_hooks"`
	AllowedFlagReasons           []string            `json:"allowed_flag_reasons,omitempty"`
	ImageModerationLabels        []string            `json:"image_moderation_labels,omitempty"`
	ImageModerationBlockLabels   []string            `json:"image_moderation_block_labels,omitempty"`
	UserSearchDisallowedRoles    []string            `json:"user_search_disallowed_roles"`
	Grants                       map[string][]string `json:"grants"`
	FileUploadConfig             UploadConfig        `json:"file_upload_config"`
	ImageUploadConfig            UploadConfig        `json:"image_upload_config"`
	PushConfig                   jsontext.Value      `json:"push_config,omitzero"`
	APNConfig                    jsontext.Value      `json:"apn_config,omitzero"`
	FirebaseConfig               jsontext.Value      `json:"firebase_config,omitzero"`
	HuaweiConfig                 jsontext.Value      `json:"huawei_config,omitzero"`
	XiaomiConfig                 jsontext.Value      `json:"xiaomi_config,omitzero"`
	PushProviders                []*PushProvider     `json:"push_providers,omitempty"`
	AsyncModerationConfig        jsontext.Value      `json:"async_moderation_config,omitzero"`

	// Elsewhere are settings of products and services that chatd does not have, by
	// name: kept and shown, without effect.
	Elsewhere jsontext.Value `json:"elsewhere,omitzero"`
}

// UploadConfig bounds what may be uploaded. SizeLimit is in bytes, 0 means the
// server's own limit.
type UploadConfig struct {
	AllowedFileExtensions []string `json:"allowed_file_extensions"`
	BlockedFileExtensions []string `json:"blocked_file_extensions"`
	AllowedMimeTypes      []string `json:"allowed_mime_types"`
	BlockedMimeTypes      []string `json:"blocked_mime_types"`
	SizeLimit             int      `json:"size_limit"`
}

// The defaults and limits of app settings.
const (
	DefaultCDNExpiration     = 1209600 // seconds
	DefaultRemindersInterval = 300     // seconds
	DefaultRemindersMembers  = 10
)

// DefaultAppSettings are the settings of a new app.
func DefaultAppSettings() AppSettings {
	return AppSettings{
		CDNExpirationSeconds: DefaultCDNExpiration, EnforceUniqueUsernames: "no", PermissionVersion: "v2",
		RemindersInterval: DefaultRemindersInterval, RemindersMaxMembers: DefaultRemindersMembers,
		EventHooks: jsontext.Value("[]"),
	}
}
