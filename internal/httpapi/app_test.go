package httpapi_test

import (
	"strings"
	"testing"

	"chatd/internal/testkit"
)

func TestGetApp(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	r := s.Server().Get("/app").OK()
	if !strings.HasPrefix(string(r.Body), `{"app":{`) {
		t.Errorf("app does not come first: %.20s", r.Body)
	}
	for path, want := range map[string]string{
		"app.organization": `""`, "app.placement": `"self-hosted"`, "app.permission_version": `"v2"`, "app.suspended": "false",
		"app.enforce_unique_usernames": `"no"`, "app.cdn_expiration_seconds": "1209600", "app.reminders_interval": "300", "app.reminders_max_members": "10",
		"app.disable_auth_checks": "false", "app.disable_permissions_checks": "false", "app.multi_tenant_enabled": "false", "app.guest_user_creation_disabled": "false",
		"app.webhook_url": `""`, "app.webhook_events": "[]", "app.event_hooks": "[]", "app.user_search_disallowed_roles": "[]", "app.call_types": "{}", "app.geofences": "[]",
		"app.allow_multi_user_devices": "false", "app.campaign_enabled": "false", "app.use_hook_v2": "false", "app.max_aggregated_activities_length": "0",
		"app.moderation_llm_configurability_enabled": "false", "app.sqs_secret": `""`, "app.sns_topic_arn": `""`,
		"app.file_upload_config":                    `{"allowed_file_extensions":[],"allowed_mime_types":[],"blocked_file_extensions":[],"blocked_mime_types":[],"size_limit":0}`,
		"app.push_notifications":                    `{"apn":{"development":false,"enabled":false},"firebase":{"enabled":false},"huawei":{"enabled":false},"offline_only":false,"providers":[],"version":"v2","xiaomi":{"enabled":false}}`,
		"app.policies.messaging":                    "[]",
		"app.grants.user.0":                         `"close-poll-owner"`,
		"app.push_config":                           "null",
		"app.elsewhere":                             "null",
		"app.revoke_tokens_issued_before":           "null",
		"app.channel_configs.livestream.commands.0": `"giphy"`,
		"app.channel_configs.messaging.name":        `"messaging"`,
	} {
		r.Want(path, want)
	}

	client := s.As("ann").Get("/app").OK().Want("app.placement", `"self-hosted"`).Want("app.image_upload_config.size_limit", "0").Want("app.auto_translation_enabled", "false")
	for _, hidden := range []string{"webhook_url", "sqs_secret", "grants", "channel_configs", "disable_auth_checks", "event_hooks"} {
		client.Want("app."+hidden, "null")
	}
	s.Anonymous().Get("/app").OK().Want("app.webhook_url", "null")
}

