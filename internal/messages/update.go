package messages

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/permission"
	"chatd/internal/store"
	"chatd/internal/wire"
)

// UpdateRequest replaces the content of a message: what it leaves out is dropped,
// except the pin and the poll.
type UpdateRequest struct {
	ID            string               `path:"id" json:"-"`
	Message       *chat.MessageRequest `json:"message"`
	SkipEnrichURL bool                 `json:"skip_enrich_url"`
}

// Validate checks that there is a message.
func (r *UpdateRequest) Validate() error { return given(r.Message) }

// Update replaces a message's content as the actor.
func (s *Service) Update(ctx context.Context, r *UpdateRequest) (*Response, error) {
	ctx, err := s.Access.ActAsAuthor(ctx, "message.", r.Message.ActAs, true)
	if err != nil {
		return nil, err
	}
	return s.edit(ctx, r.ID, r.SkipEnrichURL, func(*chat.Message) (*chat.MessageRequest, error) { return r.Message, nil })
}

// UpdatePartialRequest changes some fields of a message. Names of custom fields may
// be paths.
type UpdatePartialRequest struct {
	chat.ActAs

	ID            string         `path:"id" json:"-"`
	Set           jsontext.Value `json:"set"`
	Unset         []string       `json:"unset"`
	SkipEnrichURL bool           `json:"skip_enrich_url"`
}

// Validate checks that no field is named that cannot be changed.
func (r *UpdatePartialRequest) Validate() error {
	names := slices.Clone(r.Unset)
	for name := range chat.Keys(r.Set) {
		names = append(names, name)
	}
	var bad []string
	for _, path := range names {
		name, _, _ := strings.Cut(path, ".")
		if (reserved[name] || computed[name] || fixed[name]) && !slices.Contains(bad, name) {
			bad = append(bad, name)
		}
	}
	if len(bad) == 0 {
		return nil
	}
	slices.Sort(bad)
	fields := make(map[string]string, len(bad))
	for i, name := range bad {
		bad[i] = "message." + name + " is a reserved field"
		fields["message."+name] = "is a reserved field"
	}
	return &chat.Error{Kind: chat.Invalid, Message: strings.Join(bad, ", "), Fields: fields}
}

// UpdatePartial changes some fields of a message as the actor.
func (s *Service) UpdatePartial(ctx context.Context, r *UpdatePartialRequest) (*Response, error) {
	return s.edit(ctx, r.ID, r.SkipEnrichURL, func(m *chat.Message) (*chat.MessageRequest, error) { return patched(m, r.Set, r.Unset) })
}

// patched is a message, with a partial update, as a client would send all of it.
func patched(m *chat.Message, set jsontext.Value, unset []string) (*chat.MessageRequest, error) {
	doc, err := wire.Marshal(editableOf(m))
	if err != nil {
		return nil, err
	}
	if doc, err = chat.ApplyPatch(doc, set, unset); err != nil {
		return nil, err
	}
	req := &chat.MessageRequest{}
	if err := wire.Unmarshal(doc, req); err != nil {
		return nil, err
	}
	if req.Pinned == nil { // it was unset
		req.Pinned = new(bool)
	}
	return req, nil
}

// editable is what of a message a partial update starts from.
type editable struct {
	Text                 string         `json:"text"`
	Attachments          jsontext.Value `json:"attachments,omitzero"`
	QuotedMessageID      string         `json:"quoted_message_id,omitzero"`
	MentionedUsers       []string       `json:"mentioned_users"`
	MentionedChannel     bool           `json:"mentioned_channel"`
	MentionedHere        bool           `json:"mentioned_here"`
	MentionedRoles       []string       `json:"mentioned_roles"`
	MentionedGroupIDs    []string       `json:"mentioned_group_ids"`
	MML                  string         `json:"mml,omitzero"`
	Pinned               bool           `json:"pinned"`
	PinExpires           *time.Time     `json:"pin_expires"`
	Silent               bool           `json:"silent"`
	RestrictedVisibility []string       `json:"restricted_visibility"`
	Custom               jsontext.Value `json:",embed"`
}

func editableOf(m *chat.Message) *editable {
	return &editable{
		Text: m.Text, Attachments: m.Attachments, QuotedMessageID: m.QuotedMessageID, MentionedUsers: m.MentionedUserIDs,
		MentionedChannel: m.MentionedChannel, MentionedHere: m.MentionedHere, MentionedRoles: m.MentionedRoles,
		MentionedGroupIDs: m.MentionedGroupIDs, MML: m.MML, Pinned: m.Pinned, PinExpires: m.PinExpires,
		Silent: m.Silent, RestrictedVisibility: m.RestrictedVisibility, Custom: m.Custom,
	}
}

