package chat

import "time"

// PushProvider is an account with a push service that the app gave a name, so that it
// can have several of a kind.
type PushProvider struct {
	Type           string     `json:"type"` // one of PushProviders
	Name           string     `json:"name"`
	Description    string     `json:"description,omitzero"`
	DisabledAt     *time.Time `json:"disabled_at,omitzero"`
	DisabledReason string     `json:"disabled_reason,omitzero"`

	APNAuthType             string `json:"apn_auth_type,omitzero"`
	APNAuthKey              string `json:"apn_auth_key,omitzero"`
	APNDevelopment          bool   `json:"apn_development,omitzero"`
	APNHost                 string `json:"apn_host,omitzero"`
	APNKeyID                string `json:"apn_key_id,omitzero"`
	APNNotificationTemplate string `json:"apn_notification_template,omitzero"`
	APNP12Cert              string `json:"apn_p12_cert,omitzero"`
	APNTeamID               string `json:"apn_team_id,omitzero"`
	APNTopic                string `json:"apn_topic,omitzero"`

	FirebaseAPNTemplate          string `json:"firebase_apn_template,omitzero"`
	FirebaseCredentials          string `json:"firebase_credentials,omitzero"`
	FirebaseDataTemplate         string `json:"firebase_data_template,omitzero"`
	FirebaseHost                 string `json:"firebase_host,omitzero"`
	FirebaseNotificationTemplate string `json:"firebase_notification_template,omitzero"`
	FirebaseServerKey            string `json:"firebase_server_key,omitzero"`

	HuaweiAppID       string `json:"huawei_app_id,omitzero"`
	HuaweiAppSecret   string `json:"huawei_app_secret,omitzero"`
	XiaomiAppSecret   string `json:"xiaomi_app_secret,omitzero"`
	XiaomiPackageName string `json:"xiaomi_package_name,omitzero"`

	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// MaxPushProviderName bounds the names of push providers, in bytes.
const MaxPushProviderName = 36

// PushProvider returns the app's provider of a kind with a name; nil when it has none.
func (s *AppSettings) PushProvider(typ, name string) *PushProvider {
	for _, p := range s.PushProviders {
		if p.Type == typ && p.Name == name {
			return p
		}
	}
	return nil
}

// NoPushProvider is the error that an app has no such provider.
func NoPushProvider(k Kind, typ, name string) error {
	return Errorf(k, "push provider %q with type %q not found", name, typ)
}
