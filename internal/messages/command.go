package messages

import (
	"context"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/access"
	"chatd/internal/chat"
	"chatd/internal/commands"
	"chatd/internal/store"
	"chatd/internal/wire"
)

// The bounds of ephemeral messages.
const (
	ephemeralFor  = 24 * time.Hour
	ephemeralMost = 20 // of a user; older ones give way
)

// commandIn returns the name and the arguments of the command that a text begins
// with, "/name arguments", if the channel allows it; else "".
func commandIn(cfg *chat.TypeConfig, text string) (name, args string) {
	if text == "" || text[0] != '/' {
		return "", ""
	}
	name = text[1:]
	if end := strings.IndexAny(name, " \t\r\n"); end >= 0 {
		name, args = name[:end], strings.TrimSpace(name[end:])
	}
	for _, c := range cfg.Commands {
		if c.Name == name {
			return name, args
		}
	}
	return "", ""
}

// command runs the command of a message and does with the message what that says.
// form is what the author chose of what the command answered before, nil at first.
func (s *Service) command(ctx context.Context, d *delivery, form map[string]string) (*SendResponse, error) {
	call := &commands.Call{
		App: d.seat.Actor.App, User: d.m.User, Message: asAuthor(d.m), Form: form, Origin: d.seat.Actor.Origin(),
	}
	if d.held != nil {
		call.Turn = d.held.Turn + 1
	}
	reply, err := s.Commands.Run(ctx, call)
	if err != nil {
		return nil, err
	}
	if reply.Drop {
		return &SendResponse{}, s.drop(ctx, d)
	}
	if err := d.rewrite(ctx, reply.Change); err != nil {
		return nil, err
	}
	switch d.m.Type {
	case chat.MessageError:
		return &SendResponse{Message: asAuthor(d.m)}, nil
	case chat.MessageEphemeral:
		return s.showToAuthor(ctx, d)
	}
	if d.held == nil {
		return s.post(ctx, d)
	}
	done, err := s.slowDown(ctx, d.seat)
	if err != nil {
		return nil, err
	}
	if done != nil {
		defer done()
	}
	return s.post(ctx, d)
}

// drop does away with a message that was held for its author, if it was.
func (s *Service) drop(ctx context.Context, d *delivery) error {
	if d.held == nil {
		return nil
	}
	return d.app.InTx(ctx, func(tx *store.Tx) error { return tx.Release(ctx, d.held.Kind, d.m.ID) })
}

// showToAuthor keeps a message for its author to choose what becomes of it.
func (s *Service) showToAuthor(ctx context.Context, d *delivery) (*SendResponse, error) {
	h := &store.Held{
		Kind: store.HeldEphemeral, Message: d.m, Pending: d.pending, Unasked: len(d.also) > 0, Metadata: d.metadata, ExpiresAt: d.app.Now().Add(ephemeralFor),
	}
	err := d.app.InTx(ctx, func(tx *store.Tx) error {
		if err := d.dropDraft(ctx, tx); err != nil {
			return err
		}
		if d.held != nil {
			h.Turn = d.held.Turn + 1
			return tx.HoldAgain(ctx, h)
		}
		if err := tx.Hold(ctx, h); err != nil {
			return err
		}
		return tx.KeepEphemeral(ctx, d.m.UserID, ephemeralMost)
	})
	if err != nil {
		return nil, err
	}
	return d.toAuthor(ctx)
}

// toAuthor answers a message that nobody else is told of.
func (d *delivery) toAuthor(ctx context.Context) (*SendResponse, error) {
	if d.m.QuotedMessageID != "" {
		if err := d.showQuoted(ctx); err != nil {
			return nil, err
		}
	}
	return &SendResponse{Message: asAuthor(d.m)}, nil
}

// kept are the fields of a message that a command's answer cannot change, beside
// those that nobody can.
var kept = set("html", "id", "mentioned_channel", "mentioned_group_ids", "mentioned_here", "mentioned_roles", "mentioned_users", "parent_id",
	"pin_expires", "pinned", "pinned_at", "poll_id", "quoted_message_id", "restricted_visibility", "shared_location", "user", "user_id")

// rewrite puts what a command answered into the message. It says so for the app, so
// nothing in it needs a permission.
func (d *delivery) rewrite(ctx context.Context, change jsontext.Value) error {
	change = stripped(stripped(stripped(change, reserved), computed), kept)
	var flags struct {
		Type          string `json:"type"`
		Silent        *bool  `json:"silent"`
		ShowInChannel *bool  `json:"show_in_channel"`
	}
	rewritten, null := map[string]bool{}, []string{}
	for name, v := range chat.Keys(change) {
		if v.Kind() == 'n' { // typed servers write it for what they do not set
			null = append(null, name)
			continue
		}
		rewritten[name] = true
	}
	if len(null) > 0 {
		change = chat.Without(change, null...)
	}
	err := d.put(ctx, change, &flags, rewritten)
	if err != nil {
		if chat.KindOf(err) == chat.Internal {
			return err
		}
		return &chat.Error{Kind: chat.CommandFailed, Message: "the handler of the command \"" + d.m.Command + "\" answered what is no message", Err: err}
	}
	if flags.Silent != nil {
		d.m.Silent = *flags.Silent
	}
	if flags.ShowInChannel != nil && d.m.ParentID != "" {
		d.m.ShowInChannel = *flags.ShowInChannel
	}
	d.m.Type = d.typeAfter(flags.Type, rewritten["attachments"])
	return nil
}

// put is rewrite's reading and checking.
func (d *delivery) put(ctx context.Context, change jsontext.Value, flags any, rewritten map[string]bool) error {
	if len(rewritten) == 0 {
		return nil
	}
	if err := wire.Unmarshal(change, flags); err != nil {
		return err
	}
	doc, err := wire.Marshal(editableOf(d.m))
	if err != nil {
		return err
	}
	var req chat.MessageRequest
	if err := wire.Unmarshal(chat.Merge(doc, chat.Without(change, "type", "silent", "show_in_channel")), &req); err != nil {
		return err
	}
	as := *d.seat.Actor
	as.Server = true
	e := &editor{app: d.app, seat: access.NewSeat(&as, d.seat.Channel, d.seat.Type, d.seat.Member)}
	return e.content(ctx, d.m, &req)
}

// typeAfter is the message's type when its command has run and says that it is typ;
// "" leaves that to whether there is something to choose.
func (d *delivery) typeAfter(typ string, attached bool) string {
	switch {
	case typ == chat.MessageError, typ == chat.MessageEphemeral, typ == chat.MessageSystem:
		return typ
	case typ == "" && (attached || d.held != nil) && hasActions(d.m.Attachments):
		return chat.MessageEphemeral
	case typ == "" && d.held == nil:
		return d.m.Type
	case d.m.ParentID != "":
		return chat.MessageReply
	}
	return chat.MessageRegular
}

// hasActions tells whether some attachment has actions.
func hasActions(attachments jsontext.Value) bool {
	var list []*chat.Attachment
	if wire.Unmarshal(attachments, &list) != nil {
		return false
	}
	for _, a := range list {
		if len(a.Actions) > 0 {
			return true
		}
	}
	return false
}
