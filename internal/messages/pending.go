package messages

import (
	"context"
	"slices"
	"time"

	"chatd/internal/access"
	"chatd/internal/chat"
	"chatd/internal/hooks"
	"chatd/internal/permission"
	"chatd/internal/store"
	"chatd/internal/wire"
)

// Hooks tells an app's server something once a transaction has committed.
type Hooks interface {
	Enqueue(ctx context.Context, tx *store.Tx, url string, body []byte) error
}

// The methods of an app's server that are called about pending messages.
const (
	passOnPending  = "PassOnPendingMessage"
	deletedPending = "DeletedPendingMessage"
)

// pending tells whether the message is to wait for a commit: where the channel's type
// says so, unless the server side says otherwise.
func (r *SendRequest) pending(seat *access.Seat) (bool, error) {
	want := r.Pending
	if want == nil {
		want = r.IsPending
	}
	if want == nil || !seat.Actor.Server && !*want { // some clients write what they do not ask for
		return seat.Channel.Config.MarkMessagesPending, nil
	}
	if !seat.Actor.Server {
		return false, chat.Errorf(chat.NotAllowed, "pending can only be used with server side auth")
	}
	return *want, nil
}

// checkMetadata bounds what goes along with a pending message.
func checkMetadata(metadata map[string]string) error {
	size := 0
	for name, value := range metadata {
		size += len(name) + len(value)
	}
	if size > chat.MaxCustom {
		return chat.Errorf(chat.PayloadTooBig, "pending_message_metadata is too big: %d bytes, the limit is %d", size, chat.MaxCustom)
	}
	return nil
}

// keepPending keeps a message, which nobody else is told of, until it is committed.
func (s *Service) keepPending(ctx context.Context, d *delivery) (*SendResponse, error) {
	actor := d.seat.Actor
	_, timeout := hooks.Pending(&actor.App.Settings)
	resp, err := d.toAuthor(ctx)
	if err != nil {
		return nil, err
	}
	h := &store.Held{
		Kind: store.HeldPending, Message: d.m, Unasked: len(d.also) > 0, Metadata: d.metadata, Request: actor.RequestInfo(), ExpiresAt: d.app.Now().Add(timeout),
	}
	resp.Metadata = d.metadata
	return resp, d.app.InTx(ctx, func(tx *store.Tx) error {
		if err := d.dropDraft(ctx, tx); err != nil {
			return err
		}
		if d.held != nil {
			if err := tx.Release(ctx, d.held.Kind, d.m.ID); err != nil {
				return err
			}
		}
		if err := tx.Hold(ctx, h); err != nil {
			return err
		}
		if err := tx.MarkPending(ctx, d.m.CID); err != nil {
			return err
		}
		if err := s.Jobs.Enqueue(ctx, tx, pendingExpiry{tx.ID, d.m.ID}, h.ExpiresAt); err != nil {
			return err
		}
		return s.callBack(ctx, tx, &actor.App.Settings, passOnPending, h)
	})
}

// callBack has an app's server told what became of a pending message, which is
// hydrated.
func (s *Service) callBack(ctx context.Context, tx *store.Tx, set *chat.AppSettings, method string, h *store.Held) error {
	urls, _ := hooks.Pending(set)
	if len(urls) == 0 {
		return nil
	}
	metadata := h.Metadata
	if metadata == nil {
		metadata = map[string]string{}
	}
	body, err := wire.Marshal(struct {
		Message  *chat.Message     `json:"message"`
		Metadata map[string]string `json:"metadata"`
		Request  *chat.RequestInfo `json:"request_info"`
	}{h.Message, metadata, h.Request})
	if err != nil {
		return err
	}
	for _, url := range urls {
		if err := s.Hooks.Enqueue(ctx, tx, hooks.Under(url, method), body); err != nil {
			return err
		}
	}
	return nil
}

// pendingExpiry is the job that deletes a message that nobody committed in time.
type pendingExpiry struct {
	App chat.AppID `json:"app"`
	ID  string     `json:"id"`
}

// Kind names the job.
func (pendingExpiry) Kind() string { return "pending_message_expiry" }

