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

// Service has a method for each operation on reminders. All fields are needed.
type Service struct {
	Store  *store.Store
	Access *access.Access
	Jobs   *jobs.Queue
}

// The types of the events about reminders.
const (
	evCreated = "reminder.created"
	evUpdated = "reminder.updated"
	evDeleted = "reminder.deleted"
	evDue     = "notification.reminder_due"
)

// defaultMost is how many reminders a user may have where the app's settings do not
// say it.
const defaultMost = 250

// app returns the actor and the store of his app.
func (s *Service) app(ctx context.Context) (*auth.Actor, *store.App) {
	actor := auth.FromContext(ctx)
	return actor, s.Store.App(actor.App.ID)
}

// event is an event about a reminder, for all connections of its user.
func event(typ string, app chat.AppID, r *chat.Reminder, at time.Time) *chat.Event {
	e := chat.UserEvent(typ, app, at, r.UserID)
	e.CID, e.MessageID, e.UserID, e.Reminder = r.CID, r.MessageID, r.UserID, r
	if r.Message != nil {
		e.ParentID = r.Message.ParentID
	}
	return e
}

// Request names the reminder that the user has of a message, and when it is due:
// never, where it does not say.
type Request struct {
	chat.ActAs

	MessageID string     `path:"message_id" json:"-"`
	RemindAt  *time.Time `json:"remind_at"`
}

// Validate takes the zero time, which some clients send, for none.
func (r *Request) Validate() error {
	if r.RemindAt != nil && r.RemindAt.IsZero() {
		r.RemindAt = nil
	}
	return nil
}

// Response is a reminder.
type Response struct {
	Reminder *chat.Reminder `json:"reminder"`
}

// CreateResponse is a new reminder, twice: in a field, where the older SDKs look for
// it, and as the answer itself, as the newer ones read it.
type CreateResponse struct {
	*chat.Reminder

	Field *chat.Reminder `json:"reminder"`
}

// find returns the actor's seat in the channel of a message that he can read.
func (s *Service) find(ctx context.Context, id string) (*access.Seat, *chat.Message, error) {
	seat, m, err := s.Access.Message(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if seat.Actor.User == nil {
		return nil, nil, chat.Errorf(chat.NotFound, "user with id %s doesn't exist", seat.Actor.UserID)
	}
	return seat, m, seat.Read()
}

// Create has the actor keep a message, and be reminded of it.
func (s *Service) Create(ctx context.Context, r *Request) (*CreateResponse, error) {
	seat, m, err := s.find(ctx, r.MessageID)
	if err != nil {
		return nil, err
	}
	if err := enabled(seat); err != nil {
		return nil, err
	}
	actor, app := s.app(ctx)
	most := actor.App.Settings.RemindersMaxPerUser
	if most == 0 {
		most = defaultMost
	}
	var rem *chat.Reminder
	err = app.InTx(ctx, func(tx *store.Tx) error {
		stored, err := tx.LockMessage(ctx, m.ID)
		if err != nil {
			return err
		}
		if stored.DeletedAt != nil {
			return chat.Errorf(chat.Invalid, "message with id %s has been deleted", m.ID)
		}
		now := tx.Now()
		rem = &chat.Reminder{CID: m.CID, MessageID: m.ID, UserID: actor.UserID, RemindAt: r.RemindAt, CreatedAt: now, UpdatedAt: now}
		if err := s.schedule(ctx, tx, rem); err != nil {
			return err
		}
		if err := tx.InsertReminder(ctx, rem, most); err != nil {
			return err
		}
		return tell(ctx, tx, seat, evCreated, rem)
	})
	return &CreateResponse{Reminder: rem, Field: rem}, err
}

// Update moves the actor's reminder of a message to another time, or to none.
func (s *Service) Update(ctx context.Context, r *Request) (*Response, error) {
	seat, m, err := s.find(ctx, r.MessageID)
	if err != nil {
		return nil, err
	}
	if err := enabled(seat); err != nil {
		return nil, err
	}
	actor, app := s.app(ctx)
	var rem *chat.Reminder
	err = app.InTx(ctx, func(tx *store.Tx) error {
		if rem, err = tx.LockReminder(ctx, actor.UserID, m.ID); err != nil {
			return err
		}
		if err := s.Jobs.Withdraw(ctx, tx, rem.JobID); err != nil {
			return err
		}
		rem.RemindAt, rem.Reminded, rem.JobID, rem.UpdatedAt = r.RemindAt, false, 0, tx.Now()
		if err := s.schedule(ctx, tx, rem); err != nil {
			return err
		}
		if err := tx.SaveReminder(ctx, rem); err != nil {
			return err
		}
		return tell(ctx, tx, seat, evUpdated, rem)
	})
	return &Response{Reminder: rem}, err
}

// Empty is the answer where there is nothing to say.
type Empty struct{}

// DeleteRequest names the reminder that the user has of a message.
type DeleteRequest struct {
	chat.ActAs

	MessageID string `path:"message_id" json:"-"`
}

// Delete removes the actor's reminder of a message, which is his own to remove also
// where he cannot see the message any more.
func (s *Service) Delete(ctx context.Context, r *DeleteRequest) (*Empty, error) {
	actor, app := s.app(ctx)
	return &Empty{}, app.InTx(ctx, func(tx *store.Tx) error {
		rem, err := tx.LockReminder(ctx, actor.UserID, r.MessageID)
		if err != nil {
			return err
		}
		if err := s.Jobs.Withdraw(ctx, tx, rem.JobID); err != nil {
			return err
		}
		if err := tx.DeleteReminder(ctx, rem); err != nil {
			return err
		}
		seat, err := seatOf(ctx, tx, rem)
		if err != nil {
			return err
		}
		return tell(ctx, tx, seat, evDeleted, rem)
	})
}

// enabled returns the refusal of reminders in channels that have them off.
func enabled(seat *access.Seat) error {
	if seat.Channel.Config.UserMessageReminders {
		return nil
	}
	return chat.Errorf(chat.FeatureNotSupported, "Channel type %s does not support user message reminders", seat.Channel.Type)
}

// tell fills a reminder in and emits an event about it: a bare one where there is no
// seat, because its user cannot see the message.
func tell(ctx context.Context, tx *store.Tx, seat *access.Seat, typ string, r *chat.Reminder) error {
	if seat != nil {
		if err := tx.FillReminders(ctx, seat.Viewer(), r); err != nil {
			return err
		}
	}
	tx.Emit(event(typ, tx.ID, r, tx.Now()))
	return nil
}
