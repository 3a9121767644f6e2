package appadmin

import (
	"context"
	"slices"

	"chatd/internal/chat"
	"chatd/internal/store"
	"chatd/internal/wire"
)

// The limits of push providers with names.
const (
	maxProviders = 25
	maxProvider  = maxPushText // bytes, of all its texts
)

// UpsertProviderRequest creates or replaces a push provider.
type UpsertProviderRequest struct {
	Provider *chat.PushProvider `json:"push_provider"`
}

// Validate checks the provider but for what the app's settings decide.
func (r *UpsertProviderRequest) Validate() error {
	p := r.Provider
	if p == nil {
		return chat.Errorf(chat.Invalid, "push_provider is a required field")
	}
	if err := oneOf("push_provider.type", p.Type, chat.PushProviders()...); err != nil {
		return err
	}
	switch {
	case p.Name == "":
		return chat.Errorf(chat.Invalid, "push_provider.name is a required field")
	case len(p.Name) > chat.MaxPushProviderName:
		return invalid("push_provider.name", "must be %d characters or less", chat.MaxPushProviderName)
	case len(p.Description) > maxName:
		return invalid("push_provider.description", "must be %d characters or less", maxName)
	case len(p.DisabledReason) > maxName:
		return invalid("push_provider.disabled_reason", "must be %d characters or less", maxName)
	case len(wire.MustMarshal(p)) > maxProvider:
		return invalid("push_provider", "must be %d bytes or less", maxProvider)
	}
	return nil
}

// ProviderResponse is a push provider that was written.
type ProviderResponse struct {
	Provider *chat.PushProvider `json:"push_provider"`
}

// UpsertProvider gives the app a push provider, or another under the same name.
func (s *Service) UpsertProvider(ctx context.Context, r *UpsertProviderRequest) (*ProviderResponse, error) {
	p := *r.Provider
	err := s.changeProviders(ctx, func(tx *store.Tx, set *chat.AppSettings, version string) error {
		if err := checkProvider(version, &p); err != nil {
			return err
		}
		p.CreatedAt, p.UpdatedAt = tx.Now(), tx.Now()
		if old := set.PushProvider(p.Type, p.Name); old != nil {
			p.CreatedAt = old.CreatedAt
			*old = p
			return nil
		}
		if len(set.PushProviders) >= maxProviders {
			return chat.Errorf(chat.Invalid, "an app cannot have more than %d push providers", maxProviders)
		}
		set.PushProviders = append(set.PushProviders, &p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &ProviderResponse{withoutCredentials(&p)}, nil
}

// ListProvidersRequest asks for the push providers.
type ListProvidersRequest struct{}

// ListProvidersResponse are the app's push providers, without their credentials.
type ListProvidersResponse struct {
	Providers []*chat.PushProvider `json:"push_providers"`
}

// ListProviders returns the app's push providers with names, the oldest first.
func (s *Service) ListProviders(ctx context.Context, _ *ListProvidersRequest) (*ListProvidersResponse, error) {
	_, st := s.app(ctx)
	app, err := st.App(ctx)
	if err != nil {
		return nil, err
	}
	return &ListProvidersResponse{viewProviders(&app.Settings)}, nil
}

// DeleteProviderRequest names a push provider.
type DeleteProviderRequest struct {
	Type string `json:"-" path:"type"`
	Name string `json:"-" path:"name"`
}

// DeleteProvider takes a push provider from the app. Devices that name it stay.
func (s *Service) DeleteProvider(ctx context.Context, r *DeleteProviderRequest) (*struct{}, error) {
	return &struct{}{}, s.changeProviders(ctx, func(_ *store.Tx, set *chat.AppSettings, _ string) error {
		p := set.PushProvider(r.Type, r.Name)
		if p == nil {
			return chat.NoPushProvider(chat.NotFound, r.Type, r.Name)
		}
		set.PushProviders = slices.DeleteFunc(set.PushProviders, func(other *chat.PushProvider) bool { return other == p })
		return nil
	})
}

// changeProviders changes the providers of an app that can have some. change is told
// the app's version of push.
func (s *Service) changeProviders(ctx context.Context, change func(tx *store.Tx, set *chat.AppSettings, version string) error) error {
	_, st := s.app(ctx)
	return st.InTx(ctx, func(tx *store.Tx) error {
		_, err := tx.UpdateSettings(ctx, func(set *chat.AppSettings) error {
			push, err := readPush(set)
			if err != nil {
				return err
			}
			if push.push.Version == pushV1 {
				return chat.Errorf(chat.Invalid, "push providers need push version v2 or v3, the app has %s", pushV1)
			}
			return change(tx, set, push.push.Version)
		})
		return err
	})
}

// checkProvider checks the form of a provider's credentials, which it must have.
func checkProvider(version string, p *chat.PushProvider) error {
	field := func(name string) string { return "push_provider." + name }
	switch {
	case p.Type == "apn" && p.APNAuthKey == "" && p.APNP12Cert == "":
		return chat.Errorf(chat.Invalid, "%s is a required field", field("apn_auth_key"))
	case p.Type == "firebase" && p.FirebaseCredentials == "" && p.FirebaseServerKey == "":
		return chat.Errorf(chat.Invalid, "%s is a required field", field("firebase_credentials"))
	case p.Type == "huawei" && (p.HuaweiAppID == "" || p.HuaweiAppSecret == ""):
		return chat.Errorf(chat.Invalid, "huawei credentials are invalid")
	case p.Type == "xiaomi" && (p.XiaomiPackageName == "" || p.XiaomiAppSecret == ""):
		return chat.Errorf(chat.Invalid, "xiaomi credentials are invalid")
	}
	apn := apnConfig{
		AuthType: p.APNAuthType, AuthKey: p.APNAuthKey, BundleID: p.APNTopic, Development: p.APNDevelopment, Host: p.APNHost,
		KeyID: p.APNKeyID, NotificationTemplate: p.APNNotificationTemplate, P12Cert: p.APNP12Cert, TeamID: p.APNTeamID,
	}
	if err := apn.check(apnFields{
		authType: field("apn_auth_type"), authKey: field("apn_auth_key"), bundle: field("apn_topic"),
		keyID: field("apn_key_id"), p12: field("apn_p12_cert"), team: field("apn_team_id"),
	}); err != nil {
		return err
	}
	firebase := firebaseConfig{CredentialsJSON: p.FirebaseCredentials, ServerKey: p.FirebaseServerKey}
	return firebase.check(version, field("firebase_server_key"), field("firebase_credentials"))
}

// viewProviders are an app's push providers as they are shown.
func viewProviders(set *chat.AppSettings) []*chat.PushProvider {
	out := make([]*chat.PushProvider, len(set.PushProviders))
	for i, p := range set.PushProviders {
		out[i] = withoutCredentials(p)
	}
	return out
}

// withoutCredentials returns a provider as it is shown.
func withoutCredentials(p *chat.PushProvider) *chat.PushProvider {
	v := *p
	v.APNAuthKey, v.APNP12Cert, v.FirebaseCredentials, v.FirebaseServerKey, v.HuaweiAppSecret, v.XiaomiAppSecret = "", "", "", "", "", ""
	return &v
}
