package chat

import (
	"slices"
	"strings"
	"time"
)

// PushProviders returns the services through which devices are reached.
func PushProviders() []string { return []string{"firebase", "apn", "huawei", "xiaomi"} }

// Device is a device registered for push.
type Device struct {
	ID               string    `db:"id" json:"id"`
	PushProvider     string    `db:"push_provider" json:"push_provider"`
	PushProviderName string    `db:"push_provider_name" json:"push_provider_name,omitzero"`
	UserID           string    `db:"user_id" json:"user_id"`
	CreatedAt        time.Time `db:"created_at" json:"created_at"`
	VoIP             bool      `db:"voip" json:"voip,omitzero"` // its id is for calls
	HardwareID       string    `db:"hardware_id" json:"hardware_id,omitzero"`
	Disabled         bool      `db:"disabled" json:"disabled,omitzero"` // its provider does not reach it any more
	DisabledReason   string    `db:"disabled_reason" json:"disabled_reason,omitzero"`
}

// DeviceRequest is a device as clients register one.
type DeviceRequest struct {
	ID               string `json:"id"`
	PushProvider     string `json:"push_provider"`
	PushProviderName string `json:"push_provider_name,omitzero"`
	VoIPToken        bool   `json:"voip_token,omitzero"`
	HardwareID       string `json:"hardware_id,omitzero"`
}

// maxDeviceID bounds the ids of devices, in bytes.
const maxDeviceID = 255

// Check tells what is wrong with the device. prefix names the fields in errors.
func (r *DeviceRequest) Check(prefix string) error {
	if err := CheckDeviceID(prefix, r.ID); err != nil {
		return err
	}
	switch {
	case r.PushProvider == "":
		return Errorf(Invalid, "%spush_provider is a required field", prefix)
	case !slices.Contains(PushProviders(), r.PushProvider):
		return Errorf(Invalid, "%spush_provider must be one of [%s]", prefix, strings.Join(PushProviders(), " "))
	case len(r.PushProviderName) > MaxPushProviderName:
		return Errorf(Invalid, "%spush_provider_name must be %d characters or less", prefix, MaxPushProviderName)
	case len(r.HardwareID) > maxDeviceID:
		return Errorf(Invalid, "%shardware_id must be %d characters or less", prefix, maxDeviceID)
	}
	return nil
}

// CheckDeviceID tells what is wrong with the id of a device.
func CheckDeviceID(prefix, id string) error {
	switch {
	case id == "":
		return Errorf(Invalid, "%sid is a required field", prefix)
	case len(id) > maxDeviceID:
		return Errorf(Invalid, "%sid must be %d characters or less", prefix, maxDeviceID)
	}
	return nil
}
