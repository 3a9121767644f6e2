package reads

import (
	"context"

	"chatd/internal/chat"
	"chatd/internal/store"
)

// maxDelivered bounds the receipts of one call.
const maxDelivered = 100

// MarkDeliveredRequest confirms for each channel the newest message that reached
// the user.
type MarkDeliveredRequest struct {
	chat.ActAs

	Latest []struct {
		CID chat.CID `json:"cid"`
		ID  string   `json:"id"`
	} `json:"latest_delivered_messages"`
}

// Validate checks the receipts.
func (r *MarkDeliveredRequest) Validate() error {
	switch {
	case len(r.Latest) == 0:
		return chat.Errorf(chat.Invalid, "latest_delivered_messages is a required field")
	case len(r.Latest) > maxDelivered:
		return chat.Errorf(chat.Invalid, "latest_delivered_messages must contain at maximum %d items", maxDelivered)
	}
	for _, d := range r.Latest {
		if _, err := chat.ParseCID(string(d.CID)); err != nil {
			return err
		}
		if d.ID == "" {
			return chat.Errorf(chat.Invalid, "latest_delivered_messages.id is a required field")
		}
		if err := validIDs(d.ID); err != nil {
			return err
		}
	}
	return nil
}

// MarkDelivered notes what reached the actor and tells the watchers of the
// channels (message.delivered), if he lets others see it. What does not exist any
// more, is known already, or is of a type without delivery_events is passed over:
// clients confirm late and in bulk.
func (s *Service) MarkDelivered(ctx context.Context, r *MarkDeliveredRequest) (*Response, error) {
	actor, err := caller(ctx)
	if err != nil {
		return nil, err
	}
	app := s.app(actor)
	types, err := app.Types(ctx)
	if err != nil {
		return nil, err
	}
	var cids []chat.CID
	var ids []string
	for _, d := range r.Latest {
		if t := types[d.CID.Type()]; t != nil && t.Config.DeliveryEvents {
			cids, ids = append(cids, d.CID), append(ids, d.ID)
		}
	}
	if len(cids) == 0 {
		return &Response{}, nil
	}
	return &Response{}, app.InTx(ctx, func(tx *store.Tx) error {
		delivered, err := tx.MarkDelivered(ctx, actor.UserID, cids, ids)
		if err != nil || !actor.User.ShowsDeliveries() {
			return err
		}
		for _, d := range delivered {
			ev := event("message.delivered", actor, &chat.Channel{CID: d.CID}, tx.Now())
			ev.LastDeliveredMessageID, ev.LastDeliveredAt = d.MessageID, &d.At
			tx.Emit(ev)
		}
		return nil
	})
}
