package channels

import (
	"context"
	"time"

	"chatd/internal/chat"
	"chatd/internal/permission"
	"chatd/internal/store"
)

// TruncateRequest cuts off the messages of a channel, for all or for some members.
type TruncateRequest struct {
	at `json:"-"`
	chat.ActAs

	TruncatedAt *time.Time           `json:"truncated_at"` // nil means now
	HardDelete  bool                 `json:"hard_delete"`
	Message     *chat.MessageRequest `json:"message"`
	MemberIDs   []string             `json:"member_ids"` // nil means all
}

// Validate checks the limits.
func (r *TruncateRequest) Validate() error {
	return firstError(
		func() error { return checkCount("member_ids", len(r.MemberIDs), maxBatch) },
		func() error { return checkMessage(r.Message) },
	)
}

// TruncateResponse is the channel and the message that was posted into it.
type TruncateResponse struct {
	Channel *chat.Channel `json:"channel"`
	Message *chat.Message `json:"message,omitzero"`
}

// Truncate cuts off messages: they are hidden, or deleted if so asked.
func (s *Service) Truncate(ctx context.Context, r *TruncateRequest) (*TruncateResponse, error) {
	seat, err := s.seat(ctx, r.at)
	if err != nil {
		return nil, err
	}
	if err := seat.Require(permission.TruncateChannel); err != nil {
		return nil, err
	}
	if err := seat.Enabled(); err != nil {
		return nil, err
	}
	_, app := s.app(ctx)
	if r.TruncatedAt != nil && r.TruncatedAt.After(app.Now()) {
		return nil, chat.Errorf(chat.Invalid, "truncated_at must be in the past")
	}
	say, err := s.prepare(ctx, seat, r.Message)
	if err != nil {
		return nil, err
	}
	var resp *TruncateResponse
	err = app.InTx(ctx, func(tx *store.Tx) error {
		if err := r.run(ctx, tx, seat.Channel.CID, seat.Actor.UserID); err != nil {
			return err
		}
		ch, err := tx.EventChannel(ctx, seat.Channel.CID)
		if err != nil {
			return err
		}
		truncated := r.tell(tx, newScene(seat.Actor, ch, tx.Now()))
		m, err := say.post(ctx, tx, ch)
		if err != nil {
			return err
		}
		along(truncated, m)
		resp = &TruncateResponse{Channel: ch, Message: m}
		return nil
	})
	return resp, err
}

func (r *TruncateRequest) run(ctx context.Context, tx *store.Tx, cid chat.CID, byID string) error {
	ch, err := tx.LockChannel(ctx, cid)
	if err != nil {
		return err
	}
	cut := tx.Now()
	if r.TruncatedAt != nil {
		cut = *r.TruncatedAt
	}
	if len(r.MemberIDs) == 0 {
		return tx.Truncate(ctx, ch, cut, byID, r.HardDelete)
	}
	if err := tx.HideHistory(ctx, ch, cut, r.MemberIDs); err != nil {
		return err
	}
	return tx.ResetUnread(ctx, cid, r.MemberIDs...)
}

// tell emits the events, and returns that of those who watch.
func (r *TruncateRequest) tell(tx *store.Tx, sc *scene) *chat.Event {
	watchers, members := sc.event(evChannelTruncated), sc.event(evNotifyTruncated)
	members.To, members.WithUnread = chat.Audience{Kind: chat.ToMembers}, true
	watchers.To.Only, members.To.Only = r.MemberIDs, r.MemberIDs
	tx.Emit(watchers, members)
	return watchers
}
