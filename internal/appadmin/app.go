package appadmin

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/access"
	"chatd/internal/chat"
	"chatd/internal/store"
	"chatd/internal/wire"
)

// GetAppRequest asks for the app of the caller's key.
type GetAppRequest struct{}

// GetAppResponse is the app: ServerApp for the server side, ClientApp for users.
type GetAppResponse struct {
	App any `json:"app"`
}

// Shapes tells what App holds at most.
func (GetAppResponse) Shapes() map[string]any { return map[string]any{"app": ServerApp{}} }

// placement names where the app runs, in place of a region of the hosted service.
const placement = "self-hosted"

// ClientApp is what users see of the app.
type ClientApp struct {
	ID                     chat.AppID        `json:"id"`
	Name                   string            `json:"name"`
	Placement              string            `json:"placement"`
	AsyncURLEnrichEnabled  bool              `json:"async_url_enrich_enabled"`
	AutoTranslationEnabled bool              `json:"auto_translation_enabled"`
	FileUploadConfig       chat.UploadConfig `json:"file_upload_config"`
	ImageUploadConfig      chat.UploadConfig `json:"image_upload_config"`
}

// ServerApp is the app with all its settings, but for the credentials of push
// providers.
type ServerApp struct {
	ID           chat.AppID `json:"id"`
	Name         string     `json:"name"`
	Organization string     `json:"organization"`
	Placement    string     `json:"placement"`

	chat.AppSettings

	Grants            map[string][]string     `json:"grants"`
	CallTypes         struct{}                `json:"call_types"`
	ChannelConfigs    map[string]*configView  `json:"channel_configs"`
	Policies          map[string][]*appPolicy `json:"policies"`
	PushNotifications *pushView               `json:"push_notifications"`
	Geofences         []struct{}              `json:"geofences"`

	// These take the place of settings of the same names, which are not shown.
	PushConfig            jsontext.Value `json:"push_config,omitzero"`
	APNConfig             jsontext.Value `json:"apn_config,omitzero"`
	FirebaseConfig        jsontext.Value `json:"firebase_config,omitzero"`
	HuaweiConfig          jsontext.Value `json:"huawei_config,omitzero"`
	XiaomiConfig          jsontext.Value `json:"xiaomi_config,omitzero"`
	PushProviders         jsontext.Value `json:"push_providers,omitzero"`
	AsyncModerationConfig jsontext.Value `json:"async_moderation_config,omitzero"`
	Elsewhere             jsontext.Value `json:"elsewhere,omitzero"`

	Rest jsontext.Value `json:",embed"` // Elsewhere, with what no one can set
}

// Shapes tells what the hooks are.
func (ServerApp) Shapes() map[string]any { return map[string]any{"event_hooks": []hook(nil)} }

// configView is a channel type's configuration with its commands as names.
type configView struct {
	chat.TypeConfig

	Commands []string `json:"commands"`
}

// absent are the settings of what chatd does not have, where they were never set.
const absent = `{"allow_multi_user_devices":false,"campaign_enabled":false,"feed_audit_logs_enabled":false,` +
	`"max_aggregated_activities_length":0,"moderation_audio_call_moderation_enabled":false,` +
	`"moderation_llm_configurability_enabled":false,"moderation_multitenant_blocklist_enabled":false,` +
	`"moderation_video_call_moderation_enabled":false,"use_hook_v2":false}`

// GetApp returns the app: to users only what their SDKs need to know.
func (s *Service) GetApp(ctx context.Context, _ *GetAppRequest) (*GetAppResponse, error) {
	actor, st := s.app(ctx)
	app, err := st.App(ctx)
	if err != nil {
		return nil, err
	}
	if !actor.Server {
		return &GetAppResponse{clientApp(app)}, nil
	}
	types, err := st.Types(ctx)
	if err != nil {
		return nil, err
	}
	v := &ServerApp{
		ID: app.ID, Name: app.Name, Placement: placement, AppSettings: app.Settings, Grants: access.AppGrants(&app.Settings),
		ChannelConfigs: map[string]*configView{}, Policies: map[string][]*appPolicy{},
		Rest: chat.Merge(jsontext.Value(absent), app.Settings.Elsewhere),
	}
	for name, t := range types {
		v.ChannelConfigs[name] = &configView{TypeConfig: t.Config, Commands: commandNames(t.Config.Commands)}
		if v.Policies[name], err = appPolicies(&t.ChannelType); err != nil {
			return nil, err
		}
	}
	v.PushNotifications, err = viewPush(&app.Settings)
	return &GetAppResponse{v}, err
}

func clientApp(app *chat.App) *ClientApp {
	set := &app.Settings
	return &ClientApp{
		ID: app.ID, Name: app.Name, Placement: placement,
		AsyncURLEnrichEnabled: set.AsyncURLEnrichEnabled, AutoTranslationEnabled: set.AutoTranslationEnabled,
		FileUploadConfig: set.FileUploadConfig, ImageUploadConfig: set.ImageUploadConfig,
	}
}

// UpdateAppRequest is the body of PATCH /app: the settings to change.
type UpdateAppRequest struct {
	Body jsontext.Value `json:",embed"`
}

// UpdateApp changes the settings that are given, all or none, and tells the clients.
func (s *Service) UpdateApp(ctx context.Context, r *UpdateAppRequest) (*struct{}, error) {
	_, st := s.app(ctx)
	body := given(r.Body, nullableSettings...)
	return &struct{}{}, st.InTx(ctx, func(tx *store.Tx) error {
		app, err := tx.UpdateSettings(ctx, func(set *chat.AppSettings) error {
			if err := apply(set, body, tx.Now()); err != nil {
				return err
			}
			return checkSettings(set)
		})
		if err != nil {
			return err
		}
		told, err := wire.Marshal(map[string]any{"app": clientApp(app)})
		if err != nil {
			return err
		}
		tx.Emit(&chat.Event{
			Type: "app.updated", App: tx.ID, To: chat.Audience{Kind: chat.ToApp}, CreatedAt: app.UpdatedAt, Custom: told,
		})
		return nil
	})
}
