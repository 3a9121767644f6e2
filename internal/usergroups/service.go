package usergroups

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/permission"
	"chatd/internal/store"
)

// Service has a method for each operation on user groups.
type Service struct {
	Store *store.Store
}

// The types of the events about user groups.
const (
	evCreated = "user_group.created"
	evUpdated = "user_group.updated"
	evDeleted = "user_group.deleted"
	evAdded   = "user_group.member_added"
	evRemoved = "user_group.member_removed"
)

// The bounds of groups.
const (
	maxID          = 255
	maxName        = 255  // characters
	maxDescription = 1024 // characters
	maxMembers     = 100  // of a call
)

// app returns the actor and the store of his app.
func (s *Service) app(ctx context.Context) (*auth.Actor, *store.App) {
	actor := auth.FromContext(ctx)
	return actor, s.Store.App(actor.App.ID)
}

// Response is a group with its members.
type Response struct {
	Group *chat.UserGroup `json:"user_group"`
}

// CreateRequest makes a group. Its id is made up where it gives none.
type CreateRequest struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Team        string   `json:"team_id"`
	Members     []string `json:"member_ids"`
}

// Validate checks what can be checked without looking at the app.
func (r *CreateRequest) Validate() error {
	if len(r.ID) > maxID || strings.ContainsAny(r.ID, "/") {
		return chat.Errorf(chat.Invalid, "id must be %d characters or less, without /", maxID)
	}
	if err := checkName(r.Name); err != nil {
		return err
	}
	if err := checkDescription(r.Description); err != nil {
		return err
	}
	if len(r.Team) > maxID {
		return chat.Errorf(chat.Invalid, "team_id must be %d characters or less", maxID)
	}
	return checkMembers(r.Members)
}

func checkName(name string) error {
	switch {
	case name == "":
		return chat.Errorf(chat.Invalid, "name is a required field")
	case utf8.RuneCountInString(name) > maxName:
		return chat.Errorf(chat.Invalid, "name must be %d characters or less", maxName)
	}
	return nil
}

func checkDescription(text string) error {
	if utf8.RuneCountInString(text) > maxDescription {
		return chat.Errorf(chat.Invalid, "description must be %d characters or less", maxDescription)
	}
	return nil
}

func checkMembers(ids []string) error {
	if len(ids) > maxMembers {
		return chat.Errorf(chat.Invalid, "member_ids must contain at maximum %d items", maxMembers)
	}
	for _, id := range ids {
		if err := chat.ValidUserID(id); err != nil {
			return err
		}
	}
	return nil
}

// Create makes a group of users, who must exist.
func (s *Service) Create(ctx context.Context, r *CreateRequest) (*Response, error) {
	actor, app := s.app(ctx)
	if actor.App.Settings.MultiTenantEnabled && r.Team == "" {
		return nil, chat.Errorf(chat.Invalid, "team_id is a required field in apps with teams")
	}
	if r.ID == "" {
		r.ID = chat.NewID()
	}
	members, err := known(ctx, app, r.Members)
	if err != nil {
		return nil, err
	}
	var g *chat.UserGroup
	err = app.InTx(ctx, func(tx *store.Tx) error {
		now := tx.Now()
		g = &chat.UserGroup{ID: r.ID, Name: r.Name, Description: r.Description, Team: r.Team, CreatedByID: actor.UserID, CreatedAt: now, UpdatedAt: now}
		if err := tx.InsertUserGroup(ctx, g); err != nil {
			return err
		}
		if err := tx.AddToUserGroup(ctx, g, members, false, now); err != nil {
			return err
		}
		tell(tx, actor, evCreated, g, nil)
		return nil
	})
	return respond(g, err)
}

// known returns ids without repetitions; Invalid when one of them is no user's.
func known(ctx context.Context, app *store.App, ids []string) ([]string, error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	users, err := app.Users(ctx, ids...)
	if err != nil {
		return nil, err
	}
	var missing []string
	for _, id := range ids {
		if u := users[id]; u == nil || u.DeletedAt != nil {
			missing = append(missing, id)
		}
	}
	if len(missing) > 0 {
		return nil, chat.Errorf(chat.Invalid, "member_ids must be a list of existing user IDs, there is no %s", strings.Join(missing, ", "))
	}
	return ids, nil
}

// respond answers with a group, unless there was an error.
func respond(g *chat.UserGroup, err error) (*Response, error) {
	if err != nil {
		return nil, err
	}
	return &Response{g}, nil
}

// tell tells the group's members, and more, of a change of the group. What concerns
// some members only names them.
func tell(tx *store.Tx, actor *auth.Actor, typ string, g *chat.UserGroup, members []string) {
	to := g.MemberIDs()
	for _, id := range members {
		if !slices.Contains(to, id) {
			to = append(to, id)
		}
	}
	e := chat.UserEvent(typ, tx.ID, tx.Now(), to...)
	shown := *g
	e.UserGroupChange, e.User = &chat.UserGroupChange{UserGroup: &shown, Members: members}, actor.User
	tx.Emit(e)
}

