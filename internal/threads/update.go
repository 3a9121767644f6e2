package threads

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/access"
	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/permission"
	"chatd/internal/store"
	"chatd/internal/wire"
)

// UpdateRequest changes some fields of a thread: its title and custom data, whose
// names may be paths.
type UpdateRequest struct {
	chat.ActAs

	ID    string         `path:"message_id" json:"-"`
	Set   jsontext.Value `json:"set"`
	Unset []string       `json:"unset"`
}

// The limits of what a thread can be given.
const (
	maxTitle = 255 // characters
	maxUnset = 100
)

// fixed are the fields of a thread that are not its users' to say.
var fixed = strings.Fields(`id type user custom channel channel_cid parent_message parent_message_id created_by created_by_user_id created_at updated_at
	deleted_at last_message_at reply_count participants participant_count active_participant_count thread_participants latest_replies read draft`)

// Validate checks that no field is named that cannot be changed.
func (r *UpdateRequest) Validate() error {
	if len(r.Set) > 0 && r.Set.Kind() != '{' && r.Set.Kind() != 'n' {
		return chat.Errorf(chat.Invalid, "set must be an object")
	}
	if len(r.Unset) > maxUnset {
		return chat.Errorf(chat.Invalid, "unset must contain at maximum %d items", maxUnset)
	}
	names := slices.Clone(r.Unset)
	for name := range chat.Keys(r.Set) {
		names = append(names, name)
	}
	var bad []string
	for _, path := range names {
		if name, _, _ := strings.Cut(path, "."); slices.Contains(fixed, name) && !slices.Contains(bad, name) {
			bad = append(bad, name)
		}
	}
	if len(bad) == 0 {
		return nil
	}
	slices.Sort(bad)
	e := &chat.Error{Kind: chat.Invalid, Fields: make(map[string]string, len(bad))}
	for i, name := range bad {
		bad[i] = "thread." + name + " is a reserved field"
		e.Fields["thread."+name] = "is a reserved field"
	}
	e.Message = strings.Join(bad, ", ")
	return e
}

// UpdateResponse is a thread without its replies.
type UpdateResponse struct {
	Thread *chat.Thread `json:"thread"`
}

// Update changes a thread and tells those who watch its channel, and those who take
// part in it (thread.updated).
func (s *Service) Update(ctx context.Context, r *UpdateRequest) (*UpdateResponse, error) {
	seat, parent, err := s.find(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	if err := seat.RequireOf(permission.UpdateThread, seat.Actor.UserID != "" && parent.UserID == seat.Actor.UserID); err != nil {
		return nil, err
	}
	_, app := s.app(ctx)
	var t *chat.Thread
	err = app.InTx(ctx, func(tx *store.Tx) error {
		if t, err = tx.LockThread(ctx, parent); err != nil {
			return err
		}
		if t == nil {
			return missing(r.ID)
		}
		if err := r.apply(t); err != nil {
			return err
		}
		t.UpdatedAt = tx.Now()
		if err := tx.UpdateThread(ctx, t); err != nil {
			return err
		}
		users, err := tx.ThreadParticipants(ctx, t.CID, t.ParentID, true)
		if err != nil {
			return err
		}
		tx.Emit(updated(seat.Actor, seat.Channel, parent, *t, users)...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	none := 0
	out, err := s.states(ctx, []*chat.Thread{t}, []*access.Seat{seat}, detail{ReplyLimit: &none})
	if err != nil {
		return nil, err
	}
	return &UpdateResponse{&out[0].Thread}, nil
}

// apply changes a thread as the request says.
func (r *UpdateRequest) apply(t *chat.Thread) error {
	type settable struct {
		Title  string         `json:"title"`
		Custom jsontext.Value `json:",embed"`
	}
	doc, err := wire.Marshal(&settable{t.Title, t.Custom})
	if err != nil {
		return err
	}
	if doc, err = chat.ApplyPatch(doc, r.Set, r.Unset); err != nil {
		return err
	}
	var f settable
	if err := wire.Unmarshal(doc, &f); err != nil {
		return err
	}
	if utf8.RuneCountInString(f.Title) > maxTitle {
		return chat.Errorf(chat.Invalid, "thread.title must be %d characters or less", maxTitle)
	}
	if strings.ContainsRune(f.Title, 0) {
		return chat.Errorf(chat.Invalid, "thread.title contains an invalid character: U+0000")
	}
	t.Title, t.Custom = f.Title, f.Custom
	return chat.CheckCustom("thread", f.Custom, chat.MaxCustom, nil)
}

// updated are the events that tell of a change to a thread: one for those who watch
// the channel, one for those who take part and do not.
func updated(actor *auth.Actor, ch *chat.Channel, parent *chat.Message, t chat.Thread, participants []string) []chat.Item {
	if parent.Shadowed {
		return nil
	}
	ev := chat.ChannelEvent("thread.updated", actor.App.ID, t.CID, t.UpdatedAt)
	ev.Team, ev.ThreadID, ev.Thread = ch.Team, t.ParentID, &t
	ev.User = actor.User.Public()
	if len(parent.RestrictedVisibility) > 0 {
		ev.To.Only = append(slices.Clone(parent.RestrictedVisibility), parent.UserID)
		participants = slices.DeleteFunc(participants, func(u string) bool { return !parent.VisibleTo(u) })
	}
	if len(participants) == 0 {
		return []chat.Item{ev}
	}
	away := *ev
	away.To = chat.Audience{Kind: chat.ToUsersAway, Users: participants}
	return []chat.Item{ev, &away}
}
