package channels

import (
	"context"

	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/permission"
	"chatd/internal/store"
)

// DeleteRequest deletes a channel: softly, so that it can be created anew with what
// it was, or with all that is in it.
type DeleteRequest struct {
	at `json:"-"`

	HardDelete bool `json:"-" query:"hard_delete"`
}

// DeleteResponse is the deleted channel.
type DeleteResponse struct {
	Channel *chat.Channel `json:"channel"`
}

// Delete deletes a channel.
func (s *Service) Delete(ctx context.Context, r *DeleteRequest) (*DeleteResponse, error) {
	seat, err := s.seat(ctx, r.at)
	if err != nil {
		return nil, err
	}
	if err := seat.Require(permission.DeleteChannel); err != nil {
		return nil, err
	}
	_, app := s.app(ctx)
	var deleted *chat.Channel
	err = app.InTx(ctx, func(tx *store.Tx) error {
		deleted, err = remove(ctx, tx, seat.Channel.CID, r.HardDelete)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &DeleteResponse{Channel: deleted}, nil
}

// remove deletes a channel and tells of it. It returns the channel as it is shown
// for the last time.
func remove(ctx context.Context, tx *store.Tx, cid chat.CID, hard bool) (*chat.Channel, error) {
	ch, err := tx.LockChannel(ctx, cid)
	if err != nil {
		return nil, err
	}
	last, err := tx.EventChannel(ctx, cid)
	if err != nil {
		return nil, err
	}
	if hard {
		err = tx.HardDeleteChannel(ctx, ch)
	} else {
		err = tx.SoftDeleteChannel(ctx, ch)
	}
	if err != nil {
		return nil, err
	}
	last.DeletedAt, last.TruncatedAt, last.UpdatedAt = ch.DeletedAt, ch.TruncatedAt, ch.UpdatedAt
	last = gone(last)
	sc := newScene(auth.FromContext(ctx), last, *ch.DeletedAt)
	members := sc.event(evNotifyDeleted)
	members.To, members.WithUnread = chat.Audience{Kind: chat.ToMembers}, true
	// What was unread counts no more when the members are told their totals.
	tx.Emit(&chat.Change{Kind: chat.UnreadReload, CID: cid}, sc.event(evChannelDeleted), members,
		&chat.Change{Kind: chat.ChannelGone, CID: cid})
	return last, nil
}

// Remove deletes a channel for good in the name of nobody, and tells of it.
func (s *Service) Remove(ctx context.Context, tx *store.Tx, cid chat.CID) error {
	app, err := tx.App.App(ctx)
	if err != nil {
		return err
	}
	_, err = remove(auth.WithActor(ctx, &auth.Actor{App: app, Server: true}), tx, cid, true)
	return err
}
