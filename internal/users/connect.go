package users

import (
	"context"

	"chatd/internal/auth"
	"chatd/internal/chat"
)

// ConnectRequest is the document with which a client opens a connection.
type ConnectRequest struct {
	UserID      string            `json:"user_id,omitzero"`
	UserDetails *chat.UserRequest `json:"user_details,omitzero"`
	// UserToken is how some SDKs send their token, besides or instead of the
	// header.
	UserToken string `json:"user_token,omitzero"`
	// MemberCustomInclude names custom data of members that messages should carry.
	MemberCustomInclude chat.MemberInclude `json:"member_custom_include,omitzero"`
	// Device is one to register for push.
	Device *chat.DeviceRequest `json:"device,omitzero"`
}

// Validate checks what is not checked with the user.
func (r *ConnectRequest) Validate() error {
	if err := r.MemberCustomInclude.Check(); err != nil {
		return err
	}
	if r.Device != nil {
		return r.Device.Check("device.")
	}
	return nil
}

// Connect returns the user of a connection that is being opened. Who is new is
// created; what the client says of himself is merged into what is stored, but for
// role and teams, which are not his to set. A device is registered for him. Anonymous
// users are not stored, nor is what they have.
//
// The errors are Unauthenticated when the document names another user than the
// token, Invalid and PayloadTooBig for what it says of him and of his device.
func (s *Service) Connect(ctx context.Context, r *ConnectRequest) (*chat.User, error) {
	actor, app := s.app(ctx)
	if actor.Anonymous {
		now := app.Now()
		return &chat.User{ID: actor.UserID, Role: chat.RoleAnonymous, CreatedAt: now, UpdatedAt: now}, nil
	}
	details := r.UserDetails
	if details == nil {
		details = &chat.UserRequest{}
	}
	for _, id := range []string{r.UserID, details.ID} {
		if id != "" && id != actor.UserID {
			return nil, chat.Errorf(chat.Unauthenticated, "user_id %q does not match the user of the token", clip(id))
		}
	}
	details.ID = actor.UserID
	details.Role, details.Teams, details.TeamsRole = nil, nil, nil
	if r.Device == nil {
		return s.Upsert(ctx, actor.App.ID, details)
	}
	if err := s.Devices.Known(ctx, actor.UserID, r.Device); err != nil {
		return nil, err
	}
	u, err := s.Upsert(ctx, actor.App.ID, details)
	if err != nil {
		return nil, err
	}
	return u, s.Devices.Register(ctx, u.ID, r.Device)
}

// clip bounds what of a client's text an error repeats, in bytes.
func clip(s string) string { return s[:min(len(s), chat.MaxUserID)] }

// GuestRequest is the body of POST /guest.
type GuestRequest struct {
	User   *chat.UserRequest `json:"user"`
	APIKey string            `json:"-" query:"api_key"`
}

// GuestResponse is a new guest with his token, which does not expire.
type GuestResponse struct {
	User        *chat.User `json:"user"`
	AccessToken string     `json:"access_token"`
}

// Guest creates a guest, whose id is made from the one he asked for. Apps with teams
// have no guests.
func (s *Service) Guest(ctx context.Context, r *GuestRequest) (*GuestResponse, error) {
	actor := auth.FromContext(ctx)
	if set := &actor.App.Settings; set.GuestUserCreationDisabled || set.MultiTenantEnabled {
		return nil, chat.Errorf(chat.NotAllowed, "guest users are not enabled for this app")
	}
	if r.User == nil || r.User.ID == "" {
		return nil, chat.Errorf(chat.Invalid, "user.id is a required field")
	}
	guest := *r.User
	guest.ID = chat.NewGuestID(guest.ID)
	guest.Role, guest.Teams, guest.TeamsRole = new(string), nil, nil
	*guest.Role = chat.RoleGuest
	user, err := s.Upsert(ctx, actor.App.ID, &guest)
	if err != nil {
		return nil, err
	}
	secret, err := s.secret(ctx, r.APIKey)
	if err != nil {
		return nil, err
	}
	token, err := auth.Sign(secret, auth.Claims{UserID: user.ID})
	return &GuestResponse{User: user, AccessToken: token}, err
}

// secret returns the secret of the key that the caller uses: tokens are checked
// against that of the key they come with.
func (s *Service) secret(ctx context.Context, key string) (string, error) {
	actor, app := s.app(ctx)
	if key != "" {
		k, err := s.Store.Key(ctx, key)
		if err == nil && k.AppID == actor.App.ID {
			return k.Secret, nil
		}
		return "", err
	}
	keys, err := app.Keys(ctx)
	if err != nil || len(keys) == 0 {
		return "", chat.Errorf(chat.AccessKey, "api_key not valid")
	}
	return keys[0].Secret, nil
}
