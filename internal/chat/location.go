package chat

import "time"

// LocationRequest is where the sender of a message is, as clients send it.
type LocationRequest struct {
	Latitude  *float64   `json:"latitude,omitzero"`
	Longitude *float64   `json:"longitude,omitzero"`
	DeviceID  string     `json:"created_by_device_id,omitzero"`
	EndAt     *time.Time `json:"end_at,omitzero"` // until when he goes on sharing it
}

// Check tells what is wrong with the coordinates and the device, as far as they are
// given. prefix names the fields in errors.
func (r *LocationRequest) Check(prefix string) error {
	for _, c := range []struct {
		name string
		v    *float64
		most float64
	}{{"latitude", r.Latitude, 90}, {"longitude", r.Longitude, 180}} {
		if c.v != nil && (*c.v < -c.most || *c.v > c.most) {
			return Errorf(Invalid, "%s%s must be between %v and %v", prefix, c.name, -c.most, c.most)
		}
	}
	if len(r.DeviceID) > maxDeviceID {
		return Errorf(Invalid, "%screated_by_device_id must be %d bytes or less", prefix, maxDeviceID)
	}
	return nil
}

// SharedLocation is where the author of a message is: when he sent it or, until
// EndAt, where he goes. It is stored as JSON.
type SharedLocation struct {
	CID       CID        `json:"channel_cid"`
	MessageID string     `json:"message_id"`
	UserID    string     `json:"user_id"`
	Latitude  float64    `json:"latitude"`
	Longitude float64    `json:"longitude"`
	DeviceID  string     `json:"created_by_device_id"`
	EndAt     *time.Time `json:"end_at,omitzero"`
	CreatedAt time.Time  `json:"created_at"`
	UpdatedAt time.Time  `json:"updated_at"`

	// Filled in where a location does not come with its message or channel.
	Channel *Channel `json:"channel,omitzero"`
	Message *Message `json:"message,omitzero"`
}
