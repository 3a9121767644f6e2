package channels

import (
	"context"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/jobs"
	"chatd/internal/permission"
	"chatd/internal/store"
	"chatd/internal/wire"
)

// maxDeleteChannels is how many channels may be deleted in one request.
const maxDeleteChannels = 100

// DeleteManyRequest deletes up to 100 channels.
type DeleteManyRequest struct {
	CIDs       []chat.CID `json:"cids"`
	HardDelete bool       `json:"hard_delete"`
}

// Validate checks the list of channels.
func (r *DeleteManyRequest) Validate() error {
	switch n := len(r.CIDs); {
	case n == 0:
		return chat.Errorf(chat.Invalid, "cids is a required field")
	case n > maxDeleteChannels:
		return chat.Errorf(chat.Invalid, "cids must contain at maximum %d items", maxDeleteChannels)
	}
	for _, cid := range r.CIDs {
		if _, err := chat.ParseCID(string(cid)); err != nil {
			return err
		}
	}
	return nil
}

// DeleteManyResponse tells how it went with each channel, and the task that removes
// what is in them.
type DeleteManyResponse struct {
	TaskID string                  `json:"task_id"`
	Result map[chat.CID]*deleteEnd `json:"result"`
}

// deleteEnd is how it went with one channel: status is "ok" or "error".
type deleteEnd struct {
	Status string `json:"status"`
	Error  string `json:"error,omitzero"`
}

// DeleteMany deletes channels. They are gone for everybody when it answers; what is
// in those deleted for good is removed after that, by a task.
func (s *Service) DeleteMany(ctx context.Context, r *DeleteManyRequest) (*DeleteManyResponse, error) {
	cids := slices.Compact(slices.Sorted(slices.Values(r.CIDs))) // in one order, so that two requests do not deadlock
	out := &DeleteManyResponse{Result: make(map[chat.CID]*deleteEnd, len(cids))}
	var found []chat.CID
	for _, cid := range cids {
		seat, err := s.Access.Seat(ctx, cid)
		if err == nil {
			err = seat.Require(permission.DeleteChannel)
		}
		switch {
		case chat.KindOf(err) == chat.NotFound:
			out.Result[cid] = &deleteEnd{Status: "error", Error: err.Error()}
		case err != nil:
			return nil, err
		default:
			found = append(found, cid)
			out.Result[cid] = &deleteEnd{Status: "ok"}
		}
	}
	_, app := s.app(ctx)
	return out, app.InTx(ctx, func(tx *store.Tx) error {
		var err error
		if out.TaskID, err = tx.CreateTask(ctx); err != nil {
			return err
		}
		for _, cid := range found {
			if _, err := remove(ctx, tx, cid, false); err != nil {
				return err
			}
		}
		end := wire.MustMarshal(out.Result)
		if !r.HardDelete {
			return tx.EndTask(ctx, out.TaskID, end, "")
		}
		return s.Jobs.Enqueue(ctx, tx, purge{App: tx.ID, TaskID: out.TaskID, CIDs: found, Result: string(end)}, time.Time{})
	})
}

// purge is the job that removes softly deleted channels for good.
type purge struct {
	App    chat.AppID `json:"app"`
	TaskID string     `json:"task"`
	CIDs   []chat.CID `json:"cids"`
	Result string     `json:"result"` // the task's, as JSON
}

// Kind names the job.
func (purge) Kind() string { return "channels_purge" }

// Task names the client's task.
func (p purge) Task() (chat.AppID, string) { return p.App, p.TaskID }

// HandleJobs registers the area's jobs.
func (s *Service) HandleJobs(q *jobs.Queue) { jobs.HandleTask(q, s.Store, s.purge) }

// purge removes each channel in a transaction of its own. One that was created anew
// meanwhile stays.
func (s *Service) purge(ctx context.Context, p purge) (jsontext.Value, error) {
	app := s.Store.App(p.App)
	for _, cid := range p.CIDs {
		err := app.InTx(ctx, func(tx *store.Tx) error {
			ch, err := tx.LockAnyChannel(ctx, cid)
			if err != nil || ch.DeletedAt == nil {
				return err
			}
			return tx.HardDeleteChannel(ctx, ch)
		})
		if err != nil && chat.KindOf(err) != chat.NotFound {
			return nil, err
		}
	}
	return jsontext.Value(p.Result), nil
}
