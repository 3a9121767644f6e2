package appadmin

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/permission"
	"chatd/internal/wire"
)

// nullableSettings are the settings that null resets.
var nullableSettings = []string{
	"grants", "revoke_tokens_issued_before", "event_hooks", "webhook_events", "allowed_flag_reasons", "image_moderation_labels",
	"image_moderation_block_labels", "user_search_disallowed_roles", "file_upload_config", "image_upload_config",
	"push_config", "apn_config", "firebase_config", "huawei_config", "xiaomi_config", "async_moderation_config",
}

// notSettable are the fields of chat.AppSettings that are no settings of the API.
var notSettable = []string{"suspended", "suspended_explanation", "push_providers", "elsewhere"}

// elsewhere are the settings that are kept without effect, with the kind of their
// values.
var elsewhere = map[string]jsontext.Kind{
	"activity_metrics_config": '{', "agora_options": '{', "chat_primary_use_case": '"', "datadog_info": '{',
	"enable_hook_payload_compression": 't', "feed_audit_logs_enabled": 't', "feeds_moderation_enabled": 't', "feeds_v2_region": '"',
	"hms_options": '{', "max_aggregated_activities_length": '0', "moderation_analytics_enabled": 't',
	"moderation_dashboard_preferences": '{', "moderation_onboarding_complete": 't', "moderation_s3_image_access_role_arn": '"',
	"video_primary_use_case": '"', "video_provider": '"',
}

// apply puts a request's fields over the settings.
func apply(set *chat.AppSettings, body jsontext.Value, now time.Time) error {
	// What is replaced as a whole must not keep fields of what was there.
	if has(body, "file_upload_config") {
		set.FileUploadConfig = chat.UploadConfig{}
	}
	if has(body, "image_upload_config") {
		set.ImageUploadConfig = chat.UploadConfig{}
	}
	hooks := set.EventHooks.Clone() // decoding writes over it
	if err := wire.Unmarshal(chat.Without(body, notSettable...), set); err != nil {
		return err
	}
	var migrate struct {
		ToV2 bool `json:"migrate_permissions_to_v2"`
	}
	if err := wire.Unmarshal(body, &migrate); err != nil {
		return err
	}
	if migrate.ToV2 {
		set.PermissionVersion = "v2"
	}
	for name, v := range chat.Keys(body) {
		kind, ok := elsewhere[name]
		if !ok {
			continue
		}
		if got := v.Kind(); got != kind && (kind != 't' || got != 'f') {
			return chat.Errorf(chat.Invalid, "field %q has the wrong type", name)
		}
		one, err := wire.Marshal(map[string]jsontext.Value{name: v})
		if err != nil {
			return err
		}
		set.Elsewhere = chat.Merge(set.Elsewhere, one)
	}
	if !has(body, "event_hooks") {
		return nil
	}
	var err error
	set.EventHooks, err = newHooks(set.EventHooks, hooks, now)
	return err
}

// The limits of settings (API: size limits).
const (
	maxText        = 2048      // bytes
	maxElsewhere   = 32 << 10  // bytes
	maxItems       = 255       // of a list
	maxUpload      = 100 << 20 // bytes
	maxSearchRoles = 10
	maxHookTimeout = 30_000                // milliseconds
	maxPending     = 30 * 24 * 3600 * 1000 // milliseconds
	minCDN, maxCDN = 14_400, 1_209_600
	minRemind      = 60
	maxRemind      = 86_400
	minRemindees   = 2
	maxPerUser     = 100_000
)

// checkSettings checks settings as a whole.
func checkSettings(set *chat.AppSettings) error {
	for _, check := range []func(*chat.AppSettings) error{
		checkNumbers, checkWords, checkTexts, checkURLs, checkLists, checkUploads, checkPush, checkAsyncModeration,
	} {
		if err := check(set); err != nil {
			return err
		}
	}
	if len(set.Elsewhere) > maxElsewhere {
		return chat.Errorf(chat.Invalid, "the settings of other products must be %d bytes or less", maxElsewhere)
	}
	return permission.ValidateGrants(set.Grants)
}

func checkNumbers(set *chat.AppSettings) error {
	for _, n := range []struct {
		field              string
		value, least, most int
	}{
		{"before_message_send_hook_attempt_timeout_ms", set.BeforeMessageSendHookTimeout, 0, maxHookTimeout},
		{"cdn_expiration_seconds", set.CDNExpirationSeconds, minCDN, maxCDN},
		{"reminders_interval", set.RemindersInterval, minRemind, maxRemind},
		{"reminders_max_members", set.RemindersMaxMembers, minRemindees, maxPerUser},
		{"reminders_max_per_user", set.RemindersMaxPerUser, 0, maxPerUser},
		{"file_upload_config.size_limit", set.FileUploadConfig.SizeLimit, 0, maxUpload},
		{"image_upload_config.size_limit", set.ImageUploadConfig.SizeLimit, 0, maxUpload},
	} {
		if err := inRange(n.field, n.value, n.least, n.most); err != nil {
			return err
		}
	}
	return nil
}

func inRange(field string, value, least, most int) error {
	switch {
	case value < least:
		return invalid(field, "must be %d or greater", least)
	case value > most:
		return invalid(field, "must be %d or less", most)
	}
	return nil
}

