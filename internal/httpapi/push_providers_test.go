package httpapi_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"chatd/internal/testkit"
)

// provider is the body that gives an app a push provider.
func provider(fields map[string]any) any { return map[string]any{"push_provider": fields} }

// credentials are such as APNs and Firebase give out.
func credentials(t *testing.T) (key, account string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	key = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	doc, err := json.Marshal(map[string]string{"type": "service_account", "project_id": "p", "client_email": "x@example.com", "private_key": key})
	if err != nil {
		t.Fatal(err)
	}
	return key, string(doc)
}

func TestPushProviders(t *testing.T) {
	t.Parallel()
	s, other := testkit.Start(t), testkit.Start(t)
	key, account := credentials(t)
	const path = "/push_providers"
	huawei := func(name string) any {
		return provider(map[string]any{"type": "huawei", "name": name, "huawei_app_id": "id", "huawei_app_secret": "hidden"})
	}
	refused := func(name, text string, fields map[string]any) exchange {
		return exchange{name: name, method: "POST", path: path, body: provider(fields), status: 400, code: 4, message: text}
	}
	exchangeAll(t, s, []exchange{
		{name: "none", method: "GET", path: path, want: map[string]string{"push_providers": "[]"}},
		{
			name: "of Apple", method: "POST", path: path,
			body: provider(map[string]any{"type": "apn", "name": "staging", "apn_auth_key": key, "apn_key_id": "k", "apn_team_id": "t", "apn_topic": "b", "apn_development": true, "description": "d"}),
			want: map[string]string{
				"push_provider.type": `"apn"`, "push_provider.name": `"staging"`, "push_provider.apn_key_id": `"k"`, "push_provider.apn_topic": `"b"`,
				"push_provider.apn_development": "true", "push_provider.description": `"d"`, "push_provider.apn_auth_key": "null", "push_provider.disabled_at": "null",
			},
		},
		{
			name: "of Google", method: "POST", path: path,
			body: provider(map[string]any{"type": "firebase", "name": "staging", "firebase_credentials": account, "firebase_notification_template": "{}"}),
			want: map[string]string{"push_provider.firebase_credentials": "null", "push_provider.firebase_notification_template": `"{}"`},
		},
		{name: "of Huawei", method: "POST", path: path, body: huawei("h"), want: map[string]string{"push_provider.huawei_app_id": `"id"`, "push_provider.huawei_app_secret": "null"}},
		{
			name: "of Xiaomi", method: "POST", path: path,
			body: provider(map[string]any{"type": "xiaomi", "name": "x", "xiaomi_package_name": "p", "xiaomi_app_secret": "hidden"}),
			want: map[string]string{"push_provider.xiaomi_package_name": `"p"`, "push_provider.xiaomi_app_secret": "null"},
		},
		{
			name: "switched off", method: "POST", path: path,
			body: provider(map[string]any{"type": "huawei", "name": "h", "huawei_app_id": "id2", "huawei_app_secret": "hidden", "disabled_at": "2026-01-01T00:00:00Z", "disabled_reason": "r"}),
			want: map[string]string{"push_provider.huawei_app_id": `"id2"`, "push_provider.disabled_at": `"2026-01-01T00:00:00Z"`, "push_provider.disabled_reason": `"r"`},
		},
		{
			name: "all", method: "GET", path: path,
			want: map[string]string{
				"push_providers.#": "4", "push_providers.0.name": `"staging"`, "push_providers.0.type": `"apn"`, "push_providers.0.apn_auth_key": "null",
				"push_providers.1.type": `"firebase"`, "push_providers.1.firebase_credentials": "null", "push_providers.2.huawei_app_id": `"id2"`,
			},
		},
		{name: "the app shows them", method: "GET", path: "/app", want: map[string]string{
			"app.push_notifications.providers.#": "4", "app.push_notifications.providers.3.type": `"xiaomi"`, "app.push_notifications.providers.3.xiaomi_app_secret": "null", "app.push_providers": "null",
		}},
		{name: "they are no setting", method: "PATCH", path: "/app", body: `{"push_providers":[]}`},

		refused("of a strange kind", "push_provider.type must be one of [firebase apn huawei xiaomi]", map[string]any{"type": "pigeon", "name": "x"}),
		refused("without name", "push_provider.name is a required field", map[string]any{"type": "apn"}),
		refused("with a long name", "push_provider.name must be 36 characters or less", map[string]any{"type": "apn", "name": strings.Repeat("x", 37)}),
		refused("with many words", "push_provider.description must be", map[string]any{"type": "apn", "name": "x", "description": strings.Repeat("x", 2000)}),
		refused("with many reasons", "push_provider.disabled_reason must be", map[string]any{"type": "apn", "name": "x", "disabled_reason": strings.Repeat("x", 2000)}),
		refused("too big", "push_provider must be 32768 bytes or less", map[string]any{"type": "firebase", "name": "x", "firebase_credentials": account, "firebase_data_template": strings.Repeat("x", 40_000)}),
		refused("of Apple without key", "push_provider.apn_auth_key is a required field", map[string]any{"type": "apn", "name": "x"}),
		refused("of Apple without topic", "push_provider.apn_topic is a required field", map[string]any{"type": "apn", "name": "x", "apn_auth_key": key, "apn_key_id": "k", "apn_team_id": "t"}),
		refused("of Apple with a wrong key", "push_provider.apn_auth_key is not a valid key", map[string]any{"type": "apn", "name": "x", "apn_auth_key": "x", "apn_key_id": "k", "apn_team_id": "t", "apn_topic": "b"}),
		refused("of Apple with a wrong certificate", "push_provider.apn_p12_cert is not a valid", map[string]any{"type": "apn", "name": "x", "apn_p12_cert": "x"}),
		refused("of Apple, somehow", "push_provider.apn_auth_type must be one of [certificate token]", map[string]any{"type": "apn", "name": "x", "apn_auth_key": key, "apn_auth_type": "x"}),
		refused("of Google without credentials", "push_provider.firebase_credentials is a required field", map[string]any{"type": "firebase", "name": "x"}),
		refused("of Google with others", "push_provider.firebase_credentials are not the credentials", map[string]any{"type": "firebase", "name": "x", "firebase_credentials": "{}"}),
		refused("of Google as it was", "push_provider.firebase_server_key is not supported with push version v2", map[string]any{"type": "firebase", "name": "x", "firebase_server_key": "k"}),
		refused("of Huawei without secret", "huawei credentials are invalid", map[string]any{"type": "huawei", "name": "x", "huawei_app_id": "x"}),
		refused("of Xiaomi without secret", "xiaomi credentials are invalid", map[string]any{"type": "xiaomi", "name": "x", "xiaomi_package_name": "x"}),
		{name: "nothing", method: "POST", path: path, body: `{}`, status: 400, code: 4, message: `UpsertPushProvider failed with error: "push_provider is a required field"`},
		{name: "by a user", who: "ann", method: "POST", path: path, body: huawei("x"), status: 403, code: 17, message: "server side auth"},
		{name: "for a user", who: "ann", method: "GET", path: path, status: 403, code: 17, message: "server side auth"},
		{name: "away by a user", who: "ann", method: "DELETE", path: path + "/apn/staging", status: 403, code: 17, message: "server side auth"},

		{name: "a device of one", who: "ann", method: "POST", path: "/devices", body: device("d1", "apn", `,"push_provider_name":"staging"`)},
		{name: "which tells that", who: "ann", method: "GET", path: "/devices", want: map[string]string{"devices.0.push_provider_name": `"staging"`}},
		{name: "of the same name of another kind", who: "ann", method: "POST", path: "/devices", body: device("d2", "xiaomi", `,"push_provider_name":"staging"`), status: 400, code: 4, message: `push provider "staging" with type "xiaomi" not found`},
		{name: "of none of them", who: "ann", method: "POST", path: "/devices", body: device("d3", "apn", "")},
		{name: "away", method: "DELETE", path: path + "/apn/staging"},
		{name: "away already", method: "DELETE", path: path + "/apn/staging", status: 404, code: 16, message: `DeletePushProvider failed with error: "push provider "staging" with type "apn" not found"`},
		{name: "of the same name", method: "GET", path: path, want: map[string]string{"push_providers.#": "3", "push_providers.0.type": `"firebase"`}},
		{name: "its devices stay", who: "ann", method: "GET", path: "/devices", want: map[string]string{"devices.#": "2", "devices.0.push_provider_name": `"staging"`}},
		{name: "as they are", who: "ann", method: "POST", path: "/devices", body: device("d1", "apn", `,"push_provider_name":"staging"`)},
		{name: "but for what it names", who: "ann", method: "POST", path: "/devices", body: device("d1", "xiaomi", `,"push_provider_name":"staging"`), status: 400, code: 4, message: "not found"},
		{name: "and whose it is", who: "bob", method: "POST", path: "/devices", body: device("d1", "apn", `,"push_provider_name":"staging"`), status: 400, code: 4, message: "not found"},
	})
	s.As("ann").Dial(map[string]any{"device": map[string]any{"id": "d1", "push_provider": "apn", "push_provider_name": "staging"}}).
		Expect("health.check").Want("me.devices.0.push_provider_name", `"staging"`)
	other.Server().Get(path).OK().Want("push_providers", "[]")
	other.As("ann").Post("/devices", device("d1", "firebase", `,"push_provider_name":"staging"`)).Fails(400, 4, "not found")
	s.As("ann").Dial(map[string]any{"device": map[string]any{"id": "d4", "push_provider": "firebase", "push_provider_name": "staging"}}).
		Expect("health.check").Want("me.devices.2.push_provider_name", `"staging"`)

	for i := range 22 {
		s.Server().Post(path, huawei(fmt.Sprintf("h%d", i))).OK()
	}
	s.Server().Post(path, huawei("h22")).Fails(400, 4, "an app cannot have more than 25 push providers")
	s.Server().Post(path, huawei("h21")).OK()
	s.Server().Patch("/app", `{"push_config":{"version":"v1"}}`).OK()
	s.Server().Post(path, huawei("h21")).Fails(400, 4, "push providers need push version v2 or v3")
	s.Server().Patch("/app", `{"push_config":{"version":"v3"}}`).OK()
	s.Server().Delete(path + "/huawei/h21").OK()
	created, updated := s.Server().Get(path).At("push_providers.1.created_at"), s.Server().Get(path).At("push_providers.1.updated_at")
	if created == updated {
		t.Error("a change leaves updated_at")
	}
}