func TestUpdateApp(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	ann := s.As("ann").Connect()
	exchangeAll(t, s, []exchange{
		{name: "nothing", method: "PATCH", path: "/app", body: `{}`, want: map[string]string{"app": "null"}},
		{name: "no body", method: "PATCH", path: "/app"},
		{name: "some", method: "PATCH", path: "/app", body: `{"webhook_url":"https://example.com/hook","reminders_interval":60,"name":"other","suspended":true,
			"file_upload_config":{"blocked_file_extensions":[".exe"],"size_limit":1000},"datadog_info":{"site":"x"},"grants":{"guest":["mute-user"]},
			"event_hooks":[{"hook_type":"webhook","webhook_url":"https://example.com","event_types":["message.new"]}]}`},
		{name: "they stay", method: "GET", path: "/app", want: map[string]string{
			"app.webhook_url": `"https://example.com/hook"`, "app.reminders_interval": "60", "app.suspended": "false",
			"app.file_upload_config.blocked_file_extensions": `[".exe"]`, "app.file_upload_config.size_limit": "1000", "app.datadog_info": `{"site":"x"}`,
			"app.grants.guest": `["mute-user"]`, "app.grants.anonymous": "null", "app.event_hooks.#": "1", "app.event_hooks.0.enabled": "true",
			"app.event_hooks.0.event_types": `["message.new"]`,
		}},
		{name: "null and others", method: "PATCH", path: "/app", body: `{"webhook_url":null,"reminders_interval":null,"grants":null,"event_hooks":null,"file_upload_config":{"allowed_file_extensions":[".png"]}}`},
		{name: "what null does", method: "GET", path: "/app", want: map[string]string{
			"app.webhook_url": `"https://example.com/hook"`, "app.reminders_interval": "60", "app.grants.guest.0": `"close-poll-owner"`, "app.event_hooks": "[]",
			"app.file_upload_config.blocked_file_extensions": "[]", "app.file_upload_config.size_limit": "0",
		}},
		{name: "all or nothing", method: "PATCH", path: "/app", body: `{"multi_tenant_enabled":true,"reminders_interval":1}`, status: 400, code: 4, message: "UpdateApp failed with error: \"reminders_interval must be 60 or greater\""},
		{name: "nothing it was", method: "GET", path: "/app", want: map[string]string{"app.multi_tenant_enabled": "false"}},
		{name: "uniqueness", method: "PATCH", path: "/app", body: `{"enforce_unique_usernames":"yes"}`, status: 400, code: 4, message: "enforce_unique_usernames must be one of [no app team]"},
		{name: "revoke all tokens", method: "PATCH", path: "/app", body: `{"revoke_tokens_issued_before":"2026-01-01T00:00:00Z"}`},
		{name: "revoked", who: "ann", method: "GET", path: "/app", status: 401, code: 40, message: "revoked"},
		{name: "not the server's", method: "GET", path: "/app", want: map[string]string{"app.revoke_tokens_issued_before": `"2026-01-01T00:00:00Z"`}},
		{name: "undo", method: "PATCH", path: "/app", body: `{"revoke_tokens_issued_before":null}`},
		{name: "not by users", who: "ann", method: "PATCH", path: "/app", body: `{}`, status: 403, code: 17, message: "server side"},
	})
	ann.Expect("app.updated").Want("app.placement", `"self-hosted"`).Want("app.webhook_url", "null")
}

