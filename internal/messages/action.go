package messages

import (
	"context"
	"slices"

	"chatd/internal/chat"
	"chatd/internal/permission"
	"chatd/internal/store"
)

// maxForm bounds the form that goes along with an action.
const maxForm = 100 // fields, together of chat.MaxCustom bytes

// ActionRequest is what the author of an ephemeral message chose to do with it.
type ActionRequest struct {
	chat.ActAs

	ID   string            `path:"id" json:"-"`
	Form map[string]string `json:"form_data"`
}

// Validate checks the form.
func (r *ActionRequest) Validate() error {
	size := 0
	for name, value := range r.Form {
		size += len(name) + len(value)
	}
	switch {
	case len(r.Form) == 0:
		return chat.Errorf(chat.Invalid, "form_data is a required field")
	case len(r.Form) > maxForm:
		return within("form_data", len(r.Form), maxForm)
	case size > chat.MaxCustom:
		return chat.Errorf(chat.PayloadTooBig, "form_data is too big: %d bytes, the limit is %d", size, chat.MaxCustom)
	}
	return nil
}

// RunAction has the command of an ephemeral message do what its author chose: the
// message is sent, changes, or goes away. The answer is then without a message. The
// server side, when it names nobody, chooses for the author.
func (s *Service) RunAction(ctx context.Context, r *ActionRequest) (*Response, error) {
	actor, app := s.app(ctx)
	h, err := app.Held(ctx, store.HeldEphemeral, r.ID)
	if chat.KindOf(err) == chat.NotFound {
		if _, _, other := s.find(ctx, r.ID); other == nil {
			return nil, chat.Errorf(chat.Invalid, "message with id %s has no actions to run", r.ID)
		}
	}
	if err != nil {
		return nil, err
	}
	if actor.UserID == "" {
		if ctx, err = s.Access.ActAs(ctx, "", chat.ActAs{UserID: h.Message.UserID}, true); err != nil {
			return nil, err
		}
		actor, _ = s.app(ctx)
	}
	if actor.UserID != h.Message.UserID {
		return nil, chat.Errorf(chat.NotFound, "message with id %s doesn't exist", r.ID)
	}
	d, err := s.resume(ctx, h)
	if err != nil {
		return nil, err
	}
	if err := mayRun(d); err != nil {
		return nil, err
	}
	if d.frozen() {
		return &Response{Message: d.refusedFrozen()}, nil
	}
	resp, err := s.command(ctx, d, r.Form)
	if err != nil {
		return nil, err
	}
	return &Response{Message: resp.Message}, nil
}

// mayRun checks what the actor may do now: things may have changed since.
func mayRun(d *delivery) error {
	if err := d.seat.RequireOf(permission.RunMessageAction, true); err != nil {
		return err
	}
	if err := maySend(d.seat, d.m.ParentID, "", d.app); err != nil {
		return err
	}
	if !slices.ContainsFunc(d.seat.Channel.Config.Commands, func(c *chat.Command) bool { return c.Name == d.m.Command }) {
		return chat.Errorf(chat.Invalid, "command %q is not enabled for this channel", d.m.Command)
	}
	return nil
}

// resume takes a held message up again, for its author, who is the actor. It is of
// now when it is sent.
func (s *Service) resume(ctx context.Context, h *store.Held) (*delivery, error) {
	_, app := s.app(ctx)
	seat, err := s.Access.Seat(ctx, h.Message.CID)
	if err != nil {
		return nil, err
	}
	e := &editor{app: app, seat: seat}
	d := &delivery{editor: e, m: h.Message, held: h, pending: h.Pending, metadata: h.Metadata}
	if err := app.Hydrate(ctx, seat.Viewer(), d.m); err != nil {
		return nil, err
	}
	d.m.User, d.m.Shadowed = seat.Actor.User.Public(), shadowed(seat, app)
	d.m.CreatedAt = e.now()
	d.m.UpdatedAt = d.m.CreatedAt
	if h.Unasked {
		d.linked = len(urlsIn(d.m.HTML)) > 0
		s.ask(ctx, d, false)
	}
	d.of, err = e.reply(ctx, d.m, &chat.MessageRequest{ParentID: d.m.ParentID, ShowInChannel: &d.m.ShowInChannel})
	return d, err
}
