package messages

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/access"
	"chatd/internal/chat"
	"chatd/internal/permission"
	"chatd/internal/store"
)

// SendRequest sends a message to a channel.
type SendRequest struct {
	Type              string               `path:"type" json:"-"`
	ID                string               `path:"id" json:"-"`
	Message           *chat.MessageRequest `json:"message"`
	KeepChannelHidden bool                 `json:"keep_channel_hidden"`
	Pending           *bool                `json:"pending"`            // server side only
	IsPending         *bool                `json:"is_pending_message"` // what Pending was called before
	Metadata          map[string]string    `json:"pending_message_metadata"`
	SkipEnrichURL     bool                 `json:"skip_enrich_url"`

	// What is answered beside the message.
	ChannelContext   bool `json:"include_channel_context"`
	MentionedMembers bool `json:"include_mentioned_members"`
}

// Validate checks that there is a message.
func (r *SendRequest) Validate() error {
	if err := checkMetadata(r.Metadata); err != nil {
		return err
	}
	return given(r.Message)
}

func given(m *chat.MessageRequest) error {
	if m == nil {
		return chat.Errorf(chat.Invalid, "message is a required field")
	}
	return nil
}

// Response is a message.
type Response struct {
	Message *chat.Message `json:"message"`
}

// SendResponse is a message that was sent.
type SendResponse struct {
	Message  *chat.Message     `json:"message"`
	Metadata map[string]string `json:"pending_message_metadata,omitempty"` // of a pending one
	surroundings

	encoded jsontext.Value // Message
}

// AppendJSON appends the response as it is encoded, where its message was encoded
// for the event.
func (r *SendResponse) AppendJSON(dst []byte) []byte {
	if r.encoded == nil || !r.none() {
		return nil
	}
	return append(append(append(dst, `{"message":`...), r.encoded...), '}')
}

// frozenText is what the sender sees in a frozen channel.
const frozenText = "Sorry, this channel has been frozen by the admin"

// Send sends a message as the actor. In a frozen channel the answer is a message of
// type error that is neither stored nor told of.
func (s *Service) Send(ctx context.Context, r *SendRequest) (*SendResponse, error) {
	ctx, err := s.Access.ActAsAuthor(ctx, "message.", r.Message.ActAs, true)
	if err != nil {
		return nil, err
	}
	actor, app := s.app(ctx)
	if actor.User == nil {
		return nil, chat.Errorf(chat.NotFound, "user with id %s doesn't exist", actor.UserID)
	}
	seat, err := s.Access.Seat(ctx, chat.NewCID(r.Type, r.ID))
	if err != nil {
		return nil, err
	}
	if err := maySend(seat, r.Message.ParentID, r.Message.Type, app); err != nil {
		return nil, err
	}
	d := &delivery{editor: &editor{app: app, seat: seat}, keepHidden: r.KeepChannelHidden, metadata: r.Metadata}
	if d.pending, err = r.pending(seat); err != nil {
		return nil, err
	}
	done, err := s.slowDown(ctx, seat)
	if err != nil {
		return nil, err
	}
	if done != nil {
		defer done()
	}
	if d.frozen() {
		if d.m, err = d.blank(r.Message); err != nil {
			return nil, err
		}
		return &SendResponse{Message: d.refusedFrozen()}, nil
	}
	if d.m, d.of, err = d.compose(ctx, r.Message); err != nil {
		return nil, err
	}
	d.m.Shadowed = shadowed(seat, app)
	name, args := commandIn(seat.Channel.Config, d.m.Text)
	if name != "" {
		d.m.Command, d.m.Args, d.m.CommandInfo = name, args, chat.NewCommandInfo(name)
	}
	s.ask(ctx, d, r.SkipEnrichURL)
	if d.drafted, err = d.hasDraft(ctx); err != nil {
		return nil, err
	}
	around, err := d.surroundings(ctx, r)
	if err != nil {
		return nil, err
	}
	var resp *SendResponse
	if name != "" {
		resp, err = s.command(ctx, d, nil)
	} else {
		resp, err = s.post(ctx, d)
	}
	if err == nil {
		resp.surroundings = around
	}
	return resp, err
}

// post sends a message, or keeps it until it is committed.
func (s *Service) post(ctx context.Context, d *delivery) (*SendResponse, error) {
	if d.pending {
		return s.keepPending(ctx, d)
	}
	return s.deliver(ctx, d)
}

// frozen tells whether the actor cannot send to the channel because it is frozen.
func (e *editor) frozen() bool {
	return e.seat.Channel.Frozen && !e.seat.May(permission.UseFrozenChannel, e.seat.Owner())
}

// refusedFrozen is the message as an error that tells its author so.
func (d *delivery) refusedFrozen() *chat.Message {
	m := *asAuthor(d.m)
	m.Type, m.Text, m.HTML, m.Attachments = chat.MessageError, frozenText, render(frozenText), noAttachments
	return &m
}

// maySend checks what the actor may do, before looking at what he says.
func maySend(seat *access.Seat, parentID, typ string, app *store.App) error {
	if err := seat.Enabled(); err != nil {
		return err
	}
	action := permission.CreateMessage
	if parentID != "" {
		action = permission.CreateReply
	}
	if err := seat.Require(action); err != nil {
		return err
	}
	if typ == chat.MessageSystem {
		if err := seat.Require(permission.CreateSystemMessage); err != nil {
			return err
		}
	}
	actor, now := seat.Actor, app.Now()
	if !actor.Server && (actor.User.IsBanned(now) || seat.Member != nil && seat.Member.IsBanned(now)) {
		return chat.Errorf(chat.NotAllowed, "user %s is banned and not allowed to send messages to channel %s", actor.UserID, seat.Channel.CID)
	}
	return nil
}

// shadowed tells whether only the author is to see what the actor sends.
func shadowed(seat *access.Seat, app *store.App) bool {
	now := app.Now()
	if u := seat.Actor.User; u.ShadowBanned && (u.BanExpires == nil || now.Before(*u.BanExpires)) {
		return true
	}
	m := seat.Member
	return m != nil && m.ShadowBanned && (m.BanExpires == nil || now.Before(*m.BanExpires))
}
