package reminders

import (
	"context"
	"time"

	"chatd/internal/access"
	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/jobs"
	"chatd/internal/store"
)

// due is the job that tells a user of a reminder at the time that he set.
type due struct {
	App     chat.AppID `json:"app"`
	User    string     `json:"user"`
	Message string     `json:"message"`
	At      time.Time  `json:"at"`
}

// Kind names the job.
func (due) Kind() string { return "reminder_due" }

// HandleJobs registers the area's jobs.
func (s *Service) HandleJobs(q *jobs.Queue) { jobs.Handle(q, s.remind) }

// schedule has a reminder's user told when it is due, if it ever is.
func (s *Service) schedule(ctx context.Context, tx *store.Tx, r *chat.Reminder) (err error) {
	if r.RemindAt == nil {
		return nil
	}
	r.JobID, err = s.Jobs.Schedule(ctx, tx, due{App: tx.ID, User: r.UserID, Message: r.MessageID, At: *r.RemindAt}, *r.RemindAt)
	return err
}

// remind tells a user of a message, unless he was told already, his reminder was
// moved or removed, or he cannot see the message any more.
func (s *Service) remind(ctx context.Context, d due) error {
	return s.Store.App(d.App).InTx(ctx, func(tx *store.Tx) error {
		r, err := tx.LockReminder(ctx, d.User, d.Message)
		if chat.KindOf(err) == chat.NotFound {
			return nil
		}
		if err != nil || r.RemindAt == nil || !r.RemindAt.Equal(d.At) || r.Reminded {
			return err
		}
		seat, err := seatOf(ctx, tx, r)
		if err != nil || seat == nil {
			return err
		}
		r.Reminded, r.JobID = true, 0
		if err := tx.SaveReminder(ctx, r); err != nil {
			return err
		}
		return tell(ctx, tx, seat, evDue, r)
	})
}

// seatOf returns the seat of a reminder's user in its channel; nil when he cannot
// see the message any more.
func seatOf(ctx context.Context, tx *store.Tx, r *chat.Reminder) (*access.Seat, error) {
	m, err := tx.Message(ctx, r.MessageID)
	if err != nil {
		return nil, unlessGone(err)
	}
	app, err := tx.App.App(ctx)
	if err != nil {
		return nil, err
	}
	user, err := tx.User(ctx, r.UserID)
	if err != nil || user == nil || user.DeletedAt != nil || m.DeletedAt != nil {
		return nil, err
	}
	ch, typ, member, err := tx.Seat(ctx, r.CID, user.ID)
	if err != nil {
		return nil, unlessGone(err)
	}
	seat := access.NewSeat(&auth.Actor{App: app, User: user, UserID: user.ID}, ch, typ, member)
	if mayRead := seat.Read() == nil; mayRead && seat.Sees(m) {
		return seat, nil
	}
	return nil, nil //nolint:nilnil // he cannot see it
}

// unlessGone is err, unless it says that there is no such thing any more.
func unlessGone(err error) error {
	if chat.KindOf(err) == chat.NotFound {
		return nil
	}
	return err
}
