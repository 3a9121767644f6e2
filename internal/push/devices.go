package push

import (
	"context"

	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/store"
)

// maxDevices bounds the devices of a user.
const maxDevices = 25

// Service has a method for each operation on devices.
type Service struct {
	Store *store.Store
}

// app returns the store of the actor's app.
func (s *Service) app(ctx context.Context) (*auth.Actor, *store.App) {
	actor := auth.FromContext(ctx)
	return actor, s.Store.App(actor.App.ID)
}

// CreateRequest registers a device for its user.
type CreateRequest struct {
	chat.ActAs
	chat.DeviceRequest
}

// Validate checks the device.
func (r *CreateRequest) Validate() error { return r.Check("") }

// Create registers a device of the actor's.
func (s *Service) Create(ctx context.Context, r *CreateRequest) (*struct{}, error) {
	actor, _ := s.app(ctx)
	if err := s.Known(ctx, actor.UserID, &r.DeviceRequest); err != nil {
		return nil, err
	}
	return &struct{}{}, s.Register(ctx, actor.UserID, &r.DeviceRequest)
}

// Known returns the refusal of a device whose provider the app does not have under
// the name that it gives. A user who registered it so before may do so again: an app
// that drops a provider locks nobody out.
func (s *Service) Known(ctx context.Context, userID string, r *chat.DeviceRequest) error {
	actor, app := s.app(ctx)
	if r.PushProviderName == "" || actor.App.Settings.PushProvider(r.PushProvider, r.PushProviderName) != nil {
		return nil
	}
	have, err := app.Device(ctx, r.ID)
	if err != nil {
		return err
	}
	if have != nil && have.UserID == userID && have.PushProvider == r.PushProvider && have.PushProviderName == r.PushProviderName {
		return nil
	}
	return chat.NoPushProvider(chat.Invalid, r.PushProvider, r.PushProviderName)
}

// Register makes a device, which was checked, a user's.
func (s *Service) Register(ctx context.Context, userID string, r *chat.DeviceRequest) error {
	_, app := s.app(ctx)
	d := chat.Device{
		ID: r.ID, UserID: userID, PushProvider: r.PushProvider, PushProviderName: r.PushProviderName,
		VoIP: r.VoIPToken, HardwareID: r.HardwareID, CreatedAt: app.Now(),
	}
	have, err := app.Device(ctx, d.ID)
	if err != nil {
		return err
	}
	if have != nil {
		same := d
		if same.CreatedAt = have.CreatedAt; same == *have { // as at most connects
			return nil
		}
	}
	return app.InTx(ctx, func(tx *store.Tx) error {
		users, err := tx.LockUsers(ctx, []string{userID})
		if err != nil {
			return err
		}
		if u := users[userID]; u == nil || u.DeletedAt != nil {
			return chat.Errorf(chat.NotFound, "the user %s does not exist", userID)
		}
		return tx.PutDevice(ctx, &d, maxDevices)
	})
}

// ListRequest asks for the devices of a user.
type ListRequest struct {
	chat.ActAs
}

// ListResponse are the devices of a user, the oldest first.
type ListResponse struct {
	Devices []*chat.Device `json:"devices"`
}

// List returns the actor's devices.
func (s *Service) List(ctx context.Context, _ *ListRequest) (*ListResponse, error) {
	actor, app := s.app(ctx)
	devices, err := app.Devices(ctx, actor.UserID)
	return &ListResponse{Devices: devices[actor.UserID]}, err
}

// DeleteRequest names a device of a user.
type DeleteRequest struct {
	chat.ActAs

	ID string `query:"id" json:"-"`
}

// Validate checks the id.
func (r *DeleteRequest) Validate() error { return chat.CheckDeviceID("", r.ID) }

// Delete takes a device from the actor.
func (s *Service) Delete(ctx context.Context, r *DeleteRequest) (*struct{}, error) {
	actor, app := s.app(ctx)
	found, err := app.DeleteDevice(ctx, actor.UserID, r.ID)
	if err == nil && !found {
		err = chat.Errorf(chat.NotFound, "device with id %s doesn't exist", r.ID)
	}
	return &struct{}{}, err
}