// edit changes a message into what change makes of it, under the lock of its row.
// change may be called more than once. Its links are shown unless asIs.
func (s *Service) edit(ctx context.Context, id string, asIs bool, change func(*chat.Message) (*chat.MessageRequest, error)) (*Response, error) {
	seat, was, err := s.find(ctx, id)
	if err != nil {
		if _, _, err = s.findPending(ctx, id, err); err == nil {
			err = chat.Errorf(chat.Invalid, "message with id %s is pending and cannot be updated", id)
		}
		return nil, err
	}
	_, app := s.app(ctx)
	plan, err := s.foresee(ctx, seat, was, asIs, change)
	if err != nil {
		return nil, err
	}
	var seen views
	err = app.InTx(ctx, func(tx *store.Tx) error {
		m, err := tx.LockMessage(ctx, id)
		if err != nil {
			return err
		}
		if err := notDeleted(m); err != nil {
			return err
		}
		e, poll := &editor{app: tx.App, seat: seat, ended: m.EndPin(tx.Now())}, m.PollID
		before := *m
		req, err := change(m)
		if err != nil {
			return err
		}
		if err := e.amend(ctx, m, req); err != nil {
			return err
		}
		plan.put(&before, m)
		if err := plan.follow(ctx, tx, &before, m); err != nil {
			return err
		}
		if m.PollID != poll {
			if err := tx.CarryPoll(ctx, m.PollID); err != nil {
				return err
			}
		}
		if err := tx.UpdateMessage(ctx, m); err != nil {
			return err
		}
		if !sameHistory(&before, m) {
			if err := tx.KeepHistory(ctx, &before, seat.Actor.UserID, m.UpdatedAt); err != nil {
				return err
			}
		}
		if seen, err = s.views(ctx, tx.App, seat, m); err != nil {
			return err
		}
		ev := about(evUpdated, tx.ID, seen.public, seat.Channel)
		ev.User, ev.MessageUpdate = seat.Actor.User.Public(), changes(&before, m)
		return s.emit(ctx, tx, ev)
	})
	if err != nil {
		return nil, err
	}
	return &Response{Message: seen.own}, nil
}

// amend puts the request into the message and checks that the actor may change what
// that changes.
func (e *editor) amend(ctx context.Context, m *chat.Message, r *chat.MessageRequest) error {
	if r.Silent != nil && *r.Silent != m.Silent {
		return chat.Errorf(chat.Invalid, "message.silent field cannot be updated")
	}
	if r.RestrictedVisibility != nil && (missing(r.RestrictedVisibility, m.RestrictedVisibility) || missing(m.RestrictedVisibility, r.RestrictedVisibility)) {
		return chat.Errorf(chat.Invalid, "message.restricted_visibility field cannot be updated")
	}
	before, now := *m, e.app.Now()
	if r.PollID != "" && r.PollID != m.PollID {
		if err := e.poll(ctx, m, r.PollID); err != nil {
			return err
		}
	}
	if err := e.content(ctx, m, r); err != nil {
		return err
	}
	if err := e.pin(m, r, now); err != nil {
		return err
	}
	if changed := !sameContent(&before, m); changed || m.Pinned == before.Pinned && sameTime(m.PinExpires, before.PinExpires) {
		if err := e.seat.RequireOf(permission.UpdateMessage, own(e.seat, m)); err != nil {
			return err
		}
	}
	m.UpdatedAt = now
	if m.Text != before.Text {
		m.MessageTextUpdatedAt, m.I18n = &now, nil
	}
	return nil
}

// changes tells what an edit changed.
func changes(before, after *chat.Message) *chat.MessageUpdate {
	return &chat.MessageUpdate{OldText: before.Text, ChangeSet: chat.MessageChangeSet{
		Attachments: !equal(before.Attachments, after.Attachments), Custom: !equal(before.Custom, after.Custom),
		HTML: before.HTML != after.HTML, MentionedUserIDs: !slices.Equal(before.MentionedUserIDs, after.MentionedUserIDs),
		MML: before.MML != after.MML, Pin: before.Pinned != after.Pinned || !sameTime(before.PinExpires, after.PinExpires),
		QuotedMessageID: before.QuotedMessageID != after.QuotedMessageID, Text: before.Text != after.Text,
	}}
}

// sameContent tells whether two messages say the same.
func sameContent(a, b *chat.Message) bool {
	return a.Text == b.Text && a.HTML == b.HTML && a.MML == b.MML && a.QuotedMessageID == b.QuotedMessageID && a.PollID == b.PollID &&
		slices.Equal(a.MentionedUserIDs, b.MentionedUserIDs) && a.MentionedChannel == b.MentionedChannel && a.MentionedHere == b.MentionedHere &&
		slices.Equal(a.MentionedRoles, b.MentionedRoles) && slices.Equal(a.MentionedGroupIDs, b.MentionedGroupIDs) &&
		equal(a.Attachments, b.Attachments) && equal(a.Custom, b.Custom)
}