func (s *Service) expirePending(ctx context.Context, p pendingExpiry) error {
	st := s.Store.App(p.App)
	app, err := st.App(ctx)
	if err != nil {
		return err
	}
	return st.InTx(ctx, func(tx *store.Tx) error {
		h, err := tx.TakeExpired(ctx, p.ID)
		if err != nil || h == nil {
			return err
		}
		if err := tx.Hydrate(ctx, store.Viewer{Server: true}, h.Message); err != nil {
			return err
		}
		return s.callBack(ctx, tx, &app.Settings, deletedPending, h)
	})
}

// CommitRequest makes a pending message one like any other.
type CommitRequest struct {
	ID string `path:"id" json:"-"`
}

// Commit sends a pending message in the name of its author: it is of now, counts and
// is told of as if he had sent it now. That happens once.
func (s *Service) Commit(ctx context.Context, r *CommitRequest) (*Response, error) {
	_, app := s.app(ctx)
	h, err := app.Held(ctx, store.HeldPending, r.ID)
	if chat.KindOf(err) == chat.NotFound {
		if _, other := app.Message(ctx, r.ID); other == nil {
			return nil, chat.Errorf(chat.Invalid, "message with id %s is not pending", r.ID)
		}
	}
	if err != nil {
		return nil, err
	}
	if ctx, err = s.Access.ActAs(ctx, "", chat.ActAs{UserID: h.Message.UserID}, true); err != nil {
		return nil, err
	}
	d, err := s.resume(ctx, h)
	if err != nil {
		return nil, err
	}
	resp, err := s.deliver(ctx, d)
	if err != nil {
		return nil, err
	}
	return &Response{Message: resp.Message}, nil
}

// findPending returns a pending message, hydrated, and the actor's seat, if it is his
// or he is the server side; missing, the error that it was not found elsewhere, if
// not.
func (s *Service) findPending(ctx context.Context, id string, missing error) (*access.Seat, *store.Held, error) {
	if chat.KindOf(missing) != chat.NotFound {
		return nil, nil, missing
	}
	actor, app := s.app(ctx)
	h, err := app.Held(ctx, store.HeldPending, id)
	if err != nil {
		return nil, nil, missing
	}
	if !actor.Server && h.Message.UserID != actor.UserID {
		return nil, nil, missing
	}
	seat, err := s.Access.Seat(ctx, h.Message.CID)
	if err != nil {
		return nil, nil, err
	}
	return seat, h, app.Hydrate(ctx, seat.Viewer(), h.Message)
}

// deletePending deletes a pending message, for good: nobody has seen it.
func (s *Service) deletePending(ctx context.Context, r *DeleteRequest, missing error) (*Response, error) {
	seat, h, err := s.findPending(ctx, r.ID, missing)
	if err != nil {
		return nil, err
	}
	if !r.Hard {
		return nil, chat.Errorf(chat.Invalid, "pending messages can only be hard deleted")
	}
	if err := seat.RequireOf(permission.DeleteMessage, true); err != nil {
		return nil, err
	}
	_, app := s.app(ctx)
	now := app.Now()
	gone := *asAuthor(h.Message)
	gone.Type, gone.DeletedAt, gone.UpdatedAt = chat.MessageDeleted, &now, now
	return &Response{Message: &gone}, app.InTx(ctx, func(tx *store.Tx) error {
		if err := tx.Release(ctx, h.Kind, r.ID); err != nil {
			return err
		}
		return s.callBack(ctx, tx, &seat.Actor.App.Settings, deletedPending, h)
	})
}

// withPending adds to messages that were asked for by their ids those of the actor's
// that are pending.
func (s *Service) withPending(ctx context.Context, seat *access.Seat, list []*chat.Message, ids []string) ([]*chat.Message, error) {
	if !seat.Channel.HoldsPending || len(list) == len(ids) {
		return list, nil
	}
	actor, app := s.app(ctx)
	held, err := app.PendingOf(ctx, actor.UserID, seat.Channel.CID, ids)
	if err != nil {
		return nil, err
	}
	for _, h := range held {
		list = append(list, h.Message)
	}
	slices.SortFunc(list, func(a, b *chat.Message) int { return slices.Index(ids, a.ID) - slices.Index(ids, b.ID) })
	return list, nil
}

// sentPending tells whether the actor sent a message to the channel after a time that
// is pending.
func (s *Service) sentPending(ctx context.Context, seat *access.Seat, since time.Time) (bool, error) {
	if !seat.Channel.HoldsPending {
		return false, nil
	}
	actor, app := s.app(ctx)
	return app.PendingSince(ctx, seat.Channel.CID, actor.UserID, since)
}