// Request names a group, and the team that it must be of, where it does.
type Request struct {
	ID   string `path:"id" json:"-"`
	Team string `query:"team_id" json:"team_id"`
}

// Get returns a group with its members. Users find those of their teams.
func (s *Service) Get(ctx context.Context, r *Request) (*Response, error) {
	actor, app := s.app(ctx)
	g, err := app.UserGroup(ctx, r.ID)
	if err == nil {
		err = r.check(g)
	}
	if err == nil && !sees(actor, g) {
		err = none(r.ID)
	}
	return respond(g, err)
}

// check returns NotFound for the group of another team than the request names.
func (r *Request) check(g *chat.UserGroup) error {
	if r.Team != "" && r.Team != g.Team {
		return none(r.ID)
	}
	return nil
}

func none(id string) error {
	return chat.Errorf(chat.NotFound, "user group with id %s doesn't exist", id)
}

func sees(actor *auth.Actor, g *chat.UserGroup) bool {
	return g.Team == "" || teams(actor) == nil || permission.SameTeam(actor.User.Teams, g.Team)
}

// teams are those whose groups the actor sees; nil when he sees all.
func teams(actor *auth.Actor) []string {
	if actor.Unchecked() || !actor.App.Settings.MultiTenantEnabled || actor.User == nil {
		return nil
	}
	return append([]string{}, actor.User.Teams...)
}

// UpdateRequest changes the name or the description of a group.
type UpdateRequest struct {
	Request

	Name        *string `json:"name"`
	Description *string `json:"description"`
}

// Validate checks what is to be changed.
func (r *UpdateRequest) Validate() error {
	if r.Name != nil {
		if err := checkName(*r.Name); err != nil {
			return err
		}
	}
	if r.Description != nil {
		return checkDescription(*r.Description)
	}
	return nil
}

// Update changes the name or the description of a group.
func (s *Service) Update(ctx context.Context, r *UpdateRequest) (*Response, error) {
	return s.change(ctx, &r.Request, evUpdated, nil, func(_ *store.Tx, g *chat.UserGroup) error {
		if r.Name != nil {
			g.Name = *r.Name
		}
		if r.Description != nil {
			g.Description = *r.Description
		}
		return nil
	})
}

// change changes a group under the lock of its row, and tells of it.
func (s *Service) change(ctx context.Context, r *Request, typ string, members []string, do func(*store.Tx, *chat.UserGroup) error) (*Response, error) {
	actor, app := s.app(ctx)
	var g *chat.UserGroup
	err := app.InTx(ctx, func(tx *store.Tx) (err error) {
		if g, err = tx.LockUserGroup(ctx, r.ID); err != nil {
			return err
		}
		if err := r.check(g); err != nil {
			return err
		}
		if err := do(tx, g); err != nil {
			return err
		}
		g.UpdatedAt = tx.Now()
		tell(tx, actor, typ, g, members)
		return tx.SaveUserGroup(ctx, g)
	})
	return respond(g, err)
}

// Delete removes a group.
func (s *Service) Delete(ctx context.Context, r *Request) (*struct{}, error) {
	actor, app := s.app(ctx)
	return &struct{}{}, app.InTx(ctx, func(tx *store.Tx) error {
		g, err := tx.LockUserGroup(ctx, r.ID)
		if err != nil {
			return err
		}
		if err := r.check(g); err != nil {
			return err
		}
		tell(tx, actor, evDeleted, g, nil)
		return tx.DeleteUserGroup(ctx, r.ID)
	})
}

// MembersRequest names users for a group.
type MembersRequest struct {
	Request

	Members []string `json:"member_ids"`
	AsAdmin bool     `json:"as_admin"` // of those who are added
}

// Validate checks that there are users.
func (r *MembersRequest) Validate() error {
	if len(r.Members) == 0 {
		return chat.Errorf(chat.Invalid, "member_ids is a required field")
	}
	return checkMembers(r.Members)
}

// AddMembers adds users, who must exist, to a group. Who is in it may thereby become
// its admin.
func (s *Service) AddMembers(ctx context.Context, r *MembersRequest) (*Response, error) {
	_, app := s.app(ctx)
	members, err := known(ctx, app, r.Members)
	if err != nil {
		return nil, err
	}
	return s.change(ctx, &r.Request, evAdded, members, func(tx *store.Tx, g *chat.UserGroup) error {
		return tx.AddToUserGroup(ctx, g, members, r.AsAdmin, tx.Now())
	})
}

// RemoveMembers takes users out of a group. Who is not in it stays so.
func (s *Service) RemoveMembers(ctx context.Context, r *MembersRequest) (*Response, error) {
	return s.change(ctx, &r.Request, evRemoved, r.Members, func(tx *store.Tx, g *chat.UserGroup) error {
		return tx.RemoveFromUserGroup(ctx, g, r.Members)
	})
}
