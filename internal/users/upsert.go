package users

import (
	"context"
	"maps"
	"slices"

	"chatd/internal/auth"
	"chatd/internal/chat"
)

// maxUsers bounds how many users one request changes.
const maxUsers = 100

// UpsertRequest is the body of POST /users: users by id.
type UpsertRequest struct {
	Users map[string]*chat.UserRequest `json:"users"`
}

// Validate checks the users' number and ids.
func (r *UpsertRequest) Validate() error {
	switch {
	case len(r.Users) == 0:
		return chat.Errorf(chat.Invalid, "users is a required field")
	case len(r.Users) > maxUsers:
		return chat.Errorf(chat.Invalid, "users must contain at maximum %d items", maxUsers)
	}
	for id, u := range r.Users {
		switch {
		case u == nil:
			return chat.Errorf(chat.Invalid, "users.%s must be a user", id)
		case u.ID == "":
			u.ID = id
		case u.ID != id:
			return chat.Errorf(chat.Invalid, "users.%s has another id: %q", id, u.ID)
		}
	}
	return nil
}

// UpdateResponse answers POST and PATCH /users.
type UpdateResponse struct {
	Users                    map[string]*chat.FullUser `json:"users"`
	MembershipDeletionTaskID string                    `json:"membership_deletion_task_id"` // the API's; memberships stay
}

// UpsertMany creates users or changes them. For the server side what is sent is
// all of a user's name, image and custom data; users change what they send, and only
// of themselves.
func (s *Service) UpsertMany(ctx context.Context, r *UpsertRequest) (*UpdateResponse, error) {
	actor := auth.FromContext(ctx)
	edits := make([]edit, 0, len(r.Users))
	for _, id := range slices.Sorted(maps.Keys(r.Users)) {
		req := r.Users[id]
		if err := clean(req); err != nil {
			return nil, err
		}
		edits = append(edits, edit{id, func(u *chat.User) error {
			before := *u
			if actor.Server {
				replace(u, req)
			} else {
				merge(u, req)
			}
			return allowed(actor, &before, u)
		}})
	}
	return s.update(ctx, actor, edits)
}

// update saves edits and answers with the users.
func (s *Service) update(ctx context.Context, actor *auth.Actor, edits []edit) (*UpdateResponse, error) {
	app := s.Store.App(actor.App.ID)
	users, err := s.save(ctx, app, edits...)
	if err != nil {
		return nil, err
	}
	list := make([]*chat.User, 0, len(users))
	for _, u := range users {
		list = append(list, u)
	}
	full, err := s.full(ctx, actor, list)
	if err != nil {
		return nil, err
	}
	out := &UpdateResponse{Users: make(map[string]*chat.FullUser, len(full))}
	for _, u := range full {
		out.Users[u.ID] = u
	}
	return out, nil
}

// Upsert merges a user that a request carries as an object into what is stored,
// creating him if need be.
func (s *Service) Upsert(ctx context.Context, app chat.AppID, r *chat.UserRequest) (*chat.User, error) {
	if err := clean(r); err != nil {
		return nil, err
	}
	users, err := s.save(ctx, s.Store.App(app), edit{r.ID, func(u *chat.User) error {
		merge(u, r)
		return nil
	}})
	return users[r.ID], err
}
