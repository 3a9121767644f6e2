package reads

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/realtime" //nolint:depguard // this file is the part of the hub's backend that the area knows
	"chatd/internal/store"
	"chatd/internal/wire"
)

// Backend answers what the hub asks about memberships, unread numbers and
// channels: a part of realtime.Backend.
type Backend struct {
	Store *store.Store
}

// Memberships returns all channels that the user listens to.
func (b Backend) Memberships(ctx context.Context, app chat.AppID, userID string) ([]realtime.Membership, error) {
	rows, err := b.Store.App(app).Memberships(ctx, userID)
	out := make([]realtime.Membership, len(rows))
	for i, m := range rows {
		out[i] = realtime.Membership{CID: m.CID, Unread: m.Unread, Muted: m.Muted, Seq: m.Seq}
	}
	return out, err
}

// Unread returns the unread numbers of users in a channel and the channel's
// unread sequence at which they hold.
func (b Backend) Unread(ctx context.Context, app chat.AppID, cid chat.CID, userIDs []string) (map[string]int, int64, error) {
	return b.Store.App(app).UnreadOf(ctx, cid, userIDs)
}

// ChannelJSON returns a channel as events carry it.
func (b Backend) ChannelJSON(ctx context.Context, app chat.AppID, cid chat.CID) (jsontext.Value, error) {
	ch, err := b.Store.App(app).EventChannel(ctx, cid)
	if err != nil {
		return nil, err
	}
	return wire.Marshal(ch)
}
