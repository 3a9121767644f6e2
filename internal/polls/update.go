package polls

import (
	"context"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/permission"
	"chatd/internal/store"
	"chatd/internal/wire"
)

// UpdateRequest replaces the settings of a poll: what it leaves out gets its
// default, and options that it does not name by their ids go with their votes.
type UpdateRequest struct {
	chat.ActAs
	Settings

	ID string `json:"id"`
}

// Validate checks the poll.
func (r *UpdateRequest) Validate() error {
	if r.ID == "" {
		return chat.Errorf(chat.Invalid, "id is a required field")
	}
	return r.check()
}

// Update replaces the settings of a poll.
func (s *Service) Update(ctx context.Context, r *UpdateRequest) (*Response, error) {
	return s.change(ctx, r.ID, permission.UpdatePoll, func(*chat.Poll) (*Settings, error) { return &r.Settings, nil })
}

// UpdatePartialRequest changes some settings of a poll. Names of custom fields may
// be paths.
type UpdatePartialRequest struct {
	chat.ActAs

	ID    string         `path:"poll_id" json:"-"`
	Set   jsontext.Value `json:"set"`
	Unset []string       `json:"unset"`
}

// Validate checks that no field is named that cannot be changed.
func (r *UpdatePartialRequest) Validate() error {
	names := slices.Clone(r.Unset)
	for name := range chat.Keys(r.Set) {
		names = append(names, name)
	}
	for _, path := range names {
		name, _, _ := strings.Cut(path, ".")
		if slices.Contains(computed, name) || name == "id" || name == "user" || name == "user_id" {
			return &chat.Error{
				Kind: chat.Invalid, Message: "poll." + name + " is a reserved field",
				Fields: map[string]string{"poll." + name: "is a reserved field"},
			}
		}
	}
	return nil
}

// closes tells whether the request closes the poll and does nothing else.
func (r *UpdatePartialRequest) closes() bool {
	n, closed := 0, false
	for name, v := range chat.Keys(r.Set) {
		n++
		closed = name == "is_closed" && v.Kind() == 't'
	}
	return closed && n == 1 && len(r.Unset) == 0
}

// UpdatePartial changes some settings of a poll. Who may close it needs no more to
// do just that.
func (s *Service) UpdatePartial(ctx context.Context, r *UpdatePartialRequest) (*Response, error) {
	action := permission.UpdatePoll
	if r.closes() {
		action = permission.ClosePoll
	}
	return s.change(ctx, r.ID, action, func(p *chat.Poll) (*Settings, error) {
		doc, err := wire.Marshal(settingsOf(p))
		if err != nil {
			return nil, err
		}
		if doc, err = chat.ApplyPatch(doc, r.Set, r.Unset); err != nil {
			return nil, err
		}
		set := &Settings{}
		if err := wire.Unmarshal(doc, set); err != nil {
			return nil, err
		}
		return set, set.check()
	})
}

// change gives a poll other settings, which the actor needs action for, and to
// close it, ClosePoll.
func (s *Service) change(ctx context.Context, id string, action permission.Action, settings func(*chat.Poll) (*Settings, error)) (*Response, error) {
	_, st, err := s.find(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := st.require(action); err != nil {
		return nil, err
	}
	return s.edit(ctx, st, id, func(p *chat.Poll) error {
		set, err := settings(p)
		if err != nil {
			return err
		}
		if set.IsClosed && !p.IsClosed {
			if err := st.require(permission.ClosePoll); err != nil {
				return err
			}
		}
		return set.apply(p)
	})
}

// edit changes a poll under its lock and tells of it.
func (s *Service) edit(ctx context.Context, st *standing, id string, change func(*chat.Poll) error) (*Response, error) {
	_, app := s.app(ctx)
	var after *chat.Poll
	err := app.InTx(ctx, func(tx *store.Tx) error {
		p, err := tx.LockPoll(ctx, id)
		if err != nil {
			return err
		}
		typ, open := evUpdated, !p.IsClosed
		if err := change(p); err != nil {
			return err
		}
		if err := tx.SavePoll(ctx, p); err != nil {
			return err
		}
		if open && p.IsClosed {
			typ = evClosed
		}
		if after, err = tx.Poll(ctx, st.actor.UserID, id); err != nil {
			return err
		}
		return s.tell(ctx, tx, typ, st.actor, after, nil)
	})
	if err != nil {
		return nil, err
	}
	return &Response{Poll: after}, nil
}