func TestChannelTypeRoutes(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Users("bob")
	exchangeAll(t, s, []exchange{
		{name: "list", method: "GET", path: "/channeltypes", want: map[string]string{
			"channel_types.messaging.name": `"messaging"`, "channel_types.messaging.commands.0.name": `"giphy"`, "channel_types.messaging.permissions": "[]",
			"channel_types.livestream.read_events": "false", "channel_types.team.max_message_length": "5000", "channel_types.gaming.search": "false",
			"channel_types.commerce.automod": `"disabled"`,
		}},
		{name: "create by name alone", method: "POST", path: "/channeltypes", body: `{"name":"own"}`, want: map[string]string{
			"name": `"own"`, "typing_events": "true", "read_events": "true", "connect_events": "true", "reactions": "true", "replies": "true", "search": "true",
			"mutes": "true", "uploads": "true", "automod": `"disabled"`, "automod_behavior": `"flag"`, "max_message_length": "5000", "message_retention": `"infinite"`,
			"commands": `["giphy","ban","unban","mute","unmute"]`, "permissions": "[]", "grants.anonymous": "null", "grants.channel_member.0": `"add-links"`,
		}},
		{name: "create with much", method: "POST", path: "/channeltypes", body: `{"name":"much","automod":"AI","automod_behavior":"block","max_message_length":100,"commands":["fun_set"],
			"grants":{"user":["read-channel"]},"permissions":[{"name":"p","action":"Allow","priority":5,"owner":true,"resources":["*"],"roles":["*"]}],"uploads":false}`, want: map[string]string{
			"automod": `"AI"`, "max_message_length": "100", "commands": `["giphy"]`, "grants.user": `["read-channel"]`, "uploads": "false",
			"permissions": `[{"action":"Allow","name":"p","owner":true,"priority":5,"resources":["*"],"roles":["*"]}]`,
		}},
		{name: "as the app shows it", method: "GET", path: "/app", want: map[string]string{"app.policies.much.0.action": "1", "app.channel_configs.much.commands": `["giphy"]`}},
		{name: "create again", method: "POST", path: "/channeltypes", body: `{"name":"own"}`, status: 400, code: 4, message: "channel type own already exists"},
		{name: "no name", method: "POST", path: "/channeltypes", body: `{}`, status: 400, code: 4, message: "CreateChannelType failed with error: \"name is a required field\""},
		{name: "bad name", method: "POST", path: "/channeltypes", body: `{"name":"a b"}`, status: 400, code: 4, message: "channel type"},
		{name: "unknown command", method: "POST", path: "/channeltypes", body: `{"name":"x","commands":["nope"]}`, status: 400, code: 4, message: `command "nope" does not exist`},
		{name: "get", method: "GET", path: "/channeltypes/own", want: map[string]string{"name": `"own"`, "commands.0": `{"args":"[text]","description":"Post a random gif to the channel","name":"giphy","set":"fun_set"}`}},
		{name: "get none", method: "GET", path: "/channeltypes/nope", status: 404, code: 16, message: "GetChannelType failed with error: \"nope is not a defined channel type\""},
		{name: "update", method: "PUT", path: "/channeltypes/own", body: `{"typing_events":false,"commands":["all"],"grants":{"guest":["read-channel"],"user":[]},"name":"own"}`, want: map[string]string{
			"typing_events": "false", "read_events": "true", "commands.#": "5", "grants.guest": `["read-channel"]`, "grants.user": "[]", "grants.channel_member.0": `"add-links"`,
		}},
		{name: "it stays", method: "GET", path: "/channeltypes/own", want: map[string]string{"typing_events": "false", "grants.guest": `["read-channel"]`}},
		{name: "reset grants", method: "PUT", path: "/channeltypes/own", body: `{"grants":null}`, want: map[string]string{"typing_events": "false", "grants.guest": "null", "grants.user.0": `"add-links-owner"`}},
		{name: "another name", method: "PUT", path: "/channeltypes/own", body: `{"name":"x"}`, status: 400, code: 4, message: "name is a reserved field"},
		{name: "a time", method: "PUT", path: "/channeltypes/own", body: `{"updated_at":"2020-01-01T00:00:00Z"}`, status: 400, code: 4, message: "updated_at is a reserved field"},
		{name: "too long", method: "PUT", path: "/channeltypes/own", body: `{"max_message_length":20001}`, status: 400, code: 4, message: "max_message_length must be 20000 or less"},
		{name: "update none", method: "PUT", path: "/channeltypes/nope", body: `{}`, status: 404, code: 16, message: "UpdateChannelType failed with error: \"nope is not a defined channel type\""},
		{name: "delete", method: "DELETE", path: "/channeltypes/own"},
		{name: "delete again", method: "DELETE", path: "/channeltypes/own", status: 404, code: 16, message: "DeleteChannelType failed with error: \"own is not a defined channel type\""},
		{name: "a channel", method: "POST", path: "/channels/much/x/query", body: `{"data":{"created_by_id":"bob"}}`},
		{name: "delete in use", method: "DELETE", path: "/channeltypes/much", status: 400, code: 4, message: "much has active channels"},

		{name: "list by a user", who: "bob", method: "GET", path: "/channeltypes", status: 403, code: 17, message: "server side"},
		{name: "create by a user", who: "bob", method: "POST", path: "/channeltypes", body: `{"name":"y"}`, status: 403, code: 17, message: "server side"},
		{name: "get by a user", who: "bob", method: "GET", path: "/channeltypes/team", status: 403, code: 17, message: "server side"},
		{name: "update by a user", who: "bob", method: "PUT", path: "/channeltypes/team", body: `{}`, status: 403, code: 17, message: "server side"},
		{name: "delete by a user", who: "bob", method: "DELETE", path: "/channeltypes/team", status: 403, code: 17, message: "server side"},
	})
}

func TestChannelTypesAreBounded(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	for i := range 45 {
		s.Server().Post("/channeltypes", map[string]any{"name": "t" + strings.Repeat("x", i)}).OK()
	}
	s.Server().Post("/channeltypes", `{"name":"one_more"}`).Fails(400, 4, "at maximum 50 channel types")
}
