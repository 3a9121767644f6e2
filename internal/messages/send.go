package messages

import (
	"context"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/access"
	"chatd/internal/chat"
	"chatd/internal/permission"
	"chatd/internal/store"
	"chatd/internal/wire"
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

	encoded jsontext.Value // Message
}

// AppendJSON appends the response as it is encoded, where its message was encoded
// for the event.
func (r *SendResponse) AppendJSON(dst []byte) []byte {
	if r.encoded == nil {
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
	done, err := s.slowDown(ctx, seat, r.Message.ParentID)
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
	if name != "" {
		return s.command(ctx, d, nil)
	}
	return s.post(ctx, d)
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

// delivery is a new message on its way to the store and to those whom it is for.
type delivery struct {
	*editor

	m          *chat.Message
	of         *chat.Message                            // what it replies to, or nil
	keepHidden bool                                     // from members who hid the channel
	drafted    bool                                     // its author has a draft of it
	also       []func(context.Context, *store.Tx) error // in the message's transaction; mostly none

	held     *store.Held       // what it is made of, if it was held
	pending  bool              // it waits for a commit
	metadata map[string]string // that a pending one carries
}

// deliver writes the message, tells of it and returns it as its author sees it.
func (s *Service) deliver(ctx context.Context, d *delivery) (*SendResponse, error) {
	send, ev, resp, err := s.letter(ctx, d)
	if err != nil {
		return nil, err
	}
	if err := d.app.Send(ctx, send); err != nil {
		return nil, err
	}
	_ = d.tellThread(ctx, ev) // the reply is sent; this tells some of them sooner
	return resp, nil
}

// letter is what is to be written of the message and what is told of it, and the
// message as its author sees it.
func (s *Service) letter(ctx context.Context, d *delivery) (send *store.Send, ev *chat.Event, resp *SendResponse, err error) {
	if d.m.QuotedMessageID != "" {
		if err := d.showQuoted(ctx); err != nil {
			return nil, nil, nil, err
		}
	}
	if d.m.ParentID != "" && len(d.m.MentionedGroupIDs) > 0 { // they take part in the thread
		if d.m.MentionedInGroups, err = d.app.InUserGroups(ctx, d.m.CID, d.m.MentionedGroupIDs); err != nil {
			return nil, nil, nil, err
		}
	}
	own := d.m.Poll
	d.m.Poll = own.Public()
	send = &store.Send{Message: d.m, Touch: d.touches(), Reader: d.reader()}
	send.Items = d.counting(send.Reader)
	ev, err = d.told(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	if d.seat.Channel.Config.CountMessages {
		ev.ChannelMessageCount = new(int)
		send.Total = ev.ChannelMessageCount
	}
	resp = &SendResponse{Message: asAuthor(d.m)}
	told, err := s.audience(ctx, d.app, d.seat, ev)
	if err != nil {
		return nil, nil, nil, err
	}
	if len(told) == 1 && send.Total == nil { // otherwise there is something to be filled in yet
		if resp.encoded, err = encode(ev); err != nil {
			return nil, nil, nil, err
		}
	}
	if own != d.m.Poll { // he has voted already
		mine := *resp.Message
		mine.Poll, resp.Message, resp.encoded = own, &mine, nil
	}
	send.Items = append(send.Items, told...)
	if d.of != nil && !d.m.Shadowed {
		d.of.ThreadParticipantIDs, d.of.UpdatedAt = participants(d.of, d.m.UserID), d.m.CreatedAt
		if send.Parent, err = s.parentChanged(ctx, d.app, d.seat, d.of); err != nil {
			return nil, nil, nil, err
		}
	}
	if d.reveals() || d.countsForSome() || d.m.PollID != "" || d.drafted || len(d.also) > 0 || d.held != nil {
		send.Before = d.before
	}
	return send, ev, resp, nil
}

// encode encodes an event about a message here, rather than where it is published,
// which does so for one after the other, and returns its message's encoding.
func encode(ev *chat.Event) (msg jsontext.Value, err error) {
	rest := *ev
	rest.Message = nil
	ev.Encoded, msg, err = wire.MarshalWith(&rest, "message", ev.Message)
	return msg, err
}

// asAuthor is a message as its author sees it: he does not know of his shadow ban.
func asAuthor(m *chat.Message) *chat.Message {
	if !m.Shadowed {
		return m
	}
	v := *m
	v.Shadowed = false
	return &v
}

// showQuoted fills in the quoted message as everybody sees it.
func (d *delivery) showQuoted(ctx context.Context) error {
	q, err := d.app.Messages(ctx, store.Viewer{Server: true}, store.View{CID: d.m.CID}, []string{d.m.QuotedMessageID})
	if err != nil || len(q) == 0 {
		return err
	}
	q[0].QuotedMessage = nil
	d.m.QuotedMessage = q[0]
	d.m.HideQuoted()
	return nil
}

// touches tells whether the message raises the channel's last_message_at.
func (d *delivery) touches() bool {
	skip := d.m.Type == chat.MessageSystem && d.seat.Channel.Config.SkipLastMsgUpdateForSystemMsg
	return d.m.InChannel() && !d.m.Shadowed && !skip
}

// reader is the author where he has thereby read the channel, else "".
func (d *delivery) reader() string {
	member := d.seat.Member
	if member == nil || !member.Listens() || !d.m.InChannel() || !d.seat.Channel.Config.ReadEvents {
		return ""
	}
	return d.m.UserID
}

// counting are the changes of unread numbers.
func (d *delivery) counting(reader string) []chat.Item {
	if d.m.Counts() && d.seat.Channel.Config.ReadEvents {
		return []chat.Item{&chat.Change{Kind: chat.MessageCounted, CID: d.m.CID, User: d.m.UserID, Only: d.m.RestrictedVisibility}}
	}
	if reader != "" {
		return []chat.Item{&chat.Change{Kind: chat.UnreadSet, CID: d.m.CID, User: reader}}
	}
	return nil
}

// told is the event that tells of the message.
func (d *delivery) told(ctx context.Context) (*chat.Event, error) {
	m, ch := d.m, d.seat.Channel
	ev := about(evNew, d.app.ID, m, ch)
	ev.CreatedAt, ev.User = m.CreatedAt, m.User
	ev.WithUnread, ev.WithWatchers = ch.Config.ReadEvents, true
	if m.InChannel() {
		ev.Also = evNotifyNew
	}
	if d.of != nil {
		ids := participants(d.of, m.UserID)
		users, err := d.app.Users(ctx, ids...)
		if err != nil {
			return nil, err
		}
		ev.ParentAuthor = d.of.UserID
		for _, id := range ids {
			if u := users[id]; u != nil {
				u.ShadowBanned = false // he must not find out
				ev.ThreadParticipants = append(ev.ThreadParticipants, u)
			}
		}
	}
	return ev, nil
}

// participants are those of a thread after a reply by user.
func participants(of *chat.Message, user string) []string {
	ids := of.ThreadParticipantIDs
	if len(ids) == 0 {
		ids = []string{of.UserID}
	}
	if slices.Contains(ids, user) {
		return ids
	}
	return append(slices.Clip(ids), user)
}

// reveals tells whether the message shows the channel to members who hid it.
func (d *delivery) reveals() bool {
	return d.seat.Channel.HiddenCount > 0 && !d.keepHidden && d.m.InChannel() && !d.m.Shadowed
}

// countsForSome tells whether the message is unread for those only who may see it.
func (d *delivery) countsForSome() bool {
	return len(d.m.RestrictedVisibility) > 0 && d.m.Counts() && d.seat.Channel.Config.ReadEvents
}

// before runs in the message's transaction. The channel is locked first, as by all who
// lock more than its counters.
func (d *delivery) before(ctx context.Context, tx *store.Tx) error {
	if _, err := tx.LockCounters(ctx, d.m.CID); err != nil {
		return err
	}
	for _, also := range d.also {
		if err := also(ctx, tx); err != nil {
			return err
		}
	}
	if d.held != nil {
		if err := tx.Release(ctx, d.held.Kind, d.m.ID); err != nil {
			return err
		}
	}
	if d.m.PollID != "" {
		if err := tx.CarryPoll(ctx, d.m.PollID); err != nil {
			return err
		}
	}
	if err := d.dropDraft(ctx, tx); err != nil {
		return err
	}
	if d.countsForSome() {
		others := without(d.m.RestrictedVisibility, d.m.UserID)
		if err := tx.CountFor(ctx, d.m.CID, others...); err != nil {
			return err
		}
	}
	if !d.reveals() {
		return nil
	}
	ids, err := tx.Reveal(ctx, d.m.CID, d.m.CreatedAt, d.m.RestrictedVisibility)
	if err != nil || len(ids) == 0 {
		return err
	}
	ch, err := tx.EventChannel(ctx, d.m.CID)
	if err != nil {
		return err
	}
	users, err := tx.Users(ctx, ids...)
	for _, id := range ids {
		ev := chat.UserEvent(evVisible, tx.ID, d.m.CreatedAt, id)
		ev.CID, ev.ChannelID, ev.ChannelType, ev.Channel, ev.User = ch.CID, ch.ID, ch.Type, ch, users[id]
		tx.Emit(ev)
	}
	return err
}

func without(ids []string, id string) []string {
	out := make([]string, 0, len(ids))
	for _, v := range ids {
		if v != id {
			out = append(out, v)
		}
	}
	return out
}