func checkWords(set *chat.AppSettings) error {
	if err := oneOf("enforce_unique_usernames", set.EnforceUniqueUsernames, "no", "app", "team"); err != nil {
		return err
	}
	return oneOf("permission_version", set.PermissionVersion, "v1", "v2")
}

// oneOf checks a word against those allowed.
func oneOf(field, value string, words ...string) error {
	if slices.Contains(words, value) {
		return nil
	}
	return invalid(field, "must be one of [%s]", strings.TrimSpace(strings.Join(words, " ")))
}

// invalid is what is wrong with a field.
func invalid(field, format string, args ...any) error {
	err := chat.Errorf(chat.Invalid, format, args...)
	if e, ok := errors.AsType[*chat.Error](err); ok {
		e.Fields = map[string]string{field: e.Message}
		e.Message = field + " " + e.Message
	}
	return err
}

func checkTexts(set *chat.AppSettings) error {
	for field, text := range map[string]string{
		"sns_key": set.SNSKey, "sns_secret": set.SNSSecret, "sns_topic_arn": set.SNSTopicARN,
		"sqs_key": set.SQSKey, "sqs_secret": set.SQSSecret,
	} {
		if len(text) > maxText {
			return invalid(field, "must be %d characters or less", maxText)
		}
	}
	if set.SNSTopicARN != "" && !strings.HasPrefix(set.SNSTopicARN, "arn:") {
		return invalid("sns_topic_arn", "must be the ARN of a topic")
	}
	return nil
}

func checkURLs(set *chat.AppSettings) error {
	for field, text := range map[string]string{
		"before_message_send_hook_url": set.BeforeMessageSendHookURL, "custom_action_handler_url": set.CustomActionHandlerURL,
		"moderation_webhook_url": set.ModerationWebhookURL, "sqs_url": set.SQSURL, "webhook_url": set.WebhookURL,
	} {
		if err := checkURL(field, text); err != nil {
			return err
		}
	}
	return nil
}

// checkURL checks an address that is to be called: http or https, with a host.
// Whether it may be called is decided when it is.
func checkURL(field, text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || len(text) > maxText || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return invalid(field, "must be a valid http or https URL")
	}
	return nil
}

func checkLists(set *chat.AppSettings) error {
	if len(set.UserSearchDisallowedRoles) > maxSearchRoles {
		return invalid("user_search_disallowed_roles", "must contain at maximum %d items", maxSearchRoles)
	}
	for _, role := range set.UserSearchDisallowedRoles {
		if err := permission.ValidRoleName(role); err != nil {
			return err
		}
	}
	for field, list := range map[string][]string{
		"allowed_flag_reasons": set.AllowedFlagReasons, "image_moderation_labels": set.ImageModerationLabels,
		"image_moderation_block_labels": set.ImageModerationBlockLabels, "webhook_events": set.WebhookEvents,
	} {
		if err := checkList(field, list); err != nil {
			return err
		}
	}
	return nil
}

// checkList bounds a list of texts.
func checkList(field string, list []string) error {
	if len(list) > maxItems {
		return invalid(field, "must contain at maximum %d items", maxItems)
	}
	for _, text := range list {
		if text == "" || len(text) > maxItems {
			return invalid(field, "must contain texts of 1 to %d characters", maxItems)
		}
	}
	return nil
}

func checkUploads(set *chat.AppSettings) error {
	for field, c := range map[string]*chat.UploadConfig{"file_upload_config": &set.FileUploadConfig, "image_upload_config": &set.ImageUploadConfig} {
		if len(c.AllowedFileExtensions) > 0 && len(c.BlockedFileExtensions) > 0 {
			return chat.Errorf(chat.Invalid, "Cannot specify both allowed file extensions and blocked file extensions")
		}
		if len(c.AllowedMimeTypes) > 0 && len(c.BlockedMimeTypes) > 0 {
			return chat.Errorf(chat.Invalid, "Cannot specify both allowed mime types and blocked mime types")
		}
		for name, list := range map[string][]string{
			"allowed_file_extensions": c.AllowedFileExtensions, "blocked_file_extensions": c.BlockedFileExtensions,
			"allowed_mime_types": c.AllowedMimeTypes, "blocked_mime_types": c.BlockedMimeTypes,
		} {
			if err := checkList(field+"."+name, list); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkAsyncModeration(set *chat.AppSettings) error {
	if len(set.AsyncModerationConfig) == 0 || set.AsyncModerationConfig.Kind() == 'n' {
		return nil
	}
	var c struct {
		TimeoutMS int `json:"timeout_ms"`
		Callback  struct {
			Mode      string `json:"mode"`
			ServerURL string `json:"server_url"`
		} `json:"callback"`
	}
	if err := wire.Unmarshal(set.AsyncModerationConfig, &c); err != nil {
		return err
	}
	if err := inRange("async_moderation_config.timeout_ms", c.TimeoutMS, 0, maxPending); err != nil {
		return err
	}
	if err := oneOf("async_moderation_config.callback.mode", c.Callback.Mode, callbackModes...); err != nil {
		return err
	}
	return checkURL("async_moderation_config.callback.server_url", c.Callback.ServerURL)
}
