package appadmin

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/wire"
)

func raw(s string) jsontext.Value { return jsontext.Value(s) }

// patch changes default settings as PATCH /app does.
func patch(body string) (*chat.AppSettings, error) {
	set := chat.DefaultAppSettings()
	if err := apply(&set, given(raw(body), nullableSettings...), time.Unix(1e9, 0).UTC()); err != nil {
		return nil, err
	}
	return &set, checkSettings(&set)
}

func TestSettings(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		body string
		want func(s *chat.AppSettings) bool
	}{
		"nothing":    {`{}`, func(s *chat.AppSettings) bool { return s.RemindersInterval == 300 }},
		"null":       {`{"webhook_url":null,"reminders_interval":null}`, func(s *chat.AppSettings) bool { return s.RemindersInterval == 300 }},
		"unknown":    {`{"no_such_setting":[1]}`, func(s *chat.AppSettings) bool { return len(s.Elsewhere) == 0 }},
		"switches":   {`{"disable_auth_checks":true,"multi_tenant_enabled":true}`, func(s *chat.AppSettings) bool { return s.DisableAuthChecks && s.MultiTenantEnabled }},
		"suspension": {`{"suspended":true,"suspended_explanation":"x"}`, func(s *chat.AppSettings) bool { return !s.Suspended && s.SuspendedExplanation == "" }},
		"migration":  {`{"permission_version":"v1","migrate_permissions_to_v2":true}`, func(s *chat.AppSettings) bool { return s.PermissionVersion == "v2" }},
		"revocation": {`{"revoke_tokens_issued_before":"2024-01-01T00:00:00Z"}`, func(s *chat.AppSettings) bool { return s.RevokeTokensIssuedBefore.Year() == 2024 }},
		"grants":     {`{"grants":{"user":["mute-user"],"guest":[]}}`, func(s *chat.AppSettings) bool { return len(s.Grants) == 2 && len(s.Grants["guest"]) == 0 }},
		"a template": {`{"custom_action_handler_url":"https://example.com/x?type={type}"}`, func(s *chat.AppSettings) bool { return s.CustomActionHandlerURL != "" }},
		"elsewhere": {`{"datadog_info":{"enabled":true},"video_provider":"agora"}`, func(s *chat.AppSettings) bool {
			return string(s.Elsewhere) == `{"datadog_info":{"enabled":true},"video_provider":"agora"}`
		}},
		"upload":  {`{"image_upload_config":{"allowed_file_extensions":[".png"],"size_limit":1048576}}`, func(s *chat.AppSettings) bool { return s.ImageUploadConfig.SizeLimit == 1<<20 }},
		"apn off": {`{"apn_config":{"Disabled":true,"auth_type":"nonsense"}}`, func(*chat.AppSettings) bool { return true }},
		"huawei":  {`{"huawei_config":{"id":"1","secret":"2"}}`, func(*chat.AppSettings) bool { return true }},
		"push version": {`{"push_config":{"version":"v3","offline_only":true}}`, func(s *chat.AppSettings) bool {
			v, err := viewPush(s)
			return err == nil && v.Version == "v3" && v.OfflineOnly
		}},
		"server key": {`{"push_config":{"version":"v1"},"firebase_config":{"server_key":"k"}}`, func(s *chat.AppSettings) bool { v, err := viewPush(s); return err == nil && v.Firebase.Enabled }},
		"async":      {`{"async_moderation_config":{"timeout_ms":3000,"callback":{"mode":"CALLBACK_MODE_REST","server_url":"https://example.com"}}}`, func(*chat.AppSettings) bool { return true }},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := patch(tc.body)
			if err != nil {
				t.Fatal(err)
			}
			if !tc.want(s) {
				t.Errorf("%s", wire.MustMarshal(s))
			}
		})
	}
}

func TestSettingsRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]string{ // body -> text
		`{"enforce_unique_usernames":"x"}`:    "enforce_unique_usernames must be one of [no app team]",
		`{"permission_version":"v3"}`:         "permission_version must be one of [v1 v2]",
		`{"webhook_url":5}`:                   "webhook_url",
		`{"webhook_url":"ftp://example.com"}`: "webhook_url must be a valid http or https URL",
		`{"webhook_url":"nonsense"}`:          "webhook_url",
		`{"sqs_url":"https://"}`:              "sqs_url",
		`{"sns_topic_arn":"x"}`:               "sns_topic_arn",
		`{"before_message_send_hook_url":"https://x/` + strings.Repeat("x", maxText) + `"}`: "before_message_send_hook_url",
		`{"reminders_interval":59}`:          "reminders_interval must be 60 or greater",
		`{"reminders_interval":86401}`:       "reminders_interval must be 86400 or less",
		`{"reminders_interval":60.5}`:        "reminders_interval",
		`{"reminders_max_members":1}`:        "reminders_max_members must be 2 or greater",
		`{"reminders_max_per_user":100001}`:  "reminders_max_per_user must be 100000 or less",
		`{"cdn_expiration_seconds":1}`:       "cdn_expiration_seconds must be 14400 or greater",
		`{"cdn_expiration_seconds":1209601}`: "cdn_expiration_seconds must be 1209600 or less",
		`{"user_search_disallowed_roles":["1","2","3","4","5","6","7","8","9","10","11"]}`:                                "user_search_disallowed_roles must contain at maximum 10 items",
		`{"user_search_disallowed_roles":["a b"]}`:                                                                        "role",
		`{"webhook_events":[""]}`:                                                                                         "webhook_events",
		`{"revoke_tokens_issued_before":"yesterday"}`:                                                                     "revoke_tokens_issued_before",
		`{"grants":{"user":["Not A Permission"]}}`:                                                                        "does not exist",
		`{"file_upload_config":{"allowed_file_extensions":[".a"],"blocked_file_extensions":[".b"]}}`:                      "Cannot specify both allowed file extensions and blocked file extensions",
		`{"file_upload_config":{"allowed_mime_types":["a/b"],"blocked_mime_types":["c/d"]}}`:                              "Cannot specify both allowed mime types and blocked mime types",
		`{"file_upload_config":{"size_limit":104857601}}`:                                                                 "file_upload_config.size_limit must be 104857600 or less",
		`{"file_upload_config":{"size_limit":-1}}`:                                                                        "size_limit must be 0 or greater",
		`{"push_config":{"version":"v4"}}`:                                                                                "push_config.version must be one of [v1 v2 v3]",
		`{"apn_config":{"auth_type":"password"}}`:                                                                         "apn_config.auth_type must be one of [certificate token]",
		`{"apn_config":{"auth_type":"token","key_id":"k"}}`:                                                               "is a required field",
		`{"apn_config":{"auth_type":"token","key_id":"k","team_id":"t","bundle_id":"b","auth_key":"not a key"}}`:          "apn_config.auth_key",
		`{"apn_config":{"p12_cert":"%%%"}}`:                                                                               "apn_config.p12_cert",
		`{"apn_config":{"p12_cert":"bm90IGEgY2VydGlmaWNhdGU="}}`:                                                          "apn_config.p12_cert",
		`{"firebase_config":{"server_key":"k"}}`:                                                                          "firebase_config.server_key",
		`{"firebase_config":{"credentials_json":"{}"}}`:                                                                   "firebase_config.credentials_json",
		`{"firebase_config":{"credentials_json":"bogus"}}`:                                                                "firebase_config.credentials_json",
		`{"huawei_config":{"id":"1"}}`:                                                                                    "huawei credentials are invalid",
		`{"xiaomi_config":{"secret":"1"}}`:                                                                                "xiaomi credentials are invalid",
		`{"async_moderation_config":{"callback":{"mode":"X"}}}`:                                                           "async_moderation_config.callback.mode",
		`{"datadog_info":"x"}`:                                                                                            "datadog_info",
		`{"feed_audit_logs_enabled":"yes"}`:                                                                               "feed_audit_logs_enabled",
		`{"video_provider":"` + strings.Repeat("x", maxElsewhere) + `"}`:                                                  "bytes or less",
		`{"event_hooks":{}}`:                                                                                              "expects array",
		`{"event_hooks":[null]}`:                                                                                          "event_hooks must contain objects",
		`{"event_hooks":[{"hook_type":"mail"}]}`:                                                                          "event_hooks.0.hook_type must be one of",
		`{"event_hooks":[{"hook_type":"webhook"}]}`:                                                                       "event_hooks.0.webhook_url is a required field",
		`{"event_hooks":[{"hook_type":"sqs"}]}`:                                                                           "event_hooks.0.sqs_queue_url is a required field",
		`{"event_hooks":[{"hook_type":"webhook","webhook_url":"x"}]}`:                                                     "event_hooks.0.webhook_url must be a valid",
		`{"event_hooks":[{"hook_type":"sns","sns_topic_arn":"arn:x","sns_auth_type":"x"}]}`:                               "event_hooks.0.sns_auth_type",
		`{"event_hooks":[{"hook_type":"webhook","webhook_url":"https://example.com","timeout_ms":-1}]}`:                   "event_hooks.0.timeout_ms",
		`{"event_hooks":[{"hook_type":"webhook","webhook_url":"https://example.com","product":"x"}]}`:                     "event_hooks.0.product",
		`{"event_hooks":[` + strings.Repeat(`{"hook_type":"pending_message"},`, 50) + `{"hook_type":"pending_message"}]}`: "event_hooks must contain at maximum 50 items",
	}
	for body, text := range tests {
		t.Run(body[:min(len(body), 60)], func(t *testing.T) {
			t.Parallel()
			_, err := patch(body)
			if chat.KindOf(err) != chat.Invalid || !strings.Contains(err.Error(), text) {
				t.Errorf("%v", err)
			}
		})
	}
}

