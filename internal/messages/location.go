package messages

import (
	"chatd/internal/chat"
	"chatd/internal/permission"
)

// location makes a message share where its author is.
func (e *editor) location(m *chat.Message, r *chat.LocationRequest) error {
	if r == nil {
		return nil
	}
	if !e.seat.Channel.Config.SharedLocations {
		return unsupported(e.seat, "shared locations")
	}
	if err := e.seat.Require(permission.ShareLocation); err != nil {
		return err
	}
	const field = "message.shared_location."
	switch {
	case r.Latitude == nil:
		return chat.Errorf(chat.Invalid, field+"latitude is a required field")
	case r.Longitude == nil:
		return chat.Errorf(chat.Invalid, field+"longitude is a required field")
	case r.EndAt != nil && !r.EndAt.After(m.CreatedAt):
		return chat.Errorf(chat.Invalid, field+"end_at must be in the future")
	}
	m.SharedLocation = &chat.SharedLocation{
		CID: m.CID, MessageID: m.ID, UserID: m.UserID, Latitude: *r.Latitude, Longitude: *r.Longitude,
		DeviceID: r.DeviceID, EndAt: r.EndAt, CreatedAt: m.CreatedAt, UpdatedAt: m.CreatedAt,
	}
	return r.Check(field)
}