// Credentials are checked and kept, but never shown.
func TestPushCredentials(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	account := wire.MustMarshal(map[string]string{
		"type": "service_account", "project_id": "p", "client_email": "x@example.com", "private_key": text,
	})
	body := wire.MustMarshal(map[string]any{
		"apn_config":      map[string]any{"auth_key": text, "key_id": "key", "team_id": "team", "bundle_id": "bundle", "development": true},
		"firebase_config": map[string]any{"credentials_json": string(account), "data_template": "{}"},
		"xiaomi_config":   map[string]any{"package_name": "p", "secret": "hidden"},
	})
	set, err := patch(string(body))
	if err != nil {
		t.Fatal(err)
	}
	v, err := viewPush(set)
	if err != nil {
		t.Fatal(err)
	}
	shown := string(wire.MustMarshal(v))
	want := `{"version":"v2","offline_only":false,` +
		`"apn":{"enabled":true,"development":true,"auth_type":"token","bundle_id":"bundle","key_id":"key","team_id":"team"},` +
		`"firebase":{"enabled":true,"data_template":"{}"},"huawei":{"enabled":false},"xiaomi":{"enabled":true},"providers":[]}`
	if shown != want {
		t.Errorf("shown: %s", shown)
	}
}

func TestHooks(t *testing.T) {
	t.Parallel()
	first, second := time.Unix(1e9, 0).UTC(), time.Unix(2e9, 0).UTC()
	doc, err := newHooks(raw(`[{"hook_type":"webhook","webhook_url":"https://example.com"},{"hook_type":"pending_message","enabled":false,"callback":{"mode":"CALLBACK_MODE_NONE"}}]`), nil, first)
	if err != nil {
		t.Fatal(err)
	}
	var hooks []*hook
	if err := wire.Unmarshal(doc, &hooks); err != nil {
		t.Fatal(err)
	}
	if len(hooks[0].ID) != 36 || hooks[0].ID == hooks[1].ID || !*hooks[0].Enabled || *hooks[1].Enabled || !hooks[0].CreatedAt.Equal(first) {
		t.Fatalf("%s", doc)
	}
	const none = `"hook_type":"pending_message","callback":{"mode":"CALLBACK_MODE_NONE"}`
	again := `[{"id":"` + hooks[1].ID + `",` + none + `},{"id":"` + hooks[1].ID + `",` + none + `}]`
	if doc, err = newHooks(raw(again), doc, second); err != nil {
		t.Fatal(err)
	}
	was := hooks[1].ID
	hooks = nil
	if err := wire.Unmarshal(doc, &hooks); err != nil {
		t.Fatal(err)
	}
	if hooks[0].ID != was || !hooks[0].CreatedAt.Equal(first) || !hooks[0].UpdatedAt.Equal(second) || hooks[1].ID == was || !hooks[1].CreatedAt.Equal(second) {
		t.Errorf("%s", doc)
	}
	if doc, err = newHooks(raw(`null`), doc, second); err != nil || string(doc) != `[]` {
		t.Errorf("%s %v", doc, err)
	}
}
